/** XINFO: what a stream, its groups and their consumers look like. */
import type { Arena, Ref } from "../../memory/Arena.js"
import {
  DELETED_WORD,
  entriesAdded,
  FIRST_WORD,
  headerId,
  LAST_WORD,
  radixNodes,
  StreamRange,
  streamLength,
  streamNodes,
} from "../../memory/stream/Stream.js"
import * as Groups from "../../memory/stream/StreamGroups.js"
import { StreamId } from "../../bytes/StreamId.js"
import { StreamIdTree } from "../../memory/stream/StreamIdTree.js"
import { nameAt, nameCount } from "../../memory/stream/StreamNames.js"
import * as Errors from "../../resp/Errors.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/streams.js"
import { replyCount } from "./streamsPending.js"
import { readStream, replyEntry, replyId, replyName, replyRange } from "./streamsSupport.js"
import { replyHelp } from "../shared/Help.js"

const id = new StreamId()
const lowest = new StreamId()
const highest = new StreamId().setMax()
const range = new StreamRange()
const held = new StreamIdTree()

/** Entries and pending entries that XINFO STREAM FULL shows by itself. */
const FULL_COUNT = 10

/** The stream in argument 2; 0 after an error. */
const existing = (c: CommandContext): Ref => {
  const s = readStream(c, 2)
  if (s === -1) return 0
  if (s === 0) c.fail(Errors.noSuchKey)
  return s
}

const labelledId = (c: CommandContext, label: string, s: Ref, word: number): void => {
  c.out.bulkText(label)
  replyId(c.out, headerId(c.keyspace.arena, s, word, id))
}

const labelledInt = (c: CommandContext, label: string, n: number): void => {
  c.out.bulkText(label)
  c.out.int(n)
}

/** The lines that the short and the full form share. */
const streamLines = (c: CommandContext, a: Arena, s: Ref): void => {
  labelledInt(c, "length", streamLength(a, s))
  labelledInt(c, "radix-tree-keys", streamNodes(a, s))
  labelledInt(c, "radix-tree-nodes", radixNodes(a, s))
  labelledId(c, "last-generated-id", s, LAST_WORD)
  labelledId(c, "max-deleted-entry-id", s, DELETED_WORD)
  c.out.bulkText("entries-added")
  c.out.bigint(BigInt.asIntN(64, entriesAdded(a, s)))
  labelledId(c, "recorded-first-entry-id", s, FIRST_WORD)
}

const edgeEntry = (c: CommandContext, label: string, a: Arena, s: Ref, last: boolean): void => {
  c.out.bulkText(label)
  range.begin(a, s, lowest, highest, last)
  if (range.next()) replyEntry(c.out, range.cursor)
  else c.out.nil()
}

export const stream = (c: CommandContext): void => {
  const s = existing(c)
  if (s === 0) return
  const a = c.keyspace.arena
  if (c.argc > 3) return full(c, a, s)
  c.out.map(10)
  streamLines(c, a, s)
  labelledInt(c, "groups", nameCount(a, Groups.groupsOf(a, s)))
  edgeEntry(c, "first-entry", a, s, false)
  edgeEntry(c, "last-entry", a, s, true)
}

const declared = options(spec.XINFO_STREAM)
const [FULL, COUNT] = declared.bits("FULL", "COUNT")

const full = (c: CommandContext, a: Arena, s: Ref): void => {
  const given = c.argc - 3
  if (
    declared.at(c, 3) !== FULL ||
    (given !== 1 && given !== 3) ||
    (given === 3 && declared.at(c, 4) !== COUNT)
  )
    return c.fail(Errors.unknownSubcommandOrArguments("xinfo", c.text(1)))
  let count = FULL_COUNT
  if (c.argc === 6) {
    count = c.integer(5)
    if (count !== count) return c.fail(Errors.notInteger)
    if (count < 0) count = FULL_COUNT
  }
  c.out.map(9)
  streamLines(c, a, s)
  c.out.bulkText("entries")
  replyRange(c.out, range.begin(a, s, lowest, highest, false), count)
  c.out.bulkText("groups")
  const groups = Groups.groupsOf(a, s)
  eachNamed(c, a, groups, (group) => fullGroup(c, a, s, group, count))
}

