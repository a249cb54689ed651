/** Test runners as they are out of the box, with servers of `redix/testing`; Effect is not installed. */
import { app, ownVersion, type Project } from "./Project.js"
import type { Case, Given } from "./Tools.js"

const JEST = "jest@30.5.2"
const JSDOM = "jest-environment-jsdom@30.5.2"
const MOCHA = "mocha@12.0.3"

interface Runner {
  readonly name: string
  readonly packages: ReadonlyArray<string>
  readonly suite: "suite.test.cjs" | "suite.test.mjs"
  readonly command: readonly [string, ...ReadonlyArray<string>]
  readonly manifest?: Readonly<Record<string, unknown>>
  /** Of the tests that ran. */
  readonly passed: RegExp
}

const JEST_PASSED = /Tests: +2 passed/
/** Jest looks for `.js` only; the suite is what a project of CommonJS calls so. */
const jestOf = (environment: string) => ({
  jest: { testMatch: ["**/suite.test.cjs"], testEnvironment: environment },
})

const runners: ReadonlyArray<Runner> = [
  {
    name: "Jest",
    packages: [JEST],
    suite: "suite.test.cjs",
    command: ["jest"],
    manifest: jestOf("node"),
    passed: JEST_PASSED,
  },
  {
    name: "Jest, jsdom",
    packages: [JEST, JSDOM],
    suite: "suite.test.cjs",
    command: ["jest"],
    manifest: jestOf("jsdom"),
    passed: JEST_PASSED,
  },
  {
    name: "mocha",
    packages: [MOCHA],
    suite: "suite.test.cjs",
    command: ["mocha", "suite.test.cjs"],
    passed: /2 passing/,
  },
  {
    name: "node --test",
    packages: [],
    suite: "suite.test.cjs",
    command: ["node", "--test"],
    passed: /pass 2/,
  },
  {
    name: "Vitest",
    packages: [ownVersion("vitest")],
    suite: "suite.test.mjs",
    command: ["vitest", "run"],
    passed: /Tests +1 passed/,
  },
]

const installed = ({ tarball }: Given, project: Project, ...packages: ReadonlyArray<string>): void => {
  project.path = [`${project.dir}/node_modules/.bin`]
  project.environment = { NO_COLOR: "1", FORCE_COLOR: "0" }
  project.npm("install", tarball, ownVersion("ioredis"), ...packages)
}

const runtimes = ({
  tools,
}: Given): ReadonlyArray<readonly [name: string, command: ReadonlyArray<string>]> => [
  ...[...tools.node].map(([version, folder]) => [`Node ${version}`, [`${folder}/node`]] as const),
  ["Bun", [`${tools.bin}/bun`]],
  ["Deno", [`${tools.bin}/deno`, "run", "--allow-all", "--node-modules-dir=manual"]],
]

export const runnerCases = (given: Given): ReadonlyArray<Case> => [
  {
    name: "redix/testing without Effect",
    run: (project) => {
      project.manifest({ type: "module" })
      installed(given, project)
      project.write("testing.mjs", app("testing.mjs"))
      for (const [name, [command = "", ...args]] of runtimes(given)) {
        const said = project.run(command, ...args, "testing.mjs")
        if (said !== "testing ok\n") throw new Error(`${name}: ${said}`)
      }
      return runtimes(given)
        .map(([name]) => name)
        .join(", ")
    },
  },
  ...runners.map(({ name, packages, suite, command, manifest, passed }): Case => ({
    name: `redix/testing in ${name}`,
    run: (project) => {
      project.manifest({ ...manifest })
      installed(given, project, ...packages)
      project.write(suite, app(suite))
      const [file, ...args] = command
      const done = project.try(file, ...args)
      const said = `${done.stdout}${done.stderr}`
      if (done.code !== 0 || !passed.test(said) || /did not exit/.test(said)) throw new Error(said)
      return passed.exec(said)?.[0] ?? ""
    },
  })),
]
