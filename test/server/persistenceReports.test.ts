/** What INFO, DEBUG RELOAD and redix-check-rdb report of saves and loads that went well, failed or never began. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import { openPersistence, withTempDir } from "../rdb/PersistenceSupport.js"
import { startRedix } from "../support/Redix.js"

describe("rdb_last_bgsave_time_sec and rdb_last_cow_size", () => {
  it("stay as they were when a save is ended while it waits, and after a save in the foreground", async () => {
    await withTempDir(async (dir) => {
      const { persistence, close } = await openPersistence()
      const { state } = persistence
      const sink = { write: () => Effect.never }
      const stream = Effect.runFork(persistence.streamSnapshot(() => ({ sinks: [sink] })))
      const waiting = Effect.runFork(persistence.saveFile(`${dir}/dump.rdb`))
      await Effect.runPromise(Fiber.interrupt(waiting))
      expect(state.lastDurationSeconds).toBe(-1)
      await Effect.runPromise(Fiber.interrupt(stream))
      await Effect.runPromise(persistence.saveFile(`${dir}/dump.rdb`, { background: false }))
      expect(state.lastDurationSeconds).toBe(-1)
      await Effect.runPromise(persistence.saveFile(`${dir}/dump.rdb`))
      expect(state.lastDurationSeconds).toBe(0)
      // Nothing was written meanwhile, so nothing was copied.
      expect(state.lastCowBytes).toBe(0)
      await close()
    })
  })
})

describe("DEBUG RELOAD", () => {
  it("tells a save that failed from a load that failed", async () => {
    await withTempDir(async (dir) => {
      const redix = await startRedix({}, { dir })
      const client = await redix.connect()
      await client.command("SET", "a", "1")
      expect(await client.text("DEBUG", "RELOAD", "NOSAVE")).toBe(
        "-ERR Error trying to load the RDB dump\r\n",
      )
      const away = `${dir}-away`
      fs.renameSync(dir, away)
      expect(await client.text("DEBUG", "RELOAD")).toBe("-ERR Error trying to save the DB\r\n")
      fs.renameSync(away, dir)
      client.close()
      await redix.stop()
    })
  })
})

describe("redix-check-rdb on a terminal", () => {
  it("takes its progress bar away before it says that a file is corrupt", async () => {
    await withTempDir((dir) => {
      const file = `${dir}/bad.rdb`
      // Longer than one read, so that the bar is shown, and without an end.
      const records = Array.from({ length: 40 }, (_, i) => [
        Buffer.from([0, 1, 48 + i, 0x80, 0, 1, 0, 0]),
        Buffer.alloc(65536, 120),
      ])
      fs.writeFileSync(file, Buffer.concat([Buffer.from("REDIS0010\xfe\0", "latin1"), ...records.flat()]))
      const program = fileURLToPath(new URL("../../dist/check-rdb.js", import.meta.url))
      const { stdout } = spawnSync("script", ["-qec", `node ${program} ${file}`, "/dev/null"], {
        encoding: "utf8",
      })
      expect(stdout).toMatch(/\[#+ *\] \d+%\r +\r/)
      expect(stdout).not.toMatch(/%[^\r]/)
      return Promise.resolve()
    })
  })
})
