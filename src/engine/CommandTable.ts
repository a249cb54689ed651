/**
 * Finds a command by its name as the client sent it, in any case, without making a string of it.
 *
 * Layout: open addressing over a power of two of slots, at most half full; the hash folds letters to lower case. Beside
 * each slot stands the name it is found by, which rename-command may have made another one than the command's own.
 * Example: "GeT" hashes as "get"; the slot's name is compared byte by byte before it counts as found.
 */
import type { Command } from "./Command.js"

const fold = (b: number): number => (b >= 65 && b <= 90 ? b + 32 : b)

/** A command's new name; "" takes the command away. */
export interface Rename {
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

/** As `fold` does it: letters of ASCII only, for names are bytes, a character each. */
const lowered = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

export class CommandTable {
  readonly commands: ReadonlyArray<Command>
  private readonly slots: Array<Command | undefined>
  private readonly names: Array<string>
  private readonly mask: number

  /** @param names the names of renamed commands by their own, null for commands that cannot be called */
  constructor(commands: ReadonlyArray<Command>, names: ReadonlyMap<string, string | null> = new Map()) {
    this.commands = commands.filter((c) => names.get(c.name) !== null)
    let size = 64
    while (size < commands.length * 2) size *= 2
    this.mask = size - 1
    this.slots = Array.from<Command | undefined>({ length: size })
    this.names = Array.from({ length: size }, () => "")
    for (const c of this.commands) {
      const called = names.get(c.name) ?? c.name
      const name = Buffer.from(called, "latin1")
      if (this.find(name, 0, name.length) !== undefined)
        throw new Error(`command ${c.name} is declared twice`)
      let at = this.hash(name, 0, name.length)
      while (this.slots[at] !== undefined) at = (at + 1) & this.mask
      this.slots[at] = c
      this.names[at] = called
    }
  }

  find(buf: Uint8Array, off: number, len: number): Command | undefined {
    for (let at = this.hash(buf, off, len); ; at = (at + 1) & this.mask) {
      const c = this.slots[at]
      if (c === undefined || this.named(this.names[at], buf, off, len)) return c
    }
  }

  /** As `find`, by text in lower case. */
  byName(name: string): Command | undefined {
    const bytes = Buffer.from(name, "latin1")
    return this.find(bytes, 0, bytes.length)
  }

  private named(name: string, buf: Uint8Array, off: number, len: number): boolean {
    if (name.length !== len) return false
    for (let i = 0; i < len; i++) if (fold(buf[off + i]) !== name.charCodeAt(i)) return false
    return true
  }

  private hash(buf: Uint8Array, off: number, len: number): number {
    let h = len
    for (let i = 0; i < len; i++) h = Math.imul(h ^ fold(buf[off + i]), 0x01000193)
    return (h ^ (h >>> 15)) & this.mask
  }
}
