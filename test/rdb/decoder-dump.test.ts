import { describe, expect, it } from "vitest"
import { Crc64 } from "../../src/bytes/Crc64.js"
import { decodeDumpPayload } from "../../src/rdb/decode/RdbDecoderDump.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { CollectingSink } from "./CollectingSink.js"

/** A payload of this body with a good footer. */
const payload = (body: ArrayLike<number>, version = 10): Uint8Array => {
  const out = new Uint8Array(body.length + 10)
  out.set(Array.from(body))
  out[body.length] = version & 0xff
  out[body.length + 1] = version >> 8
  const crc = new Crc64()
  crc.update(out, 0, body.length + 2)
  crc.write(out, body.length + 2)
  return out
}

const key = new Uint8Array(Buffer.from("the key"))

const outcome = (bytes: Uint8Array, sink = new CollectingSink()): string => {
  const result = decodeDumpPayload(bytes, key, sink, { sanitize: true })
  return result.kind === "format" ? `format: ${result.reason}` : result.kind
}

const hello = Uint8Array.from(Buffer.from("000568656c6c6f0a006372df766534200a", "hex"))

describe("payloads of DUMP", () => {
  it("one that Redis 7.0.15 made", () => {
    const sink = new CollectingSink()
    expect(outcome(hello, sink)).toBe("ok")
    expect(sink.databases.get(0)?.get("the key")?.value).toBe("hello")
  })

  it("versions up to 12, and no wrong checksum", () => {
    for (const version of [1, 9, 10, 11, 12]) expect(outcome(payload([0, 1, 0x61], version))).toBe("ok")
    for (const version of [13, 256, 65535]) expect(outcome(payload([0, 1, 0x61], version))).toBe("footer")
    for (let at = 0; at < hello.length; at++) {
      const bad = hello.slice()
      bad[at] ^= 1
      expect(outcome(bad)).toBe("footer")
      expect(outcome(hello.subarray(0, at))).toBe("footer")
    }
    expect(outcome(hello.slice().fill(0, hello.length - 8))).toBe("footer")
  })

  it("random bodies under a good footer", () => {
    const random = Random.forTest("payloads")
    let ok = 0
    for (let round = 0; round < 5000; round++) {
      const body = random.bytes(random.between(0, 60))
      for (let i = 0; i < body.length; i++) if (random.chance(0.6)) body[i] &= 0x1f
      const result = outcome(payload(body))
      expect(result).toMatch(/^(ok|format: .+)$/)
      if (result === "ok") ok++
    }
    expect(ok).toBeGreaterThan(0)
  })
})

describeOracle("payloads as Redis judges them", () => {
  const bodies: ReadonlyArray<readonly [string, ReadonlyArray<number>]> = [
    ["a string", [0, 1, 0x61]],
    ["bytes after the value", [0, 1, 0x61, 1, 2]],
    ["nothing", []],
    ["an opcode", [0xfa, 0]],
    ["an unknown type", [8, 1, 0x61]],
    ["an empty list", [1, 0]],
    ["an empty set", [2, 0]],
    ["an empty hash", [4, 0]],
    ["an empty sorted set", [5, 0]],
    ["a list of one empty plain node", [18, 1, 1, 0]],
    ["a plain node", [18, 1, 1, 1, 0x61]],
    ["an unknown node container", [18, 1, 3, 1, 0x61]],
    ["bad LZF", [0, 0xc3, 3, 10, 65, 66, 67]],
    ["a string encoding for a length", [2, 0xc0, 1, 65]],
    ["an unknown length form", [0, 0x82, 0, 0, 0, 1, 65]],
    ["a length longer than it need be", [2, 0x80, 0, 0, 0, 1, 1, 65]],
    ["a binary score that is NaN", [5, 1, 1, 65, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f]],
    ["a text score that is NaN", [3, 1, 1, 65, 253]],
    ["a text score", [3, 1, 1, 65, 3, 0x31, 0x65, 0x33]],
    ["no text score", [3, 1, 1, 65, 0]],
    ["a module value", [7, 0x81, 0, 0, 0, 0, 0, 0, 4, 0, 0]],
    ["an empty listpack", [16, 7, 7, 0, 0, 0, 0, 0, 0xff]],
    ["an odd listpack", [16, 9, 9, 0, 0, 0, 1, 0, 1, 1, 0xff]],
    ["an intset out of order", [11, 12, 2, 0, 0, 0, 2, 0, 0, 0, 5, 0, 4, 0]],
    ["an empty intset", [11, 8, 2, 0, 0, 0, 0, 0, 0, 0]],
    ["a ziplist", [10, 13, 13, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0xf3, 0xff]],
    ["a ziplist with a wrong count", [10, 13, 13, 0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0xf3, 0xff]],
    ["a ziplist with a wrong tail", [10, 13, 13, 0, 0, 0, 11, 0, 0, 0, 1, 0, 0, 0xf3, 0xff]],
    ["a zipmap", [9, 7, 1, 1, 0x61, 1, 0, 0x62, 0xff]],
    ["a zipmap without a value", [9, 4, 1, 1, 0x61, 0xff]],
  ]

  it("the same are accepted, with the same refusals", async () => {
    await withOracle({ config: { "sanitize-dump-payload": "yes" } }, async (oracle) => {
      const client = await oracle.connect()
      const judged: Array<[string, string]> = []
      for (const [name, body] of bodies) {
        const reply = (await client.command("RESTORE", "k", "0", payload(body), "REPLACE")).toString("latin1")
        judged.push([
          name,
          reply.startsWith("+OK") ? "ok" : reply.includes("Bad data format") ? "format" : reply,
        ])
      }
      client.close()
      const ours = bodies.map(([name, body]): [string, string] => [
        name,
        outcome(payload(body)).split(":")[0],
      ])
      expect(ours).toEqual(judged)
    })
  })
})
