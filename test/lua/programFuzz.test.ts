/**
 * Random programs, as redis-server runs them: replies and error texts equal, whether they run in one go or give up their
 * turn at every tick. A few by default; `REDIX_LUA_PROGRAMS=100000` asks for as many.
 */
import { setTimeout as sleep } from "node:timers/promises"
import { expect, it } from "vitest"
import { describeOracle, withOracle } from "../support/Oracle.js"
import type { RawClient } from "../support/RawClient.js"
import { Random } from "../support/Random.js"
import { comparable, evaluate, inTurns, unframed } from "./Interpreter.js"
import { ProgramMaker } from "./ProgramMaker.js"

const PROGRAMS = Number(process.env["REDIX_LUA_PROGRAMS"] ?? 150)

/** Zeros of either sign are one constant in Lua, whichever comes first. */
const withoutSignOfZero = (reply: string): string => reply.replaceAll("n-0;", "n0;")

const outcome = (reply: string): string => withoutSignOfZero(comparable(reply))

/** Programs that call themselves twice at each of 200 levels never end, here or there. */
const ENDLESS_MS = 20_000
const KILLED = "Script killed by user"

/** What redis-server answers; a program that does not end is killed. */
const answer = async (client: RawClient, killer: RawClient, source: string): Promise<string> => {
  const reply = client.command("EVAL", Buffer.from(source, "latin1"), "0")
  const stop = new AbortController()
  const kill = sleep(ENDLESS_MS, undefined, { signal: stop.signal }).then(
    () => killer.command("SCRIPT", "KILL"),
    () => undefined,
  )
  const text = unframed(await reply)
  stop.abort()
  await kill
  return outcome(text)
}

/** Deep recursion fails where Lua's registers are used up, which are not counted here. */
const overflows = (text: string): boolean => /(?<!C )stack overflow/.test(text)

describeOracle("programs as redis-server runs them", () => {
  it(`${PROGRAMS} random programs`, { timeout: 120_000 + PROGRAMS * 300 }, () =>
    withOracle({}, async (oracle) => {
      const random = Random.forTest("lua programs")
      const client = await oracle.connect({ timeoutMs: 60_000 })
      const killer = await oracle.connect()
      const differing: string[] = []
      const skipped = { endless: 0, overflows: 0 }
      for (let i = 0; i < PROGRAMS && differing.length < 5; i++) {
        const seed = random.uint32()
        const source = new ProgramMaker(seed, random.chance(0.5)).program()
        const theirs = await answer(client, killer, source).catch((error: unknown) =>
          Promise.reject(new Error(`seed ${seed}: ${String(error)}\n${source}`)),
        )
        if (theirs.includes(KILLED)) {
          skipped.endless++
          continue
        }
        const whole = outcome(evaluate(source).reply)
        if (whole !== theirs && overflows(theirs + whole)) {
          skipped.overflows++
          continue
        }
        if (whole !== theirs) differing.push(`seed ${seed}\nredis: ${theirs}\nhere:  ${whole}\n${source}`)
        const parts = outcome(inTurns(source).reply)
        if (parts !== whole) differing.push(`seed ${seed}, in turns: ${parts}\nwhole: ${whole}\n${source}`)
      }
      client.close()
      killer.close()
      if (skipped.endless + skipped.overflows > 0) console.log("not compared", skipped)
      expect(differing.join("\n\n")).toBe("")
    }),
  )
})
