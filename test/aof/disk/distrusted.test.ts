/** A file whose sync has failed is not trusted again, by no process: the kernel may show what it has dropped. */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import { describe, expect, it } from "vitest"
import { AofDirectory, type OpenIncrement } from "../../../src/aof/AofDirectory.js"
import { filesLayer } from "../../../src/server/Files.js"
import { withTempDir } from "../../rdb/PersistenceSupport.js"
import { until } from "../../support/Nodes.js"
import { describeOracle, withOracle } from "../../support/Oracle.js"
import { Random } from "../../support/Random.js"
import { startRedix, type TestRedix } from "../../support/Redix.js"
import { SimulatedDisk } from "../../support/SimulatedDisk.js"

const start = (disk: SimulatedDisk): Promise<TestRedix> =>
  startRedix({}, { dir: "/disk", appendonly: true, appendfsync: "always" }, [], undefined, disk.boot())

const ask = async (server: TestRedix, ...words: ReadonlyArray<string>): Promise<string> => {
  const client = await server.connect()
  const reply = await client.text(...words)
  client.close()
  return reply
}

const MANIFEST = "/disk/appendonlydir/appendonly.aof.manifest"
const NOTE = "/disk/appendonlydir/appendonly.aof.synced"

describe("after a sync has failed, and the process was killed before a new base was there", () => {
  it("what the next process finds outlasts a power cut, too", async () => {
    const disk = new SimulatedDisk(Random.forTest("distrusted"), "/disk")
    const first = await start(disk)
    expect(await ask(first, "SET", "before", "1")).toBe("+OK\r\n")
    disk.disturb = ({ operation, path }) => {
      if (path.endsWith(".base")) return "ENOSPC"
      return operation === "sync" && path.endsWith(".incr.aof") ? "EIO" : undefined
    }
    const held = ask(first, "SET", "k", "v").catch(() => "cut off")
    await until(
      () => disk.read(MANIFEST)?.includes("#distrusted\n") === true,
      () => "the manifest says it",
    )
    disk.kill()
    await first.stop()
    expect(await held).toBe("cut off")

    const second = await start(disk)
    expect(await ask(second, "MGET", "before", "k")).toBe("*2\r\n$1\r\n1\r\n$1\r\nv\r\n")
    disk.powerCut("prefix")
    await second.stop()

    const third = await start(disk)
    expect(await ask(third, "MGET", "before", "k")).toBe("*2\r\n$1\r\n1\r\n$1\r\nv\r\n")
    expect(disk.paths.filter((path) => path.startsWith("/disk/appendonlydir/appendonly"))).toEqual([
      "/disk/appendonlydir/appendonly.aof.2.base.rdb",
      "/disk/appendonlydir/appendonly.aof.2.incr.aof",
      MANIFEST,
      "/disk/appendonlydir/appendonly.aof.synced",
    ])
    await third.stop()
  })

  it.each(["at once", "as the manifest is about to say so"])(
    "nor is one trusted whose process was killed %s",
    async (when) => {
      const disk = new SimulatedDisk(Random.forTest(`killed ${when}`), "/disk")
      const first = await start(disk)
      expect(await ask(first, "SET", "before", "1")).toBe("+OK\r\n")
      let failed = false
      disk.disturb = ({ operation, path }) => {
        if (failed) disk.kill()
        if (operation !== "sync" || !path.endsWith(".incr.aof")) return undefined
        failed = true
        // Its process ends with the failed sync, or with its next step.
        if (when === "at once") setImmediate(() => disk.kill())
        return "EIO"
      }
      const held = ask(first, "SET", "k", "v").catch(() => "cut off")
      await until(
        () => disk.dead,
        () => "it is killed",
      )
      await first.stop()
      expect(await held).toBe("cut off")
      expect(disk.read(MANIFEST)?.includes("#distrusted")).toBe(false)

      const second = await start(disk)
      expect(await ask(second, "GET", "k")).toBe("$1\r\nv\r\n")
      expect(await ask(second, "SET", "after", "1")).toBe("+OK\r\n")
      disk.powerCut("prefix")
      await second.stop()

      const third = await start(disk)
      expect(await ask(third, "MGET", "before", "k", "after")).toBe("*3\r\n$1\r\n1\r\n$1\r\nv\r\n$1\r\n1\r\n")
      await third.stop()
    },
  )

  it("what cannot be written again is not trusted", async () => {
    const disk = new SimulatedDisk(Random.forTest("not again"), "/disk")
    const first = await start(disk)
    expect(await ask(first, "SET", "before", "1")).toBe("+OK\r\n")
    disk.kill()
    await first.stop()
    disk.remove(NOTE)
    const second = await startRedix(
      {},
      { dir: "/disk", appendonly: true, appendfsync: "always" },
      [],
      undefined,
      disk.boot(({ operation, path }) =>
        operation === "write" && path.endsWith(".1.incr.aof") ? "EIO" : undefined,
      ),
    )
    expect(await ask(second, "GET", "before")).toBe("$1\r\n1\r\n")
    expect(disk.read(MANIFEST)?.toString()).toContain("appendonly.aof.2.base.rdb")
    await second.stop()
  })

  it("a directory that an earlier process made, and did not live to sync, is synced", async () => {
    const disk = new SimulatedDisk(Random.forTest("the directory"), "/disk")
    const files = disk.boot()
    disk.disturb = ({ operation, path }) => {
      if (operation === "sync" && path === "/disk") disk.kill()
      return undefined
    }
    const directives = { dir: "/disk", appendonly: true, appendfsync: "always" } as const
    await expect(startRedix({}, directives, [], undefined, files)).rejects.toThrow()
    expect(disk.paths).toContain("/disk/appendonlydir")
    const second = await start(disk)
    expect(await ask(second, "SET", "k", "v")).toBe("+OK\r\n")
    disk.powerCut("prefix")
    await second.stop()
    const third = await start(disk)
    expect(await ask(third, "GET", "k")).toBe("$1\r\nv\r\n")
    await third.stop()
  })
})

