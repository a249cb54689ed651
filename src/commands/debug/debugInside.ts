/** DEBUG subcommands that look at how data is stored: OBJECT, LISTPACK, QUICKLIST, HTSTATS, HTSTATS-KEY, CHECK-INVARIANTS. */
import { byteOf, chunkOf } from "../../memory/Ref.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import type { Arena, Ref } from "../../memory/Arena.js"
import { HashTable } from "../../memory/table/HashTable.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { parseSafeInteger } from "../../bytes/Numbers.js"
import * as Quicklist from "../../memory/list/Quicklist.js"
import { walkList } from "../../memory/list/QuicklistWalk.js"
import { dumpPayload } from "../../rdb/DumpPayload.js"
import { DUMP_FOOTER_BYTES } from "../../rdb/decode/RdbDecoderDump.js"
import * as Errors from "../../resp/Errors.js"
import {
  encodingName,
  entryClock,
  entryEncoding,
  entryType,
  entryValue,
  HASH_HASHTABLE,
  HASH_LISTPACK,
  SET_HASHTABLE,
  STRING_INT,
  stringChunk,
  stringLength,
  stringOffset,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STRING,
  TYPE_ZSET,
  ZSET_LISTPACK,
  ZSET_SKIPLIST,
} from "../../store/Entry.js"
import { idleSeconds } from "../../store/eviction/AccessClock.js"
import type { Engine } from "../../engine/Engine.js"
import type { DebugSubcommand } from "./DebugSubcommand.js"

const SHARED_INTEGERS = 10000
const SHARED_REFERENCES = 2147483647
/** The type byte in front of a dumped value. */
const TYPE_BYTES = 1

/** The entry of the key in argument 2, expired or not and without counting as use; 0 after the error reply. */
const entryOf = (c: CommandContext): Ref => {
  const ref = c.db.table.find(c.buf, c.argOff[2], c.argLen[2])
  if (ref === 0) c.fail(Errors.noSuchKey)
  return ref
}

/** Redis shares the objects of small integers, and says so with this count. */
const references = (a: Arena, ref: Ref): number => {
  if (entryType(a, ref) !== TYPE_STRING || entryEncoding(a, ref) !== STRING_INT) return 1
  const n = parseSafeInteger(stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref))
  return n >= 0 && n < SHARED_INTEGERS ? SHARED_REFERENCES : 1
}

const listFields = (c: CommandContext, list: Ref): string => {
  const { arena } = c.keyspace
  const nodes = Quicklist.nodes(arena, list)
  let bytes = 0
  walkList(arena, list, (_u8, _off, len) => {
    bytes += len
  })
  const mean = Quicklist.length(arena, list) / nodes
  return ` ql_nodes:${nodes} ql_avg_node:${mean.toFixed(2)} ql_listpack_max:${c.settings.listMaxListpackSize} ql_compressed:${c.settings.listCompressDepth === 0 ? 0 : 1} ql_uncompressed_size:${bytes}`
}

const object =
  (compression: () => boolean) =>
  (c: CommandContext): void => {
    const ref = entryOf(c)
    if (ref === 0) return
    const { arena } = c.keyspace
    const clock = entryClock(arena, ref)
    const bytes = dumpPayload(arena, ref, compression()).length - DUMP_FOOTER_BYTES - TYPE_BYTES
    const idle = idleSeconds(clock, c.keyspace.now)
    const type = entryType(arena, ref)
    const value = type === TYPE_STRING ? ref : entryValue(arena, ref)
    const text =
      `Value at:0x${(value >>> 0).toString(16)} refcount:${references(arena, ref)} ` +
      `encoding:${encodingName(type, entryEncoding(arena, ref))} serializedlength:${bytes} lru:${clock} lru_seconds_idle:${idle}`
    c.out.simple(type === TYPE_LIST ? text + listFields(c, value) : text)
  }

// ---- packed structures, shown in the log

/** The elements of a listpack, one a line. */
const listpackLines = (u8: Uint8Array, base: number): ReadonlyArray<string> => {
  const lines = [`{total bytes ${Listpack.byteLength(u8, base)}} {num entries ${Listpack.count(u8, base)}}`]
  let index = 0
  for (let p = Listpack.first(u8, base); p >= 0; p = Listpack.next(u8, p), index++) {
    Listpack.get(u8, p)
    const { src, off, len } = Listpack.lpv
    const text = JSON.stringify(Buffer.from(src.subarray(off, off + Math.min(len, 40))).toString("latin1"))
    lines.push(
      `{offset: ${p - base}, index: ${index}, bytes: ${Listpack.after(u8, p) - p}, length: ${len}} ${text}`,
    )
  }
  return lines
}

const show = (engine: Engine, lines: ReadonlyArray<string>): void => engine.logger.notice(lines.join("\n"))

const listpack = (engine: Engine) => (c: CommandContext) => {
  const ref = entryOf(c)
  if (ref === 0) return
  const { arena } = c.keyspace
  const type = entryType(arena, ref)
  const encoding = entryEncoding(arena, ref)
  const packed =
    (type === TYPE_HASH && encoding === HASH_LISTPACK) || (type === TYPE_ZSET && encoding === ZSET_LISTPACK)
  if (!packed) return c.fail("ERR Not a listpack encoded object.")
  const value = entryValue(arena, ref)
  show(engine, listpackLines(arena.u8[chunkOf(value)], byteOf(value)))
  c.out.simple("Listpack structure printed on stdout")
}

