/** The hash commands on fields that are named, and on all of them. */
import * as Errors from "../../resp/Errors.js"
import { entryEncoding, entryValue, TYPE_HASH } from "../../store/Entry.js"
import { hashCount } from "../../store/types/HashValue.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { hashNumberCommands } from "./hashesNumber.js"
import { hashRandomCommands } from "./hashesRandom.js"
import { keepHash, openHash } from "./hashSupport.js"
import { Event } from "../../engine/KeyEvents.js"
import { scanHash } from "../shared/scanCollections.js"
import * as spec from "../spec/hashes.js"

/** Sets the fields of HSET and HMSET; answers how many are new, -1 after answering an error. */
const setFields = (c: CommandContext, name: string): number => {
  const { buf, argOff, argLen, argc } = c
  if (argc % 2 !== 0) {
    c.out.error(Errors.wrongArguments(name))
    return -1
  }
  const entry = c.write(1)
  if (c.wrongType(entry, TYPE_HASH)) return -1
  const { hashMaxListpackEntries, hashMaxListpackValue } = c.settings
  const hash = openHash(c, entry)
  let added = 0
  for (let i = 2; i < argc; i += 2) {
    const isNew = hash.set(
      buf,
      argOff[i],
      argLen[i],
      buf,
      argOff[i + 1],
      argLen[i + 1],
      hashMaxListpackEntries,
      hashMaxListpackValue,
    )
    if (isNew) added++
  }
  keepHash(c, entry, hash)
  c.changed(1, Event.hash, "hset")
  c.keyspace.dirty += ((argc - 2) >> 1) - 1
  return added
}

const hset = (c: CommandContext): void => {
  const added = setFields(c, "hset")
  if (added >= 0) c.out.int(added)
}

const hmset = (c: CommandContext): void => {
  if (setFields(c, "hmset") >= 0) c.out.ok()
}

const hsetnx = (c: CommandContext): void => {
  const { buf, argOff, argLen } = c
  const entry = c.write(1)
  if (c.wrongType(entry, TYPE_HASH)) return
  if (entry !== 0 && c.keyspace.collections.hash.attachEntry(entry).has(buf, argOff[2], argLen[2]))
    return c.out.zero()
  const hash = openHash(c, entry)
  const { hashMaxListpackEntries, hashMaxListpackValue } = c.settings
  hash.set(buf, argOff[2], argLen[2], buf, argOff[3], argLen[3], hashMaxListpackEntries, hashMaxListpackValue)
  keepHash(c, entry, hash)
  c.changed(1, Event.hash, "hset")
  c.out.one()
}

const hget = (c: CommandContext): void => {
  const entry = c.read(1)
  if (entry === 0) return c.out.nil()
  if (c.wrongType(entry, TYPE_HASH)) return
  const hash = c.keyspace.collections.hash.attachEntry(entry)
  if (hash.find(c.buf, c.argOff[2], c.argLen[2])) c.out.bulk(hash.src, hash.off, hash.len)
  else c.out.nil()
}

const hmget = (c: CommandContext): void => {
  const entry = c.read(1)
  if (c.wrongType(entry, TYPE_HASH)) return
  const { hash } = c.keyspace.collections
  if (entry !== 0) hash.attachEntry(entry)
  c.out.array(c.argc - 2)
  for (let i = 2; i < c.argc; i++) {
    if (entry !== 0 && hash.find(c.buf, c.argOff[i], c.argLen[i])) c.out.bulk(hash.src, hash.off, hash.len)
    else c.out.nil()
  }
}

const FIELDS = 1
const VALUES = 2

/** Answers fields, values or both. */
const replyAll = (c: CommandContext, parts: number): void => {
  const { out, keyspace } = c
  const entry = c.read(1)
  if (c.wrongType(entry, TYPE_HASH)) return
  const a = keyspace.arena
  const n = entry === 0 ? 0 : hashCount(a, entryEncoding(a, entry), entryValue(a, entry))
  if (parts === (FIELDS | VALUES)) out.map(n)
  else out.array(n)
  if (entry === 0) return
  const cursor = keyspace.collections.hashCursor.openEntry(entry)
  while (cursor.next()) {
    if ((parts & FIELDS) !== 0) out.bulk(cursor.fieldSrc, cursor.fieldOff, cursor.fieldLen)
    if ((parts & VALUES) !== 0) out.bulk(cursor.src, cursor.off, cursor.len)
  }
}

const hgetall = (c: CommandContext): void => replyAll(c, FIELDS | VALUES)
const hkeys = (c: CommandContext): void => replyAll(c, FIELDS)
const hvals = (c: CommandContext): void => replyAll(c, VALUES)

const hlen = (c: CommandContext): void => {
  const entry = c.read(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_HASH)) return
  const a = c.keyspace.arena
  c.out.int(hashCount(a, entryEncoding(a, entry), entryValue(a, entry)))
}

const hstrlen = (c: CommandContext): void => {
  const entry = c.read(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_HASH)) return
  const hash = c.keyspace.collections.hash.attachEntry(entry)
  c.out.int(hash.find(c.buf, c.argOff[2], c.argLen[2]) ? hash.len : 0)
}

const hexists = (c: CommandContext): void => {
  const entry = c.read(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_HASH)) return
  c.out.int(c.keyspace.collections.hash.attachEntry(entry).has(c.buf, c.argOff[2], c.argLen[2]) ? 1 : 0)
}

const hdel = (c: CommandContext): void => {
  const entry = c.write(1)
  if (entry === 0) return c.out.zero()
  if (c.wrongType(entry, TYPE_HASH)) return
  const hash = c.keyspace.collections.hash.attachEntry(entry)
  let removed = 0
  for (let i = 2; i < c.argc && hash.count > 0; i++)
    if (hash.remove(c.buf, c.argOff[i], c.argLen[i])) removed++
  if (removed > 0) {
    keepHash(c, entry, hash)
    const gone = hash.count === 0
    if (gone) c.db.remove(entry, false)
    c.changed(1, Event.hash, "hdel")
    c.keyspace.dirty += removed - 1
    if (gone) c.notify(1, Event.generic, "del")
  }
  c.out.int(removed)
}

export const hashCommands: ReadonlyArray<Command> = [
  command(spec.HSET, hset),
  command(spec.HMSET, hmset),
  command(spec.HSETNX, hsetnx),
  command(spec.HGET, hget),
  command(spec.HMGET, hmget),
  command(spec.HGETALL, hgetall),
  command(spec.HKEYS, hkeys),
  command(spec.HVALS, hvals),
  command(spec.HLEN, hlen),
  command(spec.HSTRLEN, hstrlen),
  command(spec.HEXISTS, hexists),
  command(spec.HDEL, hdel),
  command(spec.HSCAN, scanHash),
  ...hashNumberCommands,
  ...hashRandomCommands,
]
