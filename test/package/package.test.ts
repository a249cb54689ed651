/**
 * The package as its users get it: installed, built and started from a fresh copy of the repository, packed, installed into
 * an empty project, and used there as README.md shows.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { spawnSync } from "node:child_process"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { readmeBlock } from "../docs/Readme.js"
import { freePort } from "../support/OracleServer.js"
import { Program, root, runProgram } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

/** What a clone has: no dependencies, no output. */
const NOT_CLONED = /^(?:node_modules|dist|dist-bench|\.git|result)$|\.tgz$|\.log$|dump\.rdb$/

const STEP_MS_MAX = 300_000

let home = ""
let clone = ""
let project = ""

/** Runs a command to its end; fails with what it said unless it ends well. */
const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): string => {
  const done = spawnSync(command, args, { cwd, encoding: "utf8", env: { ...process.env, CI: "true" } })
  if (done.status !== 0) throw new Error(`${command} ${args.join(" ")}\n${done.stdout}${done.stderr}`)
  return done.stdout
}

const npm = (cwd: string, ...args: ReadonlyArray<string>): string =>
  run(cwd, "npm", ...args, "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error")

const write = (file: string, text: string): void => fs.writeFileSync(path.join(project, file), text)

const options = {
  target: "es2022",
  module: "nodenext",
  moduleResolution: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  types: ["node"],
}

/** Compiles the project's files and answers what node prints for one of them. */
const compileAndRun = async (file: string): Promise<ReadonlyArray<string>> => {
  const compiler = path.join(root, "node_modules/typescript/bin/tsc")
  run(project, process.execPath, compiler, "-p", "tsconfig.json")
  const ended = await runProgram({ command: [process.execPath, file], cwd: project })
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
  return ended.stdout.replace(/\n$/, "").split("\n")
}

beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "redix-package-"))
  clone = path.join(home, "clone")
  project = path.join(home, "project")
  fs.mkdirSync(clone)
  fs.mkdirSync(project)
  for (const entry of fs.readdirSync(root)) {
    if (NOT_CLONED.test(entry)) continue
    const filter = (source: string): boolean => !NOT_CLONED.test(path.basename(source))
    fs.cpSync(path.join(root, entry), path.join(clone, entry), { recursive: true, filter })
  }
})

afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

describe("a fresh clone", () => {
  it(
    "npm ci installs it, npm run build builds it; npm test finds the tests",
    () => {
      const [install = "", test = ""] = readmeBlock("test").trim().split(" && ")
      expect([install, test]).toEqual(["npm ci", "npm test"])
      npm(clone, "ci")
      npm(clone, "run", "build")
      for (const file of ["main.js", "check-rdb.js", "index.js", "index.d.ts", "snapshotWorker.js"]) {
        expect(fs.existsSync(path.join(clone, "dist", file)), file).toBe(true)
      }
      const report = run(clone, "npm", "test", "--", "test/commands/smoke.test.ts", "--no-color")
      expect(report).toMatch(/Test Files +1 passed/)
    },
    STEP_MS_MAX,
  )

  it(
    "npm start serves testdata/dump.rdb, with a command added as README.md says",
    async () => {
      const [install, start = ""] = readmeBlock("start").trim().split(" && ")
      expect([install, start]).toEqual(["npm ci", "npm start"])
      const tag = "src/commands/strings/initial.ts"
      fs.writeFileSync(path.join(clone, tag), readmeBlock(tag))
      const index = path.join(clone, "src/commands/index.ts")
      const families = fs.readFileSync(index, "utf8")
      expect(families).toContain("  ...stringCommands,\n")
      fs.writeFileSync(
        index,
        `import { initialCommands } from "./strings/initial.js"\n${families.replace("  ...stringCommands,\n", "  ...stringCommands,\n  ...initialCommands,\n")}`,
      )
      const scripts: unknown = JSON.parse(fs.readFileSync(path.join(clone, "package.json"), "utf8"))
      expect(scripts).toMatchObject({
        scripts: {
          start: expect.stringMatching(
            /node dist\/main\.js --dir=\.\/testdata --filename=dump\.rdb --port=8000$/,
          ),
        },
      })
      // The line itself; a later --port counts.
      const port = await freePort()
      const program = new Program({
        command: ["npm", "start", "--loglevel=error", "--", `--port=${port}`],
        cwd: clone,
        group: true,
      })
      await program.ready()
      const client = await RawClient.connect({ port })
      expect(await client.text("SET", "kept", "value")).toBe("+OK\r\n")
      expect(await client.text("INITIAL", "kept")).toBe("$1\r\nv\r\n")
      expect(await client.text("COMMAND", "GETKEYS", "INITIAL", "kept")).toBe("*1\r\n$4\r\nkept\r\n")
      expect(await client.text("INITIAL")).toBe("-ERR wrong number of arguments for 'initial' command\r\n")
      client.close()
      await program.stop()
      expect(fs.existsSync(path.join(clone, "testdata/dump.rdb"))).toBe(true)
    },
    STEP_MS_MAX,
  )
})