describeOracle("a manifest that says so", () => {
  it("is read by redis-server", () =>
    withTempDir(async (dir) => {
      const server = await startRedix({}, { dir, appendonly: true })
      await ask(server, "SET", "k", "v")
      await server.stop()
      const file = `${dir}/appendonlydir/appendonly.aof.manifest`
      fs.writeFileSync(file, `#distrusted\n${fs.readFileSync(file, "latin1")}`)
      await withOracle({ dir, config: { appendonly: "yes" } }, async (oracle) => {
        const client = await oracle.connect()
        expect(await client.text("GET", "k")).toBe("$1\r\nv\r\n")
        client.close()
      })
    }))
})

it("a file that is being renamed has not gone", () =>
  withTempDir(async (dir) => {
    const settings = { dir, appenddirname: "files", appendfilename: "a.aof", aofChecksum: false }
    await Effect.runPromise(
      Effect.gen(function* () {
        const files = yield* FileSystem.FileSystem
        let asked = 0
        let increment: OpenIncrement | undefined = undefined
        // The file is looked for before anybody but the disk knows of its new name.
        const renaming: FileSystem.FileSystem = {
          ...files,
          rename: (from, to) =>
            Effect.andThen(
              files.rename(from, to),
              Effect.sync(() => increment?.present).pipe(
                Effect.flatMap((present) => Effect.orDie(present ?? Effect.die("nothing is open"))),
                Effect.map(() => void asked++),
              ),
            ),
        }
        const directory = new AofDirectory(renaming, settings)
        yield* files.makeDirectory(directory.path)
        increment = yield* directory.open("temp", "new")
        yield* directory.renameIncrement(directory.pathOf("temp"), directory.pathOf("named"), increment)
        yield* increment.present
        expect([asked, increment.path]).toEqual([1, directory.pathOf("named")])
        yield* files.remove(directory.pathOf("named"))
        expect(Exit.isFailure(yield* Effect.exit(increment.present))).toBe(true)
        yield* increment.close
      }).pipe(Effect.provide(filesLayer())),
    )
  }))
