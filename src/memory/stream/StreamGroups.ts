/**
 * Consumer groups of a stream, their consumers, and what they hold pending.
 *
 * The stream's header holds a directory of groups (StreamNames.ts), a group one of consumers. Blocks, Int32 words:
 *   group     0, 1 name (StreamNames.ts)   2..5 last delivered ID   6, 7 entries read, low and high half, -1 = not known
 *             8, 9 tree of pending entries (StreamIdTree.ts), value = ref of the pending block   10 directory of consumers
 *             name from byte 44 on
 *   consumer  0, 1 name   2, 3 seen time, a double, Unix milliseconds   4, 5 tree of its pending entries, the same blocks
 *             name from byte 24 on
 *   pending   0, 1 delivery time, a double   2, 3 deliveries, low and high half   4 ref of the consumer
 *
 * A pending entry takes a block of 24 bytes and 20.3 bytes in each of two trees; Redis takes a 24-byte block of 32 and two
 * radix-tree leaves.
 *
 * Invariants (checkGroups): the group's tree is the disjoint union of its consumers' trees, with the same blocks, and of
 * entries without a consumer, which only a file can bring; a pending block names the consumer whose tree holds it, or 0.
 *
 * Example: after XREADGROUP of 1-1 by c: group tree {1-1: p}, consumer tree of c {1-1: p}, p = now, 1, c.
 */
import { chunkOf, doubleOf, wordOf } from "../Ref.js"
import type { Arena, Ref } from "../Arena.js"
import {
  bigAt,
  DELETED_WORD,
  entriesAdded,
  FIRST_WORD,
  GROUPS_WORD,
  headerId,
  incrementAt,
} from "./Stream.js"
import { LAST_WORD, setBigAt, streamLength } from "./Stream.js"
import { StreamId } from "../../bytes/StreamId.js"
import { StreamIdTree } from "./StreamIdTree.js"
import { findName, findNamed, insertName, nameAt, nameCount, newNamed, removeName } from "./StreamNames.js"

export const GROUP_LAST_WORD = 2
export const GROUP_READ_WORD = 6
export const GROUP_PENDING_WORD = 8
export const GROUP_CONSUMERS_WORD = 10
const GROUP_HEAD_BYTES = 44
export const CONSUMER_PENDING_WORD = 4
const CONSUMER_HEAD_BYTES = 24
const PENDING_BYTES = 20
export const PENDING_COUNT_WORD = 2
const PENDING_CONSUMER_WORD = 4

/** Entries read, when a group does not know. */
export const READ_UNKNOWN = -1n

// ---- groups

const directory = (a: Arena, owner: Ref, word: number): Ref => a.i32[chunkOf(owner)][wordOf(owner) + word]

const setWord = (a: Arena, owner: Ref, word: number, value: number): void => {
  a.willWrite(owner)
  a.i32[chunkOf(owner)][wordOf(owner) + word] = value
}

export const groupsOf = (a: Arena, s: Ref): Ref => directory(a, s, GROUPS_WORD)
export const consumersOf = (a: Arena, group: Ref): Ref => directory(a, group, GROUP_CONSUMERS_WORD)

/** Puts another directory in place, as insertName and removeName answer it. */
export const setGroups = (a: Arena, s: Ref, dir: Ref): void => setWord(a, s, GROUPS_WORD, dir)
export const setConsumers = (a: Arena, group: Ref, dir: Ref): void =>
  setWord(a, group, GROUP_CONSUMERS_WORD, dir)

/** The group of a name, or 0. */
export const findGroup = (a: Arena, s: Ref, buf: Uint8Array, off: number, len: number): Ref =>
  findNamed(a, groupsOf(a, s), buf, off, len)

/** Makes a group; answers 0 when the name is taken. */
export const createGroup = (
  a: Arena,
  s: Ref,
  buf: Uint8Array,
  off: number,
  len: number,
  last: StreamId,
  read: bigint,
): Ref => {
  const dir = groupsOf(a, s)
  const at = findName(a, dir, buf, off, len)
  if (at >= 0) return 0
  const group = newNamed(a, GROUP_HEAD_BYTES, buf, off, len)
  const words = a.i32[chunkOf(group)]
  const w = wordOf(group)
  last.store(words, w + GROUP_LAST_WORD)
  setBigAt(a, group, GROUP_READ_WORD, read)
  words[w + GROUP_PENDING_WORD] = words[w + GROUP_PENDING_WORD + 1] = words[w + GROUP_CONSUMERS_WORD] = 0
  setWord(a, s, GROUPS_WORD, insertName(a, dir, -1 - at, group))
  return group
}

