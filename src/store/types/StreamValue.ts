/** Streams as values of the keyspace: memory/stream/Stream.ts and memory/stream/StreamGroups.ts. The ref of the header is the value. */
import { chunkOf, wordOf } from "../../memory/Ref.js"
import type { Arena, Ref } from "../../memory/Arena.js"
import * as Stream from "../../memory/stream/Stream.js"
import * as Groups from "../../memory/stream/StreamGroups.js"
import { formatU64, StreamId } from "../../bytes/StreamId.js"
import { StreamIdTree } from "../../memory/stream/StreamIdTree.js"
import { nameAt, nameCount, nameLength, nameOffset, removeName } from "../../memory/stream/StreamNames.js"
import { relocateStream } from "../../memory/stream/StreamRelocation.js"
import * as Node from "../../memory/stream/StreamNode.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import type { ValueType } from "../ValueType.js"

const index = new StreamIdTree()
const pending = new StreamIdTree()
const unowned = new StreamIdTree()
const target = new StreamIdTree()

// ---- freeing

const freeWhole = (a: Arena, s: Ref): void => {
  index.attach(a, s, Stream.INDEX_WORD).freeAll((node) => a.free(node))
  const groups = Groups.groupsOf(a, s)
  for (let i = 0; i < nameCount(a, groups); i++) Groups.freeGroup(a, nameAt(a, groups, i))
  if (groups !== 0) a.free(groups)
  a.free(s)
}

/** Frees one block of the last group, or the group itself when nothing else is left of it. */
const freeGroupPart = (a: Arena, s: Ref): void => {
  const groups = Groups.groupsOf(a, s)
  const last = nameCount(a, groups) - 1
  const group = nameAt(a, groups, last)
  if (Groups.groupPending(a, group, pending).last()) {
    a.free(pending.value)
    pending.remove()
    return
  }
  const consumers = Groups.consumersOf(a, group)
  const n = nameCount(a, consumers)
  if (n > 0 && Groups.consumerPending(a, nameAt(a, consumers, n - 1), pending).last()) {
    pending.remove()
    return
  }
  if (n > 0) {
    a.free(nameAt(a, consumers, n - 1))
    Groups.setConsumers(a, group, removeName(a, consumers, n - 1))
    return
  }
  a.free(group)
  Groups.setGroups(a, s, removeName(a, groups, last))
}

const freeStep = (a: Arena, s: Ref, budget: number): Ref => {
  if (budget === Infinity) {
    freeWhole(a, s)
    return 0
  }
  let left = budget
  index.attach(a, s, Stream.INDEX_WORD)
  for (; left > 0 && index.last(); left--) {
    a.free(index.value)
    index.remove()
  }
  for (; left > 0 && Groups.groupsOf(a, s) !== 0; left--) freeGroupPart(a, s)
  if (left === 0) return s
  freeWhole(a, s)
  return 0
}

const freeEffort = (a: Arena, s: Ref): number => {
  let effort = Stream.streamNodes(a, s)
  const groups = Groups.groupsOf(a, s)
  for (let i = 0; i < nameCount(a, groups); i++)
    effort += 2 * Groups.groupPendingCount(a, nameAt(a, groups, i)) + 1
  return effort
}

// ---- copying

const copyStream = (a: Arena, s: Ref): Ref => {
  const copy = Stream.createStream(a)
  a.copy(s, 0, copy, 0, Stream.STREAM_BYTES)
  Stream.forgetParts(a, copy)
  index.attach(a, s, Stream.INDEX_WORD)
  target.attach(a, copy, Stream.INDEX_WORD)
  for (let more = index.first(); more; more = index.next()) {
    const node = index.value
    const bytes = Node.nodeBytes(a, node)
    const twin = a.alloc(bytes)
    a.copy(node, 0, twin, 0, bytes)
    target.insert(index.key, twin)
  }
  const groups = Groups.groupsOf(a, s)
  for (let i = 0; i < nameCount(a, groups); i++) copyGroup(a, nameAt(a, groups, i), copy)
  return copy
}

const copyGroup = (a: Arena, group: Ref, into: Ref): void => {
  const last = Groups.groupLast(a, group, new StreamId())
  const read = Groups.groupRead(a, group)
  const twin = Groups.createGroup(
    a,
    into,
    a.u8[chunkOf(group)],
    nameOffset(a, group),
    nameLength(a, group),
    last,
    read,
  )
  const consumers = Groups.consumersOf(a, group)
  for (let i = 0; i < nameCount(a, consumers); i++) {
    const consumer = nameAt(a, consumers, i)
    const name = nameOffset(a, consumer)
    const seen = Groups.seenTime(a, consumer)
    const other = Groups.createConsumer(a, twin, a.u8[chunkOf(consumer)], name, nameLength(a, consumer), seen)
    Groups.consumerPending(a, consumer, pending)
    for (let more = pending.first(); more; more = pending.next()) {
      const entry = pending.value
      const id = pending.key
      const copied = Groups.addPending(a, twin, other, id, Groups.pendingTime(a, entry))
      Groups.setPendingCount(a, copied, Groups.pendingCount(a, entry))
    }
  }
  Groups.groupPending(a, group, unowned)
  for (let more = unowned.first(); more; more = unowned.next()) {
    const entry = unowned.value
    if (Groups.pendingConsumer(a, entry) === 0)
      Groups.addUnowned(a, twin, unowned.key, Groups.pendingTime(a, entry), Groups.pendingCount(a, entry))
  }
}

