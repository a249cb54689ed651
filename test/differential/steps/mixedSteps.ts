/**
 * All families at once over keys that they share: a name that one family writes as a set another reads as a stream, so
 * commands meet every type, conversions meet RENAME, COPY, MOVE and SWAPDB, and transactions hold any of it.
 *
 * Keys whose order Redis leaves open where SORT or a range by member reads them (l*, s0.., z0, z1, x*), those of places (g*) and of HyperLogLogs (h*), are sources of
 * RENAME and COPY, never targets. Not drawn here: STOREDIST, whose last digit is the C library's. */
import {
  approximately,
  type Comparison,
  exact,
  ignored,
  type Step,
  type StepLike,
} from "../../support/Differential.js"
import type { Argument } from "../../support/RawClient.js"
import type { Random } from "../../support/Random.js"
import { parseReply } from "../../support/RespFrames.js"
import { hashCommandsOf, setCommandsOf, stepsOf as collectionSteps } from "./collectionSteps.js"
import { geoSteps } from "./geoSteps.js"
import { listSteps } from "./listSteps.js"
import { sortCommandsOf } from "./sortSteps.js"
import { sortedSetSteps } from "./sortedSetSteps.js"
import { streamSteps } from "./streamSteps.js"
import {
  bitmapCommandsOf,
  hyperloglogCommandsOf,
  stepsOf as stringSteps,
  stringCommandsOf,
} from "./stringSteps.js"

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name}${index}`)

const targets: ReadonlyArray<string> = [
  ...numbered("k", 8),
  ...numbered("m", 6),
  "z2",
  "z3",
  "z4",
  "s4",
  "s5",
  "big",
  "other",
]
/** Every key by its family's name; "auto" is left out, for its IDs are the clock's. */
export const mixedKeys: ReadonlyArray<string> = [
  ...targets,
  ...numbered("s", 4),
  ...numbered("h", 6),
  ...numbered("l", 3),
  ...numbered("x", 3),
  "z0",
  "z1",
  "g0",
  "g1",
  "g2",
  "str",
  "set",
  "string",
]

/** Directives that decide encodings, with values among which a run changes. */
export const encodingLimits: Readonly<Record<string, ReadonlyArray<string>>> = {
  "list-max-listpack-size": ["-2", "3", "-1", "16"],
  "hash-max-listpack-entries": ["128", "4", "9", "0"],
  "hash-max-listpack-value": ["64", "6", "16"],
  "set-max-intset-entries": ["512", "6", "0"],
  "zset-max-listpack-entries": ["128", "5", "0"],
  "zset-max-listpack-value": ["64", "4"],
  "stream-node-max-entries": ["100", "3", "10"],
  "stream-node-max-bytes": ["4096", "200"],
  "hll-sparse-max-bytes": ["3000", "60"],
}

const asStep = (step: StepLike): Step => ("args" in step ? step : { args: step, comparison: exact })
const nameOf = (step: Step): string => String(step.args[0]).toUpperCase()

/** An EXEC whose items are compared each by the comparison of its command. */
const execOf = (steps: ReadonlyArray<Step>): Step => {
  const differs: Comparison["differs"] = (oracle, subject) => {
    const [a, b] = [parseReply(oracle), parseReply(subject)]
    if (a.type !== b.type || a.items?.length !== b.items?.length) return "the shapes of the replies differ"
    if (a.items === undefined || b.items === undefined) return exact.differs(oracle, subject)
    // Where a command was refused while it was queued there is no reply in its place, nor an array.
    if (a.items.length !== steps.length) return exact.differs(oracle, subject)
    for (const [index, step] of steps.entries()) {
      const [expected, actual] = [a.items[index]?.raw, b.items[index]?.raw]
      if (expected === undefined || actual === undefined) return "a reply is missing"
      const difference = expected.equals(actual) ? undefined : step.comparison.differs(expected, actual)
      if (difference !== undefined)
        return `reply ${index} (${step.args.map(String).join(" ")}): ${difference}`
    }
    return undefined
  }
  return { args: ["EXEC"], comparison: { name: "each reply as its command asks", differs } }
}

/** Gives the steps of a family in groups that must stay together. */
class Family {
  private readonly steps: Iterator<StepLike>
  private next: Step | undefined

  constructor(steps: Iterable<StepLike>) {
    this.steps = steps[Symbol.iterator]()
    this.next = this.draw()
  }

  /** At least `count` steps, or fewer at the end. */
  take(count: number): Step[] {
    const taken: Step[] = []
    let open = false
    while (this.next !== undefined && (taken.length < count || open || this.nextBelongs())) {
      const step = this.next
      taken.push(step)
      // What a random pop leaves is removed by the steps after it; nothing else may see it.
      if (step.comparison.name === "ignored") open = false
      else if (step.comparison.name === "only type" && leavesOpen(step)) open = true
      this.next = this.draw()
    }
    return taken
  }

  /** A pop that waits without end follows the command that feeds it; SORT, the one that makes Redis forget. */
  private nextBelongs(): boolean {
    return this.next !== undefined && (waits(this.next) || nameOf(this.next).startsWith("SORT"))
  }

  private draw(): Step | undefined {
    for (let left = false; ;) {
      const { done, value } = this.steps.next()
      if (done === true) return undefined
      const step = asStep(value)
      // What was to feed a pop may have been left out: then the pop is, too.
      const unfed: boolean = left && waits(step)
      left = unfed || unwanted(step)
      if (!left) return step
    }
  }
}

const waits = (step: Step): boolean => /^B(LM|LP|RP|Z)/.test(nameOf(step))

const leavesOpen = (step: Step): boolean =>
  nameOf(step) === "SPOP" || (nameOf(step) === "SORT" && step.args.includes("STORE"))

/** A range by member over members of different scores is anything. */
const byMember = (step: Step): boolean =>
  nameOf(step).includes("LEX") || step.args.some((word) => String(word).toUpperCase() === "BYLEX")

/** In SORT, texts that are equal up to a NUL byte tie, and the order of ties from a hash table is open. */
const hasNul = (word: Argument): boolean =>
  word instanceof Uint8Array ? word.includes(0) : String(word).includes("\0")

/** A score below a double's usual range: where SORT unpacks a listpack that holds one, redis-server 7.0.15 refuses it all. */
const isTiny = (word: Argument): boolean => String(word) === "5e-324"

const unwanted = (step: Step): boolean =>
  nameOf(step).startsWith("FLUSH") ||
  (/^(SADD|ZADD|ZINCRBY)$/.test(nameOf(step)) && step.args.some(hasNul)) ||
  step.args.some(isTiny) ||
  // A string that is edited is no HyperLogLog that either server promises anything about.
  (nameOf(step).startsWith("PF") && step.args.some((word) => /^k\d$/.test(String(word)))) ||
  (byMember(step) && !String(step.args[1]).startsWith("x")) ||
  step.args.some((word) => String(word).toUpperCase() === "STOREDIST")

/**
 * After a number out of a double's range redis-server 7.0.15 refuses good numbers in SORT, until a number beyond 2^63 has
 * been read for an ID.
 */
function* afterForgetting(steps: Iterable<StepLike>): Generator<StepLike> {
  for (const step of steps) {
    if (nameOf(asStep(step)).startsWith("SORT")) yield ["XRANGE", "none", "18446744073709551615", "+"]
    yield step
  }
}

const families = (r: Random, count: number): ReadonlyArray<readonly [number, Family]> => [
  [3, new Family(collectionSteps(setCommandsOf, r, count))],
  [3, new Family(collectionSteps(hashCommandsOf, r, count))],
  [3, new Family(listSteps(r, count))],
  [3, new Family(sortedSetSteps(r, count))],
  [1, new Family(geoSteps(r, count))],
  [3, new Family(streamSteps(r, count))],
  [2, new Family(afterForgetting(collectionSteps(sortCommandsOf, r, count)))],
  [2, new Family(stringSteps(stringCommandsOf, r, count))],
  [0.5, new Family(stringSteps(bitmapCommandsOf, r, count))],
  [1, new Family(stringSteps(hyperloglogCommandsOf, r, count))],
]

/** Keys change their names, types, databases and times. */
const moves = (r: Random): ReadonlyArray<StepLike> => {
  const source = r.pick(mixedKeys)
  const target = r.pick(targets)
  return r.weighted<() => ReadonlyArray<StepLike>>([
    [4, () => [["RENAME", source, target]]],
    [1, () => [["RENAMENX", source, target]]],
    [4, () => [["COPY", source, target, ...(r.chance(0.7) ? ["REPLACE"] : [])]]],
    [1, () => [["COPY", source, target, "DB", r.pick(["0", "1", "2"]), "REPLACE"]]],
    [2, () => [["MOVE", source, r.pick(["0", "1", "2"])]]],
    [5, () => [[r.pick(["DEL", "UNLINK"]), source, r.pick(mixedKeys)]]],
    [1, () => [["EXPIRE", source, String(r.between(10_000, 90_000))]]],
    [1, () => [["PEXPIREAT", source, r.pick(["1", "0", "4102444800000"])]]],
    [0.5, () => [["PERSIST", source]]],
    [1, () => [approximately(10, ["TTL", source])]],
    [
      1,
      () => [
        ["TYPE", source],
        ["OBJECT", "ENCODING", source],
      ],
    ],
    [0.5, () => [["SELECT", r.pick(["0", "0", "1", "2"])]]],
    [0.2, () => [["SWAPDB", r.pick(["0", "1", "2"]), r.pick(["0", "1", "2"])]]],
    [0.03, () => [[r.pick(["FLUSHDB", "FLUSHALL"]), r.pick(["ASYNC", "SYNC"])]]],
    [0.5, () => expiring(source)],
    [1, () => [["DEBUG", "DIGEST-VALUE", source, target]]],
    [0.3, () => [["SET", target, "value", "GET"]]],
    [0.3, () => [["SET", target, "value"]]],
  ])()
}

/** A key that is past its time before it is touched again, by a command that finds it so. */
const expiring = (key: Argument): ReadonlyArray<StepLike> => [
  ["PEXPIRE", key, "20"],
  ["DEBUG", "SLEEP", "0.03"],
  ["EXISTS", key],
]

const sleeps = (step: StepLike): boolean => asStep(step).args[1] === "SLEEP"

const limitsChange = (r: Random): StepLike => {
  const name = r.pick(Object.keys(encodingLimits))
  return ["CONFIG", "SET", name, r.pick(encodingLimits[name] ?? [])]
}

const transaction = (r: Random, steps: ReadonlyArray<Step>): ReadonlyArray<StepLike> => {
  const queued = steps.map((step) => step.args)
  if (r.chance(0.1)) return [["MULTI"], ...queued, ["DISCARD"]]
  const watched = r.pick(mixedKeys)
  if (r.chance(0.2)) {
    const touched = r.pick([watched, "m0"])
    return [["WATCH", watched], ["PEXPIREAT", touched, "4102444800000"], ["MULTI"], ...queued, execOf(steps)]
  }
  return [["MULTI"], ...queued, execOf(steps)]
}

/** The limits as they are by default. */
export const defaultLimits = (): ReadonlyArray<Argument> => [
  "CONFIG",
  "SET",
  ...Object.entries(encodingLimits).flatMap(([name, values]) => [name, values[0] ?? ""]),
]

/** Around `count` commands. "auto" goes at each turn, before anything could copy what the clock put there. */
export function* mixedSteps(r: Random, count: number): Generator<StepLike> {
  const sources = families(r, count)
  for (let made = 0; made < count;) {
    let group = r.chance(0.3) ? moves(r) : r.weighted(sources).take(r.between(1, 6))
    if (r.chance(0.15) && !group.some(sleeps)) group = transaction(r, group.map(asStep))
    if (r.chance(0.003)) group = [limitsChange(r), ...group]
    yield* group
    made += group.length
    const about = asStep(r.pick(group)).args[1]
    if (about !== undefined && about !== "auto") yield ["OBJECT", "ENCODING", about]
    if (group.some((step) => asStep(step).args.includes("auto"))) yield ignored(["DEL", "auto"])
  }
}
