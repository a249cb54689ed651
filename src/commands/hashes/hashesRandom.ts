/** HRANDFIELD. */
import * as Errors from "../../resp/Errors.js"
import { HASH_HASHTABLE, TYPE_HASH } from "../../store/Entry.js"
import type { HashCursor } from "../../store/types/HashValue.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { drawDistinct, Sampler, WALK_FRACTION } from "../shared/sampling.js"
import * as spec from "../spec/hashes.js"

const INT64_MIN = -9223372036854775808n
/** With values, twice as many elements are answered as asked for. */
const PAIRS_MAX = 4611686018427387903n

/** HRANDFIELD has one option: WITHVALUES. */
const declared = options(spec.HRANDFIELD)

const sampler = new Sampler()

/** Answers the field the cursor stands on, with its value if asked. */
const reply = (c: CommandContext, cursor: HashCursor, withValues: boolean): void => {
  const { out } = c
  if (withValues && out.resp === 3) out.array(2)
  out.bulk(cursor.fieldSrc, cursor.fieldOff, cursor.fieldLen)
  if (withValues) out.bulk(cursor.src, cursor.off, cursor.len)
}

/** Puts the cursor on the n-th pair of a listpack. */
const seek = (cursor: HashCursor, encoding: number, value: number, n: number): void => {
  cursor.open(encoding, value)
  for (let i = 0; i <= n; i++) cursor.next()
}

const hrandfield = (c: CommandContext): void => {
  if (c.argc > 2) return hrandfieldCount(c)
  const entry = c.read(1)
  if (entry === 0) return c.out.nil()
  if (c.wrongType(entry, TYPE_HASH)) return
  const { hash, hashCursor } = c.keyspace.collections
  hash.attachEntry(entry)
  const random = c.keyspace.random
  if (hash.encoding === HASH_HASHTABLE) hashCursor.view(hash.randomBlock(random))
  else seek(hashCursor, hash.encoding, hash.value, random(hash.count))
  reply(c, hashCursor, false)
}

/** The count argument, NaN after answering an error. */
const readCount = (c: CommandContext): number => {
  const count = c.integer(2)
  if (Number.isSafeInteger(count)) {
    if (c.argc <= 3 || (c.argc === 4 && declared.at(c, 3) !== 0)) return count
    c.out.error(Errors.syntax)
    return NaN
  }
  const big = c.int64(2)
  if (big === undefined) c.out.error(Errors.notInteger)
  else if (big === INT64_MIN) c.out.error(Errors.randomCountOutOfRange)
  else if (c.argc > 4 || (c.argc === 4 && declared.at(c, 3) === 0)) c.out.error(Errors.syntax)
  else if (c.argc === 4 && (big < -PAIRS_MAX || big > PAIRS_MAX)) c.out.error(Errors.valueOutOfRange)
  else return count
  return NaN
}

const hrandfieldCount = (c: CommandContext): void => {
  const count = readCount(c)
  if (count !== count) return
  const withValues = c.argc === 4
  const entry = c.read(1)
  if (entry === 0) return c.out.emptyArray()
  if (c.wrongType(entry, TYPE_HASH)) return
  const { hash } = c.keyspace.collections
  hash.attachEntry(entry)
  const wanted = count < 0 ? -count : Math.min(count, hash.count)
  c.out.array(withValues && c.out.resp === 2 ? wanted * 2 : wanted)
  if (wanted === 0) return
  if (count < 0) replyRepeating(c, wanted, withValues)
  else replyDistinct(c, wanted, withValues)
}

/** `wanted` fields, each drawn from all. */
const replyRepeating = (c: CommandContext, wanted: number, withValues: boolean): void => {
  const { hash, hashCursor } = c.keyspace.collections
  const random = c.keyspace.random
  c.out.expect(wanted)
  if (hash.encoding === HASH_HASHTABLE) {
    for (let i = 0; i < wanted; i++) {
      hashCursor.view(hash.randomBlock(random))
      reply(c, hashCursor, withValues)
    }
    return
  }
  const pairs = hash.count
  for (let i = 0; i < wanted; i++) {
    seek(hashCursor, hash.encoding, hash.value, random(pairs))
    reply(c, hashCursor, withValues)
  }
}

/** `wanted` different fields. */
const replyDistinct = (c: CommandContext, wanted: number, withValues: boolean): void => {
  const { hash, hashCursor } = c.keyspace.collections
  const random = c.keyspace.random
  const size = hash.count
  if (hash.encoding === HASH_HASHTABLE && wanted * WALK_FRACTION < size) {
    for (const block of drawDistinct(wanted, () => hash.randomBlock(random))) {
      hashCursor.view(block)
      reply(c, hashCursor, withValues)
    }
    return
  }
  sampler.start(size, wanted)
  hashCursor.open(hash.encoding, hash.value)
  while (!sampler.done && hashCursor.next()) if (sampler.take(random)) reply(c, hashCursor, withValues)
}

export const hashRandomCommands: ReadonlyArray<Command> = [command(spec.HRANDFIELD, hrandfield)]
