/** Expiry of keys: EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT, TTL, PTTL, EXPIRETIME, PEXPIRETIME, PERSIST. */
import { chunkOf, wordOf } from "../../memory/Ref.js"
import type { Ref } from "../../memory/Arena.js"
import { comparePairs } from "../../bytes/Int64.js"
import * as Errors from "../../resp/Errors.js"
import { entryExpiry, EXPIRY_WORD, entryExpiryBig, NO_EXPIRY } from "../../store/Entry.js"
import type { Command } from "../../engine/Command.js"
import { command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { deadline, deadlineText, readDeadline } from "../shared/expiryOptions.js"
import { Event } from "../../engine/KeyEvents.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/expiry.js"

/** EXPIRE and its kin take the same conditions. */
const declared = options(spec.EXPIRE)
const [NX, XX, GT, LT] = declared.bits("NX", "XX", "GT", "LT")

/** The conditions from argument 3 on, as bits; -1 after an error reply. They may come together, unlike as declared. */
const readConditions = (c: CommandContext): number => {
  let bits = 0
  for (let i = 3; i < c.argc; i++) {
    const condition = declared.at(c, i)
    if (condition === 0) {
      c.fail(Errors.unsupportedOption(c.text(i)))
      return -1
    }
    bits |= condition
  }
  if ((bits & NX) !== 0 && (bits & (XX | GT | LT)) !== 0) {
    c.fail(Errors.expireNxConflict)
    return -1
  }
  if ((bits & GT) !== 0 && (bits & LT) !== 0) {
    c.fail(Errors.expireGtLtConflict)
    return -1
  }
  return bits
}

/** Whether the conditions let `deadline` replace the expiry of the entry. No expiry counts as the latest of all. */
const allowed = (c: CommandContext, ref: Ref, bits: number): boolean => {
  const a = c.keyspace.arena
  const none = entryExpiry(a, ref) === NO_EXPIRY
  if ((bits & NX) !== 0) return none
  if (none) return (bits & (XX | GT)) === 0
  if ((bits & (GT | LT)) === 0) return true
  const words = a.i32[chunkOf(ref)]
  const w = wordOf(ref) + EXPIRY_WORD
  const order = comparePairs(deadline.high, deadline.low, words[w + 1], words[w])
  return (bits & GT) !== 0 ? order > 0 : order < 0
}

/** The time has passed already: the key goes, and replicas hear of a deletion, not of a time. */
const expireAtOnce = (c: CommandContext, ref: Ref): void => {
  const lazy = c.settings.lazyfreeLazyExpire
  c.db.remove(ref, lazy)
  c.changed(1, Event.generic, "del")
  if (c.replicating) c.propagation.instead(c.db.id, lazy ? "UNLINK" : "DEL", c.bytes(1))
}

const expire = (c: CommandContext, unitMs: number, relative: boolean): void => {
  const conditions = readConditions(c)
  if (conditions < 0 || !readDeadline(c, 2, unitMs, relative, false)) return
  const ref = c.write(1)
  if (ref === 0 || (conditions !== 0 && !allowed(c, ref, conditions))) return c.out.zero()
  // A replica is told by its master what has expired; it never deletes for a time that is past.
  if (deadline.ms <= c.keyspace.now && c.keyspace.expiryMode === "delete") {
    expireAtOnce(c, ref)
    return c.out.one()
  }
  c.db.expireAt(ref, deadline.low, deadline.high)
  // The reply first: so a client that listens to its own changes gets it before the event.
  c.out.one()
  c.changed(1, Event.generic, "expire")
  if (c.replicating && (relative || unitMs !== 1)) {
    const options = Array.from({ length: c.argc - 3 }, (_, i) => c.bytes(i + 3))
    c.propagation.instead(c.db.id, "PEXPIREAT", c.bytes(1), deadlineText(), ...options)
  }
}

const NO_KEY = -2

/**
 * @param unitMs 1000 to answer seconds, rounded to the nearest, 1 for milliseconds
 * @param relative answer the time that is left, not the Unix time
 */
const replyExpiry = (c: CommandContext, unitMs: number, relative: boolean): void => {
  const ref = c.peek(1)
  if (ref === 0) return c.out.int(NO_KEY)
  const at = entryExpiry(c.keyspace.arena, ref)
  if (at === NO_EXPIRY) return c.out.int(NO_EXPIRY)
  if (at > Number.MAX_SAFE_INTEGER) {
    const ms = entryExpiryBig(c.keyspace.arena, ref) - (relative ? BigInt(c.keyspace.now) : 0n)
    return c.out.bigint(unitMs === 1 ? ms : (ms + 500n) / 1000n)
  }
  const ms = Math.max(0, relative ? at - c.keyspace.now : at)
  c.out.int(unitMs === 1 ? ms : Math.floor((ms + 500) / 1000))
}

const persist = (c: CommandContext): void => {
  const ref = c.write(1)
  if (ref === 0 || !c.db.persist(ref)) return c.out.zero()
  c.changed(1, Event.generic, "persist")
  c.out.one()
}

export const expiryCommands: ReadonlyArray<Command> = [
  command(spec.EXPIRE, (c) => expire(c, 1000, true)),
  command(spec.PEXPIRE, (c) => expire(c, 1, true)),
  command(spec.EXPIREAT, (c) => expire(c, 1000, false)),
  command(spec.PEXPIREAT, (c) => expire(c, 1, false)),
  command(spec.TTL, (c) => replyExpiry(c, 1000, true)),
  command(spec.PTTL, (c) => replyExpiry(c, 1, true)),
  command(spec.EXPIRETIME, (c) => replyExpiry(c, 1000, false)),
  command(spec.PEXPIRETIME, (c) => replyExpiry(c, 1, false)),
  command(spec.PERSIST, persist),
]
