/**
 * The coverage guard: every command and subcommand the server has is compared with redis-server somewhere, or stands
 * below with the reason why it is not. A command that is added without either fails here.
 *
 * A file compares commands with redis-server if it lies in test/differential/ or is one of the scripts that
 * test/engine/ plays to both servers. A command counts as compared where its name stands there as a word; a subcommand
 * where its name stands in the same file as its container's.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, it } from "vitest"
import { startRedix, type TestRedix } from "../support/Redix.js"

const folder = fileURLToPath(new URL(".", import.meta.url))
const scripts = fileURLToPath(new URL("../engine/", import.meta.url))

const EXCLUDED: Readonly<Record<string, string>> = {
  psync: "turns the connection into a replication link; test/replication compares the stream it starts",
}

const files = [
  ...fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => path.join(folder, name)),
  ...fs
    .readdirSync(scripts)
    .filter((name) => /[sS]cripts?(\.test)?\.ts$/.test(name))
    .map((name) => path.join(scripts, name)),
].filter((name) => name.endsWith(".ts") && !name.endsWith("coverage.test.ts"))

/** The words of a file in upper case, which stand at the start of a string, a line or an object's field... */
interface Words {
  readonly first: ReadonlySet<string>
  /** ... and those after them in a line, or in a string of their own. */
  readonly any: ReadonlySet<string>
}

const wordsOf = (file: string): Words => {
  const text = fs.readFileSync(file, "utf8").toUpperCase()
  const find = (pattern: RegExp): ReadonlySet<string> =>
    new Set([...text.matchAll(pattern)].map((found) => found[1] ?? ""))
  return {
    first: find(/(?:["'`]|^ *)([A-Z][A-Z0-9_-]*)(?=["'`:\s\\])/gm),
    any: find(/["'` ]([A-Z][A-Z0-9_-]*)(?=["'`\s\\])/g),
  }
}

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())

it("every command is compared with redis-server, or says why not", () => {
  const sets = files.map(wordsOf)
  const isCompared = (name: string): boolean => {
    const [word = "", sub] = name.toUpperCase().split("|")
    return sets.some(({ first, any }) => first.has(word) && (sub === undefined || any.has(sub)))
  }
  const names = redix.engine.dispatcher.table.commands.flatMap((cmd) => [
    cmd.name,
    ...[...(cmd.subcommands?.values() ?? [])].map((sub) => sub.name),
  ])
  expect(names.length).toBeGreaterThan(200)
  expect(names.filter((name) => !isCompared(name) && EXCLUDED[name] === undefined)).toEqual([])
  expect(Object.keys(EXCLUDED).filter((name) => !names.includes(name))).toEqual([])
  expect(Object.keys(EXCLUDED).filter(isCompared)).toEqual([])
})
