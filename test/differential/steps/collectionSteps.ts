/**
 * Random commands of the set and hash families, in the forms clients send and in forms that Redis refuses, over few keys
 * and members so that they meet each other's values. The thresholds of the servers under test are low, so that values
 * of both encodings abound.
 */
import {
  comparedBy,
  ignored,
  onlyType,
  sorted,
  sortedDeep,
  sortedPairs,
  type StepLike,
} from "../../support/Differential.js"
import type { Argument } from "../../support/RawClient.js"
import type { Random } from "../../support/Random.js"
import type { ReplyNode } from "../../support/RespFrames.js"

/** Directives for both servers: small thresholds make conversions frequent. */
export const smallThresholds = {
  "set-max-intset-entries": "8",
  "hash-max-listpack-entries": "8",
  "hash-max-listpack-value": "16",
} as const

type Make = (r: Random) => ReadonlyArray<StepLike>
export type Choices = ReadonlyArray<readonly [number, Make]>

const setKey = (r: Random): string => (r.chance(0.05) ? r.pick(["str", "h0", "none"]) : `s${r.below(6)}`)
const hashKey = (r: Random): string => (r.chance(0.05) ? r.pick(["str", "s0", "none"]) : `h${r.below(6)}`)

const odd: ReadonlyArray<string> = [
  "",
  "-0",
  "007",
  "+1",
  " 1",
  "32767",
  "32768",
  "-32769",
  "2147483647",
  "2147483648",
  "9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "a".repeat(16),
  "b".repeat(17),
  "c".repeat(70),
  "\0\r\n\xff",
]

export const member = (r: Random): Argument =>
  r.chance(0.6)
    ? String(r.between(-3, 12))
    : r.chance(0.5)
      ? r.text(1, "abcdefgh")
      : Buffer.from(r.pick(odd), "latin1")

const members = (r: Random, max = 6): ReadonlyArray<Argument> => r.times(r.between(1, max), () => member(r))
const integers = (r: Random): ReadonlyArray<Argument> =>
  r.times(r.between(1, 6), () => String(r.between(-20, 20)))

