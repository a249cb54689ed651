/**
 * What the old generation of the JavaScript heap may grow to. V8 tells the sum of both generations' limits only, and the
 * young one's differs: three semispaces of 16 MB, or of 64 MB in newer versions; where it was not asked for by a flag,
 * the larger is assumed for those.
 */
const MB = 2 ** 20
const OLDER_YOUNG_MB = 48
const NEWER_YOUNG_MB = 192
/** The first major version of V8 with larger semispaces. */
const NEWER_V8 = 13
/** Whatever is assumed of the young generation, so much of the sum is left. */
const PART_MIN = 1 / 8

interface HeapFacts {
  /** V8's sum of both limits, in bytes. */
  readonly limit: number
  /** The runtime's options, from its environment and its command line; the last of a kind counts. */
  readonly options: string
  /** Of a worker thread with limits of its own. */
  readonly workerMb: number | undefined
  readonly v8: string | undefined
}

const option = (options: string, name: RegExp): number | undefined => {
  const value = [...options.matchAll(name)].at(-1)?.[1]
  return value === undefined ? undefined : Number(value)
}

const youngMb = ({ options, v8 = "" }: HeapFacts): number => {
  const semispace = option(options, /--max[-_]semi[-_]space[-_]size[= ](\d+)/g)
  if (semispace !== undefined) return 3 * semispace
  return Number.parseInt(v8, 10) >= NEWER_V8 ? NEWER_YOUNG_MB : OLDER_YOUNG_MB
}

/** In bytes. */
export const oldGenerationLimit = (facts: HeapFacts): number => {
  const { limit, options, workerMb } = facts
  const asked = workerMb ?? option(options, /--max[-_]old[-_]space[-_]size[= ](\d+)/g)
  if (asked !== undefined && asked > 0) return Math.min(asked * MB, limit)
  return Math.max(limit - youngMb(facts) * MB, limit * PART_MIN)
}
