/** README.md's suites for other runners run against the built package, each in a process of its own. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { Program, root } from "../support/Program.js"
import { readmeBlock } from "./Readme.js"

let folder = ""
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "redix-suites-"))
  const modules = path.join(folder, "node_modules")
  fs.mkdirSync(modules)
  fs.symlinkSync(root, path.join(modules, "redix"))
  for (const name of ["ioredis", "redis", "bullmq", "vitest"])
    fs.symlinkSync(path.join(root, "node_modules", name), path.join(modules, name))
  fs.writeFileSync(path.join(folder, "package.json"), "{}")
})
afterAll(() => fs.rmSync(folder, { recursive: true }))

const run = async (file: string, text: string, ...command: [string, ...Array<string>]) => {
  fs.writeFileSync(path.join(folder, file), text)
  const program = new Program({ command: [...command, file], cwd: folder })
  const { code, stderr, stdout } = await program.ended
  return { code, said: `${stdout}${stderr}` }
}

/** Jest's names over node:test: Jest itself runs in the matrix. */
const JEST = `
const { after, afterEach, before, mock, test } = require("node:test")
const { deepEqual } = require("node:assert/strict")
Object.assign(globalThis, {
  test, afterEach, beforeAll: before, afterAll: after,
  expect: (found) => ({ toEqual: (wanted) => deepEqual(found, wanted) }),
  jest: { useFakeTimers: () => mock.timers.enable(), useRealTimers: () => mock.timers.reset() },
})
`

it("Vitest", async () => {
  const bin = path.join(root, "node_modules/vitest/vitest.mjs")
  const ended = await run("suite.test.ts", readmeBlock("vitest"), process.execPath, bin, "run")
  expect(ended.said).toContain("2 passed")
  expect(ended.code).toBe(0)
})

it("Jest", async () => {
  const ended = await run("suite.test.cjs", JEST + readmeBlock("jest"), process.execPath, "--test")
  expect(ended.said).toMatch(/pass 1\b/)
  expect(ended.code).toBe(0)
})

it("node --test", async () => {
  const ended = await run("suite.test.mjs", readmeBlock("node-test"), process.execPath, "--test")
  expect(ended.said).toMatch(/pass 1\b/)
  expect(ended.code).toBe(0)
})

it("BullMQ", async () => {
  const ended = await run("bull.mjs", readmeBlock("bullmq"), process.execPath)
  expect(ended).toMatchObject({ code: 0, said: "sent to Ada\n" })
})

it("a cache of node-redis", async () => {
  const ended = await run("cache.mjs", readmeBlock("cache"), process.execPath)
  expect(ended).toMatchObject({ code: 0, said: "1\n" })
})
