/**
 * The options of a command, read off its declaration: what `args` says to COMMAND DOCS is what is parsed.
 *
 *     const lpos = options(spec.LPOS)             key#0 element [RANK=rank:int] [COUNT=num-matches:int] [MAXLEN=len:int]
 *     const [RANK, COUNT, MAXLEN] = lpos.bits("RANK", "COUNT", "MAXLEN")
 *
 *     for (let i = 3, option = 0; i < c.argc; i += lpos.words(option)) {        one by one, where values are judged
 *       option = lpos.at(c, i)                                                 as they come
 *       if (option === RANK) ...
 *       else return c.fail(Errors.syntax)                                      0: none of them, or cut short
 *     }
 *
 *     const found = set.read(c, 3)                all at once: bits of those present, -1 where they make no sense
 *     set.value(EX)                               the argument with the value, as the `read` before found it
 *
 * An option is an argument with a token, however deep in blocks and choices it stands. Its words are the token and the
 * values that must follow it; of values that may be repeated, one. A choice that must be made at a fixed place (LMPOP's
 * LEFT|RIGHT) or as an option's value (AGGREGATE's SUM|MIN|MAX) is no option; `choice` gives it by its name.
 *
 * Nothing is allocated for a request, and what `read` leaves for `value` is good until the next `read`.
 */
import type { CommandContext } from "./CommandContext.js"
import type { Argument } from "./declare/ArgumentSyntax.js"
import type { CommandSpec } from "./declare/CommandSpec.js"

interface Option {
  readonly token: string
  /** The token's first byte, for a quick look. */
  readonly first: number
  readonly bit: number
  readonly words: number
}

/** What is looked at of a request. */
export type Words = Pick<CommandContext, "buf" | "argc" | "argOff" | "argLen" | "is">

/** Bits are those of a small integer. */
const OPTIONS_MAX = 30

/** Where the last `read` of any command found the values, by the place of the option's bit. */
const values = new Int32Array(OPTIONS_MAX)

const isOptional = ({ flags }: Argument): boolean => flags.includes("optional")

/** One of several words, told apart by nothing but their tokens. */
const isChoiceOfWords = ({ type, token, arguments: members }: Argument): boolean =>
  type === "oneof" && token === undefined && members.every((one) => one.type === "pure-token")

/** How many words must follow a token whose argument this is. */
const valueWords = ({ type, arguments: members }: Argument): number => {
  if (type === "pure-token") return 0
  if (type !== "block") return 1
  if (members.some(({ flags }) => flags.includes("multiple"))) return 1
  return members.reduce((sum, one) => sum + (isOptional(one) ? 0 : valueWords(one)), 0)
}

const upper = (byte: number): number => (byte >= 97 && byte <= 122 ? byte - 32 : byte)

export class Options {
  /** By the length of their tokens, so that most words are told apart without looking at them. */
  private readonly byLength: Array<Array<Option>> = []
  private readonly byToken = new Map<string, Option>()
  private readonly wordsByPlace = new Int32Array(OPTIONS_MAX)
  private readonly rivalsByPlace = new Int32Array(OPTIONS_MAX)
  private readonly choices = new Map<string, Argument>()

  constructor(declared: ReadonlyArray<Argument>) {
    for (const argument of declared) {
      if (isChoiceOfWords(argument) && !isOptional(argument)) this.choices.set(argument.name, argument)
      else this.addArgument(argument, 0)
    }
  }

  /** Adds the options in an argument, behind whose token so many more words stand; answers their bits. */
  private addArgument(argument: Argument, behind: number): number {
    const { type, token, arguments: members } = argument
    let bits = 0
    if (token !== undefined) bits = this.add(token, 1 + valueWords(argument) + behind)
    if (type === "block") return bits | this.addBlock(argument, token === undefined)
    if (type !== "oneof") return bits
    this.choices.set(argument.name, argument)
    return token === undefined ? this.addRivals(members, behind) : bits
  }

  /** Adds alternatives, which rule each other out. */
  private addRivals(members: ReadonlyArray<Argument>, behind: number): number {
    const groups = members.map((member) => this.addArgument(member, behind))
    const all = groups.reduce((sum, bits) => sum | bits, 0)
    for (const own of groups)
      for (let place = 0; place < OPTIONS_MAX; place++)
        if ((own & (1 << place)) !== 0) this.rivalsByPlace[place] |= all & ~own
    return all
  }

  /** Adds the options of a block. What must follow its first member belongs to that, if `opens` the block by a token. */
  private addBlock({ arguments: members }: Argument, opens: boolean): number {
    let bits = 0
    for (const [i, member] of members.entries()) {
      const rest = members.slice(1)
      const behind = i === 0 && opens && !isOptional(member) ? rest.reduce(countPlain, 0) : 0
      if (i === 0 || isOptional(member) || !isChoiceOfWords(member)) bits |= this.addArgument(member, behind)
      else this.choices.set(member.name, member)
    }
    return bits
  }

  private add(token: string, words: number): number {
    const known = this.byToken.get(token)
    if (known !== undefined) return known.bit
    const place = this.byToken.size
    if (place >= OPTIONS_MAX) throw new Error(`too many options, with ${token}`)
    const option: Option = { token, first: token.charCodeAt(0), bit: 1 << place, words }
    this.byToken.set(token, option)
    this.wordsByPlace[place] = words
    ;(this.byLength[token.length] ??= []).push(option)
    return option.bit
  }

  /** The bits of options, each of which must be declared. */
  bits(...tokens: ReadonlyArray<string>): ReadonlyArray<number> {
    return tokens.map((token) => {
      const option = this.byToken.get(token)
      if (option === undefined) throw new Error(`no option ${token} is declared`)
      return option.bit
    })
  }

  /** The words of a choice, by its name. */
  choice(name: string): Options {
    const argument = this.choices.get(name)
    if (argument === undefined) throw new Error(`no choice ${name} is declared`)
    return new Options(argument.arguments)
  }

  /** The bit of the option at argument i, with all its words before the end; 0 for none. */
  at(c: Words, i: number): number {
    const candidates = this.byLength[c.argLen[i]]
    if (candidates === undefined) return 0
    const first = upper(c.buf[c.argOff[i]])
    for (const option of candidates)
      if (option.first === first && c.is(i, option.token)) return i + option.words <= c.argc ? option.bit : 0
    return 0
  }

  /** Arguments that an option takes, its token among them. */
  words(bit: number): number {
    return this.wordsByPlace[31 - Math.clz32(bit)]
  }

  /** The options that cannot stand beside this one. */
  rivals(bit: number): number {
    return this.rivalsByPlace[31 - Math.clz32(bit)]
  }

  /** Bits of the options from argument `from` to the end; -1 where a word is none or an option rules another out. */
  read(c: Words, from: number): number {
    let found = 0
    for (let i = from; i < c.argc;) {
      const bit = this.at(c, i)
      if (bit === 0 || (this.rivals(bit) & found) !== 0) return -1
      found |= bit
      const place = 31 - Math.clz32(bit)
      values[place] = i + 1
      i += this.wordsByPlace[place]
    }
    return found
  }

  /** The argument behind an option's token, as `read` found it; of one given twice, the last. */
  value(bit: number): number {
    return values[31 - Math.clz32(bit)]
  }
}

/** Counts the words that must stand in a block without a token of their own. */
const countPlain = (sum: number, member: Argument): number =>
  member.token !== undefined || isOptional(member) ? sum : sum + 1

/** The options that a command declares; of a family whose members take each other's, those of all. */
export const options = (...specs: ReadonlyArray<CommandSpec>): Options =>
  new Options(specs.flatMap((one) => one.arguments))
