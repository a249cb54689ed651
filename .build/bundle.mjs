/**
 * Makes the files of the package out of the sources: `npm run build`, after the compiler has written the declarations.
 *
 *   index, client, persistence, rdb, resp   for apps on Effect: ES modules over shared chunks, with `effect` outside
 *   testing                                 for everybody: CommonJS with all it needs, and an ES module over it
 *   main, run, check-rdb, check-aof              the programs, over the same chunk as `testing`
 *   vitest                                  an ES module over `testing`
 *   snapshotWorker                          the thread that writes snapshots, found beside whichever file starts it
 *
 * What has Effect within is there once and is CommonJS, which Jest and single executables need and ES modules can import:
 * so a suite that both requires and imports `testing` has one of each class, and the package one copy of the server.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"
import { lateFile, LOAD_ALL } from "./late.mjs"
import { coreEntry, namesFile, overCore, planCore } from "./core.mjs"
import { writeDeclarations } from "./declarations.mjs"
import { describeDirectives } from "./directiveTexts.mjs"

const root = fileURLToPath(new URL("../", import.meta.url))
const out = path.join(root, "dist")

const source = (name) => path.join(root, "src", `${name}.ts`)
const present = (names) => names.filter((name) => fs.existsSync(source(name)))
const inputs = (names) => Object.fromEntries(present(names).map((name) => [name, source(name)]))

const FOR_EFFECT = ["index", "client", "persistence", "rdb", "resp"]
const PROGRAMS = ["main", "run", "check-rdb", "check-aof"]
const WITH_EFFECT = [...PROGRAMS, "testing"]

const NODE = /^node:/
const EFFECT = /^effect(?:\/|$)/

/** An app's stack traces show functions by name; space is of no use to anybody. */
const NAMES_KEPT = {
  compress: true,
  mangle: { toplevel: false, keepNames: { function: true, class: true } },
  codegen: { removeWhitespace: true },
}

const report = (level, log, tell) => {
  // Effect looks for Vite's `import.meta.env`, which CommonJS has not.
  if (log.code === "EMPTY_IMPORT_META") return
  tell(level === "warn" ? "error" : level, log)
}

/** What the package's manifest says of side effects is said of what is built, not of the sources. */
const SIGNALS = /\/src\/program\/Signals\.ts$/
const treeshake = {
  moduleSideEffects: [{ test: SIGNALS, sideEffects: true }],
  propertyReadSideEffects: false,
}

/** A runner's browser environment (jsdom) has not all that Node calls global; a module of Node is there all the same. */
const inject = {
  TextEncoder: ["node:util", "TextEncoder"],
  TextDecoder: ["node:util", "TextDecoder"],
  setImmediate: ["node:timers", "setImmediate"],
  clearImmediate: ["node:timers", "clearImmediate"],
  performance: ["node:perf_hooks", "performance"],
}

const write = (name, text, mode = 0o644) => fs.writeFileSync(path.join(out, name), text, { mode })

/** A single other character, and V8 keeps and reads the whole file in two bytes each. They stand in strings only. */
const asciiOf = (code) =>
  code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

const bundle = async ({
  input,
  external = NODE,
  plugins = [],
  transform = {},
  written = (code) => code,
  ...output
}) => {
  const build = await rolldown({
    input,
    external,
    plugins,
    transform,
    treeshake,
    platform: "node",
    cwd: root,
    onLog: report,
  })
  const { output: files } = await build.generate(output)
  await build.close()
  for (const { fileName, code } of files) write(fileName, written(asciiOf(code)))
  return files
}

const reading = { platform: "node", cwd: root, treeshake, onLog: report }

const planned = () => planCore(inputs([...FOR_EFFECT, ...WITH_EFFECT]), source, reading)

