/**
 * Random commands of the stream family, in the forms clients send and in forms that Redis refuses, over few keys and few
 * IDs so that they meet each other's entries.
 *
 * Keys: s0.. hold streams with explicit IDs; "auto" gets IDs from the clock, of which only the type is compared; "big" has
 * IDs near the end of their range; "str" is a string, "none" never exists. Times are left out of comparisons, and minimum
 * idle times are either none or longer than the test, so that the clock decides nothing; XCLAIM's IDLE and TIME make
 * entries old.
 */
import { comparedBy, onlyType, type StepLike } from "../../support/Differential.js"
import type { Random } from "../../support/Random.js"
import type { Argument } from "../../support/RawClient.js"
import type { ReplyNode } from "../../support/RespFrames.js"

type Args = ReadonlyArray<Argument>

const LATE = 100_000_000_000

/** A reply with what depends on the clock left out: times, and what follows "idle" or stands third in a line of XPENDING. */
const timeless = (node: ReplyNode): string => {
  if (node.items === undefined) {
    return node.type === ":" && Number(node.payload.toString("latin1")) > LATE
      ? ":time"
      : node.raw.toString("latin1")
  }
  const items = node.items
  const isPending = items.length === 4 && items[2]?.type === ":" && items[3]?.type === ":"
  const parts = items.map((item, i) => {
    if (isPending && i === 2) return ":time"
    if (i > 0 && items[i - 1]?.payload.toString("latin1") === "idle" && item.type === ":") return ":time"
    return timeless(item)
  })
  return `${node.type}${items.length}(${parts.join(",")})`
}

const clockless = (...args: Args): StepLike =>
  comparedBy(
    "times left out",
    (a, b) => (timeless(a) === timeless(b) ? undefined : `${timeless(a)} and ${timeless(b)}`),
    args,
  )

const key = (r: Random): string =>
  r.weighted([
    [12, `s${r.below(4)}`],
    [0.6, "big"],
    [0.4, r.pick(["str", "none"])],
  ])
const group = (r: Random): string =>
  r.weighted([
    [8, `g${r.below(2)}`],
    [1, "late"],
    [0.5, r.pick(["nogroup", ""])],
  ])
const consumer = (r: Random): string => (r.chance(0.95) ? `c${r.below(3)}` : r.pick(["x", ""]))

let clock = 1
/** An ID near those that were given out last. */
const nearId = (r: Random): string => {
  const ms = Math.max(0, clock - r.below(30))
  return r.chance(0.3) ? String(ms) : `${ms}-${r.below(3)}`
}
const edges = [
  "0-0",
  "0-1",
  "0",
  "18446744073709551615-18446744073709551615",
  "18446744073709551615-18446744073709551614",
  "18446744073709551614-5",
  "18446744073709551615",
  "9223372036854775808-1",
  "4294967296-4294967296",
]
const wrongIds = [
  "abc",
  "1-",
  "-1",
  "1-1-1",
  "18446744073709551616",
  "1-18446744073709551616",
  "",
  "1-*",
  "-",
  "+",
  "*",
  "$",
  ">",
  "(1",
  "007-08",
  " 5",
  "+5-1",
  "1.5",
]
const id = (r: Random): string =>
  r.weighted<() => string>([
    [20, () => nearId(r)],
    [1, () => r.pick(edges)],
    [0.4, () => r.pick(wrongIds)],
  ])()
const bound = (r: Random, open: string): string =>
  r.weighted<() => string>([
    [5, () => open],
    [6, () => id(r)],
    [1, () => `(${id(r)}`],
    [0.2, () => r.pick(["-", "+", "(-", "(", "(+"])],
  ])()
const integer = (r: Random): string =>
  r.weighted<() => string>([
    [10, () => String(r.between(1, 6))],
    [1, () => r.pick(["0", "-1", "100", "9223372036854775807", "-9223372036854775808"])],
    [0.3, () => r.pick(["x", "", "1.5", "9223372036854775808", "+1"])],
  ])()
const minIdle = (r: Random): string =>
  r.weighted([
    [6, "0"],
    [3, "1000000000"],
    [0.5, r.pick(["-1", "x", ""])],
  ])

const value = (r: Random): Argument =>
  r.weighted<() => Argument>([
    [6, () => String(r.between(-300, 100_000))],
    [6, () => r.text(r.below(12))],
    [1, () => r.pick(["9223372036854775807", "-9223372036854775808", "007", "-0", "1e5", ""])],
    [0.5, () => r.text(r.between(60, 300))],
    [0.5, () => r.bytes(r.below(70))],
    [0.05, () => r.text(r.between(3000, 5000))],
  ])()
