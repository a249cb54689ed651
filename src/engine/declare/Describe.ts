/**
 * What COMMAND, COMMAND INFO, COMMAND DOCS and COMMAND LIST answer, built from declarations.
 *
 * Source: the replies of redis-server 7.0.15. Only wording differs: summaries, complexities, histories and notes are our own.
 */
import { globMatch } from "../../bytes/Glob.js"
import type { Argument } from "./ArgumentSyntax.js"
import { type Catalogue, type CatalogueEntry, findByFullName } from "./Catalogue.js"
import type { CommandSpec } from "./CommandSpec.js"
import type { BeginSearch, FindKeys, KeySpec } from "./KeySyntax.js"
import { array, bulk, int, map, nil, type ReplyTree, set, simple } from "./ReplyTree.js"

type Pair = readonly [key: string, value: ReplyTree]

/** COMMAND without arguments: every command. */
export const describeAll = (catalogue: Catalogue): ReplyTree =>
  array([...catalogue.values()].map(describeCommand))

/** COMMAND INFO with names: a null for each that is unknown. */
export const describeNamed = (catalogue: Catalogue, names: ReadonlyArray<string>): ReplyTree =>
  array(
    names.map((name) => {
      const entry = findByFullName(catalogue, name)
      return entry === undefined ? nil : describeCommand(entry)
    }),
  )

/** The ten elements that describe one command; its subcommands come last, described alike. */
const describeCommand = ({ spec, subcommands }: CatalogueEntry): ReplyTree =>
  array([
    bulk(spec.name),
    int(spec.arity),
    set(spec.flags.map(simple)),
    int(spec.firstKey),
    int(spec.lastKey),
    int(spec.keyStep),
    set(spec.acl.map((category) => simple(`@${category}`))),
    set(spec.tips.map(bulk)),
    set(spec.keySpecs.map(describeKeySpec)),
    subcommands.size === 0 ? set([]) : array([...subcommands.values()].map(describeLeaf)),
  ])

const noSubcommands: ReadonlyMap<string, CommandSpec> = new Map()

const describeLeaf = (spec: CommandSpec): ReplyTree => describeCommand({ spec, subcommands: noSubcommands })

const describeKeySpec = ({ notes, flags, begin, find }: KeySpec): ReplyTree => {
  const pairs: Pair[] = []
  if (notes !== undefined) pairs.push(["notes", bulk(notes)])
  pairs.push(["flags", set(flags.map(simple))])
  pairs.push(["begin_search", typed(begin.type, describeBegin(begin))])
  pairs.push(["find_keys", typed(find.type, describeFind(find))])
  return map(pairs)
}

const typed = (type: string, pairs: ReadonlyArray<Pair>): ReplyTree =>
  map([
    ["type", bulk(type)],
    ["spec", map(pairs)],
  ])

const describeBegin = (begin: BeginSearch): ReadonlyArray<Pair> => {
  switch (begin.type) {
    case "index":
      return [["index", int(begin.index)]]
    case "keyword":
      return [
        ["keyword", bulk(begin.keyword)],
        ["startfrom", int(begin.startFrom)],
      ]
    case "unknown":
      return []
  }
}

const describeFind = (find: FindKeys): ReadonlyArray<Pair> => {
  switch (find.type) {
    case "range":
      return [
        ["lastkey", int(find.lastKey)],
        ["keystep", int(find.keyStep)],
        ["limit", int(find.limit)],
      ]
    case "keynum":
      return [
        ["keynumidx", int(find.keyNumIndex)],
        ["firstkey", int(find.firstKey)],
        ["keystep", int(find.keyStep)],
      ]
    case "unknown":
      return []
  }
}