describe("the packed package", () => {
  it(
    "holds the output and nothing else, and installs into an empty project",
    () => {
      const packed: unknown = JSON.parse(run(clone, "npm", "pack", "--json", "--ignore-scripts"))
      const [first] = Array.isArray(packed) ? packed : Object.values(packed ?? {})
      const { filename, files } = first as {
        readonly filename: string
        readonly files: ReadonlyArray<{ readonly path: string }>
      }
      const names = files.map((file) => file.path)
      for (const name of ["package.json", "README.md", "LICENSE", "dist/index.d.ts", "dist/main.js"]) {
        expect(names).toContain(name)
      }
      expect(names.filter((name) => !/^(?:dist\/|package\.json$|README\.md$|LICENSE$)/.test(name))).toEqual(
        [],
      )
      write("package.json", '{ "name": "app", "private": true, "type": "module" }')
      write("tsconfig.json", JSON.stringify({ compilerOptions: { ...options, skipLibCheck: true } }))
      const own = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
        readonly devDependencies: Readonly<Record<string, string>>
      }
      const wanted = ["ioredis", "@types/node"].map((name) => `${name}@${own.devDependencies[name]}`)
      const effect = `effect@${own.devDependencies["effect"]}`
      npm(project, "install", "--ignore-scripts", path.join(clone, filename), effect, ...wanted)
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
    "runs inside an app, and leaves nothing open",
    async () => {
      write("embed.ts", readmeBlock("embed"))
      // Closed sockets are gone two turns of the loop later; what stays would be seen, and keep the process from ending.
      write(
        "left.ts",
        `import "./embed.js"
const left = () => process.getActiveResourcesInfo().filter((kind) => !/^(?:(?:Pipe|TTY)Wrap|Immediate)$/i.test(kind))
for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
console.log("left:", left().join())
`,
      )
      expect(await compileAndRun("left.js")).toEqual(["hello", "left: "])
    },
    STEP_MS_MAX,
  )

  it(
    "follows what is written",
    async () => {
      write("changes.ts", readmeBlock("changes"))
      expect((await compileAndRun("changes.js")).join("")).toBe("[ 'set visits 1', 'incr visits' ]")
    },
    STEP_MS_MAX,
  )

  it(
    "has commands of the app's own",
    async () => {
      write("commands.ts", readmeBlock("commands-of-your-own"))
      expect(await compileAndRun("commands.js")).toEqual(["hello!"])
    },
    STEP_MS_MAX,
  )

  it(
    "reads and writes RDB files without a server",
    async () => {
      write("copy.ts", readmeBlock("rdb"))
      expect((await compileAndRun("copy.js"))[0]).toMatch(/^[1-9]\d* keys copied$/)
      const checked = run(project, path.join("node_modules", ".bin", "redix-check-rdb"), "copy.rdb")
      expect(checked).toContain("RDB looks OK!")
      fs.writeFileSync(path.join(project, "dump.rdb"), "REDIS0010\xff\xff\xff")
      expect((await compileAndRun("copy.js"))[0]).toMatch(/^dump\.rdb is damaged at byte \d+: ./)
    },
    STEP_MS_MAX,
  )

  it(
    "answers its first command soon after its layer is built",
    async () => {
      write(
        "start.ts",
        `import { Effect } from "effect"
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
`,
      )
      const [times = ""] = await compileAndRun("start.js")
      console.log(`start of the layer to the first reply, five times in one process, ms: ${times}`)
      expect(times.split(" ")).toHaveLength(5)
    },
    STEP_MS_MAX,
  )
})
