/** Whoever waits for a load to end hears of an end that came just before the wait, and is forgotten after it. */
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import type { PersistenceState } from "../../src/rdb/PersistenceState.js"
import { loadAsChange, type LoadListener } from "../../src/rdb/snapshot/LongChange.js"

const load = {
  startedMs: 0,
  totalBytes: 0,
  loadedBytes: 0,
  usedMemory: 0,
  staged: false,
  serving: false,
}

it("a load that has ended already", () => {
  const { ended } = loadAsChange({ load: undefined }, [])
  expect(Effect.runFork(ended).pollUnsafe()).toBeDefined()
})

it("a load that goes on first", () => {
  const state: Pick<PersistenceState, "load"> = { load }
  const listeners: Array<LoadListener> = []
  const waiting = Effect.runFork(loadAsChange(state, listeners).ended)
  for (const loading of [true, false]) {
    expect(waiting.pollUnsafe()).toBeUndefined()
    expect(listeners.length).toBe(1)
    for (const listener of [...listeners]) listener.loadGoesOn(loading)
  }
  expect(waiting.pollUnsafe()).toBeDefined()
  expect(listeners).toEqual([])
})