const fields = (r: Random): Argument[] => {
  const names = r.weighted<() => string[]>([
    [6, () => ["a"]],
    [4, () => ["name", "12"]],
    [1, () => ["a", "a"]],
    [1, () => r.times(r.between(1, 5), () => r.text(r.below(3), "ab1"))],
  ])()
  const out = names.flatMap((name): Argument[] => [name, value(r)])
  return r.chance(0.01) ? out.slice(1) : out
}

const trim = (r: Random): Argument[] => {
  const length = r.chance(0.6)
  const words = [
    length ? "MAXLEN" : r.pick(["MINID", "minid"]),
    ...(r.chance(0.6) ? [r.pick(["~", "="])] : []),
    length ? integer(r) : id(r),
    ...(r.chance(0.2) ? ["LIMIT", integer(r)] : []),
  ]
  return r.chance(0.03) ? r.shuffled(words) : words
}

const newId = (r: Random): string =>
  r.weighted<() => string>([
    [10, () => `${(clock += r.below(3))}-${r.below(4)}`],
    [2, () => `${(clock += r.below(2))}-*`],
    [1, () => (r.chance(0.95) ? nearId(r) : r.pick([...edges, ...wrongIds.filter((word) => word !== "*")]))],
  ])()

const xadd = (r: Random): StepLike => {
  const mk = r.chance(0.1) ? ["NOMKSTREAM"] : []
  const options = r.chance(0.25) ? r.shuffled([mk, trim(r)]).flat() : mk
  if (r.chance(0.03)) return onlyType(["XADD", "auto", ...options, "*", ...fields(r)])
  const k = r.chance(0.03) ? "big" : key(r)
  return ["XADD", k === "none" ? "s0" : k, ...options, k === "big" ? r.pick(edges) : newId(r), ...fields(r)]
}

const streams = (r: Random, one: () => string): string[] => {
  const n = r.chance(0.7) ? 1 : r.between(2, 3)
  const words = [...r.times(n, () => key(r)), ...r.times(n, one)]
  return r.chance(0.02) ? words.slice(1) : words
}
const count = (r: Random): string[] => (r.chance(0.5) ? ["COUNT", integer(r)] : [])

const xreadgroup = (r: Random): StepLike => [
  "XREADGROUP",
  ...(r.chance(0.98) ? ["GROUP", group(r), consumer(r)] : ["NOACK", "NOACK", "NOACK"]),
  ...count(r),
  ...(r.chance(0.15) ? ["NOACK"] : []),
  ...(r.chance(0.02) ? ["BLOCK", r.pick(["-1", "x"])] : []),
  r.chance(0.99) ? "STREAMS" : "STREAM",
  ...streams(r, () => (r.chance(0.75) ? ">" : id(r))),
]

const xclaim = (r: Random): StepLike => [
  "XCLAIM",
  key(r),
  group(r),
  consumer(r),
  minIdle(r),
  ...r.times(r.between(1, 4), () => id(r)),
  ...r
    .shuffled([
      r.chance(0.4) ? [r.pick(["FORCE", "force"])] : [],
      r.chance(0.4) ? ["JUSTID"] : [],
      r.chance(0.5) ? ["IDLE", r.pick(["2000000000", "0", "-5", "x", "5000000000"])] : [],
      r.chance(0.2) ? ["TIME", r.pick(["1000", "-5", "99999999999999", "x"])] : [],
      r.chance(0.3) ? ["RETRYCOUNT", integer(r)] : [],
      r.chance(0.2) ? ["LASTID", id(r)] : [],
      r.chance(0.02) ? [r.pick(["FOO", "IDLE"])] : [],
    ])
    .flat(),
]

const xgroup = (r: Random): StepLike =>
  r.weighted<() => StepLike>([
    [
      6,
      () => [
        "XGROUP",
        "CREATE",
        key(r) === "none" ? "s1" : `s${r.below(4)}`,
        group(r),
        r.chance(0.5) ? "$" : id(r),
        ...(r.chance(0.6) ? ["MKSTREAM"] : []),
        ...(r.chance(0.3) ? ["ENTRIESREAD", integer(r)] : []),
        ...(r.chance(0.02) ? ["FOO"] : []),
      ],
    ],
    [
      3,
      () => [
        "XGROUP",
        "SETID",
        key(r),
        group(r),
        r.chance(0.2) ? "$" : id(r),
        ...(r.chance(0.3) ? ["ENTRIESREAD", integer(r)] : []),
      ],
    ],
    [2, () => ["XGROUP", "CREATECONSUMER", key(r), group(r), consumer(r)]],
    [2, () => ["XGROUP", "DELCONSUMER", key(r), group(r), consumer(r)]],
    [0.7, () => ["XGROUP", "DESTROY", key(r), group(r)]],
    [0.1, () => ["XGROUP", "HELP"]],
    [0.1, () => ["XGROUP", "FOO", "s0", "g0"]],
    [0.1, () => ["XGROUP", "CREATE", "s0"]],
  ])()

