/** `rdb-key-save-delay` and `key-load-delay`: the levers with which tests make a save or a load last. */
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { compiledWorker, openPersistence, withTempDir } from "../rdb/PersistenceSupport.js"
import { localClient } from "../support/Local.js"
import { startRedix } from "../support/Redix.js"

const KEYS = 200
const MICROS = 1500

/** Least time the delay costs, in milliseconds. */
const LEAST_MS = (KEYS * MICROS) / 1000

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe("rdb-key-save-delay", () => {
  for (const worker of ["inline", compiledWorker] as const) {
    it(`slows ${worker === "inline" ? "a save on this thread" : "the snapshot's thread"}`, async () => {
      await withTempDir(async (dir) => {
        const delayed = await openPersistence({ rdbKeySaveDelay: MICROS }, worker)
        for (let i = 0; i < KEYS; i++) localClient(delayed.engine).run("SET", `k${i}`, "v")
        const start = performance.now()
        let turns = 0
        const save = Effect.runPromise(delayed.persistence.saveFile(`${dir}/dump.rdb`))
        const seen = new Set<number>()
        let over = false
        void save.finally(() => (over = true))
        while (!over) {
          turns++
          seen.add(delayed.persistence.state.save?.keys() ?? -1)
          await turn()
        }
        await save
        expect(performance.now() - start).toBeGreaterThan(LEAST_MS * 0.9)
        // This thread served others meanwhile, and could tell how far the save was.
        expect(turns).toBeGreaterThan(2)
        expect(seen.size).toBeGreaterThan(2)
        await delayed.close()
      })
    })
  }

  it("of a negative number sleeps now and then", async () => {
    await withTempDir(async (dir) => {
      const delayed = await openPersistence({ rdbKeySaveDelay: -20 }, "inline")
      for (let i = 0; i < KEYS; i++) localClient(delayed.engine).run("SET", `k${i}`, "v")
      const result = await Effect.runPromise(delayed.persistence.saveFile(`${dir}/dump.rdb`))
      expect(result.keys).toBe(KEYS)
      await delayed.close()
    })
  })
})

describe("key-load-delay", () => {
  it("makes a load last, clients are told, and CONFIG SET ends it", async () => {
    await withTempDir(async (dir) => {
      const redix = await startRedix({}, { dir })
      const [client, other] = await Promise.all([redix.connect(), redix.connect()])
      for (let i = 0; i < KEYS; i++) await client.command("SET", `k${i}`, "v")
      expect(await client.text("CONFIG", "GET", "key-*")).toBe("*0\r\n")
      expect(await client.text("CONFIG", "SET", "key-load-delay", String(MICROS))).toBe("+OK\r\n")
      const start = performance.now()
      const reload = client.text("DEBUG", "RELOAD")
      const loaded = new Set<string>()
      let refused = 0
      let over = false
      void reload.finally(() => (over = true))
      while (!over) {
        if ((await other.text("GET", "k1")).startsWith("-LOADING ")) refused++
        const bytes = /loading_loaded_bytes:(\d+)/.exec(await other.text("INFO", "persistence"))
        if (bytes !== null) loaded.add(bytes[1] ?? "")
      }
      expect(await reload).toBe("+OK\r\n")
      expect(performance.now() - start).toBeGreaterThan(LEAST_MS * 0.9)
      expect(refused).toBeGreaterThan(2)
      expect(loaded.size).toBeGreaterThan(2)
      await client.command("CONFIG", "SET", "key-load-delay", "50000000")
      const stuck = client.text("DEBUG", "RELOAD")
      while (!(await other.text("GET", "k1")).startsWith("-LOADING ")) await turn()
      expect(await other.text("CONFIG", "SET", "key-load-delay", "0")).toBe("+OK\r\n")
      expect(await stuck).toBe("+OK\r\n")
      expect(await client.text("DBSIZE")).toBe(`:${KEYS}\r\n`)
      client.close()
      other.close()
      await redix.stop()
    })
  })
})
