/**
 * What the package's entries export, as the built declarations have it: each name with the comment that an editor shows for
 * it, and so the members of exported classes, interfaces and objects, and of what these are made of.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { type ESTree, parseSync } from "rolldown/utils"
import { root } from "../support/Program.js"

export interface Exported {
  /** Where an app finds it: "redix/client: keys". */
  readonly name: string
  readonly comment: string
}

interface Source {
  readonly file: string
  readonly text: string
  readonly tree: ReturnType<typeof parseSync>
}

interface Found {
  readonly source: Source
  /** What declares it: overloads, or a type and a value. */
  readonly statements: ReadonlyArray<ESTree.Statement>
}

const sources = new Map<string, Source>()

const open = (file: string): Source => {
  const known = sources.get(file)
  if (known !== undefined) return known
  const text = fs.readFileSync(file, "utf8")
  const source = { file, text, tree: parseSync(path.basename(file), text, { lang: "dts" }) }
  sources.set(file, source)
  return source
}

const next = ({ file }: Source, specifier: string): Source =>
  open(path.join(path.dirname(file), specifier.replace(/\.js$/, ".d.ts")))

/** The comment right before a place, without its stars; "" where there is none. */
const commentBefore = ({ text, tree }: Pick<Source, "text" | "tree">, start: number): string => {
  const before = tree.comments.findLast(({ end }) => end <= start && text.slice(end, start).trim() === "")
  if (before?.type === "Line") return commentBefore({ text, tree }, before.start)
  if (before === undefined || !before.value.startsWith("*")) return ""
  return before.value.replace(/^\s*\*+/gm, "").trim()
}

const declarationOf = (statement: ESTree.Statement): unknown =>
  statement.type === "ExportNamedDeclaration" ? (statement.declaration ?? statement) : statement

const keyName = (key: unknown): string =>
  String(Reflect.get(Object(key), "name") ?? Reflect.get(Object(key), "value"))

const isClass = (declaration: unknown): declaration is ESTree.Class =>
  Reflect.get(Object(declaration), "type") === "ClassDeclaration"

const isVariable = (declaration: unknown): declaration is ESTree.VariableDeclaration =>
  Reflect.get(Object(declaration), "type") === "VariableDeclaration"

const namesOf = (statement: ESTree.Statement): ReadonlyArray<string> => {
  const declaration = declarationOf(statement)
  if (isVariable(declaration)) return declaration.declarations.map(({ id }) => keyName(id))
  const id: unknown = Reflect.get(Object(declaration), "id")
  return id === null || id === undefined ? [] : [keyName(id)]
}

const importedBy = (source: Source, name: string): Found | undefined => {
  for (const statement of source.tree.program.body) {
    if (statement.type !== "ImportDeclaration" || !statement.source.value.startsWith(".")) continue
    const own = statement.specifiers.find(({ local }) => local.name === name)
    if (own?.type === "ImportSpecifier")
      return exportsOf(next(source, statement.source.value)).get(keyName(own.imported))
  }
  return undefined
}

/** What a name stands for in a file; nothing where it is not the package's. */
const declared = (source: Source, name: string): Found =>
  importedBy(source, name) ?? {
    source,
    statements: source.tree.program.body.filter((statement) => namesOf(statement).includes(name)),
  }

/** Every name a file exports, and where that is declared; what is exported as a namespace comes under its name, with a dot. */
const exportsOf = (source: Source): ReadonlyMap<string, Found> => {
  const all = new Map<string, Found>()
  const local = (name: string): Found => declared(source, name)
  for (const statement of source.tree.program.body) {
    if (statement.type === "ExportAllDeclaration") {
      const prefix = statement.exported === null ? "" : `${keyName(statement.exported)}.`
      if (!statement.source.value.startsWith(".")) continue
      for (const [name, found] of exportsOf(next(source, statement.source.value)))
        all.set(`${prefix}${name}`, found)
    }
    if (statement.type === "ExportDefaultDeclaration")
      all.set("default", local(keyName(statement.declaration)))
    if (statement.type !== "ExportNamedDeclaration") continue
    for (const name of namesOf(statement)) all.set(name, local(name))
    for (const specifier of statement.specifiers) {
      const from = statement.source === null ? undefined : exportsOf(next(source, statement.source.value))
      const name = keyName(specifier.local)
      all.set(keyName(specifier.exported), from?.get(name) ?? local(name))
    }
  }
  return all
}

interface Member {
  readonly name: string
  readonly comment: string
}

const isNode = (value: unknown): value is ESTree.Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"

const childrenOf = (node: ESTree.Node): ReadonlyArray<ESTree.Node> =>
  Object.values(node).flat().filter(isNode)

/** What every error has, and every tagged one. */
const OF_ERRORS: ReadonlyArray<string> = ["_tag", "name", "message"]

/** A constructor that takes nothing but what the fields are, by their names. */
const onlySetsFields = ({ value }: ESTree.MethodDefinition, { body }: ESTree.ClassBody): boolean => {
  const fields = new Set(body.flatMap((member) => ("key" in member ? [keyName(member.key)] : [])))
  return value.params.every((parameter) => fields.has(keyName(parameter)))
}

