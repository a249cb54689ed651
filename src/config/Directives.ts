/**
 * The table of every directive redis-server 7.0.15 knows, and Redix's own, `aof-checksum`, `log-format` and
 * `metrics-port`. Everything that speaks of configuration reads this table: the command line, the environment,
 * redis.conf, CONFIG GET, SET and REWRITE.
 *
 * Names, defaults, ranges and reasons are what redis-server 7.0.15 shows; a differential test compares all of them. Two
 * defaults differ on purpose: `bind` (see directives/network) and `dir`, which is shown resolved.
 */
import { lowerAscii } from "./ByteText.js"
import type { Directive } from "./Directive.js"
import { encodingDirectives, memoryDirectives } from "./directives/memory.js"
import { aclDirectives, networkDirectives, tlsDirectives } from "./directives/network.js"
import { aofDirectives, clusterDirectives, rdbDirectives } from "./directives/persistence.js"
import { logDirectives, processDirectives, statementDirectives } from "./directives/process.js"
import { replicationDirectives } from "./directives/replication.js"

export const directives = {
  ...networkDirectives,
  ...tlsDirectives,
  ...aclDirectives,
  ...processDirectives,
  ...logDirectives,
  ...memoryDirectives,
  ...encodingDirectives,
  ...rdbDirectives,
  ...aofDirectives,
  ...replicationDirectives,
  ...clusterDirectives,
  ...statementDirectives,
}

export type Table = typeof directives
/** The name of a directive, as in redis.conf. */
export type DirectiveName = keyof Table

/** What a directive's text is read as. */
export type ValueOf<Name extends DirectiveName> = Table[Name] extends Directive<infer A> ? A : never

type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}` | `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S

/** The typed values, by camel-cased name: `proto-max-bulk-len` is `protoMaxBulkLen`. Bytes and seconds are numbers. */
export type RedixValues = {
  -readonly [Name in DirectiveName as CamelCase<Name>]: ValueOf<Name>
}

type ValueName = keyof RedixValues

/** An entry of the table together with its names. */
export interface Entry extends Directive<unknown> {
  readonly name: DirectiveName
  readonly field: ValueName
}

const camelCase = (name: string): string =>
  name.replace(/[-_]([a-z])/g, (_all, letter: string) => letter.toUpperCase())

const isDirectiveName = (name: string): name is DirectiveName => Object.hasOwn(directives, name)

/** Canonical names in alphabetical order. Redis lists them in the order of a hash table, another one at each start. */
export const directiveNames: ReadonlyArray<DirectiveName> = Object.keys(directives)
  .filter(isDirectiveName)
  .sort()

const fields = new Set<string>(directiveNames.map(camelCase))
const isField = (field: string): field is ValueName => fields.has(field)

const entryOf = (name: DirectiveName): Entry => {
  const field = camelCase(name)
  if (!isField(field)) throw new Error(`no field for directive ${name}`)
  return { ...directives[name], name, field }
}

/** The table in alphabetical order. */
export const entries: ReadonlyArray<Entry> = directiveNames.map(entryOf)

const byName = new Map<string, Entry>()
const byStartName = new Map<string, Entry>()
for (const entry of entries) {
  byStartName.set(entry.name, entry)
  for (const alias of [...entry.aliases, ...entry.startAliases]) byStartName.set(alias, entry)
  if (entry.statement) continue
  byName.set(entry.name, entry)
  for (const alias of entry.aliases) byName.set(alias, entry)
}

/** Names and aliases CONFIG GET and SET know, each with its directive, in alphabetical order. */
export const runtimeNames: ReadonlyArray<readonly [string, Entry]> = [...byName].sort(([a], [b]) =>
  a < b ? -1 : 1,
)

/** The directive of a name CONFIG GET or SET may use, in any case. */
export const findDirective = (name: string): Entry | undefined => byName.get(lowerAscii(name))

/** The directive of a name that the command line, the environment or a file may use, in any case. */
export const findStartDirective = (name: string): Entry | undefined => byStartName.get(lowerAscii(name))

/** Every name a source at start may use. */
export const startNames: ReadonlyArray<string> = [...byStartName.keys()]
