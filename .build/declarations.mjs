/**
 * Of the declarations that the compiler has written, keeps those that an entry of the package leads to, and writes those
 * of `testing` once more for CommonJS: to TypeScript a `.d.ts` of this package is an ES module's. Where they name types of
 * Node, they hold for those who have no `@types/node`, too.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { shakeDeclarations } from "./shakeDeclarations.mjs"

const SPECIFIER = /(\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)(["'])(\.{1,2}\/[^"']+)\.js\2/g

const IGNORED = "// @ts-ignore without @types/node it is any"
const OF_NODE =
  /\bfrom "node:|\bimport\("stream"\)|\b(?:Async)?Disposable\b|\b(?:URL|BufferEncoding|EventEmitter|Duplex)\b/
const COMMENT = /^\s*(?:\/\*|\*|\/\/)/

/** Each line that names a type of Node is one whose errors are nobody's. */
const withoutNodeTypes = (text) => {
  const lines = text.split("\n")
  const code = lines.filter((line) => !COMMENT.test(line))
  const marked = lines.flatMap((line) =>
    OF_NODE.test(line) && !COMMENT.test(line) ? [IGNORED, line] : [line],
  )
  if (!code.some((line) => /\bBuffer\b/.test(line))) return marked.join("\n")
  // At the end, where no comment loses what it is about.
  return `${marked.join("\n")}${IGNORED}\nimport type { Buffer } from "node:buffer";\n`
}

const OVERRIDES = "    readonly [Name in keyof Table]?: OverrideOf<ValueOf<Name>>;\n"

/** Overrides name by name, each with its comment: of a mapped type editors show none. */
const withComments = (text, comments) => {
  if (!text.includes(OVERRIDES)) throw new Error("Overrides are not declared as they were")
  const members = [...comments].map(
    ([name, comment]) => `    /** ${comment} */\n    readonly "${name}"?: OverrideOf<ValueOf<"${name}">>;\n`,
  )
  return text.replace(OVERRIDES, () => members.join(""))
}

const VALUE = /^export (?!type|interface|\{\})/m

/** A module of types alone is the same to both: it is not written a second time. */
const forCommonJs = (file) => {
  const text = fs.readFileSync(file, "utf8").replace(/\n?\/\/# sourceMappingURL=.*$/, "")
  const name = path.basename(file, ".d.ts")
  const same = `export type * from "./${name}.js" with { "resolution-mode": "import" };\n`
  fs.writeFileSync(
    file.replace(/\.d\.ts$/, ".d.cts"),
    VALUE.test(text) ? text.replaceAll(SPECIFIER, "$1$2$3.cjs$2") : same,
  )
}

const prune = (folder, kept) => {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) {
      prune(file, kept)
      if (fs.readdirSync(file).length === 0) fs.rmdirSync(file)
    } else if (!kept(file)) fs.rmSync(file)
  }
}

export const writeDeclarations = (out, entries, comments) => {
  const file = (entry) => path.join(out, `${entry}.d.ts`)
  const all = shakeDeclarations(entries.map(file))
  const common = entries.includes("testing") ? [...shakeDeclarations([file("testing")]).keys()] : []
  for (const [declaration, shaken] of all) {
    const text = withoutNodeTypes(shaken)
    const hasOverrides = declaration === path.join(out, "config/RedixConfig.d.ts")
    fs.writeFileSync(declaration, hasOverrides ? withComments(text, comments) : text)
  }
  common.forEach(forCommonJs)
  const isKept = (name) => {
    const declaration = name.replace(/\.map$/, "").replace(/\.cts$/, ".ts")
    if (!/\.d\.[c]?ts(?:\.map)?$/.test(name)) return path.dirname(name) === out
    return name.endsWith(".d.cts") ? common.includes(declaration) : all.has(declaration)
  }
  prune(out, isKept)
}
