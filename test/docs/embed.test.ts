/** The README's examples without a socket: they compile as an app's own files would, and run. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { afterAll, expect, it, vi } from "vitest"
import { readmeBlock } from "./Readme.js"

const root = fileURLToPath(new URL("../../", import.meta.url))
const said: Readonly<Record<string, string>> = {
  client: '[1,["bob"],"first",["rpush jobs"],"lpush on a string","Ada"]',
  persistence: "1 left, then RateLimitExceeded",
  module: "hello",
}
const tags = [...Object.keys(said), "it-layer"]

/** Inside the repository, so that the packages it has are found. */
const folder = fs.mkdtempSync(path.join(root, ".embed-"))
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

const fileOf = (tag: string): string => path.join(folder, `${tag}.ts`)

/** With what an app imports from somewhere else. */
const own = (tag: string, from: string): string =>
  `${readmeBlock(tag)
    .replaceAll('"redix"', `"${from}/index.js"`)
    .replace(/"redix\/(\w+)"/g, `"${from}/$1.js"`)}\nexport {}\n`

for (const tag of tags) fs.writeFileSync(fileOf(tag), own(tag, "../src"))

const load = (tag: string): Promise<unknown> => import(/* @vite-ignore */ pathToFileURL(fileOf(tag)).href)

// Its tests become tests of this file.
await load("it-layer")

it("they compile", () => {
  const app = path.join(folder, "app")
  fs.mkdirSync(app)
  for (const tag of tags) fs.writeFileSync(path.join(app, `${tag}.ts`), own(tag, "../../dist"))
  const config = { extends: "../../tsconfig.test.json", include: ["*.ts"], exclude: [] }
  fs.writeFileSync(path.join(app, "tsconfig.json"), JSON.stringify(config))
  const compiled = spawnSync(
    process.execPath,
    [path.join(root, "node_modules/typescript/bin/tsc"), "-p", app, "--noEmit", "--rootDir", root],
    { encoding: "utf8" },
  )
  expect(compiled.stdout).toBe("")
  expect(compiled.status).toBe(0)
})

for (const [tag, text] of Object.entries(said))
  it(`${tag} says what it is to say`, async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {})
    try {
      await load(tag)
      expect(log.mock.calls).toEqual([[text]])
    } finally {
      log.mockRestore()
    }
  })
