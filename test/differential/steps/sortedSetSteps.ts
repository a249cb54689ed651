/**
 * Random commands of the sorted set family, in the forms clients send and in forms that Redis refuses, over few
 * keys so that they meet each other's values.
 *
 * Keys: z0.. hold any scores; x0.. hold one score, for ranges by member, which Redis defines only there; g0.. hold
 * positions; s0, s1 are sets; "str" is a string, "none" never exists.
 */
import { onlyType, sortedDeep, type StepLike } from "../../support/Differential.js"
import type { Random } from "../../support/Random.js"
import type { Argument } from "../../support/RawClient.js"
import { geoAdd } from "./geoSteps.js"

export type Args = ReadonlyArray<Argument>

const bytesOf = (a: Argument): Buffer => Buffer.from(typeof a === "number" ? String(a) : a)
const joined = (a: Argument, b: Argument): Buffer => Buffer.concat([bytesOf(a), bytesOf(b)])

export const zkey = (r: Random): string => `z${r.below(5)}`
const lexKey = (r: Random): string => `x${r.below(3)}`
export const geoKey = (r: Random): string => `g${r.below(3)}`
const odd = (r: Random): string => r.pick(["str", "none", "s0"])
/** A key of another type, for commands that would make "none". */
export const wrong = (r: Random): string => r.pick(["str", "s0"])
const anyKey = (r: Random): string =>
  r.weighted<(r: Random) => string>([
    [12, zkey],
    [3, lexKey],
    [2, geoKey],
    [1, odd],
  ])(r)

const member = (r: Random): Argument =>
  r.weighted<() => Argument>([
    [10, () => r.pick("abcdefghijklmnopqrst".split(""))],
    [4, () => String(r.between(-5, 30))],
    [2, () => r.text(r.below(4), "ab")],
    [1, () => r.pick(["9223372036854775807", "-9223372036854775808", "1e3", "007", "", "\0", "ÿ"])],
    [1, () => r.bytes(r.below(6))],
    [0.15, () => "long".repeat(17) + r.below(3)],
  ])()

const edgeScores =
  "inf -inf +inf 1e17 -1e300 1.7976931348623157e308 5e-324 -0 0.1 3.0 1e3 0x10 9007199254740993".split(" ")
const badScores = ["nan", "abc", "", " 1", "1 ", "1e400", "(1", "1,5"]

const goodScore = (r: Random): string =>
  r.weighted<() => string>([
    [6, () => String(r.between(-5, 15))],
    [3, () => (r.between(-1000, 1000) / 8).toString()],
    [1, () => String(r.float() * 10 ** r.between(-8, 18))],
    [1, () => r.pick(edgeScores)],
  ])()
const score = (r: Random): string => (r.chance(0.02) ? r.pick(badScores) : goodScore(r))

const integer = (r: Random): string =>
  r.weighted<() => string>([
    [8, () => String(r.between(-8, 12))],
    [1, () => r.pick(["9223372036854775807", "-9223372036854775808", "4611686018427387904", "100000"])],
    [0.4, () => r.pick(["", "abc", "1.5", "9223372036854775808", "+1", " 1"])],
  ])()
export const small = (r: Random): string =>
  r.chance(0.9) ? String(r.between(1, 6)) : r.pick(["0", "-1", "x", "1.5", "9223372036854775807", ""])

const scoreBound = (r: Random): string =>
  r.chance(0.03)
    ? r.pick(["", "(", "((1", "abc", "nan", "[1", "(nan"])
    : (r.chance(0.25) ? "(" : "") + goodScore(r)
const lexBound = (r: Random): Argument =>
  r.weighted<() => Argument>([
    [2, () => r.pick(["-", "+"])],
    [8, () => joined(r.pick(["[", "("]), member(r))],
    [0.3, () => r.pick(["", "a", "--", "+a", "[", "(", "-\0x"])],
  ])()

/** Words of options, each there with some chance, in any order; now and then in another case or nonsense. */
export const some = (r: Random, ...options: ReadonlyArray<readonly [number, () => Args]>): Argument[] => {
  const words = r
    .shuffled(options)
    .filter(([chance]) => r.chance(chance))
    .flatMap(([, make]) => make())
  if (r.chance(0.015))
    words.splice(r.below(words.length + 1), 0, r.pick(["FOO", "WITHSCORES", "LIMIT", "COUNT", "1"]))
  return words.map((word) => (typeof word === "string" && r.chance(0.1) ? word.toLowerCase() : word))
}

