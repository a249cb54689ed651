/** ZRANDMEMBER: every member has the same chance, by drawing ranks. */
import * as Errors from "../../resp/Errors.js"
import { TYPE_ZSET } from "../../store/Entry.js"
import type { SortedSet } from "../../store/types/SortedSetValue.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { drawDistinct, Sampler, WALK_FRACTION } from "../shared/sampling.js"
import { replyMember, replyMembersStart, replyRange } from "./sortedSetSupport.js"
import * as spec from "../spec/sortedSets.js"

/** From here on a reply of members and scores would have more items than a 64-bit integer counts. */
const SCORED_COUNT_END = 2 ** 62

/** ZRANDMEMBER has one option: WITHSCORES. */
const declared = options(spec.ZRANDMEMBER)

const sampler = new Sampler()

const zrandmember = (c: CommandContext): void => {
  if (c.argc > 2) return randomMembers(c)
  const entry = c.read(1)
  if (entry === 0) return c.out.nil()
  if (c.wrongType(entry, TYPE_ZSET)) return
  const set = c.keyspace.collections.sortedSet.attachEntry(entry)
  set.seek(c.keyspace.random(set.size))
  c.out.bulk(set.src, set.off, set.len)
}

const randomMembers = (c: CommandContext): void => {
  const count = c.integer(2)
  if (Number.isNaN(count)) return c.fail(Errors.notInteger)
  if (count === -(2 ** 63) && c.int64(2) === -9223372036854775808n)
    return c.fail(Errors.randomCountOutOfRange)
  const withScores = c.argc > 3
  if (c.argc > 4 || (withScores && declared.at(c, 3) === 0)) return c.fail(Errors.syntax)
  // The last count Redis takes is 2^62 - 1, which as a double is 2^62.
  if (withScores && Math.abs(count) >= SCORED_COUNT_END && beyondScoredCount(c))
    return c.fail(Errors.valueOutOfRange)
  const entry = c.read(1)
  if (entry === 0 || count === 0) {
    if (!c.wrongType(entry, TYPE_ZSET)) c.out.emptyArray()
    return
  }
  if (c.wrongType(entry, TYPE_ZSET)) return
  const set = c.keyspace.collections.sortedSet.attachEntry(entry)
  if (count < 0) drawWithRepeats(c, set, -count, withScores)
  // All of them: not at random then, but from the highest down, as in Redis.
  else if (count >= set.size) replyRange(c, set, set.size - 1, set.size, true, withScores)
  else drawWithout(c, set, count, withScores)
}

const beyondScoredCount = (c: CommandContext): boolean => {
  const exact = c.int64(2) ?? 0n
  const limit = 4611686018427387903n
  return exact > limit || exact < -limit
}

const drawWithRepeats = (c: CommandContext, set: SortedSet, n: number, withScores: boolean): void => {
  const { random } = c.keyspace
  const size = set.size
  c.out.expect(n)
  replyMembersStart(c, n, withScores)
  for (let i = 0; i < n; i++) {
    set.seek(random(size))
    replyMember(c, set, withScores)
  }
}

/** Draws `n` different members: by a walk over all, or by their ranks when they are few of many. */
const drawWithout = (c: CommandContext, set: SortedSet, n: number, withScores: boolean): void => {
  const { random } = c.keyspace
  const size = set.size
  replyMembersStart(c, n, withScores)
  if (n * WALK_FRACTION <= size) {
    for (const rank of drawDistinct(n, () => random(size))) {
      set.seek(rank)
      replyMember(c, set, withScores)
    }
    return
  }
  sampler.start(size, n)
  set.seek(0)
  do if (sampler.take(random)) replyMember(c, set, withScores)
  while (!sampler.done && set.forward())
}

export const sortedSetRandomCommands: ReadonlyArray<Command> = [command(spec.ZRANDMEMBER, zrandmember)]
