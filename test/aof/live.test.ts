/** The append-only file of a running server: switched on and off under writers, rewritten, and read by both servers. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { describe, expect, it } from "vitest"
import type { Overrides } from "../../src/config/index.js"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { MixedWrites, writeUntil } from "../support/MixedWrites.js"
import { until } from "../support/Nodes.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random, runSeed } from "../support/Random.js"
import { encodeCommand } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const folder = (dir: string): ReadonlyArray<string> => fs.readdirSync(`${dir}/appendonlydir`).sort()
const manifest = (dir: string): string =>
  fs.readFileSync(`${dir}/appendonlydir/appendonly.aof.manifest`, "latin1")

const withServer = async <A>(
  directives: Overrides,
  use: (server: TestRedix, ask: Ask) => Promise<A>,
): Promise<A> => {
  const server = await startRedix({}, directives)
  const client = await server.connect()
  try {
    return await use(server, (...words) => client.text(...words))
  } finally {
    client.close()
    await server.stop()
  }
}

const PERSIST_ALL = `
  for db = 0, 2 do
    redis.call('SELECT', db)
    for _, key in ipairs(redis.call('KEYS', '*')) do redis.call('PERSIST', key) end
  end`

type Ask = (...words: ReadonlyArray<string>) => Promise<string>

/** The digest once no key is left whose time is over, which counts in it for as long as it is there. */
const settledDigest = async (ask: Ask): Promise<string> => {
  await until(
    async () => !/expires=[1-9]/.test(await ask("INFO", "keyspace")),
    () => "no key has a time",
  )
  return ask("DEBUG", "DIGEST")
}

/** As `settledDigest`, after the time was taken off every key. */
const lastingDigest = async (ask: Ask): Promise<string> => {
  await ask("EVAL", PERSIST_ALL, "0")
  return settledDigest(ask)
}

const rewritten = (server: TestRedix): Promise<void> =>
  until(
    () => !server.aof.rewriting && server.aof.status.phase !== "waiting" && !server.aof.status.scheduled,
    () => "the rewrite is done",
  )

const digestOf = (dir: string, directives: Overrides = {}): Promise<string> =>
  withServer({ dir, appendonly: true, ...directives }, (_, ask) => settledDigest(ask))

const oracleDigest = (dir: string): Promise<string> =>
  withOracle({ dir, config: { appendonly: "yes" } }, async (oracle) => {
    const client = await oracle.connect()
    const digest = await settledDigest((...words) => client.text(...words))
    client.close()
    return digest
  })

const checkAof = (dir: string): string => {
  const file = `${dir}/appendonlydir/appendonly.aof.manifest`
  const run = spawnSync("redis-check-aof", [file], { encoding: "utf8", timeout: 60_000 })
  return run.status === 0 ? "valid" : `${run.stdout}${run.stderr}`
}

/** Writes of all kinds from several clients until `work` is done; without keys that go by themselves. */
const underWriters = async (server: TestRedix, work: () => Promise<void>): Promise<void> => {
  const random = new Random(runSeed())
  const clients = await Promise.all([1, 2, 3].map(() => server.connect()))
  let over = false
  const writing = clients.map((client, i) =>
    writeUntil(client, new MixedWrites(random, `${i}:`), () => over, 20),
  )
  try {
    await work()
  } finally {
    over = true
    await Promise.all(writing)
    for (const client of clients) client.close()
  }
}

