/** OBJECT: how a key is stored and when it was last used. None of it counts as a use. */
import type { Ref } from "../../memory/Arena.js"
import { parseSafeInteger } from "../../bytes/Numbers.js"
import * as Errors from "../../resp/Errors.js"
import {
  encodingName,
  entryClock,
  entryEncoding,
  entryType,
  STRING_INT,
  stringChunk,
  stringLength,
  stringOffset,
  TYPE_STRING,
} from "../../store/Entry.js"
import { countNow, idleSeconds } from "../../store/eviction/AccessClock.js"
import { policies } from "../../store/eviction/Policy.js"
import type { Command } from "../../engine/Command.js"
import { command, container } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { replyHelp } from "../shared/Help.js"
import * as spec from "../spec/generic.js"

/** Integers from 0 to this minus one are shared objects in Redis, whose count of references stands still. */
const SHARED_INTEGERS = 10000
const SHARED_REFERENCES = 2147483647

/** The entry of the key in argument 2, counted as hit or miss; 0 after answering null. */
const lookup = (c: CommandContext): Ref => {
  const ref = c.db.lookup(c.buf, c.argOff[2], c.argLen[2])
  if (ref !== 0) {
    c.keyspace.stats.keyspaceHits++
    return ref
  }
  c.keyspace.stats.keyspaceMisses++
  c.out.nil()
  return 0
}

const encoding = (c: CommandContext): void => {
  const ref = lookup(c)
  if (ref === 0) return
  const a = c.keyspace.arena
  c.out.bulkText(encodingName(entryType(a, ref), entryEncoding(a, ref)))
}

const refCount = (c: CommandContext): void => {
  const ref = lookup(c)
  if (ref === 0) return
  const a = c.keyspace.arena
  let shared = false
  if (entryType(a, ref) === TYPE_STRING && entryEncoding(a, ref) === STRING_INT) {
    const n = parseSafeInteger(stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref))
    // What is counted by its use cannot be shared.
    const order = policies[c.settings.maxmemoryPolicy]?.order
    const counted = c.settings.maxmemory > 0 && (order === "lru" || order === "lfu")
    shared = n >= 0 && n < SHARED_INTEGERS && !counted
  }
  c.out.int(shared ? SHARED_REFERENCES : 1)
}

const idleTime = (c: CommandContext): void => {
  const ref = lookup(c)
  if (ref === 0) return
  if (c.keyspace.frequencies) return c.fail(Errors.noLru)
  c.out.int(idleSeconds(entryClock(c.keyspace.arena, ref), c.keyspace.now))
}

const freq = (c: CommandContext): void => {
  const ref = lookup(c)
  if (ref === 0) return
  if (!c.keyspace.frequencies) return c.fail(Errors.noLfu)
  const { arena, now, frequencyDecay } = c.keyspace
  c.out.int(countNow(entryClock(arena, ref), now, frequencyDecay))
}

const HELP: ReadonlyArray<string> = [
  "ENCODING <key>",
  "    Return the kind of internal representation used in order to store the value",
  "    associated with a <key>.",
  "FREQ <key>",
  "    Return the access frequency index of the <key>. The returned integer is",
  "    proportional to the logarithm of the recent access frequency of the key.",
  "IDLETIME <key>",
  "    Return the idle time of the <key>, that is the approximated number of",
  "    seconds elapsed since the last access to the key.",
  "REFCOUNT <key>",
  "    Return the number of references of the value associated with the specified",
  "    <key>.",
]

export const objectCommand: Command = container(spec.OBJECT, [
  command(spec.OBJECT_ENCODING, encoding),
  command(spec.OBJECT_REFCOUNT, refCount),
  command(spec.OBJECT_IDLETIME, idleTime),
  command(spec.OBJECT_FREQ, freq),
  command(spec.OBJECT_HELP, (c) => replyHelp(c, "OBJECT", HELP)),
])
