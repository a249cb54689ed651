/** The program and its file: the load at the start, the save at the end, kill -9 at any moment, by REDIX_EFFORT more often. */
import * as fs from "node:fs"
import { describe, expect, it } from "vitest"
import { checkRdb, withTempDir } from "../rdb/PersistenceSupport.js"
import { effort } from "../support/Effort.js"
import { delay } from "../support/Nodes.js"
import { freePort } from "../support/Oracle.js"
import { Program, runProgram } from "../support/Program.js"
import { Random } from "../support/Random.js"
import { placeFlags } from "../support/children/Flags.js"
import { RawClient } from "../support/RawClient.js"

const LOOPS = effort(3)

interface Running {
  readonly program: Program
  readonly client: RawClient
}

const begin = async (inside: boolean, dir: string, save: string): Promise<Running> => {
  const port = await freePort()
  const program = new Program({ args: [...placeFlags(port, dir), "--save", save], inside })
  await program.ready()
  return { program, client: await RawClient.connect({ host: "127.0.0.1", port }) }
}

const get = async (client: RawClient, key: string): Promise<number> => {
  const m = /^\$\d+\r\n(\d+)/.exec(await client.text("GET", key))
  return m === null ? 0 : Number(m[1])
}

describe("the program's file", () => {
  it("is saved on SHUTDOWN and on SIGTERM as the save points say, and loaded at the start", async () => {
    await withTempDir(async (dir) => {
      const first = await begin(true, dir, "3600 1")
      await first.client.command("SET", "n", "1")
      first.client.sendRaw("SHUTDOWN\r\n")
      expect((await first.program.ended).code).toBe(0)
      const second = await begin(true, dir, "3600 1")
      expect(second.program.stdout).toContain("Done loading RDB, keys loaded: 1, keys expired: 0.")
      expect(await get(second.client, "n")).toBe(1)
      await second.client.command("SET", "n", "2")
      second.program.signal("SIGTERM")
      expect((await second.program.ended).code).toBe(0)
      const third = await begin(true, dir, "")
      expect(await get(third.client, "n")).toBe(2)
      await third.client.command("SET", "n", "3")
      third.client.sendRaw("SHUTDOWN\r\n")
      await third.program.ended
      const fourth = await begin(true, dir, "")
      expect(await get(fourth.client, "n")).toBe(2)
      await fourth.client.command("SET", "n", "4")
      fourth.client.sendRaw("SHUTDOWN SAVE\r\n")
      await fourth.program.ended
      const fifth = await begin(true, dir, "3600 1")
      expect(await get(fifth.client, "n")).toBe(4)
      await fifth.client.command("SET", "n", "5")
      fifth.client.sendRaw("SHUTDOWN NOSAVE\r\n")
      await fifth.program.ended
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
        const args = [...placeFlags(await freePort(), dir), "--save", "1 1"]
        const ended = await runProgram({ args, inside: true })
        expect(ended.code).toBe(1)
        expect(`${ended.stdout}${ended.stderr}`).toMatch(line)
        expect(fs.readFileSync(`${dir}/dump.rdb`)).toEqual(bytes)
        expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
      }
    })
  })

  it.each([
    ["a user that is none", "", "--user a on +nosuch"],
    ["a user that is none, beside an append-only file", "--appendonly yes", "--user a on +nosuch"],
    ["a file of users that is not there", "", "--aclfile nosuch.acl"],
    ["a file of users that is spoilt", "", "--aclfile dump.rdb"],
  ])("is left as it is by a start that fails for %s", async (_, ...flags) => {
    await withTempDir(async (dir) => {
      const golden = fs.readFileSync(new URL("../../testdata/golden/redis-7.0-hashes.rdb", import.meta.url))
      fs.writeFileSync(`${dir}/dump.rdb`, golden)
      const more = flags.flatMap((flag) => flag.split(" ").filter((word) => word !== ""))
      const args = [...placeFlags(await freePort(), dir), "--save", "1 1", ...more]
      const ended = await runProgram({ args, inside: true })
      expect(ended.code).toBe(1)
      expect(`${ended.stdout}${ended.stderr}`).toContain("Bad configuration")
      expect(fs.readFileSync(`${dir}/dump.rdb`)).toEqual(golden)
      expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
    })
  })

  it("is whole after kill -9 at any moment", async () => {
    const random = Random.forTest("kill -9")
    await withTempDir(async (dir) => {
      let saved = 0
      let written = 0
      for (let loop = 0; loop < LOOPS; loop++) {
        const server = await begin(false, dir, "")
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
        await server.program.stop("SIGKILL")
        expect(checkRdb(`${dir}/dump.rdb`).ok).toBe(true)
      }
    })
  })
})