const limit = (r: Random): Args => ["LIMIT", integer(r), integer(r)]

const zadd = (r: Random): Args => {
  const pairs = r
    .times(
      r.weighted<number>([
        [5, 1],
        [3, 3],
        [1, 12],
      ]),
      () => [score(r), member(r)],
    )
    .flat()
  const flags = some(
    r,
    [0.15, () => ["NX"]],
    [0.15, () => ["XX"]],
    [0.12, () => ["GT"]],
    [0.12, () => ["LT"]],
    [0.3, () => ["CH"]],
    [0.1, () => ["INCR"]],
  )
  return ["ZADD", r.chance(0.05) ? wrong(r) : zkey(r), ...flags, ...(r.chance(0.02) ? pairs.slice(1) : pairs)]
}

const lexAdd = (r: Random): Args => [
  "ZADD",
  lexKey(r),
  ...r.times(r.between(1, 8), () => ["0", member(r)]).flat(),
]

const range = (r: Random): Args => {
  const kind = r.below(3)
  const scored: readonly [number, () => Args] = [0.4, () => ["WITHSCORES"]]
  const limited: readonly [number, () => Args] = [0.3, () => limit(r)]
  const rev: readonly [number, () => Args] = [0.4, () => ["REV"]]
  if (kind === 0)
    return ["ZRANGE", anyKey(r), integer(r), integer(r), ...some(r, scored, [0.02, () => limit(r)], rev)]
  if (kind === 1)
    return [
      "ZRANGE",
      anyKey(r),
      scoreBound(r),
      scoreBound(r),
      ...some(r, [1, () => ["BYSCORE"]], scored, limited, rev),
    ]
  return [
    "ZRANGE",
    r.chance(0.9) ? lexKey(r) : r.pick(["str", "none"]),
    lexBound(r),
    lexBound(r),
    ...some(r, [1, () => ["BYLEX"]], [0.03, () => ["WITHSCORES"]], limited, rev),
  ]
}

const rangeStore = (r: Random): Args => {
  const [, source, ...rest] = range(r)
  const dest = typeof source === "string" && source.startsWith("x") && r.chance(0.5) ? lexKey(r) : zkey(r)
  return [
    "ZRANGESTORE",
    dest,
    source ?? "none",
    ...(r.chance(0.95) ? rest.filter((w) => String(w).toUpperCase() !== "WITHSCORES") : rest),
  ]
}

const olderRange = (r: Random): Args => {
  const scored: readonly [number, () => Args] = [0.4, () => ["WITHSCORES"]]
  const limited: readonly [number, () => Args] = [0.3, () => limit(r)]
  switch (r.below(5)) {
    case 0:
      return ["ZREVRANGE", anyKey(r), integer(r), integer(r), ...some(r, scored)]
    case 1:
      return ["ZRANGEBYSCORE", anyKey(r), scoreBound(r), scoreBound(r), ...some(r, scored, limited)]
    case 2:
      return ["ZREVRANGEBYSCORE", anyKey(r), scoreBound(r), scoreBound(r), ...some(r, scored, limited)]
    case 3:
      return ["ZRANGEBYLEX", lexKey(r), lexBound(r), lexBound(r), ...some(r, limited)]
    default:
      return ["ZREVRANGEBYLEX", lexKey(r), lexBound(r), lexBound(r), ...some(r, limited)]
  }
}

const oneMember = (r: Random): Args =>
  r.weighted<() => Args>([
    [3, () => ["ZREM", anyKey(r), ...r.times(r.between(1, 4), () => member(r))]],
    [3, () => ["ZINCRBY", r.chance(0.95) ? zkey(r) : wrong(r), score(r), member(r)]],
    [2, () => ["ZSCORE", anyKey(r), member(r)]],
    [2, () => ["ZMSCORE", anyKey(r), ...r.times(r.between(1, 4), () => member(r))]],
    [2, () => ["ZRANK", anyKey(r), member(r)]],
    [2, () => ["ZREVRANK", anyKey(r), member(r)]],
  ])()

