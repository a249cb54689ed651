/** The end of a server whose disk has died: it comes soon, and says yes to nothing that was not saved. */
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { GatedFiles } from "../support/GatedFiles.js"
import { until } from "../support/Nodes.js"
import { startRedix } from "../support/Redix.js"
import { withTempDir } from "../rdb/PersistenceSupport.js"

describe.each(["always", "everysec"] as const)("with %s", (appendfsync) => {
  it.each([
    ["a write fails and cannot be taken back", "EIO", "truncate"],
    ["a write fails", "ENOSPC", undefined],
  ] as const)("ends when %s while the end waits for it", (_, code, alsoFails) =>
    withTempDir(async (dir) => {
      const disk = new GatedFiles()
      const lines: Array<string> = []
      const server = await startRedix(
        {},
        { dir, appendonly: true, appendfsync },
        lines,
        undefined,
        disk.layer,
      )
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
      const disk = new GatedFiles()
      const lines: Array<string> = []
      const directives = { dir, appendonly: true, appendfsync }
      const server = await startRedix({}, directives, lines, undefined, disk.layer)
      const [client, other] = [await server.connect(), await server.connect()]
      disk.fail("write", "EIO")
      const gone = client.text("SET", "k", "v").catch(() => "gone")
      await until(
        () => server.aof.writer.failure !== undefined,
        () => "the failure is seen",
      )
      expect(await other.text("SHUTDOWN").catch(() => "closed")).toBe("closed")
      expect(server.engine.lifecycle.ended).toBe(true)
      await server.stop()
      expect(await gone).toBe("gone")
      expect(lines.filter((line) => line.includes("may not be on the disk"))).toEqual([
        expect.stringMatching(/^Error writing to the AOF file: Input\/output error\. The last \d+ bytes/),
      ])
    }))
})
