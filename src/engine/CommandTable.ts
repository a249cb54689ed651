/**
 * Finds a command by its name as the client sent it, in any case, without making a string of it.
 *
 * Layout: open addressing over a power of two of slots, at most half full; the hash folds letters to lower case. Beside
 * each slot stands the name it is found by, which rename-command may have made another one than the command's own.
 * Example: "GeT" hashes as "get"; the slot's name is compared byte by byte before it counts as found.
 */
import { COMMANDS_MAX } from "./CommandInfo.js"
import type { Command, Handler, TableCommand } from "./Command.js"
import type { CommandSpec } from "./declare/CommandSpec.js"

const fold = (b: number): number => (b >= 65 && b <= 90 ? b + 32 : b)

/** A command's new name; "" takes the command away. */
interface Rename {
  readonly from: string
  readonly to: string
}

/**
 * The names under which commands are found after all renames, by their own; null = not at all. Answers the reason, in
 * Redis's words, where a rename is impossible.
 */
export const renamed = (
  names: ReadonlyArray<string>,
  renames: ReadonlyArray<Rename>,
): ReadonlyMap<string, string | null> | { readonly rename: Rename; readonly reason: string } => {
  const ownByName = new Map(names.map((name) => [name, name] as const))
  const result = new Map<string, string | null>()
  for (const rename of renames) {
    const from = lowered(rename.from)
    const to = lowered(rename.to)
    const own = ownByName.get(from)
    if (own === undefined) return { rename, reason: "No such command in rename-command" }
    ownByName.delete(from)
    if (ownByName.has(to)) return { rename, reason: "Target command name already exists" }
    if (to !== "") ownByName.set(to, own)
    result.set(own, to === "" ? null : to)
  }
  return result
}

/** Twice as many, so that the table is at most half full. */
const SLOTS = 2 * COMMANDS_MAX
const MASK = SLOTS - 1

/** Where the search for a name begins. */
const hash = (buf: Uint8Array, off: number, len: number): number => {
  let h = len
  for (let i = 0; i < len; i++) h = Math.imul(h ^ fold(buf[off + i]), 0x01000193)
  return (h ^ (h >>> 15)) & MASK
}

/** The hashes of names that commands were added by: each server of a process adds the same. */
const hashes = new Map<string, number>()

const hashOfName = (name: string): number => {
  const known = hashes.get(name)
  if (known !== undefined) return known
  const found = hash(Buffer.from(name, "latin1"), 0, name.length)
  hashes.set(name, found)
  return found
}

/** As `fold` does it: letters of ASCII only, for names are bytes, a character each. */
const lowered = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

const AS_DECLARED: ReadonlyMap<string, string | null> = new Map()

/** Tables of nothing but what others begin with, by the list of it. Nobody adds to them. */
const starts = new WeakMap<ReadonlyArray<Command>, CommandTable>()

const startOf = (commands: ReadonlyArray<Command>): CommandTable => {
  const known = starts.get(commands)
  if (known !== undefined) return known
  const start = new CommandTable()
  start.add(commands)
  starts.set(commands, start)
  return start
}

export class CommandTable {
  readonly commands: Array<TableCommand>
  /** All commands by id, subcommands behind their container. */
  readonly byId: Array<TableCommand>
  private readonly declarations = new Map<string, CommandSpec>()
  /** What it began with. */
  private readonly start: CommandTable | undefined
  private readonly slots: Array<TableCommand | undefined>
  private readonly names: Array<string>

  /**
   * @param commands what it begins with; numbered once for all tables of the process that begin with the same list
   * @param renames the names of renamed commands by their own, null for commands that cannot be called
   */
  constructor(
    commands: ReadonlyArray<Command> = [],
    private readonly renames: ReadonlyMap<string, string | null> = AS_DECLARED,
  ) {
    const start = commands.length > 0 && renames.size === 0 ? startOf(commands) : undefined
    this.commands = start?.commands.slice() ?? []
    this.byId = start?.byId.slice() ?? []
    this.start = start
    this.slots = start?.slots.slice() ?? Array.from({ length: SLOTS })
    this.names = start?.names.slice() ?? Array.from<string>({ length: SLOTS }).fill("")
    if (start === undefined) this.add(commands)
  }

