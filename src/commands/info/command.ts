/** COMMAND and its subcommands: what this server's commands are, from their declarations. */
import type { Command } from "../../engine/Command.js"
import { command, container } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { replyHelp } from "../shared/Help.js"
import { type Catalogue, catalogueOf, findByWords } from "../../engine/declare/Catalogue.js"
import * as spec from "../spec/command.js"
import {
  describeAll,
  describeNamed,
  documentAll,
  type ListFilter,
  listNames,
} from "../../engine/declare/Describe.js"
import { findOrRefuse, Keys } from "../../engine/declare/KeyExtraction.js"
import { writeReplyTree } from "../../engine/declare/ReplyTree.js"
import * as Errors from "../../resp/Errors.js"
import type { Engine } from "../../engine/Engine.js"

const HELP: ReadonlyArray<string> = [
  "(no subcommand)",
  "    Return details about all Redis commands.",
  "COUNT",
  "    Return the total number of commands in this Redis server.",
  "LIST",
  "    Return a list of all commands in this Redis server.",
  "INFO [<command-name> ...]",
  "    Return details about multiple Redis commands.",
  "    If no command names are given, documentation details for all",
  "    commands are returned.",
  "DOCS [<command-name> ...]",
  "    Return documentation details about multiple Redis commands.",
  "    If no command names are given, documentation details for all",
  "    commands are returned.",
  "GETKEYS <full-command>",
  "    Return the keys from a full Redis command.",
  "GETKEYSANDFLAGS <full-command>",
  "    Return the keys and the access flags from a full Redis command.",
]

const texts = (c: CommandContext, from: number): Array<string> => {
  const found: Array<string> = []
  for (let i = from; i < c.argc; i++) found.push(c.text(i))
  return found
}

/** COMMAND LIST has one option: FILTERBY. */
const listOptions = options(spec.COMMAND_LIST)
const filters = listOptions.choice("filterby")
const [MODULE, ACLCAT, PATTERN] = filters.bits("MODULE", "ACLCAT", "PATTERN")

/** The filter of COMMAND LIST, undefined without one, null when the words make no sense. */
const listFilter = (c: CommandContext): ListFilter | undefined | null => {
  if (c.argc === 2) return undefined
  if (c.argc !== 5 || listOptions.at(c, 2) === 0) return null
  const by = filters.at(c, 3)
  if (by === MODULE) return { by: "module", name: c.text(4) }
  if (by === ACLCAT) return { by: "aclcat", category: c.text(4) }
  return by === PATTERN ? { by: "pattern", pattern: c.bytes(4) } : null
}

const replyKeys = (c: CommandContext, catalogue: Catalogue, withFlags: boolean): void => {
  const request = { buf: c.buf, argc: c.argc - 2, argOff: c.argOff.subarray(2), argLen: c.argLen.subarray(2) }
  const spec = findByWords(catalogue, c.text(2), c.argc > 3 ? c.text(3) : undefined)
  const keys = new Keys()
  const error = findOrRefuse(keys, spec, request)
  if (error !== undefined) return c.fail(error)
  c.out.array(keys.count)
  for (let k = 0; k < keys.count; k++) {
    const i = keys.index[k] + 2
    if (withFlags) c.out.array(2)
    c.out.bulk(c.buf, c.argOff[i], c.argLen[i])
    if (!withFlags) continue
    c.out.set(keys.flags[k].length)
    for (const flag of keys.flags[k]) c.out.simple(flag)
  }
}

export const commandCommands = (engine: Engine): ReadonlyArray<Command> => {
  let built: Catalogue | undefined
  const catalogue = (): Catalogue =>
    (built ??= catalogueOf(
      engine.dispatcher.table.commands.flatMap((cmd) => [
        cmd.spec,
        ...[...(cmd.subcommands?.values() ?? [])].map((sub) => sub.spec),
      ]),
    ))
  const named = (c: CommandContext): ReadonlyArray<string> | undefined =>
    c.argc > 2 ? texts(c, 2) : undefined
  const describe = (c: CommandContext): void => {
    const names = named(c)
    writeReplyTree(c.out, names === undefined ? describeAll(catalogue()) : describeNamed(catalogue(), names))
  }
  return [
    container(
      spec.COMMAND,
      [
        command(spec.COMMAND_COUNT, (c) => c.out.int(catalogue().size)),
        command(spec.COMMAND_INFO, describe),
        command(spec.COMMAND_DOCS, (c) => writeReplyTree(c.out, documentAll(catalogue(), named(c)))),
        command(spec.COMMAND_LIST, (c) => {
          const filter = listFilter(c)
          if (filter === null) c.fail(Errors.syntax)
          else writeReplyTree(c.out, listNames(catalogue(), filter))
        }),
        command(spec.COMMAND_GETKEYS, (c) => replyKeys(c, catalogue(), false)),
        command(spec.COMMAND_GETKEYSANDFLAGS, (c) => replyKeys(c, catalogue(), true)),
        command(spec.COMMAND_HELP, (c) => replyHelp(c, "COMMAND", HELP)),
      ],
      describe,
    ),
  ]
}
