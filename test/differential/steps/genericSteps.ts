/** Random commands of the generic family over few keys, so that they meet each other. */
import { approximately, onlyType, sorted, sortedDeep, type StepLike } from "../../support/Differential.js"
import type { Argument } from "../../support/RawClient.js"
import type { Random } from "../../support/Random.js"

/** Every command of the family; the generator draws each of them. */
export const GENERIC_COMMANDS = [
  "COPY",
  "DBSIZE",
  "DEL",
  "EXISTS",
  "EXPIRE",
  "EXPIREAT",
  "EXPIRETIME",
  "FLUSHALL",
  "FLUSHDB",
  "KEYS",
  "MOVE",
  "OBJECT",
  "PERSIST",
  "PEXPIRE",
  "PEXPIREAT",
  "PEXPIRETIME",
  "PTTL",
  "RANDOMKEY",
  "RENAME",
  "RENAMENX",
  "SCAN",
  "SWAPDB",
  "TOUCH",
  "TTL",
  "TYPE",
  "UNLINK",
] as const

type Name = (typeof GENERIC_COMMANDS)[number]

const KEYS: ReadonlyArray<Argument> = [
  "a",
  "b",
  "c",
  "d",
  "key:1",
  "key:2",
  "key:3",
  "",
  "[x]",
  "a*b",
  "\r\n",
  Buffer.from([0, 255, 128]),
  "k".repeat(300),
  "none",
]
/** Far apart, so that GT and LT do not depend on which server answers first. */
const FAR = [4102444800, 4102448400, 5000000000, 9007199254740, 9223372036854775n]
const EDGES: ReadonlyArray<string> = [
  "9223372036854775807",
  "9223372036854775806",
  "9223372036854775",
  "9223372036854776",
  "9223370000000000000",
  "-9223372036854775808",
  "-9223372036854775",
  "-9223372036854776",
  "9223372036854775808",
  "9007199254740991",
  "9007199254740993",
  "0",
  "-1",
  "-0",
  "+1",
  " 1",
  "1 ",
  "",
  "1.5",
  "x",
]
const PATTERNS = ["*", "a*", "key:?", "key:[12]", "[[]x]", "?", "", "*[^a]", "\\a", "nomatch", "a\\*b"]
const DATABASES = ["0", "1", "2", "3", "15", "16", "-1", "x", "2147483648", "9223372036854775808", ""]

const key = (r: Random): Argument => r.pick(KEYS)

const conditions = (r: Random): ReadonlyArray<string> => {
  if (r.below(3) > 0) return []
  const words = ["NX", "XX", "GT", "LT", "nx", "Gt", "foo", "NXX"]
  return r.times(1 + r.below(2), () => r.pick(words))
}

const seconds = (r: Random): Argument => {
  if (r.below(6) === 0) return r.pick(EDGES)
  return 1000 + r.below(1_000_000_000)
}

const scanOptions = (r: Random): ReadonlyArray<Argument> => {
  const options: Array<Argument> = []
  for (let n = r.below(3); n > 0; n--) {
    const kind = r.below(8)
    if (kind < 3) options.push("MATCH", r.pick(PATTERNS))
    else if (kind < 6)
      options.push("type", r.pick(["string", "SET", "hash", "list", "zset", "stream", "foo", ""]))
    else if (kind < 7) options.push("COUNT", r.pick(["100", "0", "-1", "x", "9223372036854775807", "1000"]))
    else options.push(r.pick(["MATCH", "COUNT", "TYPE", "foo"]))
  }
  return [...options, "COUNT", 1000]
}

