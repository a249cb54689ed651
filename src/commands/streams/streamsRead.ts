/** XRANGE and XREVRANGE, XREAD and XREADGROUP: reading entries, from several streams and waiting for them if asked. */
import type * as Effect from "effect/Effect"
import type { Ref } from "../../memory/Arena.js"
import { edgeId, headerId, LAST_WORD, StreamRange, streamLength } from "../../memory/stream/Stream.js"
import { findGroup, groupLast } from "../../memory/stream/StreamGroups.js"
import { StreamId } from "../../bytes/StreamId.js"
import * as Errors from "../../resp/Errors.js"
import { entryType, entryValue, TYPE_STREAM } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/streams.js"
import type { Reader } from "./streamsDelivery.js"
import { deliver, history } from "./streamsDeliver.js"
import {
  idArgument,
  intervalEndArgument,
  intervalStartArgument,
  readStream,
  replyRange,
} from "./streamsSupport.js"

/** The command in progress; positions of arguments, 0 = not given. */
const parsed = {
  count: 0,
  /** Milliseconds, -1 = do not wait. */
  block: -1,
  groupArg: 0,
  noAck: false,
  streamsArg: 0,
  streams: 0,
}
/** IDs of the streams, in order; the greatest ID stands for ">". */
const ids: Array<StreamId> = []
const scratch = new StreamId()
const end = new StreamId().setMax()
const range = new StreamRange()

const DOLLAR = 0x24
const GREATER = 0x3e
/** Longer waits than a timer can measure (24 days) are for ever. */
const TIMER_MAX = 0x7fffffff

const parseBlock = (c: CommandContext, i: number): boolean => {
  const ms = c.integer(i)
  if (ms !== ms) return c.refuse(Errors.timeoutNotInteger)
  if (ms < 0) return c.refuse(Errors.timeoutNegative)
  parsed.block = ms > TIMER_MAX ? 0 : ms
  return true
}

/** XREADGROUP's hold XREAD's. */
const declared = options(spec.XREADGROUP)
const [GROUP, COUNT, BLOCK, NOACK, STREAMS] = declared.bits("GROUP", "COUNT", "BLOCK", "NOACK", "STREAMS")

const parseOptions = (c: CommandContext, ofGroup: boolean): boolean => {
  parsed.count = parsed.groupArg = parsed.streamsArg = 0
  parsed.block = -1
  parsed.noAck = false
  for (let i = 1, option = 0; i < c.argc && option !== STREAMS; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === BLOCK) {
      if (!parseBlock(c, i + 1)) return false
    } else if (option === COUNT) {
      const n = c.integer(i + 1)
      if (n !== n) return c.refuse(Errors.notInteger)
      parsed.count = n < 0 ? 0 : n
    } else if (option === STREAMS) {
      parsed.streamsArg = i + 1
      parsed.streams = (c.argc - i - 1) / 2
      if (!Number.isInteger(parsed.streams)) return c.refuse(Errors.streamUnbalanced)
    } else if (option === GROUP) {
      if (!ofGroup) return c.refuse(Errors.streamGroupOnXread)
      parsed.groupArg = i + 1
    } else if (option === NOACK) {
      if (!ofGroup) return c.refuse(Errors.streamNoackOnXread)
      parsed.noAck = true
    } else return c.refuse(Errors.syntax)
  }
  if (parsed.streamsArg === 0) return c.refuse(Errors.syntax)
  return !ofGroup || parsed.groupArg !== 0 || c.refuse(Errors.streamMissingGroup)
}

/** Reads the ID of stream n (key in argument `key`) and sees that its group is there. */
const parseId = (c: CommandContext, n: number, key: number, ofGroup: boolean): boolean => {
  const arg = key + parsed.streams
  const symbol = c.argLen[arg] === 1 ? c.buf[c.argOff[arg]] : 0
  let id = ids[n]
  if (id === undefined) ids[n] = id = new StreamId()
  const s = readStream(c, key)
  if (s === -1) return false
  if (ofGroup) {
    const g = parsed.groupArg
    if (s === 0 || findGroup(c.keyspace.arena, s, c.buf, c.argOff[g], c.argLen[g]) === 0)
      return c.refuse(Errors.noGroupRead(c.text(key), c.text(g)))
  }
  if (symbol === DOLLAR) {
    if (ofGroup) return c.refuse(Errors.streamLastInGroup)
    if (s === 0) id.setZero()
    else headerId(c.keyspace.arena, s, LAST_WORD, id)
    return true
  }
  if (symbol === GREATER) {
    id.setMax()
    return ofGroup || c.refuse(Errors.streamNewOnlyInGroup)
  }
  return idArgument(c, arg, id)
}

