/**
 * Key specs: where a command's key names stand among its words, and what it does with them.
 *
 * A spec says how to find a first position (`begin`), how to go on from there (`find`), and how the keys are used
 * (`flags`). The notation, one line for all specs of a command:
 *
 *     specs  = spec *( "; " spec )
 *     spec   = 1*( flag " " ) begin [ " " find ] [ " -- " note ]
 *     begin  = "@" N               word number N (the command's name is 0)
 *            | "@" WORD ">" N      the word after WORD, looked for from word N on (from the end if negative)
 *            | "@?"                cannot be told
 *     find   = ""                  that word alone
 *            | ".." LAST [ "/" STEP ] [ "%" LIMIT ]
 *                                  on to LAST words further (negative: counted from the end), every STEP-th; with LIMIT
 *                                  only the first 1/LIMIT of the words that are left
 *            | "numkeys"           the word says how many keys follow it
 *     flag   = RW | RO | OW | RM | access | update | insert | delete | not_key | incomplete | variable_flags
 *
 * Examples: MSET "OW update @1 ..-1/2"; XREAD "RO access @STREAMS>1 ..-1%2"; ZUNIONSTORE "OW update @1; RO access @2 numkeys".
 */

/**
 * RW read and change, RO read, OW overwrite, RM remove; access: its content reaches the client; update, insert, delete:
 * how its content changes; not_key: no key, though in a key's place; incomplete: this spec may miss keys;
 * variable_flags: the other flags depend on the arguments.
 */
export type KeyFlag =
  | "RW"
  | "RO"
  | "OW"
  | "RM"
  | "access"
  | "update"
  | "insert"
  | "delete"
  | "not_key"
  | "incomplete"
  | "variable_flags"

const keyFlags: ReadonlySet<string> = new Set<KeyFlag>([
  "RW",
  "RO",
  "OW",
  "RM",
  "access",
  "update",
  "insert",
  "delete",
  "not_key",
  "incomplete",
  "variable_flags",
])

const isKeyFlag = (word: string): word is KeyFlag => keyFlags.has(word)

const FIRST = /@(\d+)( numkeys)?/

/** The word that is the first key wherever there is one, 0 where there is no such: told without parsing. */
export const firstKeyArgument = (text: string): number => {
  const [, index, counted] = FIRST.exec(text) ?? []
  return index === undefined ? 0 : Number(index) + (counted === undefined ? 0 : 1)
}

export type BeginSearch =
  | { readonly type: "index"; readonly index: number }
  | { readonly type: "keyword"; readonly keyword: string; readonly startFrom: number }
  | { readonly type: "unknown" }

export type FindKeys =
  | { readonly type: "range"; readonly lastKey: number; readonly keyStep: number; readonly limit: number }
  | {
      readonly type: "keynum"
      readonly keyNumIndex: number
      readonly firstKey: number
      readonly keyStep: number
    }
  | { readonly type: "unknown" }

export interface KeySpec {
  readonly notes: string | undefined
  readonly flags: ReadonlyArray<KeyFlag>
  readonly begin: BeginSearch
  readonly find: FindKeys
}

/** Channels of sharded publishing stand where keys do, and are none. */
export const isForKeys = (spec: KeySpec): boolean => !spec.flags.includes("not_key")

/** The triple that older clients read: positions of the first and last key and the step between keys; zeros for none. */
export interface LegacyKeyRange {
  readonly first: number
  readonly last: number
  readonly step: number
}

export const parseKeySpecs = (text: string): ReadonlyArray<KeySpec> => text.split("; ").map(parseKeySpec)

const parseKeySpec = (text: string): KeySpec => {
  const [places = "", notes] = text.split(" -- ")
  const flags: KeyFlag[] = []
  let begin: BeginSearch | undefined
  let find: FindKeys | undefined
  for (const word of places.split(" ")) {
    if (isKeyFlag(word)) flags.push(word)
    else if (word.startsWith("@")) begin = parseBegin(word)
    else find = parseFind(word)
  }
  if (begin === undefined) throw new Error(`key spec without a place: "${text}"`)
  find ??= begin.type === "unknown" ? begin : { type: "range", lastKey: 0, keyStep: 1, limit: 0 }
  return { notes, flags, begin, find }
}

const parseBegin = (word: string): BeginSearch => {
  if (word === "@?") return { type: "unknown" }
  const [, keyword, position] = /^@(?:([A-Z]+)>)?(-?\d+)$/.exec(word) ?? []
  if (position === undefined) throw new Error(`"${word}" is no place in a key spec`)
  if (keyword === undefined) return { type: "index", index: Number(position) }
  return { type: "keyword", keyword, startFrom: Number(position) }
}

const parseFind = (word: string): FindKeys => {
  if (word === "numkeys") return { type: "keynum", keyNumIndex: 0, firstKey: 1, keyStep: 1 }
  const [, last, step = "1", limit = "0"] = /^\.\.(-?\d+)(?:\/(\d+))?(?:%(\d+))?$/.exec(word) ?? []
  if (last === undefined) throw new Error(`"${word}" is no part of a key spec`)
  return { type: "range", lastKey: Number(last), keyStep: Number(step), limit: Number(limit) }
}

/** The first range at a fixed position, grown by the ranges that follow it without a gap. */
export const legacyKeyRange = (specs: ReadonlyArray<KeySpec>): LegacyKeyRange => {
  let first = 0
  let last = 0
  let step = 0
  for (const { begin, find } of specs) {
    if (begin.type !== "index" || find.type !== "range") continue
    const end = find.lastKey >= 0 ? begin.index + find.lastKey : find.lastKey
    if (first === 0) {
      first = begin.index
      last = end
      step = find.keyStep
    } else if (begin.index === last + 1 && find.keyStep === step) {
      last = end
    } else {
      break
    }
  }
  return { first, last, step }
}
