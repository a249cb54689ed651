/**
 * Redix inside of an app that is bundled to one CommonJS file, where modules have no place of their own: it saves, and runs
 * scripts. What of the package is loaded when the first command comes that needs it.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { Program, root } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

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
const loaded = () =>
  Object.keys(require.cache).flatMap((file) => /core-(?!wire|data|engine)(\\w+)\\.cjs$/.exec(file)?.[1] ?? [])
startRedix({}).then(async (server) => {
  await server.call("SET", "key", "value")
  console.log("strings", loaded())
  console.log(await server.call("RPUSH", "list", "a"), loaded())
  console.log(await server.call("EVAL", "return #KEYS", "1", "key"), loaded())
  await server.close()
})
`

const forgetfulApp = `
const { startRedix } = require(${JSON.stringify(path.join(root, "dist/testing.cjs"))})
startRedix({}).then(async (server) => {
  for (const file of Object.keys(require.cache)) delete require.cache[file]
  for (const words of [["RPUSH", "list", "a", "b"], ["LRANGE", "list", "0", "-1"]]) console.log(await server.call(...words))
  for (const script of ["return redis.call('LLEN', KEYS[1])", "return redis.pcall('GET', KEYS[1])['err']"])
    console.log(await server.call("EVAL", script, "1", "list"))
  const again = Object.keys(require.cache).filter((file) => /(?:core-(?:wire|data|engine)|server-.*)\\.cjs$/.test(file))
  console.log(again)
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

it("loads the compiler of scripts with the first script, and most families with the first of their commands", () => {
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", lateApp], { encoding: "utf8" })
  expect(stdout, stderr).toBe("strings []\n1 [ 'lists' ]\n1 [ 'lists', 'lua' ]\n")
})

it("loads late what belongs to the server that asks, where a runner has forgotten the modules it had", () => {
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", forgetfulApp], { encoding: "utf8" })
  const wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value"
  expect(stdout, stderr).toBe(`2\n[ 'a', 'b' ]\n2\n${wrongType}\n[]\n`)
})

it("has all of a server's files in memory by its first reply", async () => {
  await withTempDir(async (dir) => {
    const dist = path.join(root, "dist")
    for (const file of fs.readdirSync(dist))
      if (/\.c?js$/.test(file)) fs.copyFileSync(path.join(dist, file), path.join(dir, file))
    const socket = path.join(dir, "redis.sock")
    const args = ["--port", "0", "--unixsocket", socket, "--save", ""]
    const program = new Program({ command: [process.execPath, path.join(dir, "main.cjs")], args, cwd: dir })
    await program.ready()
    const client = await RawClient.connect({ path: socket })
    expect(String(await client.command("PING"))).toBe("+PONG\r\n")
    for (const file of fs.readdirSync(dir)) if (file.startsWith("core-")) fs.rmSync(path.join(dir, file))
    expect(String(await client.command("RPUSH", "list", "a"))).toBe(":1\r\n")
    expect(String(await client.command("EVAL", "return 2", "0"))).toBe(":2\r\n")
    client.close()
    await program.stop()
  })
})
