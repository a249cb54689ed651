/** Roles and what follows from them: promotion, chains, restarts, WAIT, the gates of replicas, FAILOVER. */
import { expect, it } from "vitest"
import { MixedWrites, writeUntil } from "../support/MixedWrites.js"
import { type Node, type NodeKind, until, untilEqual, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { Proxy } from "../support/Proxy.js"
import { encodeCommand } from "../support/RawClient.js"
import { Random } from "../support/Random.js"

const chains: ReadonlyArray<readonly [NodeKind, NodeKind, NodeKind]> = [
  ["redix", "redix", "redix"],
  ["redis", "redix", "redis"],
  ["redix", "redis", "redix"],
  ["redix", "redix", "redis"],
]

/** Attaches a replica that acknowledges when it is asked; a real one does so every second besides. */
const attachAsked = async (master: Node): Promise<void> => {
  const replica = await master.connect()
  const nextLine = async (): Promise<string> => {
    for (;;) {
      const line = String(await replica.readLine())
      if (line !== "\n") return line
    }
  }
  const acknowledge = (offset: number): void => replica.sendRaw(encodeCommand(["REPLCONF", "ACK", offset]))
  replica.sendRaw(encodeCommand(["PSYNC", "?", "-1"]))
  let offset = Number((await nextLine()).split(" ")[2])
  await replica.readBytes(Number((await nextLine()).slice(1)))
  acknowledge(offset)
  const follow = async (): Promise<void> => {
    for (;;) {
      const command = await replica.readReply()
      if (command.includes("GETACK")) acknowledge(offset)
      offset += command.length
    }
  }
  // Until the master ends.
  void follow().catch(() => replica.close())
  await until(
    async () => ((await master.info("replication"))["slave0"] ?? "").includes("state=online"),
    () => "the replica is online",
  )
}

describeOracle.concurrent("replication roles", () => {
  for (const kinds of chains) {
    it(`chain ${kinds.join(" > ")}: cut in the middle, head replaced by promotion, no second full sync`, async () => {
      await withNodes(async (start) => {
        const [top, middle, last] = [await start(kinds[0]), await start(kinds[1]), await start(kinds[2])]
        await top.ask("SET", "first", 1)
        await middle.follow(top)
        await middle.untilUp()
        const proxy = await Proxy.start(middle)
        await last.follow(proxy)
        await last.untilUp()
        let stop = false
        const load = writeUntil(
          await top.connect(),
          new MixedWrites(Random.forTest(kinds.join())),
          () => stop,
        )
        for (let i = 0; i < 3; i++) {
          proxy.cut()
          await last.untilUp()
        }
        stop = true
        await load
        // A key that expires at the old head once it is cut off would be a write that nobody else has.
        await top.ask("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        await untilEqual(top, [middle, last])
        // The middle becomes the master; the old one follows it. Nobody copies the data anew.
        expect(await middle.ask("REPLICAOF", "NO", "ONE")).toBe("OK")
        await top.follow(middle)
        await top.untilUp()
        await last.untilUp()
        await top.ask("DEBUG", "SET-ACTIVE-EXPIRE", "1")
        const more = new MixedWrites(Random.forTest(`${kinds.join()} more`))
        await (await middle.connect()).pipeline(more.batch(300))
        await untilEqual(middle, [top, last])
        expect(await top.field("sync_full")).toBe("1")
        expect(await middle.field("sync_full")).toBe("1")
        expect((await middle.info())["master_replid2"]).not.toBe("0".repeat(40))
        await proxy.stop()
      })
    })
  }

  it("a master started again with its file is continued, not copied; so is a replica", async () => {
    await withNodes(async (start) => {
      const master = await start("redix", { save: "3600 1" })
      const replica = await start("redix", { save: "3600 1" })
      const other = await start("redis")
      for (const node of [replica, other]) {
        await node.follow(master)
        await node.untilUp()
      }
      await (await master.connect()).pipeline(new MixedWrites(Random.forTest("restart")).batch(400))
      await untilEqual(master, [replica, other])
      await master.end()
      await master.launch()
      for (const node of [replica, other]) await node.untilUp()
      await master.ask("SET", "after", "restart")
      await untilEqual(master, [replica, other])
      expect(await master.field("sync_full")).toBe("0")
      await replica.end()
      replica.config["replicaof"] = `127.0.0.1 ${master.port}`
      await master.ask("SELECT", 2)
      await master.ask("SET", "while", "away")
      await replica.launch()
      await replica.untilUp()
      await untilEqual(master, [replica, other])
      expect(await master.field("sync_full")).toBe("0")
    })
  })

  it("a master killed and started again with an old file does not continue what is no longer shared", async () => {
    await withNodes(async (start) => {
      const master = await start("redix", { save: "3600 1" }, "apart")
      const replica = await start("redix")
      await replica.follow(master)
      await replica.untilUp()
      await master.ask("SET", "saved", 1)
      await master.ask("SAVE")
      await master.ask("SET", "lost", 1)
      await until(
        async () => (await replica.ask("GET", "lost")) === "1",
        () => "the replica has the write",
      )
      await master.kill()
      await master.launch()
      await master.ask("SET", "instead", "of it, and somewhat longer")
      await replica.untilUp()
      await untilEqual(master, [replica])
      expect(await replica.ask("GET", "lost")).toBe("(nil)")
    })
  })

  for (const replicaKind of ["redix", "redis"] as const) {
    it(`WAIT and min-replicas with a ${replicaKind} replica behind a stalling link`, async () => {
      await withNodes(async (start) => {
        const master = await start("redix")
        const replica = await start(replicaKind)
        const proxy = await Proxy.start(master)
        await replica.follow(proxy)
        await replica.untilUp()
        await master.ask("SET", "a", 1)
        expect(await master.ask("WAIT", 1, 0)).toBe("1")
        expect(await master.ask("WAIT", 0, 0)).toBe("1")
        // What this WAIT waits for is after the question of the first, which the replica has still to acknowledge.
        await until(
          async () => (await master.ask("WAIT", 2, 50)) === "1",
          () => "one of two has it",
        )
        proxy.stall()
        await master.ask("SET", "a", 2)
        expect(await master.ask("WAIT", 1, 50)).toBe("0")
        const client = await master.connect()
        client.sendRaw("SET a 3\r\nWAIT 1 0\r\n")
        await client.readReply()
        proxy.go()
        expect(String(await client.readReply())).toBe(":1\r\n")
        expect(await replica.ask("GET", "a")).toBe("3")
        await master.ask("CONFIG", "SET", "min-replicas-to-write", 1, "min-replicas-max-lag", 1)
        expect(await master.ask("SET", "a", 4)).toBe("OK")
        proxy.stall()
        const refusal = "-NOREPLICAS Not enough good replicas to write."
        await until(
          async () => (await master.ask("SET", "a", 5)) === refusal,
          () => "writes are refused",
        )
        expect((await master.info())["min_slaves_good_slaves"]).toBe("0")
        proxy.go()
        await until(
          async () => (await master.ask("SET", "a", 6)) === "OK",
          () => "writes go on",
        )
        await proxy.stop()
      })
    })
  }

  it("asks for acknowledgements along with the writes of a client that waits for them, once each", async () => {
    await withNodes(async (start) => {
      const master = await start("redix", { "repl-ping-replica-period": "3600" })
      await attachAsked(master)
      const offset = async (): Promise<number> => Number(await master.field("master_repl_offset"))
      const client = await master.connect()
      const write = async (): Promise<void> =>
        expect(String(await client.command("SET", "k", "v"))).toBe("+OK\r\n")
      const wait = async (): Promise<void> =>
        expect(String(await client.command("WAIT", 1, 0))).toBe(":1\r\n")
      await write()
      const start1 = await offset()
      const [set, getAck] = [27, 37]
      await wait()
      expect(await offset()).toBe(start1 + getAck)
      // Asked with the write, not again by WAIT.
      await write()
      expect(await offset()).toBe(start1 + set + 2 * getAck)
      await wait()
      await write()
      await wait()
      expect(await offset()).toBe(start1 + 2 * set + 3 * getAck)
      // A client that waits no more is asked for once more at most.
      for (let i = 0; i < 10; i++) await write()
      expect(await offset()).toBe(start1 + 12 * set + 4 * getAck)
      await wait()
    })
  })

  it("a replica refuses writes, and what it may not serve while its master is away; expired keys hide", async () => {
    await withNodes(async (start) => {
      const master = await start("redis")
      const replica = await start("redix")
      const proxy = await Proxy.start(master)
      await replica.follow(proxy)
      await replica.untilUp()
      expect(await replica.ask("SET", "a", 1)).toBe("-READONLY You can't write against a read only replica.")
      expect(await replica.ask("WAIT", 1, 1)).toMatch(/^-ERR WAIT cannot be used with replica instances/)
      await master.ask("DEBUG", "SET-ACTIVE-EXPIRE", 0)
      await master.ask("SET", "short", 1, "PX", 30)
      await master.ask("WAIT", 1, 0)
      await until(
        async () => (await replica.ask("GET", "short")) === "(nil)",
        () => "it hides",
      )
      expect(await replica.ask("DBSIZE")).toBe("1")
      expect(await replica.ask("EXISTS", "short")).toBe("0")
      await master.ask("GET", "short")
      await master.ask("WAIT", 1, 0)
      expect(await replica.ask("DBSIZE")).toBe("0")
      await replica.ask("CONFIG", "SET", "replica-serve-stale-data", "no")
      proxy.spoil.refuse = true
      proxy.cut()
      const down = "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
      await until(
        async () => (await replica.ask("GET", "a")) === down,
        () => "reads are refused",
      )
      expect(await replica.ask("ROLE")).toContain("slave")
      expect(Number((await replica.info())["master_link_down_since_seconds"])).toBeGreaterThanOrEqual(0)
      proxy.spoil.refuse = false
      await replica.untilUp()
      expect(await replica.ask("GET", "a")).toBe("(nil)")
      await replica.ask("CONFIG", "SET", "replica-read-only", "no")
      expect(await replica.ask("SET", "own", 1)).toBe("OK")
      await proxy.stop()
    })
  })

  it("clients that wait are told when their server becomes a replica", async () => {
    await withNodes(async (start) => {
      const node = await start("redix")
      const told =
        "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n"
      for (const command of ["BLPOP k 0\r\n", "WAIT 1 0\r\n"]) {
        const client = await node.connect()
        client.sendRaw(`CLIENT ID\r\n${command}`)
        await client.readReply()
        await until(
          async () => (await node.ask("CLIENT", "LIST")).includes("flags=b"),
          () => "it waits",
        )
        await node.ask("REPLICAOF", "127.0.0.1", 1)
        expect(String(await client.readReply())).toBe(told)
        await client.waitForClose()
        await node.ask("REPLICAOF", "NO", "ONE")
      }
    })
  })

  for (const replicaKind of ["redix", "redis"] as const) {
    it(`a ${replicaKind} replica that missed much gets it from the backlog, behind +CONTINUE`, async () => {
      await withNodes(async (start) => {
        const master = await start("redix")
        const replica = await start(replicaKind)
        const proxy = await Proxy.start(master)
        await replica.follow(proxy)
        await replica.untilUp()
        for (let round = 0; round < 3; round++) {
          proxy.spoil.refuse = true
          proxy.cut()
          for (let i = 0; i < 30; i++) await master.ask("SET", `k${i}`, `${round}`.repeat(20_000))
          proxy.spoil.refuse = false
          await replica.untilUp()
          await untilEqual(master, [replica])
        }
        expect(await master.field("sync_full")).toBe("1")
        expect(await master.field("sync_partial_ok")).toBe("3")
        await proxy.stop()
      })
    })
  }

  it("AUTH to the master, by password and by user; a wrong one keeps the link down", async () => {
    await withNodes(async (start) => {
      const master = await start("redis", { requirepass: "secret" })
      const replica = await start("redix", { masterauth: "wrong" })
      await master.ask("AUTH", "secret")
      await master.ask("SET", "a", 1)
      await replica.follow(master)
      await until(
        () => replica.log.includes("Unable to AUTH to MASTER: -WRONGPASS"),
        () => "it is refused",
      )
      await replica.ask("CONFIG", "SET", "masterauth", "secret", "masteruser", "default")
      await replica.untilUp()
      await untilEqual(master, [replica])
    })
  })

  for (const kinds of [
    ["redix", "redix"],
    ["redix", "redis"],
    ["redis", "redix"],
  ] as const) {
    it(`FAILOVER ${kinds.join(" > ")} under load: every acknowledged write is there`, async () => {
      await withNodes(async (start) => {
        const master = await start(kinds[0])
        const replica = await start(kinds[1])
        await replica.follow(master)
        await replica.untilUp()
        const client = await master.connect()
        let acknowledged = 0
        let stop = false
        const load = (async () => {
          while (!stop) {
            const reply = String(await client.command("INCR", "n"))
            if (!reply.startsWith(":")) return reply
            acknowledged = Number(reply.slice(1))
          }
          return ""
        })()
        await until(
          () => acknowledged > 100,
          () => "there is load",
        )
        expect(await master.ask("FAILOVER", "TO", "127.0.0.1", replica.port, "TIMEOUT", 5000)).toBe("OK")
        await until(
          async () => (await master.info("replication"))["role"] === "slave",
          () => "roles change",
        )
        await until(
          async () => (await replica.info("replication"))["role"] === "master",
          () => "roles change",
        )
        await master.untilUp()
        stop = true
        expect(await load).toMatch(/^(-READONLY.*|-UNBLOCKED.*)?\s*$/)
        await untilEqual(replica, [master])
        expect(Number(await replica.ask("GET", "n"))).toBe(acknowledged)
        expect((await master.info())["master_failover_state"]).toBe("no-failover")
        expect(await replica.field("sync_full")).toBe("0")
      })
    })
  }
})