/** Opens the reply's part for one stream: its name; in RESP2 a pair. */
const openStream = (c: CommandContext, buf: Uint8Array, off: number, len: number): void => {
  if (c.out.resp === 2) c.out.array(2)
  c.out.bulk(buf, off, len)
}

const replyNew = (c: CommandContext, s: Ref, after: StreamId, count: number): void => {
  scratch.copy(after).increment()
  range.begin(c.keyspace.arena, s, scratch, end, false)
  replyRange(c.out, range, count)
}

/** Whether the stream has a live entry above `id`. */
const hasAbove = (c: CommandContext, s: Ref, id: StreamId): boolean => {
  const a = c.keyspace.arena
  if (streamLength(a, s) === 0 || headerId(a, s, LAST_WORD, scratch).compare(id) <= 0) return false
  return edgeId(a, s, true, scratch) && scratch.compare(id) > 0
}

/** The names a group's reader goes by, taken out of the input. */
const readerOf = (c: CommandContext, key: number): Reader => ({
  key: c.bytes(key),
  group: c.bytes(parsed.groupArg),
  consumer: c.bytes(parsed.groupArg + 1),
})

/** Serves stream n if it has something: the array's header goes before the first one served. */
const serveNow = (c: CommandContext, n: number, ofGroup: boolean, served: number): boolean => {
  const key = parsed.streamsArg + n
  const id = ids[n]
  const s = readStream(c, key)
  if (s <= 0) return false
  if (!ofGroup) {
    if (!hasAbove(c, s, id)) return false
    openPart(c, key, served)
    replyNew(c, s, id, parsed.count)
    return true
  }
  const a = c.keyspace.arena
  const g = parsed.groupArg
  const group = findGroup(a, s, c.buf, c.argOff[g], c.argLen[g])
  if (group === 0 || (id.isMax && !hasAbove(c, s, groupLast(a, group, groupId)))) return false
  openPart(c, key, served)
  const reader = readerOf(c, key)
  if (id.isMax) deliver(c, s, group, reader, parsed.count, parsed.noAck)
  else history(c, s, group, reader, id, parsed.count, parsed.noAck)
  return true
}

const openPart = (c: CommandContext, key: number, served: number): void => {
  if (served === 0) c.out.deferredStart()
  openStream(c, c.buf, c.argOff[key], c.argLen[key])
}

const groupId = new StreamId()

const readCommand = (c: CommandContext, ofGroup: boolean): void | Effect.Effect<Uint8Array> => {
  if (!parseOptions(c, ofGroup)) return
  for (let n = 0; n < parsed.streams; n++) if (!parseId(c, n, parsed.streamsArg + n, ofGroup)) return
  // What a reader of a group changes goes to the log entry by entry.
  if (ofGroup && c.replicating) c.propagation.nothing()
  const start = c.out.pos
  let served = 0
  for (let n = 0; n < parsed.streams; n++) if (serveNow(c, n, ofGroup, served)) served++
  if (served > 0) return c.out.deferredEnd(start, c.out.resp === 2 ? "array" : "map", served)
  if (parsed.block < 0 || c.denyBlocking) return c.out.nilArray()
  return wait(c, ofGroup)
}

