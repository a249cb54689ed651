import { expect, it } from "vitest"
import { besideOracle } from "../support/CommandSuite.js"
import { describeOracle, OracleServer } from "../support/Oracle.js"
import { startRedix } from "../support/Redix.js"
import { compareScript, type ScriptStep } from "../support/Script.js"
import * as connections from "./connectionScripts.js"
import * as hostile from "./hostileScripts.js"
import * as pubsub from "./pubsubScripts.js"
import * as transactions from "./transactionScripts.js"

describeOracle("connections, step by step as redis-server", () => {
  const servers = besideOracle({ tcp: true })

  const same = (name: string, steps: ReadonlyArray<ScriptStep>): void => {
    it(name, async () => {
      expect(await compareScript(servers.oracle, servers.redix, steps)).toBeGreaterThan(steps.length / 2)
    })
  }

  same("connection commands and CLIENT", connections.connectionScript)
  same("Pub/Sub", pubsub.pubsubScript)
  same("clients that speak HTTP", hostile.httpScript)
  same("odd words", hostile.oddWordsScript)
  same("CLIENT REPLY", pubsub.replyModeScript)
  same("transactions", transactions.transactionScript)
  same("transactions when memory is short", transactions.shortMemoryScript)
  it("watched keys that expire", async () => {
    const client = await servers.oracle.connect()
    expect(await client.text("DEBUG", "SET-ACTIVE-EXPIRE", 0)).toBe("+OK\r\n")
    servers.redix.engine.keyspace.activeExpiry = false
    for (const steps of [transactions.expiringWatchScript, transactions.sweptWatchScript])
      expect(await compareScript(servers.oracle, servers.redix, steps)).toBeGreaterThan(steps.length / 2)
    servers.redix.engine.keyspace.activeExpiry = true
    expect(await client.text("DEBUG", "SET-ACTIVE-EXPIRE", 1)).toBe("+OK\r\n")
    // Else it would be chance which of the keys that have passed are there in what follows.
    const ours = await servers.redix.connect()
    for (const each of [client, ours]) {
      expect(await each.text("FLUSHALL")).toBe("+OK\r\n")
      each.close()
    }
  })
  same("keyspace events", pubsub.eventScript)
  same("MONITOR", pubsub.monitorScript)
  same("clients seen and ended by others", connections.clientsScript)
  same("CLIENT PAUSE", connections.pauseScript)

  const sameApart = (
    name: string,
    config: Readonly<Record<string, string>>,
    steps: ReadonlyArray<ScriptStep>,
  ): void => {
    it(name, async () => {
      const theirs = await OracleServer.start({ tcp: true, config })
      const ours = await startRedix({}, config)
      try {
        expect(await compareScript(theirs, ours, steps)).toBeGreaterThan(steps.length / 2)
      } finally {
        await theirs.stop()
        await ours.stop()
      }
    })
  }

  sameApart("CLIENT PAUSE of everything", {}, connections.wholePauseScript)
  sameApart("a password", { requirepass: "secret" }, connections.passwordScript)
})
