import { afterAll, beforeAll, expect, it } from "vitest"
import { differential, type StepLike } from "../support/Differential.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { bitmapCommandsOf, hyperloglogCommandsOf, stepsOf, stringCommandsOf } from "./steps/stringSteps.js"

const COMMANDS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 4000)

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())

const compare = (name: string, family: typeof stringCommandsOf, protocol: "2" | "3", seconds = 120) =>
  it(`${name}, RESP${protocol}`, { timeout: seconds * 1000 + (COMMANDS / 1000) * 2000 }, () =>
    withOracle({}, async (server) => {
      const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
      redix.engine.context.keyspace.flushAll()
      await oracle.command("HELLO", protocol)
      for (const session of redix.engine.sessions.values()) session.resp = protocol === "3" ? 3 : 2
      const random = Random.forTest(`${name} ${protocol}`)
      const count = await differential(
        { oracle, subject, seed: random.seed },
        stepsOf(family, random, COMMANDS),
      )
      expect(count).toBeGreaterThan(COMMANDS / 2)
      redix.engine.context.keyspace.arena.checkInvariants()
      oracle.close()
      subject.close()
    }),
  )

/** HyperLogLogs whose runs end before the last register: some elements find their place, others do not. */
function* cutHyperLogLogs(): Generator<StepLike> {
  const header = Buffer.from("HYLL\x01\0\0\0\0\0\0\0\0\0\0\0", "latin1")
  yield ["SET", "cut", Buffer.concat([header, Buffer.alloc(8000)])]
  for (let i = 0; i < 200; i++) {
    yield ["PFADD", "cut", `a${i}`, `b${i}`, `c${i}`]
    yield ["GET", "cut"]
  }
}

describeOracle("as Redis answers", () => {
  it("elements added before a HyperLogLog is found corrupt", () =>
    withOracle({}, async (server) => {
      const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
      expect(await differential({ oracle, subject }, cutHyperLogLogs())).toBe(401)
      oracle.close()
      subject.close()
    }))

  for (const protocol of ["2", "3"] as const) {
    compare("strings", stringCommandsOf, protocol)
    compare("bitmaps", bitmapCommandsOf, protocol)
    compare("HyperLogLogs", hyperloglogCommandsOf, protocol)
  }
})
