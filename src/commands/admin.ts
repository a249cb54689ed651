/** The commands that look after the server itself, with what they count and watch. */
import type { Command } from "../engine/Command.js"
import type { ConfigState } from "../config/ConfigState.js"
import { followConfig } from "../server/ConfigHooks.js"
import type { Engine } from "../engine/Engine.js"
import { returnMemory } from "../server/MemoryReturn.js"
import type { ProcessFacts } from "../engine/world/ProcessInfo.js"
import { describeStatistics } from "../server/info/describe.js"
import { Statistics } from "../server/Statistics.js"
import { aclCommands } from "./acl/acl.js"
import { debugCommands } from "./debug/debug.js"
import type { DebugSubcommand } from "./debug/DebugSubcommand.js"
import { infoCommands } from "./info/info.js"
import { latencyCommands } from "./info/latency.js"
import { lolwutCommands } from "./info/lolwut.js"
import { memoryCommands } from "./info/memory.js"
import { slowlogCommands } from "./info/slowlog.js"

/** `debug` are further subcommands of DEBUG. */
export const adminCommands = (
  engine: Engine,
  config: ConfigState,
  facts: ProcessFacts,
  debug: ReadonlyArray<DebugSubcommand>,
): ReadonlyArray<Command> => {
  const statistics = new Statistics(engine, config, facts)
  describeStatistics(engine.info, statistics)
  const purge = returnMemory(engine)
  followConfig(engine, config)
  return [
    ...aclCommands(engine),
    ...debugCommands(engine, config.values, facts, debug),
    ...infoCommands(engine),
    ...latencyCommands(statistics),
    ...lolwutCommands,
    ...memoryCommands(statistics, purge),
    ...slowlogCommands(statistics),
  ]
}
