/** Whoever meets a name of the package in an editor is told what it is, of directives too. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { directiveNames } from "../../src/config/Directives.js"
import { entries, exportedBy } from "./Exports.js"

/** Some words that begin as a sentence does, up to its end. */
const SENTENCE = /^[A-Z"`][^]*[\w`"')\]][.:](?:\s|$)/

const untold = (file: string, subpath: string): ReadonlyArray<string> =>
  exportedBy(file, subpath)
    .filter(({ comment }) => !SENTENCE.test(comment))
    .map(({ name, comment }) => `${name} "${comment}"`)

it.each(entries())(
  "%s: every export, and every member of one, has a comment of a sentence at least",
  (subpath, file) => {
    expect(exportedBy(file, subpath).length).toBeGreaterThan(1)
    expect(untold(file, subpath)).toEqual([])
  },
)

it("every directive has a comment where an app names it", () => {
  const [, index = ""] = entries().find(([subpath]) => subpath === "redix") ?? []
  const told = new Map(exportedBy(index, "redix").map(({ name, comment }) => [name, comment]))
  const bare = directiveNames.filter((name) => !SENTENCE.test(told.get(`redix: Overrides.${name}`) ?? ""))
  expect(bare).toEqual([])
})

describe("what has no comment is found", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "redix-exports-"))
  afterAll(() => fs.rmSync(folder, { recursive: true }))
  let files = 0
  const found = (text: string, part = ""): ReadonlyArray<string> => {
    const name = `${files++}`
    fs.writeFileSync(path.join(folder, `${name}part.d.ts`), part)
    fs.writeFileSync(path.join(folder, `${name}.d.ts`), text.replaceAll("PART", `./${name}part.js`))
    return untold(path.join(folder, `${name}.d.ts`), "p")
  }

  it.each([
    ["an export", "export declare const a: number", ['p: a ""']],
    ["no sentence", "/** the a */\nexport declare const a: number", ['p: a "the a"']],
    ["a field", "/** An A. */\nexport interface A { readonly b: number }", ['p: A.b ""']],
    ["a field of a type", "/** An A. */\nexport type A = string | { readonly b: number }", ['p: A.b ""']],
    [
      "a method",
      "/** An A. */\nexport declare class A { static a(): void; private b: number }",
      ['p: A.a ""'],
    ],
    ["a member of an object", "/** As. */\nexport declare const a: { b: number }", ['p: a.b ""']],
    [
      "a constructor",
      "/** An A. */\nexport declare class A { constructor(b: number) }",
      ['p: A.constructor ""'],
    ],
    [
      "a fact of an error",
      "/** An A. */\nexport declare class A extends Base<{ readonly b: number }> { get message(): string }",
      ['p: A.b ""'],
    ],
  ])("%s", (_, text, offences) => {
    expect(found(text)).toEqual(offences)
  })

  it("in other files, and in what an interface extends", () => {
    const part = "export interface B { readonly b: number }\n/** An A. */\nexport interface A extends B {}"
    expect(found('export type { A } from "PART"', part)).toEqual(['p: A.b ""'])
    expect(found('export * as All from "PART"', part)).toEqual(['p: All.B ""', 'p: All.B.b ""'])
  })

  it("and what has one is not, nor what is inherited or within", () => {
    const part = "/** A B. */\nexport interface B {\n/** A b. */\nb(): void }"
    const text = `import { B } from "PART"\n/** An A. */\nexport declare class A implements B {\nb(): void }`
    expect(found(text, part)).toEqual([])
    const within =
      "/** An A. */\nexport interface A {\n/** Takes options. */\na(options: { b: number }): void }"
    expect(found(within)).toEqual([])
  })
})
