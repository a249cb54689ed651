/** A file whose sync has failed is not trusted again, by no process: the kernel may show what it has dropped. */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import { describe, expect, it } from "vitest"
import { AofDirectory } from "../../../src/aof/AofDirectory.js"
import type { OpenIncrement } from "../../../src/aof/OpenIncrement.js"
import { filesLayer } from "../../../src/server/Files.js"
import { withTempDir } from "../../rdb/PersistenceSupport.js"
import { until } from "../../support/Nodes.js"
import { describeOracle, withOracle } from "../../support/Oracle.js"
import { encodeCommand } from "../../support/RawClient.js"
import { Random } from "../../support/Random.js"
import { startRedix, type TestRedix } from "../../support/Redix.js"
import { SimulatedDisk } from "../../support/SimulatedDisk.js"

const start = (
  disk: SimulatedDisk,
  lines: Array<string> = [],
  disturb = disk.disturb,
): Promise<TestRedix> => {
  const files = disk.boot()
  disk.disturb = disturb
  return startRedix({}, { dir: "/disk", appendonly: true, appendfsync: "always" }, lines, undefined, files)
}

const calm = (): undefined => undefined

const ask = async (server: TestRedix, ...words: ReadonlyArray<string>): Promise<string> => {
  const client = await server.connect()
  const reply = await client.text(...words)
  client.close()
  return reply
}

const MANIFEST = "/disk/appendonlydir/appendonly.aof.manifest"
const INCREMENT = "/disk/appendonlydir/appendonly.aof.1.incr.aof"

/** Leaves a directory whose increment has an acknowledged write, and one behind it that a failed sync has dropped. */
const untold = async (name: string): Promise<SimulatedDisk> => {
  const disk = new SimulatedDisk(Random.forTest(name), "/disk")
  const server = await start(disk)
  expect(await ask(server, "SET", "before", "1")).toBe("+OK\r\n")
  let failed = false
  disk.disturb = ({ operation, path }) => {
    if (failed) disk.kill()
    if (operation !== "sync" || path !== INCREMENT) return undefined
    failed = true
    return "EIO"
  }
  const held = ask(server, "SET", "k", "v").catch(() => "cut off")
  await until(
    () => disk.dead,
    () => "the process is killed",
  )
  await server.stop()
  expect(await held).toBe("cut off")
  expect(disk.read(MANIFEST)?.includes("#distrusted")).toBe(false)
  disk.disturb = calm
  return disk
}

/** What a server finds that starts after a power cut. */
const afterCut = async (disk: SimulatedDisk, server: TestRedix, ...keys: ReadonlyArray<string>) => {
  disk.powerCut("prefix")
  await server.stop()
  const next = await start(disk)
  const reply = await ask(next, "MGET", ...keys)
  await next.stop()
  return reply
}

/** Has room on the disk again, and sees that writes are taken and kept. */
const mends = async (disk: SimulatedDisk, server: TestRedix): Promise<void> => {
  disk.disturb = calm
  await until(
    async () => (await ask(server, "SET", "after", "2")) === "+OK\r\n",
    () => "writes are taken",
  )
  expect(await afterCut(disk, server, "before", "k", "after")).toBe("*3\r\n$1\r\n1\r\n$1\r\nv\r\n$1\r\n2\r\n")
}

