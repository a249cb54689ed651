/** Replies wait for the disk, and for nothing else: seen on a disk whose writes and syncs the test holds. */
import { describe, expect, it } from "vitest"
import { until } from "../support/Nodes.js"
import type { RawClient } from "../support/RawClient.js"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { type OnDisk, startOnDisk } from "./AofSupport.js"

interface Stage extends Pick<OnDisk, "server" | "disk"> {
  readonly writer: RawClient
  readonly reader: RawClient
}

const staged = (appendfsync: "always" | "everysec", use: (stage: Stage) => Promise<void>): Promise<void> =>
  withTempDir(async (dir) => {
    const { server, disk } = await startOnDisk(dir, appendfsync)
    const [writer, reader] = [await server.connect(), await server.connect()]
    try {
      await use({ server, disk, writer, reader })
    } finally {
      disk.release()
      writer.close()
      reader.close()
      await server.stop()
    }
  })

/** Sends a command whose reply is not to come yet. */
const begin = (client: RawClient, ...words: ReadonlyArray<string>) => {
  const reply = { text: undefined as string | undefined, come: Promise.resolve("") }
  reply.come = client.text(...words).then((text) => (reply.text = text))
  return reply
}

describe("always", () => {
  it("holds a write's reply until the sync, and lets reads of other keys pass", () =>
    staged("always", async ({ disk, writer, reader }) => {
      await writer.text("SET", "other", "1")
      disk.hold("sync")
      const set = begin(writer, "SET", "k", "v")
      await disk.untilHeld(1)
      expect(await reader.text("GET", "other")).toBe("$1\r\n1\r\n")
      expect(await reader.text("PING")).toBe("+PONG\r\n")
      expect(set.text).toBeUndefined()
      disk.release()
      expect(await set.come).toBe("+OK\r\n")
    }))

  it("holds a read that saw what is not synced, by any kind of read", () =>
    staged("always", async ({ server, disk, writer }) => {
      for (const read of [
        ["GET", "k"],
        ["EXISTS", "other", "k"],
        ["DBSIZE"],
        ["KEYS", "*"],
        ["EVAL", "return redis.call('GET', 'k')", "0"],
      ]) {
        disk.hold("sync")
        const set = begin(writer, "SET", "k", `v${read[0]}`)
        await disk.untilHeld(1)
        const other = await server.connect()
        const reader = await server.connect()
        const seen = begin(reader, ...read)
        // Its turn has come and gone once another connection, read after it, is answered.
        await other.text("PING")
        await other.text("PING")
        expect([read[0], seen.text]).toEqual([read[0], undefined])
        disk.release()
        expect(await set.come).toBe("+OK\r\n")
        expect(await seen.come).not.toContain("ERR")
        other.close()
        reader.close()
      }
    }))

  it("holds reads of keys that a transaction, a script or a command without keys has written", () =>
    staged("always", async ({ server, disk, writer, reader }) => {
      for (const write of [
        [["MULTI"], ["SET", "k", "1"], ["EXEC"]],
        [["EVAL", "redis.call('SET', 'k', '2')", "0"]],
        [["FLUSHALL"]],
      ]) {
        await reader.text("SET", "untouched", "1")
        disk.hold("sync")
        const replies = write.map((words) => begin(writer, ...words))
        await disk.untilHeld(1)
        const got = begin(reader, "GET", "k")
        const flow = await server.connect()
        const flushed = write[0]?.[0] === "FLUSHALL"
        if (!flushed) expect(await flow.text("GET", "untouched")).toBe("$1\r\n1\r\n")
        await flow.text("PING")
        expect(got.text).toBeUndefined()
        expect(replies.at(-1)?.text).toBeUndefined()
        disk.release()
        await Promise.all([got.come, ...replies.map(({ come }) => come)])
        flow.close()
      }
    }))

  it("holds what a client is served that waited for the write of another", () =>
    staged("always", async ({ server, disk, writer, reader }) => {
      const popped = begin(reader, "BLPOP", "list", "0")
      const { blocking } = server.engine
      while (blocking.count === 0) await writer.text("PING")
      disk.hold("sync")
      const pushed = begin(writer, "RPUSH", "list", "e")
      await disk.untilHeld(1)
      const other = await server.connect()
      await other.text("PING")
      await other.text("PING")
      expect([popped.text, pushed.text]).toEqual([undefined, undefined])
      disk.release()
      expect(await popped.come).toBe("*2\r\n$4\r\nlist\r\n$1\r\ne\r\n")
      expect(await pushed.come).toBe(":1\r\n")
      other.close()
    }))

  it("keeps the order of a pipeline, and its end", () =>
    staged("always", async ({ disk, server }) => {
      const client = await server.connect()
      disk.hold("sync")
      const replies = client.pipeline([["PING"], ["SET", "k", "v"], ["GET", "k"], ["QUIT"]])
      await disk.untilHeld(1)
      disk.release()
      expect((await replies).map(String)).toEqual(["+PONG\r\n", "+OK\r\n", "$1\r\nv\r\n", "+OK\r\n"])
    }))

  it("syncs once for the writes that came during a sync", () =>
    staged("always", async ({ disk, server, writer }) => {
      disk.hold("sync")
      const first = begin(writer, "SET", "first", "1")
      await disk.untilHeld(1)
      const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
      const others = clients.map((client, i) => begin(client, "SET", `k${i}`, "v"))
      await until(
        () => server.engine.keyspace.database(0).size === 21,
        () => "all writes have run",
      )
      const before = disk.done.sync
      disk.release()
      await Promise.all([first.come, ...others.map(({ come }) => come)])
      expect(disk.done.sync - before).toBe(2)
      for (const client of clients) client.close()
    }))
})

describe("everysec", () => {
  it("holds a write's reply until the kernel has the bytes, not until the sync, and no read", () =>
    staged("everysec", async ({ disk, writer, reader }) => {
      disk.hold("write", "sync")
      const set = begin(writer, "SET", "k", "v")
      await disk.untilHeld(1)
      expect(await reader.text("GET", "k")).toBe("$1\r\nv\r\n")
      expect(set.text).toBeUndefined()
      disk.releaseOne()
      expect(await set.come).toBe("+OK\r\n")
    }))
})
