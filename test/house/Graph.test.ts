import { describe, expect, it } from "vitest"
import {
  circle,
  deadExports,
  FOLDER_FILES_MAX,
  FRAGMENT_LINES_MAX,
  fragments,
  heaps,
  importGraph,
  namedFiles,
  namedInGuide,
  namedThings,
  wordsOf,
} from "./Graph.js"
import type { SourceFile } from "./Rules.js"

const files = (texts: Readonly<Record<string, string>>): ReadonlyArray<SourceFile> =>
  Object.entries(texts).map(([path, text]) => ({ path, text }))

describe("circles", () => {
  const found = (texts: Readonly<Record<string, string>>): ReadonlyArray<string> | undefined =>
    circle(importGraph(files(texts)))

  it("are found however long, types included", () => {
    expect(
      found({
        "src/a/A.ts": 'import { b } from "../b/B.js"',
        "src/b/B.ts": 'import type { C } from "./C.js"',
        "src/b/C.ts": 'export * from "../a/A.js"',
      }),
    ).toEqual(["src/a/A.ts", "src/b/B.ts", "src/b/C.ts", "src/a/A.ts"])
  })

  it("are not seen in what only shares a file, or in comments", () => {
    expect(
      found({
        "src/a/A.ts": 'import { b } from "./B.js"\nimport { c } from "./C.js"',
        "src/a/B.ts": 'import { c } from "./C.js"',
        "src/a/C.ts": '// import { a } from "./A.js"',
      }),
    ).toBeUndefined()
  })
})

describe("fragments", () => {
  const lines = (count: number): string => "export const a = 1\n".repeat(count)
  const found = (texts: Readonly<Record<string, string>>): ReadonlyArray<string> =>
    fragments(files(texts)).map(({ path }) => path)

  it("are small files that one neighbour imports", () => {
    const a = 'import { b } from "./B.js"'
    expect(found({ "src/a/A.ts": a, "src/a/B.ts": `// Why.\n${lines(FRAGMENT_LINES_MAX)}` })).toEqual([
      "src/a/B.ts",
    ])
    expect(found({ "src/a/A.ts": a, "src/a/B.ts": lines(FRAGMENT_LINES_MAX + 1) })).toEqual([])
    expect(found({ "src/a/A.ts": a, "src/a/C.ts": a, "src/a/B.ts": lines(1) })).toEqual([])
    expect(found({ "src/a/A.ts": 'import { b } from "../b/B.js"', "src/b/B.ts": lines(1) })).toEqual([])
  })
})

describe("heaps", () => {
  const paths = (count: number): ReadonlyArray<string> =>
    Array.from({ length: count }, (_, i) => `src/x/F${i}.ts`)

  it("are folders with too many files of their own", () => {
    expect(heaps([...paths(FOLDER_FILES_MAX), "src/x/y/G.ts"])).toEqual([])
    expect(heaps(paths(FOLDER_FILES_MAX + 1)).map(({ path }) => path)).toEqual(["src/x"])
  })
})

describe("dead exports", () => {
  it("are those no other file names", () => {
    const offences = deadExports(
      files({
        "src/a/A.ts": "export const used = 1\nexport const dead = used\nexport interface Shape {}",
        "src/index.ts": "export const face = 1",
        "test/a.test.ts": 'import { used, type Shape } from "../src/a/A.js"\n// dead',
      }),
      new Set(["src/index.ts"]),
    )
    expect(offences.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      "2: nobody imports dead: remove it, or its export",
    ])
  })
})

describe("names of files in comments", () => {
  const check = (text: string): number =>
    namedFiles({ path: "src/a/A.ts", text }, new Set(["src/a/A.ts", "src/b/Entry.ts"])).length

  it("must be those of files that are there", () => {
    expect(check("// see Entry.ts and b/Entry.ts")).toBe(0)
    expect(check("/* as in Gone.ts */")).toBe(1)
    expect(check("/* as in a/Entry.ts */")).toBe(1)
    expect(check('const name = "Gone.ts"')).toBe(0)
  })
})

describe("names in comments", () => {
  const told = (comment: string): ReadonlyArray<string> => {
    const [file, other] = files({
      "src/a/A.ts": `/** ${comment} */\nexport const a = "maxmemory"`,
      "src/a/B.ts": "export const kept = `gone`\n// `alsoGone`",
    })
    if (file === undefined || other === undefined) throw new Error("two files")
    return namedThings(file, wordsOf([file, other])).map(({ message }) => message)
  }

  it("are of things that some code has", () => {
    expect(told("As `a` of `kept(1)` with `maxmemory`, `TypedArray.a`; not code: `x + y`.")).toEqual([])
    expect(told("See `a.former`.")).toEqual(["`a.former` is named, and no code has it"])
    expect(told("See `alsoGone`.")).toEqual(["`alsoGone` is named, and no code has it"])
  })
})

describe("what a guide names", () => {
  const told = (text: string): ReadonlyArray<string> =>
    namedInGuide({ path: "README.md", text }, new Set(["src/a/A.ts"]), new Set(["kept"])).map(
      ({ line, message }) => `${line}: ${message}`,
    )

  it("is there: files and folders anywhere, names of the code where it speaks of that", () => {
    expect(
      told("`a/A.ts` in `a/`, `SET key`, `gone`\n```ts\n`Gone.ts`\n```\n## Architecture\n`kept(1)`"),
    ).toEqual([])
    expect(told("`Gone.ts`\n`b/`")).toEqual([
      "1: `Gone.ts` is named, and is not there",
      "2: `b/` is named, and is not there",
    ])
    expect(told("\n## Architecture\n`kept.gone()`")).toEqual(["3: `kept.gone()` is named, and is not there"])
  })
})