/** Deletes a group with all it holds; false when there is none of this name. */
export const destroyGroup = (a: Arena, s: Ref, buf: Uint8Array, off: number, len: number): boolean => {
  const dir = groupsOf(a, s)
  const at = findName(a, dir, buf, off, len)
  if (at < 0) return false
  const group = nameAt(a, dir, at)
  setWord(a, s, GROUPS_WORD, removeName(a, dir, at))
  freeGroup(a, group)
  return true
}

/** Frees a group's blocks; it must be out of its directory. */
export const freeGroup = (a: Arena, group: Ref): void => {
  groupTree.attach(a, group, GROUP_PENDING_WORD).freeAll((pending) => a.free(pending))
  const dir = consumersOf(a, group)
  for (let i = 0; i < nameCount(a, dir); i++) {
    const consumer = nameAt(a, dir, i)
    ownTree.attach(a, consumer, CONSUMER_PENDING_WORD).freeAll(() => {})
    a.free(consumer)
  }
  if (dir !== 0) a.free(dir)
  a.free(group)
}

export const groupLast = (a: Arena, group: Ref, id: StreamId): StreamId =>
  id.load(a.i32[chunkOf(group)], wordOf(group) + GROUP_LAST_WORD)

export const setGroupLast = (a: Arena, group: Ref, id: StreamId): void => {
  a.willWrite(group)
  id.store(a.i32[chunkOf(group)], wordOf(group) + GROUP_LAST_WORD)
}

export const groupRead = (a: Arena, group: Ref): bigint => bigAt(a, group, GROUP_READ_WORD)
export const setGroupRead = (a: Arena, group: Ref, read: bigint): void =>
  setBigAt(a, group, GROUP_READ_WORD, read)

// ---- consumers

/** The consumer of a name, or 0. */
export const findConsumer = (a: Arena, group: Ref, buf: Uint8Array, off: number, len: number): Ref =>
  findNamed(a, consumersOf(a, group), buf, off, len)

/** Makes a consumer whose name is not taken. */
export const createConsumer = (
  a: Arena,
  group: Ref,
  buf: Uint8Array,
  off: number,
  len: number,
  seen: number,
): Ref => {
  const dir = consumersOf(a, group)
  const at = findName(a, dir, buf, off, len)
  if (at >= 0) throw new Error("a consumer is created twice")
  const consumer = newNamed(a, CONSUMER_HEAD_BYTES, buf, off, len)
  const words = a.i32[chunkOf(consumer)]
  const w = wordOf(consumer)
  words[w + CONSUMER_PENDING_WORD] = words[w + CONSUMER_PENDING_WORD + 1] = 0
  a.f64[chunkOf(consumer)][doubleOf(consumer) + 1] = seen
  setWord(a, group, GROUP_CONSUMERS_WORD, insertName(a, dir, -1 - at, consumer))
  return consumer
}

/** Deletes a consumer and what it holds; answers how many entries that were, -1 when there is none of this name. */
export const deleteConsumer = (a: Arena, group: Ref, buf: Uint8Array, off: number, len: number): number => {
  const dir = consumersOf(a, group)
  const at = findName(a, dir, buf, off, len)
  if (at < 0) return -1
  const consumer = nameAt(a, dir, at)
  groupTree.attach(a, group, GROUP_PENDING_WORD)
  ownTree.attach(a, consumer, CONSUMER_PENDING_WORD)
  const held = ownTree.count
  for (let more = ownTree.first(); more; more = ownTree.next()) {
    if (!groupTree.find(ownTree.key)) throw new Error("a consumer holds what its group does not")
    a.free(groupTree.value)
    groupTree.remove()
  }
  ownTree.freeAll(() => {})
  setWord(a, group, GROUP_CONSUMERS_WORD, removeName(a, dir, at))
  a.free(consumer)
  return held
}

/** Unix milliseconds of the consumer's last command. */
export const seenTime = (a: Arena, consumer: Ref): number => a.f64[chunkOf(consumer)][doubleOf(consumer) + 1]

export const setSeenTime = (a: Arena, consumer: Ref, ms: number): void => {
  a.willWrite(consumer)
  a.f64[chunkOf(consumer)][doubleOf(consumer) + 1] = ms
}

// ---- pending entries

const groupTree = new StreamIdTree()
const ownTree = new StreamIdTree()

