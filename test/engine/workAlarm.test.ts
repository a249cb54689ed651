/** When the clock-driven work wakes. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { WorkAlarm } from "../../src/engine/world/WorkAlarm.js"
import { liveTurns } from "../../src/engine/world/Turn.js"

it("hurry ends a sleep whose end is due and whose timer is late", async () => {
  const usual = await Effect.runPromise(Clock.clockWith(Effect.succeed))
  let now = 1000
  const clock: Clock.Clock = {
    ...usual,
    currentTimeMillisUnsafe: () => now,
    currentTimeMillis: Effect.sync(() => now),
    sleep: () => Effect.never,
  }
  const alarm = new WorkAlarm(clock, liveTurns)
  alarm.set(1100)
  const asleep = Effect.runPromise(alarm.sleep)
  now = 1100
  alarm.hurry(now)
  await expect(asleep).resolves.toBeUndefined()
})