/** Waits for entries in any of the streams. */
const wait = (c: CommandContext, ofGroup: boolean): Effect.Effect<Uint8Array> => {
  const keys: Array<string> = []
  const after = new Map<string, StreamId>()
  for (let n = 0; n < parsed.streams; n++) {
    const key = c.text(parsed.streamsArg + n)
    keys.push(key)
    if (!after.has(key)) after.set(key, new StreamId().copy(ids[n]))
  }
  const { count, noAck, block } = parsed
  const group = ofGroup ? Uint8Array.from(c.bytes(parsed.groupArg)) : undefined
  const consumer = ofGroup ? Uint8Array.from(c.bytes(parsed.groupArg + 1)) : new Uint8Array(0)
  return c.blocking.wait({
    session: c.session,
    database: c.db.id,
    keys,
    // A reader of a group is told when its stream or group is gone.
    type: TYPE_STREAM,
    hearsLoss: ofGroup,
    timeoutMs: block,
    onTimeout: (context) => context.out.nilArray(),
    attempt: (context, key) => {
      const bytes = Buffer.from(key, "latin1")
      const id = after.get(key)
      if (id === undefined) throw new Error("a client is served for a key it does not wait for")
      return group === undefined
        ? attemptRead(context, bytes, id, count)
        : attemptGroup(context, { key: bytes, group, consumer }, count, noAck)
    },
  })
}

/** The stream under a key, without a reply: 0 when there is none. */
const streamAt = (c: CommandContext, key: Uint8Array): Ref => {
  const entry = c.db.lookup(key, 0, key.length)
  const a = c.keyspace.arena
  return entry === 0 || entryType(a, entry) !== TYPE_STREAM ? 0 : entryValue(a, entry)
}

/** Opens the reply of a served client: one stream. */
const openServed = (c: CommandContext, key: Uint8Array): void => {
  if (c.out.resp === 2) c.out.array(1)
  else c.out.map(1)
  openStream(c, key, 0, key.length)
}

const attemptRead = (c: CommandContext, key: Uint8Array, id: StreamId, count: number): boolean => {
  const s = streamAt(c, key)
  if (s === 0 || headerId(c.keyspace.arena, s, LAST_WORD, scratch).compare(id) <= 0) return false
  openServed(c, key)
  replyNew(c, s, id, count)
  return true
}

const attemptGroup = (c: CommandContext, reader: Reader, count: number, noAck: boolean): boolean => {
  const s = streamAt(c, reader.key)
  if (s === 0) {
    c.out.error(Errors.streamKeyGone)
    return true
  }
  const a = c.keyspace.arena
  const group = findGroup(a, s, reader.group, 0, reader.group.length)
  if (group === 0) {
    c.out.error(Errors.streamGroupGone)
    return true
  }
  groupLast(a, group, groupId)
  if (headerId(a, s, LAST_WORD, scratch).compare(groupId) <= 0) return false
  openServed(c, reader.key)
  deliver(c, s, group, reader, count, noAck)
  return true
}

export const xread = (c: CommandContext): void | Effect.Effect<Uint8Array> => readCommand(c, false)
export const xreadgroup = (c: CommandContext): void | Effect.Effect<Uint8Array> => readCommand(c, true)

// ---- XRANGE, XREVRANGE

/** The other end of the range; `scratch` is the one. */
const until = new StreamId()

/** XRANGE and XREVRANGE have one option: COUNT. */
const rangeDeclared = options(spec.XRANGE)

const rangeCommand = (c: CommandContext, backwards: boolean): void => {
  const startArg = backwards ? 3 : 2
  const endArg = backwards ? 2 : 3
  if (!intervalStartArgument(c, startArg, scratch) || !intervalEndArgument(c, endArg, until)) return
  let count = -1
  for (let i = 4; i < c.argc; i += 2) {
    if (rangeDeclared.at(c, i) === 0) return c.fail(Errors.syntax)
    count = c.integer(i + 1)
    if (count !== count) return c.fail(Errors.notInteger)
    if (count < 0) count = 0
  }
  const s = readStream(c, 1)
  if (s === -1) return
  if (s === 0) return c.out.emptyArray()
  if (count === 0) return c.out.nilArray()
  range.begin(c.keyspace.arena, s, scratch, until, backwards)
  replyRange(c.out, range, count < 0 ? 0 : count)
}

export const xrange = (c: CommandContext): void => rangeCommand(c, false)
export const xrevrange = (c: CommandContext): void => rangeCommand(c, true)
