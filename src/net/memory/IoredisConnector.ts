/**
 * What ioredis (and with it BullMQ) takes as its `Connector`: how its clients reach a server in this process.
 *
 *     new Redis({ Connector: connectorOf(open) })
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Duplex } from "node:stream"
import type { EngineService } from "../../engine/EngineService.js"
import { listenInMemory, type Open } from "./MemoryListener.js"

/**
 * What ioredis takes as `Connector`.
 *
 * Its own type of a connector has private members, which no class but its own can have; an instance of `never` is
 * one of every type.
 */
export type IoredisConnector = new (options: unknown) => never

export function connectorOf(open: Open): IoredisConnector
export function connectorOf(open: Open): object {
  class Connector {
    /** Why the last attempt failed; ioredis reads it. */
    firstError: Error | undefined = undefined
    private stream: Duplex | undefined = undefined
    private wanted = false

    check(): boolean {
      return true
    }

    /** A refusal is a stream that fails, as a socket does: where this fails ioredis gives up. */
    async connect(): Promise<Duplex> {
      this.wanted = true
      // ioredis may be disconnected in the same turn in which it was made.
      await undefined
      if (!this.wanted) throw new Error("Connection is closed.")
      const stream = open()
      stream.once("error", (error) => (this.firstError = error))
      this.stream = stream
      return stream
    }

    disconnect(): void {
      this.wanted = false
      this.stream?.end()
    }
  }
  return Connector
}

/** The connector to an engine in scope; its connections end with the scope. */
export const connector: Effect.Effect<IoredisConnector, never, EngineService | Scope.Scope> = Effect.map(
  listenInMemory,
  connectorOf,
)
