/**
 * The package by itself, installed into an empty project without a registry: what is in it, what its subpaths lead to, and
 * servers for tests, which need nothing else. `npm run matrix` tries the same in many more places.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { spawnSync } from "node:child_process"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { app, Project } from "../matrix/Project.js"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { root } from "../support/Program.js"

const STEP_MS_MAX = 300_000

/** Of an app that has Node's types, and of one that has none. */
const TYPES: ReadonlyArray<{ readonly types: ReadonlyArray<string> }> = [{ types: [] }, { types: ["node"] }]

let home = ""
let project: Project
let tarball = ""

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** The files that a part of `exports` or `bin` names. */
const filesIn = (part: unknown): ReadonlyArray<string> => {
  if (typeof part === "string") return [part]
  return isObject(part) ? Object.values(part).flatMap(filesIn) : []
}

beforeAll(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "redix-alone-"))
  const packed = new Project(root).run(
    "npm",
    "pack",
    "--ignore-scripts",
    "--pack-destination",
    home,
    "--silent",
  )
  tarball = path.join(home, packed.trim())
  project = new Project(path.join(home, "app"))
  project.manifest({ type: "module" })
  project.npm("install", "--offline", tarball)
}, STEP_MS_MAX)

afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

describe("the package by itself", () => {
  it("is one package, and a small one", () => {
    const modules = path.join(project.dir, "node_modules")
    expect(fs.readdirSync(modules).filter((name) => !name.startsWith("."))).toEqual(["redix"])
    expect(fs.existsSync(path.join(modules, "redix/node_modules"))).toBe(false)
    expect(fs.statSync(tarball).size).toBeLessThanOrEqual(700_000)
    const inside = path.join(project.dir, "node_modules/redix")
    const files = fs.readdirSync(inside, { recursive: true, encoding: "utf8" })
    const sizes = files.map((file) => fs.statSync(path.join(inside, file))).filter((stat) => stat.isFile())
    expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(2_500_000)
  })

  it("has every file that its manifest names", () => {
    const inside = path.join(project.dir, "node_modules/redix")
    const manifest: unknown = JSON.parse(fs.readFileSync(path.join(inside, "package.json"), "utf8"))
    if (!isObject(manifest)) throw new Error("no manifest")
    const files = ["exports", "bin", "sideEffects", "main", "types"].flatMap((part) =>
      filesIn(manifest[part]),
    )
    expect(files.length).toBeGreaterThan(10)
    expect(files.filter((file) => !fs.existsSync(path.join(inside, file)))).toEqual([])
    expect(isObject(manifest["scripts"]) && "prepare" in manifest["scripts"]).toBe(false)
  })

  it("has what runs commands where nothing knows Effect", () => {
    const inside = path.join(project.dir, "node_modules/redix/dist")
    const texts = fs
      .readdirSync(inside)
      .filter((file) => /\.c?js$/.test(file) && file !== "snapshotWorker.js")
      .map((file) => [file, fs.readFileSync(path.join(inside, file), "utf8")] as const)
    const cores = texts.filter(([file]) => file.startsWith("core-"))
    expect(cores.length).toBeGreaterThan(3)
    for (const [file, text] of cores) {
      expect(text, file).not.toMatch(/require\(["'`]@?effect/)
      expect(text, file).not.toContain("~effect/")
    }
    for (const name of ["Session", "KeyEvents", "CommandContext", "Dispatcher", "Keyspace"]) {
      const made = new RegExp(`\\b${name}=class\\b|\\bclass ${name}\\b`)
      expect(
        cores.some(([, text]) => made.test(text)),
        name,
      ).toBe(true)
    }
  })

  it("has the programs", () => {
    const installed = path.join("node_modules", ".bin")
    expect(project.run(path.join(installed, "redix-server"), "--version")).toMatch(/^Redix server v=/)
    expect(project.run(path.join(installed, "redix-check-rdb"), "--help")).toMatch(/^Usage: redix-check-rdb/)
    expect(project.run(path.join(installed, "redix-check-aof"), "--help")).toMatch(/^Usage: redix-check-aof/)
    const lent = project.run(
      "npx",
      "--no-install",
      "redix",
      "run",
      "--",
      "node",
      "-p",
      "process.env.REDIS_URL",
    )
    expect(lent).toMatch(/^redis:\/\/127\.0\.0\.1:\d+\n$/)
  })

  it("with an Effect that it does not stand on is a conflict of peers, which npm tells by name", () => {
    const older = new Project(path.join(home, "effect-4.0.6"))
    older.write("package.json", '{ "name": "effect", "version": "4.0.6" }')
    const packed = older.run("npm", "pack", "--silent", "--pack-destination", home).trim()
    const pinned = new Project(path.join(home, "pinned"))
    pinned.manifest({ dependencies: { effect: `file:${path.join(home, packed)}`, redix: `file:${tarball}` } })
    // Whoever runs this by a silent npm has made all npm silent.
    const refused = pinned.try(
      "npm",
      "install",
      "--prefer-offline",
      "--no-audit",
      "--no-fund",
      "--loglevel=error",
    )
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain("ERESOLVE")
    expect(refused.stderr).toContain('peerOptional effect@"^4.1.0" from redix')
  })

  it("runs servers for tests without Effect, required and imported", () => {
    project.write("testing.mjs", app("testing.mjs"))
    expect(project.run("node", "testing.mjs")).toBe("testing ok\n")
  })

  it.each(TYPES)("declares servers for tests, for CommonJS and ES modules; types: $types", ({ types }) => {
    const present = path.join(project.dir, "node_modules/@types")
    expect(fs.existsSync(present)).toBe(false)
    for (const name of types.length === 0 ? [] : ["@types/node", "undici-types"]) {
      const folder = path.join("node_modules", name)
      fs.cpSync(path.join(root, folder), path.join(project.dir, folder), { recursive: true })
    }
    const use = `import { type Server, startRedix } from "redix/testing"
export const ask = async (): Promise<Server> => {
  const server = await startRedix({
    config: { maxmemory: "10MB", port: "0", appendonly: true, save: [60, 1], loglevel: "debug", requirepass: "x" },
  })
  await server.advance(1000)
  return server
}
`
    for (const file of ["esm.mts", "common.cts"]) project.write(file, use)
    const wrong = ['port: "abc"', 'loglevel: "loud"', "appendonly: 1", 'maxmemroy: "10mb"']
    const lines = wrong.map((setting) => `startRedix({ config: { ${setting} } })`)
    project.write("wrong.mts", `import { startRedix } from "redix/testing"\n${lines.join("\n")}\n`)
    const compilerOptions = {
      target: "es2022",
      lib: ["es2023"],
      module: "node16",
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      types,
    }
    project.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["esm.mts", "common.cts"] }))
    const compiler = path.join(root, "node_modules/typescript/bin/tsc")
    expect(project.try(process.execPath, compiler, "-p", "tsconfig.json")).toMatchObject({
      code: 0,
      stdout: "",
    })
    project.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["wrong.mts"] }))
    const { stdout } = project.try(process.execPath, compiler, "-p", "tsconfig.json")
    expect(wrong.map((_, i) => stdout.includes(`wrong.mts(${i + 2},`))).toEqual(wrong.map(() => true))
  })
})

