/**
 * Random commands of the string, bitmap and HyperLogLog families, in the forms clients send and in forms that Redis
 * refuses, over few keys so that they meet each other's values.
 */
import { approximately, type StepLike } from "../../support/Differential.js"
import type { Random } from "../../support/Random.js"
import type { Argument } from "../../support/RawClient.js"

type Make = (r: Random) => ReadonlyArray<Argument>
type Choices = ReadonlyArray<readonly [number, Make]>

export const key = (r: Random): string => (r.chance(0.06) ? "set" : `k${r.below(8)}`)

const edges: ReadonlyArray<string> = [
  "0",
  "1",
  "-1",
  "10",
  "-10",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "9007199254740993",
  "-9007199254740993",
  "4611686018427387904",
  "007",
  "+1",
  " 1",
  "1 ",
  "-0",
  "",
  "abc",
  "1.5",
]
export const integer = (r: Random): string =>
  r.chance(0.7) ? String(r.between(-20, 40)) : r.chance(0.6) ? r.pick(edges) : String(r.between(-1e9, 1e9))

const float = (r: Random): string =>
  r.chance(0.5)
    ? (r.between(-100000, 100000) / 10 ** r.below(6)).toString()
    : r.pick([
        "1e3",
        "-1.5e-7",
        "inf",
        "-inf",
        "nan",
        "0x10",
        "1e400",
        "1e5000",
        "3.0e3",
        " 1",
        "",
        "x",
        "1e-30",
        "123456789012345678",
        "5.",
        ".5",
      ])

export const value = (r: Random): Argument =>
  r.weighted<() => Argument>([
    [4, () => r.text(r.below(12), "abAB01")],
    [3, () => integer(r)],
    [2, () => r.bytes(r.below(40))],
    [1, () => r.text(r.between(40, 50))],
    [0.3, () => r.text(r.between(4050, 4150), "ab")],
    [0.1, () => r.bytes(r.between(5000, 20000))],
    [1, () => float(r)],
  ])()

const mixed = (r: Random, word: string): string => (r.chance(0.3) ? word.toLowerCase() : word)

/** A time far enough ahead (or behind) that a slow run changes no reply. */
const time = (r: Random, option: string): string => {
  // Not the small ones: whether 10 ms are over would depend on the machine.
  if (r.chance(0.15)) return r.pick(edges.filter((n) => n !== "1" && n !== "10"))
  const ahead = r.between(10_000, 20_000)
  if (option === "EX") return String(ahead)
  if (option === "PX") return String(ahead * 1000)
  const past = r.chance(0.2)
  return String((past ? r.between(1, 1000) : 4_000_000_000 + ahead) * (option === "PXAT" ? 1000 : 1))
}

const setOptions = (r: Random): Argument[] => {
  const out: Argument[] = []
  for (let n = r.below(4); n > 0; n--) {
    const option = r.pick(["EX", "PX", "EXAT", "PXAT", "NX", "XX", "GET", "KEEPTTL", "PERSIST", "WHAT"])
    if (option === "WHAT" && r.chance(0.8)) continue
    out.push(mixed(r, option))
    if (["EX", "PX", "EXAT", "PXAT"].includes(option) && r.chance(0.97)) out.push(time(r, option))
  }
  return out
}

const pairs = (r: Random): Argument[] => {
  const out: Argument[] = r.times(r.between(1, 3), () => [key(r), value(r)]).flat()
  return r.chance(0.05) ? out.slice(1) : out
}

