/**
 * TcpServer: accepts clients on TCP addresses, a unix socket and TLS, one fiber and one scope a connection.
 *
 * Listeners are opened when the layer is built, in the order: TCP addresses, TLS addresses, unix socket. Nothing is
 * accepted before all are open, so a port in use leaves nothing half started. Where it listens may change while it runs
 * (Listeners.ts). Ending the layer stops accepting first, then ends every connection after what it has to say is out
 * (Closing.ts). So does SHUTDOWN.
 */
import { systemReason } from "../bytes/SystemReason.js"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as References from "effect/References"
import type * as Net from "node:net"
import { dirname } from "node:path"
import { Background } from "../engine/Background.js"
import { ProcessInfo } from "../engine/world/ProcessInfo.js"
import { Turn } from "../engine/world/Turn.js"
import { type ConfigState, pathIn, type RedixValues } from "../config/index.js"
import * as Errors from "../resp/Errors.js"
import { addressText } from "./Address.js"
import { serveConnection } from "./Connection.js"
import type { Engine } from "../engine/Engine.js"
import { type EngineService, theEngine } from "../engine/EngineService.js"
import { closing } from "./Closing.js"
import { closeIdleClients } from "./IdleClients.js"
import { Handshakes } from "./Handshakes.js"
import { type AddressSettings, type Listener, Listeners } from "./Listeners.js"
import { ListenError } from "./ListenError.js"
import { ListeningSocket } from "./ListeningSocket.js"

/** What of the configuration concerns listening. */
type ListenSettings = AddressSettings &
  Pick<
    RedixValues,
    "unixsocket" | "unixsocketperm" | "tcpKeepalive" | "timeout" | "protectedMode" | "maxclients"
  >

/** How listeners behave, beyond the directives. */
export interface ListenOptions {
  /** What port 0 means: a free port (embedding) or no TCP at all (redis-server's meaning). */
  readonly portZero: "free" | "off"
  /** Whether listening, and clients that do nothing, keep the process alive; default true. */
  readonly ref?: boolean
  /** The configuration whose CONFIG SET says where to listen from then on; without one that stays as it is. */
  readonly config?: ConfigState
  /** Done when the ports are this server's, before any client is served. */
  readonly beforeClients?: Effect.Effect<void>
}

/** So many that are turned away may take their time to read why; further ones are closed at once. */
const REFUSED_MAX = 16

/** The listeners of a server; `ports` says where they are. */
export class TcpServer extends Context.Service<
  TcpServer,
  {
    /** Ports listened on now, in the order of the addresses; the same port on two addresses is listed once. */
    readonly ports: ReadonlyArray<number>
    /** TLS port, 0 without TLS. */
    readonly tlsPort: number
    /** Path of the unix socket, "" without one. */
    readonly unixSocket: string
  }
>()("redix/server/TcpServer") {
  /** Listens for clients of an engine until its scope ends, or SHUTDOWN. */
  static readonly layerOf = (
    settings: ListenSettings,
    options: ListenOptions = { portZero: "free" },
  ): Layer.Layer<TcpServer, ListenError, EngineService | FileSystem.FileSystem> =>
    Layer.effect(TcpServer, open(settings, options))
}

const open = Effect.fnUntraced(function* (settings: ListenSettings, options: ListenOptions) {
  const engine = yield* theEngine
  // SHUTDOWN ends it before the layer's.
  const scope = yield* Scope.fork(yield* Effect.scope)
  const server = yield* Scope.provide(listen(engine, settings, options), scope)
  const end = Effect.uninterruptible(Scope.close(scope, Exit.void))
  const background = yield* Background.make
  background.run(Effect.andThen(engine.lifecycle.awaitEnd, end))
  return server
})

const listen = Effect.fnUntraced(function* (
  engine: Engine,
  settings: ListenSettings,
  options: ListenOptions,
) {
  if (
    options.portZero === "off" &&
    settings.port === 0 &&
    settings.tlsPort === 0 &&
    settings.unixsocket === ""
  )
    return yield* new ListenError({
      address: "",
      on: "nothing",
      reason: "Configured to not listen anywhere, exiting.",
    })
  const handshakes = new Handshakes(engine, settings)
  closeIdleClients(engine, settings, handshakes)
  const scope = yield* Effect.scope
  const work = yield* Background.make
  const files = yield* FileSystem.FileSystem
  const listeners = new Listeners(settings, options.portZero, scope, files, work.run, yield* Turn, handshakes)
  yield* listeners.openAtStart
  if (settings.unixsocket !== "") listeners.add(yield* openUnix(settings))
  yield* options.beforeClients ?? Effect.void
  const refused = new Set<Net.Socket>()
  const background = yield* Background.make
  // Stops accepting before the connections end.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      listeners.hold()
      handshakes.end()
    }),
  )
  listeners.begin((listener) => {
    if (options.ref === false) listener.socket.unref()
    listener.socket.accept((raw) => {
      if (options.ref === false) raw.unref()
      background.run(serve(engine, settings, listener, raw, refused))
    })
  })
  const ports = (): ReadonlyArray<number> => [...new Set(listeners.of("tcp").map(({ port }) => port))]
  const noted = Effect.sync(() => void (engine.listeningPort = ports()[0] ?? 0))
  yield* noted
  if (options.config !== undefined) yield* followed(options.config, listeners, noted)
  return {
    get ports() {
      return ports()
    },
    get tlsPort() {
      return listeners.of("tls")[0]?.port ?? 0
    },
    unixSocket: settings.unixsocket,
  }
})

