/**
 * How long a test waits for a condition before it gives up. It only bounds a wait in vain: a machine may be twenty times
 * slower than it is alone, and no test may fail for that. The limit of a test (vitest.config.ts) is twice as long.
 */
export const PATIENCE_MS = 60_000
