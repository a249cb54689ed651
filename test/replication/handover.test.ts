/** FAILOVER with its options where a replica lags, and SHUTDOWN's wait for it. */
import * as fs from "node:fs"
import * as path from "node:path"
import { expect, it } from "vitest"
import { type Node, type NodeKind, until, untilEqual, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { Proxy } from "../support/Proxy.js"

const kinds: ReadonlyArray<NodeKind> = ["redix", "redis"]
const pairs: ReadonlyArray<readonly [NodeKind, NodeKind]> = [
  ["redix", "redix"],
  ["redix", "redis"],
  ["redis", "redix"],
]

const untilRole = (node: Node, role: string): Promise<void> =>
  until(
    async () => (await node.field("role")) === role,
    () => `${node.name} is ${role}\n${node.log.slice(-1500)}`,
  )

const untilState = (node: Node, state: string): Promise<void> =>
  until(
    async () => (await node.field("master_failover_state")) === state,
    () => `${node.name}: ${state}\n${node.log.slice(-1500)}`,
  )

/** A master whose replica lags behind a stalled link by one write. */
const lagging = async (master: Node, replica: Node): Promise<Proxy> => {
  const proxy = await Proxy.start(master)
  await replica.follow(proxy)
  await replica.untilUp()
  await master.ask("SET", "a", 1)
  // Another replica may have answered as well.
  expect(Number(await master.ask("WAIT", 1, 60_000))).toBeGreaterThan(0)
  proxy.stall()
  await master.ask("SET", "a", 2)
  return proxy
}

describeOracle.concurrent("FAILOVER", () => {
  for (const kind of kinds) {
    it(`${kind}: refusals, TIMEOUT and ABORT with a replica that lags; writes wait, then go on`, async () => {
      await withNodes(async (start) => {
        const master = await start(kind)
        const replica = await start("redix")
        const proxy = await lagging(master, replica)
        const to = ["TO", "127.0.0.1", replica.port] as const
        const needs = "-ERR FAILOVER with force option requires both a timeout and target HOST and IP."
        expect(await master.ask("FAILOVER", ...to, "FORCE")).toBe(needs)
        expect(await master.ask("FAILOVER", "FORCE", "TIMEOUT", 100)).toBe(needs)
        expect(await master.ask("FAILOVER", "TO", "127.0.0.1", 1)).toBe(
          "-ERR FAILOVER target HOST and PORT is not a replica.",
        )
        expect(await replica.ask("FAILOVER")).toBe("-ERR FAILOVER is not valid when server is a replica.")
        const writer = await master.connect()
        const client = await master.connect()
        for (const [end, logged] of [
          ["ABORT", "manually aborted"],
          ["TIMEOUT", "Replica never caught up before timeout"],
        ] as const) {
          // In one chunk, so that no time passes between them.
          const replies = await client.pipeline([
            ["FAILOVER", ...(end === "TIMEOUT" ? [end, 300] : to)],
            ["INFO", "replication"],
            ["FAILOVER"],
            ["REPLICAOF", "127.0.0.1", 1],
          ])
          const [begun, info, again, turned] = replies.map(String)
          expect(begun).toBe("+OK\r\n")
          expect(info).toContain("master_failover_state:waiting-for-sync")
          expect(again).toBe("-ERR FAILOVER already in progress.\r\n")
          expect(turned).toBe("-ERR REPLICAOF not allowed while failing over.\r\n")
          writer.sendRaw(`SET b ${end}\r\n`)
          if (end === "ABORT") {
            expect(await master.ask("GET", "b")).toBe("(nil)")
            expect(await master.ask("FAILOVER", "ABORT")).toBe("OK")
          }
          await untilState(master, "no-failover")
          expect(String(await writer.readReply())).toBe("+OK\r\n")
          expect(await master.ask("GET", "b")).toBe(end)
          await master.says(logged)
        }
        expect(await master.ask("FAILOVER", "ABORT")).toBe("-ERR No failover in progress.")
        expect(await master.field("role")).toBe("master")
        proxy.go()
        await untilEqual(master, [replica])
        expect(await master.field("sync_full")).toBe("1")
        await proxy.stop()
      })
    })
  }

  for (const [masterKind, replicaKind] of pairs) {
    it(`${masterKind} > ${replicaKind}: FORCE hands over to a replica that lags`, async () => {
      await withNodes(async (start) => {
        const master = await start(masterKind)
        const replica = await start(replicaKind)
        const proxy = await lagging(master, replica)
        const to = ["TO", "127.0.0.1", replica.port] as const
        expect(await master.ask("FAILOVER", ...to, "FORCE", "TIMEOUT", 200)).toBe("OK")
        await untilRole(replica, "master")
        await untilRole(master, "slave")
        await master.untilUp()
        await untilEqual(replica, [master])
        expect(await master.ask("GET", "a")).toBe("1")
        expect(await master.field("master_failover_state")).toBe("no-failover")
        await proxy.stop()
      })
    })

    it(`${masterKind} > ${replicaKind}: without TO the replica that has everything takes over`, async () => {
      await withNodes(async (start) => {
        const master = await start(masterKind)
        const [late, ready] = [await start(replicaKind), await start(replicaKind)]
        await ready.follow(master)
        await ready.untilUp()
        const proxy = await lagging(master, late)
        expect(await master.ask("FAILOVER")).toBe("OK")
        await untilRole(ready, "master")
        await untilRole(master, "slave")
        await master.untilUp()
        expect(await ready.ask("GET", "a")).toBe("2")
        expect(await late.field("role")).toBe("slave")
        expect(await ready.field("sync_full")).toBe("0")
        proxy.go()
        await late.untilUp()
        await untilEqual(ready, [master, late])
        await proxy.stop()
      })
    })
  }

  for (const kind of kinds) {
    it(`${kind}: ABORT while the target does not answer makes it a master again`, async () => {
      await withNodes(async (start) => {
        const master = await start(kind)
        const replica = await start("redix", {}, "apart")
        await replica.follow(master)
        await replica.untilUp()
        await master.ask("SET", "a", 1)
        await master.ask("WAIT", 1, 60_000)
        await until(
          async () =>
            (await master.field("slave0")).includes(`offset=${await master.field("master_repl_offset")},`),
          () => "it has acknowledged all",
        )
        replica.pause()
        expect(await master.ask("FAILOVER", "TO", "127.0.0.1", replica.port, "FORCE", "TIMEOUT", 100)).toBe(
          "OK",
        )
        await untilState(master, "failover-in-progress")
        expect(await master.ask("FAILOVER", "ABORT")).toBe("OK")
        await untilRole(master, "master")
        expect(await master.ask("SET", "a", 2)).toBe("OK")
        replica.resume()
        await replica.untilUp()
        await untilEqual(master, [replica])
      })
    })
  }
})

describeOracle.concurrent("SHUTDOWN with a replica that lags", () => {
  for (const kind of kinds) {
    it(`${kind}: waits with writes held; ABORT lets them go; it ends when the replica has everything`, async () => {
      await withNodes(async (start) => {
        const master = await start(kind, { "shutdown-timeout": "60" })
        const replica = await start("redix")
        const proxy = await lagging(master, replica)
        const [ending, writer] = [await master.connect(), await master.connect()]
        ending.sendRaw("SHUTDOWN NOSAVE\r\n")
        await until(
          () => master.log.includes("before shutting down"),
          () => `it waits\n${master.log}`,
        )
        writer.sendRaw("SET b 1\r\n")
        expect(await master.ask("GET", "b")).toBe("(nil)")
        expect(await master.ask("SHUTDOWN", "ABORT")).toBe("OK")
        expect(String(await ending.readReply())).toBe("-ERR Errors trying to SHUTDOWN. Check logs.\r\n")
        expect(String(await writer.readReply())).toBe("+OK\r\n")
        expect(await master.ask("SHUTDOWN", "ABORT")).toBe("-ERR No shutdown in progress.")
        ending.sendRaw("SHUTDOWN NOSAVE\r\n")
        expect(await master.ask("GET", "b")).toBe("1")
        proxy.go()
        await until(
          () => !master.alive,
          () => `it ends\n${master.log}`,
        )
        expect(await replica.ask("GET", "b")).toBe("1")
        await proxy.stop()
      })
    })

    it(`${kind}: a last save that fails after the wait: it goes on, writes too`, async () => {
      await withNodes(async (start) => {
        const master = await start(kind, { "shutdown-timeout": "1" })
        const proxy = await lagging(master, await start("redix"))
        fs.mkdirSync(path.join(master.dir, "dump.rdb", "in the way"), { recursive: true })
        const [first, second, writer] = [
          await master.connect(),
          await master.connect(),
          await master.connect(),
        ]
        // On a slow machine anything may take 10 ms; the wait takes a second.
        await master.ask("CONFIG", "SET", "slowlog-log-slower-than", 900_000)
        await master.ask("SLOWLOG", "RESET")
        await master.ask("CONFIG", "RESETSTAT")
        first.sendRaw("SHUTDOWN SAVE\r\n")
        await until(
          () => master.log.includes("before shutting down"),
          () => `it waits\n${master.log}`,
        )
        second.sendRaw("SHUTDOWN\r\n")
        writer.sendRaw("SET b 1\r\n")
        for (const ending of [first, second])
          expect(String(await ending.readReply())).toBe("-ERR Errors trying to SHUTDOWN. Check logs.\r\n")
        expect(String(await writer.readReply())).toBe("+OK\r\n")
        // The wait is no time of the command's, and its failure is an error of the server.
        const stats = await master.ask("INFO", "commandstats", "errorstats")
        expect(/cmdstat_shutdown:(calls=\d+).*(failed_calls=\d+)/.exec(stats)?.slice(1)).toEqual([
          "calls=2",
          "failed_calls=0",
        ])
        expect(/errorstat_ERR:count=(\d+)/.exec(stats)?.[1]).toBe("2")
        expect(await master.ask("SLOWLOG", "GET")).toBe("*0")
        proxy.go()
        await proxy.stop()
      })
    })

    for (const [words, timeout, atLeast] of [
      ["NOSAVE", "1", 900],
      ["NOSAVE NOW", "3600", 0],
    ] as const) {
      it(`${kind}: SHUTDOWN ${words} ends within shutdown-timeout, or at once`, async () => {
        await withNodes(async (start) => {
          const master = await start(kind, { "shutdown-timeout": timeout })
          const proxy = await lagging(master, await start("redix"))
          const ending = await master.connect()
          const from = performance.now()
          ending.sendRaw(`SHUTDOWN ${words}\r\n`)
          await until(
            () => !master.alive,
            () => `it ends\n${master.log}`,
          )
          expect(performance.now() - from).toBeGreaterThanOrEqual(atLeast)
          await master.says("Lagging replica")
          await master.says("0 of 1 replicas are in sync when shutting down")
          await proxy.stop()
        })
      })
    }
  }
})
