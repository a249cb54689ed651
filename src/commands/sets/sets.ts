/** The set commands on one set at a time, and SMOVE. */
import { entryEncoding, entryValue, TYPE_SET } from "../../store/Entry.js"
import { setCount } from "../../store/types/SetValue.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"
import { scanSet } from "../shared/scanCollections.js"
import { setAlgebraCommands } from "./setsAlgebra.js"
import { setRandomCommands } from "./setsRandom.js"
import { replyMembers, settleSet } from "./setSupport.js"
import * as spec from "../spec/sets.js"

const sadd = (c: CommandContext): void => {
  const { buf, argOff, argLen, argc } = c
  const entry = c.write(1)
  if (c.wrongType(entry, TYPE_SET)) return
  const set = c.keyspace.collections.set
  const max = c.settings.setMaxIntsetEntries
  if (entry === 0) set.createFor(buf, argOff[2], argLen[2])
  else set.attachEntry(entry)
  let added = 0
  for (let i = 2; i < argc; i++) if (set.add(buf, argOff[i], argLen[i], max)) added++
  if (entry === 0) {
    c.db.putValue(0, buf, argOff[1], argLen[1], TYPE_SET, set.encoding, set.value, false)
    c.notify(1, Event.new, "new")
  } else if (added > 0) settleSet(c, entry, set)
  if (added > 0) {
    c.changed(1, Event.set, "sadd")
    c.keyspace.dirty += added - 1
  }
  c.out.int(added)
}

const srem = (c: CommandContext): void => {
  const entry = c.write(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_SET)) return
  const set = c.keyspace.collections.set.attachEntry(entry)
  let removed = 0
  for (let i = 2; i < c.argc && set.count > 0; i++) if (set.remove(c.buf, c.argOff[i], c.argLen[i])) removed++
  if (removed > 0) {
    const gone = settleSet(c, entry, set)
    c.changed(1, Event.set, "srem")
    c.keyspace.dirty += removed - 1
    if (gone) c.notify(1, Event.generic, "del")
  }
  c.out.int(removed)
}

const sismember = (c: CommandContext): void => {
  const entry = c.read(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_SET)) return
  c.out.int(c.keyspace.collections.set.attachEntry(entry).has(c.buf, c.argOff[2], c.argLen[2]) ? 1 : 0)
}

const smismember = (c: CommandContext): void => {
  const entry = c.read(1)
  if (c.wrongType(entry, TYPE_SET)) return
  c.out.array(c.argc - 2)
  const set = c.keyspace.collections.set
  if (entry !== 0) set.attachEntry(entry)
  for (let i = 2; i < c.argc; i++) c.out.int(entry !== 0 && set.has(c.buf, c.argOff[i], c.argLen[i]) ? 1 : 0)
}

const scard = (c: CommandContext): void => {
  const entry = c.read(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_SET)) return
  const a = c.keyspace.arena
  c.out.int(setCount(a, entryEncoding(a, entry), entryValue(a, entry)))
}

const smembers = (c: CommandContext): void => {
  const entry = c.read(1)
  if (entry === 0) return c.out.set(0)
  if (c.wrongType(entry, TYPE_SET)) return
  const a = c.keyspace.arena
  replyMembers(c, entryEncoding(a, entry), entryValue(a, entry))
}

const smove = (c: CommandContext): void => {
  const { buf, argOff, argLen } = c
  const source = c.write(1)
  if (source === 0) return c.out.zero()
  const target = c.write(2)
  if (c.wrongType(source, TYPE_SET) || c.wrongType(target, TYPE_SET)) return
  const set = c.keyspace.collections.set.attachEntry(source)
  const off = argOff[3]
  const len = argLen[3]
  if (source === target) return c.out.int(set.has(buf, off, len) ? 1 : 0)
  if (!set.remove(buf, off, len)) return c.out.zero()
  const gone = settleSet(c, c.write(1), set)
  c.changed(1, Event.set, "srem")
  if (gone) c.notify(1, Event.generic, "del")
  const entry = c.write(2)
  if (entry === 0) set.createFor(buf, off, len)
  else set.attachEntry(entry)
  const added = set.add(buf, off, len, c.settings.setMaxIntsetEntries)
  if (entry === 0) {
    c.db.putValue(0, buf, argOff[2], argLen[2], TYPE_SET, set.encoding, set.value, false)
    c.notify(2, Event.new, "new")
  } else if (added) settleSet(c, entry, set)
  if (added) c.changed(2, Event.set, "sadd")
  c.out.one()
}

export const setCommands: ReadonlyArray<Command> = [
  command(spec.SADD, sadd),
  command(spec.SREM, srem),
  command(spec.SISMEMBER, sismember),
  command(spec.SMISMEMBER, smismember),
  command(spec.SCARD, scard),
  command(spec.SMEMBERS, smembers),
  command(spec.SMOVE, smove),
  command(spec.SSCAN, scanSet),
  ...setAlgebraCommands,
  ...setRandomCommands,
]
