/**
 * Finds the key names among the arguments of a request, in place: nothing is copied and, once the arrays have grown,
 * nothing allocated. For COMMAND GETKEYS and GETKEYSANDFLAGS, and for whatever must know the keys of a command before it
 * runs.
 *
 * First the key specs are followed. A few commands need more than specs can say, and name a finder in their declaration
 * (`findKeys`): SORT's STORE may stand anywhere, MIGRATE's KEYS moves the keys, SET reads only with GET. Those that give a
 * number of keys fall back to a laxer reading of the number ("1x" is 1), whose keys carry no flags, when the strict one
 * finds none.
 *
 * Positions count words, the command's name being word 0. Source: replies of redis-server 7.0.15.
 *
 * Example: after `keys.find(spec, request)` with ZUNIONSTORE d 2 a b, `keys.count` is 3, `keys.index` begins 1, 3, 4 and
 * `keys.flags` with OW update, RO access, RO access.
 */
import { latin1Text } from "../../bytes/Latin1.js"
import * as Errors from "../../resp/Errors.js"
import { parseInt64 } from "../../bytes/Numbers.js"
import type { CommandSpec, KeyFinderName } from "./CommandSpec.js"
import { isForKeys, type KeyFlag, type KeySpec } from "./KeySyntax.js"

/** Words of a request where they lie: word i is buf[argOff[i] .. argOff[i] + argLen[i]). */
export interface Arguments {
  readonly buf: Uint8Array
  readonly argc: number
  readonly argOff: Int32Array
  readonly argLen: Int32Array
}

const NO_FLAGS: ReadonlyArray<KeyFlag> = []
const READ: ReadonlyArray<KeyFlag> = ["RO", "access"]
const READ_AND_UPDATE: ReadonlyArray<KeyFlag> = ["RW", "access", "update"]
const OVERWRITE: ReadonlyArray<KeyFlag> = ["OW", "update"]
const MOVE: ReadonlyArray<KeyFlag> = ["RW", "access", "delete"]

export class Keys {
  /** Keys found last. */
  count = 0
  /** Their positions among the words. */
  index = new Int32Array(16)
  /** How the command uses each. */
  readonly flags: Array<ReadonlyArray<KeyFlag>> = []

  /** Finds the keys of a request whose length is right; none where the words make no sense. */
  find(spec: CommandSpec, request: Arguments): number {
    this.count = 0
    if (spec.findKeys !== undefined) finders[spec.findKeys](this, request)
    else if (!this.followSpecs(spec.keySpecs, request)) this.countLaxly(spec.keySpecs, request)
    return this.count
  }

  add(index: number, flags: ReadonlyArray<KeyFlag>): void {
    if (this.count === this.index.length) {
      const grown = new Int32Array(this.count * 2)
      grown.set(this.index)
      this.index = grown
    }
    this.index[this.count] = index
    this.flags[this.count++] = flags
  }

  /** Answers whether any were found. */
  private followSpecs(specs: ReadonlyArray<KeySpec>, request: Arguments): boolean {
    for (const spec of specs) {
      if (!isForKeys(spec) || spec.begin.type === "unknown") continue
      const begin = spec.begin.type === "index" ? spec.begin.index : placeAfter(spec.begin, request)
      if (begin >= 0 && !this.addFrom(spec, begin, request)) {
        this.count = 0
        return false
      }
    }
    return this.count > 0
  }

  /** False where the positions fall outside of the words. */
  private addFrom({ find, flags }: KeySpec, begin: number, request: Arguments): boolean {
    const { argc } = request
    let first = begin
    let last = -1
    let step = 1
    if (find.type === "range") {
      step = find.keyStep
      if (find.lastKey >= 0) last = first + find.lastKey
      else if (find.limit <= 1) last = argc + find.lastKey
      else last = first + Math.floor((argc - first) / find.limit) + find.lastKey
    } else if (find.type === "keynum") {
      const count = strictCount(request, begin + find.keyNumIndex)
      if (count === undefined) return false
      step = find.keyStep
      first += find.firstKey
      last = first + (count - 1) * step
    }
    if (last >= argc || last < first || first >= argc) return false
    for (let i = first; i <= last; i += step) this.add(i, flags)
    return true
  }

  /** The keys after a count, and behind them the destination in front of it, all without flags. */
  private countLaxly(specs: ReadonlyArray<KeySpec>, request: Arguments): void {
    const counted = specs.find(({ find }) => find.type === "keynum")
    if (counted === undefined || counted.begin.type !== "index") return
    const at = counted.begin.index
    const count = laxCount(request, at)
    if (count < 1 || count > request.argc - at - 1) return
    for (let i = 1; i <= count; i++) this.add(at + i, NO_FLAGS)
    if (specs.length > 1) this.add(1, NO_FLAGS)
  }
}

