/** What is known of a command without its handler: all that a context or a client's session may see of one. */
import type { CommandSpec } from "./declare/CommandSpec.js"

/** Commands and subcommands that a server can have; a multiple of 32. */
export const COMMANDS_MAX = 1024

export interface CommandInfo {
  /** Its declaration. */
  readonly spec: CommandSpec
  /** Name in lower case; subcommands as "config|get". */
  readonly name: string
  /** Words of a request, its name included; negative means "at least". */
  readonly arity: number
  /** Bits of CommandBit (Command.ts). */
  readonly bits: number
  /** With at most so many arguments it takes about the same time whatever the data: timed by sample. 0 = never. */
  readonly briefArguments: number
  /** Argument that is its first key, 0 for none or where that depends on other words: looked up ahead of time. */
  readonly keyArgument: number
  /** Argument that names a member or field in the collection under argument 1, 0 for none: looked up ahead of time. */
  readonly memberArgument: number
}

/** A command in the table of one server. */
export interface NumberedCommand extends CommandInfo {
  /** Place in arrays that hold something for each command of the server: 0, 1, 2, ... */
  readonly id: number
}
