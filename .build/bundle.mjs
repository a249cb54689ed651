/**
 * Makes the files of the package out of the sources: `npm run build`, after the compiler has written the declarations.
 *
 *   index, client, persistence, rdb, resp   for apps on Effect: one set of chunks, `effect` outside
 *   testing                                 for everybody: one CommonJS file with all it needs, and an ES module over it
 *   vitest                                  an ES module over `testing`
 *   main, run                               the server and `redix run`, over one file with all they need
 *   check-rdb                               one file with all it needs
 *   snapshotWorker                          the thread that writes snapshots, found beside whichever file starts it
 *
 * `testing` is one file and not two, because a suite that both requires and imports it must not have two of its classes.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"
import { writeDeclarations } from "./declarations.mjs"

const root = fileURLToPath(new URL("../", import.meta.url))
const out = path.join(root, "dist")

const source = (name) => path.join(root, "src", `${name}.ts`)
const present = (names) => names.filter((name) => fs.existsSync(source(name)))
const inputs = (names) => Object.fromEntries(present(names).map((name) => [name, source(name)]))

const FOR_EFFECT = ["index", "client", "persistence", "rdb", "resp"]
const SERVERS = ["main", "run"]

const NODE = /^node:/
const EFFECT = /^effect(?:\/|$)/

/** What a bundle's modules are called in a stack trace matters more than some bytes; space does not. */
const COMPACT = { compress: true, mangle: false, codegen: { removeWhitespace: true } }

const warned = (level, log, report) => {
  // Asked for: whoever has no worker's file beside writes snapshots on the thread at hand.
  if (log.code === "EMPTY_IMPORT_META") return
  report(level === "warn" ? "error" : level, log)
}

const bundle = async (input, output, external = NODE, plugins = []) => {
  const build = await rolldown({ input, external, plugins, platform: "node", cwd: root, onLog: warned })
  const written = await build.write({ dir: out, cleanDir: false, ...output })
  await build.close()
  return written.output
}

const forEffect = () =>
  bundle(inputs(FOR_EFFECT), { format: "esm", chunkFileNames: "shared-[hash].js", minify: COMPACT }, [
    NODE,
    EFFECT,
  ])

const testing = async () => {
  if (present(["testing"]).length === 0) return
  const output = { format: "cjs", entryFileNames: "[name].cjs", codeSplitting: false, minify: true }
  const [{ exports }] = await bundle(inputs(["testing"]), output)
  const module = `import testing from "./testing.cjs"\nexport const { ${exports.join(", ")} } = testing\n`
  fs.writeFileSync(path.join(out, "testing.js"), module)
}

const vitest = async () => {
  if (present(["vitest"]).length === 0) return
  const beside = {
    name: "testing-beside",
    resolveId: (id) => (id === "./testing.js" ? { id, external: true } : null),
  }
  await bundle(
    inputs(["vitest"]),
    { format: "esm", codeSplitting: false, minify: COMPACT },
    [NODE, /^vitest/],
    [beside],
  )
}

const servers = () =>
  bundle(inputs(SERVERS), { format: "esm", chunkFileNames: "server-[hash].js", minify: true })

const checker = () => bundle(inputs(["check-rdb"]), { format: "esm", codeSplitting: false, minify: true })

/** Runs as an ES module and as CommonJS, for a bundler may copy it to where it is either. */
const worker = () =>
  bundle(
    { snapshotWorker: path.join(root, "src/rdb/snapshot/snapshotWorker.ts") },
    {
      format: "iife",
      codeSplitting: false,
      minify: true,
      globals: (id) => `process.getBuiltinModule(${JSON.stringify(id)})`,
    },
  )

/** Chunks of an earlier build. */
const removeStale = (fresh) => {
  const names = new Set(fresh.map(({ fileName }) => fileName))
  for (const file of fs.readdirSync(out)) {
    if (/^(?:shared|server)-[\w-]+\.js$/.test(file) && !names.has(file)) fs.rmSync(path.join(out, file))
  }
}

fs.mkdirSync(out, { recursive: true })
await Promise.all([testing(), vitest(), worker(), checker()])
// The server last: its file is as old as the build.
removeStale([...(await forEffect()), ...(await servers())])
if (fs.existsSync(path.join(out, "index.d.ts"))) {
  writeDeclarations(out, [...present(FOR_EFFECT), ...present(["testing", "vitest"])])
}
