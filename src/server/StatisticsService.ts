/** Statistics as a service. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { type RedixConfig, configIn } from "../config/RedixConfig.js"
import { type EngineService, engineIn } from "../engine/EngineService.js"
import { ProcessInfo } from "../engine/world/ProcessInfo.js"
import { followConfig } from "./ConfigHooks.js"
import { describeStatistics } from "./info/describe.js"
import { Statistics } from "./Statistics.js"

/** What INFO shows, and what CONFIG SET changes of it at once. */
export class StatisticsService extends Context.Service<StatisticsService, Statistics>()(
  "redix/server/Statistics",
) {
  static readonly make: Effect.Effect<Statistics, never, EngineService | RedixConfig> = Effect.map(
    Effect.context<EngineService | RedixConfig>(),
    (services) => {
      const engine = engineIn(services)
      const config = configIn(services)
      const statistics = new Statistics(engine, config, Context.get(services, ProcessInfo))
      describeStatistics(engine.info, statistics)
      followConfig(engine, config)
      return statistics
    },
  )
}
