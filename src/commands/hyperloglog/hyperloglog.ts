/** The HyperLogLog commands: PFADD, PFCOUNT, PFMERGE, PFDEBUG, PFSELFTEST. */
import type { Ref } from "../../memory/Arena.js"
import {
  HLL_CHANGED,
  HLL_CORRUPT,
  HLL_DENSE,
  HLL_INVALID,
  HLL_REGISTERS,
  hllCacheCount,
  hllCachedCount,
  hllCount,
  hllCountRegisters,
  hllDescribe,
  HllEditor,
  hllEncoding,
  hllMergeInto,
} from "../../bytes/hll/HyperLogLog.js"
import * as Errors from "../../resp/Errors.js"
import { STRING_RAW, stringChunk, stringLength, stringOffset, TYPE_STRING } from "../../store/Entry.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { hllSelfTest } from "./hyperloglogSelfTest.js"
import { Event } from "../../engine/KeyEvents.js"
import * as spec from "../spec/hyperloglog.js"

/** Where the header keeps its count: 8 bytes, little-endian. */
const HLL_COUNT_AT = 8

const editor = new HllEditor()
const registers = new Uint8Array(HLL_REGISTERS)

/** The encoding of the HyperLogLog in an entry that exists; HLL_INVALID after an error reply. */
const encodingOf = (c: CommandContext, ref: Ref): number => {
  if (c.wrongType(ref, TYPE_STRING)) return HLL_INVALID
  const a = c.keyspace.arena
  const encoding = hllEncoding(stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref))
  if (encoding === HLL_INVALID) c.fail(Errors.hllNotValid)
  return encoding
}

/**
 * Points the editor at the value just looked up for writing in key argument `key`, valid, or at an empty one; answers
 * the entry's ref.
 */
const openEditor = (c: CommandContext, existing: Ref, encoding: number): Ref => {
  if (existing === 0) {
    editor.create()
    return 0
  }
  const a = c.keyspace.arena
  const len = stringLength(a, existing)
  // A dense value is written where it lies: have it saved for an open snapshot.
  const ref = encoding === HLL_DENSE ? c.db.resizeString(existing, len) : existing
  if (!editor.open(stringChunk(a, ref), stringOffset(a, ref), len)) {
    c.fail(Errors.hllCorrupted)
    return -1
  }
  return ref
}

/** Stores what the editor holds apart from the keyspace under the key in argument i, just looked up. */
const storeEditor = (c: CommandContext, i: number, ref: Ref): void => {
  if (!editor.detached) return
  c.db.putString(
    ref,
    c.buf,
    c.argOff[i],
    c.argLen[i],
    editor.bytes,
    editor.offset,
    editor.length,
    STRING_RAW,
    true,
  )
  if (ref === 0) c.notify(i, Event.new, "new")
}

const pfAdd = (c: CommandContext): void => {
  const existing = c.write(1)
  const encoding = existing === 0 ? HLL_DENSE : encodingOf(c, existing)
  if (encoding === HLL_INVALID) return
  const ref = openEditor(c, existing, encoding)
  if (ref === -1) return
  let updates = existing === 0 ? 1 : 0
  for (let i = 2; i < c.argc; i++) {
    const result = editor.add(c.buf, c.argOff[i], c.argLen[i], c.settings.hllSparseMaxBytes)
    if (result === HLL_CORRUPT) {
      // As in redis-server the elements before this one stay, and nobody is told.
      if (updates > 0) storeEditor(c, 1, ref)
      return c.fail(Errors.hllCorrupted)
    }
    if (result === HLL_CHANGED) updates++
  }
  if (updates === 0) return c.out.zero()
  storeEditor(c, 1, ref)
  c.changed(1, Event.string, "pfadd")
  c.keyspace.dirty += updates - 1
  c.out.one()
}

const pfCount = (c: CommandContext): void => {
  if (c.argc > 2) return countUnion(c)
  const existing = c.read(1)
  if (existing === 0) return c.out.zero()
  if (encodingOf(c, existing) === HLL_INVALID) return
  const a = c.keyspace.arena
  const len = stringLength(a, existing)
  const cached = hllCachedCount(stringChunk(a, existing), stringOffset(a, existing))
  if (cached >= 0) return replyCached(c, existing, cached)
  const count = hllCount(stringChunk(a, existing), stringOffset(a, existing), len)
  if (count < 0) return c.fail(Errors.hllCorrupted)
  const ref = c.db.resizeString(existing, len)
  hllCacheCount(stringChunk(a, ref), stringOffset(a, ref), count)
  // The value's bytes have changed, though no event tells of it.
  c.events.modified(c.db, c.buf, c.argOff[1], c.argLen[1])
  c.keyspace.dirty++
  c.out.int(count)
}

