/**
 * TcpServer: accepts clients on TCP addresses and a unix socket, one fiber and one scope a connection.
 */
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import * as NodeSocketServer from "@effect/platform-node/NodeSocketServer"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Socket } from "effect/socket/Socket"
import { serveConnection } from "./Connection.js"
import { EngineService } from "./Engine.js"

/** An address could not be listened on. */
export class ListenError extends Data.TaggedError("ListenError")<{
  readonly address: string
  readonly reason: string
}> {
  override get message(): string {
    return `Could not listen on ${this.address}: ${this.reason}`
  }
}

export interface ListenOptions {
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
  readonly backlog: number
}

export class TcpServer extends Context.Service<
  TcpServer,
  {
    /** Ports listened on, in the order of the addresses. */
    readonly ports: ReadonlyArray<number>
  }
>()("redix/server/TcpServer") {
  static readonly layerOf = (
    addresses: ReadonlyArray<ListenOptions>,
  ): Layer.Layer<TcpServer, ListenError, EngineService> =>
    Layer.effect(
      TcpServer,
      Effect.gen(function* () {
        const engine = yield* EngineService
        const ports: Array<number> = []
        for (const at of addresses) {
          const server = yield* NodeSocketServer.make({
            host: at.host,
            port: at.port,
            backlog: at.backlog,
            noDelay: true,
            allowHalfOpen: true,
          }).pipe(
            Effect.mapError(
              (error) =>
                new ListenError({
                  address: `${at.host}:${at.port}`,
                  reason: String(error.cause ?? error.message),
                }),
            ),
          )
          if (server.address._tag !== "UnixPathAddress") ports.push(server.address.port)
          yield* Effect.forkScoped(server.run((socket) => accept(engine, socket)))
        }
        return { ports }
      }),
    )
}

const accept = (engine: EngineService["Service"], socket: Socket): Effect.Effect<void> =>
  Effect.gen(function* () {
    const raw = Option.getOrThrow(yield* Effect.serviceOption(NodeSocket.NetSocket))
    const session = engine.openSession()
    session.address = `${raw.remoteAddress ?? ""}:${raw.remotePort ?? 0}`
    session.localAddress = `${raw.localAddress ?? ""}:${raw.localPort ?? 0}`
    yield* serveConnection(engine, socket, raw, session)
  }).pipe(
    Effect.scoped,
    Effect.catchTag("SocketError", () => Effect.void),
  )