const counting = (r: Random): Args =>
  r.weighted<() => Args>([
    [2, () => ["ZCARD", anyKey(r)]],
    [3, () => ["ZCOUNT", anyKey(r), scoreBound(r), scoreBound(r)]],
    [3, () => ["ZLEXCOUNT", r.chance(0.9) ? lexKey(r) : r.pick(["str", "none"]), lexBound(r), lexBound(r)]],
    [2, () => ["OBJECT", "ENCODING", anyKey(r)]],
  ])()

const removing = (r: Random): Args =>
  r.weighted<() => Args>([
    [3, () => ["ZREMRANGEBYRANK", anyKey(r), integer(r), integer(r)]],
    [3, () => ["ZREMRANGEBYSCORE", anyKey(r), scoreBound(r), scoreBound(r)]],
    [
      3,
      () => ["ZREMRANGEBYLEX", r.chance(0.9) ? lexKey(r) : r.pick(["str", "none"]), lexBound(r), lexBound(r)],
    ],
    [2, () => ["ZPOPMIN", anyKey(r), ...(r.chance(0.6) ? [small(r)] : [])]],
    [2, () => ["ZPOPMAX", anyKey(r), ...(r.chance(0.6) ? [small(r)] : []), ...(r.chance(0.02) ? ["1"] : [])]],
    [2, () => ["ZMPOP", ...keysOf(r), r.pick(["MIN", "MAX"]), ...some(r, [0.5, () => ["COUNT", small(r)]])]],
  ])()

/** numkeys and keys; now and then the number is wrong. */
const keysOf = (r: Random, key: (r: Random) => string = anyKey): Args => {
  const keys = r.times(r.between(1, 4), () => (r.chance(0.12) ? r.pick(["s0", "s1", "none"]) : key(r)))
  return [r.chance(0.97) ? String(keys.length) : integer(r), ...keys]
}

const algebra = (r: Random): Args => {
  const keys = keysOf(r)
  const weights: readonly [number, () => Args] = [
    0.4,
    () => ["WEIGHTS", ...r.times(keys.length - 1, () => score(r))],
  ]
  const aggregate: readonly [number, () => Args] = [
    0.4,
    () => ["AGGREGATE", r.chance(0.97) ? r.pick(["SUM", "MIN", "MAX"]) : "AVG"],
  ]
  const scored: readonly [number, () => Args] = [0.7, () => ["WITHSCORES"]]
  switch (r.below(7)) {
    case 0:
      return ["ZUNION", ...keys, ...some(r, weights, aggregate, scored)]
    case 1:
      return ["ZINTER", ...keys, ...some(r, weights, aggregate, scored)]
    case 2:
      return ["ZDIFF", ...keys, ...some(r, scored, [0.02, () => ["WEIGHTS", "1"]])]
    case 3:
      return ["ZINTERCARD", ...keys, ...some(r, [0.5, () => ["LIMIT", integer(r)]])]
    case 4:
      return ["ZUNIONSTORE", zkey(r), ...keys, ...some(r, weights, aggregate, [0.02, () => ["WITHSCORES"]])]
    case 5:
      return ["ZINTERSTORE", zkey(r), ...keys, ...some(r, weights, aggregate)]
    default:
      return ["ZDIFFSTORE", zkey(r), ...keys, ...some(r, [0.02, () => ["AGGREGATE", "SUM"]])]
  }
}

const someMembers = (r: Random): StepLike =>
  onlyType([
    "ZRANDMEMBER",
    anyKey(r),
    ...(r.chance(0.7)
      ? [
          r.chance(0.9)
            ? String(r.between(-9, 20))
            : r.pick(["x", "-9223372036854775808", "", "1.5", "4611686018427387903", "4611686018427387904"]),
        ]
      : []),
    ...(r.chance(0.3) ? ["WITHSCORES"] : []),
  ])

/** All members, which come in an order that is not left to chance. */
const allMembers = (r: Random): StepLike => [
  "ZRANDMEMBER",
  anyKey(r),
  "100000",
  ...(r.chance(0.5) ? ["WITHSCORES"] : []),
]

const randomMember = (r: Random): StepLike => (r.chance(0.2) ? allMembers(r) : someMembers(r))

