/** MEMORY. */
import { type Command, command, container } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { replyHelp } from "../shared/Help.js"
import * as spec from "../spec/monitoring.js"
import * as Errors from "../../resp/Errors.js"
import { entryEncoding, entryType, entryValue, STRING_EXTERNAL, TYPE_STRING } from "../../store/Entry.js"
import { valueTypes } from "../../store/types/index.js"
import { humanSize, type MemoryFigures, reservedBytes } from "../../server/MemoryReport.js"
import type { Statistics } from "../../server/Statistics.js"

const HELP: ReadonlyArray<string> = [
  "DOCTOR",
  "    Return memory problems reports.",
  "MALLOC-STATS",
  "    Return internal statistics report from the memory allocator.",
  "PURGE",
  "    Attempt to purge dirty pages for reclamation by the allocator.",
  "STATS",
  "    Return information about the memory usage of the server.",
  "USAGE <key> [SAMPLES <count>]",
  "    Return memory in bytes used by <key> and its value. Nested values are",
  "    sampled up to <count> times (default: 5, 0 means sample all).",
]

const SAMPLES_DEFAULT = 5
/** Mean bytes of a key's place in the keyspace's table. */
const PLACE_BYTES = 8

/** MEMORY USAGE has one option: SAMPLES. */
const declared = options(spec.MEMORY_USAGE)

const usage = (c: CommandContext): void => {
  let samples = SAMPLES_DEFAULT
  for (let i = 3; i < c.argc; i += 2) {
    if (declared.at(c, i) === 0) return c.fail(Errors.syntax)
    samples = c.integer(i + 1)
    if (Number.isNaN(samples)) return c.fail(Errors.notInteger)
    if (samples < 0) return c.fail(Errors.syntax)
  }
  const { arena } = c.keyspace
  const ref = c.db.lookup(c.buf, c.argOff[2], c.argLen[2])
  if (ref === 0) return c.out.nil()
  const type = entryType(arena, ref)
  const encoding = entryEncoding(arena, ref)
  const apart = type !== TYPE_STRING || encoding === STRING_EXTERNAL
  const value = apart ? valueTypes[type].bytes(arena, encoding, entryValue(arena, ref), samples) : 0
  c.out.int(PLACE_BYTES + arena.blockSize(ref) + value)
}

const stats =
  (s: Statistics) =>
  (c: CommandContext): void => {
    const { out } = c
    const m = s.memory.figures()
    const rows = statsRows(m)
    out.map(rows.length + m.databases.length)
    for (const [name, value, kind] of rows.slice(0, OVERHEAD_ROW)) replyRow(c, name, value, kind)
    for (const db of m.databases) {
      out.bulkText(`db.${db.id}`)
      out.map(3)
      replyRow(c, "overhead.hashtable.main", db.main, "int")
      replyRow(c, "overhead.hashtable.expires", db.expires, "int")
      replyRow(c, "overhead.hashtable.slot-to-keys", 0, "int")
    }
    for (const [name, value, kind] of rows.slice(OVERHEAD_ROW)) replyRow(c, name, value, kind)
  }

type Row = readonly [name: string, value: number, kind: "int" | "double"]

const replyRow = ({ out }: CommandContext, name: string, value: number, kind: Row[2]): void => {
  out.bulkText(name)
  if (kind === "int") out.int(value)
  else out.double(Math.fround(value))
}

/** Where Redis lists the databases: before the sum of all overhead. */
const OVERHEAD_ROW = 10

