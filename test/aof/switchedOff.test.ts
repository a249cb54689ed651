/** A file that is switched off while its disk fails can be switched on again when the disk is well. */
import * as fs from "node:fs"
import { expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { until } from "../support/Nodes.js"
import { startRedix } from "../support/Redix.js"
import { startOnDisk } from "./AofSupport.js"

it("after it was distrusted, and switched on in vain", () =>
  withTempDir(async (dir) => {
    const { server, disk } = await startOnDisk(dir, "always")
    const { aof } = server
    const [first, second, admin] = [await server.connect(), await server.connect(), await server.connect()]
    const turn = (value: "yes" | "no"): Promise<string> => admin.text("CONFIG", "SET", "appendonly", value)
    // Where the next increment is to be: none can be made.
    const obstacle = `${dir}/appendonlydir/temp-appendonly.aof.incr`
    fs.mkdirSync(obstacle)
    disk.hold("sync")
    const held = [first.text("SET", "k", "v")]
    await disk.untilHeld(1)
    // Logged behind a sync that fails, and so never written.
    held.push(second.text("SET", "l", "v"))
    await until(
      () => aof.log.position > aof.writer.written,
      () => "more is logged than written",
    )
    disk.fail("sync", "EIO")
    disk.release()
    await until(
      () => aof.status.phase === "mending",
      () => "the file is distrusted",
    )
    await turn("no")
    expect(await Promise.all(held.map((reply) => reply.catch(() => "cut off")))).toEqual([
      "cut off",
      "cut off",
    ])
    disk.fail("sync", undefined)
    const { failures } = aof.status
    await turn("yes")
    await until(
      () => aof.status.failures > failures,
      () => "the first base fails",
    )
    await turn("no")
    fs.rmdirSync(obstacle)
    await turn("yes")
    await until(
      () => aof.status.phase === "on",
      () => "it is on",
    )
    const other = await server.connect()
    expect(await other.text("SET", "m", "v")).toBe("+OK\r\n")
    for (const one of [first, second, admin, other]) one.close()
    await server.stop()
    const next = await startRedix({}, { dir, appendonly: true })
    const reader = await next.connect()
    expect(await reader.text("DBSIZE")).toBe(":3\r\n")
    reader.close()
    await next.stop()
  }))
