import { describe, expect, it } from "vitest"
import { decode, expectGolden, goldenBytes, goldenDescription, goldenNames } from "./Goldens.js"

describe.each(goldenNames)("golden %s", (name) => {
  const bytes = goldenBytes(name)
  const golden = goldenDescription(name)

  it.each([bytes.length, 1, 2, 7, 64, 1000])("in chunks of %i bytes", (chunkBytes) => {
    expectGolden(decode(bytes, chunkBytes), golden)
  })

  it("with its size known and values sanitized", () => {
    expectGolden(decode(bytes, 333, { totalBytes: bytes.length, sanitize: true }), golden)
  })
})

describe("what the goldens cover", () => {
  it("every form a Redis 7.0 file has", () => {
    const forms = new Set<string>()
    for (const name of goldenNames.filter((golden) => golden.startsWith("redis-7.0-"))) {
      for (const keys of decode(goldenBytes(name)).databases.values()) {
        for (const key of keys.values()) for (const form of key.forms) forms.add(`${key.type} ${form}`)
      }
    }
    expect([...forms].sort()).toEqual([
      "hash element",
      "hash listpack",
      "list listpack",
      "list plain",
      "set element",
      "set intset",
      "string string",
      "zset element",
      "zset listpack",
    ])
  })

  it("idle times and frequencies where the policy keeps them", () => {
    const one = (name: string) => decode(goldenBytes(name)).databases.get(0)?.get("string")
    expect(one("redis-7.0-lru")).toMatchObject({ idle: 0, freq: -1 })
    expect(one("redis-7.0-lfu")).toMatchObject({ idle: -1, freq: 5 })
    expect(one("redis-7.0-no-checksum")).toMatchObject({ idle: -1, freq: -1 })
  })

  it("the fields and sizes Redis writes ahead of the keys", () => {
    const sink = decode(goldenBytes("redis-7.0-expiries-databases"))
    expect(sink.auxFields.get("redis-ver")).toBe("7.0.15")
    expect(sink.auxFields.get("redis-bits")).toBe("64")
    expect(sink.sizes.get(0)).toEqual([8, 7])
    expect(sink.sizes.get(15)).toEqual([2, 1])
  })
})
