/**
 * What a differential test imports: the oracle server itself, and `describeOracle`, which runs a suite only where a
 * redis-server 7.0 is at hand. Without one, the suite is replaced by a single test that states it, so its absence is
 * seen in the report; `REDIX_REQUIRE_ORACLE=1` turns that statement into a failure.
 */
import { describe, expect, it } from "vitest"
import { oracleStatus } from "./OracleServer.js"

export {
  freePort,
  OracleError,
  type OracleOptions,
  oracleScoped,
  OracleServer,
  oracleStatus,
  withOracle,
} from "./OracleServer.js"

export const oracleAvailable: boolean = oracleStatus().available

export const oracleRequired: boolean = process.env["REDIX_REQUIRE_ORACLE"] === "1"

const suiteWithOracle =
  (options: { readonly concurrent: boolean }) =>
  (name: string, suite: () => void): void => {
    const status = oracleStatus()
    if (status.available) {
      describe(name, options, suite)
      return
    }
    it(`${name}: not compared with Redis (${status.reason})`, () => {
      expect(oracleRequired, `${status.reason}, and REDIX_REQUIRE_ORACLE=1 asks for it`).toBe(false)
    })
  }

/** `.concurrent`: tests that wait most of their time, each with servers of its own, run a few at a time. */
export const describeOracle = Object.assign(suiteWithOracle({ concurrent: false }), {
  concurrent: suiteWithOracle({ concurrent: true }),
})
