import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { Worker } from "node:worker_threads"
import { rolldown } from "rolldown"
import { expect, it } from "vitest"
import { Random } from "../support/Random.js"
import { frozenLines } from "./frozenLines.js"
import { KeyspaceModel } from "./keyspaceModel.js"

it("agrees with plain maps, leaks nothing", () => {
  const r = Random.forTest("keyspace")
  for (let round = 0; round < 12; round++) {
    const m = new KeyspaceModel(r, r.pick([5, 50, 600]))
    for (let i = 0; i < 4000; i++) {
      m.step()
      if (i % 250 === 0) m.check()
    }
    m.check()
    expect(m.leaked()).toBe(0)
  }
})

it("a snapshot's reader sees the instant of opening, whatever is written since", () => {
  const r = Random.forTest("frozen keyspace")
  for (let round = 0; round < 30; round++) {
    const m = new KeyspaceModel(r, r.pick([5, 50, 600]))
    for (let i = 0; i < 1500; i++) m.step()
    for (let again = 0; again < 3; again++) {
      const before = m.lines()
      const { roots } = m
      const { handle } = m.keyspace.arena.openSnapshot()
      for (let phase = 0; phase < 3; phase++) {
        expect(frozenLines(handle, roots)).toEqual(before)
        for (let i = 0; i < 400; i++) m.step()
      }
      expect(frozenLines(handle, roots)).toEqual(before)
      m.check()
      m.keyspace.arena.closeSnapshot()
      m.check()
    }
    expect(m.leaked()).toBe(0)
  }
})

const sha1 = (lines: ReadonlyArray<string>): string =>
  createHash("sha1").update(lines.join("\n")).digest("hex")

it("a reader in another thread sees it too while this one writes", async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-frozen-"))
  try {
    const bundle = await rolldown({
      input: new URL("./frozenWorker.ts", import.meta.url).pathname,
      platform: "node",
      resolve: { extensionAlias: { ".js": [".ts"] } },
      logLevel: "silent",
    })
    const file = path.join(dir, "worker.mjs")
    await bundle.write({ file, format: "esm" })
    await bundle.close()
    const r = Random.forTest("frozen keyspace in a worker")
    for (let round = 0; round < 6; round++) {
      const m = new KeyspaceModel(r, 2000)
      for (let i = 0; i < 6000; i++) m.step()
      const expected = sha1(m.lines())
      const { roots } = m
      const { handle } = m.keyspace.arena.openSnapshot()
      const passes = 10
      const worker = new Worker(file, { workerData: { handle, roots, passes } })
      let digests: ReadonlyArray<string> | undefined
      const ended = new Promise<void>((resolve, reject) => {
        worker.once("message", (seen: ReadonlyArray<string>) => {
          digests = seen
          resolve()
        })
        worker.once("error", reject)
        worker.once("exit", () => resolve())
      })
      let writes = 0
      while (digests === undefined && writes < 5_000_000) {
        for (let i = 0; i < 200; i++, writes++) m.step()
        await new Promise((resolve) => setImmediate(resolve))
      }
      await ended
      expect(digests).toEqual(Array.from({ length: passes }, () => expected))
      expect(writes).toBeGreaterThan(200)
      m.check()
      m.keyspace.arena.closeSnapshot()
      m.check()
      expect(m.leaked()).toBe(0)
      await worker.terminate()
    }
  } finally {
    fs.rmSync(dir, { recursive: true, force: true })
  }
})
