/**
 * How long a test waits for a condition before it gives up. It only bounds a wait in vain: a machine may be twenty times
 * slower than it is alone, and no test may fail for that. The limit of a test (vitest.config.ts) is twice as long.
 */
export const PATIENCE_MS = 60_000

/** So many turns of the event loop bring what this process does by itself; what takes longer is the clock's, or another's. */
const TURNS_MAX = 200

/** Asks until the answer is true, first turn by turn, then once a millisecond: who waits leaves the CPU to what is waited for. */
export const untilTrue = async (
  condition: () => boolean | Promise<boolean>,
  what = String(condition),
): Promise<void> => {
  const end = performance.now() + PATIENCE_MS
  for (let turns = 0; !(await condition()); turns++) {
    if (performance.now() > end) throw new Error(`not so after ${PATIENCE_MS / 1000} s: ${what}`)
    await new Promise<void>((resolve) => {
      if (turns < TURNS_MAX) setImmediate(resolve)
      else setTimeout(resolve, 1)
    })
  }
}