  /** Gives a declared command its id: servers of one process share the declarations. */
  private numbered(c: Command): TableCommand {
    const id = this.byId.length
    if (id >= COMMANDS_MAX) throw new Error(`more than ${COMMANDS_MAX} commands`)
    const subcommands = c.subcommands === undefined ? undefined : new Map<string, TableCommand>()
    // Field by field: of a spread each object would get a layout of its own, and dispatch meets them all.
    const numbered: TableCommand = {
      spec: c.spec,
      handler: c.handler,
      judge: c.judge,
      name: c.name,
      arity: c.arity,
      bits: c.bits,
      briefArguments: c.briefArguments,
      keyArgument: c.keyArgument,
      memberArgument: c.memberArgument,
      id,
      subcommands,
    }
    this.byId.push(numbered)
    c.subcommands?.forEach((sub, name) => subcommands?.set(name, this.numbered(sub)))
    return numbered
  }

  /** Adds a family; while the server is being built only. */
  add(commands: ReadonlyArray<Command>): void {
    for (const declared of commands) {
      this.declarations.set(declared.name, declared.spec)
      const c = this.numbered(declared)
      // Rules of users may name it.
      if (this.renames.get(declared.name) === null) continue
      const called = this.calledName(declared.name)
      let at = hashOfName(called)
      for (; this.slots[at] !== undefined; at = (at + 1) & MASK)
        if (this.names[at] === called) throw new Error(`command ${declared.name} is declared twice`)
      this.slots[at] = c
      this.names[at] = called
      this.commands.push(c)
    }
  }

  /** A command's declaration by its own name, whatever clients call the command and whether they may. */
  declaration(name: string): CommandSpec | undefined {
    return this.declarations.get(name) ?? this.start?.declaration(name)
  }

  /** Whether clients that say `name`, in lower case, mean the command, whether it is here or not. */
  isCalled(own: string, name: string): boolean {
    const renamed = this.renames.get(own)
    return (renamed === undefined ? own : renamed) === name
  }

  /** The name that clients call a command by. */
  calledName(own: string): string {
    return this.renames.get(own) ?? own
  }

  /** Puts something between dispatch and every handler of this table; others may have the same commands. */
  wrapHandlers(wrapped: (cmd: TableCommand) => Handler): void {
    const own = this.byId.map((cmd) => ({ ...cmd, handler: wrapped(cmd) }))
    for (const cmd of own) {
      const subcommands = [...(cmd.subcommands ?? [])].map(([name, { id }]) => [name, own[id]] as const)
      if (cmd.subcommands !== undefined) cmd.subcommands = new Map(subcommands)
    }
    for (const list of [this.commands, this.slots, this.byId])
      for (const [at, cmd] of list.entries()) if (cmd !== undefined) list[at] = own[cmd.id]
  }

  find(buf: Uint8Array, off: number, len: number): TableCommand | undefined {
    for (let at = hash(buf, off, len); ; at = (at + 1) & MASK) {
      const c = this.slots[at]
      if (c === undefined || this.named(this.names[at], buf, off, len)) return c
    }
  }

  /** As `find`, by text in lower case. */
  byName(name: string): TableCommand | undefined {
    const bytes = Buffer.from(name, "latin1")
    return this.find(bytes, 0, bytes.length)
  }

  private named(name: string, buf: Uint8Array, off: number, len: number): boolean {
    if (name.length !== len) return false
    for (let i = 0; i < len; i++) if (fold(buf[off + i]) !== name.charCodeAt(i)) return false
    return true
  }
}
