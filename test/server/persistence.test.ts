/** SAVE, BGSAVE and their kin in a running server, over a socket. */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { localClient } from "../support/Local.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { checkRdb, withTempDir } from "../rdb/PersistenceSupport.js"
import type { RawClient } from "../support/RawClient.js"
import { untilTrue } from "../support/Patience.js"

const withServer = (
  directives: Readonly<Record<string, string>>,
  use: (redix: TestRedix, client: RawClient, file: string, dir: string) => Promise<void>,
): Promise<void> =>
  withTempDir(async (dir) => {
    const redix = await startRedix({}, { dir, "enable-protected-configs": "yes", ...directives })
    const client = await redix.connect()
    try {
      await use(redix, client, `${dir}/dump.rdb`, dir)
    } finally {
      client.close()
      await redix.stop()
    }
  })

const idle = (redix: TestRedix): Promise<void> =>
  untilTrue(() => redix.persistence.state.save === undefined, "the end of the save")

const reloaded = async (dir: string, use: (client: RawClient) => Promise<void>): Promise<void> => {
  const redix = await startRedix({}, { dir })
  const client = await redix.connect()
  await use(client)
  client.close()
  await redix.stop()
}

describe("saving", () => {
  it("BGSAVE saves what was there when it was called", async () => {
    await withServer({}, async (redix, client, file, dir) => {
      const replies = await client.pipeline([
        ["SET", "a", "before"],
        ["BGSAVE"],
        ["SET", "a", "after"],
        ["SET", "b", "later"],
      ])
      expect(String(replies[1])).toBe("+Background saving started\r\n")
      await idle(redix)
      expect(checkRdb(file).ok).toBe(true)
      expect(redix.engine.keyspace.dirty).toBe(2)
      await reloaded(dir, async (again) => {
        expect(await again.text("GET", "a")).toBe("$6\r\nbefore\r\n")
        expect(await again.text("DBSIZE")).toBe(":1\r\n")
      })
    })
  })

  it("SAVE answers when the file is there; a second BGSAVE is refused while one runs", async () => {
    await withServer({}, async (redix, client, file) => {
      await client.command("SET", "a", "1")
      expect(await client.text("SAVE")).toBe("+OK\r\n")
      expect(checkRdb(file).ok).toBe(true)
      expect(redix.persistence.state.saves).toBe(1)
      const started = Effect.runPromise(redix.persistence.startBackground())
      const other = localClient(redix.engine)
      expect(other.run("BGSAVE")).toBe("-ERR Background save already in progress\r\n")
      expect(other.run("SAVE")).toBe("-ERR Background save already in progress\r\n")
      await started
      await idle(redix)
    })
  })

  it("a transaction schedules its BGSAVE", async () => {
    await withServer({}, async (redix, client, file) => {
      await client.pipeline([["SET", "a", "1"], ["MULTI"], ["BGSAVE"], ["BGSAVE", "SCHEDULE"]])
      const scheduled = "+Background saving scheduled\r\n"
      expect(await client.text("EXEC")).toBe(`*2\r\n${scheduled}${scheduled}`)
      await untilTrue(() => redix.persistence.state.saves === 1, "the scheduled save")
      expect(fs.existsSync(file)).toBe(true)
    })
  })

  it("a save point that is reached saves", async () => {
    await withServer({ save: "1 2" }, async (redix, client, file) => {
      await client.pipeline([
        ["SET", "a", "1"],
        ["SET", "b", "2"],
      ])
      await untilTrue(() => redix.persistence.state.saves === 1, "the save of the save point")
      expect(fs.existsSync(file)).toBe(true)
      expect(redix.engine.keyspace.dirty).toBe(0)
    })
  })

  it("FLUSHALL empties the file too where there are save points", async () => {
    await withServer({ save: "3600 1" }, async (redix, client, file, dir) => {
      await client.command("SET", "a", "1")
      await client.command("SAVE")
      await client.command("FLUSHALL")
      // The reply came after the save, which counts neither as one of rdb_saves nor leaves a change.
      expect(redix.persistence.state.saves).toBe(2)
      expect(redix.persistence.info()).toContainEqual(["rdb_saves", 1])
      expect(redix.engine.keyspace.dirty).toBe(0)
      expect(checkRdb(file).ok).toBe(true)
      await reloaded(dir, async (again) => expect(await again.text("DBSIZE")).toBe(":0\r\n"))
    })
  })

  it("the end of the layer saves where there are save points", async () => {
    await withTempDir(async (dir) => {
      const redix = await startRedix({}, { dir, save: "3600 1000" })
      const client = await redix.connect()
      await client.command("SET", "a", "1")
      client.close()
      await redix.stop()
      expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
      await reloaded(dir, async (again) => expect(await again.text("GET", "a")).toBe("$1\r\n1\r\n"))
    })
  })
})

