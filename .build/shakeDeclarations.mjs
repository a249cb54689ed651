/**
 * Of declarations that the compiler has written, what the entries of a package lead to: whole files are left out, and of
 * the others all that nothing names. Comments stay with what an app names itself, which is what the entries export and what
 * these are made of; of the rest an editor shows the types.
 */
import { RELATIVE, textOf, Walk } from "./declarationGraph.mjs"

const declarationOf = (node) => node.declaration ?? node

/** What a declaration is made of, rather than speaks of: its bases, and the parts of a type that has no members itself. */
const partsOf = (node) => {
  if (node.type === "ExportDefaultDeclaration") return [node.declaration]
  const declaration = declarationOf(node)
  switch (declaration.type) {
    case "ClassDeclaration":
      return declaration.superClass === null ? [] : [declaration.superClass]
    case "TSInterfaceDeclaration":
      return declaration.extends
    case "TSTypeAliasDeclaration":
      return [declaration.typeAnnotation]
    case "VariableDeclaration":
      return declaration.declarations.filter(({ id }) => id.name.endsWith("_base"))
    default:
      return []
  }
}

/** Members that nobody can name, but for one, which makes the class a type of its own. */
const namelessOf = (node) => {
  const { type, body } = declarationOf(node)
  if (type !== "ClassDeclaration") return []
  const isNameless = ({ accessibility, kind }) => accessibility === "private" && kind !== "constructor"
  return body.body.filter(isNameless).slice(1)
}

/** A range with its line, where it is alone on it. */
const withLine = (text, { start, end }) => {
  const line = text.lastIndexOf("\n", start - 1) + 1
  const isAlone = text.slice(line, start).trim() === "" && text[end] === "\n"
  return isAlone ? { start: line, end: end + 1 } : { start, end }
}

const without = (text, from, end, ranges) => {
  let out = ""
  let at = from
  for (const range of ranges.sort((a, b) => a.start - b.start)) {
    out += text.slice(at, Math.max(at, range.start))
    at = Math.max(at, range.end)
  }
  return out + text.slice(at, end)
}

const printDeclaration = ({ text, comments }, { node, from, end, isDocumented }) => {
  const nameless = namelessOf(node)
  const isOfNameless = (comment) =>
    nameless.some(({ start }) => comment.end <= start && text.slice(comment.end, start).trim() === "")
  const inside = comments.filter((comment) => comment.start >= from && comment.end <= end)
  const left = [...inside.filter((comment) => !isDocumented || isOfNameless(comment)), ...nameless]
  const ranges = left.map((range) => withLine(text, range))
  return without(text, from, end, ranges)
}

const printNames = (text, node, specifiers) => {
  if (specifiers.length === 0) return ""
  const word = node.type === "ImportDeclaration" ? "import" : "export"
  const kind = (node.importKind ?? node.exportKind) === "type" ? " type" : ""
  const from = node.source === null ? "" : ` from ${JSON.stringify(node.source.value)}`
  const names = specifiers.map(({ start, end }) => text.slice(start, end)).join(", ")
  return `${word}${kind} { ${names} }${from};`
}

class Shaken {
  files = new Map()
  walk = new Walk(
    this.files,
    (node) => [node],
    (statement) => (statement.isKept = true),
  )

  constructor(entries) {
    this.entries = new Set(entries)
    const documenting = new Walk(this.files, partsOf, (statement) => (statement.isDocumented = true))
    for (const walk of [this.walk, documenting]) for (const entry of entries) walk.export(entry, "*")
  }

  isFileKept(declarations) {
    const { file, statements, exported } = declarations
    return (
      this.entries.has(file) ||
      statements.some(({ isKept }) => isKept) ||
      [...exported.keys()].some((name) => this.walk.isExportMet(file, name))
    )
  }

  printImport({ text, file }, node) {
    const used = node.specifiers.filter(({ local }) => this.walk.isMet(file, local.name))
    if (used.every(({ type }) => type === "ImportSpecifier")) return printNames(text, node, used)
    return text.slice(node.start, node.end)
  }

  printExportAll(declarations, node) {
    const { text, file } = declarations
    const { value } = node.source
    const isUsed =
      node.exported === null
        ? !RELATIVE.test(value) || this.isFileKept(this.walk.open(declarations.other(value)))
        : this.walk.isExportMet(file, textOf(node.exported))
    return isUsed ? text.slice(node.start, node.end) : ""
  }

  printStatement(declarations, statement) {
    const { text, file } = declarations
    const { node } = statement
    switch (node.type) {
      case "ImportDeclaration":
        return this.printImport(declarations, node)
      case "ExportAllDeclaration":
        return this.printExportAll(declarations, node)
      case "ExportNamedDeclaration":
        if (node.declaration !== null) break
        return printNames(
          text,
          node,
          node.specifiers.filter(({ exported }) => this.walk.isExportMet(file, textOf(exported))),
        )
    }
    return statement.isKept ? printDeclaration(declarations, statement) : ""
  }

  print(declarations) {
    const { text, file, statements } = declarations
    const head = this.entries.has(file) ? text.slice(0, statements[0]?.from ?? 0) : ""
    const lines = statements.map((statement) => this.printStatement(declarations, statement))
    // What declares or imports nothing by name would be no module.
    return `${head}${lines.filter((line) => line !== "").join("\n")}\nexport {};\n`
  }
}

/** The text of each declaration file that `entries` lead to, by its path. */
export const shakeDeclarations = (entries) => {
  const shaken = new Shaken(entries)
  const kept = [...shaken.files.values()].filter((declarations) => shaken.isFileKept(declarations))
  return new Map(kept.map((declarations) => [declarations.file, shaken.print(declarations)]))
}
