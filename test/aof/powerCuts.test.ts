/**
 * Whenever the process or the power ends, a server that starts again has what it acknowledged, as its setting promises, in
 * order and with no half transaction. REDIX_EFFORT raises the number of runs; a seed replays them.
 */
import { describe, expect, it } from "vitest"
import type { Overrides } from "../../src/config/index.js"
import { effort } from "../support/Effort.js"
import { Random, runSeed } from "../support/Random.js"
import type { RawClient } from "../support/RawClient.js"
import { CrashRun } from "./CrashRun.js"

const GENERATIONS = 4
const STEPS_MAX = 120

/** What is done beside the writes. */
type Deed = (client: RawClient, random: Random) => Promise<unknown>

const nothing: Deed = (client) => client.text("PING")

const rewrites: Deed = (client, random) => client.text(random.chance(0.1) ? "BGREWRITEAOF" : "PING")

/** Several ends of one directory, each checked. */
const run = async (
  name: string,
  directives: Overrides,
  how: "kill" | "prefix" | "sectors",
  promise: "acknowledged" | "synced",
  deed: Deed,
): Promise<void> => {
  const random = Random.forTest(name)
  const crash = new CrashRun(random, directives)
  for (let generation = 0; generation < GENERATIONS; generation++) {
    const server = await crash.start()
    crash.endAt(random.between(1, STEPS_MAX), how)
    await crash.write(server, (client) => deed(client, random))
    const label = `${name}, end ${generation} (seed ${runSeed()})`
    const faults = await crash.check(promise).catch((error: unknown) => [`did not start: ${String(error)}`])
    expect(faults, `${label}\n${crash.lines.slice(-30).join("\n")}`).toEqual([])
  }
}

const TIME_MS = 30_000

const many = (
  name: string,
  directives: Overrides,
  how: "kill" | "prefix" | "sectors",
  promise: "acknowledged" | "synced",
  deed: Deed = nothing,
): void => {
  it(name, { timeout: TIME_MS }, async () => {
    for (let round = 0; round < effort(4); round++)
      await run(`${name} ${round}`, directives, how, promise, deed)
  })
}

const always = { appendfsync: "always" } as const
const everysec = { appendfsync: "everysec" } as const
const sums = { "aof-checksum": true }
const commands = { "aof-use-rdb-preamble": false, "aof-timestamp-enabled": true }

describe("when the process is killed", () => {
  many("always: what was acknowledged is there", always, "kill", "acknowledged")
  many("everysec: what was acknowledged is there", everysec, "kill", "acknowledged")
  many(
    "everysec, rewriting: what was acknowledged is there",
    { ...everysec, ...sums },
    "kill",
    "acknowledged",
    rewrites,
  )
})

describe("when the power is cut", () => {
  many("always: what was acknowledged is there", always, "prefix", "acknowledged")
  many("always, with sums and any sector lost or garbled", { ...always, ...sums }, "sectors", "acknowledged")
  many("always, rewriting", { ...always, ...sums }, "sectors", "acknowledged", rewrites)
  many(
    "always, rewriting to commands",
    { ...always, ...sums, ...commands },
    "sectors",
    "acknowledged",
    rewrites,
  )
  many("everysec: what was synced is there", everysec, "prefix", "synced")
  many("everysec, with sums and any sector lost or garbled", { ...everysec, ...sums }, "sectors", "synced")
  many("everysec, rewriting", { ...everysec, ...sums, ...commands }, "sectors", "synced", rewrites)
})
