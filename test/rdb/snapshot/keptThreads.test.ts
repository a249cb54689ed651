/** Threads that write snapshots are kept for the next one: a module in their place counts the tasks it was given. */
import * as fs from "node:fs"
import * as path from "node:path"
import { pathToFileURL } from "node:url"
import * as Effect from "effect/Effect"
import { afterEach, expect, it } from "vitest"
import { openJob } from "../../../src/rdb/snapshot/SnapshotJob.js"
import { makeRing } from "../../../src/rdb/snapshot/SnapshotRing.js"
import type { SnapshotTask } from "../../../src/rdb/snapshot/snapshotWorker.js"
import { Threads } from "../../../src/rdb/snapshot/Threads.js"
import { checkedKeyspace } from "../../support/Memory.js"
import { untilTrue } from "../../support/Patience.js"
import { openPersistence, withTempDir } from "../PersistenceSupport.js"

/** Says "filled" once for each task it has had; the third ends it with an error. */
const COUNTING = `
import { parentPort } from "node:worker_threads"
let tasks = 0
parentPort.on("message", () => {
  if (++tasks === 3) throw new Error("one too many")
  for (let i = 0; i < tasks; i++) parentPort.postMessage("filled")
  parentPort.postMessage("done")
  parentPort.postMessage("idle")
})
`

const threads = Effect.runSync(Threads)
afterEach(() => threads.release?.())

const taskOf = (standBack: boolean): SnapshotTask => {
  const keyspace = checkedKeyspace({ databases: 1, now: 0, random: () => 0 })
  const job = openJob(keyspace, {
    compression: false,
    checksum: false,
    access: "none",
    replication: undefined,
    libraries: [],
  })
  keyspace.arena.closeSnapshot()
  return { job, ring: makeRing(), standBack }
}

/** Runs a task; answers how many the thread has had, or why it failed. */
const run = (module: URL, standBack = true): Promise<number | string> =>
  new Promise((resolve) => {
    let filled = 0
    let failure: string | undefined = undefined
    threads.start(module, taskOf(standBack), {
      message: (message) => void (filled += message === "filled" ? 1 : 0),
      failed: (reason) => void (failure = reason),
      exit: () => resolve(failure ?? filled),
    })
  })

const withModule = (use: (module: URL) => Promise<void>): Promise<void> =>
  withTempDir(async (dir) => {
    const file = path.join(dir, "counting.mjs")
    fs.writeFileSync(file, COUNTING)
    await use(pathToFileURL(file))
  })

it("a thread that stands back is given the next task, too", () =>
  withModule(async (module) => {
    expect(await run(module)).toBe(1)
    await untilTrue(async () => (await run(module)) === 2)
  }))

it("one that fails is not", () =>
  withModule(async (module) => {
    await untilTrue(async () => (await run(module)) === "one too many")
    expect(await run(module)).toBe(1)
  }))

it("one that does not stand back ends, and another has its own priority", () =>
  withModule(async (module) => {
    await untilTrue(async () => (await run(module)) === 2)
    for (let i = 0; i < 3; i++) expect(await run(module, false)).toBe(1)
  }))

it("none is kept when a server has ended", () =>
  withModule(async (module) => {
    await untilTrue(async () => (await run(module)) === 2)
    const open = await openPersistence()
    await open.close()
    expect(await run(module)).toBe(1)
  }))
