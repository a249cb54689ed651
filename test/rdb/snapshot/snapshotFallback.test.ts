/** Where the thread that writes snapshots cannot start, this thread writes them, and one line of the log says so. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { expect, it } from "vitest"
import { compiledWorker, openPersistence, withTempDir } from "../PersistenceSupport.js"

/** The lines of the log while two snapshots are written. */
const linesOf = async (worker: URL | "inline"): Promise<ReadonlyArray<string>> => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => void lines.push(String(message)))
  const open = await openPersistence({}, worker)
  try {
    await withTempDir(async (dir) => {
      for (const name of ["first.rdb", "second.rdb"]) {
        const save = open.persistence.saveFile(path.join(dir, name))
        await Effect.runPromise(Effect.provide(save, Logger.layer([logger])))
        expect(fs.readFileSync(path.join(dir, name), "latin1")).toMatch(/^REDIS0010/)
      }
    })
  } finally {
    await open.close()
  }
  return lines
}

it("the built thread starts", async () => {
  expect(await linesOf(compiledWorker)).toEqual([])
})

it("one that is not there is told of once", async () => {
  const lines = await linesOf(new URL("file:///nowhere/snapshotWorker.js"))
  expect(lines).toEqual([
    expect.stringMatching(/^Snapshots are written without a thread of their own: .*nowhere/),
  ])
})

it("nothing is said where none is wanted", async () => {
  expect(await linesOf("inline")).toEqual([])
})
