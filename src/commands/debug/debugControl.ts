/** DEBUG subcommands that make the server do something: wait, expire or not, fill itself, crash. */
import type { CommandContext } from "../../engine/CommandContext.js"
import { globMatch } from "../../bytes/Glob.js"
import { parseDoubleLax } from "../../bytes/Numbers.js"
import * as Errors from "../../resp/Errors.js"
import { parseBytes } from "../../config/Kinds.js"
import { STRING_EMBSTR, STRING_RAW } from "../../store/Entry.js"
import type { Engine } from "../../engine/Engine.js"
import type { Crash, ProcessFacts } from "../../engine/world/ProcessInfo.js"
import type { DebugSubcommand } from "./DebugSubcommand.js"

const EMBSTR_BYTES_MAX = 44
const PLAIN_FROM_DEFAULT = 1 << 30
const PLAIN_FROM_MAX = 4n * 1024n ** 3n - 1n

/** A number as C's atoi reads it: 0 for none. */
const lenient = (c: CommandContext, i: number): number => parseInt(c.text(i), 10) || 0

const populate = (c: CommandContext): void => {
  const count = c.integer(2)
  if (!(count >= 0)) return c.fail(Errors.mustBePositive)
  const prefix = c.argc > 3 ? c.text(3) : "key"
  const size = c.argc > 4 ? c.integer(4) : 0
  if (!(size >= 0)) return c.fail(Errors.mustBePositive)
  const { db } = c
  for (let i = 0; i < count; i++) {
    const key = Buffer.from(`${prefix}:${i}`, "latin1")
    if (db.lookupWrite(key, 0, key.length) !== 0) continue
    const text = Buffer.from(`value:${i}`, "latin1")
    const value = size === 0 ? text : Buffer.alloc(size)
    if (size > 0) text.copy(value, 0, 0, Math.min(size, text.length))
    const encoding = value.length <= EMBSTR_BYTES_MAX ? STRING_EMBSTR : STRING_RAW
    db.putString(0, key, 0, key.length, value, 0, value.length, encoding, false)
    c.events.modified(db, key, 0, key.length)
  }
  c.out.ok()
}

const packedThreshold = (c: CommandContext): void => {
  const bytes = parseBytes(c.text(2))
  if (bytes === undefined || bytes > PLAIN_FROM_MAX)
    return c.fail("ERR argument must be a memory value bigger than 1 and smaller than 4gb")
  c.keyspace.listLimits.plainFrom = bytes === 0n ? PLAIN_FROM_DEFAULT : Number(bytes)
  c.out.ok()
}

const replicate = (c: CommandContext): void => {
  if (c.replicating) {
    const args = Array.from({ length: c.argc - 2 }, (_, i) => c.bytes(i + 2))
    c.propagation.also(-1, ...args)
  }
  c.out.ok()
}

const crash =
  (facts: ProcessFacts, how: Crash) =>
  (c: CommandContext): void => {
    if (facts.crash === undefined)
      return c.fail("ERR this server is part of another program and may not end it")
    facts.crash(how, "DEBUG was asked to crash the server")
  }

const crashes = (facts: ProcessFacts): ReadonlyArray<DebugSubcommand> => [
  {
    name: "ASSERT",
    arguments: [0, 0],
    help: ["ASSERT", "    Crash by assertion failed."],
    run: crash(facts, "assert"),
  },
  {
    name: "OOM",
    arguments: [0, 0],
    help: ["OOM", "    Crash the server simulating an out-of-memory error."],
    run: crash(facts, "oom"),
  },
  {
    name: "PANIC",
    arguments: [0, 0],
    help: ["PANIC", "    Crash the server simulating a panic."],
    run: crash(facts, "panic"),
  },
  {
    name: "SEGFAULT",
    arguments: [0, 0],
    help: ["SEGFAULT", "    Crash the server with sigsegv."],
    run: crash(facts, "segfault"),
  },
]

/** Refused with the reason instead of an answer that means nothing here. */
const refused = (name: string, reason: string): DebugSubcommand => ({
  name,
  arguments: [0, Infinity],
  help: [],
  run: (c) => c.fail(`ERR DEBUG ${name}: ${reason}`),
})

