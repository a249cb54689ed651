/**
 * Looks closer at a command that a user's bit does not allow at once: its selectors are asked one after another whether
 * they allow the command, its keys and its channels. Allocates nothing.
 *
 * Where none allows it, what counts is the selector that came furthest: denied for a channel, before for a key, before
 * for the command; among equals the one denied for the later argument.
 */
import { type Arguments, Keys } from "../declare/KeyExtraction.js"
import type { CommandSpec } from "../declare/CommandSpec.js"
import { isForKeys, type KeyFlag } from "../declare/KeySyntax.js"
import type { AclCommand } from "./AclCommands.js"
import { allows } from "./Rights.js"
import { READ, type Selector, WRITE } from "./Selector.js"
import type { User } from "./User.js"

/** Why a command is denied. */
export const ALLOWED = 0
export const NO_COMMAND = 1
export const NO_KEY = 2
const NO_CHANNEL = 3
export type Verdict = typeof ALLOWED | typeof NO_COMMAND | typeof NO_KEY | typeof NO_CHANNEL

/** What a use of a key asks for. */
const needed = (flags: ReadonlyArray<KeyFlag>): number => {
  let need = 0
  for (const flag of flags) {
    if (flag === "access") need |= READ
    else if (flag === "update" || flag === "insert" || flag === "delete") need |= WRITE
  }
  return need
}

/**
 * Where a command has its only key, and what it does with it, as long as it has at most so many words. A command of which
 * that is not known has no words.
 */
interface SoleKey {
  readonly at: number
  readonly need: number
  readonly wordsMax: number
}

const ANY_WORDS = 0x3fffffff
const NO_SOLE_KEY: SoleKey = { at: 0, need: 0, wordsMax: 0 }
/** SET reads only with GET, which is an option behind the value. */
const SOLE_KEY_OF_SET: SoleKey = { at: 1, need: WRITE, wordsMax: 3 }

const soleKeyOf = ({ findKeys, keySpecs, channels }: CommandSpec): SoleKey => {
  if (channels !== undefined) return NO_SOLE_KEY
  if (findKeys === "set") return SOLE_KEY_OF_SET
  const [spec, other] = keySpecs
  if (findKeys !== undefined || spec === undefined || other !== undefined || !isForKeys(spec))
    return NO_SOLE_KEY
  const { begin, find, flags } = spec
  return begin.type === "index" && find.type === "range" && find.lastKey === 0
    ? { at: begin.index, need: needed(flags), wordsMax: ANY_WORDS }
    : NO_SOLE_KEY
}

/** Whether the bytes of an argument are the text, but for the case of letters. */
const isText = ({ buf, argOff, argLen }: Arguments, i: number, text: string): boolean =>
  argLen[i] === text.length &&
  Buffer.from(buf.buffer, buf.byteOffset + argOff[i], argLen[i])
    .toString("latin1")
    .toLowerCase() === text.toLowerCase()

/** What is asked about: a command of the table, or one that only rules know. */
type RuledCommand = Pick<AclCommand, "id" | "spec">

export class Access {
  /** The argument that the last command was denied for: a key or a channel; 0 for the command. */
  argument = 0
  private readonly keys = new Keys()
  /** The keys of the command in question have been looked for. */
  private keysFound = false
  /** By command id, of those that were asked about. */
  private readonly soleKeys: Array<SoleKey | undefined> = []

  /** What the user's selectors say of a command whose number of arguments is right. */
  check(user: User, command: RuledCommand, request: Arguments): Verdict {
    return this.plain(user.selectors[0], command, request) ? ALLOWED : this.whole(user, command, request)
  }

  /** What most commands come to: the first selector allows the command, and its only key. */
  private plain(selector: Selector, { spec, id }: RuledCommand, request: Arguments): boolean {
    const sole = (this.soleKeys[id] ??= soleKeyOf(spec))
    const { argc } = request
    if (argc > sole.wordsMax || argc <= sole.at || !allows(selector.commands, id)) return false
    return selector.allowsKey(request.buf, request.argOff[sole.at], request.argLen[sole.at], sole.need)
  }

  private whole(user: User, command: RuledCommand, request: Arguments): Verdict {
    const { selectors } = user
    let verdict: Verdict = ALLOWED
    let argument = 0
    this.keysFound = false
    for (let i = 0; i < selectors.length; i++) {
      const own = this.ask(selectors[i], command, request)
      if (own === ALLOWED) return ALLOWED
      if (own < verdict || (own === verdict && this.argument <= argument)) continue
      verdict = own
      argument = this.argument
    }
    this.argument = argument
    return verdict
  }

  private ask(selector: Selector, command: RuledCommand, request: Arguments): Verdict {
    this.argument = 0
    const { spec, id } = command
    if (!spec.noAuth && !allows(selector.commands, id) && !this.firstArgument(selector, id, request))
      return NO_COMMAND
    if (!selector.allKeys && !this.allowsKeys(selector, command, request)) return NO_KEY
    if (spec.channels !== undefined && !this.allowsChannels(selector, command, request)) return NO_CHANNEL
    return ALLOWED
  }

  private firstArgument(selector: Selector, id: number, request: Arguments): boolean {
    const known = selector.firstArguments.get(id)
    return known !== undefined && request.argc > 1 && known.some((text) => isText(request, 1, text))
  }

  private allowsKeys(selector: Selector, { spec }: RuledCommand, request: Arguments): boolean {
    const { buf, argOff, argLen } = request
    const { keys } = this
    if (!this.keysFound) {
      this.keysFound = true
      keys.count = 0
      if (spec.hasKeys) keys.find(spec, request)
    }
    for (let k = 0; k < keys.count; k++) {
      const i = keys.index[k]
      if (selector.allowsKey(buf, argOff[i], argLen[i], needed(keys.flags[k]))) continue
      this.argument = i
      return false
    }
    return true
  }

  private allowsChannels(selector: Selector, { spec }: RuledCommand, request: Arguments): boolean {
    if (selector.allChannels) return true
    const { buf, argOff, argLen } = request
    const end = spec.channels === "first" ? 2 : request.argc
    for (let i = 1; i < end; i++) {
      if (selector.allowsChannel(buf, argOff[i], argLen[i], spec.channels === "patterns")) continue
      this.argument = i
      return false
    }
    return true
  }
}
