/** ACL: users, what they may do, and what they were refused. */
import { type Command, command, container } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { replyHelp } from "../shared/Help.js"
import * as spec from "../spec/acl.js"
import { aclCategories } from "../../engine/declare/CommandSpec.js"
import * as Errors from "../../resp/Errors.js"
import { ALLOWED, NO_COMMAND, NO_KEY } from "../../engine/acl/Access.js"
import { type AclCommand, categoryNumber } from "../../engine/acl/AclCommands.js"
import { channelRules, commandRules, keyRules } from "../../engine/acl/describeRules.js"
import type { Selector } from "../../engine/acl/Selector.js"
import { DEFAULT_USER } from "../../engine/acl/User.js"
import type { Engine } from "../../engine/Engine.js"
import { randomHex, type SecureBytes } from "../../engine/world/SecureRandom.js"
import { aclFileCommands, type AclFile } from "./aclFiles.js"

const HELP: ReadonlyArray<string> = [
  "CAT [<category>]",
  "    List all commands that belong to <category>, or all command categories",
  "    when no category is specified.",
  "DELUSER <username> [<username> ...]",
  "    Delete a list of users.",
  "DRYRUN <username> <command> [<arg> ...]",
  "    Returns whether the user can execute the given command without executing the command.",
  "GETUSER <username>",
  "    Get the user's details.",
  "GENPASS [<bits>]",
  "    Generate a secure 256-bit user password. The optional `bits` argument can",
  "    be used to specify a different size.",
  "LIST",
  "    Show users details in config file format.",
  "LOAD",
  "    Reload users from the ACL file.",
  "LOG [<count> | RESET]",
  "    Show the ACL log entries.",
  "SAVE",
  "    Save the current config to the ACL file.",
  "SETUSER <username> <attribute> [<attribute> ...]",
  "    Create or modify a user with the specified attributes.",
  "USERS",
  "    List all the registered usernames.",
  "WHOAMI",
  "    Return the current connection username.",
]

const PASSWORD_BITS = 256
const PASSWORD_BITS_MAX = 4096
const LOG_COUNT = 10

const moreArguments = (c: CommandContext): void =>
  c.fail(Errors.unknownSubcommandOrArguments("acl", c.text(1)))

const replyTexts = (c: CommandContext, texts: ReadonlyArray<string>): void => {
  c.out.array(texts.length)
  for (const text of texts) c.out.bulkLatin1(text)
}

const words = (c: CommandContext, from: number): ReadonlyArray<string> =>
  Array.from({ length: c.argc - from }, (_, i) => c.text(from + i))

const cat = (c: CommandContext, { users }: Engine): void => {
  if (c.argc > 3) return moreArguments(c)
  if (c.argc === 2) return replyTexts(c, aclCategories)
  const category = categoryNumber(c.text(2))
  if (category < 0) return c.fail(Errors.aclCategory(c.text(2)))
  replyTexts(
    c,
    users.commands.inCategory(category).map(({ name }) => name),
  )
}

const getUser = (c: CommandContext, { users }: Engine): void => {
  const user = users.find(c.text(2))
  if (user === undefined) return c.out.nil()
  const { out } = c
  const [root, ...others] = user.selectors
  const replySelector = (selector: Selector): void => {
    for (const [name, rules] of [
      ["commands", commandRules(selector, users.commands)],
      ["keys", keyRules(selector)],
      ["channels", channelRules(selector)],
    ] as const) {
      out.bulkText(name)
      out.bulkLatin1(rules.join(" "))
    }
  }
  out.map(6)
  out.bulkText("flags")
  out.set(user.flags.length)
  for (const flag of user.flags) out.bulkText(flag)
  out.bulkText("passwords")
  replyTexts(c, user.passwords)
  replySelector(root)
  out.bulkText("selectors")
  out.array(others.length)
  for (const selector of others) {
    out.map(3)
    replySelector(selector)
  }
}

const genPass = (c: CommandContext, random: SecureBytes): void => {
  if (c.argc > 3) return moreArguments(c)
  const bits = c.argc === 3 ? c.integer(2) : PASSWORD_BITS
  if (Number.isNaN(bits)) return c.fail(Errors.notInteger)
  if (bits <= 0 || bits > PASSWORD_BITS_MAX) return c.fail(Errors.aclGenPassBits)
  c.out.bulkText(randomHex(random, Math.ceil(bits / 4)))
}

