/**
 * Runs once before the tests: fixes the run's seed, brings dist/ up to date for tests that start the program, and
 * says in one line whether the differential tests can run. At the end of a whole run it asks the coverage guard.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import type { TestProject } from "vitest/node"
import { COMPARED_FOLDER, readRecord, type RunRecord } from "./coverage/Compared.js"
import { complaint, judge } from "./coverage/CoverageGuard.js"
import { oracleStatus, PORTS_FOLDER } from "./OracleServer.js"
import { runSeed } from "./Random.js"

const root = fileURLToPath(new URL("../../", import.meta.url))

const NAMES_SHOWN_MAX = 40

export default function setup(project: TestProject): () => Promise<void> {
  runSeed()
  buildIfStale()
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "redix-compared-"))
  process.env[COMPARED_FOLDER] = folder
  const ports = fs.mkdtempSync(path.join(os.tmpdir(), "redix-ports-"))
  process.env[PORTS_FOLDER] = ports
  sayIfNoOracle()
  return async () => {
    const record = readRecord(folder)
    fs.rmSync(folder, { recursive: true })
    fs.rmSync(ports, { recursive: true })
    await guardCoverage(project, record)
  }
}

/** Whether every test file has run, and every test in it has passed. */
const isWholeRun = async (project: TestProject): Promise<boolean> => {
  const { projects, state } = project.vitest
  const found = await Promise.all(projects.map((one) => one.globTestFiles()))
  const passed = state
    .getTestModules()
    .filter((module) => module.ok() && [...module.children.allTests("skipped")].length === 0)
  return found
    .flatMap(({ testFiles }) => testFiles)
    .every((file) => passed.some((module) => module.moduleId === file))
}

/** Throws after a whole run, which fails it; after a part of one it only says what was not seen. */
const guardCoverage = async (project: TestProject, { table, compared }: RunRecord): Promise<void> => {
  const verdict = judge(table, compared)
  const words = complaint(verdict)
  if (words === undefined || table.length === 0) return
  if (oracleStatus().available && (await isWholeRun(project))) throw new Error(words)
  const { length } = verdict.missing
  const rest = length > NAMES_SHOWN_MAX ? `${length} of ${table.length} commands were not compared` : words
  console.log(`coverage, of this part of the tests: ${rest}`)
}

const sayIfNoOracle = (): void => {
  const oracle = oracleStatus()
  if (oracle.available) return
  if (process.env["REDIX_REQUIRE_ORACLE"] === "1") {
    throw new Error(`oracle: ${oracle.reason}, and REDIX_REQUIRE_ORACLE=1 asks for it`)
  }
  console.log(`oracle: ${oracle.reason}; differential tests are not run`)
}

/** True when some source file is newer than what was built last. */
const isStale = (): boolean => {
  const built = fs.statSync(path.join(root, "dist/main.js"), { throwIfNoEntry: false })
  if (built === undefined) return true
  return ["src", ".build"].some((folder) =>
    fs
      .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
      .some((entry) => fs.statSync(path.join(root, folder, entry)).mtimeMs > built.mtimeMs),
  )
}

/**
 * A type error does not stop the tests at a developer's desk (the compiler writes its output all the same, and the
 * type check is a step of its own); in CI it does.
 */
const buildIfStale = (): void => {
  if (!isStale()) return
  const compiler = path.join(root, "node_modules", "typescript", "bin", "tsc")
  const build = spawnSync(process.execPath, [compiler, "-p", path.join(root, "tsconfig.json")], {
    encoding: "utf8",
  })
  const bundle = spawnSync("npm", ["run", "bundle"], { cwd: root, encoding: "utf8" })
  if (build.status === 0 && bundle.status === 0) return
  if (process.env["CI"] === "true")
    throw new Error(`build failed\n${build.stdout}${build.stderr}${bundle.stderr}`)
  console.log("build: the compiler reports errors (npm run build shows them); dist/ may not match src/")
}
