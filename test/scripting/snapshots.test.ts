/** Snapshots that are asked for while a script is suspended show all of it: what it changes is logged at its end. */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Node, until, untilEqual, withNodes } from "../support/Nodes.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const THRESHOLD = { "busy-reply-threshold": "30" } as const

/** Lua that counts for so long, so that a part of it taken twice shows. */
const counting = (ms: number): string => `
  local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end
  local begun = now()
  repeat
    redis.call('INCR', 'n')
    redis.call('RPUSH', 'l', 'x')
    for i = 1, 1000 do redis.call('EXISTS', 'n') end
  until now() - begun > ${ms}
  return redis.call('SET', 'done', 'yes')`

const untilBusy = (client: RawClient): Promise<void> =>
  until(
    async () => (await client.text("PING")).startsWith("-BUSY"),
    () => "the script is suspended",
  )

describe("a full sync", () => {
  /** A replica whose snapshot waits for a save to end, which it does while a script is suspended. */
  const sync = async (diskless: string): Promise<void> =>
    withNodes(async (start) => {
      const master = await start("redix", { ...THRESHOLD, "repl-diskless-sync": diskless })
      const replica = await start("redix")
      await master.ask("DEBUG", "POPULATE", 300)
      await master.ask("CONFIG", "SET", "rdb-key-save-delay", 3000)
      expect(await master.ask("BGSAVE")).toBe("Background saving started")
      await replica.follow(master)
      await until(
        async () => (await master.field("slave0")).includes("wait_bgsave"),
        () => "the replica waits for its snapshot",
      )
      await run(master, 3000)
      await replica.untilUp(60_000)
      await untilEqual(master, [replica], 60_000)
      expect(await replica.ask("LLEN", "l")).toBe(await master.ask("GET", "n"))
    })

  const run = async (node: Node, ms: number): Promise<void> => {
    const runner = await node.connect()
    expect(await runner.text("EVAL", counting(ms), 0)).toBe("+OK\r\n")
    runner.close()
  }

  for (const diskless of ["yes", "no"])
    it(`has all of a script or nothing, repl-diskless-sync ${diskless}`, () => sync(diskless))
})

describe("a file", () => {
  let dir: string
  let redix: TestRedix
  beforeEach(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-script-snapshots-"))
    redix = await startRedix({}, { ...THRESHOLD, dir })
  })
  afterEach(async () => {
    await redix.stop()
    fs.rmSync(dir, { recursive: true, force: true })
  })

  /** What a server is that was started from the files. */
  const loaded = async (appendonly: "yes" | "no"): Promise<string> => {
    const second = await startRedix({}, { dir, appendonly })
    const digest = await (await second.connect()).text("DEBUG", "DIGEST")
    await second.stop()
    return digest
  }

  const saves: ReadonlyArray<readonly [string, (server: TestRedix) => Effect.Effect<void, unknown>]> = [
    ["of a save that somebody waits for", ({ persistence }) => persistence.saveNow()],
    ["of a background save", ({ persistence }) => persistence.startBackground()],
  ]
  for (const [name, save] of saves)
    it(`${name} has all of a script`, async () => {
      const [runner, other] = await Promise.all([redix.connect(), redix.connect()])
      const reply = runner.text("EVAL", counting(300), 0)
      await untilBusy(other)
      await Effect.runPromise(save(redix))
      expect(await reply).toBe("+OK\r\n")
      await until(
        () => redix.persistence.state.saves === 1,
        () => "the file is there",
      )
      expect(await loaded("no")).toBe(await other.text("DEBUG", "DIGEST"))
    })

  it("of a scope that ends has all of a script", async () => {
    const [runner, other] = await Promise.all([redix.connect(), redix.connect()])
    await other.text("CONFIG", "SET", "save", "900 1")
    runner.sendRaw(`*3\r\n$4\r\nEVAL\r\n$${counting(300).length}\r\n${counting(300)}\r\n$1\r\n0\r\n`)
    await untilBusy(other)
    await redix.stop()
    redix = await startRedix({}, { dir })
    const client = await redix.connect()
    expect(await client.text("GET", "done")).toBe("$3\r\nyes\r\n")
  })

  it("that is appended to has it once when it is rewritten meanwhile", async () => {
    const [runner, other] = await Promise.all([redix.connect(), redix.connect()])
    await other.text("CONFIG", "SET", "appendonly", "yes")
    await until(
      async () => (await other.text("INFO", "persistence")).includes("aof_rewrite_in_progress:0"),
      () => "the append-only file is there",
    )
    const reply = runner.text("EVAL", counting(300), 0)
    await untilBusy(other)
    await Effect.runPromise(redix.aof.startRewrite())
    expect(await reply).toBe("+OK\r\n")
    await until(
      async () => (await other.text("INFO", "persistence")).includes("aof_rewrite_in_progress:0"),
      () => "the rewrite has ended",
    )
    expect(await other.text("CONFIG", "SET", "appendonly", "no")).toBe("+OK\r\n")
    await until(
      () => !redix.aof.enabled,
      () => "the append-only file is closed",
    )
    expect(await loaded("yes")).toBe(await other.text("DEBUG", "DIGEST"))
  })
})