const scan = (r: Random): StepLike =>
  sortedDeep([
    "ZSCAN",
    anyKey(r),
    r.chance(0.95) ? "0" : r.pick(["x", " 0", ""]),
    ...some(
      r,
      [1, () => ["COUNT", r.chance(0.97) ? "100000" : r.pick(["0", "-1", "x"])]],
      [0.4, () => ["MATCH", r.pick(["*", "a*", "[a-f]", "1?", "", "long*"])]],
    ),
  ])

/** Blocking pops, where they need not wait: the last key has just got a member. */
const blocking = (r: Random): StepLike[] => {
  const last = zkey(r)
  const keys = [...r.times(r.below(3), () => anyKey(r)), last]
  const timeout = r.chance(0.9)
    ? r.pick(["0", "0.01", "5"])
    : r.pick(["-1", "x", "", "1e300", "0x10", "1e-400"])
  const add = ["ZADD", last, goodScore(r), member(r)]
  if (r.chance(0.6)) return [add, [r.pick(["BZPOPMIN", "BZPOPMAX"]), ...keys, timeout]]
  return [
    add,
    [
      "BZMPOP",
      timeout,
      String(keys.length),
      ...keys,
      r.chance(0.97) ? r.pick(["MIN", "MAX"]) : "MID",
      ...some(r, [0.5, () => ["COUNT", small(r)]]),
    ],
  ]
}

const others = (r: Random): Args =>
  r.weighted<() => Args>([
    [3, () => ["SADD", r.pick(["s0", "s1"]), ...r.times(r.between(1, 4), () => member(r))]],
    [1, () => ["SREM", r.pick(["s0", "s1"]), member(r)]],
    [1, () => ["SADD", "s0", ...r.times(4, () => String(r.below(30)))]],
    [1, () => ["DEL", r.pick([zkey, lexKey, geoKey])(r)]],
    [0.5, () => ["COPY", zkey(r), zkey(r), "REPLACE"]],
    [0.5, () => ["RENAME", zkey(r), zkey(r)]],
    [1, () => ["TYPE", anyKey(r)]],
    [0.3, () => ["SET", "str", "x"]],
    [0.5, () => [r.pick(["ZADD", "ZRANGE", "ZUNION", "ZINCRBY", "ZPOPMIN", "ZRANGESTORE", "ZINTERCARD"])]],
  ])()

export const sortedSetSteps = function* (r: Random, count: number): Generator<StepLike> {
  yield ["SET", "str", "x"]
  for (let i = 0; i < count; i++) {
    const step = r.weighted<() => ReadonlyArray<StepLike>>([
      [8, () => [zadd(r)]],
      [3, () => [lexAdd(r)]],
      [1, () => [geoAdd(r)]],
      [5, () => [range(r)]],
      [2, () => [rangeStore(r)]],
      [5, () => [olderRange(r)]],
      [8, () => [oneMember(r)]],
      [4, () => [counting(r)]],
      [3, () => [removing(r)]],
      [5, () => [algebra(r)]],
      [1, () => [randomMember(r)]],
      [1, () => [scan(r)]],
      [1, () => blocking(r)],
      [2, () => [others(r)]],
    ])()
    yield* step
  }
  for (const key of ["z0", "z1", "z2", "z3", "z4", "x0", "x1", "x2", "g0", "g1", "g2"]) {
    yield ["ZRANGE", key, "0", "-1", "WITHSCORES"]
    yield ["OBJECT", "ENCODING", key]
  }
}

/** As `sortedSetSteps`, with ranges by member over sets of different scores: only listpacks answer those predictably. */
export const lexOverScores = function* (r: Random, count: number): Generator<StepLike> {
  for (let i = 0; i < count; i++)
    yield r.weighted<() => Args>([
      [4, () => zadd(r)],
      [
        4,
        () => [
          "ZRANGE",
          zkey(r),
          lexBound(r),
          lexBound(r),
          "BYLEX",
          ...some(r, [0.4, () => ["REV"]], [0.3, () => ["LIMIT", "0", integer(r)]]),
        ],
      ],
      [2, () => ["ZLEXCOUNT", zkey(r), lexBound(r), lexBound(r)]],
      [1, () => ["ZREMRANGEBYLEX", zkey(r), lexBound(r), lexBound(r)]],
      [2, () => ["ZREMRANGEBYRANK", zkey(r), integer(r), integer(r)]],
    ])()
}