/** Answers the count in the header; one that no estimate reaches, put there by hand, is answered to the last digit, too. */
const replyCached = (c: CommandContext, ref: Ref, cached: number): void => {
  if (cached <= Number.MAX_SAFE_INTEGER) return c.out.int(cached)
  const a = c.keyspace.arena
  const bytes = stringChunk(a, ref)
  const off = stringOffset(a, ref) + HLL_COUNT_AT
  let exact = 0n
  for (let k = 7; k >= 0; k--) exact = (exact << 8n) | BigInt(bytes[off + k])
  c.out.bigint(exact)
}

/** Raises `registers` to the value in argument i, if there is one; its encoding, HLL_INVALID after an error reply. */
const gather = (c: CommandContext, i: number): number => {
  const ref = c.read(i)
  if (ref === 0) return HLL_REGISTERS
  const encoding = encodingOf(c, ref)
  if (encoding === HLL_INVALID) return HLL_INVALID
  const a = c.keyspace.arena
  if (hllMergeInto(registers, stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref)))
    return encoding
  c.fail(Errors.hllCorrupted)
  return HLL_INVALID
}

const countUnion = (c: CommandContext): void => {
  registers.fill(0)
  for (let i = 1; i < c.argc; i++) if (gather(c, i) === HLL_INVALID) return
  c.out.int(hllCountRegisters(registers))
}

const pfMerge = (c: CommandContext): void => {
  registers.fill(0)
  let dense = false
  for (let i = 1; i < c.argc; i++) {
    const encoding = gather(c, i)
    if (encoding === HLL_INVALID) return
    if (encoding === HLL_DENSE) dense = true
  }
  const existing = c.write(1)
  const encoding = existing === 0 ? HLL_DENSE : encodingOf(c, existing)
  if (encoding === HLL_INVALID) return
  const ref = openEditor(c, existing, encoding)
  if (ref === -1) return
  if (
    (dense && editor.toDense() === HLL_CORRUPT) ||
    editor.raiseAll(registers, c.settings.hllSparseMaxBytes) === HLL_CORRUPT
  )
    return c.fail(Errors.hllCorrupted)
  storeEditor(c, 1, ref)
  c.changed(1, Event.string, "pfadd")
  c.out.ok()
}

const pfDebug = (c: CommandContext): void => {
  const ref = c.write(2)
  if (ref === 0) return c.fail(Errors.hllNoKey)
  const encoding = encodingOf(c, ref)
  if (encoding === HLL_INVALID) return
  if (c.is(1, "GETREG")) debugRegisters(c, ref, encoding)
  else if (c.is(1, "DECODE")) debugDecode(c, ref, encoding)
  else if (c.is(1, "ENCODING")) c.out.simple(encoding === HLL_DENSE ? "dense" : "sparse")
  else if (c.is(1, "TODENSE")) {
    if (encoding === HLL_DENSE) c.out.zero()
    else if (debugToDense(c, ref)) c.out.one()
  } else c.fail(Errors.hllSubcommand(c.text(1)))
}

/** Makes the sparse value dense; false after an error reply. */
const debugToDense = (c: CommandContext, existing: Ref): boolean => {
  const ref = openEditor(c, existing, HLL_INVALID)
  if (ref === -1) return false
  if (editor.toDense() === HLL_CORRUPT) {
    c.fail(Errors.hllCorrupted)
    return false
  }
  storeEditor(c, 2, ref)
  c.keyspace.dirty++
  return true
}

const debugRegisters = (c: CommandContext, existing: Ref, encoding: number): void => {
  if (encoding !== HLL_DENSE && !debugToDense(c, existing)) return
  registers.fill(0)
  if (gather(c, 2) === HLL_INVALID) return
  c.out.array(HLL_REGISTERS)
  for (let i = 0; i < HLL_REGISTERS; i++) c.out.int(registers[i])
}

const debugDecode = (c: CommandContext, ref: Ref, encoding: number): void => {
  if (encoding === HLL_DENSE) return c.fail(Errors.hllNotSparse)
  const a = c.keyspace.arena
  const text = hllDescribe(stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref))
  if (text === undefined) c.fail(Errors.hllCorrupted)
  else c.out.bulkText(text)
}

const pfSelfTest = (c: CommandContext): void => {
  const failure = hllSelfTest((n) => c.keyspace.random(n))
  if (failure === undefined) c.out.ok()
  else c.fail(`TESTFAILED ${failure}`)
}

export const hyperloglogCommands: ReadonlyArray<Command> = [
  command(spec.PFADD, pfAdd),
  command(spec.PFCOUNT, pfCount),
  command(spec.PFMERGE, pfMerge),
  command(spec.PFDEBUG, pfDebug),
  command(spec.PFSELFTEST, pfSelfTest),
]
