/** The thread that writes snapshots, on runtimes that differ. */
import * as Effect from "effect/Effect"
import type * as threads from "node:worker_threads"
import { afterEach, expect, it, vi } from "vitest"

const options: Array<threads.WorkerOptions | undefined> = []

class NoWorker {
  constructor(_url: URL, given?: threads.WorkerOptions) {
    options.push(given)
    throw new Error("no thread here")
  }
}

vi.spyOn(process, "getBuiltinModule").mockReturnValue({ Worker: NoWorker })

const { openJob } = await import("../../../src/rdb/snapshot/SnapshotJob.js")
const { workerSource } = await import("../../../src/rdb/snapshot/SnapshotSource.js")
const { Threads } = await import("../../../src/rdb/snapshot/Threads.js")
const { checkedKeyspace } = await import("../../support/Memory.js")

const limits = (): threads.ResourceLimits | undefined => {
  const keyspace = checkedKeyspace({ databases: 1, now: 0, random: () => 0 })
  const job = openJob(keyspace, {
    compression: false,
    checksum: false,
    access: "none",
    keyDelay: 0,
    replication: undefined,
    libraries: [],
    part: "all",
  })
  workerSource(
    job,
    Effect.runSync(Threads),
    () => new URL("file:///none.js"),
    false,
    () => Effect.void,
  )
  keyspace.arena.closeSnapshot()
  return options.pop()?.resourceLimits
}

afterEach(() => vi.unstubAllGlobals())

it("has a small heap on Node, and no limits on Deno, where they end the process", () => {
  expect(limits()?.maxOldGenerationSizeMb).toBeGreaterThan(0)
  vi.stubGlobal("Deno", {})
  expect(limits()).toBeUndefined()
})
