/** The HELP subcommand of container commands: an array of lines, as simple strings. */
import type { CommandContext } from "../../engine/CommandContext.js"

/** Answers the subcommands' lines with Redis's heading and the line about HELP itself. `name` is in upper case. */
export const replyHelp = (c: CommandContext, name: string, lines: ReadonlyArray<string>): void => {
  c.out.array(lines.length + 3)
  c.out.simple(`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`)
  for (const line of lines) c.out.simple(line)
  c.out.simple("HELP")
  c.out.simple("    Prints this help.")
}