// ---- measuring

const streamBytes = (a: Arena, s: Ref, samples: number): number => {
  index.attach(a, s, Stream.INDEX_WORD)
  const nodes = index.count
  const wanted = samples === 0 ? nodes : Math.min(nodes, samples)
  let bytes = a.blockSize(s) + index.bytes()
  let sampled = 0
  let more = index.first()
  for (let i = 0; i < wanted && more; i++, more = index.next()) sampled += a.blockSize(index.value)
  if (wanted > 0) bytes += Math.round((sampled / wanted) * nodes)
  const groups = Groups.groupsOf(a, s)
  if (groups !== 0) bytes += a.blockSize(groups)
  for (let i = 0; i < nameCount(a, groups); i++) bytes += groupBytes(a, nameAt(a, groups, i))
  return bytes
}

const groupBytes = (a: Arena, group: Ref): number => {
  Groups.groupPending(a, group, pending)
  let bytes = a.blockSize(group) + pending.bytes()
  if (pending.first()) bytes += pending.count * a.blockSize(pending.value)
  const consumers = Groups.consumersOf(a, group)
  if (consumers !== 0) bytes += a.blockSize(consumers)
  for (let i = 0; i < nameCount(a, consumers); i++) {
    const consumer = nameAt(a, consumers, i)
    bytes += a.blockSize(consumer) + Groups.consumerPending(a, consumer, pending).bytes()
  }
  return bytes
}

// ---- checking

const visitBlocks = (a: Arena, s: Ref, visit: (ref: Ref) => void): void => {
  visit(s)
  index.attach(a, s, Stream.INDEX_WORD).visitBlocks(visit, visit)
  const groups = Groups.groupsOf(a, s)
  if (groups !== 0) visit(groups)
  for (let i = 0; i < nameCount(a, groups); i++) visitGroup(a, nameAt(a, groups, i), visit)
}

const visitGroup = (a: Arena, group: Ref, visit: (ref: Ref) => void): void => {
  visit(group)
  Groups.groupPending(a, group, pending).visitBlocks(visit, visit)
  const consumers = Groups.consumersOf(a, group)
  if (consumers !== 0) visit(consumers)
  for (let i = 0; i < nameCount(a, consumers); i++) {
    const consumer = nameAt(a, consumers, i)
    visit(consumer)
    // Its pending blocks are the group's, too.
    Groups.consumerPending(a, consumer, pending).visitBlocks(visit)
  }
}

/** Asserts every invariant of a stream and its groups. */
export const checkStreamValue = (a: Arena, s: Ref): void => {
  Stream.checkStream(a, s)
  Groups.checkGroups(a, s)
  if (a.i32[chunkOf(s)][wordOf(s) + Stream.LENGTH_WORD] < 0) throw new Error("stream: a negative length")
}

export const streamType: ValueType = {
  freeStep: (a, _encoding, value, budget) => freeStep(a, value, budget),
  freeEffort: (a, _encoding, value) => freeEffort(a, value),
  copy: (a, _encoding, value) => copyStream(a, value),
  bytes: (a, _encoding, value, samples) => streamBytes(a, value, samples),
  relocate: (r, _encoding, value) => relocateStream(r, value),
  visitBlocks: (a, _encoding, value, visit) => visitBlocks(a, value, visit),
  check: (a, _encoding, value) => checkStreamValue(a, value),
}

// ---- DEBUG DIGEST

const range = new Stream.StreamRange()
const lowest = new StreamId()
const highest = new StreamId().setMax()
const DOT = 0x2e

/**
 * Calls `visit` with the byte strings of which a stream's digest is made, in order: for each entry its ID as "ms.seq",
 * then its fields and values. The bytes are good until `visit` returns.
 */
export const visitStreamDigest = (
  a: Arena,
  s: Ref,
  visit: (src: Uint8Array, off: number, len: number) => void,
): void => {
  const text = new Uint8Array(48)
  range.begin(a, s, lowest, highest, false)
  while (range.next()) {
    const c = range.cursor
    let n = formatU64(text, 0, c.mh, c.ml)
    text[n++] = DOT
    visit(text, 0, n + formatU64(text, n, c.sh, c.sl))
    for (let i = 0; i < c.fields; i++) {
      c.field()
      Listpack.get(c.u8, c.fieldAt)
      visit(Listpack.lpv.src, Listpack.lpv.off, Listpack.lpv.len)
      Listpack.get(c.u8, c.valueAt)
      visit(Listpack.lpv.src, Listpack.lpv.off, Listpack.lpv.len)
    }
  }
}