const family: Readonly<Record<Name, (r: Random) => StepLike>> = {
  COPY: (r) => [
    "COPY",
    key(r),
    key(r),
    ...r.pick<ReadonlyArray<string>>([
      [],
      [],
      ["REPLACE"],
      ["DB", r.pick(DATABASES)],
      ["db", r.pick(DATABASES), "replace"],
      ["REPLACE", "DB", "1"],
      ["DB"],
      ["foo"],
    ]),
  ],
  DBSIZE: () => ["DBSIZE"],
  DEL: (r) => ["DEL", ...r.times(1 + r.below(3), () => key(r))],
  EXISTS: (r) => ["EXISTS", ...r.times(1 + r.below(3), () => key(r))],
  EXPIRE: (r) => ["EXPIRE", key(r), seconds(r), ...conditions(r)],
  EXPIREAT: (r) => [
    "EXPIREAT",
    key(r),
    r.below(5) === 0 ? r.pick(EDGES) : String(r.pick(FAR)),
    ...conditions(r),
  ],
  EXPIRETIME: (r) => approximately(30, ["EXPIRETIME", key(r)]),
  FLUSHALL: (r) => [
    "FLUSHALL",
    ...r.pick<ReadonlyArray<string>>([[], ["ASYNC"], ["sync"], ["x"], ["x", "y"]]),
  ],
  FLUSHDB: (r) => [
    "FLUSHDB",
    ...r.pick<ReadonlyArray<string>>([[], ["async"], ["SYNC"], ["x"], ["SYNC", "y"]]),
  ],
  KEYS: (r) => sorted(["KEYS", r.pick(PATTERNS)]),
  MOVE: (r) => ["MOVE", key(r), r.pick(DATABASES)],
  OBJECT: (r) => {
    const sub = r.pick(["ENCODING", "encoding", "REFCOUNT", "FREQ", "IDLETIME", "HELP", "foo"])
    if (sub === "HELP") return ["OBJECT", sub]
    const args = ["OBJECT", sub, key(r)]
    // Copies of small integers are not shared objects in Redis; here the value alone tells.
    return sub === "REFCOUNT" ? onlyType(args) : sub === "IDLETIME" ? approximately(30, args) : args
  },
  PERSIST: (r) => ["PERSIST", key(r)],
  PEXPIRE: (r) => ["PEXPIRE", key(r), r.below(5) === 0 ? seconds(r) : 1e6 + r.below(1e9), ...conditions(r)],
  PEXPIREAT: (r) => [
    "PEXPIREAT",
    key(r),
    r.below(3) === 0 ? r.pick(EDGES) : String(BigInt(r.pick(FAR)) * 1000n + BigInt(r.below(1000))),
    ...conditions(r),
  ],
  PEXPIRETIME: (r) => approximately(30_000, ["PEXPIRETIME", key(r)]),
  PTTL: (r) => approximately(30_000, ["PTTL", key(r)]),
  RANDOMKEY: () => onlyType(["RANDOMKEY"]),
  RENAME: (r) => ["RENAME", key(r), key(r)],
  RENAMENX: (r) => ["RENAMENX", key(r), key(r)],
  SCAN: (r) =>
    sortedDeep([
      "SCAN",
      r.weighted([
        [8, "0"],
        [1, ""],
        [1, r.pick(["x", "-", " 0", "0x", "18446744073709551616", "1e3"])],
      ]),
      ...scanOptions(r),
    ]),
  SWAPDB: (r) => ["SWAPDB", r.pick(DATABASES), r.pick(DATABASES)],
  TOUCH: (r) => ["TOUCH", ...r.times(1 + r.below(3), () => key(r))],
  TTL: (r) => approximately(30, ["TTL", key(r)]),
  TYPE: (r) => ["TYPE", key(r)],
  UNLINK: (r) => ["UNLINK", ...r.times(1 + r.below(3), () => key(r))],
}

const fill = (r: Random, known: ReadonlySet<string>): StepLike => {
  const k = key(r)
  const word = r.pick(["1", "12345", "foo", "x".repeat(45), "v".repeat(200), "w".repeat(5000), ""])
  const name = r.pick(["SET", "SET", "SET", "SADD", "HSET", "RPUSH", "ZADD", "APPEND", "SETEX"])
  if (!known.has(name)) return ["SET", k, word]
  if (name === "SETEX") return ["SETEX", k, 1000 + r.below(1e6), word]
  if (name === "HSET") return ["HSET", k, word, word]
  if (name === "ZADD") return ["ZADD", k, r.below(100), word]
  return [name, k, word]
}

const wrongArity = (r: Random): StepLike => {
  const name = r.pick(GENERIC_COMMANDS)
  return [name, ...r.times(r.below(2), () => "a"), ...r.times(r.below(2) * 6, () => "b")]
}

/** An endless run of `count` commands; `known` names the commands of other families that may fill the keys. */
export function* genericSteps(r: Random, count: number, known: ReadonlySet<string>): Generator<StepLike> {
  for (let i = 0; i < count; i++) {
    const kind = r.below(100)
    if (kind < 30) yield fill(r, known)
    else if (kind < 33) {
      const step = wrongArity(r)
      // Which of several keys FLUSHALL and its like leave does not matter: all go. Pages may come in any order.
      const name = Array.isArray(step) ? String(step[0]) : ""
      if (name === "KEYS" || name === "SCAN" || name === "RANDOMKEY" || name.endsWith("TTL")) continue
      if (name === "OBJECT" || name.endsWith("TIME")) continue
      yield step
    } else {
      const name = r.pick(GENERIC_COMMANDS)
      if (name.startsWith("FLUSH") && r.below(10) > 0) continue
      yield family[name](r)
    }
  }
}
