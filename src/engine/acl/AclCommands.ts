/**
 * The commands that rules can name: all of Redis's and the app's own, by the names they were declared with, whatever
 * rename-command has made of them and whether this server runs them. Ids are those of the command table; commands that
 * are not in it have ids behind, so that a file of users written for redis-server means the same here.
 */
import { COMMANDS_MAX } from "../CommandInfo.js"
import { allow, noCommand, type Rights } from "./Rights.js"
import { aclCategories, type CommandSpec } from "../declare/CommandSpec.js"

/** A server's command table, as far as rules go. */
export interface NumberedCommands {
  readonly byId: ReadonlyArray<{ readonly id: number; readonly name: string; readonly spec: CommandSpec }>
}

export interface AclCommand {
  readonly id: number
  /** In lower case; "config|get" for a subcommand. */
  readonly name: string
  readonly spec: CommandSpec
  /** A bit for each category, in the order of `aclCategories`. */
  readonly categories: number
  readonly subcommands: ReadonlyArray<AclCommand>
}

/** The number of a category by its name in any case, -1 for none. */
export const categoryNumber = (name: string): number => {
  const lower = name.toLowerCase()
  return aclCategories.findIndex((category) => category === lower)
}

const categoryBits = (spec: CommandSpec): number =>
  spec.acl.reduce((bits, category) => bits | (1 << categoryNumber(category)), 0)

/** Versions compare as texts: there is none of two digits. */
const NEWER_SINCE = "7.1"

export class AclCommands {
  /** Without subcommands, which their containers hold. */
  readonly top: ReadonlyArray<AclCommand>
  /** All of them, a container before its subcommands. */
  readonly all: ReadonlyArray<AclCommand>
  /** The commands by which descriptions weigh each category: without newer ones, which redis-server cannot count. */
  readonly masks: ReadonlyArray<Rights>
  private readonly byName: ReadonlyMap<string, AclCommand>

  /** @param others declarations of commands that the table may lack */
  constructor(table: NumberedCommands, others: ReadonlyArray<CommandSpec>) {
    let last = table.byId.length
    const specs = new Map<string, CommandSpec>()
    for (const spec of others) specs.set(spec.name, spec)
    const ids = new Map<string, number>()
    for (const { id, name, spec } of table.byId) {
      ids.set(name, id)
      specs.set(name, spec)
    }
    const byContainer = new Map<string | undefined, Array<CommandSpec>>()
    for (const spec of specs.values()) {
      const beside = byContainer.get(spec.container)
      if (beside === undefined) byContainer.set(spec.container, [spec])
      else beside.push(spec)
    }
    const made = (spec: CommandSpec): AclCommand => {
      const id = ids.get(spec.name) ?? last++
      if (id >= COMMANDS_MAX) throw new Error(`more than ${COMMANDS_MAX} commands`)
      const subcommands = (byContainer.get(spec.name) ?? []).map(made)
      return { id, name: spec.name, spec, categories: categoryBits(spec), subcommands }
    }
    this.top = (byContainer.get(undefined) ?? []).map(made)
    this.all = this.top.flatMap((one) => [one, ...one.subcommands])
    this.masks = aclCategories.map((_, category) => {
      const mask = noCommand()
      for (const { id, spec } of this.inCategory(category)) if (spec.since < NEWER_SINCE) allow(mask, id)
      return mask
    })
    this.byName = new Map(this.all.map((one) => [one.name, one]))
  }

  /** A command or subcommand ("config|get") by its name in any case. */
  find(name: string): AclCommand | undefined {
    return this.byName.get(name.toLowerCase())
  }

  inCategory(category: number): ReadonlyArray<AclCommand> {
    return this.all.filter(({ categories }) => ((categories >>> category) & 1) !== 0)
  }
}