/** Finds the keys of any request for COMMAND GETKEYS; answers the text of the error where it has none. */
export const findOrRefuse = (
  keys: Keys,
  spec: CommandSpec | undefined,
  request: Arguments,
): string | undefined => {
  if (spec === undefined) return Errors.invalidCommand
  if (!spec.hasKeys) return Errors.noKeyArguments
  if (!spec.arityAllows(request.argc)) return Errors.invalidNumberOfArguments
  return keys.find(spec, request) === 0 && !spec.noMandatoryKeys ? Errors.invalidArguments : undefined
}

/** The position behind the keyword; -1 where it is missing, or the last word. */
const placeAfter = (begin: { keyword: string; startFrom: number }, request: Arguments): number => {
  for (let i = begin.startFrom; i < request.argc - 1; i++) if (isWord(request, i, begin.keyword)) return i + 1
  return -1
}

/** A 64-bit number whose low 32 bits count; undefined where it is no number or negative, before or after that cut. */
const strictCount = (request: Arguments, i: number): number | undefined => {
  if (i >= request.argc) return undefined
  const count = parseInt64(request.buf, request.argOff[i], request.argLen[i])
  if (count === undefined || count < 0n) return undefined
  const low = Number(BigInt.asIntN(32, count))
  return low < 0 ? undefined : low
}

/** The number a word begins with, after white space; 0 without one. Held to 64 bits, then cut to 32, as C's atoi. */
const laxCount = (request: Arguments, i: number): number => {
  const [, sign, digits = ""] = /^[ \t-\r]*([+-]?)0*(\d*)/.exec(textOf(request, i)) ?? []
  if (digits === "") return 0
  const size = digits.length > int64DigitsMax ? int64Max + 1n : BigInt(digits)
  const value = sign === "-" ? -size : size
  return Number(
    BigInt.asIntN(32, value > int64Max ? int64Max : value < -int64Max - 1n ? -int64Max - 1n : value),
  )
}

const int64Max = 0x7fff_ffff_ffff_ffffn
const int64DigitsMax = 19

const textOf = ({ buf, argOff, argLen }: Arguments, i: number): string =>
  latin1Text(buf, argOff[i], argOff[i] + argLen[i])

/** Whether the word equals `upper`, which is in upper case, but for the case of letters. */
const isWord = ({ buf, argOff, argLen }: Arguments, i: number, upper: string): boolean => {
  const length = argLen[i]
  if (length !== upper.length) return false
  const off = argOff[i]
  for (let j = 0; j < length; j++) {
    let byte = buf[off + j]
    if (byte >= 97 && byte <= 122) byte -= 32
    if (byte !== upper.charCodeAt(j)) return false
  }
  return true
}

/** SET: it reads the old value only with GET, which may stand anywhere behind the value. */
const setKeys = (keys: Keys, request: Arguments): void => {
  let reads = false
  for (let i = 3; i < request.argc; i++) reads ||= isWord(request, i, "GET")
  keys.add(1, reads ? READ_AND_UPDATE : OVERWRITE)
}

/** BITFIELD: it only reads if every operation is a GET or an OVERFLOW, and complete. */
const bitfieldKeys = (keys: Keys, request: Arguments): void => {
  const { argc } = request
  let i = 2
  while (i < argc) {
    if (isWord(request, i, "GET") && i + 2 < argc) i += 3
    else if (isWord(request, i, "OVERFLOW") && i + 1 < argc) i += 2
    else return keys.add(1, READ_AND_UPDATE)
  }
  keys.add(1, READ)
}

/** SORT: the last STORE counts, even where it names another's key. The words behind LIMIT, BY and GET are no options. */
const sortKeys = (keys: Keys, request: Arguments): void => {
  let store = 0
  for (let i = 2; i < request.argc; i++) {
    if (isWord(request, i, "LIMIT")) i += 2
    else if (isWord(request, i, "BY") || isWord(request, i, "GET")) i += 1
    else if (isWord(request, i, "STORE") && i + 1 < request.argc) store = i + 1
  }
  keys.add(1, READ)
  if (store > 0) keys.add(store, OVERWRITE)
}

const firstKey = (keys: Keys): void => keys.add(1, READ)

/**
 * MIGRATE: word 3, or the words behind KEYS, which asks for an empty word 3. The words behind AUTH and AUTH2 are no
 * options. KEYS as the last word is overlooked, unless the word stands elsewhere too: then it has no keys, an error.
 */
const migrateKeys = (keys: Keys, request: Arguments): void => {
  const { argc } = request
  let mayHaveKeys = false
  for (let i = 2; i < argc - 1; i++) mayHaveKeys ||= isWord(request, i, "KEYS")
  for (let i = 6; mayHaveKeys && i < argc; i++) {
    if (isWord(request, i, "AUTH")) i += 1
    else if (isWord(request, i, "AUTH2")) i += 2
    else if (isWord(request, i, "KEYS")) {
      if (request.argLen[3] > 0) return
      for (let k = i + 1; k < argc; k++) keys.add(k, MOVE)
      return
    }
  }
  keys.add(3, MOVE)
}

const finders: Readonly<Record<KeyFinderName, (keys: Keys, request: Arguments) => void>> = {
  set: setKeys,
  bitfield: bitfieldKeys,
  sort: sortKeys,
  first: firstKey,
  migrate: migrateKeys,
}
