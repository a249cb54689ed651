/** What test runners put in the place of timers, and of time. */
import { mock } from "node:test"
import { vi } from "vitest"

const timers = [
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "clearImmediate",
  "Date",
  "performance",
  "hrtime",
] as const

type Fakes = ReadonlyArray<readonly [string, () => void]>

export const fakes: Fakes = [
  ["Vitest's", () => void vi.useFakeTimers()],
  ["Vitest's, all of them", () => void vi.useFakeTimers({ toFake: [...timers] })],
  [
    "Jest's, which fake microtasks too",
    () => void vi.useFakeTimers({ toFake: [...timers, "queueMicrotask"] }),
  ],
  ["node:test's", () => mock.timers.enable()],
]

export const useRealTimers = (): void => {
  vi.useRealTimers()
  mock.timers.reset()
}
