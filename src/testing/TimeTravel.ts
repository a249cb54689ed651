/** Moves a server's time, with everything that comes due on the way done at its time. */
import type { Engine } from "../engine/Engine.js"
import type { World } from "./World.js"

/** The last moment a Date can tell; the first is as long before 1970. */
const MOMENT_MAX_MS = 8.64e15

/** A moment in Unix milliseconds, which time can get to: one that is none would never be reached. */
export const momentOf = (at: number | Date): number => {
  const ms = Number(at)
  if (Math.abs(ms) <= MOMENT_MAX_MS) return ms
  throw new RangeError(`not a moment: ${String(at)}`)
}

/** An amount of something, more than none: what is no number would never be used up. */
export const amountOf = (what: string, amount: number): number => {
  if (amount > 0) return amount
  throw new RangeError(`not ${what}: ${String(amount)}`)
}

/**
 * Goes to a moment in steps: to each time at which a key expires or somebody's wait ends, and there waits until all that
 * follows from it is done. What a client in this process does on hearing of it (the next BLPOP of a worker's loop) happens
 * at that time, too. Back it goes in one leap, and waits end as much earlier.
 */
export const moveTime = async (world: World, engine: Engine, target: number): Promise<void> => {
  const { clock } = world
  const letGo = clock.hold()
  try {
    for (;;) {
      const now = clock.currentTimeMillisUnsafe()
      // A key that is due and stays (DEBUG SET-ACTIVE-EXPIRE 0) holds nothing up.
      const expiry = engine.keyspace.nextExpiry()
      const next = Math.min(clock.nextAt, expiry > now ? expiry : Infinity)
      if (next > target) break
      if (next > now) clock.moveTo(next)
      await step(world, engine)
    }
    clock.moveTo(target)
    await step(world, engine)
  } finally {
    letGo()
  }
}

const step = async (world: World, engine: Engine): Promise<void> => {
  world.clock.wakeDue()
  while (engine.guardedCron());
  engine.replies.flush()
  await world.settled()
}
