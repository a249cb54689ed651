/**
 * Finds the key names in a full command line: COMMAND GETKEYS and GETKEYSANDFLAGS.
 *
 * First the key specs are followed. A few commands need more than specs can say (`finders`): SORT's STORE may stand
 * anywhere, MIGRATE's KEYS moves the keys, SET reads only with GET. Those that give a number of keys fall back to a laxer
 * reading of the number ("1x" is 1), whose keys carry no flags, when the strict one finds none.
 *
 * Positions count words, the command's name being word 0. Source: replies of redis-server 7.0.15.
 */
import * as Errors from "../../resp/Errors.js"
import { parseInt64 } from "../../bytes/Numbers.js"
import { type Catalogue, findByWords } from "./Catalogue.js"
import type { CommandSpec } from "./CommandSpec.js"
import type { KeyFlag, KeySpec } from "./KeySyntax.js"

type Words = ReadonlyArray<Uint8Array>

/** A key's position among the words, and how the command uses it. */
export interface KeyUse {
  readonly index: number
  readonly flags: ReadonlyArray<KeyFlag>
}

export type KeysOfRequest = { readonly keys: ReadonlyArray<KeyUse> } | { readonly error: string }

/** What COMMAND GETKEYS finds in `words`, or the text of the error it answers. */
export const keysOfRequest = (catalogue: Catalogue, words: Words): KeysOfRequest => {
  const spec = findByWords(catalogue, words)
  if (spec === undefined) return { error: Errors.invalidCommand }
  if (!spec.keySpecs.some(isForKeys)) return { error: Errors.noKeyArguments }
  if (!spec.arityAllows(words.length)) return { error: Errors.invalidNumberOfArguments }
  const keys = findKeys(spec, words)
  if (keys.length === 0 && !spec.noMandatoryKeys) return { error: Errors.invalidArguments }
  return { keys }
}

/** The keys of a request whose length is right; none where the words make no sense. */
export const findKeys = (spec: CommandSpec, words: Words): ReadonlyArray<KeyUse> => {
  const finder = finders.get(spec.name)
  if (finder !== undefined) return finder(words)
  const keys = followSpecs(spec.keySpecs, words)
  return keys.length > 0 ? keys : countLaxly(spec.keySpecs, words)
}

/** Channels of sharded publishing stand where keys do, and are none. */
const isForKeys = (spec: KeySpec): boolean => !spec.flags.includes("not_key")

const none: ReadonlyArray<KeyUse> = []

const followSpecs = (specs: ReadonlyArray<KeySpec>, words: Words): ReadonlyArray<KeyUse> => {
  const keys: KeyUse[] = []
  for (const spec of specs) {
    if (!isForKeys(spec) || spec.begin.type === "unknown") continue
    const begin = spec.begin.type === "index" ? spec.begin.index : placeAfter(spec.begin, words)
    if (begin < 0) continue
    if (!addKeys(keys, spec, begin, words)) return none
  }
  return keys
}

/** The position behind the keyword; -1 where it is missing, or the last word. */
const placeAfter = (begin: { keyword: string; startFrom: number }, words: Words): number => {
  for (let i = begin.startFrom; i < words.length - 1; i++) if (isWord(words[i], begin.keyword)) return i + 1
  return -1
}

/** False where the positions fall outside of the words. */
const addKeys = (keys: KeyUse[], { find, flags }: KeySpec, begin: number, words: Words): boolean => {
  let first = begin
  let last = -1
  let step = 1
  if (find.type === "range") {
    step = find.keyStep
    if (find.lastKey >= 0) last = first + find.lastKey
    else if (find.limit <= 1) last = words.length + find.lastKey
    else last = first + Math.floor((words.length - first) / find.limit) + find.lastKey
  } else if (find.type === "keynum") {
    const count = strictCount(words[begin + find.keyNumIndex])
    if (count === undefined) return false
    step = find.keyStep
    first += find.firstKey
    last = first + (count - 1) * step
  }
  if (last >= words.length || last < first || first >= words.length) return false
  for (let i = first; i <= last; i += step) keys.push({ index: i, flags })
  return true
}

/** A 64-bit number whose low 32 bits count; undefined where it is no number or negative, before or after that cut. */
const strictCount = (word: Uint8Array | undefined): number | undefined => {
  if (word === undefined) return undefined
  const count = parseInt64(word, 0, word.length)
  if (count === undefined || count < 0n) return undefined
  const low = Number(BigInt.asIntN(32, count))
  return low < 0 ? undefined : low
}

