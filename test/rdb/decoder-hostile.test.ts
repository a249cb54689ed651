import { describe, expect, it } from "vitest"
import { RdbDecoder, type RdbDecoderOptions } from "../../src/rdb/decode/RdbDecoder.js"
import { RdbCorruptError, RdbVersionError } from "../../src/rdb/format/RdbErrors.js"
import { effort } from "../support/Effort.js"
import { Random } from "../support/Random.js"
import { CollectingSink } from "./CollectingSink.js"
import { goldenBytes, goldenNames } from "./Goldens.js"

type Outcome = "complete" | RdbCorruptError | RdbVersionError

/** Decodes what may be nonsense: a typed error is an outcome, anything else thrown fails the test. */
const attempt = (
  bytes: Uint8Array,
  options: Partial<RdbDecoderOptions>,
  chunkBytes = bytes.length,
): Outcome => {
  const decoder = new RdbDecoder(new CollectingSink(), { path: "hostile.rdb", ...options })
  try {
    for (let at = 0; at < bytes.length; at += chunkBytes) decoder.feed(bytes.subarray(at, at + chunkBytes))
    decoder.finish()
    return "complete"
  } catch (error) {
    if (!(error instanceof RdbCorruptError || error instanceof RdbVersionError)) throw error
    expect(error.path).toBe("hostile.rdb")
    expect(error.offset).toBeGreaterThanOrEqual(0)
    expect(error.offset).toBeLessThanOrEqual(bytes.length)
    expect(error.reason).not.toBe("")
    // The decoder stays dead and says the same again.
    expect(() => decoder.feed(bytes)).toThrow(error)
    return error
  }
}

/** Every offset of a small file, fewer the larger it is: decoding takes time for each. Other ones in each run. */
const offsets = (length: number, random: Random): number[] => {
  const step = Math.max(1, Math.ceil((length * length) / effort(70_000)))
  const first = random.below(Math.min(step, length))
  return Array.from({ length: Math.ceil((length - first) / step) }, (_, i) => first + i * step)
}

/** Where the version lies, four digits: changed, it can become one that has no checksum. */
const isVersionDigit = (at: number): boolean => at >= 5 && at <= 8

describe.each(goldenNames)("golden %s", (name) => {
  const bytes = goldenBytes(name)

  it("cut short at any byte is an error, whether its size was known or not", () => {
    for (const at of offsets(bytes.length, Random.forTest(`cuts of ${name}`))) {
      const cut = bytes.slice(0, at)
      expect(attempt(cut, {})).toBeInstanceOf(RdbCorruptError)
      expect(attempt(cut, { totalBytes: bytes.length })).toBeInstanceOf(RdbCorruptError)
      expect(attempt(cut, { totalBytes: at })).toBeInstanceOf(RdbCorruptError)
    }
  })

  it("with any byte changed is an error, or loads where no checksum covers it", () => {
    const random = Random.forTest(`flips of ${name}`)
    let failures = 0
    const places = offsets(bytes.length, random)
    for (const at of places) {
      for (const change of [0xff, 1 << random.below(8)]) {
        const bad = bytes.slice()
        bad[at] ^= change
        const summed = attempt(bad, {})
        const unsummed = attempt(bad, { checksum: false, totalBytes: bad.length, sanitize: true })
        const chunked = attempt(bad, { checksum: false }, 61)
        if (summed !== "complete" || isVersionDigit(at)) failures++
        if (summed === "complete")
          expect(unsummed === "complete" ? "" : unsummed.reason).not.toContain("wrong checksum")
        if (unsummed === "complete") expect(chunked).toBe("complete")
      }
    }
    // Versions below 5, and files saved without a checksum, cannot tell every change from data.
    const covered = !/version-0[12346]|no-checksum/.test(name)
    if (covered) expect(failures).toBe(2 * places.length)
    else expect(failures).toBeGreaterThan(0)
  })
})

