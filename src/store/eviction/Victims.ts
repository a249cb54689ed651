/**
 * Finds the next key to go.
 *
 * Where redis-server draws a few keys at random, a hand goes round each table, bucket by bucket: keys stand there by
 * their hash, so those of one bucket are as good as drawn, none is drawn twice in a round, and a bucket is one cache line
 * for a dozen keys. One look there is enough for some keys to go. Keys with a time to live are found in the table where
 * they are many, else a hand goes round the timer wheel; for volatile-ttl it goes round the slot that comes first, so that
 * no key goes while one of an earlier slot is there.
 */
import type { Ref } from "../../memory/Arena.js"
import { chunkOf } from "../../memory/Ref.js"
import { entriesOfBucket } from "../../memory/table/BucketEntries.js"
import { touchHeads } from "../../memory/table/Foresight.js"
import { BUCKET_ENTRIES } from "../../memory/table/TableLayout.js"
import type { Database } from "../Database.js"
import { entryClock, entryExpiry, entryHasExpirySlot, NO_EXPIRY } from "../Entry.js"
import type { Keyspace } from "../Keyspace.js"
import { countNow, idleMinutes, idleSeconds } from "./AccessClock.js"
import { Candidates } from "./Candidates.js"
import type { Policy } from "./Policy.js"

/** Scores nothing: not to be evicted. */
const NEVER = -Infinity
/** Where fewer keys than one in so many have a time to live, they are looked for in the wheel. */
const SPARSE = 8
/** Buckets of a table looked at in one look, at most. */
const BUCKETS_MAX = 512
/**
 * In a table one look finds so many keys to go: what it reads is far, so it is read together. Of 55,000 keys with values of
 * 300 bytes a write that evicts took 5.5 us where each looked for its own, and 2.9 so (busy machine, in turn).
 */
const KEYS_PER_LOOK = 8
/** So many chances to come before another that scores the same. */
const CHANCES = 1024
const SALTS = 0x40000000
/** 2^32 by the golden ratio: neighbours get numbers that lie far apart. */
const SCATTER = 0x9e3779b1
/** Random keys drawn until one is allowed to go, at most. */
const DRAWS_MAX = 64
/** Times so long that a frequency of any size counts for more. */
const FREQUENCY_WEIGHT = 65_536
/** How often a random key is drawn again, in the hope of one that would have to be moved. */
const REDRAWS = 3

/** Whether keys of a database are found by when they expire: all of them, or because they are few. */
const inWheel = (db: Database, { order, volatile }: Policy): boolean =>
  volatile && db.expires > 0 && (order === "ttl" || db.expires * SPARSE < db.size)

export class Victims {
  private policy: Policy | undefined = undefined
  private readonly candidates: Candidates
  /** The bucket where the round over each table goes on. */
  private readonly hands = new Map<Database, number>()
  /** Makes the chances of this look others than those of the last. */
  private salt = 0
  /** Keys that may go before the next look. */
  private left = 0
  private next = 0
  private seen = 0
  private bucket = -1
  private db: Database | undefined = undefined
  private drawn: Ref = 0
  private readonly met = new Int32Array(2 * BUCKET_ENTRIES)
  private readonly metIn = new Int32Array(2 * BUCKET_ENTRIES)

  constructor(private readonly keyspace: Keyspace) {
    this.candidates = new Candidates((db, ref) => this.score(db, ref))
  }

  /** Changes the policy; what was found under another is forgotten. */
  follow(policy: Policy | undefined): void {
    this.policy = policy
    this.left = 0
    this.candidates.clear()
  }

  /** The database of the key found last. */
  get from(): Database {
    const { db } = this
    if (db === undefined) throw new Error("no key was found")
    return db
  }

  /** The key to go next, 0 when none may. */
  find(samples: number): Ref {
    const { policy, candidates } = this
    if (policy === undefined) return 0
    if (policy.order === "random") return this.draw(policy.volatile)
    // A look may find only what has changed since it was seen: then it is seen as it is now.
    for (let round = 0; round < 2; round++) {
      if (this.left <= 0 && !this.look(policy, samples)) return 0
      this.left--
      const ref = candidates.take()
      this.db = candidates.from
      if (ref !== 0) return ref
      this.left = 0
    }
    return this.draw(policy.volatile)
  }

