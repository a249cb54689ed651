/** What an engine is made of and runs in: given by its layer, in whatever program. */
import type * as Clock from "effect/Clock"
import type { RespCodec } from "../../resp/RespCodec.js"
import type { Keyspace } from "../../store/Keyspace.js"
import type { Run } from "../Background.js"
import type { Command } from "../Command.js"
import type { CommandSpec } from "../declare/CommandSpec.js"
import type { Settings } from "../Settings.js"
import type { Log } from "./Log.js"
import type { Turns } from "./Turn.js"

export interface EngineNeeds {
  readonly keyspace: Keyspace
  readonly settings: Settings
  readonly codec: RespCodec["Service"]
  readonly clock: Clock.Clock
  readonly turns: Turns
  /** Milliseconds of processor time spent so far, with fractions; that of other threads may be among them. */
  readonly workedMs: () => number
  /** Runs an Effect that no client waits for. */
  readonly background: Run
  readonly logger: Log
  /** The names of renamed commands by their own, null for those that cannot be called. */
  readonly names?: ReadonlyMap<string, string | null> | undefined
  /** All declarations that rules of users may name; those of the table need not be among them. */
  readonly declared?: ReadonlyArray<CommandSpec> | undefined
  /** What its table begins with; families add theirs. */
  readonly commands?: ReadonlyArray<Command> | undefined
}
