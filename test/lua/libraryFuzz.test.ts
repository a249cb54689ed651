/**
 * The libraries against redis-server: random calls, answers and error texts equal. A few hundred of each library by
 * default; `REDIX_LUA_CALLS=20000` asks for as many.
 */
import { expect, it } from "vitest"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { callMakers } from "./LibraryCallMaker.js"
import { differences, Libraries } from "./LibraryCalls.js"

const CALLS = Number(process.env["REDIX_LUA_CALLS"] ?? 400)
const CALLS_A_ROUND = 1000

describeOracle("library calls as redis-server answers them", () => {
  for (const [name, make] of Object.entries(callMakers)) {
    it(`${name}: ${CALLS} random calls`, { timeout: 120_000 + CALLS * 10 }, () =>
      withOracle({}, async (oracle) => {
        const random = Random.forTest(`lua ${name}`)
        const libraries = new Libraries()
        const client = await oracle.connect({ timeoutMs: 60_000 })
        for (let done = 0; done < CALLS; done += CALLS_A_ROUND) {
          const calls = random.times(Math.min(CALLS_A_ROUND, CALLS - done), () => make(random))
          const found = await differences(client, libraries, calls)
          expect(found.slice(0, 5).join("\n"), `${found.length} differ`).toBe("")
        }
        client.close()
      }),
    )
  }
})
