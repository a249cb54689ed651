import { describe, expect, it } from "vitest"
import { HLL_SEED, murmurHex } from "../../src/bytes/hll/HllHash.js"
import {
  HLL_CHANGED,
  HLL_CORRUPT,
  HLL_DENSE,
  HLL_DENSE_BYTES,
  HLL_INVALID,
  HLL_REGISTERS,
  HLL_SPARSE,
  HLL_UNCHANGED,
  HllEditor,
  hllCachedCount,
  hllCacheCount,
  hllCount,
  hllCountRegisters,
  hllDescribe,
  hllEncoding,
  hllMergeInto,
} from "../../src/bytes/hll/HyperLogLog.js"
import type { RawClient } from "../support/RawClient.js"
import { describeOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { bytesOf, textOf, valueOf, withClient } from "./scalarsSupport.js"

const LIMIT = 3000

const stored = (editor: HllEditor): Buffer =>
  Buffer.from(editor.bytes.subarray(editor.offset, editor.offset + editor.length))

const empty = (): Buffer => {
  const editor = new HllEditor()
  editor.create()
  return stored(editor)
}

const withBody = (...body: number[]): Buffer => Buffer.concat([empty().subarray(0, 16), Buffer.from(body)])

describe("MurmurHash64A", () => {
  it("agrees with the definition in 64-bit integers", () => {
    const random = Random.forTest("hll/murmur")
    const mask = 0xffffffffffffffffn
    const m = 0xc6a4a7935bd1e995n
    for (let length = 0; length < 100; length++) {
      const bytes = random.bytes(length)
      let h = (BigInt(HLL_SEED) ^ (BigInt(length) * m)) & mask
      for (let i = 0; i + 8 <= length; i += 8) {
        let k = (bytes.readBigUInt64LE(i) * m) & mask
        k = ((k ^ (k >> 47n)) * m) & mask
        h = ((h ^ k) * m) & mask
      }
      if (length % 8 !== 0) {
        const rest = Buffer.alloc(8)
        bytes.copy(rest, 0, length & ~7)
        h = ((h ^ rest.readBigUInt64LE(0)) * m) & mask
      }
      h = ((h ^ (h >> 47n)) * m) & mask
      h ^= h >> 47n
      expect(murmurHex(bytes, 0, length, HLL_SEED)).toBe(h.toString(16).padStart(16, "0"))
    }
  })
})

describe("HyperLogLog values", () => {
  it("start empty, sparse and without a known count", () => {
    const value = empty()
    expect(value.toString("hex")).toBe("48594c4c0100000000000000000000807fff")
    expect(hllCachedCount(value, 0)).toBe(-1)
    expect(hllCount(value, 0, value.length)).toBe(0)
    expect(hllDescribe(value, 0, value.length)).toBe("Z:16384")
  })

  it("are told from other strings", () => {
    const encoding = (b: Buffer) => hllEncoding(b, 0, b.length)
    expect(encoding(empty())).toBe(HLL_SPARSE)
    const dense = Buffer.alloc(HLL_DENSE_BYTES)
    dense.write("HYLL")
    expect(encoding(dense)).toBe(HLL_DENSE)
    expect(encoding(dense.subarray(0, -1))).toBe(HLL_INVALID)
    expect(encoding(bytesOf("HYLL"))).toBe(HLL_INVALID)
    expect(encoding(bytesOf("hyll".padEnd(20)))).toBe(HLL_INVALID)
    dense[4] = 2
    expect(encoding(dense)).toBe(HLL_INVALID)
  })

  it("keep a count until they change", () => {
    const editor = new HllEditor()
    editor.create()
    expect(editor.add(bytesOf("a"), 0, 1, LIMIT)).toBe(HLL_CHANGED)
    hllCacheCount(editor.bytes, editor.offset, 123456789012)
    expect(hllCachedCount(editor.bytes, editor.offset)).toBe(123456789012)
    expect(editor.add(bytesOf("a"), 0, 1, LIMIT)).toBe(HLL_UNCHANGED)
    expect(hllCachedCount(editor.bytes, editor.offset)).toBe(123456789012)
    expect(editor.add(bytesOf("b"), 0, 1, LIMIT)).toBe(HLL_CHANGED)
    expect(hllCachedCount(editor.bytes, editor.offset)).toBe(-1)
  })

  it("report corrupt runs", () => {
    const bad = [
      withBody(),
      withBody(0x7f),
      withBody(0x7f, 0xfe),
      withBody(0x7f, 0xff, 0x80),
      withBody(0x00, 0x7f, 0xff),
    ]
    for (const value of bad) {
      expect(hllCount(value, 0, value.length)).toBe(-1)
      expect(hllMergeInto(new Uint8Array(HLL_REGISTERS), value, 0, value.length)).toBe(false)
      expect(hllDescribe(value, 0, value.length)).toBeUndefined()
      const editor = new HllEditor()
      expect(editor.open(value, 0, value.length)).toBe(true)
      expect(editor.toDense()).toBe(HLL_CORRUPT)
    }
    const editor = new HllEditor()
    const none = withBody()
    editor.open(none, 0, none.length)
    expect(editor.add(bytesOf("a"), 0, 1, LIMIT)).toBe(HLL_CORRUPT)
    const long = Buffer.concat([withBody(), Buffer.alloc(40_000)])
    expect(editor.open(long, 0, long.length)).toBe(false)
  })

  it("stay whole under random bytes", () => {
    const random = Random.forTest("hll/corrupt")
    const editor = new HllEditor()
    let corrupt = 0
    for (let i = 0; i < 3000; i++) {
      const value = Buffer.concat([withBody(), random.bytes(random.below(60))])
      if (!editor.open(value, 0, value.length)) continue
      for (let k = 0; k < 5; k++) {
        const result = editor.raise(random.below(HLL_REGISTERS), 1 + random.below(51), random.below(80))
        if (result === HLL_CORRUPT) corrupt++
        expect(editor.length).toBeLessThanOrEqual(HLL_DENSE_BYTES)
      }
    }
    expect(corrupt).toBeGreaterThan(100)
  })

  it("change a dense value where it lies", () => {
    const editor = new HllEditor()
    editor.create()
    editor.toDense()
    const buf = Buffer.concat([Buffer.alloc(7, 0xee), stored(editor), Buffer.alloc(7, 0xee)])
    editor.open(buf, 7, HLL_DENSE_BYTES)
    const model = new Uint8Array(HLL_REGISTERS)
    const random = Random.forTest("hll/dense")
    for (let i = 0; i < 30_000; i++) {
      const index = random.below(HLL_REGISTERS)
      const value = 1 + random.below(51)
      expect(editor.raise(index, value, LIMIT)).toBe(value > model[index] ? HLL_CHANGED : HLL_UNCHANGED)
      if (value > model[index]) model[index] = value
    }
    expect(editor.detached).toBe(false)
    const registers = new Uint8Array(HLL_REGISTERS)
    expect(hllMergeInto(registers, buf, 7, HLL_DENSE_BYTES)).toBe(true)
    expect(Buffer.from(registers).equals(Buffer.from(model))).toBe(true)
    expect(hllCount(buf, 7, HLL_DENSE_BYTES)).toBe(hllCountRegisters(model))
    expect(buf.subarray(0, 7).every((b) => b === 0xee)).toBe(true)
    expect(buf.subarray(-7).every((b) => b === 0xee)).toBe(true)
  })
})

/** Adds the same random elements to both, `steps` times, comparing the reply and the value's bytes after each. */
const growBoth = async (client: RawClient, random: Random, limit: number, steps: number): Promise<Buffer> => {
  await client.pipeline([
    ["CONFIG", "SET", "hll-sparse-max-bytes", String(limit)],
    ["DEL", "h"],
  ])
  const editor = new HllEditor()
  const commands: Array<Array<string | Buffer>> = []
  const expected: Array<{ readonly reply: string; readonly value: Buffer }> = []
  let value: Buffer | undefined
  for (let i = 0; i < steps; i++) {
    let changed = value === undefined ? HLL_CHANGED : HLL_UNCHANGED
    if (value === undefined) editor.create()
    else editor.open(value, 0, value.length)
    const elements = random.times(1 + random.below(3), () => random.bytes(random.below(20)))
    for (const e of elements) if (editor.add(e, 0, e.length, limit) === HLL_CHANGED) changed = HLL_CHANGED
    value = stored(editor)
    commands.push(["PFADD", "h", ...elements], ["GET", "h"])
    expected.push({ reply: `:${changed}`, value: Buffer.from(value) })
    if (i % 37 === 0) {
      const count =
        hllCachedCount(value, 0) >= 0 ? hllCachedCount(value, 0) : hllCount(value, 0, value.length)
      hllCacheCount(value, 0, count)
      commands.push(["PFCOUNT", "h"], ["GET", "h"])
      expected.push({ reply: `:${count}`, value: Buffer.from(value) })
    }
  }
  const replies = await client.pipeline(commands)
  expected.forEach((e, i) => {
    expect(textOf(replies[2 * i]), `step ${i}`).toBe(e.reply)
    expect(valueOf(replies[2 * i + 1])?.equals(e.value), `bytes after step ${i}`).toBe(true)
  })
  return value ?? Buffer.alloc(0)
}

describeOracle("HyperLogLog on redis-server", () => {
  it("has the same bytes at every step of its growth", () =>
    withClient({}, async (client) => {
      const random = Random.forTest("hll/growth")
      for (const [limit, steps] of [
        [0, 20],
        [20, 50],
        [100, 100],
        [300, 300],
        [3000, 1500],
        [16_000, 1500],
      ] as const) {
        const value = await growBoth(client, random, limit, steps)
        expect(hllEncoding(value, 0, value.length)).toBe(limit < 16_000 ? HLL_DENSE : HLL_SPARSE)
      }
    }))

  it("counts the same at any size", () =>
    withClient({}, async (client) => {
      const random = Random.forTest("hll/counts")
      const editor = new HllEditor()
      editor.create()
      const ours: string[] = []
      const commands: Array<Array<string | Buffer>> = []
      for (let i = 0; i < 200; i++) {
        const elements = random.times(1 + random.below(10 * (1 + i)), () => random.bytes(8))
        for (const e of elements) editor.add(e, 0, e.length, LIMIT)
        ours.push(`:${hllCount(editor.bytes, editor.offset, editor.length)}`)
        commands.push(["PFADD", "h", ...elements], ["PFCOUNT", "h"])
      }
      const replies = await client.pipeline(commands)
      expect(replies.filter((_, i) => i % 2 === 1).map(textOf)).toEqual(ours)
    }))

  it("merges to the same bytes", () =>
    withClient({}, async (client) => {
      const random = Random.forTest("hll/merge")
      for (let i = 0; i < 60; i++) {
        const limit = i % 2 === 0 ? LIMIT : 200
        await client.command("CONFIG", "SET", "hll-sparse-max-bytes", String(limit))
        await client.command("DEL", "d", "a", "b")
        for (const key of ["d", "a", "b"]) {
          const count = random.below(i % 5 === 0 ? 3000 : i % 3 === 0 ? 400 : 40)
          const elements = random.times(count, () => `e${random.below(5000)}`)
          if (count > 0) await client.command("PFADD", key, ...elements)
        }
        const values = (await client.pipeline(["d", "a", "b"].map((key) => ["GET", key]))).map(valueOf)
        const registers = new Uint8Array(HLL_REGISTERS)
        let dense = false
        for (const value of values) {
          if (value === undefined) continue
          expect(hllMergeInto(registers, value, 0, value.length)).toBe(true)
          dense ||= hllEncoding(value, 0, value.length) === HLL_DENSE
        }
        expect(await client.text("PFCOUNT", "d", "a", "b")).toBe(`:${hllCountRegisters(registers)}\r\n`)
        const editor = new HllEditor()
        const into = values[0]
        if (into === undefined) editor.create()
        else editor.open(Buffer.from(into), 0, into.length)
        if (dense) editor.toDense()
        editor.raiseAll(registers, limit)
        expect(await client.text("PFMERGE", "d", "a", "b")).toBe("+OK\r\n")
        expect(valueOf(await client.command("GET", "d"))?.equals(stored(editor)), `merge ${i}`).toBe(true)
        if (!editor.isDense)
          expect(textOf(await client.command("PFDEBUG", "DECODE", "d"))).toBe(
            hllDescribe(editor.bytes, 0, editor.length),
          )
      }
    }))
})
