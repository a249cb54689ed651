/**
 * `npm run matrix`: the packed package in every place where it is to work, each in an empty project of its own: package
 * managers, versions of Node, other runtimes, compilers, bundlers, test runners. All of them come from npm. With words as
 * arguments only the cases whose names contain one of them.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { bundlerCases } from "./Bundlers.js"
import { installCases } from "./Installs.js"
import { Project, root } from "./Project.js"
import { runnerCases } from "./Runners.js"
import { type Case, installTools } from "./Tools.js"
import { typeCases } from "./Types.js"

const reachable = (home: string): boolean => {
  const project = new Project(path.join(home, "probe"))
  project.manifest({})
  return project.try("npm", "view", "effect@4.1.0", "version").code === 0
}

const pack = (home: string): string => {
  const packed = new Project(root).run("npm", "pack", "--pack-destination", home, "--loglevel=error")
  return path.join(home, packed.trim().split("\n").at(-1) ?? "")
}

const selected = (cases: ReadonlyArray<Case>, words: ReadonlyArray<string>): ReadonlyArray<Case> =>
  words.length === 0 ? cases : cases.filter(({ name }) => words.some((word) => name.includes(word)))

const runAll = (cases: ReadonlyArray<Case>, home: string): number => {
  let failed = 0
  for (const [index, one] of cases.entries()) {
    const project = new Project(path.join(home, `case-${index}`))
    const begun = performance.now()
    let said: string
    try {
      said = one.run(project)
    } catch (error) {
      failed++
      said = `FAILED\n${error instanceof Error ? error.message : String(error)}`
    }
    const seconds = ((performance.now() - begun) / 1000).toFixed(0)
    console.log(`${one.name}: ${said} (${seconds} s)`)
    fs.rmSync(project.dir, { recursive: true, force: true })
  }
  return failed
}

const main = (words: ReadonlyArray<string>): number => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), "redix-matrix-"))
  try {
    if (!reachable(home)) {
      console.log("matrix: npm's registry cannot be reached; nothing was tried")
      return 0
    }
    const tarball = pack(home)
    const tools = installTools(home)
    const given = { tarball, tools }
    const all = [installCases, typeCases, bundlerCases, runnerCases].flatMap((cases) => cases(given))
    const cases = selected(all, words)
    const failed = runAll(cases, home)
    console.log(`matrix: ${cases.length - failed} of ${cases.length} cases work`)
    return failed === 0 ? 0 : 1
  } finally {
    fs.rmSync(home, { recursive: true, force: true })
  }
}

process.exitCode = main(process.argv.slice(2))
