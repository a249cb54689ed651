/**
 * Finds a command by its name as the client sent it, in any case, without making a string of it.
 *
 * Layout: open addressing over a power of two of slots, at most half full; the hash folds letters to lower case.
 * Example: "GeT" hashes as "get"; the slot's command is compared byte by byte before it counts as found.
 */
import type { Command } from "./Command.js"

const fold = (b: number): number => (b >= 65 && b <= 90 ? b + 32 : b)

export class CommandTable {
  readonly commands: ReadonlyArray<Command>
  private readonly slots: Array<Command | undefined>
  private readonly mask: number

  constructor(commands: ReadonlyArray<Command>) {
    this.commands = commands
    let size = 64
    while (size < commands.length * 2) size *= 2
    this.mask = size - 1
    this.slots = Array.from<Command | undefined>({ length: size })
    for (const c of commands) {
      const name = Buffer.from(c.name, "latin1")
      if (this.find(name, 0, name.length) !== undefined)
        throw new Error(`command ${c.name} is declared twice`)
      let at = this.hash(name, 0, name.length)
      while (this.slots[at] !== undefined) at = (at + 1) & this.mask
      this.slots[at] = c
    }
  }

  find(buf: Uint8Array, off: number, len: number): Command | undefined {
    for (let at = this.hash(buf, off, len); ; at = (at + 1) & this.mask) {
      const c = this.slots[at]
      if (c === undefined || this.named(c.name, buf, off, len)) return c
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