const refusals: ReadonlyArray<DebugSubcommand> = [
  refused("RESTART", "Redix does not restart itself; let a service manager do it"),
  refused("CRASH-AND-RECOVER", "Redix does not restart itself; let a service manager do it"),
  refused("STRUCTSIZE", "there are no C structures to measure"),
  refused("SDSLEN", "strings are not stored as SDS; see MEMORY USAGE"),
  refused("LEAK", "memory is not leaked on purpose"),
  refused("MALLCTL", "the allocator has no such settings"),
  refused("MALLCTL-STR", "the allocator has no such settings"),
]

/** How the server goes on: stopped for a while, without deleting expired keys, without its clock. */
const pacing = (engine: Engine, facts: ProcessFacts): ReadonlyArray<DebugSubcommand> => [
  {
    name: "SLEEP",
    arguments: [1, 1],
    help: ["SLEEP <seconds>", "    Stop the server for <seconds>. Decimals allowed."],
    run: (c) => {
      const seconds = parseDoubleLax(c.buf, c.argOff[2], c.argLen[2])
      if (seconds > 0) facts.freeze(seconds * 1000)
      // The batch's time is as old as the sleep is long; what expired meanwhile is gone for the next command.
      c.keyspace.now = engine.clock.currentTimeMillisUnsafe()
      c.out.ok()
    },
  },
  {
    name: "SET-ACTIVE-EXPIRE",
    arguments: [1, 1],
    help: [
      "SET-ACTIVE-EXPIRE <0|1>",
      "    Setting it to 0 disables expiring keys in background when they are not",
      "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
      "    default.",
    ],
    run: (c) => {
      c.keyspace.activeExpiry = lenient(c, 2) !== 0
      c.out.ok()
    },
  },
  {
    name: "PAUSE-CRON",
    arguments: [1, 1],
    help: ["PAUSE-CRON <0|1>", "    Stop periodic cron job processing."],
    run: (c) => {
      engine.cronPaused = lenient(c, 2) !== 0
      c.out.ok()
    },
  },
]

/** What is not about the server's own pace: data, replication, log. */
const tools = (engine: Engine): ReadonlyArray<DebugSubcommand> => [
  {
    name: "STRINGMATCH-LEN",
    arguments: [2, 2],
    help: [
      "STRINGMATCH-LEN <pattern> <string>",
      "    Whether the glob-style pattern matches the string: 1 or 0.",
    ],
    run: (c) => {
      const matches = globMatch(c.buf, c.argOff[2], c.argLen[2], c.buf, c.argOff[3], c.argLen[3], false)
      c.out.int(matches ? 1 : 0)
    },
  },
  {
    name: "LOG",
    arguments: [1, 1],
    help: ["LOG <message>", "    Write <message> to the server log."],
    run: (c) => {
      engine.logger.warning(`DEBUG LOG: ${c.utf8(2)}`)
      c.out.ok()
    },
  },
  {
    name: "POPULATE",
    arguments: [1, 3],
    help: [
      "POPULATE <count> [<prefix>] [<size>]",
      "    Create <count> string keys named key:<num>. If <prefix> is specified then",
      "    it is used instead of the 'key' prefix. These are not propagated to",
      "    replicas.",
    ],
    run: populate,
  },
  {
    name: "QUICKLIST-PACKED-THRESHOLD",
    arguments: [1, 1],
    help: [
      "QUICKLIST-PACKED-THRESHOLD <size>",
      "    Sets the threshold for elements to be inserted as plain vs packed nodes",
      "    Default value is 1GB, allows values up to 4GB. Setting to 0 restores to default.",
    ],
    run: packedThreshold,
  },
  {
    name: "REPLICATE",
    arguments: [1, Infinity],
    help: ["REPLICATE <string>", "    Replicates the provided string to replicas, allowing data divergence."],
    run: replicate,
  },
]

export const debugControl = (engine: Engine, facts: ProcessFacts): ReadonlyArray<DebugSubcommand> => [
  ...crashes(facts),
  ...refusals,
  ...pacing(engine, facts),
  ...tools(engine),
]
