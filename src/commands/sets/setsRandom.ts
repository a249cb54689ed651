/** SPOP and SRANDMEMBER. */
import * as Errors from "../../resp/Errors.js"
import { SET_HASHTABLE, TYPE_SET } from "../../store/Entry.js"
import { INTSET_ENTRIES_MAX, type SetValue } from "../../store/types/SetValue.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"
import { drawDistinct, Sampler, WALK_FRACTION } from "../shared/sampling.js"
import { replyMembers, settleSet } from "./setSupport.js"
import * as spec from "../spec/sets.js"

/** SPOP rebuilds the set of what stays when less than a fifth as much stays as goes, as Redis does. */
const REBUILD_FRACTION = 5

const sampler = new Sampler()

const spop = (c: CommandContext): void => {
  if (c.argc > 3) return c.fail(Errors.syntax)
  if (c.argc === 3) return spopCount(c)
  const entry = c.write(1)
  if (entry === 0) return c.out.nil()
  if (c.wrongType(entry, TYPE_SET)) return
  const set = c.keyspace.collections.set.attachEntry(entry)
  set.random(c.keyspace.random)
  c.out.bulk(set.src, set.off, set.len)
  if (c.replicating)
    c.propagation.instead(c.db.id, "SREM", c.bytes(1), set.src.subarray(set.off, set.off + set.len))
  set.remove(set.src, set.off, set.len)
  const gone = settleSet(c, entry, set)
  c.changed(1, Event.set, "spop")
  if (gone) c.notify(1, Event.generic, "del")
}

/** The count argument of SPOP; -1 after answering an error. */
const popCount = (c: CommandContext): number => {
  const count = c.integer(2)
  if (count >= 0) return count
  c.out.error(Errors.mustBePositive)
  return -1
}

const spopCount = (c: CommandContext): void => {
  const count = popCount(c)
  if (count < 0) return
  const entry = c.write(1)
  if (entry === 0) return c.out.set(0)
  if (c.wrongType(entry, TYPE_SET)) return
  if (count === 0) return c.out.set(0)
  const set = c.keyspace.collections.set.attachEntry(entry)
  const size = set.count
  if (count >= size) return popAll(c, entry, set)
  c.out.set(count)
  if ((size - count) * REBUILD_FRACTION <= count) rebuildWithout(c, set, count)
  else popSome(c, set, count)
  settleSet(c, entry, set)
  c.changed(1, Event.set, "spop")
  c.keyspace.dirty += count - 1
}

const popAll = (c: CommandContext, entry: number, set: SetValue): void => {
  const size = set.count
  replyMembers(c, set.encoding, set.value)
  c.db.remove(entry, c.settings.lazyfreeLazyServerDel)
  c.changed(1, Event.set, "spop")
  c.keyspace.dirty += size - 1
  c.notify(1, Event.generic, "del")
  if (c.replicating) c.propagation.instead(c.db.id, "DEL", c.bytes(1))
}

/** Answers a member, notes its removal for replicas. */
const replyPopped = (c: CommandContext, src: Uint8Array, off: number, len: number): void => {
  c.out.bulk(src, off, len)
  if (c.replicating) c.propagation.instead(c.db.id, "SREM", c.bytes(1), src.subarray(off, off + len))
}

const popSome = (c: CommandContext, set: SetValue, count: number): void => {
  const random = c.keyspace.random
  for (let i = 0; i < count; i++) {
    set.random(random)
    replyPopped(c, set.src, set.off, set.len)
    set.remove(set.src, set.off, set.len)
  }
}

/** Few members stay: makes a new set of them. It may be an intset where the old one was a table. */
const rebuildWithout = (c: CommandContext, set: SetValue, count: number): void => {
  const { set: old, otherSet: rest, setCursor } = c.keyspace.collections
  const max = Math.min(c.settings.setMaxIntsetEntries, INTSET_ENTRIES_MAX)
  sampler.start(old.count, old.count - count)
  const cursor = setCursor.open(old.encoding, old.value)
  let first = true
  while (cursor.next()) {
    if (!sampler.done && sampler.take(c.keyspace.random)) {
      if (first) rest.createFor(cursor.src, cursor.off, cursor.len)
      first = false
      rest.add(cursor.src, cursor.off, cursor.len, max)
    } else replyPopped(c, cursor.src, cursor.off, cursor.len)
  }
  const { encoding, value } = rest
  c.keyspace.release(TYPE_SET, old.encoding, old.value, true)
  set.attach(encoding, value)
}

const srandmember = (c: CommandContext): void => {
  if (c.argc > 3) return c.fail(Errors.syntax)
  if (c.argc === 3) return srandmemberCount(c)
  const entry = c.read(1)
  if (entry === 0) return c.out.nil()
  if (c.wrongType(entry, TYPE_SET)) return
  const set = c.keyspace.collections.set.attachEntry(entry)
  set.random(c.keyspace.random)
  c.out.bulk(set.src, set.off, set.len)
}

const srandmemberCount = (c: CommandContext): void => {
  const count = c.integer(2)
  if (count !== count) return c.fail(Errors.notInteger)
  if (count === -9223372036854775808 && c.int64(2) === -9223372036854775808n)
    return c.fail(Errors.randomCountOutOfRange)
  const { out, keyspace } = c
  const entry = c.read(1)
  if (entry === 0) return out.emptyArray()
  if (c.wrongType(entry, TYPE_SET)) return
  if (count === 0) return out.emptyArray()
  const set = keyspace.collections.set.attachEntry(entry)
  if (count < 0) {
    out.expect(-count)
    out.array(-count)
    for (let i = 0; i < -count; i++) {
      set.random(keyspace.random)
      out.bulk(set.src, set.off, set.len)
    }
    return
  }
  const size = set.count
  const wanted = Math.min(count, size)
  out.array(wanted)
  if (set.encoding === SET_HASHTABLE && wanted * WALK_FRACTION < size) {
    for (const member of drawDistinct(wanted, () => set.randomBlock(keyspace.random))) {
      set.view(member)
      out.bulk(set.src, set.off, set.len)
    }
    return
  }
  sampler.start(size, wanted)
  const cursor = keyspace.collections.setCursor.open(set.encoding, set.value)
  while (!sampler.done && cursor.next())
    if (sampler.take(keyspace.random)) out.bulk(cursor.src, cursor.off, cursor.len)
}

export const setRandomCommands: ReadonlyArray<Command> = [
  command(spec.SPOP, spop),
  command(spec.SRANDMEMBER, srandmember),
]
