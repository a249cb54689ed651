/** XCLAIM and XAUTOCLAIM: handing pending entries to another consumer. */
import type { Ref } from "../../memory/Arena.js"
import { StreamRange } from "../../memory/stream/Stream.js"
import * as Groups from "../../memory/stream/StreamGroups.js"
import { ID_INVALID, parseId, StreamId } from "../../bytes/StreamId.js"
import { StreamIdTree } from "../../memory/stream/StreamIdTree.js"
import * as Errors from "../../resp/Errors.js"
import { entryValue, TYPE_STREAM } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/streams.js"
import { logClaim, logGroupPosition, type Reader, theConsumer } from "./streamsDelivery.js"
import { idArgument, idBytes, intervalStartArgument, replyEntry, replyId } from "./streamsSupport.js"

const id = new StreamId()
const range = new StreamRange()
const held = new StreamIdTree()

/** Pending entries that XAUTOCLAIM looks at for each it may hand over. */
const ATTEMPTS = 10
/** Greatest COUNT that XAUTOCLAIM takes. */
const COUNT_MAX = (2n ** 63n - 1n) / 16n

const declared = options(spec.XCLAIM)
const [IDLE, TIME, RETRYCOUNT] = declared.bits("IDLE", "TIME", "RETRYCOUNT")
const [FORCE, JUSTID, LASTID] = declared.bits("FORCE", "JUSTID", "LASTID")

/** XCLAIM's options. */
const claim = {
  time: 0,
  retryCount: -1n,
  force: false,
  justId: false,
  lastId: new StreamId(),
  hasLast: false,
}

const readerOf = (c: CommandContext): Reader => ({
  key: c.bytes(1),
  group: c.bytes(2),
  consumer: c.bytes(3),
})

/** Stream and group the command works on. */
const place = { stream: 0, group: 0 }

/** Finds the group of the command in the stream `entry`, 0 = there is none; false after an error. */
const findPlace = (c: CommandContext, entry: Ref): boolean => {
  if (c.wrongType(entry, TYPE_STREAM)) return false
  const a = c.keyspace.arena
  place.stream = entry === 0 ? 0 : entryValue(a, entry)
  place.group = place.stream === 0 ? 0 : Groups.findGroup(a, place.stream, c.buf, c.argOff[2], c.argLen[2])
  if (place.group !== 0) return true
  c.fail(Errors.noGroup(c.text(1), c.text(2)))
  return false
}

/** Reads XCLAIM's options from argument `from` on; false after an error. */
const parseClaim = (c: CommandContext, from: number): boolean => {
  const now = c.keyspace.now
  claim.time = -1
  claim.retryCount = -1n
  claim.force = claim.justId = claim.hasLast = false
  for (let i = from, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === FORCE) claim.force = true
    else if (option === JUSTID) claim.justId = true
    else if (option === IDLE || option === TIME) {
      const ms = c.integer(i + 1)
      if (ms !== ms) return invalid(c, i)
      claim.time = option === IDLE ? now - ms : ms
    } else if (option === RETRYCOUNT) {
      const n = c.int64(i + 1)
      if (n === undefined) return invalid(c, i)
      claim.retryCount = n
    } else if (option === LASTID) {
      if (!idArgument(c, i + 1, claim.lastId)) return false
      claim.hasLast = true
    } else return c.refuse(Errors.xclaimOption(c.text(i)))
  }
  // A delivery time before 1970 or in the future is none.
  if (claim.time < 0 || claim.time > now) claim.time = now
  return true
}

const invalid = (c: CommandContext, i: number): false =>
  c.refuse(Errors.xclaimArgument(c.text(i).toUpperCase()))

/** The group's last ID was set, and nothing that was logged since says so. */
let moved = false

/** Argument that `id` was read from, 0 = none. */
let idArg = 0

/** `id` as text for the log: as the client wrote it, where it did. */
const textOf = (c: CommandContext): Uint8Array => (idArg > 0 ? c.bytes(idArg) : idBytes(id))

/** Drops a pending entry whose stream entry is gone; the log gets it as its old consumer's, as Redis does. */
const dropGone = (c: CommandContext, reader: Reader, pending: Ref): void => {
  if (c.replicating) logClaim(c, reader, place.group, textOf(c), pending)
  Groups.removePending(c.keyspace.arena, place.group, id)
  c.keyspace.dirty++
  moved = false
}

/** Whether the pending entry was delivered less than `minIdle` milliseconds ago. */
const tooFresh = (c: CommandContext, pending: Ref, minIdle: number): boolean =>
  minIdle > 0 && c.keyspace.now - Groups.pendingTime(c.keyspace.arena, pending) < minIdle

/** Goes to the stream's entry `id`; false when it is gone. */
const findEntry = (c: CommandContext): boolean =>
  range.begin(c.keyspace.arena, place.stream, id, id, false).next()

/** Hands a pending entry, whose stream entry `range` stands at, to the consumer and replies it. */
const handOver = (
  c: CommandContext,
  reader: Reader,
  pending: Ref,
  time: number,
  retryCount: bigint,
  justId: boolean,
): void => {
  const a = c.keyspace.arena
  Groups.assignPending(a, pending, id, theConsumer(c, place.group, reader))
  Groups.setPendingTime(a, pending, time)
  if (retryCount >= 0n) Groups.setPendingCount(a, pending, retryCount)
  else if (!justId) Groups.setPendingCount(a, pending, Groups.pendingCount(a, pending) + 1n)
  if (justId) replyId(c.out, id)
  else replyEntry(c.out, range.cursor)
  if (c.replicating) logClaim(c, reader, place.group, textOf(c), pending)
  c.keyspace.dirty++
  moved = false
}

