import { describe, expect, it } from "vitest"
import { giveBytes, giveTables, growTables, takeBytes } from "../../src/resp/SpareBuffers.js"

const tables = (entries: number) => ({
  offsets: new Int32Array(entries),
  lengths: new Int32Array(entries),
})

describe("SpareBuffers", () => {
  it("lends what was given to one that asks for as much, once", () => {
    const bytes = new Uint8Array(100_000)
    giveBytes(bytes)
    expect(takeBytes(90_000)).toBe(bytes)
    expect(takeBytes(90_000)).not.toBe(bytes)
    const many = tables(8192)
    giveTables(many)
    expect(growTables(tables(2048))).toBe(many)
    expect(growTables(tables(2048))).not.toBe(many)
  })

  it("lends nobody more than eight times what is asked for", () => {
    for (let length = 1 << 12; length <= 1 << 20; length *= 2) giveBytes(new Uint8Array(length))
    for (let entries = 256; entries <= 1 << 16; entries *= 2) giveTables(tables(entries))
    for (let n = 0; n < 20; n++) {
      expect(takeBytes(5000).length).toBeLessThanOrEqual(40_000)
      expect(growTables(tables(128)).offsets.length).toBeLessThanOrEqual(2048)
    }
  })

  it("never lends less than is asked for", () => {
    for (let n = 0; n < 200; n++) {
      const least = 4097 + n * 509
      giveBytes(new Uint8Array(least - 1))
      expect(takeBytes(least).length).toBeGreaterThanOrEqual(least)
    }
    for (let entries = 128; entries < 1 << 17; entries *= 2) {
      giveTables(tables(entries))
      const grown = growTables(tables(entries))
      expect([grown.offsets.length, grown.lengths.length].every((l) => l >= entries * 2)).toBe(true)
    }
  })

  it("keeps nothing larger than a mebibyte, and no tables of more than 65,536 entries", () => {
    const large = new Uint8Array((1 << 20) + 1)
    giveBytes(large)
    expect(takeBytes(1 << 20)).not.toBe(large)
    const many = tables(1 << 17)
    giveTables(many)
    expect(growTables(tables(1 << 16))).not.toBe(many)
  })
})
