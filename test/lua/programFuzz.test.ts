/**
 * Random programs, as redis-server runs them: replies and error texts equal, whether they run in one go or give up their
 * turn at every tick. A few by default; `REDIX_LUA_PROGRAMS=100000` asks for as many.
 */
import { expect, it } from "vitest"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { comparable, evaluate, sandbox, unframed } from "./Interpreter.js"
import { ProgramMaker } from "./ProgramMaker.js"

const PROGRAMS = Number(process.env["REDIX_LUA_PROGRAMS"] ?? 150)

/** Zeros of either sign are one constant in Lua, whichever comes first. */
const withoutSignOfZero = (reply: string): string => reply.replaceAll("n-0;", "n0;")

const outcome = (reply: string): string => withoutSignOfZero(comparable(reply))

describeOracle("programs as redis-server runs them", () => {
  it(`${PROGRAMS} random programs`, { timeout: 120_000 + PROGRAMS * 300 }, () =>
    withOracle({}, async (oracle) => {
      const random = Random.forTest("lua programs")
      const client = await oracle.connect({ timeoutMs: 60_000 })
      const differing: string[] = []
      for (let i = 0; i < PROGRAMS && differing.length < 5; i++) {
        const seed = random.uint32()
        const source = new ProgramMaker(seed, random.chance(0.5)).program()
        const reply = await client
          .command("EVAL", Buffer.from(source, "latin1"), "0")
          .catch((error: unknown) => Promise.reject(new Error(`seed ${seed}: ${String(error)}\n${source}`)))
        const theirs = outcome(unframed(reply))
        const whole = outcome(evaluate(source).reply)
        if (whole !== theirs) differing.push(`seed ${seed}\nredis: ${theirs}\nhere:  ${whole}\n${source}`)
        const state = sandbox(() => true)
        state.fuelATick = 1
        const inTurns = outcome(evaluate(source, state).reply)
        if (inTurns !== whole)
          differing.push(`seed ${seed}, in turns: ${inTurns}\nwhole: ${whole}\n${source}`)
      }
      client.close()
      expect(differing.join("\n\n")).toBe("")
    }),
  )
})