/** COMMAND DOCS: all commands, or those named; unknown names are left out. */
export const documentAll = (catalogue: Catalogue, names?: ReadonlyArray<string>): ReplyTree => {
  const pairs: Pair[] = []
  const add = (entry: CatalogueEntry | undefined): void => {
    if (entry !== undefined) pairs.push([entry.spec.name, documentCommand(entry)])
  }
  if (names === undefined) for (const entry of catalogue.values()) add(entry)
  else for (const name of names) add(findByFullName(catalogue, name))
  return map(pairs)
}

const documentCommand = ({ spec, subcommands }: CatalogueEntry): ReplyTree => {
  const pairs: Pair[] = [
    ["summary", bulk(spec.summary)],
    ["since", bulk(spec.since)],
    ["group", bulk(spec.group)],
  ]
  if (spec.complexity !== undefined) pairs.push(["complexity", bulk(spec.complexity)])
  if (spec.internal) pairs.push(["doc_flags", set([simple("syscmd")])])
  if (spec.deprecated !== undefined) {
    pairs.push(["doc_flags", set([simple("deprecated")])])
    pairs.push(["deprecated_since", bulk(spec.deprecated.since)])
    pairs.push(["replaced_by", bulk(spec.deprecated.use)])
  }
  if (spec.history.length > 0) pairs.push(["history", set(spec.history.map(documentChange))])
  if (spec.arguments.length > 0) pairs.push(["arguments", array(spec.arguments.map(documentArgument))])
  if (subcommands.size > 0) {
    const documented = [...subcommands.values()].map((sub): Pair => [
      sub.name,
      documentCommand({ spec: sub, subcommands: noSubcommands }),
    ])
    pairs.push(["subcommands", map(documented)])
  }
  return map(pairs)
}

/** "6.2.0 Took the option ..." as its two parts. */
const documentChange = (change: string): ReplyTree => {
  const space = change.indexOf(" ")
  return array([bulk(change.slice(0, space)), bulk(change.slice(space + 1))])
}

const documentArgument = (argument: Argument): ReplyTree => {
  const pairs: Pair[] = [
    ["name", bulk(argument.name)],
    ["type", bulk(argument.type)],
  ]
  if (argument.keySpecIndex !== undefined) pairs.push(["key_spec_index", int(argument.keySpecIndex)])
  if (argument.token !== undefined) pairs.push(["token", bulk(argument.token)])
  if (argument.since !== undefined) pairs.push(["since", bulk(argument.since)])
  if (argument.deprecatedSince !== undefined) pairs.push(["deprecated_since", bulk(argument.deprecatedSince)])
  if (argument.flags.length > 0) pairs.push(["flags", set(argument.flags.map(simple))])
  if (argument.arguments.length > 0)
    pairs.push(["arguments", array(argument.arguments.map(documentArgument))])
  return map(pairs)
}

/** What COMMAND LIST FILTERBY selects. */
export type ListFilter =
  | { readonly by: "module"; readonly name: string }
  | { readonly by: "aclcat"; readonly category: string }
  | { readonly by: "pattern"; readonly pattern: Uint8Array }

/** COMMAND LIST: the full names, a container's before those of its subcommands. */
export const listNames = (catalogue: Catalogue, filter?: ListFilter): ReplyTree => {
  const names: ReplyTree[] = []
  const add = (spec: CommandSpec): void => {
    if (filter === undefined || passes(spec, filter)) names.push(bulk(spec.name))
  }
  for (const { spec, subcommands } of catalogue.values()) {
    add(spec)
    for (const sub of subcommands.values()) add(sub)
  }
  return array(names)
}

/** No command comes from a module; an unknown category or one written with "@" has no commands. */
const passes = (spec: CommandSpec, filter: ListFilter): boolean => {
  switch (filter.by) {
    case "module":
      return false
    case "aclcat": {
      const wanted = filter.category.toLowerCase()
      return spec.acl.some((category) => category === wanted)
    }
    case "pattern": {
      const name = Buffer.from(spec.name, "latin1")
      return globMatch(filter.pattern, 0, filter.pattern.length, name, 0, name.length, true)
    }
  }
}
