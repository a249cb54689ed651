/** WAITAOF, as Redis 7.2 has it: what is on the disk here, and on replicas, of what a connection has written. */
import { describe, expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { GatedFiles } from "../support/GatedFiles.js"
import { until, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const withFile = (
  directives: { readonly appendonly: boolean; readonly appendfsync?: "always" | "everysec" | "no" },
  use: (server: TestRedix, disk: GatedFiles) => Promise<void>,
): Promise<void> =>
  withTempDir(async (dir) => {
    const disk = new GatedFiles()
    const server = await startRedix({}, { dir, ...directives }, [], undefined, disk.layer)
    try {
      await use(server, disk)
    } finally {
      disk.release()
      await server.stop()
    }
  })

const WITHOUT_FILE = "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n"

describe("WAITAOF", () => {
  it("refuses what makes no sense", () =>
    withFile({ appendonly: false }, async (server) => {
      const client = await server.connect()
      const refused: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
        [["1", "0"], "-ERR wrong number of arguments for 'waitaof' command\r\n"],
        [["x", "0", "0"], "-ERR value is not an integer or out of range\r\n"],
        [["2", "0", "0"], "-ERR value is out of range, value must between 0 and 1\r\n"],
        [["-1", "0", "0"], "-ERR value is out of range, value must between 0 and 1\r\n"],
        [["0", "-1", "0"], "-ERR value is out of range, must be positive\r\n"],
        [["0", "0", "x"], "-ERR timeout is not an integer or out of range\r\n"],
        [["0", "0", "-1"], "-ERR timeout is negative\r\n"],
        [["1", "0", "0"], WITHOUT_FILE],
      ]
      for (const [words, reply] of refused)
        expect([words, await client.text("WAITAOF", ...words)]).toEqual([words, reply])
      expect(await client.text("WAITAOF", "0", "0", "0")).toBe("*2\r\n:0\r\n:0\r\n")
      expect(await client.text("WAITAOF", "0", "1", "10")).toBe("*2\r\n:0\r\n:0\r\n")
      client.close()
    }))

  it("waits for the sync of what the connection has written, and for no more", () =>
    withFile({ appendonly: true, appendfsync: "everysec" }, async (server, disk) => {
      const [writer, reader] = [await server.connect(), await server.connect()]
      expect(await reader.text("WAITAOF", "1", "0", "0")).toBe("*2\r\n:1\r\n:0\r\n")
      disk.hold("sync")
      await writer.text("SET", "k", "v")
      expect(await writer.text("WAITAOF", "0", "0", "0")).toBe("*2\r\n:0\r\n:0\r\n")
      expect(await writer.text("WAITAOF", "1", "0", "10")).toBe("*2\r\n:0\r\n:0\r\n")
      expect(await reader.text("WAITAOF", "1", "0", "0")).toBe("*2\r\n:1\r\n:0\r\n")
      let reply: string | undefined
      const waiting = writer.text("WAITAOF", "1", "0", "0").then((text) => (reply = text))
      await disk.untilHeld(1)
      await reader.text("PING")
      expect(reply).toBeUndefined()
      disk.release()
      expect(await waiting).toBe("*2\r\n:1\r\n:0\r\n")
      writer.close()
      reader.close()
    }))

  it("does not wait in a transaction, is unblocked by CLIENT UNBLOCK, and by a file that is switched off", () =>
    withFile({ appendonly: true, appendfsync: "no" }, async (server) => {
      const [client, admin] = [await server.connect(), await server.connect()]
      await client.text("SET", "k", "v")
      const replies = await client.pipeline([["MULTI"], ["WAITAOF", "1", "0", "0"], ["EXEC"]])
      expect(String(replies[2])).toBe("*1\r\n*2\r\n:0\r\n:0\r\n")
      const id = (await client.text("CLIENT", "ID")).trim().slice(1)
      const blocked = async (): Promise<void> =>
        until(
          async () => (await admin.text("INFO", "clients")).includes("blocked_clients:1"),
          () => "the client waits",
        )
      const ends = [
        [["CLIENT", "UNBLOCK", id], "*2\r\n:0\r\n:0\r\n"],
        [["CLIENT", "UNBLOCK", id, "ERROR"], "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"],
        [["CONFIG", "SET", "appendonly", "no"], WITHOUT_FILE],
      ] as const
      for (const [end, reply] of ends) {
        const waiting = client.text("WAITAOF", "1", "0", "0")
        await blocked()
        await admin.text(...end)
        expect(await waiting).toBe(reply)
      }
      client.close()
      admin.close()
    }))

  it("tells of nothing that a failed sync has left in doubt", () =>
    withFile({ appendonly: true, appendfsync: "everysec" }, async (server, disk) => {
      const client = await server.connect()
      disk.fail("sync", "EIO")
      await client.text("SET", "k", "v")
      await until(
        () => server.aof.writer.failure?.operation === "fsync",
        () => "a sync fails",
      )
      expect(await client.text("WAITAOF", "0", "0", "0")).toBe("*2\r\n:0\r\n:0\r\n")
      disk.fail("sync", undefined)
      expect(await client.text("WAITAOF", "1", "0", "0")).toBe("*2\r\n:1\r\n:0\r\n")
      client.close()
    }))

  it("counts replicas that have it on their disk", () =>
    withNodes(async (start) => {
      const master = await start("redix")
      const plain = await start("redix")
      const keeper = await start("redix", { appendonly: "yes", appendfsync: "everysec" }, "apart")
      for (const replica of [plain, keeper]) {
        await replica.follow(master)
        await replica.untilUp()
      }
      const client = await master.connect()
      await client.text("SET", "k", "v")
      expect(await client.text("WAITAOF", "0", "1", "0")).toBe("*2\r\n:0\r\n:1\r\n")
      expect(await client.text("WAITAOF", "0", "2", "50")).toBe("*2\r\n:0\r\n:1\r\n")
      expect(await keeper.ask("WAITAOF", 0, 0, 0)).toMatch(
        /^-?ERR WAITAOF cannot be used with replica instances\. /,
      )
      await keeper.kill()
      await keeper.launch()
      expect(await keeper.ask("GET", "k")).toBe("v")
      client.close()
    }))
})

describeOracle("a master that knows nothing of it", () => {
  it("takes the replica's word all the same", () =>
    withNodes(async (start) => {
      const master = await start("redis")
      const replica = await start("redix", { appendonly: "yes", appendfsync: "always" })
      await replica.follow(master)
      await replica.untilUp()
      for (let n = 0; n < 3; n++) {
        await master.ask("SET", "k", n)
        expect(await master.ask("WAIT", 1, 0)).toBe("1")
      }
      await until(
        async () =>
          /state=online,offset=\d+,lag=[01]/.test((await master.info("replication"))["slave0"] ?? ""),
        () => "the master hears of the replica",
      )
      expect(master.log).not.toMatch(/FACK|Unrecognized|Protocol error/)
    }))
})