describe("bytes that are no file", () => {
  it("random bytes after a good header end in a typed error or the end of the file", () => {
    const random = Random.forTest("garbage")
    const outcomes = { complete: 0, corrupt: 0 }
    for (let round = 0; round < 3000; round++) {
      const body = random.bytes(random.between(1, 200))
      // Low bytes make plausible types and lengths; high ones opcodes.
      for (let i = 0; i < body.length; i++) if (random.chance(0.5)) body[i] &= 0x1f
      const bytes = Buffer.concat([Buffer.from("REDIS0010"), body])
      const outcome = attempt(bytes, { checksum: false, sanitize: round % 2 === 0 }, random.between(1, 64))
      outcomes[outcome === "complete" ? "complete" : "corrupt"]++
    }
    expect(outcomes.complete + outcomes.corrupt).toBe(3000)
    expect(outcomes.corrupt).toBeGreaterThan(2000)
  })

  it("spliced halves of two files", () => {
    const random = Random.forTest("splices")
    const files = goldenNames.map(goldenBytes)
    for (let round = 0; round < 2000; round++) {
      const a = random.pick(files)
      const b = random.pick(files)
      const bytes = Buffer.concat([a.subarray(0, random.below(a.length)), b.subarray(random.below(b.length))])
      const outcome = attempt(bytes, { checksum: false, sanitize: true, totalBytes: bytes.length })
      expect(outcome === "complete" || outcome._tag.startsWith("Rdb")).toBe(true)
    }
  })

  const huge = [0x81, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
  const large = [0x80, 0x7f, 0xff, 0xff, 0xff]
  const file = (...body: number[]): Uint8Array => Uint8Array.from([...Buffer.from("REDIS0010"), ...body])

  it.each([
    ["key", file(0, ...huge)],
    ["string", file(0, 1, 0x61, ...huge)],
    ["list", file(1, 1, 0x61, ...huge, 1, 0x61)],
    ["quicklist", file(18, 1, 0x61, ...huge, 1)],
    ["stream", file(15, 1, 0x61, ...huge, 16)],
    ["compressed string, packed", file(0, 1, 0x61, 0xc3, ...huge, 10)],
    ["compressed string, plain", file(0, 1, 0x61, 0xc3, 10, ...large, 0, 0x61, 0xe0, 0xff, 0)],
    ["aux", file(0xfa, ...huge)],
  ])("a %s of a length near 2^63 or 2^31 takes no memory", (_, bytes) => {
    const before = process.memoryUsage().arrayBuffers
    expect(attempt(bytes, { totalBytes: bytes.length })).toBeInstanceOf(RdbCorruptError)
    expect(attempt(bytes, {})).toBeInstanceOf(RdbCorruptError)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20)
  })

  it("a string said to be of 2 GB takes memory only as its bytes arrive", () => {
    const decoder = new RdbDecoder(new CollectingSink(), { path: "stream" })
    const before = process.memoryUsage().arrayBuffers
    decoder.feed(file(0, 1, 0x61, ...large))
    const chunk = new Uint8Array(1 << 16)
    for (let i = 0; i < 64; i++) expect(decoder.feed(chunk)).toBe(chunk.length)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20)
    expect(() => decoder.finish()).toThrow(/unexpected end of file/)
  })

  it("a string that arrives in many small chunks is not read anew at each", () => {
    const sink = new CollectingSink()
    const decoder = new RdbDecoder(sink, { path: "stream" })
    const length = 8 << 20
    decoder.feed(
      file(0, 1, 0x61, 0x80, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255),
    )
    const start = process.cpuUsage()
    const chunk = new Uint8Array(1024).fill(0x62)
    for (let i = 0; i < length / chunk.length; i++) decoder.feed(chunk)
    expect(sink.databases.get(0)?.get("a")?.value).toHaveLength(length)
    // Time of the processor, and a thousand times what it takes.
    expect(process.cpuUsage(start).user).toBeLessThan(5_000_000)
  })
})
