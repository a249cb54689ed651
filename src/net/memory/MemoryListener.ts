/**
 * Connections to an engine from the same process, without a port: `connect` for one, `listenInMemory` for many, and what
 * ioredis takes for its `Connector`. They end with the scope, or with the server when a client's SHUTDOWN ends it.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Duplex } from "node:stream"
import { Background } from "../../engine/Background.js"
import type { Engine } from "../../engine/Engine.js"
import { type EngineService, theEngine } from "../../engine/EngineService.js"
import { realTurns, type Turns } from "../../engine/world/Turn.js"
import * as Errors from "../../resp/Errors.js"
import { serveConnection } from "../Connection.js"
import { addressText } from "../Address.js"
import { closing } from "../Closing.js"
import { MemorySocket } from "./MemorySocket.js"

/** Opens a connection; answers the client's end. */
export type Open = () => MemorySocket

/** A connection to where nobody listens. */
export const refusedConnection = (turns: Turns): MemorySocket => MemorySocket.refused(turns, refusal())

const refusal = (): Error =>
  Object.assign(new Error("connect ECONNREFUSED memory"), {
    errno: -111,
    code: "ECONNREFUSED",
    syscall: "connect",
    address: "memory",
  })

const serve = (engine: Engine, socket: MemorySocket): Effect.Effect<void> =>
  Effect.gen(function* () {
    yield* Effect.addFinalizer(() => closing(socket.server, engine.turns))
    if (engine.sessions.size + engine.traffic.handshakes >= engine.settings.maxclients) {
      engine.traffic.rejectedConnections++
      socket.server.write(Buffer.from(`-${Errors.maxClients}\r\n`, "latin1"))
      return socket.server.destroySoon()
    }
    const session = engine.openSession()
    session.address = addressText(socket.localAddress, socket.localPort)
    session.localAddress = addressText(socket.remoteAddress, socket.remotePort)
    yield* serveConnection(engine, socket.server, session)
  }).pipe(
    Effect.scoped,
    Effect.catchDefect((defect) => Effect.logError("A connection was ended by an internal error", defect)),
  )

/** Takes connections from this process for as long as the scope and the server last; then they are refused. */
export const listenInMemory: Effect.Effect<Open, never, EngineService | Scope.Scope> = Effect.gen(
  function* () {
    const engine = yield* theEngine
    const background = yield* Background.make
    // SHUTDOWN ends it before the caller's scope ends.
    const scope = yield* Scope.fork(yield* Effect.scope)
    const connections = yield* Scope.provide(Background.make, scope)
    let open = true
    yield* Scope.addFinalizer(
      scope,
      Effect.sync(() => void (open = false)),
    )
    background.run(
      Effect.andThen(engine.lifecycle.awaitEnd, Effect.uninterruptible(Scope.close(scope, Exit.void))),
    )
    let last = 0
    const answer = (): void => engine.replies.flush()
    return () => {
      if (!open) return refusedConnection(engine.turns)
      const socket = new MemorySocket(engine.turns, answer, ++last)
      connections.run(serve(engine, socket))
      return socket
    }
  },
).pipe(realTurns)

/** One connection; answers the client's end. */
export const connect: Effect.Effect<Duplex, never, EngineService | Scope.Scope> = Effect.map(
  listenInMemory,
  (open) => open(),
)
