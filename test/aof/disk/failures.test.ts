/** A disk that fails: nothing is acknowledged that is not where the setting says, and the server heals when the disk does. */
import * as fs from "node:fs"
import { describe, expect, it } from "vitest"
import type { GatedFiles } from "../../support/GatedFiles.js"
import { until } from "../../support/Nodes.js"
import { startRedix, type TestRedix } from "../../support/Redix.js"
import { withTempDir } from "../../rdb/PersistenceSupport.js"
import { startOnDisk } from "../AofSupport.js"

const withDisk = (
  appendfsync: "always" | "everysec",
  use: (server: TestRedix, disk: GatedFiles, dir: string, lines: Array<string>) => Promise<void>,
): Promise<void> =>
  withTempDir(async (dir) => {
    const { server, disk, lines } = await startOnDisk(dir, appendfsync)
    try {
      await use(server, disk, dir, lines)
    } finally {
      disk.fail("write", undefined)
      disk.fail("sync", undefined)
      disk.fail("truncate", undefined)
      disk.release()
      await server.stop()
    }
  })

const MISCONF = "-MISCONF Errors writing to the AOF file: "

const manifest = (dir: string): string =>
  fs.readFileSync(`${dir}/appendonlydir/appendonly.aof.manifest`, "latin1")

/** What a server finds that starts in this directory. */
const afterRestart = async (dir: string, ...words: ReadonlyArray<string>): Promise<string> => {
  const server = await startRedix({}, { dir, appendonly: true })
  const client = await server.connect()
  const reply = await client.text(...words)
  client.close()
  await server.stop()
  return reply
}

describe.each(["always", "everysec"] as const)("with %s", (appendfsync) => {
  it("a full disk refuses writes, serves reads, and heals", async () => {
    await withDisk(appendfsync, async (server, disk, dir, lines) => {
      const client = await server.connect()
      const other = await server.connect()
      await client.text("SET", "before", "1")
      disk.fail("write", "ENOSPC")
      let reply: string | undefined
      const held = client.text("SET", "held", "1").then((text) => (reply = text))
      await until(
        async () => (await other.text("INFO", "persistence")).includes("aof_last_write_status:err"),
        () => "the failure is seen",
      )
      expect(await other.text("SET", "refused", "1")).toBe(`${MISCONF}No space left on device\r\n`)
      expect(await other.text("PING")).toBe(`${MISCONF}No space left on device\r\n`)
      expect(await other.text("GET", "before")).toBe("$1\r\n1\r\n")
      expect(reply).toBeUndefined()
      disk.fail("write", undefined)
      expect(await held).toBe("+OK\r\n")
      expect(await other.text("SET", "after", "1")).toBe("+OK\r\n")
      const told = lines.map((line) => line.trim())
      expect(told).toContain("Error writing to the AOF file: No space left on device")
      expect(told).toContain("AOF write error looks solved, Redis can write again.")
      client.close()
      other.close()
      expect(manifest(dir)).toContain("appendonly.aof.1.incr.aof")
    })
  })

  it("a failed sync is final for the file: a new base and a new increment take over", async () => {
    await withTempDir(async (dir) => {
      const { server, disk, lines } = await startOnDisk(dir, appendfsync)
      const client = await server.connect()
      disk.fail("sync", "EIO")
      const reply = client.text("SET", "k", "v")
      await until(
        () => lines.some((line) => line.startsWith("Fail to fsync the AOF file: Input/output error")),
        () => "the failure is told",
      )
      disk.fail("sync", undefined)
      expect(await reply).toBe("+OK\r\n")
      await until(
        () => manifest(dir).includes("appendonly.aof.2.incr.aof") && !server.aof.rewriting,
        () => "a new file takes over",
      )
      await until(
        async () => (await client.text("SET", "after", "1")) === "+OK\r\n",
        () => "writes are taken again",
      )
      expect(manifest(dir)).toMatch(
        /^file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n$/,
      )
      client.close()
      await server.stop()
      expect(await afterRestart(dir, "MGET", "k", "after")).toBe("*2\r\n$1\r\nv\r\n$1\r\n1\r\n")
    })
  })

  it("a short write that cannot be taken back leaves the file behind", async () => {
    await withDisk(appendfsync, async (server, disk, dir) => {
      const client = await server.connect()
      await client.text("SET", "before", "1")
      disk.shorten(5)
      disk.fail("truncate", "EIO")
      const reply = client.text("SET", "k", "v")
      await until(
        () => server.aof.writer.distrusted || manifest(dir).includes("appendonly.aof.2.incr.aof"),
        () => "the file is left",
      )
      disk.fail("write", undefined)
      expect(await reply).toBe("+OK\r\n")
      await until(
        () => !server.aof.rewriting,
        () => "the rewrite is done",
      )
      client.close()
      expect(fs.readdirSync(`${dir}/appendonlydir`).sort()).toEqual([
        "appendonly.aof.2.base.rdb",
        "appendonly.aof.2.incr.aof",
        "appendonly.aof.manifest",
      ])
    })
  })
})

it("with always, a failed sync acknowledges nothing before the new base is there", async () => {
  await withDisk("always", async (server, disk) => {
    const client = await server.connect()
    let reply: string | undefined
    disk.fail("sync", "EIO")
    disk.hold("sync")
    const held = client.text("SET", "k", "v").then((text) => (reply = text))
    await disk.untilHeld(1)
    disk.release()
    const other = await server.connect()
    await until(
      async () => (await other.text("SET", "x", "1")).startsWith(MISCONF),
      () => "writes are refused",
    )
    expect(reply).toBeUndefined()
    disk.fail("sync", undefined)
    expect(await held).toBe("+OK\r\n")
    client.close()
    other.close()
  })
})

it.each(["always", "everysec"] as const)(
  "with %s, a directory that vanishes is made anew, with all that there is",
  (appendfsync) =>
    withDisk(appendfsync, async (server, _disk, dir, lines) => {
      const client = await server.connect()
      await client.text("SET", "before", "1")
      fs.rmSync(`${dir}/appendonlydir`, { recursive: true })
      let n = 0
      await until(
        async () => {
          await client.text("SET", `k${++n}`, "v")
          return (
            fs.existsSync(`${dir}/appendonlydir/appendonly.aof.manifest`) && server.aof.status.phase === "on"
          )
        },
        () => "the files are there again",
      )
      expect(lines.map((line) => line.trim())).toContain("The AOF file has gone: No such file or directory")
      await until(
        async () => (await client.text("SET", "after", "1")) === "+OK\r\n",
        () => "writes are taken",
      )
      const size = await client.text("DBSIZE")
      client.close()
      await server.stop()
      expect(await afterRestart(dir, "DBSIZE")).toBe(size)
    }),
)

it("a file that another has taken the place of is written to no longer, and all that there is goes to new ones", () =>
  withDisk("always", async (server, _disk, dir, lines) => {
    const client = await server.connect()
    await client.text("SET", "before", "1")
    const file = `${dir}/appendonlydir/appendonly.aof.1.incr.aof`
    fs.copyFileSync(file, `${file}.copy`)
    fs.renameSync(`${file}.copy`, file)
    let n = 0
    await until(
      async () => {
        await client.text("SET", `k${++n}`, "v")
        return server.aof.writer.file?.path !== file && server.aof.status.phase === "on"
      },
      () => "there are other files",
    )
    expect(lines.map((line) => line.trim())).toContain("The AOF file has gone: another file is in its place")
    const size = await client.text("DBSIZE")
    client.close()
    await server.stop()
    expect(await afterRestart(dir, "DBSIZE")).toBe(size)
  }))