const core = (plan, name, at) =>
  bundle({
    input: { [name]: "redix-core-entry" },
    plugins: [coreEntry(plan, at), overCore(plan, at, "cjs")],
    transform: { inject },
    format: "cjs",
    entryFileNames: "[name].cjs",
    codeSplitting: false,
    minify: NAMES_KEPT,
    written: at < plan.names.length ? undefined : lateFile,
  })

const forEffect = (plan) =>
  bundle({
    input: inputs(FOR_EFFECT),
    external: [NODE, EFFECT],
    plugins: [overCore(plan, plan.names.length, "esm")],
    format: "esm",
    chunkFileNames: "shared-[hash].js",
    minify: NAMES_KEPT,
  })

/** What several of them use is one chunk, whose functions call each other directly; what only one uses stays with it. */
const withEffect = async (plan) => {
  const chunks = await bundle({
    input: inputs(WITH_EFFECT),
    plugins: [overCore(plan, plan.names.length, "cjs")],
    transform: { inject },
    format: "cjs",
    entryFileNames: "[name].cjs",
    chunkFileNames: "server-[hash].cjs",
    footer: ({ name, isEntry }) => (isEntry && name === "main" ? LOAD_ALL : ""),
    minify: true,
    codeSplitting: {
      groups: [
        // A signal must not meet Node's answer while the server is loaded.
        { name: "program-signals", test: SIGNALS, priority: 1 },
        { name: "server", minShareCount: 2 },
      ],
    },
  })
  if (!chunks.some(({ moduleIds = [] }) => moduleIds.some((id) => SIGNALS.test(id)))) {
    throw new Error("the program is without what it does at signals")
  }
  const testing = chunks.find(({ fileName }) => fileName === "testing.cjs")
  if (testing !== undefined) {
    write(
      "testing.js",
      `import testing from "./testing.cjs"\nexport const { ${testing.exports.join(", ")} } = testing\n`,
    )
  }
  return chunks
}

const vitest = async () => {
  if (present(["vitest"]).length === 0) return
  const resolveId = (id) => (id === "./testing.js" ? { id, external: true } : null)
  await bundle({
    input: inputs(["vitest"]),
    external: [NODE, /^vitest(?:\/|$)/],
    plugins: [{ name: "testing-is-beside", resolveId }],
    format: "esm",
    codeSplitting: false,
    minify: NAMES_KEPT,
  })
}

/** Runs as an ES module and as CommonJS, for a bundler may copy it to where a `.js` file is either. */
const worker = () =>
  bundle({
    input: { snapshotWorker: path.join(root, "src/rdb/snapshot/snapshotWorker.ts") },
    format: "iife",
    codeSplitting: false,
    minify: true,
    globals: (id) => `process.getBuiltinModule(${JSON.stringify(id)})`,
  })

/** Files of the package's own names that this build has not made. */
const removeStale = (chunks) => {
  const names = new Set(chunks.map(({ fileName }) => fileName))
  for (const file of fs.readdirSync(out)) {
    if (/^(?:shared|server)-[\w-]+\.c?js$/.test(file) && !names.has(file)) fs.rmSync(path.join(out, file))
  }
}

fs.mkdirSync(out, { recursive: true })
const plan = await planned()
const [shared, server] = await Promise.all([
  forEffect(plan),
  withEffect(plan),
  worker(),
  vitest(),
  ...[...plan.names, ...plan.lateNames].map((name, at) => core(plan, name, at)),
])
for (const name of plan.names) write(`${name}-names.cjs`, namesFile(name, shared))
removeStale([...shared, ...server])
// Without the compiler's, as after `npm run bundle` alone, there are none to choose from.
if (fs.existsSync(path.join(out, "index.d.ts"))) {
  const directives = await describeDirectives(source("config/Directives"), reading)
  writeDeclarations(out, [...present(FOR_EFFECT), ...present(["testing", "vitest"])], directives)
}
// The server's last: it is as old as the build.
for (const name of present(PROGRAMS).reverse()) {
  write(`${name}.js`, `#!/usr/bin/env node\nimport "./${name}.cjs"\n`, 0o755)
}
