import { describe, expect, it } from "vitest"
import { RdbDecoder, type RdbDecoderOptions } from "../../src/rdb/decode/RdbDecoder.js"
import { RdbCorruptError, RdbVersionError } from "../../src/rdb/format/RdbErrors.js"
import { CollectingSink } from "./CollectingSink.js"
import { decode, goldenBytes } from "./Goldens.js"

const latin = (text: string): number[] => [...Buffer.from(text, "latin1")]
const text = (value: string): number[] => [value.length, ...latin(value)]

/** A version-10 file without checksum. */
const file = (...body: number[]): Uint8Array =>
  Uint8Array.from([...latin("REDIS0010"), ...body, 0xff, 0, 0, 0, 0, 0, 0, 0, 0])

const failure = (bytes: Uint8Array, options: Partial<RdbDecoderOptions> = {}): RdbCorruptError => {
  try {
    decode(bytes, bytes.length, options)
  } catch (error) {
    if (error instanceof RdbCorruptError) return error
    throw error
  }
  throw new Error("decoded")
}

// "ABCDEFGHI" in letters of 6 bits, version 3.
const moduleId = [0x81, 0x00, 0x10, 0x83, 0x10, 0x51, 0x87, 0x20, 0x03]
const moduleItems = [1, 5, 2, 0x40, 0x50, 3, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 5, ...text("blob"), 0]

describe("header", () => {
  const header = (start: string) => () => decode(Uint8Array.from(latin(start)))

  it("refuses versions beyond 12 and below 1, and says which", () => {
    expect(header("REDIS0013")).toThrow(RdbVersionError)
    expect(header("REDIS0000")).toThrow(RdbVersionError)
    expect(header("REDIS0013")).toThrow("test.rdb: can't handle RDB format version 13")
  })

  it("refuses what is no RDB file", () => {
    expect(header("REDIS00x1")).toThrow(/not an RDB file/)
    expect(header("\x7fELF-----")).toThrow('test.rdb: at byte 0: not an RDB file: it starts "\\x7fELF-----"')
    expect(header("REDIS")).toThrow(/unexpected end of file/)
    expect(header("")).toThrow(/unexpected end of file/)
    expect(failure(Uint8Array.from(latin("REDIS00x1"))).kind).toBe("signature")
    expect(failure(Uint8Array.from(latin("REDIS"))).kind).toBe("truncated")
  })

  it("says where a file of a known size ends too early, and which bytes make no sense", () => {
    const cut = Uint8Array.from([...latin("REDIS0010"), 0, ...text("key"), 9, ...latin("val")])
    expect(failure(cut)).toMatchObject({ kind: "truncated", key: "key" })
    expect(failure(cut, { totalBytes: cut.length })).toMatchObject({
      kind: "truncated",
      reason: "9 bytes expected where the file has 3 left",
    })
    expect(failure(file(0xc8))).toMatchObject({ kind: "format", reason: "unknown value type 200" })
  })
})

describe("values with no counterpart", () => {
  it("a module value names key, type and offset", () => {
    const bytes = file(0xfe, 0, 7, ...text("the key"), ...moduleId, ...moduleItems)
    const error = failure(bytes)
    expect(error.key).toBe("the key")
    expect(error.offset).toBe(11)
    expect(error.reason).toBe('module value of module type "ABCDEFGHI" version 3 cannot be represented')
    expect(error.message).toContain('(key "the key")')
  })

  it("a module value is passed over when asked for", () => {
    const bytes = file(7, ...text("m"), ...moduleId, ...moduleItems, 0, ...text("k"), ...text("v"))
    for (const chunkBytes of [1, 5, 1000]) {
      const sink = decode(bytes, chunkBytes, { skipModuleValues: true })
      expect(sink.modules).toEqual(["ABCDEFGHI"])
      expect(sink.databases.get(0)?.get("k")?.value).toBe("v")
    }
  })

  it("the first form of module values cannot be passed over", () => {
    expect(failure(file(6, 1, 0x6b, ...moduleId, 0), { skipModuleValues: true }).reason).toContain(
      "first form",
    )
  })

  it("data of a module outside the keyspace is passed over", () => {
    const bytes = file(0xf7, ...moduleId, 2, 1, ...moduleItems, 0, ...text("k"), ...text("v"))
    for (const chunkBytes of [1, 5, 1000]) {
      const sink = decode(bytes, chunkBytes)
      expect(sink.modules).toEqual(["ABCDEFGHI"])
      expect(sink.databases.get(0)?.get("k")?.value).toBe("v")
    }
  })

  it("a hash of which a field has a TTL", () => {
    const base = [0, 0, 0, 0, 0, 0, 0, 0]
    const dict = failure(file(24, 1, 0x6b, ...base, 1, 5, ...text("f"), ...text("v")))
    expect(dict.reason).toBe("hash with field TTLs cannot be represented")
    expect(dict.key).toBe("k")
    const listpack = [14, 0, 0, 0, 3, 0, 0x81, 0x66, 2, 0x81, 0x76, 2, 7, 1, 0xff]
    listpack[0] = listpack.length
    const packed = failure(file(25, 1, 0x6b, ...base, listpack.length, ...listpack))
    expect(packed.reason).toBe("hash listpack with field TTLs cannot be represented")
  })

  it("pre-release forms", () => {
    expect(failure(file(22, 1, 0x6b, 1, 0)).reason).toContain("pre-release form cannot be represented")
    expect(failure(file(23, 1, 0x6b, 1, 0)).reason).toContain("pre-release form cannot be represented")
  })

  it("types and opcodes nobody knows", () => {
    for (const type of [8, 26, 100, 243]) {
      expect(failure(file(type, 1, 0x6b, 0)).reason).toBe(`unknown value type ${type}`)
    }
  })
})

