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

for (const tag of tags) {
  const own = readmeBlock(tag)
    .replaceAll('"redix"', '"../src/index.js"')
    .replace(/"redix\/(\w+)"/g, '"../src/$1.js"')
  fs.writeFileSync(fileOf(tag), `${own}\nexport {}\n`)
}

const load = (tag: string): Promise<unknown> => import(/* @vite-ignore */ pathToFileURL(fileOf(tag)).href)

// Its tests become tests of this file.
await load("it-layer")

it("they compile", () => {
  const config = { extends: "../tsconfig.test.json", include: ["*.ts"], exclude: [] }
  fs.writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify(config))
  const compiled = spawnSync(
    process.execPath,
    [path.join(root, "node_modules/typescript/bin/tsc"), "-p", folder, "--noEmit", "--rootDir", root],
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
