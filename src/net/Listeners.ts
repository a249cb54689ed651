/**
 * The listeners of a server, which can listen elsewhere while it runs: CONFIG SET port, bind, tls-port and tls-* take
 * effect here. No client is dropped; one that a listener has accepted stays when the listener goes.
 *
 * What is to be listened on is compared with what is: a listener that fits stays open, so that an address that does not
 * change never refuses. New ones are opened before old ones are closed; only where the old are in their way (0.0.0.0 beside
 * 127.0.0.1) the old go first, and come back where the new cannot be opened. So a change happens as a whole or not at all.
 *
 * Certificates are exchanged in the open listener; connections made before keep theirs.
 */
import { systemReason } from "../bytes/SystemReason.js"
import type * as Tls from "node:tls"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Scope from "effect/Scope"
import type { Run } from "../engine/Background.js"
import type { Turns } from "../engine/world/Turn.js"
import type { RedixValues } from "../config/index.js"
import { isUnavailable, isUnsupported, ListenError } from "./ListenError.js"
import type { Handshakes } from "./Handshakes.js"
import { ListeningSocket } from "./ListeningSocket.js"
import { readTlsOptions, type TlsSettings } from "./TlsOptions.js"

type ListenerKind = "tcp" | "tls" | "unix"

export interface Listener {
  readonly kind: ListenerKind
  /** As `bind` has it, "" for a unix socket. */
  readonly host: string
  readonly port: number
  readonly socket: ListeningSocket
  readonly scope: Scope.Closeable
}

/** What of the configuration says where TCP and TLS listen. */
export type AddressSettings = TlsSettings & Pick<RedixValues, "bind" | "port" | "tlsPort" | "tcpBacklog">

interface Place {
  readonly host: string
  readonly port: number
  /** What may keep it from being listened on while the others are. */
  readonly forgives: "nothing" | "unavailable" | "anything"
}

/** An address that is in use is never forgiven: another server would get part of the clients. */
const forgiven = ({ forgives }: Place, error: unknown): boolean =>
  forgives === "anything" || isUnsupported(error) || (forgives === "unavailable" && isUnavailable(error))

/** Why what was asked for is not listened on, in redis-server's words. */
const refusals = {
  port: "Unable to listen on this port. Check server logs.",
  bind: "Failed to bind to specified addresses.",
  tls: "Unable to update TLS configuration. Check server logs.",
} as const

type Changed = keyof typeof refusals

class NotChanged extends Data.TaggedError("NotChanged")<{ readonly what: Changed }> {}

const hostOf = (word: string): string => (word === "*" ? "0.0.0.0" : word === "::*" ? "::" : word)

const placesOf = (bind: ReadonlyArray<string>, port: number): ReadonlyArray<Place> =>
  bind.map((word) => {
    const optional = word.startsWith("-")
    const host = hostOf(optional ? word.slice(1) : word)
    return { host, port, forgives: optional ? "unavailable" : "nothing" }
  })

const warn = ({ host, port }: Place, error: unknown): Effect.Effect<void> =>
  Effect.logWarning(
    `Warning: Could not create server TCP listening socket ${host}:${port}: ${systemReason(error)}`,
  )

export class Listeners {
  private all: Array<Listener> = []
  /** Those that listen no more, and still have connections. */
  private readonly left = new Set<Listener>()
  /** Hands a connection over, once the server has begun. */
  private take: ((listener: Listener) => void) | undefined = undefined

  /**
   * @param portZero what port 0 means: a free port, or none
   * @param background runs what ends when the connections of a listener that has gone have ended
   */
  constructor(
    private readonly settings: AddressSettings,
    private readonly portZero: "free" | "off",
    private readonly scope: Scope.Scope,
    private readonly files: FileSystem.FileSystem,
    private readonly background: Run,
    private readonly turns: Turns,
    private readonly handshakes: Handshakes,
  ) {}

  of(kind: ListenerKind): ReadonlyArray<Listener> {
    return this.all.filter((listener) => listener.kind === kind)
  }

  add(listener: Listener): void {
    this.all.push(listener)
  }

