/**
 * Writes the types of a client's methods (src/client/methods) from the declarations of the commands.
 *
 * The shape of each method is Signature.ts's, which the client itself encodes by; here it is put into words.
 */
import type { Argument } from "../../src/engine/declare/ArgumentSyntax.js"
import type { CommandSpec } from "../../src/engine/declare/CommandSpec.js"
import {
  argumentName,
  isFields,
  isMultiple,
  isObject,
  isOptional,
  isPhrase,
  isRecord,
  methodName,
  signatureOf,
} from "../../src/client/Signature.js"
import { replyTypeOf } from "./ReplyTypes.js"

const SCALARS: Readonly<Record<string, string>> = {
  key: "Word",
  string: "Word",
  pattern: "Word",
  integer: "Integer",
  double: "Double",
  "unix-time": "Integer",
}

const scalarOf = ({ name, type }: Argument): string =>
  name === "cursor" ? "Word" : (SCALARS[type] ?? "Word")

const quoted = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name))

const field = (name: string, type: string): string => `readonly ${quoted(name)}?: ${type} | undefined`

/** One of an argument, without its token. */
const one = (argument: Argument): string => {
  const { arguments: members } = argument
  if (argument.type === "pure-token") return "true"
  if (argument.type === "oneof") return members.map(alternative).join(" | ")
  if (argument.type !== "block") return scalarOf(argument)
  if (isPhrase(argument)) return JSON.stringify(members.map(({ token }) => token).join(" "))
  if (isObject(argument)) return object(members)
  const said = members.filter(({ type }) => type !== "pure-token")
  if (members.length === 1) return all(members[0])
  return `readonly [${said.map((member) => `${label(member)}: ${all(member)}`).join(", ")}]`
}

/** All of an argument, as often as it may come. */
const all = (argument: Argument): string => {
  if (!isMultiple(argument)) return one(argument)
  if (isRecord(argument)) return `Pairs<${argument.arguments.map(one).join(", ")}>`
  return `Many<${one(argument)}>`
}

const alternative = (member: Argument): string => {
  if (member.type === "pure-token") return JSON.stringify(member.token)
  if (member.token === undefined) return all(member)
  return `{ readonly ${quoted(member.token)}: ${all(member)} }`
}

/** Members as an object's fields; those that exclude each other are a type of their own beside it. */
const object = (members: ReadonlyArray<Argument>): string => {
  const plain = members.filter((member) => !isFields(member))
  const parts = members.filter(isFields).map((argument) => {
    const fields = argument.arguments.map(
      (member) => `readonly ${quoted(argumentName(member))}: ${all(member)}`,
    )
    return `OneOf<{ ${fields.join("; ")} }>`
  })
  const fields = plain.map((member) =>
    isOptional(member)
      ? field(argumentName(member), all(member))
      : `readonly ${quoted(argumentName(member))}: ${all(member)}`,
  )
  if (fields.length > 0) parts.unshift(`{ ${fields.join("; ")} }`)
  return parts.join(" & ")
}

const RESERVED = new Set(["function", "arguments", "default", "eval"])

const label = ({ name }: Argument): string => {
  const text = name.replace(/[^a-zA-Z0-9]+(.)?/g, (_, next: string | undefined) => (next ?? "").toUpperCase())
  const safe = /^\d/.test(text) ? `_${text}` : text
  return RESERVED.has(safe) ? `${safe}_` : safe
}

/** The parameters of a method. */
export const parametersOf = (args: ReadonlyArray<Argument>): string => {
  const signature = signatureOf(args)
  const parameters: Array<string> = []
  const names = new Set<string>()
  for (const { argument, place } of signature.placed) {
    if (place.at !== "position") continue
    let name = label(argument)
    while (names.has(name)) name += "_"
    names.add(name)
    const type = isFields(argument) && isOptional(argument) ? object([argument]) : all(argument)
    parameters[place.index] = `${name}${place.optional ? "?" : ""}: ${type}`
  }
  const fields = signature.placed
    .filter(({ place }) => place.at === "options")
    .map(({ argument }) => argument)
  if (fields.length > 0) parameters.push(`options?: ${object(fields)}`)
  return parameters.join(", ")
}

const summaryOf = ({ summary, deprecated }: CommandSpec): string => {
  const text = `/** ${summary.replaceAll("*/", "*\\/")}`
  return deprecated === undefined ? `${text} */` : `${text} Deprecated: use ${deprecated.use}. */`
}

const method = (spec: CommandSpec): string =>
  `  ${summaryOf(spec)}\n  readonly ${methodName(spec.name)}: (${parametersOf(spec.arguments)}) => Gives<K, ${replyTypeOf(spec.name)}>\n`

const titled = (group: string): string =>
  group.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase())

const TYPES = ["Double", "Gives", "Integer", "Kind", "Many", "OneOf", "Pairs"] as const

const imports = (text: string): string => {
  const kinds = TYPES.filter((name) => new RegExp(`\\b${name}\\b`).test(text))
  const values = ["Value", "Word"].filter((name) => new RegExp(`\\b${name}\\b`).test(text))
  const lines = [`import type { ${kinds.join(", ")} } from "../Kind.js"`]
  if (values.length > 0) lines.push(`import type { ${values.join(", ")} } from "../Values.js"`)
  return lines.join("\n")
}

/** Of what a group's methods depend: not all of them answer strings. */
const parametersIn = (methods: string): string =>
  /\bT\b/.test(methods) ? "T, K extends Kind" : "K extends Kind"

const interfaceOf = (name: string, specs: ReadonlyArray<CommandSpec>): string => {
  const methods = [...specs].sort((a, b) => (a.name < b.name ? -1 : 1)).map(method)
  return `export interface ${name}<${parametersIn(methods.join())}> {\n${methods.join("\n")}}\n`
}

const file = (title: string, body: string, more: ReadonlyArray<string> = []): string => {
  const head = `/** ${title}. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */`
  return [head, imports(body), ...more, "", body].join("\n")
}

/** A group of fewer commands stands with all together. */
const GROUP_MIN = 10

/** The files of src/client/methods by name, not formatted yet. */
export const methodFiles = (specs: ReadonlyArray<CommandSpec>): ReadonlyMap<string, string> => {
  const files = new Map<string, string>()
  const small: Array<string> = []
  const bases: Array<string> = []
  const lines: Array<string> = []
  const shared = specs.filter(({ changes }) => changes === undefined)
  for (const group of [...new Set(shared.map(({ group }) => group))].sort()) {
    const name = `${titled(group)}Methods`
    const own = shared.filter((spec) => spec.group === group)
    const body = interfaceOf(name, own)
    bases.push(body.includes(`${name}<T,`) ? `${name}<T, K>` : `${name}<K>`)
    if (own.length < GROUP_MIN) small.push(body.replace("export ", ""))
    else {
      files.set(`${group}.ts`, file(`Methods of the group ${group}`, body))
      lines.push(`import type { ${name} } from "./${group}.js"`)
    }
  }
  const session = specs.filter(({ changes }) => changes === "session")
  const own = `/** Methods that a session of one's own has besides, for they change it. */\n${interfaceOf("SessionMethods", session)}`
  files.set("session.ts", file("Methods that change their session", own))
  const whole = `/** \`T\` is what strings come as, \`K\` what a call gives. */\nexport interface Methods<T, K extends Kind> extends ${bases.join(", ")} {}\n`
  const body = [...small, 'export type { SessionMethods } from "./session.js"\n', whole].join("\n")
  files.set("index.ts", file("All commands as methods", body, lines))
  return files
}
