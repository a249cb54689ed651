/**
 * Random SORT and SORT_RO commands over lists, sets and sorted sets, with weights in strings and hashes of which some are
 * missing. Where Redis leaves the order open (texts of equal weight, members of a set unsorted) only the items count.
 * Numbers out of a double's range are left out: after one, redis-server 7.0.15 refuses good numbers for a while.
 */
import { ignored, onlyType, sorted, type StepLike } from "../../support/Differential.js"
import type { Argument } from "../../support/RawClient.js"
import type { Random } from "../../support/Random.js"
import type { Choices } from "./collectionSteps.js"

const numbers: ReadonlyArray<string> = [
  "1.5",
  "-2",
  "1e2",
  "0x10",
  "inf",
  "-inf",
  " 7",
  "",
  "+3",
  "007",
  "-0",
  "5.",
]
const words: ReadonlyArray<string> = ["a", "B", "b", "aa", "\u00e9", "z z", "-", "nan", "1x"]

const element = (r: Random, numeric: boolean): Argument =>
  r.chance(0.7) ? String(r.between(-3, 9)) : Buffer.from(r.pick(numeric ? numbers : words), "utf8")
const elements = (r: Random): ReadonlyArray<Argument> => {
  const numeric = r.chance(0.8)
  return r.times(r.between(1, 9), () => element(r, numeric))
}

const listKey = (r: Random): string => `l${r.below(3)}`
const setKey = (r: Random): string => `s${r.below(3)}`
const sortedSetKey = (r: Random): string => `z${r.below(2)}`

const patterns: ReadonlyArray<string> = [
  "w_*",
  "w_*",
  "o_*->f",
  "o_*->g",
  "o_*",
  "w_*->f",
  "nostar",
  "*",
  "#",
  "",
  "o_*->",
  "w_*x",
]

const limit = (r: Random): ReadonlyArray<string> =>
  r.chance(0.9)
    ? ["LIMIT", String(r.between(-2, 6)), String(r.between(-2, 6))]
    : [
        "LIMIT",
        r.pick(["x", "9223372036854775807", "0"]),
        r.pick(["", "9223372036854775807", "-9223372036854775808"]),
      ]

const sort = (r: Random): ReadonlyArray<StepLike> => {
  const source = r.weighted([
    [5, listKey(r)],
    [5, setKey(r)],
    [3, sortedSetKey(r)],
    [1, r.pick(["w_1", "o_1", "missing"])],
  ])
  const by = r.chance(0.5) ? r.pick(patterns) : undefined
  const alpha = r.chance(0.4)
  const limited = r.chance(0.3)
  const named = by?.includes("*") ?? true
  const storing = r.chance(0.25)
  const fromSet = source.startsWith("s")
  // The order of ties is open: by text weights, and in a set that is not sorted at all.
  const open = (alpha && by !== undefined && named) || (fromSet && !named && !storing)
  const args: Array<Argument> = [storing || r.chance(0.7) ? "SORT" : "SORT_RO", source]
  if (by !== undefined) args.push("BY", by)
  if (alpha) args.push("ALPHA")
  if (limited) args.push(...limit(r))
  for (let n = r.chance(0.4) ? r.between(1, 3) : 0; n > 0; n--) args.push("GET", r.pick(patterns))
  if (r.chance(0.4)) args.push(r.pick(["DESC", "ASC", "desc"]))
  if (r.chance(0.02)) args.push(r.pick(["FOO", "BY", "GET", "LIMIT"]))
  if (!storing) return [open ? (limited ? onlyType(args) : sorted(args)) : args]
  const target = r.chance(0.8) ? listKey(r) : r.pick(["s0", "other"])
  const step = [...args, "STORE", target]
  if (!open) return [step, ["TYPE", target], ["LRANGE", target, "0", "-1"]]
  return [onlyType(step), ignored(["DEL", target])]
}

/** Texts that are equal up to a NUL byte tie where the result is only answered; in a list their order stays. */
const nulTexts: ReadonlyArray<string> = ["a\0b", "a\0a", "a", "a\0"]

const fillList = (r: Random): ReadonlyArray<StepLike> => {
  const key = listKey(r)
  return [
    ["DEL", key],
    ["RPUSH", key, ...(r.chance(0.1) ? r.shuffled(nulTexts) : elements(r))],
  ]
}

export const sortCommandsOf: Choices = [
  [4, fillList],
  [4, (r) => [ignored(["SADD", setKey(r), ...elements(r)])]],
  [1, (r) => [["DEL", setKey(r)]]],
  [
    3,
    (r) => {
      const key = sortedSetKey(r)
      return [
        ["DEL", key],
        ["ZADD", key, ...elements(r).flatMap((e) => [String(r.between(0, 3)), e])],
        ["SORT", key, "BY", "nosort"],
        ["OBJECT", "ENCODING", key],
      ]
    },
  ],
  [3, (r) => [["SET", `w_${r.between(-3, 9)}`, element(r, r.chance(0.9))]]],
  [2, (r) => [["HSET", `o_${r.between(-3, 9)}`, "f", element(r, r.chance(0.9)), "->", "arrow"]]],
  [1, (r) => [["DEL", `w_${r.between(-3, 9)}`, `o_${r.between(-3, 9)}`, "other"]]],
  [18, sort],
]
