import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { crc16, keySlot } from "../../src/bytes/Crc16.js"
import { Crc64 } from "../../src/bytes/Crc64.js"
import { sha1, sha1Hex } from "../../src/bytes/Sha1.js"
import { sha256Hex } from "../../src/bytes/Sha256.js"
import { describeOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { bytesOf, textOf, withClient } from "./scalarsSupport.js"

const check = bytesOf("123456789")

/** The same CRC a bit at a time, by 64-bit integers. */
const slowCrc64 = (bytes: Buffer): string => {
  let crc = 0n
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ 0x95ac9329ac4bc9b5n : crc >> 1n
  }
  return crc.toString(16).padStart(16, "0")
}

describe("CRC-64", () => {
  it("has the known check value", () => {
    const crc = new Crc64()
    crc.update(check, 0, 9)
    expect(crc.toHex()).toBe("e9c6d914c4b8d9ca")
    const out = Buffer.alloc(10)
    crc.write(out, 1)
    expect(out.toString("hex")).toBe("00cad9b8c414d9c6e900")
    expect(crc.equals(out, 1)).toBe(true)
    expect(crc.equals(out, 0)).toBe(false)
  })

  it("is the same in any pieces", () => {
    const random = Random.forTest("crc64/pieces")
    for (let i = 0; i < 200; i++) {
      const bytes = random.bytes(random.below(300))
      const crc = new Crc64()
      for (let at = 0; at < bytes.length;) {
        const n = Math.min(bytes.length - at, 1 + random.below(40))
        crc.update(bytes, at, n)
        at += n
      }
      expect(crc.toHex()).toBe(slowCrc64(bytes))
    }
  })
})

describe("CRC-16 and hash slots", () => {
  it("has the known values", () => {
    expect(crc16(check, 0, 9)).toBe(0x31c3)
    const slot = (key: string) => keySlot(bytesOf(`..${key}.`), 2, key.length)
    expect(slot("{user1000}.following")).toBe(3443)
    expect(slot("user1000")).toBe(3443)
    expect(slot("a{}b")).toBe(crc16(bytesOf("a{}b"), 0, 4) & 16383)
    expect(slot("{a")).toBe(crc16(bytesOf("{a"), 0, 2) & 16383)
    expect(slot("")).toBe(0)
  })
})

describeOracle("CLUSTER KEYSLOT on redis-server", () => {
  it("agrees on random keys", () =>
    withClient({ config: { "cluster-enabled": "yes" }, tcp: true }, async (client) => {
      const random = Random.forTest("crc16/oracle")
      const keys = random.times(2000, () => bytesOf(random.text(random.below(12), "ab{}{}")))
      const replies = await client.pipeline(keys.map((key) => ["CLUSTER", "KEYSLOT", key]))
      expect(replies.map(textOf)).toEqual(keys.map((key) => `:${keySlot(key, 0, key.length)}`))
    }))
})

describe("SHA-256", () => {
  it("agrees with the platform's", () => {
    const random = Random.forTest("sha256")
    expect(sha256Hex(bytesOf("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    for (let length = 0; length < 400; length++) {
      const bytes = random.bytes(length)
      expect(sha256Hex(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"))
    }
  })
})

describe("SHA-1", () => {
  it("agrees with the platform's", () => {
    const random = Random.forTest("sha1")
    expect(sha1Hex(bytesOf("abc"), 0, 3)).toBe("a9993e364706816aba3e25717850c26c9cd0d89d")
    for (let length = 0; length < 400; length++) {
      const bytes = random.bytes(length + 3)
      const digest = Buffer.alloc(22)
      sha1(bytes, 3, length, digest, 1)
      expect(digest.toString("hex", 1, 21)).toBe(createHash("sha1").update(bytes.subarray(3)).digest("hex"))
      expect([digest[0], digest[21]]).toEqual([0, 0])
    }
  })
})
