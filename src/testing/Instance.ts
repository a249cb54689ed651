/**
 * One run of a test server, from a start to its end: an engine, its connections in memory, and where asked for a listener,
 * which can be closed and opened again.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import {
  type ConfigState,
  type InvalidConfigError,
  type Overrides,
  RedixConfig,
  type RedixValues,
  theConfig,
} from "../config/index.js"
import type { Engine } from "../engine/Engine.js"
import { type EngineService, theEngine } from "../engine/EngineService.js"
import type { ListenError } from "../net/ListenError.js"
import { listenInMemory, type Open } from "../net/memory/MemoryListener.js"
import { TcpServer } from "../net/TcpServer.js"
import type { StartError } from "../server/Persistence.js"
import { type RdbFiles, type RdbPersistence, theRdbFiles } from "../rdb/RdbPersistence.js"
import type { Replication } from "../server/replication/Replication.js"
import { type ReplicationService, theReplication } from "../server/replication/ReplicationService.js"
import type { World } from "./World.js"

type Parts = EngineService | RdbPersistence | ReplicationService | RedixConfig

/** The layers that a server is made of; they are composed above this room. */
export interface Composition {
  readonly layer: (overrides: Overrides) => Layer.Layer<Parts, InvalidConfigError | StartError>
  readonly listener: (
    settings: RedixValues,
    ref: boolean,
  ) => Layer.Layer<TcpServer, ListenError, EngineService>
}

export class Instance {
  private listening: { readonly scope: Scope.Closeable; readonly port: number } | undefined = undefined

  private constructor(
    private readonly world: World,
    private readonly composition: Composition,
    private readonly scope: Scope.Closeable,
    private readonly context: Context.Context<Parts>,
    readonly engine: Engine,
    readonly replication: Replication,
    readonly open: Open,
  ) {}

  /** Fails with what the layers fail with. */
  static async start(world: World, composition: Composition, overrides: Overrides): Promise<Instance> {
    const scope = Effect.runSync(Scope.make())
    try {
      return await world.run(
        Effect.gen(function* () {
          const context = yield* Layer.buildWithScope(composition.layer(overrides), scope)
          world.settings = Context.get(context, RedixConfig).values
          const within = <A>(effect: Effect.Effect<A, never, Parts | Scope.Scope>) =>
            Effect.provideContext(Scope.provide(effect, scope), context)
          const open = yield* within(listenInMemory)
          const engine = yield* within(theEngine)
          const replication = yield* within(theReplication)
          return new Instance(world, composition, scope, context, engine, replication, open)
        }),
      )
    } catch (error) {
      await world.run(Scope.close(scope, Exit.void))
      throw error
    }
  }

  get config(): ConfigState {
    return Effect.runSync(Effect.provideContext(theConfig, this.context))
  }

  get rdb(): RdbFiles {
    return Effect.runSync(Effect.provideContext(theRdbFiles, this.context))
  }

  run<A, E>(effect: Effect.Effect<A, E, Parts>): Promise<A> {
    return this.world.run(Effect.provideContext(effect, this.context))
  }

  /** Resolves when a client's SHUTDOWN has ended the server. */
  get ended(): Promise<void> {
    return this.world.run(this.engine.lifecycle.awaitEnd)
  }

  /** Opens the listener that the configuration asks for; answers its port. */
  async listen(ref: boolean): Promise<number> {
    if (this.listening !== undefined) return this.listening.port
    const scope = Effect.runSync(Scope.fork(this.scope))
    const { ports } = await this.run(
      Effect.map(Layer.buildWithScope(this.composition.listener(this.config.values, ref), scope), (context) =>
        Context.get(context, TcpServer),
      ),
    )
    const [port = 0] = ports
    this.listening = { scope, port }
    // Where it listens again.
    if (port !== 0) this.config.assignText("port", String(port))
    return port
  }

  /** Closes the listener and the connections that came by it. */
  async unlisten(): Promise<void> {
    const { listening } = this
    this.listening = undefined
    if (listening !== undefined) await this.world.run(Scope.close(listening.scope, Exit.void))
  }

  close(): Promise<void> {
    return this.world.run(Scope.close(this.scope, Exit.void))
  }
}
