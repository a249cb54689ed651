/** Random list commands, in the forms clients send and in forms that Redis refuses, over few keys. */
import type { StepLike } from "../../support/Differential.js"
import type { Random } from "../../support/Random.js"
import type { Argument } from "../../support/RawClient.js"

type Make = (r: Random) => ReadonlyArray<Argument>

const key = (r: Random): string => (r.chance(0.03) ? "string" : r.chance(0.03) ? "none" : `k${r.below(5)}`)

const edges = [
  "0",
  "9223372036854775807",
  "-9223372036854775807",
  "-9223372036854775808",
  "9223372036854775808",
  "9007199254740993",
  "x",
  "",
  " 1",
  "+1",
  "01",
  "-0",
  "1.5",
]
const index = (r: Random): string =>
  r.chance(0.93) ? String(r.between(-15, 25)) : r.chance(0.5) ? String(r.between(-900, 900)) : r.pick(edges)

const count = (r: Random): string =>
  r.chance(0.9) ? String(r.between(0, 6)) : r.chance(0.5) ? String(r.between(-3, 60)) : r.pick(edges)

/** Few values, so that searches find some; of every encoding a listpack has. */
const element = (r: Random): Argument =>
  r.weighted<() => Argument>([
    [8, () => r.pick(["a", "b", "c", "aa", "", "1", "2", "-1", "127", "128", "01"])],
    [2, () => String(r.between(-5000, 5000))],
    [
      1,
      () => r.pick(["32767", "-32768", "8388607", "2147483648", "-9223372036854775808", "9007199254740993"]),
    ],
    [1, () => r.bytes(r.below(70))],
    [0.3, () => r.text(r.between(60, 500), "ab")],
    [0.05, () => r.text(r.between(4000, 9000), "ab")],
  ])()

const side = (r: Random): string =>
  r.pick(["LEFT", "RIGHT", "left", "Right", ...(r.chance(0.05) ? ["UP"] : [])])

/** Long enough for neither server to be late, short enough for thousands. */
const timeout = (r: Random): string =>
  r.chance(0.75)
    ? "0.001"
    : r.pick(["1e-3", "0x1p-10", "-1", "-0.5", "x", "", "nan", "inf", "-inf", "1e400", "1e18", " 1", "1 "])

const elements = (r: Random): Argument[] =>
  r.times(r.chance(0.9) ? r.between(1, 4) : r.between(5, 60), () => element(r))

const lposOption = (r: Random): Argument[] =>
  r.pick([
    ["RANK", r.chance(0.8) ? String(r.between(-3, 3)) : index(r)],
    ["COUNT", count(r)],
    ["maxlen", count(r)],
    ["COUNT"],
    ["FOO", "1"],
  ])

const lmpopTail = (r: Random): Argument[] => {
  const keys = r.times(r.between(1, 3), () => key(r))
  const numkeys = r.chance(0.92) ? String(keys.length) : r.pick([...edges, "-1", "5"])
  const tail = r.chance(0.5) ? [] : r.chance(0.9) ? ["COUNT", count(r)] : ["COUNT", "1", "COUNT", "2"]
  return [numkeys, ...keys, side(r), ...tail]
}

const makes: ReadonlyArray<readonly [number, Make]> = [
  [10, (r) => ["LPUSH", key(r), ...elements(r)]],
  [10, (r) => ["RPUSH", key(r), ...elements(r)]],
  [3, (r) => ["LPUSHX", key(r), ...elements(r)]],
  [3, (r) => ["RPUSHX", key(r), ...elements(r)]],
  [5, (r) => (r.chance(0.5) ? ["LPOP", key(r)] : ["LPOP", key(r), count(r)])],
  [5, (r) => (r.chance(0.5) ? ["RPOP", key(r)] : ["RPOP", key(r), count(r)])],
  [2, (r) => ["LLEN", key(r)]],
  [6, (r) => ["LRANGE", key(r), index(r), index(r)]],
  [2, (r) => ["LRANGE", key(r), "0", "-1"]],
  [5, (r) => ["LINDEX", key(r), index(r)]],
  [7, (r) => ["LINSERT", key(r), r.pick(["BEFORE", "after", "AFTER", "x"]), element(r), element(r)]],
  [6, (r) => ["LSET", key(r), index(r), element(r)]],
  [4, (r) => ["LREM", key(r), r.chance(0.8) ? String(r.between(-2, 2)) : index(r), element(r)]],
  [3, (r) => ["LTRIM", key(r), r.chance(0.7) ? String(r.between(-400, 3)) : index(r), index(r)]],
  [5, (r) => ["LPOS", key(r), element(r), ...r.times(r.below(4), () => lposOption(r)).flat()]],
  [4, (r) => ["LMOVE", key(r), key(r), side(r), side(r)]],
  [4, (r) => ["RPOPLPUSH", key(r), key(r)]],
  [4, (r) => ["LMPOP", ...lmpopTail(r)]],
  [1, (r) => ["BLPOP", ...r.times(r.between(1, 3), () => key(r)), timeout(r)]],
  [1, (r) => ["BRPOP", ...r.times(r.between(1, 3), () => key(r)), timeout(r)]],
  [1, (r) => ["BLMOVE", key(r), key(r), side(r), side(r), timeout(r)]],
  [1, (r) => ["BRPOPLPUSH", key(r), key(r), timeout(r)]],
  [1, (r) => ["BLMPOP", timeout(r), ...lmpopTail(r)]],
  [0.3, (r) => ["DEL", key(r)]],
  [1, () => ["SET", "string", "v"]],
  [0.3, (r) => ["SET", key(r), "v"]],
]

const names = makes.map(([, make]) => make)

/** Any of the commands cut short or with a word too many: arity and syntax errors. */
const mangled = (r: Random): ReadonlyArray<Argument> => {
  const args = [...r.pick(names)(r)]
  // A timeout that became another word must not wait for ever.
  if (String(args[0]).startsWith("B")) return args
  if (r.chance(0.5)) args.pop()
  else args.push(element(r))
  return args
}

export function* listSteps(r: Random, n: number): Generator<StepLike> {
  for (let i = 0; i < n; i++) yield r.chance(0.04) ? mangled(r) : r.weighted(makes)(r)
  for (const k of ["k0", "k1", "k2", "k3", "k4", "string", "none"]) yield ["LRANGE", k, "0", "-1"]
}
