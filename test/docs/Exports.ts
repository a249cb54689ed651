/**
 * What the package's entries export, as the built declarations have it: each name with the comment that an editor shows for
 * it, and the members of exported objects and the static ones of classes, which apps call as they call functions.
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

interface Member {
  readonly start: number
  readonly name: string
}

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

/** Members that are called by the name of what holds them. */
const membersOf = (statement: ESTree.Statement): ReadonlyArray<Member> => {
  const declaration = declarationOf(statement)
  if (isClass(declaration))
    return declaration.body.body.flatMap((member) =>
      member.type !== "TSIndexSignature" && member.type !== "StaticBlock" && member.static && !member.computed
        ? [{ start: member.start, name: keyName(member.key) }]
        : [],
    )
  if (!isVariable(declaration)) return []
  return declaration.declarations.flatMap(({ id }) => {
    const annotation = "typeAnnotation" in id ? id.typeAnnotation?.typeAnnotation : undefined
    if (annotation?.type !== "TSTypeLiteral") return []
    return annotation.members.flatMap((member) =>
      "key" in member ? [{ start: member.start, name: keyName(member.key) }] : [],
    )
  })
}

/** Every name a file exports, and where that is declared; what is exported as a namespace comes under its name, with a dot. */
const exportsOf = (source: Source): ReadonlyMap<string, Found> => {
  const all = new Map<string, Found>()
  const local = (name: string): Found => ({
    source,
    statements: source.tree.program.body.filter((statement) => namesOf(statement).includes(name)),
  })
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

/** Everything that an entry exports. */
export const exportedBy = (entry: string): ReadonlyArray<Exported> => {
  const subpath = entry === "index" ? "redix" : `redix/${entry}`
  return [...exportsOf(open(path.join(root, "dist", `${entry}.d.ts`)))].flatMap(
    ([name, { source, statements }]) => {
      const comments = statements.map(({ start }) => commentBefore(source, start))
      const members = statements.flatMap((statement) =>
        membersOf(statement).map((member) => ({
          name: `${subpath}: ${name}.${member.name}`,
          comment: commentBefore(source, member.start),
        })),
      )
      return [
        { name: `${subpath}: ${name}`, comment: comments.find((comment) => comment !== "") ?? "" },
        ...members,
      ]
    },
  )
}
