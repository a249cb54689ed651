import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, expect, it } from "vitest"
import { compared, COMPARED_FOLDER, readRecord, tellTable } from "./Compared.js"
import { complaint, EXCLUDED, judge } from "./CoverageGuard.js"
import { startRedix } from "./Redix.js"

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "redix-compared-test-"))
const before = process.env[COMPARED_FOLDER]
const toRun = (): void => {
  if (before === undefined) delete process.env[COMPARED_FOLDER]
  else process.env[COMPARED_FOLDER] = before
}
afterAll(() => {
  toRun()
  fs.rmSync(folder, { recursive: true })
})

it("a command counts as compared by its name and subcommand, where its reply is its outcome", () => {
  process.env[COMPARED_FOLDER] = folder
  compared(["Get", "k"], "$-1\r\n")
  compared(["SET", "k", "v"], Buffer.from("+OK\r\n"))
  compared(["SET", "k", "v"], "+OK\r\n")
  compared(["client", "ID"], ":1\r\n")
  compared(["CLIENT"], "-ERR wrong number of arguments for 'client' command\r\n")
  compared(["INCR", "k"], "-ERR value is not an integer or out of range\r\n")
  compared(["DECR", "k"], "+QUEUED\r\n")
  compared(["APPEND", "k"], "")
  compared(["NOSUCH", "k"], "+OK\r\n")
  compared([Buffer.from("STRLEN"), "k"], ":1\r\n")
  tellTable(["get", "set"])
  const record = readRecord(folder)
  expect([...record.compared].sort()).toEqual(["client|id", "get", "set"])
  expect(record.table).toEqual(["get", "set"])
})

it("what is neither compared nor excluded is missing, and an exclusion without need is stale", () => {
  const verdict = judge(["get", "psync", "set"], new Set(["get", "psync"]), { psync: "why", gone: "why" })
  expect(verdict).toEqual({ missing: ["set"], stale: ["psync", "gone"] })
  expect(complaint(verdict)).toBe(
    "not compared with redis-server by any test: set\nexcluded from comparison without need: psync, gone",
  )
  expect(complaint(judge(["get"], new Set(["get"]), {}))).toBeUndefined()
})

it("every exclusion is of a command that a server has", async () => {
  toRun()
  const redix = await startRedix()
  // A container without a reply of its own is its subcommands.
  const names = redix.engine.dispatcher.table.byId
    .filter(({ subcommands, arity }) => subcommands === undefined || arity === -1)
    .map(({ name }) => name)
  await redix.stop()
  tellTable(names)
  expect(names.length).toBeGreaterThan(200)
  expect(Object.keys(EXCLUDED).filter((name) => !names.includes(name))).toEqual([])
})
