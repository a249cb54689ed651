import { describe, expect, it } from "vitest"
import { Crc64 } from "../../src/bytes/Crc64.js"
import { lzfCompress, lzfDecompress } from "../../src/bytes/Lzf.js"
import { describeOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { valueOf, withClient } from "./scalarsSupport.js"

/** Text that compresses well, badly, or in long runs. */
const sample = (random: Random, length: number): Buffer => {
  const out = Buffer.alloc(length)
  const letters = 1 + random.below(20)
  const kind = random.below(3)
  for (let i = 0; i < length; i++) {
    if (kind === 0) out[i] = random.below(letters)
    else if (kind === 1)
      out[i] = i > 50 && random.chance(0.9) ? out[i - 1 - 7 * random.below(2)] : random.below(256)
    else out[i] = 97 + (((i * i) >> 4) % letters)
  }
  return out
}

const pack = (src: Buffer): Buffer => {
  const room = src.length + (src.length >> 4) + 64
  const dst = Buffer.alloc(room + 8, 0xee)
  const length = lzfCompress(src, 0, src.length, dst, 4, room)
  expect(dst.subarray(0, 4).every((b) => b === 0xee)).toBe(true)
  return dst.subarray(4, 4 + length)
}

describe("LZF", () => {
  it("unpacks the worked example", () => {
    const dst = Buffer.alloc(8)
    expect(lzfDecompress(Buffer.from([0x00, 0x61, 0xa0, 0x00]), 0, 4, dst, 0, 8)).toBe(8)
    expect(dst.toString()).toBe("aaaaaaaa")
  })

  it("gives back what it packed", () => {
    const random = Random.forTest("lzf/round trip")
    for (let i = 0; i < 600; i++) {
      const src = sample(random, random.below(i % 10 === 0 ? 60_000 : 2000))
      const packed = pack(src)
      const back = Buffer.alloc(src.length + 2, 0xee)
      expect(lzfDecompress(packed, 0, packed.length, back, 1, src.length)).toBe(src.length)
      expect(back.subarray(1, -1).equals(src)).toBe(true)
      expect([back[0], back[src.length + 1]]).toEqual([0xee, 0xee])
    }
  })

  it("says so when the room given is too small, and stays in it", () => {
    const random = Random.forTest("lzf/room")
    for (let i = 0; i < 400; i++) {
      const src = sample(random, 1 + random.below(400))
      const room = random.below(src.length)
      const dst = Buffer.alloc(src.length + 64, 0xee)
      const length = lzfCompress(src, 0, src.length, dst, 0, room)
      expect(length).toBeLessThanOrEqual(room)
      expect(dst.subarray(room).every((b) => b === 0xee)).toBe(true)
    }
  })

  it("reports corrupt streams and never writes outside", () => {
    const random = Random.forTest("lzf/corrupt")
    let refused = 0
    for (let i = 0; i < 3000; i++) {
      const src = sample(random, 1 + random.below(600))
      const packed = Buffer.from(pack(src))
      if (random.chance(0.3)) packed[random.below(packed.length)] = random.below(256)
      const cut = random.chance(0.5) ? random.below(packed.length) : packed.length
      const dst = Buffer.alloc(src.length + 16, 0xee)
      const written = lzfDecompress(packed, 0, cut, dst, 8, src.length)
      if (written < 0) refused++
      expect(written).toBeLessThanOrEqual(src.length)
      expect(dst.subarray(0, 8).every((b) => b === 0xee)).toBe(true)
      expect(dst.subarray(src.length + 8).every((b) => b === 0xee)).toBe(true)
    }
    expect(refused).toBeGreaterThan(100)
  })

  it("keeps its memory of earlier calls apart", () => {
    const a = Buffer.from("the same words, the same words")
    const first = Buffer.from(pack(a))
    for (let i = 0; i < 100; i++) pack(Buffer.from(`other ${i} the same words`))
    expect(pack(a).equals(first)).toBe(true)
  })
})

/** A length as RDB writes it. */
const rdbLength = (n: number): Buffer =>
  n < 64
    ? Buffer.from([n])
    : n < 16384
      ? Buffer.from([0x40 | (n >> 8), n & 0xff])
      : Buffer.from([0x80, n >>> 24, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff])

const WORDS = "the quick brown fox jumps over lazy dogs and values of redis hashes".split(" ")

/** Data of many kinds, and random bytes with a few repeats, which packing just pays or just not. */
const kinds: ReadonlyArray<(random: Random, length: number) => Buffer> = [
  sample,
  (random, length) => {
    let text = ""
    while (text.length < length) text += `${WORDS[random.below(WORDS.length)]} `
    return Buffer.from(text.slice(0, length))
  },
  (random, length) => {
    let text = ""
    for (let i = 0; text.length < length; i++) text += `{"id":${i},"score":${random.below(1000)}},`
    return Buffer.from(text.slice(0, length))
  },
  (random, length) => {
    const out = Buffer.alloc(length)
    for (let i = 0; i < length; i += 4) out[i] = random.below(200)
    return out
  },
  (random, length) => {
    const out = Buffer.alloc(length)
    for (let i = 0; i < length;) {
      const end = Math.min(length, i + 1 + random.below(400))
      out.fill(random.below(5), i, end)
      i = end
    }
    return out
  },
]
const border = (random: Random, length: number): Buffer => {
  const out = Buffer.from(Array.from({ length }, () => random.below(256)))
  for (let n = random.below(8); n > 0; n--) {
    const from = random.below(length - 6)
    out.copy(out, random.below(length - 6), from, from + 3 + random.below(4))
  }
  if (random.chance(0.3)) out.fill(7, random.below(length))
  return out
}

describeOracle("LZF and CRC-64 with redis-server", () => {
  it("packs to the same bytes, or not at all", () =>
    withClient({}, async (client) => {
      const random = Random.forTest("lzf/bytes")
      let packedCount = 0
      for (let i = 0; i < 3000; i++) {
        const kind = i % 2 === 0 ? border : kinds[random.below(kinds.length)]
        const src = kind(random, 21 + random.below(kind !== border && i % 15 === 0 ? 40_000 : 300))
        const [, reply] = await client.pipeline([
          ["SET", "k", src],
          ["DUMP", "k"],
        ])
        const dump = valueOf(reply) ?? Buffer.alloc(0)
        const dst = Buffer.alloc(src.length)
        const length = lzfCompress(src, 0, src.length, dst, 0, src.length - 4)
        expect(length > 0, src.toString("base64")).toBe(dump[1] === 0xc3)
        if (length === 0) continue
        packedCount++
        const head = 2 + rdbLength(length).length + rdbLength(src.length).length
        expect(dump.subarray(head, -10).equals(dst.subarray(0, length)), src.toString("base64")).toBe(true)
      }
      expect(packedCount).toBeGreaterThan(500)
    }))

  it("reads DUMP and is read by RESTORE", () =>
    withClient({}, async (client) => {
      const random = Random.forTest("lzf/oracle")
      let compressed = 0
      for (let i = 0; i < 150; i++) {
        const src = sample(random, 30 + random.below(i % 10 === 0 ? 40_000 : 2000))
        await client.command("SET", "k", src)
        const dump = valueOf(await client.command("DUMP", "k")) ?? Buffer.alloc(0)
        const crc = new Crc64()
        crc.update(dump, 0, dump.length - 8)
        expect(crc.equals(dump, dump.length - 8)).toBe(true)
        if (dump[1] !== 0xc3) continue
        compressed++
        const unpackedLength = rdbLength(src.length)
        const start = dump.indexOf(unpackedLength, 3) + unpackedLength.length
        const back = Buffer.alloc(src.length)
        expect(lzfDecompress(dump, start, dump.length - 10 - start, back, 0, src.length)).toBe(src.length)
        expect(back.equals(src)).toBe(true)
        const packed = pack(src)
        const body = Buffer.concat([
          Buffer.from([0, 0xc3]),
          rdbLength(packed.length),
          unpackedLength,
          packed,
          dump.subarray(-10, -8),
        ])
        const foot = Buffer.alloc(8)
        crc.reset()
        crc.update(body, 0, body.length)
        crc.write(foot, 0)
        expect(await client.text("RESTORE", "k2", "0", Buffer.concat([body, foot]), "REPLACE")).toBe(
          "+OK\r\n",
        )
        expect(valueOf(await client.command("GET", "k2"))?.equals(src)).toBe(true)
      }
      expect(compressed).toBeGreaterThan(20)
    }))
})
