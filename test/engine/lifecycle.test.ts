/** Steps of the shutdown that do not succeed: they keep the server, unless the end is forced. */
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { Lifecycle, ShutdownError, type ShutdownStep } from "../../src/engine/Lifecycle.js"

const broken: ReadonlyArray<readonly [string, ShutdownStep]> = [
  ["fails", () => Effect.fail(new ShutdownError({ why: "failed", reason: "no room" }))],
  ["dies", () => Effect.die(new Error("a defect"))],
  [
    "throws",
    () => {
      throw new Error("a defect")
    },
  ],
]

describe.each(broken)("a step that %s", (_how, step) => {
  it.each([true, false])("with FORCE %s", async (force) => {
    const lifecycle = new Lifecycle()
    let later = false
    lifecycle.addStep(step)
    lifecycle.addStep(() => Effect.sync(() => void (later = true)))
    const options = { save: undefined, now: true, force }
    const exit = await Effect.runPromiseExit(lifecycle.shutdown(options))
    expect(exit._tag).toBe(force ? "Success" : "Failure")
    expect([later, lifecycle.ended, lifecycle.stopping]).toEqual([force, force, force])
  })
})
