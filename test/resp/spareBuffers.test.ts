import { beforeEach, describe, expect, it, vi } from "vitest"
import type * as SpareBuffers from "../../src/resp/SpareBuffers.js"

// What is kept is the process's, which tests of other files share: each test here has spares of its own.
type Spares = typeof SpareBuffers
let spares: Spares
beforeEach(async () => {
  vi.resetModules()
  spares = await import("../../src/resp/SpareBuffers.js")
})
const giveBytes: Spares["giveBytes"] = (bytes) => spares.giveBytes(bytes)
const takeBytes: Spares["takeBytes"] = (least) => spares.takeBytes(least)
const giveTables: Spares["giveTables"] = (all) => spares.giveTables(all)
const growTables: Spares["growTables"] = (all) => spares.growTables(all)

const tables = (entries: number) => ({
  offsets: new Int32Array(entries),
  lengths: new Int32Array(entries),
})

describe("SpareBuffers", () => {
  it("lends what was given to one that asks for as much, once", () => {
    const bytes = new Uint8Array(100_000)
    giveBytes(bytes)
    expect(takeBytes(90_000) === bytes).toBe(true)
    expect(takeBytes(90_000) === bytes).toBe(false)
    const many = tables(8192)
    giveTables(many)
    expect(growTables(tables(2048)) === many).toBe(true)
    expect(growTables(tables(2048)) === many).toBe(false)
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
    expect(takeBytes(1 << 20) === large).toBe(false)
    const many = tables(1 << 17)
    giveTables(many)
    expect(growTables(tables(1 << 16)) === many).toBe(false)
  })
})