describe("after a sync has failed, and the process was killed before the manifest said so", () => {
  it("the file is written anew before anything is appended to it", async () => {
    const disk = await untold("untold")
    const server = await start(disk)
    expect(await ask(server, "SET", "after", "2")).toBe("+OK\r\n")
    expect(await afterCut(disk, server, "before", "k", "after")).toBe(
      "*3\r\n$1\r\n1\r\n$1\r\nv\r\n$1\r\n2\r\n",
    )
  })

  it("a power cut at any step of that loses nothing", async () => {
    const whole = encodeCommand(["SET", "before", "1"])
    const dropped = encodeCommand(["SET", "k", "v"])
    for (let steps = 1, after = false; !after; steps++) {
      const disk = new SimulatedDisk(Random.forTest(`cut at step ${steps}`), "/disk")
      disk.put(INCREMENT, Buffer.concat([encodeCommand(["SELECT", "0"]), whole]), dropped)
      disk.put(MANIFEST, Buffer.from("file appendonly.aof.1.incr.aof seq 1 type i\n"))
      let left = steps
      const cut = (): undefined => {
        if (--left === 0) disk.powerCut("prefix")
        return undefined
      }
      const server = await start(disk, [], cut).catch(() => undefined)
      const asked = server === undefined ? Promise.resolve() : ask(server, "SET", "after", "2")
      void asked.then((reply) => (after = reply === "+OK\r\n")).catch(() => undefined)
      await until(
        () => disk.dead || after,
        () => "the write is acknowledged, or the power cut",
      )
      if (!disk.dead) disk.powerCut("prefix")
      await server?.stop()
      disk.disturb = calm
      const next = await start(disk)
      expect(await ask(next, "GET", "before")).toBe("$1\r\n1\r\n")
      if (after) expect(await ask(next, "MGET", "k", "after")).toBe("*2\r\n$1\r\nv\r\n$1\r\n2\r\n")
      await next.stop()
      expect(steps).toBeLessThan(50)
    }
  })

  it("so is the file of an older server", async () => {
    const disk = new SimulatedDisk(Random.forTest("old and untold"), "/disk")
    const [whole, dropped] = [encodeCommand(["SET", "before", "1"]), encodeCommand(["SET", "k", "v"])]
    disk.put("/disk/appendonly.aof", whole, dropped)
    const server = await start(disk)
    expect(await ask(server, "SET", "after", "2")).toBe("+OK\r\n")
    expect(await afterCut(disk, server, "before", "k", "after")).toBe(
      "*3\r\n$1\r\n1\r\n$1\r\nv\r\n$1\r\n2\r\n",
    )
  })

  it("a new base takes its place where there is no room for that", async () => {
    const disk = await untold("no room for a copy")
    const lines: Array<string> = []
    const server = await start(disk, lines, ({ path }) => (path.endsWith(".incr") ? "ENOSPC" : undefined))
    expect(await ask(server, "SET", "after", "2")).toBe("+OK\r\n")
    expect(lines.map((line) => line.trim())).toContain(
      "The AOF file appendonly.aof.1.incr.aof was not closed by its process, and could not be written anew: No space left on device. A new base and a new incr file take its place.",
    )
    expect(await afterCut(disk, server, "before", "k", "after")).toBe(
      "*3\r\n$1\r\n1\r\n$1\r\nv\r\n$1\r\n2\r\n",
    )
  })

  it("a full disk starts, and takes writes when there is room for a new base", async () => {
    const disk = await untold("no room at all")
    const full = ({ operation }: { readonly operation: string }): string | undefined =>
      operation === "write" ? "ENOSPC" : undefined
    const server = await start(disk, [], full)
    expect(await ask(server, "GET", "before")).toBe("$1\r\n1\r\n")
    expect(await ask(server, "SET", "after", "2")).toMatch(/^-MISCONF Errors writing to the AOF file: /)
    await mends(disk, server)
  })

  it("a manifest that does say so starts a server on a full disk, too", async () => {
    const disk = await untold("told, and no room")
    disk.put(MANIFEST, Buffer.concat([Buffer.from("#distrusted\n"), disk.read(MANIFEST) ?? Buffer.alloc(0)]))
    const server = await start(disk, [], ({ operation }) => (operation === "write" ? "ENOSPC" : undefined))
    expect(await ask(server, "GET", "before")).toBe("$1\r\n1\r\n")
    await mends(disk, server)
  })
})

describe("the manifest says to which byte a process has closed its file", () => {
  const closedAt = (disk: SimulatedDisk): string | undefined =>
    /^#closed (\d+)$/m.exec(disk.read(MANIFEST)?.toString("latin1") ?? "")?.[1]

  /** Starts, and answers whether the file was written anew. */
  const renews = async (disk: SimulatedDisk): Promise<boolean> => {
    let renewed = false
    const server = await start(disk, [], ({ operation, path }) => {
      if (operation === "rename" && path.endsWith(".incr")) renewed = true
      return undefined
    })
    await server.stop()
    return renewed
  }

  it("so that the next goes on with it at once", async () => {
    const disk = new SimulatedDisk(Random.forTest("closed"), "/disk")
    const server = await start(disk)
    await ask(server, "SET", "k", "v")
    await server.stop()
    expect(closedAt(disk)).toBe(String(disk.read(INCREMENT)?.length))
    expect(await renews(disk)).toBe(false)
  })

  it("but not where another has gone on with it and was killed", async () => {
    const disk = new SimulatedDisk(Random.forTest("grown"), "/disk")
    for (const end of ["closed", "killed"]) {
      const server = await start(disk)
      expect(await ask(server, "SET", "k", "v")).toBe("+OK\r\n")
      if (end === "killed") disk.kill()
      await server.stop()
    }
    expect(closedAt(disk)).toBeDefined()
    expect(await renews(disk)).toBe(true)
    expect(await renews(disk)).toBe(false)
  })
})

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

    const second = await start(disk, [], calm)
    expect(await ask(second, "MGET", "before", "k")).toBe("*2\r\n$1\r\n1\r\n$1\r\nv\r\n")
    disk.powerCut("prefix")
    await second.stop()

    const third = await start(disk, [], calm)
    expect(await ask(third, "MGET", "before", "k")).toBe("*2\r\n$1\r\n1\r\n$1\r\nv\r\n")
    expect(disk.paths.filter((path) => path.startsWith("/disk/appendonlydir/appendonly"))).toEqual([
      "/disk/appendonlydir/appendonly.aof.2.base.rdb",
      "/disk/appendonlydir/appendonly.aof.2.incr.aof",
      MANIFEST,
    ])
    await third.stop()
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
    const second = await start(disk, [], calm)
    expect(await ask(second, "SET", "k", "v")).toBe("+OK\r\n")
    disk.powerCut("prefix")
    await second.stop()
    const third = await start(disk, [], calm)
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
      const lines = fs.readFileSync(file, "latin1")
      expect(lines).toMatch(/^#closed \d+\n/)
      fs.writeFileSync(file, `#distrusted\n${lines}`)
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
