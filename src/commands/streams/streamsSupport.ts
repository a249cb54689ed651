/** What the stream commands share: reading IDs from arguments, writing IDs and entries to replies. */
import { chunkOf } from "../../memory/Ref.js"
import type { Arena, Ref } from "../../memory/Arena.js"
import { get, lpv } from "../../bytes/packed/Listpack.js"
import type { StreamRange } from "../../memory/stream/Stream.js"
import { formatId, ID_FORMAT_BYTES, ID_INVALID, parseId, StreamId } from "../../bytes/StreamId.js"
import { nameLength, nameOffset } from "../../memory/stream/StreamNames.js"
import type { NodeCursor } from "../../memory/stream/StreamNode.js"
import * as Errors from "../../resp/Errors.js"
import type { ReplyWriter } from "../../resp/ReplyWriter.js"
import { entryValue, TYPE_STREAM } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"

/** Answered where a key is missing or of another type. */
export const NO_STREAM: Ref = 0

/** The stream of an entry that is known to be one; 0 for no entry. */
export const streamOf = (c: CommandContext, entry: Ref): Ref =>
  entry === 0 ? NO_STREAM : entryValue(c.keyspace.arena, entry)

/** Reads the key in argument i; -1 after answering WRONGTYPE, 0 when there is no key. */
export const readStream = (c: CommandContext, i: number): Ref => {
  const entry = c.read(i)
  return c.wrongType(entry, TYPE_STREAM) ? -1 : streamOf(c, entry)
}

/** As readStream, for writing. */
export const writeStream = (c: CommandContext, i: number): Ref => {
  const entry = c.write(i)
  return c.wrongType(entry, TYPE_STREAM) ? -1 : streamOf(c, entry)
}

/** Reads an ID ("ms" or "ms-seq") from argument i; answers an error and false when it is none. */
export const idArgument = (c: CommandContext, i: number, id: StreamId): boolean => {
  if (parseId(c.buf, c.argOff[i], c.argLen[i], id, false, false) !== ID_INVALID) return true
  c.out.error(Errors.streamId)
  return false
}

const CR = 13
const LF = 10
const DOLLAR = 0x24
const ZERO = 0x30
const MINUS = 0x2d
const PLUS = 0x2b
const PAREN = 0x28

/** Reads "-" (the lowest ID) or "+" (the highest); false when the argument is neither. */
const edgeArgument = (c: CommandContext, i: number, id: StreamId): boolean => {
  const first = c.buf[c.argOff[i]]
  if (c.argLen[i] !== 1 || (first !== MINUS && first !== PLUS)) return false
  if (first === MINUS) id.setZero()
  else id.setMax()
  return true
}

/** As idArgument, but takes "-" and "+", too. */
export const idOrEdgeArgument = (c: CommandContext, i: number, id: StreamId): boolean =>
  edgeArgument(c, i, id) || idArgument(c, i, id)

/** Reads one end of an interval: an ID, "-", "+", or "(" and an ID that is not part of it. */
const intervalEnd = (c: CommandContext, i: number, id: StreamId, isEnd: boolean): boolean => {
  const off = c.argOff[i]
  const len = c.argLen[i]
  if (edgeArgument(c, i, id)) return true
  const open = len > 1 && c.buf[off] === PAREN ? 1 : 0
  if (parseId(c.buf, off + open, len - open, id, isEnd, false) === ID_INVALID) {
    c.out.error(Errors.streamId)
    return false
  }
  if (open === 0 || (isEnd ? id.decrement() : id.increment())) return true
  c.out.error(isEnd ? Errors.streamEndId : Errors.streamStartId)
  return false
}

export const intervalStartArgument = (c: CommandContext, i: number, id: StreamId): boolean =>
  intervalEnd(c, i, id, false)

export const intervalEndArgument = (c: CommandContext, i: number, id: StreamId): boolean =>
  intervalEnd(c, i, id, true)

const text = new Uint8Array(ID_FORMAT_BYTES)
const cursorId = new StreamId()

/** An ID as a bulk string. */
export const replyId = (out: ReplyWriter, id: StreamId): void => {
  out.reserve(ID_FORMAT_BYTES + 8)
  const buf = out.buf
  let pos = out.pos
  buf[pos] = DOLLAR
  // Written behind a length of two digits; the rare shorter one is moved.
  const n = formatId(buf, pos + 5, id)
  if (n < 10) {
    buf.copyWithin(pos + 4, pos + 5, pos + 5 + n)
    pos++
  } else {
    const tens = (n / 10) | 0
    buf[pos + 1] = ZERO + tens
    pos += 2
  }
  buf[pos] = ZERO + (n % 10)
  buf[pos + 1] = CR
  buf[pos + 2] = LF
  pos += 3 + n
  buf[pos] = CR
  buf[pos + 1] = LF
  out.pos = pos + 2
}

/** An ID as bytes of its own, for the command log. */
export const idBytes = (id: StreamId): Uint8Array => text.slice(0, formatId(text, 0, id))

/** The name of a group or consumer as a bulk string; an empty one where there is none. */
export const replyName = (out: ReplyWriter, a: Arena, named: Ref): void =>
  named === 0
    ? out.bulk(text, 0, 0)
    : out.bulk(a.u8[chunkOf(named)], nameOffset(a, named), nameLength(a, named))

/** The name of a group or consumer as bytes of their own. */
export const nameBytes = (a: Arena, named: Ref): Uint8Array => {
  if (named === 0) return new Uint8Array(0)
  const off = nameOffset(a, named)
  return a.u8[chunkOf(named)].slice(off, off + nameLength(a, named))
}

const replyElement = (out: ReplyWriter, u8: Uint8Array, p: number): void => {
  const b = u8[p]
  if (b >= 0x80 && b < 0xc0) {
    out.bulk(u8, p + 1, b & 0x3f)
    return
  }
  get(u8, p)
  out.bulk(lpv.src, lpv.off, lpv.len)
}

/** The entry at hand as [ID, [field, value, ...]]. */
export const replyEntry = (out: ReplyWriter, cursor: NodeCursor): void => {
  out.array(2)
  cursorId.set(cursor.mh, cursor.ml, cursor.sh, cursor.sl)
  replyId(out, cursorId)
  const n = cursor.fields
  out.array(n * 2)
  for (let i = 0; i < n; i++) {
    cursor.field()
    replyElement(out, cursor.u8, cursor.fieldAt)
    replyElement(out, cursor.u8, cursor.valueAt)
  }
}

/** Entries of a range just begun as an array, at most `count` (0 = all). */
export const replyRange = (out: ReplyWriter, range: StreamRange, count: number): void => {
  const mark = out.deferredStart()
  let n = 0
  while ((count === 0 || n < count) && range.next()) {
    replyEntry(out, range.cursor)
    n++
  }
  out.deferredEnd(mark, "array", n)
}
