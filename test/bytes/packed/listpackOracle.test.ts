import { expect, it } from "vitest"
import * as Listpack from "../../../src/bytes/packed/Listpack.js"
import * as Pairs from "../../../src/bytes/packed/ListpackPairs.js"
import { formatPackedScore } from "../../../src/bytes/Numbers.js"
import { describeOracle } from "../../support/Oracle.js"
import { Random } from "../../support/Random.js"
import { Pack, edgeTexts, latin1, randomText } from "./listpackSupport.js"
import { type PackedStep, firstDifference, packedBytes, rdbType, withPackingOracle } from "./packedOracle.js"

const bytesOrGone = (pack: Pack): Buffer | undefined =>
  Listpack.isEmpty(pack.u8, pack.base) ? undefined : pack.bytes()

/** One list command, done to our listpack as the list family would do it. */
const listStep = (random: Random, pack: Pack): PackedStep => {
  const { u8, base } = pack
  const n = Listpack.count(u8, base)
  const text = randomText(random, 120)
  const b = latin1(text)
  const index = random.between(-n - 1, n)
  const there = n > 0 ? pack.textAt(pack.seek(random.below(n))) : text
  const done = (...command: Array<string | number | Buffer>): PackedStep => ({
    command,
    bytes: bytesOrGone(pack),
  })
  // Pops of several elements come mostly when the list has grown, so that it does grow.
  switch (random.below(n === 0 ? 2 : n > 40 ? 9 : random.chance(0.1) ? 7 : 6)) {
    case 0:
      pack.append(text)
      return done("RPUSH", "k", b)
    case 1:
      Listpack.prepend(u8, base, b, 0, b.length)
      return done("LPUSH", "k", b)
    case 2: {
      const p = pack.find(pack.seek(0), there)
      const before = random.chance(0.5)
      if (before) pack.insertBefore(p, text)
      else pack.insertAfter(p, text)
      return done("LINSERT", "k", before ? "BEFORE" : "AFTER", latin1(there), b)
    }
    case 3: {
      const at = pack.seek(index)
      if (at < 0) return done("EXISTS", "k")
      pack.replace(at, text)
      return done("LSET", "k", index, b)
    }
    case 4: {
      let p = pack.find(Listpack.first(u8, base), there)
      while (p >= 0) p = pack.find(Listpack.deleteAt(u8, base, p), there)
      return done("LREM", "k", 0, latin1(there))
    }
    case 5:
      pack.append(String(index))
      return done("RPUSH", "k", index)
    default: {
      const many = random.between(1, 10)
      const front = random.chance(0.5)
      Listpack.deleteRange(u8, base, front ? 0 : -Math.min(many, n), many)
      return done(front ? "LPOP" : "RPOP", "k", many)
    }
  }
}

const hashStep = (random: Random, pack: Pack): PackedStep => {
  const field = latin1(random.chance(0.6) ? String(random.below(60)) : randomText(random, 90))
  const value = latin1(randomText(random, 120))
  const p = Pairs.findPair(pack.u8, pack.base, field, 0, field.length)
  if (random.chance(0.3)) {
    if (p >= 0) Pairs.deletePair(pack.u8, pack.base, p)
    return { command: ["HDEL", "k", field], bytes: bytesOrGone(pack) }
  }
  if (p < 0) Pairs.appendPair(pack.u8, pack.base, field, 0, field.length, value, 0, value.length)
  else pack.replace(Pairs.valueOf(pack.u8, p), value.toString("latin1"))
  return { command: ["HSET", "k", field, value], bytes: bytesOrGone(pack) }
}

const randomScore = (random: Random): number => {
  switch (random.below(6)) {
    case 0:
      return random.pick([
        Infinity,
        -Infinity,
        0,
        -0,
        1e17,
        2 ** 53,
        2 ** 62,
        2 ** 63,
        -(2 ** 63),
        5e-324,
        1e300,
      ])
    case 1:
      return random.float() * 10 ** random.between(-20, 20)
    case 2:
      return random.between(-5000, 5000) / 10
    case 3:
      return Number(BigInt(random.uint32()) << BigInt(random.below(40)))
    default:
      return random.between(-5, 5)
  }
}

const zsetStep = (random: Random, pack: Pack): PackedStep => {
  const { u8, base } = pack
  const member = latin1(random.chance(0.6) ? String(random.below(60)) : randomText(random, 90))
  const p = Pairs.findPair(u8, base, member, 0, member.length)
  if (random.chance(0.3)) {
    if (p >= 0) Pairs.deletePair(u8, base, p)
    return { command: ["ZREM", "k", member], bytes: bytesOrGone(pack) }
  }
  const score = randomScore(random)
  if (p < 0 || Pairs.scoreAt(u8, Pairs.valueOf(u8, p)) !== score) {
    if (p >= 0) Pairs.deletePair(u8, base, p)
    const place = Pairs.scorePlace(u8, base, score, member, 0, member.length)
    const text = latin1(formatPackedScore(score))
    Pairs.insertPair(u8, base, place, member, 0, member.length, text, 0, text.length)
  }
  const sent = Object.is(score, -0) ? "-0" : String(score).replace("Infinity", "inf")
  return { command: ["ZADD", "k", sent, member], bytes: bytesOrGone(pack) }
}

describeOracle("listpack bytes are Redis's", () => {
  const families = [
    ["lists", rdbType.listQuicklist2, listStep],
    ["hashes", rdbType.hashListpack, hashStep],
    ["sorted sets", rdbType.zsetListpack, zsetStep],
  ] as const
  for (const [name, type, step] of families) {
    it(`${name} after every one of 1500 random commands`, () =>
      withPackingOracle(async (client) => {
        const random = Random.forTest(`listpack oracle ${name}`)
        let longest = 0
        for (let round = 0; round < 5; round++) {
          const pack = new Pack()
          const steps = random.times(300, () => step(random, pack))
          await client.command("DEL", "k")
          const difference = await firstDifference(client, "k", type, steps)
          expect(difference, `seed ${random.seed}, round ${round}: ${difference}`).toBeUndefined()
          longest = Math.max(longest, ...steps.map(({ bytes }) => bytes?.length ?? 0))
        }
        expect(longest).toBeGreaterThan(256)
      }))
  }

  it("at every edge of the encodings", () =>
    withPackingOracle(async (client) => {
      for (const text of edgeTexts) {
        await client.command("DEL", "k")
        const reply = await client.pipeline([
          ["RPUSH", "k", latin1(text)],
          ["DUMP", "k"],
        ])
        const bytes = Pack.of([text]).bytes()
        expect(packedBytes(reply[1], rdbType.listQuicklist2)?.equals(bytes), text.slice(0, 40)).toBe(true)
      }
    }))

  it("at the edges of the backlen's width", () =>
    withPackingOracle(async (client) => {
      for (const body of [127, 128, 16382, 16383, 16384, 2097150, 2097151, 2097152]) {
        const value = "v".repeat(body - (body < 4096 ? 2 : 5))
        await client.command("DEL", "k")
        const reply = await client.pipeline([
          ["HSET", "k", "f", value],
          ["DUMP", "k"],
        ])
        const pack = Pack.of(["f", value], value.length + 64)
        expect(packedBytes(reply[1], rdbType.hashListpack)?.equals(pack.bytes()), `${body}`).toBe(true)
        pack.expectIs(["f", value])
      }
    }))
})