  /** From now on connections are taken, of those that are open and of those to come. */
  begin(take: (listener: Listener) => void): void {
    this.take = take
    this.all.forEach(take)
  }

  /** Lets connections that come from now on wait. */
  hold(): void {
    for (const { socket } of [...this.all, ...this.left]) socket.hold()
  }

  /** Opens TCP and TLS at the start. A place that may be unavailable is passed over, unless all are. */
  readonly openAtStart: Effect.Effect<void, ListenError> = Effect.gen({ self: this }, function* () {
    const { port, tlsPort } = this.settings
    if (port !== 0 || this.portZero === "free") yield* this.openAll("tcp", port, undefined)
    if (tlsPort !== 0) yield* this.openAll("tls", tlsPort, yield* this.readTls)
  })

  private openAll(
    kind: "tcp" | "tls",
    wanted: number,
    tls: Tls.TlsOptions | undefined,
  ): Effect.Effect<void, ListenError> {
    return Effect.gen({ self: this }, function* () {
      let port = wanted
      let failure: ListenError | undefined
      for (const place of placesOf(this.settings.bind, wanted)) {
        const result = yield* Effect.result(this.open(kind, { ...place, port }, tls))
        if (result._tag === "Success") {
          // A free port is chosen once and used on every address.
          port = result.success.port
          this.all.push(result.success)
          continue
        }
        const error = new ListenError({
          address: `${place.host}:${port}`,
          on: { port, kind: kind === "tcp" ? "TCP" : "TLS" },
          reason: systemReason(result.failure),
        })
        // A port of one's own choice may be taken on a further address.
        const chosen = wanted === 0 && port !== 0 && place.forgives !== "nothing"
        if (!chosen && !forgiven(place, result.failure)) return yield* error
        failure ??= error
      }
      if (this.of(kind).length === 0 && failure !== undefined) return yield* failure
    })
  }

  private open(kind: "tcp" | "tls", { host, port }: Place, tls: Tls.TlsOptions | undefined) {
    const at = {
      host,
      port,
      backlog: this.settings.tcpBacklog,
      noDelay: true,
      allowHalfOpen: true,
      ipv6Only: host.includes(":"),
    }
    return Effect.gen({ self: this }, function* () {
      const scope = yield* Scope.fork(this.scope)
      const secure = tls && ([tls, this.handshakes] as const)
      const socket = yield* Scope.provide(ListeningSocket.open(at, secure), scope).pipe(
        Effect.onError(() => Scope.close(scope, Exit.void)),
      )
      return { kind, host, port: socket.port, socket, scope } satisfies Listener
    })
  }

  private get readTls(): Effect.Effect<Tls.TlsOptions, ListenError> {
    return Effect.provideService(readTlsOptions(this.settings), FileSystem.FileSystem, this.files)
  }

  // ---- changes while it runs

  /** CONFIG SET port; answers the reason of a refusal. */
  readonly portChanged = this.answering(
    Effect.suspend(() => {
      const { port } = this.settings
      const off = port === 0 && this.portZero === "off"
      return this.move("tcp", off ? [] : placesOf(this.settings.bind, port), undefined, "port")
    }),
  )

  /** CONFIG SET bind. */
  readonly bindChanged = this.answering(
    Effect.gen({ self: this }, function* () {
      const { bind, port, tlsPort } = this.settings
      // A free port that was chosen stays.
      const present = port === 0 ? (this.of("tcp")[0]?.port ?? 0) : port
      if (present !== 0) yield* this.move("tcp", placesOf(bind, present), undefined, "bind")
      if (tlsPort === 0) return
      yield* this.move("tls", placesOf(bind, tlsPort), yield* this.usableTls, "bind")
    }),
  )

  /** CONFIG SET tls-port. */
  readonly tlsPortChanged = this.answering(
    Effect.gen({ self: this }, function* () {
      const { bind, tlsPort } = this.settings
      const tls = tlsPort === 0 ? undefined : yield* this.usableTls
      yield* this.move("tls", tls === undefined ? [] : placesOf(bind, tlsPort), tls, "port")
    }),
  )

