/** The end of a server whose disk has died: it comes soon, and says yes to nothing that was not saved. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { makeClient } from "../../../src/client/makeClient.js"
import { liveTurns, Turn } from "../../../src/engine/world/Turn.js"
import { GatedFiles } from "../../support/GatedFiles.js"
import { until } from "../../support/Nodes.js"
import { startRedix, type TestRedix } from "../../support/Redix.js"
import { withTempDir } from "../../rdb/PersistenceSupport.js"
import { startOnDisk } from "../AofSupport.js"

const failed = async (server: TestRedix): Promise<void> =>
  until(
    () => server.aof.writer.failure !== undefined,
    () => "the failure is seen",
  )

describe.each(["always", "everysec"] as const)("with %s", (appendfsync) => {
  it.each([
    ["a write fails and cannot be taken back", "EIO", "truncate"],
    ["a write fails", "ENOSPC", undefined],
  ] as const)("ends when %s while the end waits for it", (_, code, alsoFails) =>
    withTempDir(async (dir) => {
      const { server, disk } = await startOnDisk(dir, appendfsync)
      const client = await server.connect()
      if (alsoFails !== undefined) disk.shorten(5)
      disk.hold("write")
      const gone = client.text("SET", "k", "v").catch(() => "gone")
      await disk.untilHeld(1)
      disk.fail("write", code)
      if (alsoFails !== undefined) disk.fail(alsoFails, code)
      const flushed = Effect.runPromise(server.aof.flush)
      disk.release()
      expect(await flushed).toBe(false)
      client.close()
      await server.stop()
      expect(await gone).toBe("gone")
    }),
  )

  it("obeys SHUTDOWN, and says what is lost", () =>
    withTempDir(async (dir) => {
      const { server, disk, lines } = await startOnDisk(dir, appendfsync)
      const [client, other] = [await server.connect(), await server.connect()]
      disk.fail("write", "EIO")
      const gone = client.text("SET", "k", "v").catch(() => "gone")
      await failed(server)
      expect(await other.text("SHUTDOWN").catch(() => "closed")).toBe("closed")
      expect(server.engine.lifecycle.ended).toBe(true)
      await server.stop()
      expect(await gone).toBe("gone")
      expect(lines.filter((line) => line.includes("may not be on the disk"))).toEqual([
        expect.stringMatching(/^Error writing to the AOF file: Input\/output error\. The last \d+ bytes/),
      ])
    }))
})

describe("with always, a reply whose write was never saved", () => {
  it.each(["write", "sync"] as const)(
    "is not given when the file is switched off, after a failed %s",
    (what) =>
      withTempDir(async (dir) => {
        const { server, disk } = await startOnDisk(dir, "always")
        const [client, admin] = [await server.connect(), await server.connect()]
        await Effect.runPromise(
          Effect.scoped(
            Effect.gen(function* () {
              const inProcess = yield* makeClient(server.engine)
              disk.fail(what, "EIO")
              disk.hold(what)
              const replies = [
                client.text("SET", "k", "v").catch(() => "cut off"),
                Effect.runPromise(Effect.exit(inProcess.set("l", "v"))).then(Exit.isSuccess),
              ]
              yield* Effect.promise(() => disk.untilHeld(1))
              while (server.engine.keyspace.database(0).size < 2) yield* Effect.yieldNow
              expect(yield* Effect.promise(() => admin.text("CONFIG", "SET", "appendonly", "no"))).toBe(
                "+OK\r\n",
              )
              disk.release()
              expect(yield* Effect.promise(() => Promise.all(replies))).toEqual(["cut off", false])
              expect(yield* inProcess.get("l")).toBe("v")
            }),
          ),
        )
        expect(await admin.text("SET", "k", "w")).toBe("+OK\r\n")
        client.close()
        admin.close()
        await server.stop()
      }),
  )

  it("is not given when the server ends", () =>
    withTempDir(async (dir) => {
      const { server, disk } = await startOnDisk(dir, "always")
      await Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const inProcess = yield* makeClient(server.engine)
            disk.fail("write", "EIO")
            const reply = Effect.runPromise(Effect.exit(inProcess.set("l", "v")))
            yield* Effect.promise(() => failed(server))
            yield* Effect.promise(() => server.stop())
            expect(Exit.isSuccess(yield* Effect.promise(() => reply))).toBe(false)
          }),
        ),
      )
    }))
})

describe("a disk that never answers", () => {
  /** Thirty seconds are a few milliseconds. */
  const hurried = Layer.succeed(Turn, { ...liveTurns, sleep: (ms) => liveTurns.sleep(ms / 1000) })

  it.each(["write", "sync"] as const)("does not hold up the end: a %s hangs", (what) =>
    withTempDir(async (dir) => {
      const disk = new GatedFiles()
      const lines: Array<string> = []
      const directives = { dir, appendonly: true, appendfsync: "always" } as const
      const server = await startRedix({}, directives, lines, hurried, disk.layer)
      const [client, other] = [await server.connect(), await server.connect()]
      disk.hold(what)
      const gone = client.text("SET", "k", "v").catch(() => "gone")
      await disk.untilHeld(1)
      expect(await other.text("SHUTDOWN").catch(() => "closed")).toBe("closed")
      expect(server.engine.lifecycle.ended).toBe(true)
      const end = server.stop()
      expect(await gone).toBe("gone")
      disk.release()
      await end
      expect(lines.map((line) => line.trim())).toContain(
        "The disk has not answered for 30 seconds. Not waiting for the AOF file any more.",
      )
    }),
  )
})