export const stringCommandsOf: Choices = [
  [6, (r) => ["GET", key(r)]],
  [6, (r) => ["SET", key(r), value(r)]],
  [6, (r) => ["SET", key(r), value(r), ...setOptions(r)]],
  [2, (r) => ["SETNX", key(r), value(r)]],
  [1, (r) => ["SETEX", key(r), time(r, "EX"), value(r)]],
  [1, (r) => ["PSETEX", key(r), time(r, "PX"), value(r)]],
  [2, (r) => ["GETSET", key(r), value(r)]],
  [3, (r) => ["GETDEL", key(r)]],
  [3, (r) => ["GETEX", key(r), ...setOptions(r)]],
  [2, (r) => ["MGET", ...r.times(r.between(1, 4), () => key(r))]],
  [2, (r) => ["MSET", ...pairs(r)]],
  [2, (r) => ["MSETNX", ...pairs(r)]],
  [2, (r) => ["INCR", key(r)]],
  [2, (r) => ["DECR", key(r)]],
  [4, (r) => ["INCRBY", key(r), integer(r)]],
  [4, (r) => ["DECRBY", key(r), integer(r)]],
  [4, (r) => ["INCRBYFLOAT", key(r), r.chance(0.3) ? integer(r) : float(r)]],
  [4, (r) => ["APPEND", key(r), value(r)]],
  [
    4,
    (r) => [
      "SETRANGE",
      key(r),
      r.chance(0.9) ? String(r.below(r.chance(0.05) ? 9000 : 60)) : r.pick(edges),
      value(r),
    ],
  ],
  [4, (r) => ["GETRANGE", key(r), integer(r), integer(r)]],
  [1, (r) => ["SUBSTR", key(r), integer(r), integer(r)]],
  [2, (r) => ["STRLEN", key(r)]],
  [2, (r) => ["LCS", key(r), key(r), ...lcsOptions(r)]],
]

const lcsOptions = (r: Random): Argument[] =>
  r
    .times(r.below(4), () =>
      r.pick<Argument[]>([
        ["LEN"],
        ["IDX"],
        ["idx"],
        ["WITHMATCHLEN"],
        ["MINMATCHLEN", integer(r)],
        ["WHAT"],
      ]),
    )
    .flat()

/** Few are large: a bit far out makes a long string. */
const bitOffset = (r: Random): string =>
  r.chance(0.9) ? String(r.below(r.chance(0.05) ? 80_000 : 200)) : r.pick(["4294967296", ...edges])
const range = (r: Random): Argument[] => {
  const out: Argument[] = r.times(r.below(3), () => integer(r))
  if (out.length === 2 && r.chance(0.6)) out.push(r.pick(["BIT", "BYTE", "bit", "what"]))
  return r.chance(0.03) ? [...out, "more"] : out
}
const fieldType = (r: Random): string =>
  r.chance(0.95)
    ? `${r.pick(["i", "u"])}${r.chance(0.5) ? r.pick([1, 2, 5, 8, 16, 31, 32, 33, 53, 54, 62, 63]) : r.between(1, 63)}`
    : r.pick(["i64", "u64", "i65", "u0", "x8", "i", "", "U8", "u08", "u+8", "i100"])
const fieldOffset = (r: Random): string =>
  r.chance(0.3) ? `#${r.chance(0.9) ? r.below(20) : r.pick(edges)}` : bitOffset(r)
const fieldOperation = (r: Random, readOnly: boolean): Argument[] => {
  if (r.chance(0.02)) return ["WHAT"]
  if (r.chance(0.25))
    return [
      mixed(r, "OVERFLOW"),
      r.pick(["WRAP", "SAT", "FAIL", "sat", "fail", r.chance(0.1) ? "no" : "wrap"]),
    ]
  const kind = readOnly && r.chance(0.9) ? "GET" : r.pick(["GET", "SET", "INCRBY"])
  const out: Argument[] = [mixed(r, kind), r.chance(0.2) ? "i64" : fieldType(r), fieldOffset(r)]
  if (kind !== "GET")
    out.push(
      r.chance(0.5)
        ? integer(r)
        : String(BigInt.asIntN(64, (BigInt(r.uint32()) << 32n) | BigInt(r.uint32()))),
    )
  return r.chance(0.02) ? out.slice(0, -1) : out
}

