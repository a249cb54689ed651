/** Groups that the kernel takes at once are written in their own turn, whatever comes of such a write. */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type { PlatformError } from "effect/PlatformError"
import { expect, it } from "vitest"
import { liveTurns, Turn } from "../../src/engine/world/Turn.js"
import { filesLayer } from "../../src/server/Files.js"
import { until } from "../support/Nodes.js"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { encodeCommand, type RawClient } from "../support/RawClient.js"
import { startRedix } from "../support/Redix.js"

/** The real files; says how increments are written, and steers those writes that are to be done at once. */
class CountedFiles {
  now = 0
  byThread = 0
  /** Syncs for which no fiber waits. */
  byCall = 0
  /** How much of the next write at once is done; "fail": it throws; a function runs before it. */
  next: number | "fail" | (() => void) | undefined = undefined
  /** A sync that the test holds. */
  letSync: (() => void) | undefined = undefined
  holdSync = false
  /** Time passes where a test says so: on a busy machine any write may be slow, and threads do those that come after. */
  nowMs = 0

  private counted(file: FileSystem.File): FileSystem.File {
    const sync = Effect.callback<void>((resume) => {
      if (!this.holdSync) return resume(Effect.void)
      this.letSync = () => resume(Effect.void)
    }).pipe(Effect.andThen(file.sync))
    const { writeNow } = file as FileSystem.File & { readonly writeNow: (bytes: Uint8Array) => number }
    const counted = {
      [FileSystem.FileTypeId]: FileSystem.FileTypeId,
      stat: file.stat,
      seek: (offset, from) => file.seek(offset, from),
      read: (buffer, options) => file.read(buffer, options),
      readAlloc: (size, options) => file.readAlloc(size, options),
      truncate: (length) => file.truncate(length),
      writeAll: (buffer) => file.writeAll(buffer),
      sync,
      syncThen: (done: (error: PlatformError | undefined) => void): void => {
        this.byCall++
        Effect.runFork(Effect.match(sync, { onSuccess: () => done(undefined), onFailure: done }))
      },
      write: (buffer) => {
        this.byThread++
        return file.write(buffer)
      },
      writeNow: (bytes: Uint8Array): number => {
        const { next } = this
        this.next = undefined
        if (next === "fail") throw new Error("ENOSPC")
        if (typeof next === "function") next()
        this.now++
        return writeNow.call(file, typeof next === "number" ? bytes.subarray(0, next) : bytes)
      },
    } satisfies FileSystem.File & { readonly writeNow: unknown; readonly syncThen: unknown }
    return counted
  }

  get layer(): Layer.Layer<FileSystem.FileSystem> {
    return Layer.effect(
      FileSystem.FileSystem,
      Effect.map(FileSystem.FileSystem, (files) => ({
        ...files,
        open: (path, options) =>
          Effect.map(files.open(path, options), (file) =>
            path.endsWith(".incr.aof") ? this.counted(file) : file,
          ),
      })),
    ).pipe(Layer.provide(filesLayer()))
  }
}

const withFile = (
  appendfsync: "always" | "everysec" | "no",
  use: (disk: CountedFiles, client: RawClient, content: () => string) => Promise<void>,
): Promise<void> =>
  withTempDir(async (dir) => {
    const disk = new CountedFiles()
    const world = Layer.succeed(Turn, { ...liveTurns, now: () => disk.nowMs })
    const server = await startRedix({}, { dir, appendonly: true, appendfsync }, [], world, disk.layer)
    const client = await server.connect()
    const content = (): string => fs.readFileSync(`${dir}/appendonlydir/appendonly.aof.1.incr.aof`, "latin1")
    try {
      await use(disk, client, content)
    } finally {
      disk.holdSync = false
      disk.letSync?.()
      client.close()
      await server.stop()
    }
  })

const encoded = (...commands: ReadonlyArray<ReadonlyArray<string>>): string =>
  Buffer.concat(commands.map((words) => encodeCommand(words))).toString("latin1")

const SELECT = ["SELECT", "0"]

it.each(["everysec", "no"] as const)("%s: a reply finds its write in the file, without a thread", (policy) =>
  withFile(policy, async (disk, client, content) => {
    expect(await client.text("SET", "k", "v")).toBe("+OK\r\n")
    expect(content()).toBe(encoded(SELECT, ["SET", "k", "v"]))
    expect([disk.now, disk.byThread]).toEqual([1, 0])
  }),
)

it("always: threads only sync", () =>
  withFile("always", async (disk, client, content) => {
    expect(await client.text("SET", "k", "v")).toBe("+OK\r\n")
    expect(content()).toBe(encoded(SELECT, ["SET", "k", "v"]))
    // The first of a second goes by the fiber, which looks whether the file is still there.
    const before = disk.byCall
    await until(
      async () => {
        await client.text("SET", "k", "v")
        return disk.byCall > before
      },
      () => "a group is synced without a fiber",
    )
    expect(disk.byThread).toBe(0)
  }))

it.each([0, 7, "fail"] as const)("a write that is not whole (%s) is begun anew by a thread", (next) =>
  withFile("no", async (disk, client, content) => {
    await client.text("SET", "k", "1")
    disk.next = next
    expect(await client.text("SET", "k", "2")).toBe("+OK\r\n")
    expect(disk.byThread).toBe(1)
    expect(await client.text("SET", "k", "3")).toBe("+OK\r\n")
    const sets = ["1", "2", "3"].map((value) => ["SET", "k", value])
    expect(content()).toBe(encoded(SELECT, ...sets))
  }),
)

it("while a sync is under way threads write", () =>
  withFile("everysec", async (disk, client, content) => {
    disk.holdSync = true
    await client.text("SET", "k", "1")
    while (disk.letSync === undefined) await client.text("PING")
    const { byThread } = disk
    expect(await client.text("SET", "k", "2")).toBe("+OK\r\n")
    expect(disk.byThread).toBe(byThread + 1)
    expect(content()).toBe(encoded(SELECT, ["SET", "k", "1"], ["SET", "k", "2"]))
  }))

it("after a write that was slow threads write", () =>
  withFile("no", async (disk, client) => {
    disk.next = () => void (disk.nowMs += 6)
    await client.text("SET", "k", "1")
    const { byThread } = disk
    await client.text("SET", "k", "2")
    expect(disk.byThread).toBe(byThread + 1)
  }))
