/**
 * One set of permissions: commands, keys and channels. A user has a root selector and may have others, and may do what
 * one of them allows as a whole.
 *
 * `commands` holds a bit an id. A first argument that is allowed to a command whose bit is off stands in `firstArguments`
 * until the bit is set or cleared by another rule. `future` says what is to hold for commands that nobody knows yet: it is
 * what +@all and -@all have said last, and decides with which of them a description begins.
 */
import { globMatch } from "../../bytes/Glob.js"
import type { AclCommand, AclCommands } from "./AclCommands.js"
import { allow, allows, deny, noCommand, type Rights } from "./Rights.js"

/** What a key pattern allows: to read the keys' content, to change it. */
export const READ = 1
export const WRITE = 2
export const READ_WRITE = READ | WRITE

export interface KeyPattern {
  /** A character a byte. */
  readonly text: string
  readonly bytes: Uint8Array
  /** How many plain bytes it begins with, and what is behind them. */
  readonly plain: number
  readonly rest: typeof NOTHING | typeof STAR | typeof PATTERN
  /** READ and WRITE. */
  flags: number
}

interface ChannelPattern {
  readonly text: string
  readonly bytes: Uint8Array
}

const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1")

/** Whether a pattern matches bytes [off, off + len). */
export const matches = (pattern: Uint8Array, buf: Uint8Array, off: number, len: number): boolean =>
  globMatch(pattern, 0, pattern.length, buf, off, len, false)

const NOTHING = 0
const STAR = 1
const PATTERN = 2

/** The pattern of one key text, ready to be compared: most are `orders:*`, and need no matching. */
const keyPattern = (text: string, flags: number): KeyPattern => {
  const special = text.search(/[*?[\\]/)
  const plain = special < 0 ? text.length : special
  const rest = special < 0 ? NOTHING : text.slice(special) === "*" ? STAR : PATTERN
  return { text, bytes: bytesOf(text), plain, rest, flags }
}

const matchesKey = (pattern: KeyPattern, buf: Uint8Array, off: number, len: number): boolean => {
  const { bytes, plain, rest } = pattern
  if (len < plain) return false
  for (let i = 0; i < plain; i++) if (buf[off + i] !== bytes[i]) return false
  // The star of a pattern that is nothing else matches no empty key, as Glob.ts says.
  if (rest === STAR) return len > 0
  if (rest === NOTHING) return len === plain
  return matches(bytes, buf, off, len)
}

export class Selector {
  readonly commands: Rights
  future = false
  firstArguments = new Map<number, ReadonlyArray<string>>()
  allKeys = false
  keys: ReadonlyArray<KeyPattern> = []
  allChannels: boolean
  channels: ReadonlyArray<ChannelPattern> = []

  constructor(allChannels: boolean, commands: Rights = noCommand()) {
    this.allChannels = allChannels
    this.commands = commands
  }

  copy(): Selector {
    const copy = new Selector(this.allChannels, this.commands.slice())
    copy.future = this.future
    copy.firstArguments = new Map(this.firstArguments)
    copy.allKeys = this.allKeys
    copy.keys = this.keys.map((pattern) => ({ ...pattern }))
    copy.channels = this.channels
    return copy
  }

  /** +@all and -@all. */
  setAll(on: boolean): void {
    this.commands.fill(on ? -1 : 0)
    this.future = on
    this.firstArguments.clear()
  }

  /** Allows or denies a command, with its subcommands. */
  set(command: AclCommand, on: boolean): void {
    if (on) allow(this.commands, command.id)
    else deny(this.commands, command.id)
    this.firstArguments.delete(command.id)
    for (const sub of command.subcommands) this.set(sub, on)
  }

  setCategory(commands: AclCommands, category: number, on: boolean): void {
    for (const command of commands.all)
      if (((command.categories >>> category) & 1) !== 0) this.set(command, on)
  }

  allowFirstArgument({ id }: AclCommand, argument: string): void {
    const known = this.firstArguments.get(id) ?? []
    const lower = argument.toLowerCase()
    if (!known.some((one) => one.toLowerCase() === lower)) this.firstArguments.set(id, [...known, argument])
  }

  allows(command: AclCommand): boolean {
    return allows(this.commands, command.id)
  }

  setAllKeys(): void {
    this.allKeys = true
    this.keys = []
  }

  resetKeys(): void {
    this.allKeys = false
    this.keys = []
  }

  addKeys(text: string, flags: number): void {
    const known = this.keys.find((pattern) => pattern.text === text)
    if (known === undefined) this.keys = [...this.keys, keyPattern(text, flags)]
    else known.flags |= flags
  }

  setAllChannels(): void {
    this.allChannels = true
    this.channels = []
  }

  resetChannels(): void {
    this.allChannels = false
    this.channels = []
  }

  addChannels(text: string): void {
    if (!this.channels.some((pattern) => pattern.text === text))
      this.channels = [...this.channels, { text, bytes: bytesOf(text) }]
  }

  /** Whether it allows all that `flags` ask for, of a key. */
  allowsKey(buf: Uint8Array, off: number, len: number, flags: number): boolean {
    const { keys } = this
    for (let i = 0; i < keys.length; i++) {
      const pattern = keys[i]
      if ((pattern.flags & flags) === flags && matchesKey(pattern, buf, off, len)) return true
    }
    return false
  }

  /** Whether a channel is allowed; a pattern of channels is where the very same is allowed. */
  allowsChannel(buf: Uint8Array, off: number, len: number, literal: boolean): boolean {
    if (this.allChannels) return true
    for (const { bytes } of this.channels) {
      if (literal ? Buffer.compare(bytes, buf.subarray(off, off + len)) === 0 : matches(bytes, buf, off, len))
        return true
    }
    return false
  }
}
