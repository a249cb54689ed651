import { describe, expect, it } from "vitest"
import { ZiplistCursor, ZipmapCursor, validateZiplist, validateZipmap } from "../../src/rdb/decode/OldEncodings.js"
import { CorruptValue } from "../../src/rdb/format/RdbErrors.js"
import { RdbSlice } from "../../src/rdb/format/RdbSink.js"
import { Random } from "../support/Random.js"
import { latin1 } from "./CollectingSink.js"

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/[\s|]/g, ""), "hex"))

/** Every element of a ziplist; every slice must lie within the bytes. */
const ziplistTexts = (bytes: Uint8Array, offset: number, length: number): string[] => {
  const cursor = new ZiplistCursor()
  cursor.open(bytes, offset, length)
  const slice = new RdbSlice()
  const digits = new Uint8Array(24)
  const out: string[] = []
  while (cursor.next(slice, digits)) {
    if (slice.bytes === bytes) expect(slice.offset + slice.length).toBeLessThan(offset + length)
    out.push(latin1(slice))
  }
  return out
}

const zipmapTexts = (bytes: Uint8Array, offset: number, length: number): Array<[string, string]> => {
  const cursor = new ZipmapCursor()
  cursor.open(bytes, offset, length)
  const field = new RdbSlice()
  const value = new RdbSlice()
  const out: Array<[string, string]> = []
  while (cursor.next(field, value)) {
    expect(value.offset + value.length).toBeLessThan(offset + length)
    out.push([latin1(field), latin1(value)])
  }
  return out
}

const ziplist = hex(
  "26000000 | 21000000 | 0700 | 00f3 | 02026162 | 04fe9c | 03c0e803 | 04f0ffff7f | 05d000000080 | 06fd | ff",
)
const zipmap = hex("fe | 0161 | 02 00 7879 | 0162 | 01 03 7a 2e2e2e | 00 00 00 | ff")

describe("the examples of the file's header", () => {
  it("ziplist", () => {
    const bytes = hex("11000000 | 0c000000 | 0200 | 00f3 | 02026162 | ff")
    expect(validateZiplist(bytes, 0, bytes.length)).toBe(2)
    expect(ziplistTexts(bytes, 0, bytes.length)).toEqual(["2", "ab"])
  })

  it("zipmap", () => {
    const bytes = hex("01 | 0161 | 02 00 7879 | ff")
    expect(validateZipmap(bytes, 0, bytes.length)).toBe(1)
    expect(zipmapTexts(bytes, 0, bytes.length)).toEqual([["a", "xy"]])
  })
})

it("elements of several widths", () => {
  ziplist[0] = ziplist.length
  ziplist[4] = ziplist.length - 3
  expect(validateZiplist(ziplist, 0, ziplist.length)).toBe(7)
  expect(ziplistTexts(ziplist, 0, ziplist.length)).toEqual([
    "2",
    "ab",
    "-100",
    "1000",
    "8388607",
    "-2147483648",
    "12",
  ])
  expect(validateZipmap(zipmap, 0, zipmap.length)).toBe(3)
  expect(zipmapTexts(zipmap, 0, zipmap.length)).toEqual([
    ["a", "xy"],
    ["b", "z"],
    ["", ""],
  ])
})

describe.each([
  { name: "ziplist", good: ziplist, validate: validateZiplist, walk: ziplistTexts },
  { name: "zipmap", good: zipmap, validate: validateZipmap, walk: zipmapTexts },
])("a damaged $name", ({ name, good, validate, walk }) => {
  it("is refused, or walks within its bytes to the count found", () => {
    const random = Random.forTest(`damaged ${name}`)
    let refused = 0
    for (let round = 0; round < 20_000; round++) {
      const offset = random.below(8)
      const bytes = new Uint8Array(offset + good.length + 8).fill(random.below(256))
      bytes.set(good, offset)
      for (let i = random.between(1, 3); i > 0; i--)
        bytes[offset + random.below(good.length)] = random.below(256)
      const length = random.chance(0.2) ? random.below(good.length) : good.length
      try {
        const count = validate(bytes, offset, length)
        expect(walk(bytes, offset, length)).toHaveLength(count)
      } catch (error) {
        if (!(error instanceof CorruptValue)) throw error
        refused++
      }
    }
    expect(refused).toBeGreaterThan(5000)
  })
})
