/** Where the disk does not keep up writes wait with 64 MB that are not written, until half of them are, or need not be. */
import { expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import type { GatedFiles } from "../support/GatedFiles.js"
import { until } from "../support/Nodes.js"
import { encodeCommand, type RawClient } from "../support/RawClient.js"
import type { TestRedix } from "../support/Redix.js"
import { startOnDisk } from "./AofSupport.js"

const VALUE = "x".repeat(1024 * 1024)
const MOST = 64 * 1024 * 1024

/** A client writes while the disk takes nothing, until it is held back. */
const whileHeldBack = (
  use: (
    server: TestRedix,
    disk: GatedFiles,
    writer: RawClient,
    other: RawClient,
    sent: number,
  ) => Promise<void>,
): Promise<void> =>
  withTempDir(async (dir) => {
    const { server, disk } = await startOnDisk(dir, "everysec")
    const [writer, other] = [await server.connect(), await server.connect()]
    await other.text("SET", "before", "1")
    disk.hold("write")
    let sent = 0
    while (server.engine.pause.waitingCount === 0) {
      writer.sendRaw(encodeCommand(["SET", `k${sent++}`, VALUE]))
      await other.text("PING")
    }
    expect(server.aof.writer.pendingBytes).toBeGreaterThan(MOST)
    try {
      await use(server, disk, writer, other, sent)
    } finally {
      disk.fail("write", undefined)
      disk.release()
      for (const client of [writer, other]) client.close()
      await server.stop()
    }
  })

it("until the disk takes them", () =>
  whileHeldBack(async (server, disk, writer, other, sent) => {
    expect(await other.text("GET", "before")).toBe("$1\r\n1\r\n")
    const late = other.text("SET", "late", "1")
    await until(
      () => server.engine.pause.waitingCount === 2,
      () => "the other's write waits, too",
    )
    disk.release()
    for (let n = 0; n < sent; n++) expect(String(await writer.readReply())).toBe("+OK\r\n")
    expect(await late).toBe("+OK\r\n")
  }))

it("until the file is switched off", () =>
  whileHeldBack(async (server, disk, _writer, other) => {
    disk.fail("write", "ENOSPC")
    disk.release()
    await until(
      () => server.aof.writer.failure !== undefined,
      () => "the disk is full",
    )
    await other.text("CONFIG", "SET", "appendonly", "no")
    await until(
      async () => (await other.text("SET", "after", "1")) === "+OK\r\n",
      () => "writes are taken",
    )
  }))

it("until a new base takes the file's place", () =>
  whileHeldBack(async (server, disk, writer, other, sent) => {
    disk.fail("write", "EIO")
    disk.fail("truncate", "EIO")
    disk.shorten(5)
    disk.release()
    await until(
      () => server.aof.status.phase !== "on",
      () => "the file is distrusted",
    )
    disk.fail("write", undefined)
    disk.fail("truncate", undefined)
    for (let n = 0; n < sent; n++) expect(String(await writer.readReply())).toMatch(/^(?:\+OK|-MISCONF)/)
    await until(
      async () => (await other.text("SET", "after", "1")) === "+OK\r\n",
      () => "writes are taken",
    )
  }))