const classMember = (
  node: ESTree.PropertyDefinition | ESTree.MethodDefinition,
  { superClass, body }: ESTree.Class,
): string | undefined => {
  const isInside = node.accessibility === "private" || node.accessibility === "protected"
  if (isInside || node.computed) return undefined
  if (node.type === "MethodDefinition" && node.kind === "constructor" && onlySetsFields(node, body))
    return undefined
  const name = keyName(node.key)
  return superClass !== null && OF_ERRORS.includes(name) ? undefined : name
}

/** A member's own name; undefined where it has none, or is not for others. */
const memberName = (node: ESTree.Node, owner: ESTree.Class | undefined): string | undefined => {
  if (node.type === "TSPropertySignature" || node.type === "TSMethodSignature")
    return node.computed || keyName(node.key) === "_tag" ? undefined : keyName(node.key)
  if (owner === undefined || (node.type !== "PropertyDefinition" && node.type !== "MethodDefinition"))
    return undefined
  return classMember(node, owner)
}

/** The members that stand within a node, by their ways: `options.listen`. What stands within a member that has a comment is its. */
const membersWithin = (
  source: Source,
  node: ESTree.Node,
  way: string,
  owner?: ESTree.Class,
): ReadonlyArray<Member> => {
  const own = memberName(node, owner)
  const name = own === undefined ? way : `${way}.${own}`
  const member = own === undefined ? [] : [{ name, comment: commentBefore(source, node.start) }]
  if (member.some(({ comment }) => comment !== "")) return member
  const holder = isClass(node) ? node : node.type === "ClassBody" ? owner : undefined
  return [...member, ...childrenOf(node).flatMap((child) => membersWithin(source, child, name, holder))]
}

/** The names that a type is made of, rather than speaks of: what it extends, parts of a union or an intersection, a shape. */
const partsOf = (node: ESTree.Node): ReadonlyArray<string> => {
  switch (node.type) {
    case "ExportNamedDeclaration":
      return node.declaration === null ? [] : partsOf(node.declaration)
    case "ClassDeclaration":
      return node.superClass === null ? [] : [keyName(node.superClass)]
    case "TSInterfaceDeclaration":
      return [
        ...node.extends.map(({ expression }) => keyName(expression)),
        ...node.extends.flatMap(childrenOf).flatMap(partsOf),
      ]
    case "TSTypeReference":
      return [keyName(node.typeName), ...childrenOf(node).flatMap(partsOf)]
    case "VariableDeclaration":
    case "VariableDeclarator":
    case "Identifier":
    case "TSTypeAnnotation":
    case "TSTypeAliasDeclaration":
    case "TSTypeParameterInstantiation":
    case "TSIntersectionType":
    case "TSUnionType":
      return childrenOf(node).flatMap(partsOf)
    default:
      return []
  }
}

/** The comments of the interfaces that a class implements, by the members' names: editors show these for its own. */
const inherited = (source: Source, statement: ESTree.Statement): ReadonlyMap<string, string> => {
  const declaration = declarationOf(statement)
  if (!isClass(declaration)) return new Map()
  const bases = (declaration.implements ?? []).map(({ expression }) => declared(source, keyName(expression)))
  return new Map(
    bases.flatMap((base) => membersOf(base, "", new Set())).map(({ name, comment }) => [name, comment]),
  )
}

/** All members of what is declared, and of what that is made of. */
const membersOf = (
  { source, statements }: Found,
  way: string,
  seen: Set<ESTree.Statement>,
): ReadonlyArray<Member> =>
  statements.flatMap((statement) => {
    if (seen.has(statement)) return []
    seen.add(statement)
    const above = inherited(source, statement)
    const own = membersWithin(source, statement, way).map(({ name, comment }) => ({
      name,
      comment: comment === "" ? (above.get(name.slice(way.length)) ?? "") : comment,
    }))
    return [...own, ...partsOf(statement).flatMap((part) => membersOf(declared(source, part), way, seen))]
  })

/** Everything that a file of declarations exports, under the name by which apps import it. */
export const exportedBy = (file: string, subpath: string): ReadonlyArray<Exported> => {
  const seen = new Set<ESTree.Statement>()
  return [...exportsOf(open(file))].flatMap(([name, found]) => {
    const comments = found.statements.map(({ start }) => commentBefore(found.source, start))
    return [
      { name: `${subpath}: ${name}`, comment: comments.find((comment) => comment !== "") ?? "" },
      ...membersOf(found, `${subpath}: ${name}`, seen),
    ]
  })
}

interface Conditions {
  readonly types?: string
  readonly import?: Conditions
}

/** The package's entries with their declarations: what its manifest exports. */
export const entries = (): ReadonlyArray<readonly [subpath: string, file: string]> => {
  const manifest: { readonly name: string; readonly exports: Readonly<Record<string, string | Conditions>> } =
    JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"))
  return Object.entries(manifest.exports).flatMap(([subpath, to]) => {
    if (typeof to === "string") return []
    const types = to.types ?? to.import?.types
    if (types === undefined) throw new Error(`${subpath} has no declarations`)
    return [[path.posix.join(manifest.name, subpath), path.join(root, types)] as const]
  })
}
