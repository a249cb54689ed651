/**
 * A selector in words: rules that lead to it from nothing, the same whatever rules it was made by.
 *
 * Commands begin with all or with none, whichever was said last. Then come categories, each time the one that says more
 * commands right than wrong, with as few as possible wrong and then as many as possible right, of those that no category
 * before has said anything about; last, single commands for what is still otherwise, and first arguments.
 */
import type { AclCommand, AclCommands } from "./AclCommands.js"
import { aclCategories } from "../declare/CommandSpec.js"
import { noCommand, type Rights } from "./Rights.js"
import { type KeyPattern, READ, READ_WRITE, Selector } from "./Selector.js"

const bitsIn = (word: number): number => {
  let n = word - ((word >>> 1) & 0x55555555)
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333)
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** The best category to say next, -1 where none makes it better; `settled` are the commands that have been spoken of. */
const bestCategory = (
  { commands, future }: Selector,
  masks: ReadonlyArray<Rights>,
  said: ReadonlySet<number>,
  settled: Rights,
): number => {
  const off = future ? -1 : 0
  let best = -1
  let mostRight = 0
  let leastWrong = Infinity
  for (const [category, mask] of masks.entries()) {
    if (said.has(category)) continue
    let right = 0
    let wrong = 0
    for (let i = 0; i < mask.length; i++) {
      const gained = mask[i] & ~settled[i] & (commands[i] ^ off)
      right += bitsIn(gained)
      wrong += bitsIn(mask[i] & ~gained)
    }
    if (right <= wrong || wrong > leastWrong || (wrong === leastWrong && right <= mostRight)) continue
    best = category
    mostRight = right
    leastWrong = wrong
  }
  return best
}

const addSingles = (
  rules: Array<string>,
  wanted: Selector,
  made: Selector,
  commands: ReadonlyArray<AclCommand>,
): void => {
  for (const command of commands) {
    const { id, name, subcommands } = command
    const on = wanted.allows(command)
    if (made.allows(command) !== on) {
      rules.push(`${on ? "+" : "-"}${name}`)
      made.set(command, on)
    }
    addSingles(rules, wanted, made, subcommands)
    if (!on) for (const argument of wanted.firstArguments.get(id) ?? []) rules.push(`+${name}|${argument}`)
  }
}

/** What may be run, a word a rule. */
export const commandRules = (wanted: Selector, commands: AclCommands): ReadonlyArray<string> => {
  const made = new Selector(false)
  made.setAll(wanted.future)
  const rules = [wanted.future ? "+@all" : "-@all"]
  const sign = wanted.future ? "-" : "+"
  const said = new Set<number>()
  const settled = noCommand()
  for (;;) {
    const category = bestCategory(wanted, commands.masks, said, settled)
    if (category < 0) break
    said.add(category)
    rules.push(`${sign}@${aclCategories[category]}`)
    made.setCategory(commands, category, !wanted.future)
    const mask = commands.masks[category]
    for (let i = 0; i < mask.length; i++) settled[i] |= mask[i]
  }
  addSingles(rules, wanted, made, commands.top)
  return rules
}

const describeKey = ({ text, flags }: KeyPattern): string =>
  flags === READ_WRITE ? `~${text}` : `%${flags === READ ? "R" : "W"}~${text}`

/** The key patterns, a word each. */
export const keyRules = ({ allKeys, keys }: Selector): ReadonlyArray<string> =>
  allKeys ? ["~*"] : keys.map(describeKey)

/** The channel patterns, a word each. */
export const channelRules = ({ allChannels, channels }: Selector): ReadonlyArray<string> =>
  allChannels ? ["&*"] : channels.map(({ text }) => `&${text}`)

/** All rules, a word each. */
export const selectorRules = (selector: Selector, commands: AclCommands): ReadonlyArray<string> => [
  ...keyRules(selector),
  ...(selector.allChannels ? [] : ["resetchannels"]),
  ...channelRules(selector),
  ...commandRules(selector, commands),
]