describe("the files", () => {
  it("begin with a base and an increment, and go on where they ended", () =>
    withTempDir(async (dir) => {
      await withServer({ dir, appendonly: true }, async (_, ask) => {
        expect(manifest(dir)).toBe(
          "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n",
        )
        await ask("SET", "a", "1")
      })
      await withServer({ dir, appendonly: true }, async (_, ask) => {
        expect(await ask("INCR", "a")).toBe(":2\r\n")
        await ask("SELECT", "3")
        await ask("SET", "a", "3")
      })
      await withServer({ dir, appendonly: true }, async (_, ask) => {
        expect(await ask("GET", "a")).toBe("$1\r\n2\r\n")
        await ask("SELECT", "3")
        expect(await ask("GET", "a")).toBe("$1\r\n3\r\n")
      })
      expect(folder(dir)).toEqual([
        "appendonly.aof.1.base.rdb",
        "appendonly.aof.1.incr.aof",
        "appendonly.aof.manifest",
      ])
    }))

  it("are named as the configuration says", () =>
    withTempDir(async (dir) => {
      const names = { appendonly: true, appenddirname: "log", appendfilename: "ä b.aof" }
      await withServer({ dir, ...names }, (_, ask) => ask("SET", "k", "v"))
      expect(fs.readdirSync(`${dir}/log`).sort()).toEqual([
        "ä b.aof.1.base.rdb",
        "ä b.aof.1.incr.aof",
        "ä b.aof.manifest",
      ])
      await withServer({ dir, ...names }, async (_, ask) => expect(await ask("DBSIZE")).toBe(":1\r\n"))
    }))

  it("come before an RDB file at the start", () =>
    withTempDir(async (dir) => {
      await withServer({ dir }, async (_, ask) => {
        await ask("SET", "rdb", "1")
        await ask("SAVE")
      })
      await withServer({ dir, appendonly: true }, async (_, ask) =>
        expect(await ask("DBSIZE")).toBe(":0\r\n"),
      )
    }))

  it("take over the single file of an older server", () =>
    withTempDir(async (dir) => {
      fs.writeFileSync(`${dir}/appendonly.aof`, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")
      await withServer({ dir, appendonly: true }, async (_, ask) => {
        expect(await ask("GET", "k")).toBe("$1\r\nv\r\n")
        await ask("SET", "more", "1")
      })
      const bytes = ["appendonly.aof", "appendonly.aof.1.incr.aof"].map(
        (name) => fs.statSync(`${dir}/appendonlydir/${name}`).size,
      )
      expect(manifest(dir)).toBe(
        `#closed ${(bytes[0] ?? 0) + (bytes[1] ?? 0)}\nfile appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n`,
      )
      await withServer({ dir, appendonly: true }, async (server, ask) => {
        expect(await ask("DBSIZE")).toBe(":2\r\n")
        await ask("BGREWRITEAOF")
        await rewritten(server)
      })
      expect(folder(dir)).toEqual([
        "appendonly.aof.2.base.rdb",
        "appendonly.aof.2.incr.aof",
        "appendonly.aof.manifest",
      ])
    }))

  it("lose a torn transaction and what follows it, whole", () =>
    withTempDir(async (dir) => {
      await withServer({ dir, appendonly: true }, async (server, ask) => {
        await ask("SET", "before", "1")
        const client = await server.connect()
        await client.pipeline([["MULTI"], ["SET", "a", "1"], ["SET", "b", "1"], ["EXEC"]])
        client.close()
      })
      const file = `${dir}/appendonlydir/appendonly.aof.1.incr.aof`
      fs.truncateSync(file, fs.statSync(file).size - 5)
      await withServer({ dir, appendonly: true }, async (_, ask) =>
        expect(await ask("KEYS", "*")).toBe("*1\r\n$6\r\nbefore\r\n"),
      )
      await withServer({ dir, appendonly: true }, async (_, ask) =>
        expect(await ask("DBSIZE")).toBe(":1\r\n"),
      )
    }))

  it("keep keys whose time passes while the server is down until commands have run", () =>
    withTempDir(async (dir) => {
      const commands = [
        ["SET", "k", "v", "PXAT", "1000"],
        ["PERSIST", "k"],
        ["SET", "gone", "v", "PXAT", "1000"],
        ["COPY", "gone", "copy"],
        ["PERSIST", "copy"],
        ["SADD", "set", "m"],
        ["PEXPIREAT", "set", "1000"],
        ["SUNIONSTORE", "union", "set"],
      ]
      fs.writeFileSync(`${dir}/appendonly.aof`, Buffer.concat(commands.map((words) => encodeCommand(words))))
      await withServer({ dir, appendonly: true }, async (_, ask) => {
        expect(await ask("MGET", "k", "gone", "copy")).toBe("*3\r\n$1\r\nv\r\n$-1\r\n$1\r\nv\r\n")
        expect(await ask("SMEMBERS", "union")).toBe("*1\r\n$1\r\nm\r\n")
        expect(await ask("EXISTS", "gone", "set")).toBe(":0\r\n")
      })
    }))
})

describe("switching", () => {
  it("turns on under writers without losing a write, off, and on again", () =>
    withTempDir(async (dir) => {
      let digest = ""
      await withServer({ dir }, async (server, ask) => {
        await underWriters(server, async () => {
          for (const value of ["yes", "no", "yes"]) {
            expect(await ask("CONFIG", "SET", "appendonly", value)).toBe("+OK\r\n")
            await rewritten(server)
            const enabled = `aof_enabled:${value === "yes" ? 1 : 0}`
            expect(await ask("INFO", "persistence")).toContain(enabled)
          }
        })
        digest = await lastingDigest(ask)
      })
      expect(await digestOf(dir)).toBe(digest)
      expect(checkAof(dir)).toBe("valid")
    }))

  it("rewrites under writers, in both forms, with times and with checksums", () =>
    withTempDir(async (dir) => {
      for (const changes of [
        {},
        { "aof-timestamp-enabled": true },
        { "aof-checksum": true, "aof-timestamp-enabled": true },
        { "aof-use-rdb-preamble": false },
      ]) {
        let digest = ""
        await withServer({ dir, appendonly: true, ...changes }, async (server, ask) => {
          await underWriters(server, async () => {
            for (let n = 0; n < 3; n++) {
              expect(await ask("BGREWRITEAOF")).toBe("+Background append only file rewriting started\r\n")
              await rewritten(server)
            }
          })
          expect(await ask("INFO", "persistence")).toContain("aof_last_bgrewrite_status:ok")
          digest = await lastingDigest(ask)
        })
        expect([changes, await digestOf(dir)]).toEqual([changes, digest])
        expect(checkAof(dir)).toBe("valid")
        expect(folder(dir).length).toBe(3)
      }
    }))

  it("rewrites by itself when the file has grown", () =>
    withTempDir(async (dir) => {
      const directives = { dir, appendonly: true, "auto-aof-rewrite-min-size": 1024 }
      await withServer(directives, async (server, ask) => {
        for (let n = 0; n < 40; n++) await ask("SET", "k", "x".repeat(50))
        await until(
          () => server.aof.status.rewrites > 0,
          () => "a rewrite",
        )
        await rewritten(server)
        expect(manifest(dir)).toContain("appendonly.aof.2.base.rdb")
      })
    }))

  it("a server without a file makes a base alone", () =>
    withTempDir(async (dir) => {
      await withServer({ dir }, async (server, ask) => {
        await ask("SET", "k", "v")
        await ask("BGREWRITEAOF")
        await rewritten(server)
        expect(folder(dir)).toEqual(["appendonly.aof.1.base.rdb", "appendonly.aof.manifest"])
      })
    }))
})

it("DEBUG LOADAOF gives back what is in memory, and no replica hears of it", () =>
  withTempDir(async (dir) => {
    await withServer({ dir, appendonly: true }, async (server, ask) => {
      await underWriters(server, async () => {
        await ask("SET", "k", "v")
      })
      const digest = await lastingDigest(ask)
      expect(await ask("DEBUG", "LOADAOF")).toBe("+OK\r\n")
      expect(await settledDigest(ask)).toBe(digest)
      expect(await ask("SET", "k", "w")).toBe("+OK\r\n")
    })
    await withServer({ dir, appendonly: true }, async (_, ask) =>
      expect(await ask("GET", "k")).toBe("$1\r\nw\r\n"),
    )
  }))

describeOracle("both servers", () => {
  it("start from each other's directory", () =>
    withTempDir(async (dir) => {
      for (let round = 0; round < 2; round++) {
        const changes = round === 0 ? {} : { "aof-checksum": true, "aof-timestamp-enabled": true }
        let digest = ""
        await withServer({ dir, appendonly: true, ...changes }, async (server, ask) => {
          await underWriters(server, async () => {
            await ask("BGREWRITEAOF")
            await rewritten(server)
          })
          await ask(
            "FUNCTION",
            "LOAD",
            "REPLACE",
            "#!lua name=l\nredis.register_function('f', function() return 1 end)",
          )
          digest = await lastingDigest(ask)
        })
        expect(await oracleDigest(dir)).toBe(digest)
        await withOracle({ dir, config: { appendonly: "yes" } }, async (oracle) => {
          const client = await oracle.connect()
          expect(await client.text("FCALL", "f", "0")).toBe(":1\r\n")
          const writes = new MixedWrites(new Random(runSeed() + round))
          await client.pipeline(writes.batch(500))
          digest = await lastingDigest((...words) => client.text(...words))
          await client.text("SHUTDOWN").catch(() => "")
        })
        expect(await digestOf(dir)).toBe(digest)
      }
    }))
})
