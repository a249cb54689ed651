/**
 * The tidy test: the rules of the house, checked on every file, so that nobody has to say them in a review.
 * What each rule catches is shown in Rules.test.ts.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import {
  circle,
  deadExports,
  fragments,
  heaps,
  importGraph,
  namedFiles,
  namedInGuide,
  namedThings,
  wordsOf,
} from "./Graph.js"
import {
  bannedCalls,
  fileLength,
  layering,
  lockFile,
  type Offence,
  packageManifest,
  type SourceFile,
  testHabits,
  tooWorldly,
  unfinished,
} from "./Rules.js"

/** Files longer than the rule allows, with their limits. Entries may only shrink and go. */
const allowedLengths: Readonly<Record<string, number>> = {}

const root = fileURLToPath(new URL("../../", import.meta.url))

const read = (file: string): string => fs.readFileSync(path.join(root, file), "utf8")

const sourcesIn = (folder: string): SourceFile[] =>
  fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .map((entry) => `${folder}/${entry.replaceAll(path.sep, "/")}`)
    .filter((file) => file.endsWith(".ts"))
    .sort()
    .map((file) => ({ path: file, text: read(file) }))

/** The rules' own folder quotes what it forbids. */
const isRulebook = (file: SourceFile): boolean => file.path.startsWith("test/house/")

const sources = [...sourcesIn("src"), ...sourcesIn("test")]

/** What apps import. */
const entries = ["index", "client", "persistence", "testing", "vitest", "rdb", "resp"].map(
  (name) => `src/${name}.ts`,
)

/** The declarations of commands are read as a namespace, by the names of the commands. */
const specs = sources.map((file) => file.path).filter((file) => file.startsWith("src/commands/spec/"))

const check = (offences: ReadonlyArray<Offence>): void => {
  expect(offences.map(({ path, line, message }) => `${path}:${line}: ${message}`)).toEqual([])
}

describe("the house", () => {
  it("has sources to check", () => {
    expect(sources.filter((file) => file.path.startsWith("src/")).length).toBeGreaterThan(0)
  })

  it("imports point down", () => {
    check(sources.flatMap(layering))
  })

  it("no imports go in a circle, types included", () => {
    expect(circle(importGraph(sources.filter((file) => file.path.startsWith("src/"))))).toBeUndefined()
  })

  it("no folder is a heap", () => {
    check(heaps(sources.map((file) => file.path)))
  })

  it("no part of a file stands in a file of its own", () => {
    check(fragments(sources.filter((file) => file.path.startsWith("src/"))))
  })

  it("nobody exports what nobody imports", () => {
    check(deadExports(sources, new Set([...entries, ...specs])))
  })

  it("files that comments name are there", () => {
    const paths = new Set(sources.map((file) => file.path))
    check(sources.filter((file) => !isRulebook(file)).flatMap((file) => namedFiles(file, paths)))
  })

  it("names that comments quote are there", () => {
    const words = wordsOf(sources.filter((file) => !isRulebook(file)))
    check(sources.filter((file) => !isRulebook(file)).flatMap((file) => namedThings(file, words)))
  })

  it("so are those that the README quotes", () => {
    const guide = { path: "README.md", text: read("README.md") }
    check(
      namedInGuide(
        guide,
        new Set([...sources.map((file) => file.path), "vitest.config.ts"]),
        wordsOf(sources),
      ),
    )
  })

  it("time, chance, the process and sockets come from services", () => {
    check(sources.flatMap(bannedCalls))
    check(tooWorldly(sources))
  })

  it("holds nothing unfinished and no way around the type checker", () => {
    check(sources.filter((file) => !isRulebook(file)).flatMap(unfinished))
  })

  it("tests run everywhere, assert, and wait for conditions", () => {
    check(sources.filter((file) => !isRulebook(file)).flatMap(testHabits))
  })

  it("files are short enough to read", () => {
    check(sources.flatMap((file) => fileLength(file, allowedLengths)))
    for (const file of Object.keys(allowedLengths)) {
      expect(fs.existsSync(path.join(root, file)), `${file} is gone: remove its allowance`).toBe(true)
    }
  })

  it("dependencies are pinned, and the lock names no registry", () => {
    check(packageManifest(read("package.json")))
    check(lockFile(read("package-lock.json")))
  })
})
