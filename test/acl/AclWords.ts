/** Random rules and commands, of words that mean something often enough. */
import type { Random } from "../support/Random.js"

const KEY_LETTERS = ["a", "b", "ab", "ba", "c", "", "a*", "*"]
const PATTERNS = ["a", "b", "a*", "*b", "?", "*", "[ab]", "", "c", "ab", "a\\*", "**"]
const CHANNELS = ["a", "b", "a*", "?", "c", "*"]

const plain = [
  "allkeys",
  "resetkeys",
  "allchannels",
  "resetchannels",
  "allcommands",
  "nocommands",
  "+@all",
  "-@all",
  "~*",
  "&*",
]
const ofUser = ["on", "off", "nopass", "resetpass", "reset", "clearselectors", "sanitize-payload"]
const wrong = [
  "+nosuch",
  "-nosuch",
  "+@nosuch",
  "+config|nosuch",
  "+config|get|x",
  "-select|0",
  "+select|",
  "%~a",
  "%RR~a",
  "%X~a",
  "~a b",
  "&a\tb",
  "nosuch",
  "#ab",
  "!ab",
  "<nosuch",
  "",
  "(",
  "(on)",
  "(+nosuch)",
  "+",
  "-@",
]
const HASH = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
const passwords = [">x", ">y", "<x", "<y", `#${HASH}`, `!${HASH}`, "skip-sanitize-payload", "ON", "NoPass"]

export interface Names {
  readonly commands: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
}

const inAnyCase = (random: Random, word: string): string => (random.chance(0.05) ? word.toUpperCase() : word)

/** A rule of a selector. */
const selectorRule = (random: Random, names: Names): string => {
  const sign = random.chance(0.6) ? "+" : "-"
  return random.weighted<() => string>([
    [4, () => `${sign}${inAnyCase(random, random.pick(names.commands))}`],
    [4, () => `${sign}@${inAnyCase(random, random.pick(names.categories))}`],
    [2, () => `~${random.pick(PATTERNS)}`],
    [2, () => `%${random.pick(["R", "W", "RW", "WR", "r"])}~${random.pick(PATTERNS)}`],
    [2, () => `&${random.pick(CHANNELS)}`],
    [0.6, () => `+${random.pick(["select", "get", "set", "mget", "publish"])}|${random.pick(KEY_LETTERS)}`],
    [0.8, () => inAnyCase(random, random.pick(plain))],
  ])()
}

/** Rules of a user, wrong ones among them where they may be. */
export const userRules = (random: Random, names: Names, mistakes: boolean): Array<string> =>
  random.times(random.between(1, 9), () =>
    random.weighted<() => string>([
      [12, () => selectorRule(random, names)],
      [1, () => `(${random.times(random.between(0, 4), () => selectorRule(random, names)).join(" ")})`],
      [0.6, () => inAnyCase(random, random.pick(ofUser))],
      [0.6, () => random.pick(passwords)],
      [mistakes ? 0.3 : 0, () => random.pick(wrong)],
    ])(),
  )

const WORDS = [
  "0",
  "1",
  "2",
  "3",
  "1x",
  "-1",
  "STREAMS",
  "STORE",
  "BY",
  "GET",
  "SET",
  "LIMIT",
  "KEYS",
  "OVERFLOW",
]

/** A command with arguments that it may or may not make sense of. */
export const commandWords = (random: Random, name: string, arity: number): Array<string> => {
  const words = name.split("|")
  const least = Math.abs(arity) - words.length
  const count = arity > 0 && random.chance(0.95) ? least : least + random.below(4)
  const word = (): string => (random.chance(0.7) ? random.pick(KEY_LETTERS) : random.pick(WORDS))
  return [...words, ...random.times(Math.max(0, count), word)]
}
