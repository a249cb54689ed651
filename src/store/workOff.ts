/** What a keyspace has to do by the clock: expired keys go, and values that are no longer wanted are freed. */
import type * as Clock from "effect/Clock"
import type { Keyspace } from "./Keyspace.js"

/** Expired keys deleted, and elements freed, before the clock is looked at again. */
const SLICE = 256
/** Longest time of one call, in milliseconds. */
const BUDGET_MS = 2

/** Works since `start` for as long as one turn may take; answers whether more is left. */
export const workOff = (keyspace: Keyspace, clock: Clock.Clock, start: number): boolean => {
  let more = true
  while (more) {
    const expiring = keyspace.expireDue(SLICE)
    const freeing = keyspace.freeSlice(SLICE)
    more = expiring || freeing
    if (clock.currentTimeMillisUnsafe() - start >= BUDGET_MS) break
  }
  return more
}