  /** Looks at keys of each database; answers whether there are any that may go. */
  private look(policy: Policy, samples: number): boolean {
    const { databases } = this.keyspace
    let keys = KEYS_PER_LOOK
    for (const db of databases) if (inWheel(db, policy)) keys = 1
    let allowed = 0
    for (const db of databases) {
      const some = policy.volatile ? db.expires : db.size
      if (some === 0) continue
      allowed += some
      this.sample(db, policy, samples * keys)
    }
    this.left = keys
    this.salt = this.keyspace.random(SALTS)
    return allowed > 0
  }

  private sample(db: Database, policy: Policy, wanted: number): void {
    this.db = db
    if (!inWheel(db, policy)) return this.lookAtTable(db, wanted)
    this.bucket = -1
    if (policy.order === "ttl") db.wheel.sweepEarliest(wanted, this.offer)
    else db.wheel.sweep(wanted, this.offer)
  }

  private lookAtTable(db: Database, wanted: number): void {
    const { met, metIn } = this
    const { arena } = this.keyspace
    const { table } = db
    const buckets = table.bucketCount
    const most = Math.min(buckets, BUCKETS_MAX)
    let hand = this.hands.get(db) ?? 0
    this.seen = 0
    for (let n = 0; n < most && this.seen < wanted;) {
      let found = 0
      for (; n < most && found < Math.min(wanted - this.seen, BUCKET_ENTRIES); n++) {
        if (hand >= buckets) hand = 0
        const end = entriesOfBucket(arena, table.ref, hand, met, found)
        while (found < end) metIn[found++] = hand
        hand++
      }
      touchHeads(arena, met, 0, found)
      for (let i = 0; i < found; i++) {
        this.bucket = metIn[i]
        this.offer(met[i])
      }
    }
    this.hands.set(db, hand)
  }

  private readonly offer = (ref: Ref): void => {
    const { db } = this
    if (db === undefined) return
    const score = this.score(db, ref)
    if (score === NEVER) return
    this.seen++
    // Of those alike any may go: in their order the last of each bucket would, and what stands first would stay for ever.
    // But rather one that would have to be moved.
    const chance =
      (((Math.imul(ref ^ this.salt, SCATTER) >>> 16) % CHANCES) / CHANCES +
        this.keyspace.arena.leaving[chunkOf(ref)]) /
      2
    this.candidates.offer(db, ref, this.bucket, score + chance)
  }

  private score(db: Database, ref: Ref): number {
    const { policy, keyspace } = this
    const { arena } = keyspace
    if (policy === undefined || (policy.volatile && entryExpiry(arena, ref) === NO_EXPIRY)) return NEVER
    if (policy.order === "ttl") return -entryExpiry(arena, ref)
    const clock = entryClock(arena, ref)
    const { now } = keyspace
    if (policy.order === "lru") {
      const idle = idleSeconds(clock, now)
      // A little sooner than its turn where it would have to be moved.
      return arena.leaving[chunkOf(ref)] === 0 ? idle : idle + (idle >>> 3)
    }
    // Of two keys used as often the one goes that was used longer ago.
    return idleMinutes(clock, now) - countNow(clock, now, keyspace.frequencyDecay) * FREQUENCY_WEIGHT
  }

  /** A random key; of a few rather one that would have to be moved. */
  private draw(volatile: boolean): Ref {
    const { arena } = this.keyspace
    let ref = this.drawOne(volatile)
    if (arena.leavingCount === 0) return ref
    for (let n = 0; n < REDRAWS && ref !== 0 && arena.leaving[chunkOf(ref)] === 0; n++)
      ref = this.drawOne(volatile)
    return ref
  }

  /** A random key; databases take turns. */
  private drawOne(volatile: boolean): Ref {
    const { databases } = this.keyspace
    for (let n = 0; n < databases.length; n++) {
      const db = databases[this.next++ % databases.length]
      if ((volatile ? db.expires : db.size) === 0) continue
      this.db = db
      return volatile ? this.drawVolatile(db) : db.table.random(this.keyspace.random)
    }
    return 0
  }

  private drawVolatile(db: Database): Ref {
    const { arena, random } = this.keyspace
    for (let n = 0; n < DRAWS_MAX && db.expires * SPARSE >= db.size; n++) {
      const ref = db.table.random(random)
      if (entryHasExpirySlot(arena, ref) && entryExpiry(arena, ref) !== NO_EXPIRY) return ref
    }
    this.drawn = 0
    db.wheel.sweep(1 + random(DRAWS_MAX), this.keep)
    return this.drawn
  }

  private readonly keep = (ref: Ref): void => {
    this.drawn = ref
  }
}