const TLS_DIRECTIVES = [
  "tls-auth-clients",
  "tls-ca-cert-file",
  "tls-cert-file",
  "tls-ciphers",
  "tls-ciphersuites",
  "tls-client-cert-file",
  "tls-client-key-file",
  "tls-client-key-file-pass",
  "tls-key-file",
  "tls-key-file-pass",
  "tls-prefer-server-ciphers",
  "tls-protocols",
] as const

/** From now on, to the end of the scope, CONFIG SET says where to listen. */
const followed = (config: ConfigState, listeners: Listeners, noted: Effect.Effect<void>) =>
  Effect.acquireRelease(
    Effect.sync(() => [
      config.onChangeLater(["port"], Effect.tap(listeners.portChanged, noted)),
      config.onChangeLater(["bind"], Effect.tap(listeners.bindChanged, noted)),
      config.onChangeLater(["tls-port"], listeners.tlsPortChanged),
      config.onChangeLater(TLS_DIRECTIVES, listeners.tlsChanged),
    ]),
    (all) => Effect.sync(() => all.forEach((off) => off())),
  )

/** A system's address of a socket holds less than this; the runtime would cut a longer path short, not refuse it. */
const UNIX_PATH_BYTES = 108

const openUnix = Effect.fnUntraced(function* (settings: ListenSettings) {
  const fs = yield* FileSystem.FileSystem
  const { unixsocket } = settings
  const path = pathIn(settings.dir, unixsocket)
  const bytes = Buffer.byteLength(path)
  if (bytes >= UNIX_PATH_BYTES) {
    const reason = `unix socket path too long (${bytes}), must be under ${UNIX_PATH_BYTES}`
    return yield* new ListenError({ address: unixsocket, on: "socket", reason })
  }
  const fail = (error: unknown): Effect.Effect<never, ListenError> =>
    Effect.gen(function* () {
      // A folder that is not there is reported as one without permission.
      const folder = yield* fs.exists(dirname(path)).pipe(Effect.orElseSucceed(() => true))
      const reason = folder ? systemReason(error) : "No such file or directory"
      return yield* new ListenError({ address: unixsocket, on: "socket", reason: `bind: ${reason}` })
    })
  // As redis-server: a socket file left by a killed server is in the way and taken.
  yield* Effect.ignore(fs.remove(path))
  const make = ListeningSocket.open({ path, backlog: settings.tcpBacklog, allowHalfOpen: true })
  const socket = yield* withPermissions(settings.unixsocketperm, make).pipe(Effect.catch(fail))
  if (settings.unixsocketperm !== 0) yield* fs.chmod(path, settings.unixsocketperm).pipe(Effect.catch(fail))
  return { socket, kind: "unix", host: "", port: 0, scope: yield* Scope.make() } satisfies Listener
})

/**
 * A socket takes clients from the moment it is there, so its file must have its permissions then: `make` runs without a
 * pause to where it listens, under a mask that allows no more. Threads other than the main one may set no mask; there the
 * permissions come right after.
 */
const withPermissions = <A, E, R>(
  permissions: number,
  make: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const info = yield* ProcessInfo
    const turns = yield* Turn
    if (permissions === 0) return yield* make
    const { fileMask } = info
    if (fileMask === undefined) return yield* make
    const before = fileMask(0o777 & ~permissions)
    turns.afterThis(() => fileMask(before))
    return yield* make
  }).pipe(Effect.provideService(References.MaxOpsBeforeYield, Number.MAX_SAFE_INTEGER))

const serve = (
  engine: Engine,
  settings: ListenSettings,
  listener: Listener,
  raw: Net.Socket,
  refused: Set<Net.Socket>,
): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* Effect.addFinalizer(() => closing(raw, engine.turns))
    const refusal = refusalOf(engine, settings, listener, raw)
    if (refusal !== undefined) {
      engine.traffic.rejectedConnections++
      turnAway(raw, refusal, refused)
      return
    }
    const session = engine.openSession()
    if (listener.kind === "unix") {
      session.address = session.localAddress = `${settings.unixsocket}:0`
    } else {
      session.address = addressText(raw.remoteAddress, raw.remotePort)
      session.localAddress = addressText(raw.localAddress, raw.localPort)
      if (settings.tcpKeepalive > 0) raw.setKeepAlive(true, settings.tcpKeepalive * 1000)
    }
    yield* serveConnection(engine, raw, session)
  }).pipe(
    Effect.scoped,
    Effect.catchDefect((defect) => Effect.logError("A connection was ended by an internal error", defect)),
  )

/** Says why, and closes; many at once must not use up the files that the server needs. */
const turnAway = (raw: Net.Socket, refusal: string, refused: Set<Net.Socket>): void => {
  raw.end(`-${refusal}\r\n`)
  if (refused.size >= REFUSED_MAX) return raw.destroySoon()
  refused.add(raw)
  raw.once("close", () => refused.delete(raw))
}

/** Why a new connection is turned away, or undefined. */
const refusalOf = (
  engine: Engine,
  settings: ListenSettings,
  listener: Listener,
  raw: Net.Socket,
): string | undefined => {
  if (engine.sessions.size + engine.traffic.handshakes >= settings.maxclients) return Errors.maxClients
  const open = settings.protectedMode && engine.users.default.anyPassword
  if (open && listener.kind !== "unix" && !isLoopback(raw.remoteAddress ?? "")) return Errors.protectedMode
  return undefined
}

const isLoopback = (address: string): boolean =>
  address.startsWith("127.") || address === "::1" || address.startsWith("::ffff:127.")
