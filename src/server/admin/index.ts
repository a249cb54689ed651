/** The commands that look after the server itself, with what they count and watch. */
import type { Command } from "../../commands/Command.js"
import type { ConfigState } from "../../config/ConfigState.js"
import { followConfig } from "../ConfigHooks.js"
import type { Engine } from "../Engine.js"
import { returnMemory } from "../MemoryReturn.js"
import type { ProcessFacts } from "../ProcessInfo.js"
import { describeStatistics } from "../info/describe.js"
import { Statistics } from "../Statistics.js"
import { aclCommands } from "./acl.js"
import { debugCommands } from "./debug.js"
import type { DebugSubcommand } from "./DebugSubcommand.js"
import { infoCommands } from "./info.js"
import { latencyCommands } from "./latency.js"
import { lolwutCommands } from "./lolwut.js"
import { memoryCommands } from "./memory.js"
import { moduleCommands } from "./module.js"
import { slowlogCommands } from "./slowlog.js"

/** `debug` are further subcommands of DEBUG. */
export const adminCommands = (
  engine: Engine,
  config: ConfigState,
  facts: ProcessFacts,
  debug: ReadonlyArray<DebugSubcommand>,
): ReadonlyArray<Command> => {
  const statistics = new Statistics(engine, config, facts)
  describeStatistics(engine.info, statistics)
  const purge = returnMemory(engine, facts)
  followConfig(engine, config)
  return [
    ...aclCommands(engine),
    ...debugCommands(engine, config.values, facts, debug),
    ...infoCommands(engine),
    ...latencyCommands(statistics),
    ...lolwutCommands,
    ...memoryCommands(statistics, purge),
    ...moduleCommands,
    ...slowlogCommands(statistics),
  ]
}
