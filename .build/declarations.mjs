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

const DIRECTIVES_FILE = "testing/Directives.d.ts"
const PLAIN_TYPES = `type Count = number | \`\${number}\`;
type Unit = "b" | "k" | "kb" | "m" | "mb" | "g" | "gb";
type Bytes = Count | \`\${number}\${Unit | Uppercase<Unit>}\`;
type Text = string | number | Uint8Array;
type Words = Text | boolean | ReadonlyArray<string | number>;
`

/** Each directive with its comment, in types of JavaScript alone, for suites, which know nothing of Effect. */
const plainDirectives = (directives) => {
  const members = [...directives].map(
    ([name, { comment, type }]) => `    /** ${comment} */\n    readonly "${name}"?: ${type};\n`,
  )
  const filename =
    "    /** As `dbfilename`, which is its name in redis.conf. */\n    readonly filename?: Text;\n"
  const head =
    '/** Directives of redis.conf by name: `{ maxmemory: "10mb", save: "" }`. Lists are the words of a line. */'
  return `${PLAIN_TYPES}${head}\nexport interface Directives {\n${members.join("")}${filename}}\n`
}

const COMMENTED =
  "    readonly [Name in keyof Directives]?: Name extends keyof Table ? OverrideOf<ValueOf<Name>> : string;\n"

/** Overrides by the names of the plain directives, whose comments they have then; those of a table have none. */
const withComments = (text) => {
  if (!text.includes(OVERRIDES)) throw new Error("Overrides are not declared as they were")
  const named = text.replace(OVERRIDES, () => COMMENTED)
  return `${named}import type { Directives } from "../testing/Directives.js";\n`
}

const IMPORTED = 'import type { Overrides } from "../config/index.js";\n'
const DIRECTIVES = "export type Directives = Overrides;\n"

/** What suites see: the plain directives in place of those with Effect's types. */
const withoutEffect = (text) => {
  if (!text.includes(IMPORTED) || !text.includes(DIRECTIVES))
    throw new Error("Directives are not declared as they were")
  const from = 'type { Directives } from "./Directives.js";\n'
  return text.replace(IMPORTED, `import ${from}`).replace(DIRECTIVES, `export ${from}`)
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

export const writeDeclarations = (out, entries, directives) => {
  const file = (entry) => path.join(out, `${entry}.d.ts`)
  const ofTesting = path.join(out, "testing/Types.d.ts")
  fs.writeFileSync(path.join(out, DIRECTIVES_FILE), plainDirectives(directives))
  if (entries.includes("testing"))
    fs.writeFileSync(ofTesting, withoutEffect(fs.readFileSync(ofTesting, "utf8")))
  const all = shakeDeclarations(entries.map(file))
  const common = entries.includes("testing") ? [...shakeDeclarations([file("testing")]).keys()] : []
  for (const [declaration, shaken] of all) {
    const text = withoutNodeTypes(shaken)
    const hasOverrides = declaration === path.join(out, "config/RedixConfig.d.ts")
    fs.writeFileSync(declaration, hasOverrides ? withComments(text) : text)
  }
  common.forEach(forCommonJs)
  const isKept = (name) => {
    const declaration = name.replace(/\.map$/, "").replace(/\.cts$/, ".ts")
    if (!/\.d\.[c]?ts(?:\.map)?$/.test(name)) return path.dirname(name) === out
    return name.endsWith(".d.cts") ? common.includes(declaration) : all.has(declaration)
  }
  prune(out, isKept)
}
