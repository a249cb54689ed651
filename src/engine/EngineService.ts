/**
 * The engine as a service: what an app sees of it, which is not what it is made of. The rooms of the server take the whole
 * of it with `theEngine`.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { RespCodec } from "../resp/RespCodec.js"
import { type Store, keyspaceIn } from "../store/Store.js"
import { Background } from "./Background.js"
import type { Command } from "./Command.js"
import type { CommandSpec } from "./declare/CommandSpec.js"
import { Engine } from "./Engine.js"
import type { InfoField } from "./InfoRegistry.js"
import type { Settings } from "./Settings.js"
import { makeLog } from "./world/Log.js"
import { ProcessInfo } from "./world/ProcessInfo.js"
import { Turn } from "./world/Turn.js"

/** What runs commands on a store, for whoever looks at it from outside; clients speak to it. */
export interface EngineShape {
  /** Unix milliseconds of its start. */
  readonly startedMs: number
  /** What it is in replication, as it is now. */
  readonly role: "master" | "replica"
  /** What INFO shows. */
  readonly info: {
    /** The fields of a section, by its name in lower case, as they are now; none for an unknown section. */
    readonly lines: (section: string) => ReadonlyArray<InfoField>
  }
  /** Asserts the invariants of everything the server holds, for tests; throws on the first that does not hold. */
  readonly checkInvariants: () => void
}

/** Commands on a store, behind whatever transport. */
export class EngineService extends Context.Service<EngineService, EngineShape>()("redix/engine/Engine") {
  /**
   * An engine on the store that is provided; the server's families add their commands to those it begins with.
   * @param names the names of renamed commands by their own, null for those that cannot be called
   * @param declared what rules of users may name, also where it is not in the table
   * @param commands what it begins with
   */
  static readonly make = (
    settings: Settings,
    names?: ReadonlyMap<string, string | null>,
    declared?: ReadonlyArray<CommandSpec>,
    commands?: ReadonlyArray<Command>,
  ): Effect.Effect<EngineShape, never, Store | RespCodec | Background> =>
    Effect.gen(function* () {
      const services = yield* Effect.context<Store | RespCodec | Background>()
      const background = Context.get(services, Background)
      const { threadTime } = Context.get(services, ProcessInfo)
      const engine = new Engine({
        keyspace: keyspaceIn(services),
        settings,
        codec: Context.get(services, RespCodec),
        clock: Context.get(services, Clock.Clock),
        turns: Context.get(services, Turn),
        workedMs: () => {
          const { user, system } = threadTime()
          return (user + system) / 1000
        },
        background: background.run,
        logger: yield* makeLog,
        names,
        declared,
        commands,
      })
      background.whenDue("the cron", engine.alarm, () => engine.guardedCron())
      return engine
    })

  /** As `make`, as a layer. */
  static readonly layerOf = (
    ...how: Parameters<typeof EngineService.make>
  ): Layer.Layer<EngineService, never, Store | RespCodec | Background> =>
    Layer.effect(EngineService, this.make(...how))
}

/**
 * The engine whole, for the server's own parts. Its fiber of clock-driven work lives as long as the layer.
 *
 * @internal
 */
export const engineIn = (services: Context.Context<EngineService>): Engine => {
  const engine = Context.get(services, EngineService)
  if (!(engine instanceof Engine)) throw new Error("the engine is not one of this package's layers")
  return engine
}

/** As `engineIn`, where that is all a fiber asks for. */
export const theEngine: Effect.Effect<Engine, never, EngineService> = Effect.map(
  Effect.context<EngineService>(),
  engineIn,
)
