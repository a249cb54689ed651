/** The program and its file: the load at the start, the save at the end, kill -9 at any moment, by REDIX_EFFORT more often. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { checkRdb, withTempDir } from "../rdb/PersistenceSupport.js"
import { effort } from "../support/Effort.js"
import { delay } from "../support/Nodes.js"
import { freePort } from "../support/Oracle.js"
import { untilTrue } from "../support/Patience.js"
import { Random } from "../support/Random.js"
import { RawClient } from "../support/RawClient.js"
import { supervised } from "../support/children/Supervised.js"

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url))
const LOOPS = effort(3)

interface Running {
  readonly child: ChildProcess
  readonly client: RawClient
  readonly exited: Promise<number | null>
  readonly log: () => string
}

const start = async (dir: string, ...more: ReadonlyArray<string>): Promise<Running> => {
  const port = await freePort()
  const args = [main, "--port", String(port), "--bind", "127.0.0.1", "--dir", dir, ...more]
  const child = supervised(spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] }))
  let log = ""
  child.stdout.on("data", (chunk: Buffer) => (log += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()))
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)))
  await untilTrue(() => {
    if (child.exitCode !== null) throw new Error(`the server did not start:\n${log}`)
    return log.includes("Ready to accept connections")
  }, "the server is ready")
  const client = await RawClient.connect({ host: "127.0.0.1", port })
  return { child, client, exited, log: () => log }
}

const get = async (client: RawClient, key: string): Promise<number> => {
  const m = /^\$\d+\r\n(\d+)/.exec(await client.text("GET", key))
  return m === null ? 0 : Number(m[1])
}

describe("the program's file", () => {
  it("is saved on SHUTDOWN and on SIGTERM as the save points say, and loaded at the start", async () => {
    await withTempDir(async (dir) => {
      const first = await start(dir, "--save", "3600 1")
      await first.client.command("SET", "n", "1")
      first.client.sendRaw("SHUTDOWN\r\n")
      expect(await first.exited).toBe(0)
      const second = await start(dir, "--save", "3600 1")
      expect(second.log()).toContain("Done loading RDB, keys loaded: 1, keys expired: 0.")
      expect(await get(second.client, "n")).toBe(1)
      await second.client.command("SET", "n", "2")
      second.child.kill("SIGTERM")
      expect(await second.exited).toBe(0)
      const third = await start(dir, "--save", "")
      expect(await get(third.client, "n")).toBe(2)
      await third.client.command("SET", "n", "3")
      third.client.sendRaw("SHUTDOWN\r\n")
      await third.exited
      const fourth = await start(dir, "--save", "")
      expect(await get(fourth.client, "n")).toBe(2)
      await fourth.client.command("SET", "n", "4")
      fourth.client.sendRaw("SHUTDOWN SAVE\r\n")
      await fourth.exited
      const fifth = await start(dir, "--save", "3600 1")
      expect(await get(fifth.client, "n")).toBe(4)
      await fifth.client.command("SET", "n", "5")
      fifth.client.sendRaw("SHUTDOWN NOSAVE\r\n")
      await fifth.exited
      expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
      expect(fs.readFileSync(`${dir}/dump.rdb`).includes(Buffer.from([1, 0x6e, 0xc0, 4]))).toBe(true)
    })
  })

  it("that is corrupt keeps the server from starting and stays as it is", async () => {
    await withTempDir(async (dir) => {
      const golden = fs.readFileSync(new URL("../../testdata/golden/redis-7.0-hashes.rdb", import.meta.url))
      const bad: ReadonlyArray<readonly [Buffer, RegExp]> = [
        [golden.subarray(0, 200), /Fatal error loading the DB: .*dump\.rdb: at byte \d+: .*\. Exiting\./],
        [Buffer.from("REDIS0099"), /can't handle RDB format version 99/],
        [Buffer.alloc(0), /unexpected end of file/],
      ]
      for (const [bytes, line] of bad) {
        fs.writeFileSync(`${dir}/dump.rdb`, bytes)
        const args = [main, "--port", String(await freePort()), "--bind", "127.0.0.1", "--dir", dir]
        const run = spawnSync(process.execPath, [...args, "--save", "1 1"], {
          encoding: "utf8",
          timeout: 20_000,
        })
        expect(run.status).toBe(1)
        expect(`${run.stdout}${run.stderr}`).toMatch(line)
        expect(fs.readFileSync(`${dir}/dump.rdb`)).toEqual(bytes)
        expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
      }
    })
  })

  it("is whole after kill -9 at any moment", async () => {
    const random = Random.forTest("kill -9")
    await withTempDir(async (dir) => {
      let saved = 0
      let written = 0
      for (let loop = 0; loop < LOOPS; loop++) {
        const server = await start(dir, "--save", "")
        const n = await get(server.client, "n")
        expect(n).toBeGreaterThanOrEqual(saved)
        expect(n).toBeLessThanOrEqual(written)
        // Values that make a save take some milliseconds.
        const filler = random.times(200, (i) => ["SET", `filler:${i}`, "abcdefgh".repeat(random.below(4000))])
        await server.client.pipeline(filler)
        const rounds = 1 + random.below(4)
        for (let round = 0; round < rounds; round++) {
          await server.client.command("SET", "n", String(++written))
          if ((await server.client.text("SAVE")) === "+OK\r\n") saved = written
          await server.client.command("SET", "n", String(++written))
        }
        server.client.sendRaw("BGSAVE\r\n")
        await delay(random.below(25))
        server.child.kill("SIGKILL")
        await server.exited
        expect(checkRdb(`${dir}/dump.rdb`).ok).toBe(true)
      }
    })
  })
})
