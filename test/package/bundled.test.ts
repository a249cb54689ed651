/**
 * Redix inside of an app that is bundled to one CommonJS file, where modules have no place of their own: it saves, and runs
 * scripts, whose compiler is loaded when the first comes.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { root } from "../support/Program.js"

const app = `
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { EngineService, PersistenceService, Redix } from ${JSON.stringify(path.join(root, "dist/index.js"))}
import { RedixClient } from ${JSON.stringify(path.join(root, "dist/client.js"))}
const work = Effect.gen(function* () {
  const { keyspace } = yield* EngineService
  const persistence = yield* PersistenceService
  keyspace.arena.alloc(8 * 1024 * 1024)
  yield* persistence.startBackground()
  yield* persistence.saveNow()
  console.log("saved", persistence.state.saves, persistence.state.lastStatus)
  const redis = yield* RedixClient
  console.log("script says", redis.callSync("EVAL", "return cjson.encode({KEYS[1]})", "1", "key"))
})
const layer = Layer.provideMerge(RedixClient.layer(), Redix.layerWith({ dir: process.argv[2] }))
Effect.runPromise(Effect.provide(work, layer))
`

const lateApp = `
const { startRedix } = require(${JSON.stringify(path.join(root, "dist/testing.cjs"))})
const loaded = () => Object.keys(require.cache).some((file) => file.endsWith("core-lua.cjs"))
startRedix({}).then(async (server) => {
  console.log("before", loaded())
  await server.call("SET", "key", "value")
  console.log("without scripts", loaded())
  console.log(await server.call("EVAL", "return #KEYS", "1", "key"), loaded())
  await server.close()
})
`

it("saves from this thread and runs scripts where the worker's module cannot be found", async () => {
  await withTempDir(async (dir) => {
    const [source, bundle] = [path.join(dir, "app.mjs"), path.join(dir, "app.cjs")]
    fs.symlinkSync(path.join(root, "node_modules"), path.join(dir, "node_modules"))
    fs.writeFileSync(source, app)
    const options = ["-f", "cjs", "--platform", "node", "--transform.define", "import.meta.url=undefined"]
    const made = spawnSync(path.join(root, "node_modules/.bin/rolldown"), [source, ...options, "-o", bundle])
    expect(made.status, String(made.stderr)).toBe(0)
    const { stdout, stderr } = spawnSync(process.execPath, [bundle, dir], { encoding: "utf8" })
    expect(stdout, stderr).toContain("saved 2 ok")
    expect(stdout, stderr).toContain('script says ["key"]')
    expect(fs.existsSync(path.join(dir, "dump.rdb"))).toBe(true)
  })
})

it("loads the compiler of scripts with the first script", () => {
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", lateApp], { encoding: "utf8" })
  expect(stdout, stderr).toBe("before false\nwithout scripts false\n1 true\n")
})