/** The group's pending entries; the handle is shared, so attach it anew after any call of this file that changes them. */
export const groupPending = (a: Arena, group: Ref, tree: StreamIdTree): StreamIdTree =>
  tree.attach(a, group, GROUP_PENDING_WORD)

export const consumerPending = (a: Arena, consumer: Ref, tree: StreamIdTree): StreamIdTree =>
  tree.attach(a, consumer, CONSUMER_PENDING_WORD)

/** Number of entries pending in a group. */
export const groupPendingCount = (a: Arena, group: Ref): number =>
  a.i32[chunkOf(group)][wordOf(group) + GROUP_PENDING_WORD + 1]

export const consumerPendingCount = (a: Arena, consumer: Ref): number =>
  a.i32[chunkOf(consumer)][wordOf(consumer) + CONSUMER_PENDING_WORD + 1]

/** The pending block of an ID in a group, or 0. */
export const findPending = (a: Arena, group: Ref, id: StreamId): Ref =>
  groupTree.attach(a, group, GROUP_PENDING_WORD).find(id) ? groupTree.value : 0

/** Makes an ID pending that was not. */
export const addPending = (a: Arena, group: Ref, consumer: Ref, id: StreamId, time: number): Ref => {
  const pending = newPending(a, time, consumer)
  groupTree.attach(a, group, GROUP_PENDING_WORD).insert(id, pending)
  ownTree.attach(a, consumer, CONSUMER_PENDING_WORD).insert(id, pending)
  return pending
}

const newPending = (a: Arena, time: number, consumer: Ref): Ref => {
  const pending = a.alloc(PENDING_BYTES)
  a.f64[chunkOf(pending)][doubleOf(pending)] = time
  const words = a.i32[chunkOf(pending)]
  const w = wordOf(pending)
  words[w + PENDING_COUNT_WORD] = 1
  words[w + PENDING_COUNT_WORD + 1] = 0
  words[w + PENDING_CONSUMER_WORD] = consumer
  return pending
}

/** Makes an ID pending in a group without a consumer, as loading does; `assignPending` follows, or the file was wrong. */
export const addUnowned = (a: Arena, group: Ref, id: StreamId, time: number, count: bigint): boolean => {
  groupTree.attach(a, group, GROUP_PENDING_WORD)
  if (groupTree.find(id)) return false
  const pending = newPending(a, time, 0)
  setBigAt(a, pending, PENDING_COUNT_WORD, count)
  groupTree.insert(id, pending)
  return true
}

/** Moves a pending entry to a consumer (which may have it already). */
export const assignPending = (a: Arena, pending: Ref, id: StreamId, consumer: Ref): void => {
  const before = pendingConsumer(a, pending)
  if (before === consumer) return
  if (before !== 0) {
    ownTree.attach(a, before, CONSUMER_PENDING_WORD)
    if (!ownTree.find(id)) throw new Error("a pending entry is not its consumer's")
    ownTree.remove()
  }
  ownTree.attach(a, consumer, CONSUMER_PENDING_WORD).insert(id, pending)
  setWord(a, pending, PENDING_CONSUMER_WORD, consumer)
}

/** Ends the pending state of an ID (XACK); false when it was not pending. */
export const removePending = (a: Arena, group: Ref, id: StreamId): boolean => {
  groupTree.attach(a, group, GROUP_PENDING_WORD)
  if (!groupTree.find(id)) return false
  const pending = groupTree.value
  groupTree.remove()
  const consumer = pendingConsumer(a, pending)
  if (consumer !== 0) {
    ownTree.attach(a, consumer, CONSUMER_PENDING_WORD)
    if (!ownTree.find(id)) throw new Error("a pending entry is not its consumer's")
    ownTree.remove()
  }
  a.free(pending)
  return true
}

export const pendingConsumer = (a: Arena, pending: Ref): Ref =>
  a.i32[chunkOf(pending)][wordOf(pending) + PENDING_CONSUMER_WORD]

export const setPendingConsumer = (a: Arena, pending: Ref, consumer: Ref): void =>
  setWord(a, pending, PENDING_CONSUMER_WORD, consumer)

/** Unix milliseconds of the last delivery. */
export const pendingTime = (a: Arena, pending: Ref): number => a.f64[chunkOf(pending)][doubleOf(pending)]

export const setPendingTime = (a: Arena, pending: Ref, ms: number): void => {
  a.willWrite(pending)
  a.f64[chunkOf(pending)][doubleOf(pending)] = ms
}

/** How often the entry was delivered. */
export const pendingCount = (a: Arena, pending: Ref): bigint => bigAt(a, pending, PENDING_COUNT_WORD)
export const setPendingCount = (a: Arena, pending: Ref, n: bigint): void =>
  setBigAt(a, pending, PENDING_COUNT_WORD, n)