describe("a save that fails", () => {
  it("is told in the reply; writes stop until one succeeds", async () => {
    await withServer({ save: "3600 1" }, async (redix, client, file, dir) => {
      await client.command("SET", "a", "1")
      const away = `${dir}-away`
      fs.renameSync(dir, away)
      try {
        expect(await client.text("BGSAVE")).toBe(
          "-ERR Failed saving the DB: open: No such file or directory\r\n",
        )
        expect(redix.persistence.info()).toContainEqual(["rdb_last_bgsave_status", "err"])
        expect(await client.text("SET", "a", "2")).toMatch(/^-MISCONF /)
        expect(await client.text("GET", "a")).toBe("$1\r\n1\r\n")
        await client.command("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
        expect(await client.text("SET", "a", "2")).toBe("+OK\r\n")
        await client.command("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
        expect(await client.text("SET", "a", "3")).toMatch(/^-MISCONF /)
        expect(await client.text("SHUTDOWN")).toBe("-ERR Errors trying to SHUTDOWN. Check logs.\r\n")
        expect(await client.text("SAVE")).toMatch(/^-ERR Failed saving the DB/)
      } finally {
        fs.renameSync(away, dir)
      }
      expect(await client.text("BGSAVE")).toBe("+Background saving started\r\n")
      await idle(redix)
      await untilTrue(() => !redix.engine.gates.saveFailed, "writes allowed again")
      expect(await client.text("SET", "a", "4")).toBe("+OK\r\n")
      expect(fs.existsSync(file)).toBe(true)
    })
  })
})

describe("loading", () => {
  it("answers LOADING until the data set is there", async () => {
    await withServer({}, async (redix, client) => {
      redix.persistence.expectLoad()
      expect(await client.text("GET", "a")).toBe("-LOADING Redis is loading the dataset in memory\r\n")
      await Effect.runPromise(redix.persistence.loadAtStart)
      expect(await client.text("GET", "a")).toBe("$-1\r\n")
    })
  })

  it("DEBUG RELOAD, with and without flushing, saving and merging", async () => {
    await withServer({}, async (_redix, client) => {
      await client.pipeline([
        ["SET", "a", "1"],
        ["RPUSH", "l", "1", "2"],
        ["SET", "t", "x", "PX", "1000000"],
      ])
      const digest = await client.text("DEBUG", "DIGEST")
      expect(await client.text("DEBUG", "RELOAD")).toBe("+OK\r\n")
      expect(await client.text("DEBUG", "DIGEST")).toBe(digest)
      await client.command("SET", "a", "2")
      expect(await client.text("DEBUG", "RELOAD", "NOSAVE")).toBe("+OK\r\n")
      expect(await client.text("DEBUG", "DIGEST")).toBe(digest)
      await client.pipeline([
        ["SET", "a", "2"],
        ["SET", "more", "1"],
      ])
      expect(await client.text("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE")).toBe("+OK\r\n")
      expect(await client.text("GET", "a")).toBe("$1\r\n1\r\n")
      expect(await client.text("GET", "more")).toBe("$1\r\n1\r\n")
      expect(await client.text("DEBUG", "RELOAD", "NOFLUSH")).toBe(
        "-ERR Error trying to load the RDB dump\r\n",
      )
    })
  })

  it("keeps each function library once, however often it is loaded", async () => {
    await withTempDir(async (dir) => {
      const golden = fs.readFileSync(
        new URL("../../testdata/golden/redis-7.0-functions.rdb", import.meta.url),
      )
      fs.writeFileSync(`${dir}/dump.rdb`, golden)
      const redix = await startRedix({ rdbcompression: false }, { dir })
      const client = await redix.connect()
      const libraries = (): number => redix.persistence.rdb.libraries.dump().length
      const before = libraries()
      expect(before).toBeGreaterThan(0)
      expect(await client.text("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE")).toBe("+OK\r\n")
      expect(await client.text("DEBUG", "RELOAD", "NOFLUSH", "MERGE")).toBe("+OK\r\n")
      expect(libraries()).toBe(before)
      expect(await client.text("FLUSHALL")).toBe("+OK\r\n")
      expect(await client.text("SAVE")).toBe("+OK\r\n")
      const saved = fs.readFileSync(`${dir}/dump.rdb`).toString("latin1")
      expect(saved.split("#!lua")).toHaveLength(before + 1)
      client.close()
      await redix.stop()
    })
  })

  it("drops expired keys", async () => {
    await withTempDir(async (dir) => {
      const redix = await startRedix({}, { dir })
      const client = await redix.connect()
      await client.pipeline([
        ["SET", "a", "1"],
        ["SET", "soon", "1", "PX", "40"],
        ["SADD", "set", "1"],
        ["PEXPIRE", "set", "40"],
        ["SAVE"],
      ])
      const { keyspace } = redix.engine
      await untilTrue(() => keyspace.database(0).size === 1, "the expiry of two keys")
      client.close()
      await redix.stop()
      const again = await startRedix({}, { dir })
      expect(again.persistence.state.lastLoadKeys).toBe(1)
      expect(again.persistence.state.lastLoadExpired).toBe(2)
      await again.stop()
    })
  })
})

describeOracle("persistence commands answer as redis-server's", () => {
  it("replies and INFO fields", async () => {
    await withOracle({ config: { save: "3600 1" } }, async (oracle) => {
      await withServer({ save: "3600 1" }, async (redix, client) => {
        const redis = await oracle.connect()
        const commands: ReadonlyArray<ReadonlyArray<string>> = [
          ["SAVE", "x"],
          ["BGSAVE", "x"],
          ["BGSAVE", "SCHEDULE", "x"],
          ["LASTSAVE", "x"],
          ["SET", "a", "1"],
          ["SAVE"],
          ["MULTI"],
          ["SAVE"],
          ["BGSAVE", "x"],
          ["BGSAVE", "schedule"],
          ["EXEC"],
          ["MULTI"],
          ["BGSAVE", "x"],
          ["LASTSAVE", "x"],
          ["EXEC"],
          ["DEBUG", "RELOAD", "X"],
        ]
        for (const words of commands) {
          expect(`${words.join(" ")}: ${await client.text(...words)}`).toBe(
            `${words.join(" ")}: ${await redis.text(...words)}`,
          )
        }
        const info = (await redis.text("INFO", "persistence")).split("\r\n")
        const names = info.filter((line) => line.includes(":")).map((line) => line.split(":")[0])
        expect(redix.persistence.info().map(([name]) => name)).toEqual(names)
        redis.close()
      })
    })
  })
})
