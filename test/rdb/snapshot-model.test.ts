/**
 * Random writes run while a snapshot is being written; the file must be what the keyspace was at the instant of the cut,
 * and nothing may be left over of the snapshot. REDIX_EFFORT raises the number of seeds.
 */
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { RdbDecoder } from "../../src/rdb/decode/RdbDecoder.js"
import { RdbLoader } from "../../src/rdb/load/RdbLoader.js"
import { effort } from "../support/Effort.js"
import { localClient } from "../support/Local.js"
import { Random } from "../support/Random.js"
import { compiledWorker, type OpenPersistence, openPersistence, settingsOf } from "./PersistenceSupport.js"
import { keyspaceLines, RandomWrites } from "./RandomWrites.js"
import { checkedKeyspace } from "../support/Memory.js"

const RUNS = effort(4)

/** The file's keys as lines, by way of a keyspace of its own. */
const linesOf = (file: Uint8Array): ReadonlyArray<string> => {
  const keyspace = checkedKeyspace({ databases: 16, now: 0, random: () => 0 })
  const loader = new RdbLoader(keyspace, { limits: settingsOf(), dropExpired: false, duplicates: "refuse" })
  const decoder = new RdbDecoder(loader, { path: "snapshot", totalBytes: file.length, sanitize: true })
  decoder.feed(file)
  decoder.finish()
  keyspace.arena.checkInvariants()
  return keyspaceLines(keyspace)
}

const runOnce = async (seed: string, worker: URL | "inline", snapshots = 1): Promise<void> => {
  const open = await openPersistence({}, worker)
  const { keyspace, engine } = open
  const random = Random.forTest(seed)
  const writes = new RandomWrites(random, localClient(engine), 400)
  writes.fill(6000)
  writes.flushes = random.chance(0.5)
  for (let i = 0; i < snapshots; i++) await snapshotUnderWrites(open, writes, random)
  keyspace.flushAll()
  await open.close()
}

const snapshotUnderWrites = async (
  { keyspace, persistence }: OpenPersistence,
  writes: RandomWrites,
  random: Random,
): Promise<void> => {
  const parts: Array<Uint8Array> = []
  let model: ReadonlyArray<string> = []
  let done = false
  const sink = {
    write: (bytes: Uint8Array) =>
      Effect.gen(function* () {
        parts.push(bytes.slice())
        writes.fill(20)
        yield* Effect.yieldNow
      }),
  }
  const stream = persistence.streamSnapshot(() => {
    model = keyspaceLines(keyspace)
    return { sinks: [sink] }
  })
  const writing = Effect.gen(function* () {
    for (let i = 0; !done || i < 20; i++) {
      writes.fill(random.below(40))
      // A hot stretch now and then, so that a thread is overtaken in the middle of its reading.
      if (random.chance(0.1)) writes.fill(1500)
      yield* Effect.yieldNow
    }
  })
  const result = await Effect.runPromise(
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(writing)
      const streamed = yield* stream
      done = true
      yield* Effect.yieldNow
      void fiber
      return streamed
    }),
  )
  expect(result.failed).toEqual([])
  expect(result.keys).toBe(model.length)
  expect(linesOf(Buffer.concat(parts))).toEqual(model)
  expect(keyspace.arena.snapshot).toBeUndefined()
  while (keyspace.freeSlice(128));
  expect(keyspace.arena.parkedBytes).toBe(0)
  keyspace.arena.checkInvariants()
}

describe("a snapshot under random writes equals the keyspace at its cut", () => {
  for (let run = 0; run < RUNS; run++) {
    it(`on this thread, run ${run}`, async () => {
      await runOnce(`inline ${run}`, "inline")
    })
    it(`by the worker, run ${run}`, async () => {
      await runOnce(`worker ${run}`, compiledWorker)
    })
  }

  it("by one worker, time after time", async () => {
    await runOnce("one worker", compiledWorker, 5)
  })
})
