/**
 * Whenever the process or the power ends, a server that starts again has what it acknowledged, as its setting promises, in
 * order and with no half transaction; also when steps on the disk have failed before. Each scene is played once, with another
 * seed in each run of the tests; REDIX_EFFORT has them played so many times, a seed replays them.
 */
import { describe, expect, it } from "vitest"
import type { Overrides } from "../../../src/config/index.js"
import { effort } from "../../support/Effort.js"
import { Random, runSeed } from "../../support/Random.js"
import type { RawClient } from "../../support/RawClient.js"
import { CrashRun, type End } from "./CrashRun.js"

const GENERATIONS = 4
const STEPS_MAX = 140
const FAILURES_MAX = 8
const RUN_MS = 30_000

/** What is done beside the writes. */
type Deed = (client: RawClient, crash: CrashRun) => Promise<unknown>

const nothing: Deed = (client) => client.text("PING")

const rewrites: Deed = (client, { random }) => client.text(random.chance(0.1) ? "BGREWRITEAOF" : "PING")

/** Off and on again, with a rewrite now and then: what has failed too often is not tried again by itself. */
const switches: Deed = async (client, crash) => {
  const { random } = crash
  if (random.chance(0.05)) await crash.turn(client, random.pick(["yes", "no"]))
  await rewrites(client, crash)
}

interface Scene {
  readonly directives: Overrides
  /** How it ends; one of several each time. */
  readonly how: End | ReadonlyArray<End>
  readonly promise: "acknowledged" | "synced"
  readonly deed?: Deed
  readonly fails?: boolean
  /** The directory is an older server's. */
  readonly old?: boolean
}

/** Several ends of one directory, each checked. */
const run = async (name: string, scene: Scene): Promise<void> => {
  const { promise, deed = nothing, fails = false, old = false } = scene
  const random = Random.forTest(name)
  const crash = new CrashRun(random, scene.directives)
  if (old) crash.putOldFile()
  for (let generation = 0; generation < GENERATIONS; generation++) {
    const steps = random.between(1, old && generation < 2 ? 25 : STEPS_MAX)
    const how = typeof scene.how === "string" ? scene.how : random.pick(scene.how)
    const failures = fails ? random.between(1, FAILURES_MAX) : 0
    await crash.run({ how, steps, failures }, (client) => deed(client, crash))
    const label = `${name}, end ${generation} (seed ${runSeed()})`
    const faults = await crash
      .check(how === "kill" ? "acknowledged" : promise)
      .catch((error: unknown) => [`did not start: ${String(error)}`])
    expect(faults, `${label}\n${crash.lines.slice(-60).join("\n")}`).toEqual([])
  }
}

const many = (name: string, scene: Scene): void => {
  const runs = effort(1)
  it(name, { timeout: RUN_MS * (runs + 3) }, async () => {
    for (let round = 0; round < runs; round++) await run(`${name} ${round}`, scene)
  })
}

const always = { appendfsync: "always" } as const
const everysec = { appendfsync: "everysec" } as const
const sums = { "aof-checksum": true }
const commands = { "aof-use-rdb-preamble": false, "aof-timestamp-enabled": true }

const killed = { how: "kill", promise: "acknowledged" } as const
const cutAlways = { how: "prefix", promise: "acknowledged", directives: always } as const
const torn = { how: "sectors", promise: "acknowledged" } as const

describe("when the process is killed", () => {
  many("always", { ...killed, directives: always })
  many("everysec", { ...killed, directives: everysec })
  many("everysec, rewriting", { ...killed, directives: { ...everysec, ...sums }, deed: rewrites })
  many("everysec, switched off and on", { ...killed, directives: everysec, deed: switches })
  many("an older server's file", { ...killed, directives: everysec, old: true })
})

describe("when the power is cut", () => {
  many("always", cutAlways)
  many("always, any sector lost or garbled", { ...torn, directives: { ...always, ...sums } })
  many("always, rewriting", { ...torn, directives: { ...always, ...sums }, deed: rewrites })
  many("always, rewriting to commands", {
    ...torn,
    directives: { ...always, ...sums, ...commands },
    deed: rewrites,
  })
  many("always, switched off and on", { ...torn, directives: { ...always, ...sums }, deed: switches })
  many("always, an older server's file", { ...cutAlways, old: true, deed: rewrites })
  many("everysec", { directives: everysec, how: "prefix", promise: "synced" })
  many("everysec, any sector lost or garbled", {
    directives: { ...everysec, ...sums },
    how: "sectors",
    promise: "synced",
  })
  many("everysec, rewriting", {
    directives: { ...everysec, ...sums, ...commands },
    how: "sectors",
    promise: "synced",
    deed: rewrites,
  })
})

describe("when steps on the disk fail, and then", () => {
  for (const setting of [always, everysec]) {
    const name = setting.appendfsync
    const plain = { ...killed, directives: setting, fails: true }
    many(`the process is killed: ${name}`, plain)
    many(`the process is killed: ${name}, rewriting`, {
      ...plain,
      directives: { ...setting, ...sums },
      deed: rewrites,
    })
    many(`the process is killed: ${name}, switched off and on`, { ...plain, deed: switches })
    many(`the process is killed: ${name}, an older server's file`, { ...plain, old: true })
  }
  many("the power is cut: always", { ...cutAlways, fails: true })
  many("the power is cut: always, rewriting", {
    ...torn,
    directives: { ...always, ...sums, ...commands },
    fails: true,
    deed: rewrites,
  })
  many("the power is cut: always, switched off and on", { ...cutAlways, fails: true, deed: switches })
  const either = {
    how: ["kill", "prefix"],
    promise: "acknowledged",
    directives: always,
    fails: true,
  } as const
  many("the process is killed or the power is cut: always", either)
  many("the process is killed or the power is cut: always, rewriting", {
    ...either,
    how: ["kill", "sectors"],
    directives: { ...always, ...sums },
    deed: rewrites,
  })
  many("the process is killed or the power is cut: everysec", {
    ...either,
    promise: "synced",
    directives: everysec,
    deed: rewrites,
  })
  many("the power is cut: always, an older server's file", { ...cutAlways, fails: true, old: true })
})
