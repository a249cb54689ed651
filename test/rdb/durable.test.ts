/** A save that fails, or a machine that dies, at every step: the file is the old one or the new one, whole. */
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { localClient } from "../support/Local.js"
import { Random } from "../support/Random.js"
import { FakeFiles } from "./FakeFiles.js"
import { openPersistence } from "./PersistenceSupport.js"
import { RandomWrites } from "./RandomWrites.js"

const PATH = "/data/dump.rdb"
const OLD = new TextEncoder().encode("the old file")

const failures = [
  ["ENOSPC", "No space left on device"],
  ["EIO", "Input/output error"],
] as const

const prepare = async (files: FakeFiles) => {
  files.put(PATH, OLD)
  const open = await openPersistence({}, "inline", files.layer)
  const writes = new RandomWrites(Random.forTest("durable"), localClient(open.engine), 300)
  writes.fill(9000)
  return open
}

/** The bytes a save makes when nothing fails, and the steps it takes. */
const reference = async (): Promise<{ readonly steps: ReadonlyArray<string>; readonly bytes: number }> => {
  const files = new FakeFiles()
  const { persistence, keyspace, close } = await prepare(files)
  keyspace.dirty = 7
  const result = await Effect.runPromise(persistence.saveFile(PATH))
  expect(files.read(PATH)?.length).toBe(result.bytes)
  expect(files.paths).toEqual([PATH])
  expect(keyspace.dirty).toBe(0)
  expect(persistence.state.saves).toBe(1)
  await close()
  return { steps: files.steps, bytes: result.bytes }
}

describe("a save that fails", () => {
  it("opens, writes, syncs, renames and syncs the directory, in this order", async () => {
    const { steps } = await reference()
    const order = steps.filter((step, i) => step !== steps[i - 1])
    expect(order).toEqual(["open w", "write", "sync", "rename", "open r", "sync directory"])
    expect(steps.filter((step) => step === "write").length).toBeGreaterThan(1)
  })

  it("leaves the old file, whatever step fails, and says why", async () => {
    const { steps } = await reference()
    for (let k = 0; k < steps.length; k++) {
      const [code, reason] = failures[k % failures.length]
      const files = new FakeFiles()
      const { persistence, keyspace, close } = await prepare(files)
      files.failAt = k
      files.code = code
      keyspace.dirty = 7
      const error = await Effect.runPromise(Effect.flip(persistence.saveFile(PATH)))
      expect(error._tag).toBe("RdbIoError")
      expect(error.reason).toBe(reason)
      expect(files.paths).toEqual([PATH])
      // Only after the rename is the file the new one.
      if (k <= steps.indexOf("rename")) expect(files.read(PATH)).toEqual(OLD)
      expect(keyspace.dirty).toBe(7)
      expect(persistence.state.lastStatus).toBe("err")
      expect(persistence.state.save).toBeUndefined()
      expect(keyspace.arena.snapshot).toBeUndefined()
      files.failAt = -1
      const again = await Effect.runPromise(persistence.saveFile(PATH))
      expect(files.read(PATH)?.length).toBe(again.bytes)
      expect(persistence.state.lastStatus).toBe("ok")
      await close()
    }
  })

  it("leaves the old or the new file after a crash before any step", async () => {
    const files = new FakeFiles()
    const { persistence, close } = await prepare(files)
    const seen: Array<ReadonlyArray<number>> = []
    files.beforeStep = () => {
      for (const bytes of files.afterCrash(PATH)) expect(bytes).toBeDefined()
      seen.push(files.afterCrash(PATH).map((bytes) => bytes?.length ?? 0))
    }
    const result = await Effect.runPromise(persistence.saveFile(PATH))
    files.beforeStep()
    for (const lengths of seen) {
      for (const length of lengths) expect([OLD.length, result.bytes]).toContain(length)
    }
    expect(seen.at(-1)).toEqual([result.bytes, result.bytes])
    await close()
  })
})
