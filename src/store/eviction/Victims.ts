/**
 * Finds the next key to go.
 *
 * Where redis-server draws a few keys at random, a hand goes round each table, bucket by bucket: keys stand there by
 * their hash, so those of one bucket are as good as drawn, none is drawn twice in a round, and a bucket is one cache line
 * for a dozen keys. Keys with a time to live are found in the table where they are many, else a hand goes round the timer
 * wheel; for volatile-ttl it goes round the slot that comes first, so that no key goes while one of an earlier slot is
 * there.
 */
import type { Ref } from "../../memory/Arena.js"
import { chunkOf } from "../../memory/Ref.js"
import { touchHeads } from "../../memory/table/Foresight.js"
import type { HashTable } from "../../memory/table/HashTable.js"
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
/** Buckets looked at for one key, at most. */
const BUCKETS_MAX = 64
/** So many chances to come before another that scores the same. */
const CHANCES = 1024
/** Random keys drawn until one is allowed to go, at most. */
const DRAWS_MAX = 64
/** Times so long that a frequency of any size counts for more. */
const FREQUENCY_WEIGHT = 65_536
/** How often a random key is drawn again, in the hope of one that would have to be moved. */
const REDRAWS = 3

/** Where the round over a table goes on. */
class Hand {
  bucket = 0
  /** Entries of the bucket that were looked at. */
  passed = 0

  turnTo(bucket: number): void {
    this.bucket = bucket
    this.passed = 0
  }
}

export class Victims {
  private policy: Policy | undefined = undefined
  private readonly candidates: Candidates
  private readonly hands = new Map<Database, Hand>()
  private next = 0
  private seen = 0
  private bucket = -1
  private db: Database | undefined = undefined
  private drawn: Ref = 0
  private readonly met = new Int32Array(BUCKET_ENTRIES)

  constructor(private readonly keyspace: Keyspace) {
    this.candidates = new Candidates((db, ref) => this.score(db, ref))
  }

  /** Changes the policy; what was found under another is forgotten. */
  follow(policy: Policy | undefined): void {
    this.policy = policy
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
    // A round may find only what has changed since it was seen: then it is seen as it is now.
    for (let round = 0; round < 2; round++) {
      let allowed = 0
      for (const db of this.keyspace.databases) {
        const keys = policy.volatile ? db.expires : db.size
        if (keys === 0) continue
        allowed += keys
        this.sample(db, policy, samples)
      }
      if (allowed === 0) return 0
      const ref = candidates.take()
      this.db = candidates.from
      if (ref !== 0) return ref
    }
    return this.draw(policy.volatile)
  }

  private sample(db: Database, policy: Policy, samples: number): void {
    this.db = db
    this.seen = 0
    this.bucket = -1
    if (policy.order === "ttl") {
      db.wheel.sweepEarliest(samples, this.offer)
      return
    }
    if (policy.volatile && db.expires * SPARSE < db.size) {
      db.wheel.sweep(samples, this.offer)
      return
    }
    this.lookAtTable(db, samples)
  }

  private lookAtTable(db: Database, samples: number): void {
    const { met } = this
    const { table } = db
    const hand = this.handOf(db)
    const buckets = table.bucketCount
    for (let n = 0; n <= buckets && n < BUCKETS_MAX && this.seen < samples; n++) {
      if (hand.bucket >= buckets) hand.turnTo(0)
      this.bucket = hand.bucket
      const found = table.collect(hand.bucket, met)
      while (hand.passed < found && this.seen < samples) this.offer(met[hand.passed++])
      if (hand.passed >= found) hand.turnTo(hand.bucket + 1)
    }
    this.bringNear(table, hand, samples)
  }

  /** Brings near what the next look will read, while what was found goes. */
  private bringNear(table: HashTable, hand: Hand, samples: number): void {
    const { met } = this
    const { arena } = this.keyspace
    if (hand.bucket >= table.bucketCount) return
    const found = table.collect(hand.bucket, met)
    touchHeads(arena, met, hand.passed, Math.min(found, hand.passed + samples))
    if (hand.bucket + 1 < table.bucketCount) table.touchBucket(hand.bucket + 1)
  }

  private handOf(db: Database): Hand {
    const known = this.hands.get(db)
    if (known !== undefined) return known
    const hand = new Hand()
    this.hands.set(db, hand)
    return hand
  }

  private readonly offer = (ref: Ref): void => {
    const { db } = this
    if (db === undefined) return
    const score = this.score(db, ref)
    if (score === NEVER) return
    this.seen++
    // Of those alike any may go: in their order the last of each bucket would, and what stands first would stay for ever.
    // But rather one that would have to be moved.
    const chance = (this.keyspace.random(CHANCES) / CHANCES + this.keyspace.arena.leaving[chunkOf(ref)]) / 2
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