/** Claims `id` if it may be; answers whether it was replied. */
const claimOne = (c: CommandContext, reader: Reader, minIdle: number): boolean => {
  const a = c.keyspace.arena
  let pending = Groups.findPending(a, place.group, id)
  if (!findEntry(c)) {
    if (pending !== 0) dropGone(c, reader, pending)
    return false
  }
  if (pending === 0) {
    if (!claim.force) return false
    pending = Groups.addPending(a, place.group, theConsumer(c, place.group, reader), id, c.keyspace.now)
  } else if (tooFresh(c, pending, minIdle)) return false
  handOver(c, reader, pending, claim.time, claim.retryCount, claim.justId)
  return true
}

export const xclaim = (c: CommandContext): void => {
  if (!findPlace(c, c.read(1))) return
  const minIdle = c.integer(4)
  if (minIdle !== minIdle) return c.fail(Errors.minIdleTime("XCLAIM"))
  let options = 5
  for (; options < c.argc; options++)
    if (parseId(c.buf, c.argOff[options], c.argLen[options], id, false, false) === ID_INVALID) break
  if (!parseClaim(c, options)) return
  if (c.replicating) c.propagation.nothing()
  const a = c.keyspace.arena
  const reader = readerOf(c)
  moved = false
  if (claim.hasLast && claim.lastId.compare(Groups.groupLast(a, place.group, id)) > 0) {
    Groups.setGroupLast(a, place.group, claim.lastId)
    moved = true
  }
  const mark = c.out.deferredStart()
  let n = 0
  for (let i = 5; i < options; i++) {
    idArgument(c, i, id)
    idArg = i
    if (!claimOne(c, reader, minIdle)) continue
    n++
  }
  c.out.deferredEnd(mark, "array", n)
  if (moved) {
    if (c.replicating) logGroupPosition(c, reader, place.group)
    c.keyspace.dirty++
  }
}

const autoDeclared = options(spec.XAUTOCLAIM)
const [AUTO_COUNT] = autoDeclared.bits("COUNT")

/** XAUTOCLAIM's options. */
const auto = { count: 100, justId: false }

const parseAuto = (c: CommandContext): boolean => {
  auto.count = 100
  auto.justId = false
  for (let i = 6, option = 0; i < c.argc; i += autoDeclared.words(option)) {
    option = autoDeclared.at(c, i)
    if (option === 0) return c.refuse(Errors.syntax)
    if (option === AUTO_COUNT) {
      const n = c.int64(i + 1)
      if (n === undefined || n < 1n || n > COUNT_MAX) return c.refuse(Errors.xautoclaimCount)
      auto.count = Number(n)
    } else auto.justId = true
  }
  return true
}

/** IDs that were pending though their entries are gone, of the command in progress. */
const gone: Array<StreamId> = []

/** Replies the entries handed over; leaves in `id` where the next call should start, 0-0 at the end. */
const claimIdle = (c: CommandContext, reader: Reader, start: StreamId, minIdle: number): void => {
  const tree = Groups.groupPending(c.keyspace.arena, place.group, held)
  const mark = c.out.deferredStart()
  let left = auto.count
  let attempts = left * ATTEMPTS
  let n = 0
  let more = tree.ceil(start)
  for (; attempts > 0 && left > 0 && more; attempts--) {
    id.copy(tree.key)
    const pending = tree.value
    if (!findEntry(c)) {
      dropGone(c, reader, pending)
      gone.push(new StreamId().copy(id))
      left--
      more = tree.ceil(id)
      continue
    }
    if (!tooFresh(c, pending, minIdle)) {
      handOver(c, reader, pending, c.keyspace.now, -1n, auto.justId)
      left--
      n++
    }
    more = tree.next()
  }
  c.out.deferredEnd(mark, "array", n)
  if (more) id.copy(tree.key)
  else id.setZero()
}

export const xautoclaim = (c: CommandContext): void => {
  // A missing key is noticed even if what follows is refused.
  const entry = c.read(1)
  const minIdle = c.integer(4)
  if (minIdle !== minIdle) return c.fail(Errors.minIdleTime("XAUTOCLAIM"))
  if (!intervalStartArgument(c, 5, autoStart) || !parseAuto(c) || !findPlace(c, entry)) return
  if (c.replicating) c.propagation.nothing()
  gone.length = 0
  idArg = 0
  c.out.array(3)
  const entries = c.out.pos
  claimIdle(c, readerOf(c), autoStart, minIdle)
  // The place to go on from comes first, and is known last.
  const cursor = c.out.pos
  replyId(c.out, id)
  const { buf, pos } = c.out
  const moved = Uint8Array.from(buf.subarray(cursor, pos))
  buf.copyWithin(entries + moved.length, entries, cursor)
  buf.set(moved, entries)
  c.out.array(gone.length)
  for (const missing of gone) replyId(c.out, missing)
}

const autoStart = new StreamId()