/** The keys after a count, and behind them the destination in front of it, all without flags. */
const countLaxly = (specs: ReadonlyArray<KeySpec>, words: Words): ReadonlyArray<KeyUse> => {
  const counted = specs.find(({ find }) => find.type === "keynum")
  if (counted === undefined || counted.begin.type !== "index") return none
  const at = counted.begin.index
  const count = laxCount(words[at])
  if (count < 1 || count > words.length - at - 1) return none
  const keys: KeyUse[] = []
  for (let i = 1; i <= count; i++) keys.push({ index: at + i, flags: [] })
  if (specs.length > 1) keys.push({ index: 1, flags: [] })
  return keys
}

/** The number a word begins with, after white space; 0 without one. Held to 64 bits, then cut to 32, as C's atoi. */
const laxCount = (word: Uint8Array): number => {
  const [, sign, digits = ""] = /^[ \t-\r]*([+-]?)0*(\d*)/.exec(textOf(word)) ?? []
  if (digits === "") return 0
  const size = digits.length > int64DigitsMax ? int64Max + 1n : BigInt(digits)
  const value = sign === "-" ? -size : size
  return Number(
    BigInt.asIntN(32, value > int64Max ? int64Max : value < -int64Max - 1n ? -int64Max - 1n : value),
  )
}

const int64Max = 0x7fff_ffff_ffff_ffffn
const int64DigitsMax = 19

const textOf = (word: Uint8Array): string =>
  Buffer.from(word.buffer, word.byteOffset, word.byteLength).toString("latin1")

/** Equal but for the case of letters; `upper` is in upper case. */
const isWord = (word: Uint8Array, upper: string): boolean =>
  word.length === upper.length && textOf(word).toUpperCase() === upper

/** SET: it reads the old value only with GET, which may stand anywhere behind the value. */
const setKeys = (words: Words): ReadonlyArray<KeyUse> => {
  const reads = words.some((word, i) => i > 2 && isWord(word, "GET"))
  return [{ index: 1, flags: reads ? ["RW", "access", "update"] : ["OW", "update"] }]
}

/** BITFIELD: it only reads if every operation is a GET or an OVERFLOW, and complete. */
const bitfieldKeys = (words: Words): ReadonlyArray<KeyUse> => {
  let i = 2
  while (i < words.length) {
    if (isWord(words[i], "GET") && i + 2 < words.length) i += 3
    else if (isWord(words[i], "OVERFLOW") && i + 1 < words.length) i += 2
    else return [{ index: 1, flags: ["RW", "access", "update"] }]
  }
  return [{ index: 1, flags: ["RO", "access"] }]
}

/** SORT: the last STORE counts, even where it names another's key. The words behind LIMIT, BY and GET are no options. */
const sortKeys = (words: Words): ReadonlyArray<KeyUse> => {
  let store = 0
  for (let i = 2; i < words.length; i++) {
    if (isWord(words[i], "LIMIT")) i += 2
    else if (isWord(words[i], "BY") || isWord(words[i], "GET")) i += 1
    else if (isWord(words[i], "STORE") && i + 1 < words.length) store = i + 1
  }
  const keys: KeyUse[] = [{ index: 1, flags: ["RO", "access"] }]
  if (store > 0) keys.push({ index: store, flags: ["OW", "update"] })
  return keys
}

const sortReadOnlyKeys = (): ReadonlyArray<KeyUse> => [{ index: 1, flags: ["RO", "access"] }]

/**
 * MIGRATE: word 3, or the words behind KEYS, which asks for an empty word 3. The words behind AUTH and AUTH2 are no
 * options. KEYS as the last word is overlooked, unless the word stands elsewhere too: then it has no keys, an error.
 */
const migrateKeys = (words: Words): ReadonlyArray<KeyUse> => {
  const flags: ReadonlyArray<KeyFlag> = ["RW", "access", "delete"]
  const mayHaveKeys = words.some((word, i) => i > 1 && i < words.length - 1 && isWord(word, "KEYS"))
  for (let i = 6; mayHaveKeys && i < words.length; i++) {
    if (isWord(words[i], "AUTH")) i += 1
    else if (isWord(words[i], "AUTH2")) i += 2
    else if (isWord(words[i], "KEYS")) {
      if (words[3].length > 0) return none
      return words.slice(i + 1).map((_, n) => ({ index: i + 1 + n, flags }))
    }
  }
  return [{ index: 3, flags }]
}

const finders: ReadonlyMap<string, (words: Words) => ReadonlyArray<KeyUse>> = new Map([
  ["set", setKeys],
  ["bitfield", bitfieldKeys],
  ["sort", sortKeys],
  ["sort_ro", sortReadOnlyKeys],
  ["migrate", migrateKeys],
])
