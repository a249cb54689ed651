/**
 * Tables under random assignments and removals, against Lua's own: the order of `pairs`, `#`, and `next` after each step.
 * Keys are few, so that they come back; numbers fall inside, beside and far from the array part.
 *
 * The collector stands still: once it has passed, Lua no longer finds the node of a removed key that is a string, and puts
 * the key elsewhere when it comes back.
 */
import { expect, it } from "vitest"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { comparable, evaluate, forgetScripts, unframed } from "./Interpreter.js"
import { PRELUDE } from "./ProgramMaker.js"

const TABLES = Number(process.env["REDIX_LUA_TABLES"] ?? 300)

const key = (random: Random): string =>
  random.weighted<() => string>([
    [6, () => `'k${random.below(12)}'`],
    [6, () => `${1 + random.below(18)}`],
    [1, () => `${random.below(200) - 100}`],
    [1, () => `${random.below(40) / 4}`],
    [
      1,
      () => random.pick(["true", "false", "2^40", "-2^33", "1e300", "'a longer key than the others'", "''"]),
    ],
  ])()

const constructor = (random: Random): string => {
  const items = random.times(random.below(7), () =>
    random.pick([`${random.below(9)}`, "nil", `k${random.below(5)}=1`, `[${key(random)}]=2`]),
  )
  return `{${items.join(",")}}`
}

const step = (random: Random): string =>
  random.weighted<() => string>([
    [8, () => `t[${key(random)}]=${random.below(100)}`],
    [4, () => `t[${key(random)}]=nil`],
    [3, () => `t[#t+1]=${random.below(100)}`],
    [2, () => "t[#t]=nil"],
    [1, () => `for i=1,${random.below(20)} do t[i]=i end`],
    [1, () => `for i=1,${random.below(20)} do t['k'..i]=i end`],
    [1, () => "for k in pairs(t) do if type(k)=='string' then t[k]=nil end end"],
    [1, () => "for k,v in pairs(t) do t[k]=nil end"],
    [1, () => `table.insert(t,1,${random.below(9)})`],
    [1, () => "table.remove(t,1)"],
  ])()

const program = (random: Random): string => {
  const steps = random.times(5 + random.below(40), () => `${step(random)} W(#t,t)`)
  return `collectgarbage('stop') ${PRELUDE}local t=${constructor(random)} W(#t,t)\n${steps.join("\n")}\nreturn table.concat(O,'|')`
}

describeOracle("tables", () => {
  it(`${TABLES} random tables as redis-server has them`, { timeout: 120_000 + TABLES * 100 }, () =>
    withOracle({}, async (oracle) => {
      const random = Random.forTest("lua tables")
      const client = await oracle.connect({ timeoutMs: 60_000 })
      let compared = 0
      for (let i = 0; i < TABLES; i++) {
        if (i % 500 === 499) await forgetScripts(client)
        const source = program(random)
        const theirs = comparable(unframed(await client.command("EVAL", Buffer.from(source, "latin1"), "0")))
        const ours = comparable(evaluate(source).reply)
        if (ours !== theirs) expect(ours.split("|"), source).toEqual(theirs.split("|"))
        compared++
      }
      client.close()
      expect(compared).toBe(TABLES)
    }),
  )
})
