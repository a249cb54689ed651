/** The packed package as its users get it: installed into an empty project, and used there as README.md shows. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { readmeBlock } from "../docs/Readme.js"
import { root, runProgram } from "../support/Program.js"
import { npm, run, STEP_MS_MAX } from "./Npm.js"

let project = ""

const write = (file: string, text: string): void => fs.writeFileSync(path.join(project, file), text)

const compilerOptions = {
  target: "es2022",
  module: "nodenext",
  moduleResolution: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  types: ["node"],
}

// Closed sockets are gone two turns of the loop later; what stays would be seen, and keep the process from ending.
const LEFT = `import "./embed.js"
const left = () => process.getActiveResourcesInfo().filter((kind) => !/^(?:(?:Pipe|TTY)Wrap|Immediate)$/i.test(kind))
for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
console.log("left:", left().join())
`

/** Prints how long it takes from a layer to its server's first reply, five times. */
const START = `import { Effect } from "effect"
import { Socket } from "node:net"
import { Redix, TcpServer } from "redix"

const ping = (port: number) =>
  Effect.callback<void>((resume) => {
    const socket = new Socket()
    socket.once("data", () => {
      socket.destroy()
      resume(Effect.void)
    })
    socket.connect(port, "127.0.0.1", () => socket.write("PING\\r\\n"))
  })

const once = Effect.scoped(
  Effect.gen(function* () {
    const { ports } = yield* TcpServer
    yield* ping(ports[0] ?? 0)
  }),
)
const times: Array<number> = []
for (let i = 0; i < 5; i++) {
  const begun = performance.now()
  let replied = 0
  await Effect.runPromise(
    once.pipe(
      Effect.tap(() => Effect.sync(() => (replied = performance.now()))),
      Effect.provide(Redix.layerServerWith({ port: 0 })),
    ),
  )
  times.push(replied - begun)
}
console.log(times.map((ms) => ms.toFixed(1)).join(" "))
`

/** A circuit on the test's clock, as the README says of effect/persistence. */
const CIRCUIT = `import { Effect, Layer } from "effect"
import { CircuitBreaker } from "effect/persistence"
import { TestClock } from "effect/testing"
import * as RedixPersistence from "redix/persistence"

const program = Effect.gen(function* () {
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(2),
    openDuration: "1 minute",
  })
  const said: Array<string> = []
  for (let i = 0; i < 3; i++) {
    const error = yield* Effect.flip(breaker.execute(Effect.fail("broken"), { key: "k" }))
    said.push(typeof error === "string" ? error : error.reason._tag)
  }
  yield* TestClock.adjust("61 seconds")
  said.push(yield* breaker.execute(Effect.succeed("fine"), { key: "k" }), (yield* breaker.state("k"))._tag)
  return said.join(" ")
})

const store = CircuitBreaker.layerStoreRedis().pipe(
  Layer.provide(RedixPersistence.layerWith()),
  Layer.provideMerge(TestClock.layer()),
)
console.log(await Effect.runPromise(Effect.scoped(Effect.provide(program, store))))
`

/** The app's modules: README.md's own, and some that look at what they do. */
const modules = (): Readonly<Record<string, string>> => ({
  "embed.ts": readmeBlock("embed"),
  "left.ts": LEFT,
  "changes.ts": readmeBlock("changes"),
  "commands.ts": readmeBlock("commands-of-your-own"),
  "copy.ts": readmeBlock("rdb"),
  "start.ts": START,
  "circuit.ts": CIRCUIT,
})

/** What node prints for one of the compiled modules. */
const printed = async (file: string): Promise<ReadonlyArray<string>> => {
  const ended = await runProgram({ command: [process.execPath, file], cwd: project })
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
  return ended.stdout.replace(/\n$/, "").split("\n")
}

beforeAll(() => {
  project = fs.mkdtempSync(path.join(os.tmpdir(), "redix-package-"))
})

afterAll(() => fs.rmSync(project, { recursive: true, force: true }))

it(
  "holds the output and nothing else, and installs into an empty project",
  () => {
    const packed: unknown = JSON.parse(
      run(root, "npm", "pack", "--json", "--ignore-scripts", "--pack-destination", project),
    )
    const [first] = Array.isArray(packed) ? packed : Object.values(packed ?? {})
    const { filename, files } = first as {
      readonly filename: string
      readonly files: ReadonlyArray<{ readonly path: string }>
    }
    const names = files.map((file) => file.path)
    for (const name of ["package.json", "README.md", "LICENSE", "dist/index.d.ts", "dist/main.js"]) {
      expect(names).toContain(name)
    }
    expect(names.filter((name) => !/^(?:dist\/|package\.json$|README\.md$|LICENSE$)/.test(name))).toEqual([])
    write("package.json", '{ "name": "app", "private": true, "type": "module" }')
    write("tsconfig.json", JSON.stringify({ compilerOptions }))
    const own = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
      readonly devDependencies: Readonly<Record<string, string>>
    }
    const wanted = ["ioredis", "@types/node"].map((name) => `${name}@${own.devDependencies[name]}`)
    const effect = `effect@${own.devDependencies["effect"]}`
    npm(project, "install", "--ignore-scripts", path.join(project, filename), effect, ...wanted)
    expect(run(project, path.join("node_modules", ".bin", "redix-server"), "--version")).toContain(
      "Redix server",
    )
    const golden = path.join(root, "testdata/golden/redis-7.0-lists.rdb")
    fs.copyFileSync(golden, path.join(project, "dump.rdb"))
    const checked = run(project, path.join("node_modules", ".bin", "redix-check-rdb"), "dump.rdb")
    expect(checked).toContain("RDB looks OK!")
  },
  STEP_MS_MAX,
)

it(
  "compiles an app as README.md shows it",
  () => {
    for (const [file, text] of Object.entries(modules())) write(file, text)
    run(project, process.execPath, path.join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.json")
  },
  STEP_MS_MAX,
)

it("runs inside an app, and leaves nothing open", async () => {
  expect(await printed("left.js")).toEqual(["hello", "left: "])
})

it("follows what is written", async () => {
  expect((await printed("changes.js")).join("")).toBe("[ 'set visits 1', 'incr visits' ]")
})

it("has commands of the app's own", async () => {
  expect(await printed("commands.js")).toEqual(["hello!"])
})

it("reads and writes RDB files without a server", async () => {
  expect((await printed("copy.js"))[0]).toMatch(/^[1-9]\d* keys copied$/)
  const checked = run(project, path.join("node_modules", ".bin", "redix-check-rdb"), "copy.rdb")
  expect(checked).toContain("RDB looks OK!")
  fs.writeFileSync(path.join(project, "dump.rdb"), "REDIS0010\xff\xff\xff")
  expect((await printed("copy.js"))[0]).toMatch(/^dump\.rdb is damaged at byte \d+: ./)
})

it("has circuits that open and close on the app's clock", async () => {
  expect(await printed("circuit.js")).toEqual(["broken broken CircuitOpen fine Closed"])
})

it("answers its first command soon after its layer is built", async () => {
  const [times = ""] = await printed("start.js")
  console.log(`start of the layer to the first reply, five times in one process, ms: ${times}`)
  expect(times.split(" ")).toHaveLength(5)
})