/** Counts a delivery at time `ms`. */
export const deliverAgain = (a: Arena, pending: Ref, ms: number): void => {
  setPendingTime(a, pending, ms)
  incrementAt(a, pending, PENDING_COUNT_WORD)
}

// ---- how far a group has read

const x = new StreamId()
const y = new StreamId()

/** Whether an entry from `id` on was deleted by XDEL, and not all before it: then counting entries from there on is not exact. */
const deletedAbove = (a: Arena, s: Ref, id: StreamId): boolean => {
  if (streamLength(a, s) === 0) return false
  const deleted = headerId(a, s, DELETED_WORD, y)
  // A deletion before the first entry that is left is like a trim: it leaves no gap.
  if (deleted.isZero || deleted.compare(headerId(a, s, FIRST_WORD, x)) < 0) return false
  return id.compare(deleted) <= 0
}

/** How many entries were ever added up to `id`, where that can be told; else READ_UNKNOWN. */
export const entriesUpTo = (a: Arena, s: Ref, id: StreamId): bigint => {
  const added = entriesAdded(a, s)
  if (added === 0n) return 0n
  const length = streamLength(a, s)
  const toLast = id.compare(headerId(a, s, LAST_WORD, y))
  if (length === 0 && toLast <= 0) return added
  if (toLast === 0) return added
  if (toLast > 0) return READ_UNKNOWN
  const first = headerId(a, s, FIRST_WORD, x)
  const deleted = headerId(a, s, DELETED_WORD, y)
  if (!deleted.isZero && deleted.compare(first) >= 0) return READ_UNKNOWN
  const toFirst = id.compare(first)
  if (toFirst < 0) return added - BigInt(length)
  return toFirst === 0 ? added - BigInt(length) + 1n : READ_UNKNOWN
}

/** Notes that the group got the entry `id`, above what it had: its last ID and its count of entries read. */
export const groupDelivered = (a: Arena, s: Ref, group: Ref, id: StreamId): void => {
  a.willWrite(group)
  const words = a.i32[chunkOf(group)]
  const w = wordOf(group) + GROUP_READ_WORD
  const known = words[w + 1] !== -1 || words[w] !== -1
  if (known && !deletedAbove(a, s, id)) incrementAt(a, group, GROUP_READ_WORD)
  else if (entriesAdded(a, s) !== 0n) setGroupRead(a, group, entriesUpTo(a, s, id))
  setGroupLast(a, group, id)
}

/** Entries the group has yet to read, undefined where that cannot be told. */
export const groupLag = (a: Arena, s: Ref, group: Ref): bigint | undefined => {
  const added = entriesAdded(a, s)
  if (added === 0n) return 0n
  const read = groupRead(a, group)
  const last = new StreamId()
  groupLast(a, group, last)
  if (read !== READ_UNKNOWN && !deletedAbove(a, s, last)) return BigInt.asIntN(64, added - read)
  const upTo = entriesUpTo(a, s, last)
  return upTo === READ_UNKNOWN ? undefined : BigInt.asIntN(64, added - upTo)
}

/** Asserts the invariants of the file header; throws on the first that does not hold. */
export const checkGroups = (a: Arena, s: Ref): void => {
  const groups = groupsOf(a, s)
  for (let i = 0; i < nameCount(a, groups); i++) {
    const group = nameAt(a, groups, i)
    groupTree.attach(a, group, GROUP_PENDING_WORD).checkInvariants()
    const consumers = consumersOf(a, group)
    let held = 0
    for (let j = 0; j < nameCount(a, consumers); j++) {
      const consumer = nameAt(a, consumers, j)
      ownTree.attach(a, consumer, CONSUMER_PENDING_WORD).checkInvariants()
      for (let more = ownTree.first(); more; more = ownTree.next()) {
        held++
        if (!groupTree.find(ownTree.key) || groupTree.value !== ownTree.value)
          throw new Error("stream: a consumer's pending entry is not its group's")
        if (pendingConsumer(a, ownTree.value) !== consumer)
          throw new Error("stream: a pending entry names another consumer")
      }
    }
    groupTree.attach(a, group, GROUP_PENDING_WORD)
    for (let more = groupTree.first(); more; more = groupTree.next())
      if (pendingConsumer(a, groupTree.value) === 0) held++
    if (held !== groupTree.count) throw new Error("stream: a pending entry that its consumer does not have")
  }
}
