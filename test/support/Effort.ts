/**
 * How often random tests try their luck: `effort(n)` is n in a usual run, and n times `REDIX_EFFORT` in a long one. Each run
 * has another seed, so many short ones find what a long one does.
 */
const factor = Number(process.env["REDIX_EFFORT"] ?? "1")

export const effort = (n: number): number => Math.max(1, Math.round(n * factor))
