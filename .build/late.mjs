/**
 * Files of the core that are loaded when one of their functions is first called, with all that nothing else needs: few
 * suites use every family of commands, and reading a file takes longer than all else that a start does.
 *
 * Whoever imports one of their roots gets a stub in its place. It has the root's functions, each of which loads the file,
 * and its lists of commands, whose handlers do. A file that comes late is given the modules which its loader has: a runner
 * that has forgotten them meanwhile (`jest.resetModules`) would give it others, whose state is not the server's.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { parseSync } from "rolldown/utils"

const families = (name, ...sources) => ({ name, roots: sources.map((source) => `commands/${source}`) })

export const LATE = [
  { name: "core-lua", roots: ["lua/Sandbox"] },
  families("core-lists", "lists/lists", "lists/listPops"),
  families("core-sets", "sets/sets", "sets/setsAlgebra", "sets/setsRandom"),
  families(
    "core-sorted",
    ...["", "Add", "Algebra", "Pop", "Random", "Range"].map((part) => `sortedSets/sortedSets${part}`),
    "geo/geo",
    "geo/geoSearch",
  ),
  families("core-streams", "streams/streams"),
  families("core-bits", "bitmaps/bitmap", "hyperloglog/hyperloglog"),
  families("core-sort", "keys/sort"),
]

/** The module that loads them; it is in the last file of the core. */
export const LOADER = "redix-core-late"
export const LOADING = ["loadLate", "loadAllLate"]
/** What a late file has beside its own exports: the handlers of a root's commands. */
const HANDLERS = "lateHandlers"

const isNode = (value) => typeof value === "object" && value !== null && typeof value.type === "string"
const childrenOf = (node) => Object.values(node).flat().filter(isNode)

const isHandled = ({ type, callee }) => type === "CallExpression" && callee.name === "command"

/** Visits what is left of a list of commands without their handlers. */
const visit = (node, enter) => {
  enter(node)
  for (const child of isHandled(node) ? [node.callee, node.arguments[0]] : childrenOf(node))
    visit(child, enter)
}

const isFunction = ({ init }) => init?.type === "ArrowFunctionExpression"
const isList = ({ init }) => init?.type === "ArrayExpression"

/** A list of commands whose handlers load what they are; adds these to `handlers`, and names it uses to `names`. */
const stubOfList = ({ id, init }, text, handlers, names) => {
  let out = `export const ${id.name} = `
  let at = init.start
  visit(init, (node) => {
    if (node.type === "Identifier") names.add(node.name)
    if (!isHandled(node)) return
    if (node.arguments.length !== 2) throw new Error(`${id.name}: a late command has a handler and no judge`)
    const [, handler] = node.arguments
    const run = `run${handlers.length}`
    out += `${text.slice(at, handler.start)}(c) => (${run} ??= late.${HANDLERS}[${handlers.length}])(c)`
    handlers.push(text.slice(handler.start, handler.end))
    at = handler.end
  })
  return `${out}${text.slice(at, init.end)}\n`
}

/** The imports that give any of `names`: their text, and the sources they lead to. */
const importsOf = (program, names, text, file) => {
  const found = program.body
    .filter(({ type, importKind }) => type === "ImportDeclaration" && importKind !== "type")
    .filter(({ specifiers }) => specifiers.some(({ local }) => names.has(local.name)))
  return {
    importTexts: found.map(({ start, end }) => text.slice(start, end)),
    imports: found.map(({ source }) => path.join(path.dirname(file), source.value.replace(/\.js$/, ".ts"))),
  }
}

/** A root: what it exports to a late file's loader, its text there, and what is imported and made in its place. */
export const readRoot = (file) => {
  const text = fs.readFileSync(file, "utf8")
  const { program } = parseSync(path.basename(file), text, { lang: "ts" })
  const declared = program.body
    .filter(
      ({ type, declaration }) =>
        type === "ExportNamedDeclaration" && declaration?.type === "VariableDeclaration",
    )
    .flatMap(({ declaration }) => declaration.declarations)
  const functions = declared.filter(isFunction).map(({ id }) => id.name)
  const handlers = []
  const names = new Set()
  const lists = declared.filter(isList).map((one) => stubOfList(one, text, handlers, names))
  return {
    functions,
    lists,
    handlers: handlers.length,
    ...importsOf(program, names, text, file),
    exported: handlers.length > 0 ? [...functions, HANDLERS] : functions,
    late: `${text}\nexport const ${HANDLERS} = [${handlers.join(", ")}]\n`,
  }
}

/** Loads a late file's names when the first of them is asked for. */
const lazily = (name, names) =>
  `const late = {
${Object.entries(names)
  .map(([exported, as]) => `get ${exported}() { return loadLate(${JSON.stringify(name)}).${as} }`)
  .join(",\n")}
}
`

/** What stands for a root. Each handler is called in one place, where the compiler can take it in. */
export const stubOf = ({ functions, lists, handlers, importTexts }, { name, names }) => `
import { loadLate } from "${LOADER}"
${importTexts.join("\n")}
${lazily(name, names)}
${Array.from({ length: handlers }, (_, i) => `let run${i}\n`).join("")}
${functions.map((one) => `export const ${one} = (...args) => late.${one}(...args)\n`).join("")}
${lists.join("")}`

/** Late files get the modules that their loader has, the loader's own among them. */
export const loaderText = (early, required, file) => `
${early.map((name, at) => `import { core as core${at} } from "${required(name)}"`).join("\n")}
const modules = { ${early.map((name, at) => `"./${name}.cjs": core${at}`).join(", ")} }
const known = (id) => modules[id] ?? require(id)
const files = { ${LATE.map(({ name }) => `"${name}": () => require("${file(name)}")`).join(", ")} }
const loaded = {}
export const loadLate = (name) => (loaded[name] ??= files[name]()(known))
export const loadAllLate = () => Object.keys(files).forEach(loadLate)
`

/** A late file as it is written: compiled as a whole when it is read, because all of it is asked for. */
export const lateFile = (code) => `module.exports = (function (require, exports = {}) {${code}
return exports
})
`

/** What a program that runs for months ends with: it must not find others' files in the place of its own one day. */
export const LOAD_ALL = `setImmediate(require("./core-engine.cjs").loadAllLate)\n`
