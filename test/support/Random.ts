/**
 * Seeded random numbers for tests, benchmarks and fuzzers.
 *
 * A run has one seed: `REDIX_SEED` where it is set, else one the test run draws and prints on its first line, so
 * that any failure is replayed with `REDIX_SEED=<seed> npm test`. `Random.forTest(name)` mixes the name into that
 * seed: each test has its own stream, which does not depend on which other tests ran before it.
 *
 * The generator is sfc32: 128 bits of state, fast, the same numbers on every machine.
 */
export class Random {
  private a: number
  private b: number
  private c: number
  private counter = 1

  /** `seed`: what REDIX_SEED must be for this stream to come again. */
  constructor(
    state: number,
    readonly seed = state,
  ) {
    this.a = state | 0
    this.b = Math.imul(state, 0x9e3779b1) | 0
    this.c = Math.floor(state / 0x1_0000_0000) | 0
    for (let i = 0; i < 15; i++) this.uint32()
  }

  /** The stream of one test: the run's seed (`runSeed()`) mixed with the test's name. */
  static forTest(name: string, seed: number = runSeed()): Random {
    let hash = 0x811c9dc5
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
    return new Random(((hash ^ seed) >>> 0) + 0x1_0000_0000 * (hash & 0xffff), seed)
  }

  /** 32 random bits, as an unsigned number. */
  uint32(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum
    return sum >>> 0
  }

  /** In [0, 1). */
  float(): number {
    return this.uint32() / 0x1_0000_0000
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.float() * limit)
  }

  /** An integer in [min, max], both ends included. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1)
  }

  /** True with the given probability (0 to 1). */
  chance(probability: number): boolean {
    return this.float() < probability
  }

  pick<T>(items: ArrayLike<T>): T {
    if (items.length === 0) throw new Error("pick from an empty list")
    return items[this.below(items.length)] as T
  }

  /** Picks by weight: `weighted([[9, "GET"], [1, "DEL"]])` gives GET nine times in ten. */
  weighted<T>(choices: ReadonlyArray<readonly [weight: number, value: T]>): T {
    let total = 0
    for (const [weight] of choices) total += weight
    let at = this.float() * total
    for (const [weight, value] of choices) {
      at -= weight
      if (at < 0) return value
    }
    const last = choices.at(-1)
    if (last === undefined) throw new Error("weighted pick from an empty list")
    return last[1]
  }

  /** A list of `count` values made by `make`. */
  times<T>(count: number, make: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, index) => make(index))
  }

  /** Any bytes, zero, CR and LF included. */
  bytes(length: number): Buffer {
    const out = Buffer.allocUnsafe(length)
    for (let i = 0; i < length; i++) out[i] = this.uint32() & 0xff
    return out
  }

  /** `length` characters of `alphabet`. */
  text(length: number, alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"): string {
    let out = ""
    for (let i = 0; i < length; i++) out += alphabet[this.below(alphabet.length)]
    return out
  }

  /** A shuffled copy. */
  shuffled<T>(items: ReadonlyArray<T>): T[] {
    const out = items.slice()
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const held = out[i] as T
      out[i] = out[j] as T
      out[j] = held
    }
    return out
  }
}

/** The seed of this run, from `REDIX_SEED`; drawn and printed when the variable is not set. */
export const runSeed = (): number => {
  const given = process.env["REDIX_SEED"]
  if (given !== undefined && given !== "") {
    const seed = Number(given)
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new Error(`REDIX_SEED must be a whole number, not ${given}`)
    return seed
  }
  const seed = Math.floor(Math.random() * 0x1_0000_0000)
  process.env["REDIX_SEED"] = String(seed)
  console.log(`seed: ${seed} (REDIX_SEED=${seed} replays this run)`)
  return seed
}
