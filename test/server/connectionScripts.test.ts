import { afterAll, beforeAll, expect, it } from "vitest"
import { describeOracle, OracleServer } from "../support/Oracle.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { compareScript, type ScriptStep } from "../support/Script.js"
import * as scripts from "./connectionScripts.js"

describeOracle("connections, step by step as redis-server", () => {
  let oracle: OracleServer
  let redix: TestRedix
  beforeAll(async () => {
    oracle = await OracleServer.start({ tcp: true })
    redix = await startRedix()
  })
  afterAll(async () => {
    await oracle.stop()
    await redix.stop()
  })

  const same = (name: string, steps: ReadonlyArray<ScriptStep>): void => {
    it(name, async () => {
      expect(await compareScript(oracle, redix, steps)).toBeGreaterThan(steps.length / 2)
    })
  }

  same("connection commands and CLIENT", scripts.connectionScript)
  same("Pub/Sub", scripts.pubsubScript)
  same("CLIENT REPLY", scripts.replyModeScript)
  same("transactions", scripts.transactionScript)
  it("watched keys that expire", async () => {
    const client = await oracle.connect()
    expect(await client.text("DEBUG", "SET-ACTIVE-EXPIRE", 0)).toBe("+OK\r\n")
    redix.engine.keyspace.activeExpiry = false
    const steps = scripts.expiringWatchScript
    expect(await compareScript(oracle, redix, steps)).toBeGreaterThan(steps.length / 2)
    redix.engine.keyspace.activeExpiry = true
    expect(await client.text("DEBUG", "SET-ACTIVE-EXPIRE", 1)).toBe("+OK\r\n")
    client.close()
  })
  same("keyspace events", scripts.eventScript)
  same("MONITOR", scripts.monitorScript)
  same("clients seen and ended by others", scripts.clientsScript)
  same("CLIENT PAUSE", scripts.pauseScript)

  it("a password", async () => {
    const theirs = await OracleServer.start({ tcp: true, config: { requirepass: "secret" } })
    const ours = await startRedix({}, { requirepass: "secret" })
    try {
      const steps = scripts.passwordScript
      expect(await compareScript(theirs, ours, steps)).toBeGreaterThan(steps.length / 2)
    } finally {
      await theirs.stop()
      await ours.stop()
    }
  })
})
