/** The commands that change a stream's entries: XADD, XDEL, XSETID; and XLEN. */
import type { Ref } from "../../memory/Arena.js"
import {
  ADDED_WORD,
  appendToStream,
  createStream,
  DELETED_WORD,
  deleteFromStream,
  edgeId,
  headerId,
  LAST_WORD,
  setBigAt,
  setHeaderId,
  streamLength,
  trimStream,
} from "../../memory/stream/Stream.js"
import { StreamId } from "../../bytes/StreamId.js"
import * as Errors from "../../resp/Errors.js"
import { STREAM_RADIX, TYPE_STREAM } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/streams.js"
import { Event } from "../../engine/KeyEvents.js"
import { idArgument, idBytes, readStream, replyId, writeStream } from "./streamsSupport.js"
import { argumentsOf, TrimOptions } from "./streamsTrim.js"

const trim = new TrimOptions()
const last = new StreamId()
const scratch = new StreamId()

/** Bytes of fields and values above which Redis refuses an entry. */
const ENTRY_BYTES_MAX = 1 << 30

/** Makes an empty stream under the key in argument i, which was just looked up and is not there. */
export const putNewStream = (c: CommandContext, i: number): Ref => {
  const s = createStream(c.keyspace.arena)
  c.db.putValue(0, c.buf, c.argOff[i], c.argLen[i], TYPE_STREAM, STREAM_RADIX, s, false)
  c.notify(i, Event.new, "new")
  c.ready(i, TYPE_STREAM)
  return s
}

/** Chooses or checks the ID of a new entry above `last`; false when it cannot be. */
const settleId = (id: StreamId, now: number): boolean => {
  switch (trim.idForm) {
    case "star":
      if (id.setMs(now).compare(last) > 0) return true
      id.copy(last).increment()
      return true
    case "sequence":
      if (id.mh !== last.mh || id.ml !== last.ml) return id.compare(last) > 0
      id.sh = last.sh
      id.sl = last.sl
      return (id.sh & id.sl) !== -1 && id.increment()
    case "whole":
      return id.compare(last) > 0
  }
}

const bytesFrom = (c: CommandContext, from: number): number => {
  const { argc, argLen } = c
  let bytes = 0
  for (let i = from; i < argc; i++) bytes += argLen[i]
  return bytes
}

export const xadd = (c: CommandContext): void => {
  if (!trim.parse(c, true)) return
  const first = trim.idArg + 1
  const fields = c.argc - first
  if (trim.idArg === 0 || fields < 2 || (fields & 1) !== 0) return c.fail(Errors.wrongArguments("xadd"))
  const id = trim.id
  if (trim.idForm === "whole" && id.isZero) return c.fail(Errors.streamIdZero)
  let s = writeStream(c, 1)
  if (s === -1) return
  const a = c.keyspace.arena
  if (s === 0) {
    if (trim.noMkStream) return c.out.nil()
    s = putNewStream(c, 1)
  }
  headerId(a, s, LAST_WORD, last)
  if (last.isMax) return c.fail(Errors.streamExhausted)
  if (!settleId(id, c.keyspace.now)) return c.fail(Errors.streamIdSmall)
  const bytes = bytesFrom(c, first)
  if (bytes > ENTRY_BYTES_MAX) return c.fail(Errors.streamTooLarge)
  const { streamNodeMaxBytes, streamNodeMaxEntries } = c.settings
  appendToStream(a, s, id, c, first, fields >> 1, bytes, streamNodeMaxBytes, streamNodeMaxEntries)
  replyId(c.out, id)
  c.changed(1, Event.stream, "xadd")
  if (trim.trims && trimStream(a, s, trim) > 0) c.notify(1, Event.stream, "xtrim")
  if (c.replicating) propagate(c, s, id)
  c.ready(1, TYPE_STREAM)
}

/** The log gets the ID that was chosen and what an approximate trim came to. */
const propagate = (c: CommandContext, s: Ref, id: StreamId): void => {
  if (trim.idForm === "whole" && !trim.approximate) return
  const args = argumentsOf(c)
  if (trim.idForm !== "whole") args[trim.idArg] = idBytes(id)
  if (trim.approximate) trim.makeExact(c, s, args)
  c.propagation.instead(c.db.id, ...args)
}

export const xlen = (c: CommandContext): void => {
  const s = readStream(c, 1)
  if (s !== -1) c.out.int(s === 0 ? 0 : streamLength(c.keyspace.arena, s))
}

export const xdel = (c: CommandContext): void => {
  const s = writeStream(c, 1)
  if (s === -1) return
  if (s === 0) return c.out.zero()
  for (let i = 2; i < c.argc; i++) if (!idArgument(c, i, scratch)) return
  let deleted = 0
  for (let i = 2; i < c.argc; i++) {
    idArgument(c, i, scratch)
    if (deleteFromStream(c.keyspace.arena, s, scratch)) deleted++
  }
  if (deleted > 0) {
    c.changed(1, Event.stream, "xdel")
    c.keyspace.dirty += deleted - 1
  }
  c.out.int(deleted)
}

const setId = new StreamId()
const setDeleted = new StreamId()
const setIdDeclared = options(spec.XSETID)
const [ENTRIESADDED, MAXDELETEDID] = setIdDeclared.bits("ENTRIESADDED", "MAXDELETEDID")

/** Reads XSETID's options; answers entries added (-1n = not given), undefined after an error. */
const setIdOptions = (c: CommandContext): bigint | undefined => {
  let added = -1n
  setDeleted.setZero()
  for (let i = 3, option = 0; i < c.argc; i += setIdDeclared.words(option)) {
    option = setIdDeclared.at(c, i)
    if (option === ENTRIESADDED) {
      const n = c.int64(i + 1)
      if (n === undefined || n < 0n) {
        c.fail(n === undefined ? Errors.notInteger : Errors.xsetidEntriesNegative)
        return undefined
      }
      added = n
    } else if (option === MAXDELETEDID) {
      if (!idArgument(c, i + 1, setDeleted)) return undefined
      if (setId.compare(setDeleted) < 0) {
        c.fail(Errors.xsetidDeleted)
        return undefined
      }
    } else {
      c.fail(Errors.syntax)
      return undefined
    }
  }
  return added
}

export const xsetid = (c: CommandContext): void => {
  if (!idArgument(c, 2, setId)) return
  const added = setIdOptions(c)
  if (added === undefined) return
  const s = writeStream(c, 1)
  if (s === -1) return
  if (s === 0) return c.fail(Errors.noSuchKey)
  const a = c.keyspace.arena
  const length = streamLength(a, s)
  if (length > 0) {
    if (edgeId(a, s, true, scratch) && setId.compare(scratch) < 0) return c.fail(Errors.xsetidSmall)
    if (added >= 0n && BigInt(length) > added) return c.fail(Errors.xsetidEntriesSmall)
  }
  setHeaderId(a, s, LAST_WORD, setId)
  if (added >= 0n) setBigAt(a, s, ADDED_WORD, added)
  if (!setDeleted.isZero) setHeaderId(a, s, DELETED_WORD, setDeleted)
  c.out.ok()
  c.keyspace.dirty++
  c.notify(1, Event.stream, "xsetid")
}