/** ACL LOG has one option: RESET. */
const logOptions = options(spec.ACL_LOG)

const log = (c: CommandContext, { aclLog }: Engine): void => {
  if (c.argc > 3) return moreArguments(c)
  const { out } = c
  if (c.argc === 3 && logOptions.at(c, 2) !== 0) {
    aclLog.clear()
    return out.ok()
  }
  const count = c.argc === 3 ? c.integer(2) : LOG_COUNT
  if (Number.isNaN(count)) return c.fail(Errors.notInteger)
  const entries = aclLog.entries.slice(0, Math.max(0, count))
  out.array(entries.length)
  for (const entry of entries) {
    out.map(7)
    out.bulkText("count")
    out.int(entry.count)
    for (const name of ["reason", "context", "object", "username"] as const) {
      out.bulkText(name)
      out.bulkLatin1(entry[name])
    }
    out.bulkText("age-seconds")
    out.double(Math.max(0, c.keyspace.now - entry.time) / 1000)
    out.bulkText("client-info")
    out.bulkLatin1(entry.client)
  }
}

/** The command that the words from the third on would call, be it one that only rules know. */
const commandMeant = (c: CommandContext, { dispatcher, users }: Engine): AclCommand | undefined => {
  const said = c.text(3).toLowerCase()
  const called = users.commands.top.find(({ name }) => dispatcher.table.isCalled(name, said))
  if (called === undefined || called.subcommands.length === 0 || c.argc === 4) return called
  return users.commands.find(`${called.name}|${c.text(4)}`)
}

const dryRun = (c: CommandContext, engine: Engine): void => {
  const user = engine.users.find(c.text(2))
  if (user === undefined) return c.fail(Errors.aclUserNotFound(c.text(2)))
  const cmd = commandMeant(c, engine)
  if (cmd === undefined) return c.fail(Errors.aclCommandNotFound(c.text(3)))
  const given = c.argc - 3
  if (!cmd.spec.arityAllows(given)) return c.fail(Errors.wrongArguments(cmd.name))
  const request = { buf: c.buf, argc: given, argOff: c.argOff.subarray(3), argLen: c.argLen.subarray(3) }
  const { access } = engine.dispatcher.acl
  const verdict = access.check(user, cmd, request)
  if (verdict === ALLOWED) return c.out.ok()
  if (verdict === NO_COMMAND) return c.out.bulkLatin1(Errors.dryRunCommand(cmd.name))
  const [name = ""] = c.text(3 + access.argument).split("\0", 1)
  c.out.bulkLatin1(verdict === NO_KEY ? Errors.dryRunKey(name) : Errors.dryRunChannel(name))
}

const deleteUsers = (c: CommandContext, { users }: Engine): void => {
  const names = words(c, 2)
  if (names.includes(DEFAULT_USER)) return c.fail(Errors.aclDefaultStays)
  c.out.int(users.delete(names, c.session))
}

const setUser = (c: CommandContext, { users }: Engine): void => {
  const error = users.set(c.text(2), words(c, 3), c.session)
  if (error === undefined) c.out.ok()
  else c.fail(error)
}

export const aclCommands = (
  engine: Engine,
  random: SecureBytes,
  file: AclFile | undefined,
): ReadonlyArray<Command> => [
  container(spec.ACL, [
    command(spec.ACL_CAT, (c) => cat(c, engine)),
    command(spec.ACL_DELUSER, (c) => deleteUsers(c, engine)),
    command(spec.ACL_DRYRUN, (c) => dryRun(c, engine)),
    command(spec.ACL_GENPASS, (c) => genPass(c, random)),
    command(spec.ACL_GETUSER, (c) => getUser(c, engine)),
    command(spec.ACL_LIST, (c) => {
      const { users } = engine
      replyTexts(
        c,
        users.all.map((user) => users.describe(user)),
      )
    }),
    command(spec.ACL_LOG, (c) => log(c, engine)),
    command(spec.ACL_SETUSER, (c) => setUser(c, engine)),
    command(spec.ACL_USERS, (c) =>
      replyTexts(
        c,
        engine.users.all.map(({ name }) => name),
      ),
    ),
    command(spec.ACL_WHOAMI, (c) => c.out.bulkLatin1(c.session.user.name)),
    command(spec.ACL_HELP, (c) => replyHelp(c, "ACL", HELP)),
    ...aclFileCommands(engine, file),
  ]),
]
