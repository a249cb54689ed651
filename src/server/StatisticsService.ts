/** Statistics as a service. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { type RedixConfig, theConfig } from "../config/RedixConfig.js"
import { type EngineService, theEngine } from "../engine/EngineService.js"
import { ProcessInfo } from "../engine/world/ProcessInfo.js"
import { followConfig } from "./ConfigHooks.js"
import { describeStatistics } from "./info/describe.js"
import { Statistics } from "./Statistics.js"

/** What INFO shows, and what CONFIG SET changes of it at once. */
export class StatisticsService extends Context.Service<StatisticsService, Statistics>()(
  "redix/server/Statistics",
) {
  static readonly make: Effect.Effect<Statistics, never, EngineService | RedixConfig> = Effect.gen(
    function* () {
      const engine = yield* theEngine
      const config = yield* theConfig
      const statistics = new Statistics(engine, config, yield* ProcessInfo)
      describeStatistics(engine.info, statistics)
      followConfig(engine, config)
      return statistics
    },
  )
}
