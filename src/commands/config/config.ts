/** CONFIG: reading and changing the configuration of the running server. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as FileSystem from "effect/FileSystem"
import type { Command } from "../../engine/Command.js"
import { command, container } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { eventFlags } from "../../engine/KeyEvents.js"
import { replyHelp } from "../shared/Help.js"
import * as spec from "../spec/configuration.js"
import { configSet, type ConfigState, rewriteConfigFile } from "../../config/index.js"
import * as Errors from "../../resp/Errors.js"
import type { Engine } from "../../engine/Engine.js"
import type { DebugSubcommand } from "../debug/DebugSubcommand.js"

const HELP: ReadonlyArray<string> = [
  "GET <pattern>",
  "    Return parameters matching the glob-like <pattern> and their values.",
  "SET <directive> <value>",
  "    Set the configuration <directive> to <value>.",
  "RESETSTAT",
  "    Reset statistics reported by the INFO command.",
  "REWRITE",
  "    Rewrite the configuration file.",
]

const OK = Buffer.from("+OK\r\n", "latin1")

const errorReply = (text: string): Uint8Array => Buffer.from(`-${text}\r\n`, "latin1")

/** A bulk string of a text that has a character a byte. */
const bulkBytes = (c: CommandContext, text: string): void => {
  const bytes = Buffer.from(text, "latin1")
  c.out.bulk(bytes, 0, bytes.length)
}

/** The users that the file is to declare: none where they have a file of their own. */
const usersOf = ({ users }: Engine, { values }: ConfigState): ReadonlyArray<string> =>
  values.aclfile === "" ? users.configLines : []

type WithFiles = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem>) => Effect.Effect<A, E>

/** DEBUG CONFIG-REWRITE-FORCE-ALL. */
export const debugRewriteAll = (
  engine: Engine,
  config: ConfigState,
  withFiles: WithFiles,
): DebugSubcommand => {
  const failed = (reason: string): string => `ERR CONFIG-REWRITE-FORCE-ALL failed: ${reason}`
  return {
    name: "CONFIG-REWRITE-FORCE-ALL",
    arguments: [0, 0],
    help: [
      "CONFIG-REWRITE-FORCE-ALL",
      "    As CONFIG REWRITE, but every option is written, also those that are at their",
      "    default and have no line in the file.",
    ],
    run: (c) => {
      // What redis-server makes of a file that has no name.
      if (config.configFile === "") return c.fail(failed("Bad address"))
      const writing = withFiles(
        rewriteConfigFile(config, { force: true, users: usersOf(engine, config) }),
      ).pipe(Effect.match({ onSuccess: () => OK, onFailure: ({ reason }) => errorReply(failed(reason)) }))
      const written = engine.background(writing)
      if (!c.denyBlocking) return Fiber.join(written)
      c.out.ok()
    },
  }
}

const isLocal = (address: string): boolean =>
  address.startsWith("127.") || address.startsWith("[::1]") || address.startsWith("/")

export const configCommands = (
  engine: Engine,
  config: ConfigState,
  withFiles: WithFiles,
): ReadonlyArray<Command> => {
  const get = (c: CommandContext): void => {
    const patterns: Array<string> = []
    for (let i = 2; i < c.argc; i++) patterns.push(c.text(i))
    const found = config.configGet(patterns)
    c.out.map(found.length)
    for (const [name, value] of found) {
      bulkBytes(c, name)
      bulkBytes(c, value)
    }
  }

  const set = (c: CommandContext): void | Effect.Effect<Uint8Array> => {
    if (c.argc % 2 !== 0) return c.fail(Errors.syntax)
    const pairs: Array<readonly [string, string]> = []
    for (let i = 2; i < c.argc; i += 2) pairs.push([c.text(i), c.text(i + 1)])
    const { loading, asyncLoading } = engine.gates
    const options = {
      local: isLocal(c.session.address),
      loading: loading || asyncLoading ? Errors.loading : undefined,
    }
    // Only `dir` needs to ask the file system, and listeners take time; everything else is settled here and now.
    const takesTime = pairs.some(([name]) => name.toLowerCase() === "dir" || config.takesTime(name))
    if (!takesTime || c.denyBlocking) {
      const result = config.configSet(pairs, options)
      return result.ok ? c.out.ok() : c.fail(result.error)
    }
    const setting = withFiles(configSet(config, pairs, options)).pipe(
      Effect.map((result) => (result.ok ? OK : errorReply(result.error))),
    )
    // In the background: it is done also when the client has gone.
    return Fiber.join(engine.background(setting))
  }

  const rewrite = (c: CommandContext): void | Effect.Effect<Uint8Array> => {
    const writing = withFiles(rewriteConfigFile(config, { users: usersOf(engine, config) })).pipe(
      Effect.tap(() => Effect.logWarning("CONFIG REWRITE executed with success.")),
      Effect.tapError((error) =>
        config.configFile === "" ? Effect.void : Effect.logWarning(`CONFIG REWRITE failed: ${error.reason}`),
      ),
      Effect.match({ onSuccess: () => OK, onFailure: (error) => errorReply(error.reply) }),
    )
    if (!c.denyBlocking) return Fiber.join(engine.background(writing))
    // Inside a transaction nothing waits: the file is written after it, and its outcome goes to the log.
    if (config.configFile === "") return c.fail("ERR The server is running without a config file")
    engine.background(writing)
    c.out.ok()
  }

  config.onChange("notify-keyspace-events", () => {
    engine.events.flags = eventFlags(config.values.notifyKeyspaceEvents)
    return undefined
  })

  return [
    container(spec.CONFIG, [
      command(spec.CONFIG_GET, get),
      command(spec.CONFIG_SET, set),
      command(spec.CONFIG_RESETSTAT, (c) => {
        engine.resetStats()
        c.out.ok()
      }),
      command(spec.CONFIG_REWRITE, rewrite),
      command(spec.CONFIG_HELP, (c) => replyHelp(c, "CONFIG", HELP)),
    ]),
  ]
}
