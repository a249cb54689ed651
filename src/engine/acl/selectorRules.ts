/**
 * The rules of a selector, one word each: what may be run (+get -@dangerous allcommands), on which keys (~a* %R~b allkeys),
 * and on which channels (&news allchannels). A rule that makes no sense changes nothing and has a reason.
 */
import * as Errors from "../../resp/Errors.js"
import { type AclCommands, categoryNumber } from "./AclCommands.js"
import { READ, READ_WRITE, type Selector, WRITE } from "./Selector.js"

/** What rules mean in one server. */
export interface RuleTerms {
  readonly commands: AclCommands
  /** acl-pubsub-default: whether who is new may use all channels. */
  readonly allChannels: boolean
  /** Tells the log of a rule that is going out of use. */
  readonly deprecated: (text: string) => void
}

/** A word of which one of the bytes parts words, or ends a text in C. */
const isBroken = (word: string): boolean => /[\0\t-\r ]/.test(word)

const plainRules: ReadonlyMap<string, (selector: Selector) => void> = new Map([
  ["allkeys", (selector: Selector) => selector.setAllKeys()],
  ["~*", (selector: Selector) => selector.setAllKeys()],
  ["resetkeys", (selector: Selector) => selector.resetKeys()],
  ["allchannels", (selector: Selector) => selector.setAllChannels()],
  ["&*", (selector: Selector) => selector.setAllChannels()],
  ["resetchannels", (selector: Selector) => selector.resetChannels()],
  ["allcommands", (selector: Selector) => selector.setAll(true)],
  ["+@all", (selector: Selector) => selector.setAll(true)],
  ["nocommands", (selector: Selector) => selector.setAll(false)],
  ["-@all", (selector: Selector) => selector.setAll(false)],
])

/** Applies a rule; answers why it cannot be. */
export const applySelectorRule = (selector: Selector, rule: string, terms: RuleTerms): string | undefined => {
  const plain = plainRules.get(rule.toLowerCase())
  if (plain !== undefined) {
    plain(selector)
    return undefined
  }
  switch (rule[0]) {
    case "~":
      return addKeys(selector, rule.slice(1), READ_WRITE)
    case "%":
      return addFlaggedKeys(selector, rule)
    case "&":
      return addChannels(selector, rule.slice(1))
    case "+":
    case "-":
      return rule[1] === "@" ? setCategory(selector, rule, terms) : setCommand(selector, rule, terms)
    case undefined:
      return undefined
    default:
      return Errors.aclSyntax
  }
}

const addKeys = (selector: Selector, pattern: string, flags: number): string | undefined => {
  if (selector.allKeys) return Errors.aclPatternAfterAll
  if (isBroken(pattern)) return Errors.aclSyntax
  selector.addKeys(pattern, flags)
  return undefined
}

/** %R~pattern, %W~pattern, or with both letters. Where the "~" is missing, the pattern is empty. */
const addFlaggedKeys = (selector: Selector, rule: string): string | undefined => {
  if (selector.allKeys) return Errors.aclPatternAfterAll
  let flags = 0
  let at = 1
  for (; at < rule.length && rule[at] !== "~"; at++) {
    const letter = rule.charAt(at).toUpperCase()
    const flag = letter === "R" ? READ : letter === "W" ? WRITE : 0
    if (flag === 0 || (flags & flag) !== 0) return Errors.aclSyntax
    flags |= flag
  }
  return flags === 0 ? Errors.aclSyntax : addKeys(selector, rule.slice(at + 1), flags)
}

const addChannels = (selector: Selector, pattern: string): string | undefined => {
  if (selector.allChannels) return Errors.aclChannelAfterAll
  if (isBroken(pattern)) return Errors.aclSyntax
  selector.addChannels(pattern)
  return undefined
}

const setCategory = (selector: Selector, rule: string, { commands }: RuleTerms): string | undefined => {
  const category = categoryNumber(rule.slice(2))
  if (category < 0) return Errors.aclUnknownCommand
  selector.setCategory(commands, category, rule[0] === "+")
  return undefined
}

const setCommand = (selector: Selector, rule: string, terms: RuleTerms): string | undefined => {
  const on = rule[0] === "+"
  const command = terms.commands.find(rule.slice(1))
  if (command !== undefined) {
    selector.set(command, on)
    return undefined
  }
  return on ? allowFirstArgument(selector, rule, terms) : Errors.aclUnknownCommand
}

/** +command|argument, where the argument is none of the command's subcommands. */
const allowFirstArgument = (selector: Selector, rule: string, terms: RuleTerms): string | undefined => {
  const bar = rule.lastIndexOf("|")
  const command = bar < 0 ? undefined : terms.commands.find(rule.slice(1, bar))
  if (command === undefined) return Errors.aclUnknownCommand
  if (command.spec.container !== undefined) return Errors.aclFirstArgumentOfSubcommand
  const argument = rule.slice(bar + 1)
  if (argument === "") return Errors.aclSyntax
  if (command.subcommands.length > 0) return Errors.aclUnknownCommand
  terms.deprecated(
    `Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of ACL and may get disabled in the future (offender: ${rule})`,
  )
  selector.allowFirstArgument(command, argument)
  return undefined
}