  /** CONFIG SET of certificates and what else concerns TLS: without a TLS port it is looked at when there is one. */
  readonly tlsChanged = this.answering(
    Effect.gen({ self: this }, function* () {
      if (this.settings.tlsPort === 0) return
      const tls = yield* this.usableTls
      for (const { socket } of this.of("tls")) socket.secure(tls)
    }),
  )

  private answering(change: Effect.Effect<void, NotChanged>): Effect.Effect<string | undefined> {
    return Effect.match(change, { onSuccess: () => undefined, onFailure: ({ what }) => refusals[what] })
  }

  /** The TLS settings as they are now, if connections can be made with them. */
  private get usableTls(): Effect.Effect<Tls.TlsOptions, NotChanged> {
    return this.readTls.pipe(
      Effect.tapError(({ message }) => Effect.logWarning(message)),
      Effect.mapError(() => new NotChanged({ what: "tls" })),
    )
  }

  /** Listens on these places in place of the present ones of the kind. */
  private move(
    kind: "tcp" | "tls",
    places: ReadonlyArray<Place>,
    tls: Tls.TlsOptions | undefined,
    what: Changed,
  ): Effect.Effect<void, NotChanged> {
    return Effect.gen({ self: this }, function* () {
      const old = [...this.of(kind)]
      const missing: Array<Place> = []
      for (const place of places) {
        const at = old.findIndex(
          ({ host, port }) => host === place.host && port === place.port && place.port !== 0,
        )
        if (at === -1) missing.push(place)
        else old.splice(at, 1)
      }
      let opened = yield* this.openEach(kind, missing, tls, old.length === 0)
      if (opened === undefined && old.length > 0) {
        yield* this.leave(old)
        opened = yield* this.openEach(kind, missing, tls, true)
        // They were there a moment ago.
        if (opened === undefined) opened = yield* this.openEach(kind, placesBefore(old), tls, true)
        else old.length = 0
        if (old.length > 0) {
          this.enter(opened ?? [])
          return yield* new NotChanged({ what })
        }
      }
      if (opened === undefined) return yield* new NotChanged({ what })
      this.enter(opened)
      yield* this.leave(old)
    })
  }

  private enter(opened: ReadonlyArray<Listener>): void {
    for (const listener of opened) {
      this.all.push(listener)
      this.take?.(listener)
    }
  }

  /** Opens all of the places, or none: then it answers nothing. */
  private openEach(
    kind: "tcp" | "tls",
    places: ReadonlyArray<Place>,
    tls: Tls.TlsOptions | undefined,
    tell: boolean,
  ): Effect.Effect<ReadonlyArray<Listener> | undefined> {
    return Effect.gen({ self: this }, function* () {
      const opened: Array<Listener> = []
      for (const place of places) {
        const port = place.port === 0 ? (opened[0]?.port ?? 0) : place.port
        const result = yield* Effect.result(this.open(kind, { ...place, port }, tls))
        if (result._tag === "Success") opened.push(result.success)
        else {
          if (tell) yield* warn(place, result.failure)
          if (forgiven(place, result.failure)) continue
          yield* this.leave(opened)
          return undefined
        }
      }
      return opened
    })
  }

  /** Closes listeners, once they have accepted those that connected before. */
  private leave(listeners: ReadonlyArray<Listener>): Effect.Effect<void> {
    return Effect.map(
      Effect.forEach(listeners, ({ socket }) => socket.emptied(this.turns)),
      () => listeners.forEach((listener) => this.close(listener)),
    )
  }

  private close(listener: Listener): void {
    this.all = this.all.filter((other) => other !== listener)
    this.left.add(listener)
    listener.socket.stop()
    const ended = Effect.andThen(
      Scope.close(listener.scope, Exit.void),
      Effect.sync(() => this.left.delete(listener)),
    )
    this.background(ended)
  }
}

const placesBefore = (listeners: ReadonlyArray<Listener>): ReadonlyArray<Place> =>
  listeners.map(({ host, port }) => ({ host, port, forgives: "anything" }))
