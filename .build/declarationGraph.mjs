/**
 * Files of declarations as a graph: which of their statements declare what, and what these refer to, in the file itself and
 * in others.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { parseSync } from "rolldown/utils"

export const RELATIVE = /^\.{1,2}\//

/** The names a statement declares; `*default*` where it has none. */
const namesOf = (node) => {
  if (node.type === "ExportDefaultDeclaration") return ["*default*"]
  const declaration = node.type === "ExportNamedDeclaration" ? node.declaration : node
  if (declaration === null) return []
  if (declaration.type === "VariableDeclaration") return declaration.declarations.map(({ id }) => id.name)
  return typeof declaration.id?.name === "string" ? [declaration.id.name] : []
}

const isNode = (value) => typeof value === "object" && value !== null && typeof value.type === "string"

/** Fields of a node that are a name of its own, and refer to nothing. */
const OWN_NAME = {
  MemberExpression: "property",
  TSQualifiedName: "right",
  TSPropertySignature: "key",
  TSMethodSignature: "key",
  PropertyDefinition: "key",
  MethodDefinition: "key",
  TSNamedTupleMember: "label",
}

const visit = (node, enter) => {
  if (enter(node) === false) return
  for (const [field, value] of Object.entries(node)) {
    if (field === OWN_NAME[node.type] && node.computed !== true) continue
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child, enter)
  }
}

/** What a node refers to: names in its file, and names in others by `import("./other.js").Name`. */
const referencesOf = (node) => {
  const names = new Set()
  const elsewhere = []
  visit(node, (each) => {
    if (each.type === "Identifier") names.add(each.name)
    if (each.type !== "TSImportType") return true
    const specifier = (each.source ?? each.argument.literal).value
    let first = each.qualifier
    while (first?.type === "TSQualifiedName") first = first.left
    if (RELATIVE.test(specifier)) elsewhere.push({ specifier, name: first?.name ?? "*" })
    return each.typeArguments === null ? false : true
  })
  return { names, elsewhere }
}

export const textOf = ({ type, name, value }) => (type === "Literal" ? value : name)

/** A file's statements with the comment before each, and what its names mean. */
class Declarations {
  statements = []
  declared = new Map()
  imported = new Map()
  exported = new Map()
  stars = []

  constructor(file) {
    this.file = file
    this.text = fs.readFileSync(file, "utf8")
    const { program, comments, errors } = parseSync(path.basename(file), this.text, { lang: "dts" })
    if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`)
    this.comments = comments
    let end = 0
    for (const node of program.body) {
      const statement = {
        node,
        from: this.start(end, node),
        end: node.end,
        isKept: false,
        isDocumented: false,
      }
      end = node.end
      this.statements.push(statement)
      this.read(statement)
    }
  }

  /** Where a statement begins with its comment. What stands before that at the head of a file is about the file. */
  start(after, { start, type }) {
    const before = this.comments.filter((comment) => comment.start >= after && comment.end <= start)
    const own = type === "ImportDeclaration" ? undefined : before.at(-1)
    return own?.start ?? start
  }

  read(statement) {
    const { node } = statement
    switch (node.type) {
      case "ImportDeclaration":
        for (const specifier of node.specifiers) {
          const { imported, local } = specifier
          const name = { ImportNamespaceSpecifier: "*", ImportDefaultSpecifier: "default" }[specifier.type]
          this.imported.set(local.name, { specifier: node.source.value, name: name ?? textOf(imported) })
        }
        return
      case "ExportAllDeclaration":
        if (node.exported === null) this.stars.push(node.source.value)
        else this.exported.set(textOf(node.exported), { statement, specifier: node.source.value, name: "*" })
        return
      case "ExportNamedDeclaration":
        for (const { local, exported } of node.specifiers) {
          const specifier = node.source?.value
          this.exported.set(textOf(exported), { statement, specifier, name: textOf(local) })
        }
    }
    for (const name of namesOf(node)) {
      this.declared.set(name, [...(this.declared.get(name) ?? []), statement])
      if (node.type.startsWith("Export"))
        this.exported.set(name === "*default*" ? "default" : name, { statement, name })
    }
  }

  other(specifier) {
    return path.join(path.dirname(this.file), specifier.replace(/\.js$/, ".d.ts"))
  }
}

/** Walks from the entries' exports along what declarations refer to. */
export class Walk {
  /** Names of a file that were met, as `file name`. */
  met = new Set()

  /**
   * @param files what has been read
   * @param referred the nodes of a statement whose references are followed
   * @param mark told of each statement that is met
   */
  constructor(files, referred, mark) {
    this.files = files
    this.referred = referred
    this.mark = mark
  }

  isMet(file, name) {
    return this.met.has(`${file} ${name}`)
  }

  isExportMet(file, name) {
    return this.met.has(`${file} export ${name}`)
  }

  open(file) {
    if (!this.files.has(file)) this.files.set(file, new Declarations(file))
    return this.files.get(file)
  }

  /** A name that a file exports, "*" for all; false where it exports none such. */
  export(file, name) {
    const declarations = this.open(file)
    if (name === "*") {
      for (const each of declarations.exported.keys()) this.export(file, each)
      for (const star of declarations.stars) this.export(declarations.other(star), "*")
      return true
    }
    const found = declarations.exported.get(name)
    if (found === undefined)
      return declarations.stars.some((star) => this.export(declarations.other(star), name))
    if (this.isExportMet(file, name)) return true
    this.met.add(`${file} export ${name}`)
    if (found.specifier === undefined) this.local(declarations, found.name)
    else if (RELATIVE.test(found.specifier)) this.export(declarations.other(found.specifier), found.name)
    return true
  }

  /** A name as it stands in a file. */
  local(declarations, name) {
    const { file } = declarations
    if (this.isMet(file, name)) return
    this.met.add(`${file} ${name}`)
    const from = declarations.imported.get(name)
    if (from !== undefined && RELATIVE.test(from.specifier))
      this.export(declarations.other(from.specifier), from.name)
    for (const statement of declarations.declared.get(name) ?? []) this.statement(declarations, statement)
  }

  statement(declarations, statement) {
    this.mark(statement)
    for (const node of this.referred(statement.node)) {
      const { names, elsewhere } = referencesOf(node)
      for (const name of names) this.local(declarations, name)
      for (const { specifier, name } of elsewhere) this.export(declarations.other(specifier), name)
    }
  }
}
