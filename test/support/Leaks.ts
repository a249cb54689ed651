/**
 * Shows that something ended with nothing left open: sockets, servers, timers, files, worker threads of this process.
 *
 *     const leaks = watchLeaks()
 *     ... start, use, stop ...
 *     expect(await leaks.left()).toEqual([])
 */
import { PATIENCE_MS } from "./Patience.js"

/** Kinds of open resources with their counts. Immediates and pending file operations end by themselves. */
const open = (): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind === "Immediate" || kind === "FSReqCallback" || kind === "FSReqPromise") continue
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}

const more = (before: ReadonlyMap<string, number>): ReadonlyArray<string> =>
  [...open()].flatMap(([kind, count]) =>
    Array.from({ length: Math.max(0, count - (before.get(kind) ?? 0)) }, () => kind),
  )

export interface Leaks {
  /** What is open beyond what was open at the start, once nothing closes any more or `waitMs` is over. */
  readonly left: (waitMs?: number) => Promise<ReadonlyArray<string>>
}

export const watchLeaks = (): Leaks => {
  const before = open()
  return {
    left: async (waitMs = PATIENCE_MS) => {
      const until = performance.now() + waitMs
      let left = more(before)
      while (left.length > 0 && performance.now() < until) {
        await new Promise((resolve) => setImmediate(resolve))
        left = more(before)
      }
      return left
    },
  }
}