const quicklist = (engine: Engine) => (c: CommandContext) => {
  const ref = entryOf(c)
  if (ref === 0) return
  const { arena } = c.keyspace
  if (entryType(arena, ref) !== TYPE_LIST) return c.fail("ERR Not a quicklist encoded object.")
  const list = entryValue(arena, ref)
  const full = c.argc > 3 && c.integer(3) !== 0
  const lines = [`{elements: ${Quicklist.length(arena, list)}} {nodes: ${Quicklist.nodes(arena, list)}}`]
  walkList(arena, list, (u8, off, len, plain) => {
    lines.push(`{node: ${plain ? "plain" : "listpack"}, bytes: ${len}}`)
    if (full && !plain) lines.push(...listpackLines(u8, off))
  })
  show(engine, lines)
  c.out.simple("Quicklist structure printed on stdout")
}

// ---- hash tables

/** What Redis prints of a dictionary, of one of our tables: chains are the entries of a bucket. */
const tableReport = (table: HashTable): string => {
  if (table.count === 0) {
    return "Hash table 0 stats (main hash table):\nNo stats available for empty dictionaries\n"
  }
  const lengths = new Map<number, number>()
  const buckets = table.bucketCount
  for (let b = 0; b < buckets; b++) {
    let n = 0
    table.forEachInBucket(b, () => n++)
    lengths.set(n, (lengths.get(n) ?? 0) + 1)
  }
  const used = buckets - (lengths.get(0) ?? 0)
  const mean = (table.count / used).toFixed(2)
  const rows = [...lengths]
    .sort(([a], [b]) => a - b)
    .map(([n, count]) => `   ${n}: ${count} (${((count / buckets) * 100).toFixed(2)}%)`)
  return [
    "Hash table 0 stats (main hash table):",
    ` table size: ${buckets}`,
    ` number of elements: ${table.count}`,
    ` different slots: ${used}`,
    ` max chain length: ${Math.max(...lengths.keys())}`,
    ` avg chain length (counted): ${mean}`,
    ` avg chain length (computed): ${mean}`,
    " Chain length distribution:",
    ...rows,
    "",
  ].join("\n")
}

const htstats = (c: CommandContext): void => {
  const index = c.integer(2)
  if (Number.isNaN(index)) return c.fail(Errors.notInteger)
  if (index < 0 || index >= c.keyspace.present.count) return c.fail("ERR Out of range database")
  const db = c.keyspace.database(index)
  const expires =
    db.expires === 0
      ? "Hash table 0 stats (main hash table):\nNo stats available for empty dictionaries\n"
      : `Timer wheel:\n number of elements: ${db.expires}\n`
  c.out.verbatim("txt", `[Dictionary HT]\n${tableReport(db.table)}[Expires HT]\n${expires}`)
}

const htstatsKey = (c: CommandContext): void => {
  const ref = entryOf(c)
  if (ref === 0) return
  const { arena } = c.keyspace
  const type = entryType(arena, ref)
  const encoding = entryEncoding(arena, ref)
  const hashed =
    (type === TYPE_HASH && encoding === HASH_HASHTABLE) ||
    (type === TYPE_SET && encoding === SET_HASHTABLE) ||
    (type === TYPE_ZSET && encoding === ZSET_SKIPLIST)
  if (!hashed)
    return c.fail("ERR The value stored at the specified key is not represented using an hash table")
  c.out.verbatim("txt", tableReport(new HashTable(arena).attach(entryValue(arena, ref))))
}

// ---- everything

/** Redix's own: answers OK, or tells the first invariant that does not hold. */
const checkInvariants = (engine: Engine) => (c: CommandContext) => {
  try {
    engine.checkInvariants()
  } catch (defect) {
    return c.fail(`ERR invariant broken: ${defect instanceof Error ? defect.message : String(defect)}`)
  }
  c.out.ok()
}

export const debugInside = (
  engine: Engine,
  settings: { readonly rdbcompression: boolean },
): ReadonlyArray<DebugSubcommand> => [
  {
    name: "CHECK-INVARIANTS",
    arguments: [0, 0],
    help: [
      "CHECK-INVARIANTS",
      "    Check every structure of the server and account for every block of memory.",
    ],
    run: checkInvariants(engine),
  },
  {
    name: "HTSTATS",
    arguments: [1, 1],
    help: ["HTSTATS <dbid>", "    Return hash table statistics of the specified Redis database."],
    run: htstats,
  },
  {
    name: "HTSTATS-KEY",
    arguments: [1, 1],
    help: ["HTSTATS-KEY <key>", "    Like HTSTATS but for the hash table stored at <key>'s value."],
    run: htstatsKey,
  },
  {
    name: "OBJECT",
    arguments: [1, 1],
    help: ["OBJECT <key>", "    Show low level info about `key` and associated value."],
    run: object(() => settings.rdbcompression),
  },
  {
    name: "LISTPACK",
    arguments: [1, 1],
    help: ["LISTPACK <key>", "    Show low level info about the listpack encoding of <key>."],
    run: listpack(engine),
  },
  {
    name: "QUICKLIST",
    arguments: [1, 2],
    help: [
      "QUICKLIST <key> [<0|1>]",
      "    Show low level info about the quicklist encoding of <key>.",
      "    The optional argument (0 by default) sets the level of detail",
    ],
    run: quicklist(engine),
  },
]
