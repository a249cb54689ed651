/**
 * The declarations a server serves, by name. Built once from the specs of what is really implemented: a container shows
 * only the subcommands that were given along with it.
 */
import type { CommandSpec } from "./CommandSpec.js"

export interface CatalogueEntry {
  readonly spec: CommandSpec
  /** By the name after the bar: "get" for "config|get". */
  readonly subcommands: ReadonlyMap<string, CommandSpec>
}

/** Top-level commands by their lower-case name. */
export type Catalogue = ReadonlyMap<string, CatalogueEntry>

/** A subcommand whose container is not among the specs is a mistake in the caller's list. */
export const catalogueOf = (specs: Iterable<CommandSpec>): Catalogue => {
  const all = [...specs]
  const catalogue = new Map<string, { spec: CommandSpec; subcommands: Map<string, CommandSpec> }>()
  for (const spec of all) {
    if (spec.container !== undefined) continue
    if (catalogue.has(spec.name)) throw new Error(`command "${spec.name}" is declared twice`)
    catalogue.set(spec.name, { spec, subcommands: new Map() })
  }
  for (const spec of all) {
    if (spec.container === undefined) continue
    const container = catalogue.get(spec.container)
    if (container === undefined) throw new Error(`subcommand "${spec.name}" lacks its container`)
    container.subcommands.set(spec.name.slice(spec.container.length + 1), spec)
  }
  return catalogue
}

/** A command by its full name in any case: "GET", "config|get". A command without subcommands has an empty map. */
export const findByFullName = (catalogue: Catalogue, fullName: string): CatalogueEntry | undefined => {
  const name = fullName.toLowerCase()
  const bar = name.indexOf("|")
  if (bar < 0) return catalogue.get(name)
  const spec = catalogue.get(name.slice(0, bar))?.subcommands.get(name.slice(bar + 1))
  return spec === undefined ? undefined : { spec, subcommands: new Map() }
}

/** The command that two words of a request name: a container's subcommand if the second is one. */
export const findByWords = (
  catalogue: Catalogue,
  name: string,
  second: string | undefined,
): CommandSpec | undefined => {
  const entry = catalogue.get(name.toLowerCase())
  if (entry === undefined || entry.subcommands.size === 0 || second === undefined) return entry?.spec
  return entry.subcommands.get(second.toLowerCase())
}
