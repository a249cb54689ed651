/** Redix inside of an app that is bundled to one CommonJS file, where modules have no place of their own: it saves. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { root } from "../support/Program.js"

const app = `
import * as Effect from "effect/Effect"
import { EngineService, PersistenceService, Redix } from ${JSON.stringify(path.join(root, "dist/index.js"))}
const work = Effect.gen(function* () {
  const { keyspace } = yield* EngineService
  const persistence = yield* PersistenceService
  keyspace.arena.alloc(8 * 1024 * 1024)
  yield* persistence.startBackground()
  yield* persistence.saveNow()
  console.log("saved", persistence.state.saves, persistence.state.lastStatus)
})
Effect.runPromise(Effect.provide(work, Redix.layerWith({ dir: process.argv[2] })))
`

it("saves from this thread where the worker's module cannot be found", async () => {
  await withTempDir(async (dir) => {
    const [source, bundle] = [path.join(dir, "app.mjs"), path.join(dir, "app.cjs")]
    fs.symlinkSync(path.join(root, "node_modules"), path.join(dir, "node_modules"))
    fs.writeFileSync(source, app)
    const options = ["-f", "cjs", "--platform", "node", "--transform.define", "import.meta.url=undefined"]
    const made = spawnSync(path.join(root, "node_modules/.bin/rolldown"), [source, ...options, "-o", bundle])
    expect(made.status, String(made.stderr)).toBe(0)
    const { stdout, stderr } = spawnSync(process.execPath, [bundle, dir], { encoding: "utf8" })
    expect(stdout, stderr).toContain("saved 2 ok")
    expect(fs.existsSync(path.join(dir, "dump.rdb"))).toBe(true)
  })
})