export const bitmapCommandsOf: Choices = [
  [6, (r) => ["SETBIT", key(r), bitOffset(r), r.pick(["0", "1", "1", "0", r.chance(0.2) ? "2" : "1"])]],
  [4, (r) => ["GETBIT", key(r), bitOffset(r)]],
  [4, (r) => ["BITCOUNT", key(r), ...range(r)]],
  [5, (r) => ["BITPOS", key(r), r.pick(["0", "1", "0", "1", "0", "1", integer(r)]), ...range(r)]],
  [
    4,
    (r) => [
      "BITOP",
      r.pick(["AND", "OR", "XOR", "NOT", "and", r.chance(0.2) ? "NOR" : "XOR"]),
      key(r),
      ...r.times(r.between(1, 3), () => key(r)),
    ],
  ],
  [8, (r) => ["BITFIELD", key(r), ...r.times(r.below(4), () => fieldOperation(r, false)).flat()]],
  [2, (r) => ["BITFIELD_RO", key(r), ...r.times(r.below(3), () => fieldOperation(r, true)).flat()]],
]

const hllKey = (r: Random): string => (r.chance(0.05) ? key(r) : `h${r.below(5)}`)
const elements = (r: Random): Argument[] => {
  const spread = r.pick([5, 100, 100_000])
  return r.times(r.chance(0.1) ? r.below(400) : r.below(4), () => String(r.below(spread)))
}

export const hyperloglogCommandsOf: Choices = [
  [10, (r) => ["PFADD", hllKey(r), ...elements(r)]],
  [6, (r) => ["PFCOUNT", ...r.times(r.chance(0.6) ? 1 : r.between(1, 3), () => hllKey(r))]],
  [2, (r) => ["PFMERGE", ...r.times(r.between(1, 3), () => hllKey(r))]],
  [1, (r) => ["PFDEBUG", r.pick(["ENCODING", "encoding", "DECODE", "what"]), hllKey(r)]],
  [0.2, (r) => ["PFDEBUG", r.pick(["GETREG", "TODENSE"]), hllKey(r)]],
  [2, (r) => ["GET", hllKey(r)]],
  [1, (r) => ["GETDEL", hllKey(r)]],
  // The header only: what Redis makes of runs that it never wrote is not promised.
  [0.2, (r) => ["SETRANGE", hllKey(r), String(r.below(14)), r.bytes(r.below(3))]],
]

/** Looks at what the commands left behind. */
const lookers: Choices = [
  [3, (r) => ["GET", key(r)]],
  [3, (r) => ["OBJECT", "ENCODING", key(r)]],
  [2, (r) => ["PEXPIRETIME", key(r)]],
  [1, (r) => ["EXPIRE", key(r), String(r.between(10_000, 20_000))]],
]

/** Both servers read their clocks when a relative time comes in. */
const EXPIRY_TOLERANCE_MS = 10_000

/** Wrong arity now and then: an argument missing at the end, or one too many. */
const spoiled = (r: Random, args: ReadonlyArray<Argument>): ReadonlyArray<Argument> => {
  if (!r.chance(0.01)) return args
  return r.chance(0.5) && args.length > 1 ? args.slice(0, -1) : [...args, "extra"]
}

/** `count` random commands of a family, with looks in between. */
export const stepsOf = function* (family: Choices, r: Random, count: number): Generator<StepLike> {
  const choices: Choices = [...family, ...lookers]
  yield ["SADD", "set", "a"]
  for (let i = 0; i < count; i++) {
    const args = spoiled(r, r.weighted(choices)(r))
    yield args[0] === "PEXPIRETIME" ? approximately(EXPIRY_TOLERANCE_MS, args) : args
    if (!r.chance(0.02)) continue
    // The key of another type may have been overwritten.
    yield ["SET", "set", "x"]
    yield ["GETDEL", "set"]
    yield ["SADD", "set", "a"]
  }
}
