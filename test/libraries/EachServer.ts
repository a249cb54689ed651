/** A suite of a library's, run on Redix and on redis-server: what it expects of the one must hold of the other. */
import { afterAll, beforeAll, describe } from "vitest"
import { describeOracle, OracleServer } from "../support/Oracle.js"
import { startRedix } from "../support/Redix.js"

interface Started {
  readonly port: number
  readonly stop: () => Promise<unknown>
}

const own = (start: () => Promise<Started>, suite: (port: () => number) => void): void => {
  let server: Started
  beforeAll(async () => void (server = await start()))
  afterAll(() => server.stop())
  suite(() => server.port)
}

/** `suite` may ask for the port once its tests run. */
export const onEachServer = (suite: (port: () => number) => void): void => {
  describe("on Redix", () => own(() => startRedix(), suite))
  describeOracle("on redis-server", () => own(() => OracleServer.start({ tcp: true }), suite))
}
