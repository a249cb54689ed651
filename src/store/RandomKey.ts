/** RANDOMKEY's draw: a key that is not expired, found in bounded time even where expired keys stay. */
import type { Ref } from "../memory/Arena.js"
import type { Database } from "./Database.js"

/** Hidden keys drawn one after the other before another way is taken. */
const HIDDEN_TRIES_MAX = 100

/**
 * A uniformly random key that is not expired, or 0. Where expired keys stay (on a replica, while clients are paused) and
 * every key has an expiry, gives up avoiding expired ones after 100 tries, like Redis; where some have none, the first of
 * those behind a random place is taken then.
 */
export const randomKey = (db: Database): Ref => {
  const { keyspace, table } = db
  for (let tries = 1; table.count > 0; tries++) {
    const ref = table.random(keyspace.random)
    if (!db.isHidden(ref)) return ref
    if (keyspace.deletesExpired) db.expire(ref)
    else if (tries >= HIDDEN_TRIES_MAX) return db.expires === db.size ? ref : firstShown(db)
  }
  return 0
}

/** The first key, from a random bucket on, that is not expired. */
const firstShown = (db: Database): Ref => {
  const { table } = db
  const buckets = table.bucketCount
  const from = db.keyspace.random(buckets)
  let found = 0
  for (let i = 0; i < buckets && found === 0; i++) {
    table.forEachInBucket((from + i) % buckets, (ref) => {
      if (!db.isHidden(ref)) found = ref
    })
  }
  return found
}
