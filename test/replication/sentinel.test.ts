/** redis-sentinel watches one Redix master and two Redix replicas; the master is killed; ioredis goes on. */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { Redis } from "ioredis"
import { expect, it } from "vitest"
import { type Node, plain, until, untilEqual, withNodes } from "../support/Nodes.js"
import { describeOracle, freePort } from "../support/Oracle.js"
import { PATIENCE_MS } from "../support/Patience.js"
import { RawClient } from "../support/RawClient.js"
import { supervised } from "../support/children/Supervised.js"

interface Sentinel {
  readonly port: number
  readonly ask: (...words: ReadonlyArray<string>) => Promise<string>
  readonly stop: () => Promise<void>
}

const startSentinel = async (master: Node): Promise<Sentinel> => {
  const port = await freePort()
  const config = path.join(master.dir, "sentinel.conf")
  fs.writeFileSync(
    config,
    [
      `port ${port}`,
      "bind 127.0.0.1",
      `dir ${master.dir}`,
      `sentinel monitor shop 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds shop ${PATIENCE_MS}`,
      "sentinel failover-timeout shop 5000",
      "",
    ].join("\n"),
  )
  const child = supervised(
    spawn(process.env["REDIX_ORACLE"] ?? "redis-server", [config, "--sentinel"], {
      stdio: "ignore",
    }),
  )
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  const ask = async (...words: ReadonlyArray<string>): Promise<string> => {
    const client = await RawClient.connect({ port })
    try {
      return plain(await client.command(...words))
    } finally {
      client.close()
    }
  }
  await until(
    async () => (await ask("PING").catch(() => "")) === "PONG",
    () => "the sentinel is ready",
  )
  return {
    port,
    ask,
    stop: () => {
      child.kill("SIGKILL")
      return ended
    },
  }
}

describeOracle("redis-sentinel", () => {
  it("discovers Redix replicas, promotes one when the master is killed, and ioredis goes on", async () => {
    await withNodes(async (start) => {
      const [master, one, two] = [await start("redix"), await start("redix"), await start("redix")]
      for (const replica of [one, two]) {
        await replica.follow(master)
        await replica.untilUp()
      }
      const sentinel = await startSentinel(master)
      const client = new Redis({
        sentinels: [{ host: "127.0.0.1", port: sentinel.port }],
        name: "shop",
        maxRetriesPerRequest: null,
      })
      client.on("error", () => undefined)
      try {
        await until(
          async () => {
            const text = await sentinel.ask("SENTINEL", "REPLICAS", "shop")
            return text.includes(`:${one.port}`) && text.includes(`:${two.port}`)
          },
          () => "the sentinel knows both replicas",
        )
        expect(await client.set("before", "1")).toBe("OK")
        expect(await client.wait(2, PATIENCE_MS)).toBe(2)
        await until(
          async () =>
            (await sentinel.ask("SENTINEL", "REPLICAS", "shop")).split("master-link-status\r\n$2\r\nok")
              .length === 3,
          () => "both links are seen to be up",
        )
        await master.kill()
        // Only what is dead may be taken for dead, however slow the machine is: patience is short for this moment alone.
        await sentinel.ask("SENTINEL", "SET", "shop", "down-after-milliseconds", "1000")
        await until(
          async () =>
            !(await sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "shop")).includes(`${master.port}`),
          () => "the sentinel knows a new master",
          100_000,
        )
        await sentinel.ask("SENTINEL", "SET", "shop", "down-after-milliseconds", String(PATIENCE_MS))
        // Waits inside of ioredis until there is a master again.
        expect(await client.set("after", "2")).toBe("OK")
        expect(await client.get("before")).toBe("1")
        const [promoted, other] =
          (await one.info("replication"))["role"] === "master" ? [one, two] : [two, one]
        expect((await promoted.info("replication"))["role"]).toBe("master")
        await until(
          async () => (await other.info("replication"))["master_port"] === String(promoted.port),
          () => "the other replica follows the new master",
        )
        await other.untilUp()
        expect(await client.set("more", "3")).toBe("OK")
        await untilEqual(promoted, [other])
        expect(await promoted.field("sync_full")).toBe("0")
        // The old master comes back and is made a replica.
        await master.launch()
        await until(
          async () => (await master.info("replication"))["master_port"] === String(promoted.port),
          () => "the old master is made a replica",
          100_000,
        )
        await master.untilUp()
        expect(await master.ask("GET", "after")).toBe("2")
      } finally {
        client.disconnect()
        await sentinel.stop()
      }
    })
  })
})