export const count = (r: Random): string =>
  r.chance(0.8)
    ? String(r.between(0, 14))
    : r.pick(["-1", "x", "", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1.5"])

/** A count of any sign for random members; large negative ones would answer as many members. */
const signedCount = (r: Random): string =>
  r.chance(0.85)
    ? String(r.between(-14, 14))
    : r.pick(["x", "", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1.5"])

const operation =
  (name: string): Make =>
  (r) => [sorted([name, ...r.times(r.between(1, 4), () => setKey(r))])]
const storing =
  (name: string): Make =>
  (r) => {
    const target = setKey(r)
    return [
      [name, target, ...r.times(r.between(1, 4), () => setKey(r))],
      ["OBJECT", "ENCODING", target],
      sorted(["SMEMBERS", target]),
    ]
  }

const scanOption = (r: Random): ReadonlyArray<Argument> =>
  r.weighted<ReadonlyArray<Argument>>([
    [6, []],
    [2, ["COUNT", "1000"]],
    [2, ["MATCH", r.pick(["*", "1*", "[a-d]", "?", ""])]],
    [1, ["COUNT", r.pick(["0", "-1", "x", "1000000"])]],
    [1, [r.pick(["TYPE", "FOO", "COUNT"])]],
  ])

/** A whole walk in one page: COUNT far above what there is. */
const scan =
  (name: string, key: (r: Random) => string): Make =>
  (r) => [
    sortedDeep([
      name,
      key(r),
      r.chance(0.97) ? "0" : r.pick(["x", "18446744073709551616"]),
      "COUNT",
      "100000",
      ...scanOption(r),
    ]),
  ]

export const setCommandsOf: Choices = [
  [14, (r) => [["SADD", setKey(r), ...members(r)]]],
  [8, (r) => [["SADD", setKey(r), ...integers(r)]]],
  [8, (r) => [["SREM", setKey(r), ...members(r)]]],
  [4, (r) => [["SREM", setKey(r), ...r.times(26, (i) => String(i - 5))]]],
  [4, (r) => [["SISMEMBER", setKey(r), member(r)]]],
  [4, (r) => [["SMISMEMBER", setKey(r), ...members(r)]]],
  [4, (r) => [["SCARD", setKey(r)]]],
  [6, (r) => [sorted(["SMEMBERS", setKey(r)])]],
  [8, (r) => [["SMOVE", setKey(r), setKey(r), member(r)]]],
  [4, operation("SINTER")],
  [4, operation("SUNION")],
  [4, operation("SDIFF")],
  [5, storing("SINTERSTORE")],
  [5, storing("SUNIONSTORE")],
  [5, storing("SDIFFSTORE")],
  [
    5,
    (r) => {
      const keys = r.times(r.between(1, 3), () => setKey(r))
      const n = r.chance(0.85) ? String(keys.length) : r.pick(["0", "-1", "x", "7", "9223372036854775807"])
      const tail = r.chance(0.6)
        ? []
        : [r.pick(["LIMIT", "limit", "FOO"]), ...(r.chance(0.9) ? [count(r)] : [])]
      return [["SINTERCARD", n, ...keys, ...tail]]
    },
  ],
  [
    6,
    (r) => {
      const key = setKey(r)
      const pop = r.chance(0.4) ? ["SPOP", key] : ["SPOP", key, count(r)]
      return [
        onlyType(r.chance(0.95) ? pop : [...pop, "1", "2"]),
        ["SCARD", key],
        // What is left differs: it must not stay.
        ignored(["DEL", key]),
      ]
    },
  ],
  [2, (r) => [sorted(["SPOP", setKey(r), "1000"])]],
  [5, (r) => [onlyType(["SRANDMEMBER", setKey(r), ...(r.chance(0.7) ? [signedCount(r)] : [])])]],
  [2, (r) => [sorted(["SRANDMEMBER", setKey(r), "1000"])]],
  [1, (r) => [["SRANDMEMBER", setKey(r), "1", "2"]]],
  [4, scan("SSCAN", setKey)],
  [5, (r) => [["OBJECT", "ENCODING", setKey(r)]]],
  [2, (r) => [["DEL", setKey(r)]]],
]

/** A random order of pairs: flat in RESP2, one array a pair in RESP3. */
const distinctPairs = (args: ReadonlyArray<Argument>): StepLike =>
  comparedBy(
    "pairs in any order",
    (oracle, subject) => (pairsOf(oracle) === pairsOf(subject) ? undefined : "the pairs differ"),
    args,
  )

const pairsOf = (reply: ReplyNode): string => {
  const items = reply.items ?? []
  if (items[0]?.items !== undefined || items.length === 0) return `${reply.type}${sortedText(items)}`
  const flat = items.map((item, i) => (i % 2 === 0 ? `${text(item)}${text(items[i + 1])}` : ""))
  return `${reply.type}${flat.sort().join("")}`
}
const text = (node: ReplyNode | undefined): string => node?.raw.toString("latin1") ?? ""
const sortedText = (nodes: ReadonlyArray<ReplyNode>): string => nodes.map(text).sort().join("")

const value = (r: Random): Argument =>
  r.chance(0.5)
    ? String(r.between(-100, 100))
    : r.chance(0.3)
      ? r.pick(["1.5", "-0.25", "1e3", "3.0", "inf", "nan", "0x10", "9223372036854775800"])
      : member(r)

const pairs = (r: Random): ReadonlyArray<Argument> =>
  Array.from({ length: r.between(1, 4) }, () => [member(r), value(r)]).flat()

const integer = (r: Random): string =>
  r.chance(0.7)
    ? String(r.between(-50, 50))
    : r.pick([
        "9223372036854775807",
        "-9223372036854775808",
        "9007199254740992",
        "x",
        "",
        "1.5",
        "9223372036854775808",
      ])

const float = (r: Random): string =>
  r.chance(0.6)
    ? String(r.between(-1000, 1000) / 10 ** r.below(5))
    : r.pick([
        "1e3",
        "-1.5e-7",
        "inf",
        "-inf",
        "nan",
        "0x10",
        "1e400",
        "3.0e3",
        " 1",
        "",
        "x",
        "infinityx",
        "1e5000",
      ])

export const hashCommandsOf: Choices = [
  [14, (r) => [["HSET", hashKey(r), ...pairs(r)]]],
  [3, (r) => [["HMSET", hashKey(r), ...pairs(r)]]],
  [1, (r) => [[r.pick(["HSET", "HMSET"]), hashKey(r), ...pairs(r), "x"]]],
  [5, (r) => [["HSETNX", hashKey(r), member(r), value(r)]]],
  [5, (r) => [["HGET", hashKey(r), member(r)]]],
  [4, (r) => [["HMGET", hashKey(r), ...members(r)]]],
  [5, (r) => [sortedPairs(["HGETALL", hashKey(r)])]],
  [3, (r) => [sorted(["HKEYS", hashKey(r)])]],
  [3, (r) => [sorted(["HVALS", hashKey(r)])]],
  [3, (r) => [["HLEN", hashKey(r)]]],
  [3, (r) => [["HSTRLEN", hashKey(r), member(r)]]],
  [3, (r) => [["HEXISTS", hashKey(r), member(r)]]],
  [6, (r) => [["HDEL", hashKey(r), ...members(r)]]],
  [3, (r) => [["HDEL", hashKey(r), ...r.times(16, (i) => String(i - 3))]]],
  [8, (r) => [["HINCRBY", hashKey(r), member(r), integer(r)]]],
  [8, (r) => [["HINCRBYFLOAT", hashKey(r), member(r), float(r)]]],
  [
    5,
    (r) => {
      const args = ["HRANDFIELD", hashKey(r)]
      if (r.chance(0.7)) args.push(signedCount(r))
      if (args.length > 2 && r.chance(0.5)) args.push(r.chance(0.9) ? "WITHVALUES" : "FOO")
      return [onlyType(args)]
    },
  ],
  [2, (r) => [sorted(["HRANDFIELD", hashKey(r), "1000"])]],
  [2, (r) => [distinctPairs(["HRANDFIELD", hashKey(r), "1000", "WITHVALUES"])]],
  [
    1,
    (r) => [
      ["HRANDFIELD", hashKey(r), r.pick(["4611686018427387904", "-4611686018427387904"]), "WITHVALUES"],
    ],
  ],
  [4, scan("HSCAN", hashKey)],
  [6, (r) => [["OBJECT", "ENCODING", hashKey(r)]]],
  [2, (r) => [["DEL", hashKey(r)]]],
]

const names: ReadonlyArray<string> = [
  "SADD SREM SPOP SRANDMEMBER SISMEMBER SMISMEMBER SCARD SMEMBERS SMOVE SINTER SINTERCARD SINTERSTORE SUNION",
  "SUNIONSTORE SDIFF SDIFFSTORE SSCAN HSET HMSET HSETNX HGET HMGET HGETALL HKEYS HVALS HLEN HSTRLEN HEXISTS HDEL",
  "HINCRBY HINCRBYFLOAT HRANDFIELD HSCAN",
]
  .join(" ")
  .split(" ")

/** `commands` commands of a family; now and then one of all with too few arguments. */
export function* stepsOf(family: Choices, random: Random, commands: number): Generator<StepLike> {
  yield ["SET", "str", "value"]
  for (let n = 0; n < commands;) {
    if (random.chance(0.004)) {
      yield [random.pick(names), ...random.times(random.below(3), () => "never")]
      n++
    }
    if (random.chance(0.0005)) yield ["FLUSHALL"]
    if (random.chance(0.002)) yield ["SET", "str", "value"]
    for (const step of random.weighted(family)(random)) {
      yield step
      n++
    }
  }
}
