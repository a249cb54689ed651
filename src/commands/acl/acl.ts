/** ACL, for the one user there is: "default", who may do everything, with or without a password (requirepass). */
import * as Redacted from "effect/Redacted"
import { type Command, command, container } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { sha256Hex } from "../../bytes/Sha256.js"
import { options } from "../../engine/Options.js"
import { replyHelp } from "../shared/Help.js"
import * as spec from "../spec/acl.js"
import { aclCategories } from "../../engine/declare/CommandSpec.js"
import * as Errors from "../../resp/Errors.js"
import type { AclLog } from "../../engine/clients/AclLog.js"
import type { Engine } from "../../engine/Engine.js"
import { randomHex, type SecureBytes } from "../../engine/world/SecureRandom.js"
import { secretIsSet } from "../../engine/Settings.js"

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

const USER = "default"
const PASSWORD_BITS = 256
const PASSWORD_BITS_MAX = 4096
const LOG_COUNT = 10

/** The password as ACL files hold it; undefined without one. */
const passwordHash = (c: CommandContext): string | undefined => {
  const { requirepass } = c.settings
  if (!secretIsSet(requirepass)) return undefined
  return sha256Hex(Buffer.from(Redacted.value(requirepass), "latin1"))
}

const moreArguments = (c: CommandContext): void =>
  c.fail(Errors.unknownSubcommandOrArguments("acl", c.text(1)))

/** Commands that can be run: a container only if it runs by itself. */
const categoryOf = (engine: Engine, category: string): ReadonlyArray<string> =>
  engine.dispatcher.table.commands
    .flatMap((cmd) => {
      const inner = [...(cmd.subcommands?.values() ?? [])]
      return inner.length > 0 && !cmd.spec.arityAllows(1) ? inner : [cmd, ...inner]
    })
    .filter((cmd) => cmd.spec.acl.some((name) => name === category))
    .map((cmd) => cmd.name)

const cat = (engine: Engine) => (c: CommandContext) => {
  if (c.argc > 3) return moreArguments(c)
  if (c.argc === 3) {
    const category = c.text(2).toLowerCase()
    if (!aclCategories.some((name) => name === category)) return c.fail(`ERR Unknown category '${c.text(2)}'`)
    const names = categoryOf(engine, category)
    c.out.array(names.length)
    for (const name of names) c.out.bulkText(name)
    return
  }
  c.out.array(aclCategories.length)
  for (const name of aclCategories) c.out.bulkText(name)
}

const getUser = (c: CommandContext): void => {
  if (c.text(2) !== USER) return c.out.nil()
  const { out } = c
  const hash = passwordHash(c)
  out.map(6)
  out.bulkText("flags")
  out.set(hash === undefined ? 2 : 1)
  out.bulkText("on")
  if (hash === undefined) out.bulkText("nopass")
  out.bulkText("passwords")
  out.array(hash === undefined ? 0 : 1)
  if (hash !== undefined) out.bulkText(hash)
  for (const [name, rule] of [
    ["commands", "+@all"],
    ["keys", "~*"],
    ["channels", "&*"],
  ] as const) {
    out.bulkText(name)
    out.bulkText(rule)
  }
  out.bulkText("selectors")
  out.emptyArray()
}

const list = (c: CommandContext): void => {
  const hash = passwordHash(c)
  c.out.array(1)
  c.out.bulkText(`user ${USER} on ${hash === undefined ? "nopass" : `#${hash}`} ~* &* +@all`)
}

const genPass =
  (random: SecureBytes) =>
  (c: CommandContext): void => {
    if (c.argc > 3) return moreArguments(c)
    const bits = c.argc === 3 ? c.integer(2) : PASSWORD_BITS
    if (Number.isNaN(bits)) return c.fail(Errors.notInteger)
    if (bits <= 0 || bits > PASSWORD_BITS_MAX) {
      return c.fail(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096",
      )
    }
    const digits = Math.ceil(bits / 4)
    c.out.bulkText(randomHex(random, digits))
  }

/** ACL LOG has one option: RESET. */
const logOptions = options(spec.ACL_LOG)

const log = (aclLog: AclLog) => (c: CommandContext) => {
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
    for (const [name, value] of [
      ["reason", "auth"],
      ["context", entry.context],
      ["object", entry.object],
      ["username", entry.username],
    ] as const) {
      out.bulkText(name)
      out.bulkText(value)
    }
    out.bulkText("age-seconds")
    out.double(Math.max(0, c.keyspace.now - entry.time) / 1000)
    out.bulkText("client-info")
    out.bulkText(entry.client)
  }
}

const dryRun = (engine: Engine) => (c: CommandContext) => {
  if (c.text(2) !== USER) return c.fail(`ERR User '${c.text(2)}' not found`)
  let cmd = engine.dispatcher.table.byName(c.text(3).toLowerCase())
  if (cmd?.subcommands !== undefined && c.argc > 4) cmd = cmd.subcommands.get(c.text(4).toLowerCase())
  if (cmd === undefined) return c.fail(`ERR Command '${c.text(3)}' not found`)
  const given = c.argc - 3
  if (cmd.arity > 0 ? given !== cmd.arity : given < -cmd.arity) return c.fail(Errors.wrongArguments(cmd.name))
  c.out.ok()
}

const deleteUsers = (c: CommandContext): void => {
  for (let i = 2; i < c.argc; i++) {
    if (c.text(i) === USER) return c.fail("ERR The 'default' user cannot be removed")
  }
  c.out.zero()
}

const NO_FILE =
  "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration."
const ONE_USER =
  "ERR Redix has one user, 'default', and it may do everything; its password is set with CONFIG SET requirepass"

export const aclCommands = (engine: Engine, random: SecureBytes): ReadonlyArray<Command> => [
  container(spec.ACL, [
    command(spec.ACL_CAT, cat(engine)),
    command(spec.ACL_DELUSER, deleteUsers),
    command(spec.ACL_DRYRUN, dryRun(engine)),
    command(spec.ACL_GENPASS, genPass(random)),
    command(spec.ACL_GETUSER, getUser),
    command(spec.ACL_LIST, list),
    command(spec.ACL_LOAD, (c) => c.fail(NO_FILE)),
    command(spec.ACL_LOG, log(engine.aclLog)),
    command(spec.ACL_SAVE, (c) => c.fail(NO_FILE)),
    command(spec.ACL_SETUSER, (c) => c.fail(ONE_USER)),
    command(spec.ACL_USERS, (c) => {
      c.out.array(1)
      c.out.bulkText(USER)
    }),
    command(spec.ACL_WHOAMI, (c) => c.out.bulkText(c.session.user)),
    command(spec.ACL_HELP, (c) => replyHelp(c, "ACL", HELP)),
  ]),
]
