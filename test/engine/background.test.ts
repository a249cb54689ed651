/** Work in the background: a defect is logged and told, and what goes on for ever goes on. */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import { expect, it } from "vitest"
import { Background, restarted } from "../../src/engine/Background.js"

/** Runs `work` with a scope and a background; answers what was logged. */
const logOf = async (
  work: (background: Background["Service"]) => Effect.Effect<unknown, unknown>,
): Promise<ReadonlyArray<string>> => {
  const lines: string[] = []
  const logger = Logger.make(
    ({ message, cause }) => void lines.push(`${String(message)} ${Cause.pretty(cause)}`),
  )
  const all = Effect.scoped(Effect.flatMap(Background.make, work))
  await Effect.runPromise(Effect.provide(all, Logger.layer([logger])))
  return lines
}

it("tells the log and the starter of a defect, not of a failure or an interruption", async () => {
  const told: string[] = []
  const lines = await logOf((background) =>
    Effect.gen(function* () {
      const died = background.run(Effect.die(new Error("first")), () => void told.push("died"))
      const failed = background.run(Effect.fail("typed"), () => void told.push("failed"))
      const waits = background.run(Effect.never, () => void told.push("interrupted"))
      yield* Fiber.interrupt(waits)
      const worse = background.run(Effect.die(new Error("second")), () => {
        throw new Error("third")
      })
      for (const fiber of [died, failed, worse]) yield* Fiber.await(fiber)
    }),
  )
  expect(told).toEqual(["died"])
  expect(lines).toHaveLength(3)
  for (const word of ["first", "second", "third"])
    expect(lines.some((line) => line.includes(word))).toBe(true)
})

it("ends with its scope", async () => {
  let fiber: Fiber.Fiber<never> | undefined
  await logOf((background) => Effect.sync(() => void (fiber = background.run(Effect.never))))
  expect(fiber?.pollUnsafe()?._tag).toBe("Failure")
})

it("calls a turn again after one that threw", async () => {
  const again = Deferred.makeUnsafe<void>()
  let turns = 0
  const lines = await logOf((background) =>
    Effect.suspend(() => {
      background.whenDue("the test", { sleep: Effect.yieldNow }, () => {
        if (++turns === 1) throw new Error("a bad turn")
        if (turns === 3) Deferred.doneUnsafe(again, Exit.void)
        return false
      })
      return Deferred.await(again)
    }),
  )
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/Internal error in the test.*a bad turn/s)
})

it("begins anew what died", async () => {
  let starts = 0
  const work = Effect.suspend(() =>
    ++starts < 3 ? Effect.die(new Error("no luck")) : Effect.succeed(starts),
  )
  let result = 0
  const lines = await logOf(() =>
    Effect.map(restarted("the test", Effect.yieldNow, work), (n) => {
      result = n
    }),
  )
  expect(result).toBe(3)
  expect(lines).toHaveLength(2)
})