const xinfo = (r: Random): StepLike =>
  r.weighted<() => StepLike>([
    [5, () => ["XINFO", "STREAM", key(r)]],
    [
      4,
      () =>
        clockless(
          "XINFO",
          "STREAM",
          key(r),
          r.chance(0.97) ? "FULL" : "FUL",
          ...(r.chance(0.6) ? [r.chance(0.97) ? "COUNT" : "COUN", integer(r)] : []),
        ),
    ],
    [3, () => ["XINFO", "GROUPS", key(r)]],
    [3, () => clockless("XINFO", "CONSUMERS", key(r), group(r))],
    [0.1, () => ["XINFO", "HELP"]],
    [0.1, () => ["XINFO", "FOO"]],
  ])()

const xpending = (r: Random): StepLike =>
  clockless(
    "XPENDING",
    key(r),
    group(r),
    ...(r.chance(0.4)
      ? []
      : [
          ...(r.chance(0.3) ? ["IDLE", minIdle(r)] : []),
          bound(r, "-"),
          bound(r, "+"),
          integer(r),
          ...(r.chance(0.4) ? [consumer(r)] : []),
          ...(r.chance(0.02) ? ["x"] : []),
        ]),
  )

const xsetid = (r: Random): StepLike => [
  "XSETID",
  key(r),
  r.chance(0.5) ? `${clock}-${r.below(5)}` : id(r),
  ...(r.chance(0.4) ? ["ENTRIESADDED", r.chance(0.7) ? String(r.between(1, 400)) : integer(r)] : []),
  ...(r.chance(0.3) ? ["MAXDELETEDID", id(r)] : []),
  ...(r.chance(0.02) ? ["FOO"] : []),
]

const xautoclaim = (r: Random): StepLike => [
  "XAUTOCLAIM",
  key(r),
  group(r),
  consumer(r),
  minIdle(r),
  r.chance(0.5) ? "0" : bound(r, "-"),
  ...count(r),
  ...(r.chance(0.4) ? ["JUSTID"] : []),
  ...(r.chance(0.01) ? ["FOO"] : []),
]

const range = (r: Random, name: string): StepLike => [
  name,
  key(r),
  ...(name === "XRANGE" ? [bound(r, "-"), bound(r, "+")] : [bound(r, "+"), bound(r, "-")]),
  ...count(r),
  ...(r.chance(0.01) ? ["COUNT"] : []),
]

/** A command of the family with too few or too many words. */
const names =
  "XADD XLEN XRANGE XREVRANGE XDEL XTRIM XREAD XREADGROUP XACK XGROUP XPENDING XCLAIM XAUTOCLAIM XINFO XSETID"
const wrongArity = (r: Random): StepLike => [r.pick(names.split(" ")), ...r.times(r.below(4), () => key(r))]

const step = (r: Random): StepLike =>
  r.weighted<() => StepLike>([
    [30, () => xadd(r)],
    [1, () => ["XLEN", key(r)]],
    [4, () => range(r, "XRANGE")],
    [4, () => range(r, "XREVRANGE")],
    [7, () => ["XDEL", key(r), ...r.times(r.between(1, 4), () => id(r))]],
    [4, () => ["XTRIM", key(r), ...trim(r)]],
    [5, () => ["XREAD", ...count(r), "STREAMS", ...streams(r, () => (r.chance(0.1) ? "$" : id(r)))]],
    [0.3, () => ["XREAD", r.pick(["GROUP", "NOACK", "FOO", "COUNT"]), "g0", "c", "STREAMS", "s0", "0"]],
    [16, () => xreadgroup(r)],
    [6, () => ["XACK", key(r), group(r), ...r.times(r.between(1, 4), () => id(r))]],
    [8, () => xgroup(r)],
    [5, () => xpending(r)],
    [6, () => xclaim(r)],
    [5, () => xautoclaim(r)],
    [6, () => xinfo(r)],
    [2, () => xsetid(r)],
    [0.5, () => wrongArity(r)],
    [0.4, () => ["DEL", `s${r.below(4)}`]],
    [0.1, () => ["DEL", "big"]],
    [0.3, () => ["COPY", `s${r.below(4)}`, `s${r.below(4)}`, "REPLACE"]],
    [0.2, () => ["SET", "str", "1"]],
    [0.2, () => ["OBJECT", "ENCODING", `s${r.below(4)}`]],
    [0.2, () => ["TYPE", `s${r.below(4)}`]],
  ])()

/** Keys that the steps touch. */
export const streamKeys: ReadonlyArray<string> = ["s0", "s1", "s2", "s3", "big", "auto", "str"]

export function* streamSteps(r: Random, commands: number): Iterable<StepLike> {
  for (let i = 0; i < commands; i++) yield step(r)
}
