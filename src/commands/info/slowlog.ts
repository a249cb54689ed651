/** SLOWLOG. */
import { type Command, command, container } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { replyHelp } from "../shared/Help.js"
import * as spec from "../spec/monitoring.js"
import * as Errors from "../../resp/Errors.js"
import type { Statistics } from "../../server/Statistics.js"

const HELP: ReadonlyArray<string> = [
  "GET [<count>]",
  "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
  "    Entries are made of:",
  "    id, timestamp, time in microseconds, arguments array, client IP and port,",
  "    client name",
  "LEN",
  "    Return the length of the slowlog.",
  "RESET",
  "    Reset the slowlog.",
]

const COUNT_DEFAULT = 10

const get =
  ({ measures: { slowLog } }: Statistics) =>
  (c: CommandContext): void => {
    if (c.argc > 3) return c.fail(Errors.unknownSubcommandOrArguments("slowlog", c.text(1)))
    const count = c.argc === 3 ? c.integer(2) : COUNT_DEFAULT
    if (!(count >= -1)) return c.fail(Errors.countBelowMinusOne)
    const entries = count < 0 ? slowLog.entries : slowLog.entries.slice(0, count)
    const { out } = c
    out.array(entries.length)
    for (const entry of entries) {
      out.array(6)
      out.int(entry.id)
      out.int(entry.time)
      out.int(entry.microseconds)
      out.array(entry.args.length)
      for (const arg of entry.args) out.bulk(arg, 0, arg.length)
      out.bulkText(entry.address)
      out.bulkText(entry.name)
    }
  }

export const slowlogCommands = (statistics: Statistics): ReadonlyArray<Command> => [
  container(spec.SLOWLOG, [
    command(spec.SLOWLOG_GET, get(statistics)),
    command(spec.SLOWLOG_LEN, (c) => c.out.int(statistics.measures.slowLog.entries.length)),
    command(spec.SLOWLOG_RESET, (c) => {
      statistics.measures.slowLog.clear()
      c.out.ok()
    }),
    command(spec.SLOWLOG_HELP, (c) => replyHelp(c, "SLOWLOG", HELP)),
  ]),
]
