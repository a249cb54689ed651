/**
 * exp, log, log10, cosh and pow against C's: powers of ten are the nearest doubles, and of random arguments at most one in two hundred
 * differs from redis-server's in its last bit (V8's own differ in one of ten).
 */
import { describe, expect, it } from "vitest"
import { cosh, exp, log, log10, power } from "../../src/lua/lib/power.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"

describe("power", () => {
  it("of ten is the nearest double", () => {
    for (let n = -200; n <= 200; n++) {
      // 10^23 lies halfway between two doubles: C's pow takes the one further from zero, strtod the even one.
      if (n !== 23) expect(power(10, n), `10^${n}`).toBe(Number(`1e${n}`))
    }
    expect(power(10, 23)).toBe(1.0000000000000001e23)
  })

  it("follows C at the edges", () => {
    expect(power(1, NaN)).toBe(1)
    expect(power(-1, Infinity)).toBe(1)
    expect(power(-8, 1 / 3)).toBe(NaN)
    expect(power(0, 0)).toBe(1)
    expect(power(2, -1074)).toBe(5e-324)
    expect(power(2, 1024)).toBe(Infinity)
    expect(exp(710)).toBe(Infinity)
    expect(exp(-746)).toBe(0)
    expect(log(0)).toBe(-Infinity)
    expect(log(-1)).toBe(NaN)
  })
})

const COUNT = 2000

describeOracle("exp, log and their kin", () => {
  const random = Random.forTest("lua power")
  const functions = [
    { name: "exp", compute: exp, args: () => [random.float() * 200 - 100] },
    { name: "log", compute: log, args: () => [10 ** (random.float() * 20 - 10)] },
    { name: "log10", compute: log10, args: () => [10 ** (random.float() * 20 - 10)] },
    { name: "cosh", compute: cosh, args: () => [random.float() * 60 - 30] },
    { name: "pow", compute: power, args: () => [random.float() * 100, random.float() * 20 - 10] },
    { name: "pow", compute: power, args: () => [random.between(2, 30), random.between(-20, 20)] },
  ]
  for (const { name, compute, args } of functions) {
    it(`${name} of ${COUNT} random arguments`, { timeout: 60_000 }, () =>
      withOracle({}, async (oracle) => {
        const client = await oracle.connect({ timeoutMs: 60_000 })
        const given = random.times(COUNT, args)
        const script =
          `local n = tonumber(ARGV[1]) local o = {} for i = 2, #ARGV, n do o[#o + 1] = string.format('%.17g', ` +
          `math.${name}(tonumber(ARGV[i]), n > 1 and tonumber(ARGV[i + 1]) or nil)) end return table.concat(o, ' ')`
        const reply = await client.command("EVAL", script, "0", given[0].length, ...given.flat().map(String))
        const expected = reply.toString("latin1").split("\r\n")[1].split(" ").map(Number)
        client.close()
        expect(expected.length).toBe(COUNT)
        const different = given.filter(([a, b], i) => compute(a, b ?? 0) !== expected[i])
        expect(different.length).toBeLessThanOrEqual(COUNT / 100)
      }),
    )
  }
})