describe("what real files hold seldom", () => {
  it("slot sizes of a cluster node", () => {
    expect(decode(file(0xf4, 0x40, 100, 3, 1)).slots).toEqual([[100, 3, 1]])
  })

  it("collections without elements are reported, not stored", () => {
    const listpack = [7, 0, 0, 0, 0, 0, 0xff]
    const ziplist = [11, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0xff]
    const bytes = file(
      ...[1, ...text("list"), 0],
      ...[2, ...text("set"), 0],
      ...[4, ...text("hash"), 0],
      ...[5, ...text("zset"), 0],
      ...[14, ...text("quicklist"), 1, 11, ...ziplist],
      ...[18, ...text("quicklist 2"), 2, 2, 7, ...listpack, 1, 0],
      ...[16, ...text("packed hash"), 7, ...listpack],
      ...[11, ...text("intset"), 8, 2, 0, 0, 0, 0, 0, 0, 0],
      ...[9, ...text("zipmap"), 2, 0, 0xff],
    )
    const sink = decode(bytes, 3)
    expect(sink.emptied).toEqual([
      "list",
      "set",
      "hash",
      "zset",
      "quicklist",
      "quicklist 2",
      "packed hash",
      "intset",
      "zipmap",
    ])
    expect(sink.databases.size).toBe(0)
  })

  it("expiry before 1970 and in the far future", () => {
    const sink = decode(
      file(
        ...[0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, ...text("past"), 0],
        ...[0xfd, 0xff, 0xff, 0xff, 0xff, 0, ...text("second"), 0],
        ...[0xfc, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, ...text("future"), 0],
        ...[0, ...text("none"), 0],
      ),
    )
    const keys = sink.databases.get(0)
    // As redis-server reads it, -1 is no expiry.
    expect(keys?.get("past")?.expireAt).toBeUndefined()
    expect(keys?.get("second")?.expireAt).toBe(-1000)
    expect(keys?.get("future")?.expireAt).toBe(2 ** 62)
    expect(keys?.get("none")?.expireAt).toBeUndefined()
  })
})

describe("sanitizing", () => {
  const packed = (type: number, ...entries: number[]): Uint8Array =>
    file(type, 1, 0x6b, 7 + entries.length, 7 + entries.length, 0, 0, 0, 0xff, 0xff, ...entries, 0xff)

  it.each([
    ["a repeated field", packed(16, 1, 1, 2, 1, 1, 1, 3, 1), "listpack: repeated member"],
    ["a repeated sorted-set member", packed(17, 1, 1, 2, 1, 1, 1, 3, 1), "listpack: repeated member"],
    ["a repeated set member", packed(20, 1, 1, 1, 1), "set listpack: repeated member"],
  ])("finds %s", (_, bytes, reason) => {
    expect(failure(bytes, { sanitize: true }).reason).toBe(reason)
    expect(decode(bytes).ended).toBe(true)
  })

  it("finds an odd number of elements, wrong ways back and values out of order", () => {
    const lies: ReadonlyArray<[bytes: Uint8Array, reason: string]> = [
      [packed(16, 1, 1, 2, 1, 3, 1), "listpack: odd number of elements"],
      [packed(16, 1, 1, 1, 2), "invalid listpack"],
      [file(11, 1, 0x6b, 12, 2, 0, 0, 0, 2, 0, 0, 0, 5, 0, 4, 0), "invalid intset"],
    ]
    for (const [bytes, reason] of lies) {
      expect(failure(bytes, { sanitize: true }).reason).toBe(reason)
      expect(decode(bytes).ended).toBe(true)
    }
  })

  it("finds entries that cannot be walked and scores that are NaN without being asked", () => {
    expect(failure(packed(16, 1, 1, 0x85, 2)).reason).toBe("invalid listpack")
    const text = packed(17, 1, 1, 0x83, 0x6e, 0x61, 0x6e, 4)
    expect(failure(text).reason).toBe("zset listpack: score is not a number")
    expect(failure(file(5, 1, 0x6b, 1, 1, 0x6d, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f)).reason).toContain(
      "not a number",
    )
  })
})

describe("a replication stream", () => {
  it("goes on behind the file: feed tells where the file ended", () => {
    const rdb = goldenBytes("redis-7.0-zsets")
    const all = Buffer.concat([rdb, Buffer.from("*1\r\n$4\r\nPING\r\n")])
    for (const chunkBytes of [7, 100, all.length]) {
      const sink = new CollectingSink()
      const decoder = new RdbDecoder(sink, { path: "replication stream" })
      let taken = 0
      for (let at = 0; at < all.length && !decoder.done; at += chunkBytes) {
        taken += decoder.feed(all.subarray(at, at + chunkBytes))
      }
      expect(taken).toBe(rdb.length)
      expect(decoder.offset).toBe(rdb.length)
      expect(decoder.feed(all)).toBe(0)
      expect(sink.ended).toBe(true)
    }
  })
})

describe("checksum", () => {
  const bytes = goldenBytes("redis-7.0-hashes")
  const wrong = bytes.slice()
  wrong[wrong.length - 1] ^= 1

  it("is compared unless it is zero or comparing is off", () => {
    const hex = (file: Uint8Array): string => Buffer.from(file.slice(-8)).readBigUInt64LE().toString(16)
    expect(failure(wrong).reason).toBe(`wrong checksum expected: (${hex(bytes)}) but got (${hex(wrong)})`)
    expect(failure(wrong).offset).toBe(bytes.length - 8)
    expect(failure(wrong).kind).toBe("checksum")
    expect(decode(wrong, wrong.length, { checksum: false }).ended).toBe(true)
    const none = bytes.slice().fill(0, bytes.length - 8)
    expect(decode(none).ended).toBe(true)
  })
})