const statsRows = (m: MemoryFigures): ReadonlyArray<Row> => {
  const data = Math.max(0, m.used - m.startup)
  return [
    ["peak.allocated", m.peak, "int"],
    ["total.allocated", m.used, "int"],
    ["startup.allocated", m.startup, "int"],
    ["replication.backlog", m.backlog, "int"],
    ["clients.slaves", m.clientsReplicas, "int"],
    ["clients.normal", m.clientsNormal, "int"],
    ["cluster.links", 0, "int"],
    ["aof.buffer", m.log, "int"],
    ["lua.caches", 0, "int"],
    ["functions.caches", 0, "int"],
    ["overhead.total", m.overhead, "int"],
    ["keys.count", m.keys, "int"],
    ["keys.bytes-per-key", m.keys === 0 ? 0 : Math.floor(data / m.keys), "int"],
    ["dataset.bytes", m.dataset, "int"],
    ["dataset.percentage", data === 0 ? 0 : (m.dataset * 100) / data, "double"],
    ["peak.percentage", (m.used * 100) / m.peak, "double"],
    ["allocator.allocated", m.used, "int"],
    ["allocator.active", m.reserved, "int"],
    ["allocator.resident", m.reserved, "int"],
    ["allocator-fragmentation.ratio", m.reserved / m.used, "double"],
    ["allocator-fragmentation.bytes", m.reserved - m.used, "int"],
    ["allocator-rss.ratio", 1, "double"],
    ["allocator-rss.bytes", 0, "int"],
    ["rss-overhead.ratio", m.rss / m.reserved, "double"],
    ["rss-overhead.bytes", m.rss - m.reserved, "int"],
    ["fragmentation", m.rss / m.used, "double"],
    ["fragmentation.bytes", m.rss - m.used, "int"],
  ]
}

const LITTLE_BYTES = 5 * 1024 * 1024

/** What is worth a word about the memory in use. */
const doctor = (m: MemoryFigures, free: number): string => {
  if (m.dataset < LITTLE_BYTES) {
    return "There is too little data in this server to say anything of its memory. Ask again when there is more.\n"
  }
  const found: Array<string> = []
  if (m.peak > m.used * 1.5) {
    found.push(
      `* Peak: at some time ${humanSize(m.peak)} were in use, now ${humanSize(m.used)}. Memory once used may stay with the process.`,
    )
  }
  if (free > m.dataset * 0.4) {
    found.push(
      `* Gaps: ${humanSize(free)} of the arena lie between live data. New data will use them; 'CONFIG SET activedefrag yes' gives them back.`,
    )
  }
  if (m.rss > m.reserved * 1.4) {
    found.push(
      `* Resident set: ${humanSize(m.rss)}, much more than data and heap together (${humanSize(m.reserved)}).`,
    )
  }
  if (m.clientsNormal > 64 * 1024 * 1024) {
    found.push(`* Clients: their buffers take ${humanSize(m.clientsNormal)}. CLIENT LIST shows whose.`)
  }
  if (m.clientsReplicas > 64 * 1024 * 1024) {
    found.push(`* Replicas: their buffers take ${humanSize(m.clientsReplicas)}; they are slow to read.`)
  }
  return found.length === 0
    ? "No memory problem found.\n"
    : `Found in this server's memory:\n\n${found.join("\n\n")}\n`
}

const mallocStats = ({ engine, facts }: Statistics): string => {
  const { arena } = engine.keyspace
  const { heapTotal, heapUsed, external, rss } = facts.memory()
  return [
    "Arena",
    `  chunks reserved: ${arena.u8.filter((chunk) => chunk.length > 0).length}, ${reservedBytes(engine.keyspace)} bytes`,
    `  live blocks: ${arena.usedBytes} bytes, at most ${arena.usedBytesPeak} so far`,
    `  free pages: ${arena.pagesFree}, let go and not collected yet: ${arena.shared.droppedBytes} bytes`,
    "JavaScript heap",
    `  reserved: ${heapTotal} bytes, used: ${heapUsed} bytes`,
    `  buffers outside: ${external} bytes`,
    `Resident set: ${rss} bytes`,
    "",
  ].join("\n")
}

/** `purge` gives memory back that is held and not needed. */
export const memoryCommands = (s: Statistics): ReadonlyArray<Command> => [
  container(spec.MEMORY, [
    command(spec.MEMORY_USAGE, usage),
    command(spec.MEMORY_STATS, stats(s)),
    command(spec.MEMORY_DOCTOR, (c) => {
      const free = reservedBytes(c.keyspace) - c.keyspace.arena.usedBytes
      c.out.verbatim("txt", doctor(s.memory.figures(), free))
    }),
    command(spec.MEMORY_MALLOC_STATS, (c) => c.out.verbatim("txt", mallocStats(s))),
    command(spec.MEMORY_PURGE, (c) => {
      s.purge()
      c.out.ok()
    }),
    command(spec.MEMORY_HELP, (c) => replyHelp(c, "MEMORY", HELP)),
  ]),
]
