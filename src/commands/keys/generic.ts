/** Commands about keys whatever they hold: DEL, UNLINK, EXISTS, TYPE, TOUCH, KEYS, RANDOMKEY, DBSIZE; and the family's list. */
import { chunkOf } from "../../memory/Ref.js"
import type { Ref } from "../../memory/Arena.js"
import { globMatch } from "../../bytes/Glob.js"
import { entryKeyLength, entryKeyOffset, entryType, TYPE_NAMES } from "../../store/Entry.js"
import { randomKey } from "../../store/RandomKey.js"
import type { Command } from "../../engine/Command.js"
import { command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { expiryCommands } from "./expiry.js"
import { flushDb, swapDb } from "./genericFlush.js"
import { copy, move, rename, renameNx } from "./genericMove.js"
import { Event } from "../../engine/KeyEvents.js"
import { foreseeKey } from "../shared/keyGroup.js"
import { objectCommand } from "./object.js"
import { scan } from "./scan.js"
import * as spec from "../spec/generic.js"
import { DBSIZE, FLUSHDB, SWAPDB } from "../spec/server.js"

const STAR = 42

const deleteKeys = (c: CommandContext, lazy: boolean): void => {
  let deleted = 0
  for (let i = 1; i < c.argc; i++) {
    foreseeKey(c, i, 1)
    const ref = c.write(i)
    if (ref === 0) continue
    c.db.remove(ref, lazy)
    c.changed(i, Event.generic, "del")
    deleted++
  }
  c.out.int(deleted)
}

const del = (c: CommandContext): void => deleteKeys(c, c.settings.lazyfreeLazyUserDel)
const unlink = (c: CommandContext): void => deleteKeys(c, true)

const exists = (c: CommandContext): void => {
  let n = 0
  for (let i = 1; i < c.argc; i++) {
    foreseeKey(c, i, 1)
    if (c.peek(i) !== 0) n++
  }
  c.out.int(n)
}

const touch = (c: CommandContext): void => {
  let n = 0
  for (let i = 1; i < c.argc; i++) if (c.read(i) !== 0) n++
  c.out.int(n)
}

const type = (c: CommandContext): void => {
  const ref = c.peek(1)
  c.out.simple(ref === 0 ? "none" : (TYPE_NAMES[entryType(c.keyspace.arena, ref)] ?? "none"))
}

/** Appends the key of an entry to the reply. */
const replyKey = (c: CommandContext, ref: Ref): void => {
  const a = c.keyspace.arena
  c.out.bulk(a.u8[chunkOf(ref)], entryKeyOffset(a, ref), entryKeyLength(a, ref))
}

const keys = (c: CommandContext): void => {
  const { db } = c
  const a = c.keyspace.arena
  const pattern = c.argOff[1]
  const length = c.argLen[1]
  const all = length === 1 && c.buf[pattern] === STAR
  const mark = c.out.deferredStart()
  let n = 0
  db.table.forEach((ref) => {
    const off = entryKeyOffset(a, ref)
    const len = entryKeyLength(a, ref)
    if (!all && !globMatch(c.buf, pattern, length, a.u8[chunkOf(ref)], off, len, false)) return
    if (db.isHidden(ref)) return
    c.out.bulk(a.u8[chunkOf(ref)], off, len)
    n++
  })
  c.out.deferredEnd(mark, "array", n)
}

const replyRandomKey = (c: CommandContext): void => {
  const ref = randomKey(c.db)
  // Keys found expired are no unit, as with SCAN.
  if (c.replicating) c.propagation.separately()
  if (ref === 0) c.out.nil()
  else replyKey(c, ref)
}

const dbSize = (c: CommandContext): void => c.out.int(c.db.size)

export const genericCommands: ReadonlyArray<Command> = [
  command(spec.DEL, del),
  command(spec.UNLINK, unlink),
  command(spec.EXISTS, exists),
  command(spec.TYPE, type),
  command(spec.TOUCH, touch),
  command(spec.KEYS, keys),
  command(spec.RANDOMKEY, replyRandomKey),
  command(spec.SCAN, scan),
  command(spec.RENAME, rename),
  command(spec.RENAMENX, renameNx),
  command(spec.COPY, copy),
  command(spec.MOVE, move),
  objectCommand,
  ...expiryCommands,
  command(DBSIZE, dbSize),
  command(FLUSHDB, flushDb),
  command(SWAPDB, swapDb),
]
