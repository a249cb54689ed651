/** DEBUG: subcommands for tests and for looking inside; allowed as enable-debug-command says. */
import { type Command, command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { replyHelp } from "../shared/Help.js"
import * as spec from "../spec/server.js"
import * as Errors from "../../resp/Errors.js"
import { digestOfKeyspace, digestOfValue } from "../../store/Digest.js"
import type { RedixValues } from "../../config/index.js"
import type { Engine } from "../../engine/Engine.js"
import type { ProcessFacts } from "../../engine/world/ProcessInfo.js"
import { debugControl } from "./debugControl.js"
import { debugInside } from "./debugInside.js"
import { debugProtocol } from "./debugProtocol.js"
import type { DebugSubcommand } from "./DebugSubcommand.js"

const contents: ReadonlyArray<DebugSubcommand> = [
  {
    name: "DIGEST",
    arguments: [0, 0],
    help: ["DIGEST", "    Output a hex signature representing the current DB content."],
    run: (c) => c.out.simple(digestOfKeyspace(c.keyspace)),
  },
  {
    name: "DIGEST-VALUE",
    arguments: [0, Infinity],
    help: [
      "DIGEST-VALUE <key> [<key> ...]",
      "    Output a hex signature of the values of all the specified keys.",
    ],
    run: (c) => {
      c.out.array(c.argc - 2)
      for (let i = 2; i < c.argc; i++)
        // As DIGEST does it: a key whose time has passed counts while it is there.
        c.out.simple(digestOfValue(c.keyspace, c.db.table.find(c.buf, c.argOff[i], c.argLen[i])))
    },
  },
]

type Settings = Pick<RedixValues, "rdbcompression">

interface Subcommands {
  readonly byName: ReadonlyMap<string, DebugSubcommand>
  readonly help: ReadonlyArray<string>
}

const allOf = (
  engine: Engine,
  settings: Settings,
  facts: ProcessFacts,
  more: ReadonlyArray<DebugSubcommand>,
): Subcommands => {
  const all = [
    ...contents,
    ...debugInside(engine, settings),
    ...debugProtocol,
    ...debugControl(engine, facts),
    ...more,
  ].sort((a, b) => (a.name < b.name ? -1 : 1))
  return { byName: new Map(all.map((sub) => [sub.name, sub])), help: all.flatMap((sub) => sub.help) }
}

/** `more` are subcommands of parts that debug.ts does not know. Few servers are ever debugged: they are made at the first. */
export const debugCommands = (
  engine: Engine,
  settings: Settings,
  facts: ProcessFacts,
  more: () => ReadonlyArray<DebugSubcommand>,
): ReadonlyArray<Command> => {
  let made: Subcommands | undefined
  const subcommands = (): Subcommands => (made ??= allOf(engine, settings, facts, more()))
  const run = (c: CommandContext) => {
    const name = c.text(1)
    const upper = name.toUpperCase()
    const { byName, help } = subcommands()
    if (upper === "HELP" && c.argc === 2) return replyHelp(c, "DEBUG", help)
    const sub = byName.get(upper)
    const given = c.argc - 2
    if (sub === undefined || given < sub.arguments[0] || given > sub.arguments[1])
      return c.fail(Errors.unknownSubcommandOrArguments("DEBUG", name))
    return sub.run(c)
  }
  return [command(spec.DEBUG, run)]
}