describe("declarations", () => {
  const RESOLUTIONS = [
    { types: [], module: "esnext", moduleResolution: "bundler" },
    { types: ["node"], module: "nodenext", moduleResolution: "nodenext" },
  ]
  it.each(RESOLUTIONS)(
    "of each subpath are sound by themselves, resolved by $moduleResolution; types: $types",
    async ({ types, module, moduleResolution }) => {
      await withTempDir(async (dir) => {
        // Beside what it is to find, and nothing else.
        const modules = path.join(dir, "node_modules")
        fs.mkdirSync(path.join(modules, "@types"), { recursive: true })
        for (const name of ["effect", "undici-types", ...types.map((type) => `@types/${type}`)])
          fs.symlinkSync(path.join(root, "node_modules", name), path.join(modules, name))
        fs.cpSync(path.join(root, "dist"), path.join(dir, "dist"), { recursive: true })
        fs.writeFileSync(path.join(dir, "package.json"), '{ "type": "module" }')
        const subpaths = ["index", "client", "persistence", "testing", "vitest", "rdb", "resp"]
        const files = subpaths.map((name) => path.join(dir, "dist", `${name}.d.ts`)).filter(fs.existsSync)
        expect(files.length).toBeGreaterThan(4)
        const compilerOptions = {
          target: "es2022",
          lib: ["es2023", "dom"],
          module,
          moduleResolution,
          strict: true,
          exactOptionalPropertyTypes: true,
          skipLibCheck: false,
          noEmit: true,
          types,
        }
        fs.writeFileSync(path.join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, files }))
        const compiler = path.join(root, "node_modules/typescript/bin/tsc")
        const done = spawnSync(process.execPath, [compiler, "-p", dir], { encoding: "utf8" })
        expect(done.stdout).toBe("")
        expect(done.status).toBe(0)
      })
    },
  )
})
