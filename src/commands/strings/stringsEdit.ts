/** The string commands that edit a value where it lies: APPEND, SETRANGE. */
import { copyBytes } from "../../memory/Arena.js"
import * as Errors from "../../resp/Errors.js"
import { stringChunk, stringLength, stringOffset, TYPE_STRING } from "../../store/Entry.js"
import { stringEncoding } from "../../store/types/StringValue.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"

/** Whether a string of `bytes` is over the limit, after answering so. A master's word is obeyed at any length. */
export const stringTooLong = (c: CommandContext, bytes: number): boolean => {
  if (c.fromMaster || bytes <= c.settings.protoMaxBulkLen) return false
  c.fail(Errors.stringTooLong)
  return true
}

export const append = (c: CommandContext): void => {
  const { buf, argOff, argLen, db } = c
  const added = argLen[2]
  const existing = c.write(1)
  let total = added
  if (existing === 0) {
    const encoding = stringEncoding(buf, argOff[2], added)
    db.putString(0, buf, argOff[1], argLen[1], buf, argOff[2], added, encoding, false)
    c.notify(1, Event.new, "new")
  } else {
    if (c.wrongType(existing, TYPE_STRING)) return
    const a = c.keyspace.arena
    const old = stringLength(a, existing)
    total += old
    if (stringTooLong(c, total)) return
    const ref = db.resizeString(existing, total)
    copyBytes(buf, argOff[2], stringChunk(a, ref), stringOffset(a, ref) + old, added)
  }
  c.changed(1, Event.string, "append")
  c.out.int(total)
}

export const setRange = (c: CommandContext): void => {
  const offset = c.integer(2)
  if (offset !== offset) return c.fail(Errors.notInteger)
  if (offset < 0) return c.fail(Errors.offsetOutOfRange)
  const { buf, argOff, argLen, db } = c
  const n = argLen[3]
  const existing = c.write(1)
  if (c.wrongType(existing, TYPE_STRING)) return
  const a = c.keyspace.arena
  const old = existing === 0 ? 0 : stringLength(a, existing)
  if (n === 0) return c.out.int(old)
  if (stringTooLong(c, offset + n)) return
  const total = Math.max(old, offset + n)
  const ref =
    existing === 0 ? db.putZeros(buf, argOff[1], argLen[1], total) : db.resizeString(existing, total)
  copyBytes(buf, argOff[3], stringChunk(a, ref), stringOffset(a, ref) + offset, n)
  c.stored(1, existing, Event.string, "setrange")
  c.out.int(total)
}