/** The lines that XINFO GROUPS and the full form share. */
const position = (c: CommandContext, a: Arena, s: Ref, group: Ref): void => {
  c.out.bulkText("last-delivered-id")
  replyId(c.out, Groups.groupLast(a, group, id))
  c.out.bulkText("entries-read")
  const read = Groups.groupRead(a, group)
  if (read === Groups.READ_UNKNOWN) c.out.nil()
  else c.out.bigint(read)
  c.out.bulkText("lag")
  const lag = Groups.groupLag(a, s, group)
  if (lag === undefined) c.out.nil()
  else c.out.bigint(lag)
}

/** Answers an array with what `show` says of each group or consumer of a directory. */
const eachNamed = (c: CommandContext, a: Arena, dir: Ref, show: (named: Ref) => void): void => {
  const n = nameCount(a, dir)
  c.out.array(n)
  for (let i = 0; i < n; i++) show(nameAt(a, dir, i))
}

const fullGroup = (c: CommandContext, a: Arena, s: Ref, group: Ref, count: number): void => {
  c.out.map(7)
  c.out.bulkText("name")
  replyName(c.out, a, group)
  position(c, a, s, group)
  labelledInt(c, "pel-count", Groups.groupPendingCount(a, group))
  c.out.bulkText("pending")
  pendingLines(c, a, Groups.groupPending(a, group, held), count, true)
  c.out.bulkText("consumers")
  const consumers = Groups.consumersOf(a, group)
  eachNamed(c, a, consumers, (consumer) => {
    c.out.map(4)
    c.out.bulkText("name")
    replyName(c.out, a, consumer)
    labelledInt(c, "seen-time", Groups.seenTime(a, consumer))
    labelledInt(c, "pel-count", Groups.consumerPendingCount(a, consumer))
    c.out.bulkText("pending")
    pendingLines(c, a, Groups.consumerPending(a, consumer, held), count, false)
  })
}

const pendingLines = (
  c: CommandContext,
  a: Arena,
  tree: StreamIdTree,
  count: number,
  withConsumer: boolean,
): void => {
  const mark = c.out.deferredStart()
  let n = 0
  for (let more = tree.first(); more && (count === 0 || n < count); more = tree.next()) {
    const pending = tree.value
    c.out.array(withConsumer ? 4 : 3)
    replyId(c.out, tree.key)
    if (withConsumer) replyName(c.out, a, Groups.pendingConsumer(a, pending))
    c.out.int(Groups.pendingTime(a, pending))
    replyCount(c, pending)
    n++
  }
  c.out.deferredEnd(mark, "array", n)
}

export const groups = (c: CommandContext): void => {
  const s = existing(c)
  if (s === 0) return
  const a = c.keyspace.arena
  const dir = Groups.groupsOf(a, s)
  eachNamed(c, a, dir, (group) => {
    c.out.map(6)
    c.out.bulkText("name")
    replyName(c.out, a, group)
    labelledInt(c, "consumers", nameCount(a, Groups.consumersOf(a, group)))
    labelledInt(c, "pending", Groups.groupPendingCount(a, group))
    position(c, a, s, group)
  })
}

export const consumers = (c: CommandContext): void => {
  const s = existing(c)
  if (s === 0) return
  const a = c.keyspace.arena
  const group = Groups.findGroup(a, s, c.buf, c.argOff[3], c.argLen[3])
  if (group === 0) return c.fail(Errors.noGroupForKey(c.text(3), c.text(2)))
  const dir = Groups.consumersOf(a, group)
  eachNamed(c, a, dir, (consumer) => {
    c.out.map(3)
    c.out.bulkText("name")
    replyName(c.out, a, consumer)
    labelledInt(c, "pending", Groups.consumerPendingCount(a, consumer))
    labelledInt(c, "idle", Math.max(0, c.keyspace.now - Groups.seenTime(a, consumer)))
  })
}

const HELP: ReadonlyArray<string> = [
  "CONSUMERS <key> <groupname>",
  "    Show consumers of <groupname>.",
  "GROUPS <key>",
  "    Show the stream consumer groups.",
  "STREAM <key> [FULL [COUNT <count>]",
  "    Show information about the stream.",
]

export const help = (c: CommandContext): void => replyHelp(c, "XINFO", HELP)
