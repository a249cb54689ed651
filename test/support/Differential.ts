/**
 * The differential engine: the same commands to Redis and to Redix, and the raw replies must be the same bytes.
 *
 * Where a reply cannot be the same (random members, clocks, hash order), the call site says so by name:
 *
 *     await differential({ oracle, subject, seed }, [
 *       ["SET", "k", "v"],                              // exact, the rule
 *       sorted(["SMEMBERS", "s"]),                      // the same items in any order
 *       approximately(5, ["PTTL", "k"]),                // numbers within 5 of each other
 *       onlyType(["RANDOMKEY"]),                        // the same type of reply
 *       ignored(["CLIENT", "ID"]),                      // sent, not compared
 *     ])
 *
 * Commands are sent in pipelined batches to both servers at once, and each batch is compared before the next is made,
 * so the first difference is reported with the commands that led to it. A generator may therefore run without end;
 * blocking commands and those that end a connection do not belong here.
 */
import { compared } from "./Compared.js"
import { type Argument, formatCommand, type RawClient } from "./RawClient.js"
import { escapeBytes, formatReply, parseReply, type ReplyNode } from "./RespFrames.js"

/** How replies are compared: returns undefined if they agree, else what differs. */
export interface Comparison {
  readonly name: string
  readonly differs: (oracle: Buffer, subject: Buffer) => string | undefined
}

export interface Step {
  readonly args: ReadonlyArray<Argument>
  readonly comparison: Comparison
}

export type StepLike = ReadonlyArray<Argument> | Step

const isArguments = (step: StepLike): step is ReadonlyArray<Argument> => Array.isArray(step)

const toStep = (step: StepLike): Step => (isArguments(step) ? { args: step, comparison: exact } : step)

export const exact: Comparison = {
  name: "exact",
  differs: (oracle, subject) => (oracle.equals(subject) ? undefined : "the bytes differ"),
}

/** Rebuilds a reply with its items in byte order; pairs of a map stay together. */
const inOrder = (node: ReplyNode, itemsPerGroup: number, deep: boolean): string => {
  if (node.items === undefined) return node.raw.toString("latin1")
  const size = node.type === "%" ? 2 : itemsPerGroup
  const groups: string[] = []
  for (let i = 0; i < node.items.length; i += size) {
    const group = node.items.slice(i, i + size)
    groups.push(
      group.map((item) => (deep ? inOrder(item, itemsPerGroup, true) : item.raw.toString("latin1"))).join(""),
    )
  }
  return `${node.type}${node.items.length}\r\n${groups.sort().join("")}`
}

const ordered = (name: string, itemsPerGroup: number, deep: boolean): Comparison => ({
  name,
  differs: (oracle, subject) =>
    oracle.equals(subject) ||
    inOrder(parseReply(oracle), itemsPerGroup, deep) === inOrder(parseReply(subject), itemsPerGroup, deep)
      ? undefined
      : "the items differ, order aside",
})

const withComparison = (comparison: Comparison, args: ReadonlyArray<Argument>): Step => ({ args, comparison })

/** The same items in any order (SMEMBERS, KEYS; a RESP3 map by its pairs). */
export const sorted = (args: ReadonlyArray<Argument>): Step =>
  withComparison(ordered("sorted", 1, false), args)

/** The same pairs in any order (HGETALL, ZRANGE WITHSCORES as a flat array). */
export const sortedPairs = (args: ReadonlyArray<Argument>): Step =>
  withComparison(ordered("sorted pairs", 2, false), args)

/** The same items in any order, at every depth (a SCAN's nested page, COMMAND's flags). */
export const sortedDeep = (args: ReadonlyArray<Argument>): Step =>
  withComparison(ordered("sorted at every depth", 1, true), args)

/** The same shape, in which numbers (integers, doubles, numeric strings) may differ by at most `tolerance`. */
export const approximately = (tolerance: number, args: ReadonlyArray<Argument>): Step =>
  withComparison(
    {
      name: `approximately, within ${tolerance}`,
      differs: (oracle, subject) => near(parseReply(oracle), parseReply(subject), tolerance),
    },
    args,
  )

const near = (a: ReplyNode, b: ReplyNode, tolerance: number): string | undefined => {
  if (a.raw.equals(b.raw)) return undefined
  if (a.type !== b.type || a.isNull !== b.isNull || a.items?.length !== b.items?.length)
    return "the shapes differ"
  if (a.items !== undefined && b.items !== undefined) {
    for (const [i, item] of a.items.entries()) {
      const other = b.items[i]
      const difference = other === undefined ? "an item is missing" : near(item, other, tolerance)
      if (difference !== undefined) return difference
    }
    return undefined
  }
  const [x, y] = [a.payload.toString("latin1"), b.payload.toString("latin1")]
  const distance = Math.abs(Number(x) - Number(y))
  return x !== "" && y !== "" && distance <= tolerance ? undefined : `${x} and ${y} are too far apart`
}

/** The same type of reply (and both null or neither), and for aggregates the same count. */
export const onlyType = (args: ReadonlyArray<Argument>): Step =>
  withComparison(
    {
      name: "only type",
      differs: (oracle, subject) => {
        const [a, b] = [parseReply(oracle), parseReply(subject)]
        if (a.type !== b.type || a.isNull !== b.isNull) return "the types differ"
        return a.items?.length === b.items?.length ? undefined : "the counts differ"
      },
    },
    args,
  )

const uncompared: Comparison = { name: "ignored", differs: () => undefined }

/** Sent to both, not compared. */
export const ignored = (args: ReadonlyArray<Argument>): Step => withComparison(uncompared, args)

/** A comparison of the test's own, by name; `differs` gets both replies as trees. */
export const comparedBy = (
  name: string,
  differs: (oracle: ReplyNode, subject: ReplyNode) => string | undefined,
  args: ReadonlyArray<Argument>,
): Step => withComparison({ name, differs: (a, b) => differs(parseReply(a), parseReply(b)) }, args)

export interface DifferentialOptions {
  readonly oracle: RawClient
  readonly subject: RawClient
  /** The seed the steps were made from; named in the report. */
  readonly seed?: number
  /** Commands a batch. Default 200. */
  readonly batch?: number
  /** Commands of history in the report. Default 40. */
  readonly historyMax?: number
}

export class DifferentialMismatch extends Error {
  constructor(
    readonly step: Step,
    readonly index: number,
    report: string,
  ) {
    super(report)
    this.name = "DifferentialMismatch"
  }
}

/** Runs the steps on both servers; resolves to the number of commands compared, rejects at the first mismatch. */
export const differential = async (
  options: DifferentialOptions,
  steps: Iterable<StepLike>,
): Promise<number> => {
  const batchSize = options.batch ?? 200
  const history = new History(options.historyMax ?? 40)
  let count = 0
  let batch: Step[] = []
  const flush = async (): Promise<void> => {
    const commands = batch.map((step) => step.args)
    const [oracle, subject] = await Promise.all([
      options.oracle.pipeline(commands).catch(explain("redis", history, batch, options.seed)),
      options.subject.pipeline(commands).catch(explain("redix", history, batch, options.seed)),
    ])
    for (const [i, step] of batch.entries()) {
      const expected = oracle[i] ?? Buffer.alloc(0)
      const actual = subject[i] ?? Buffer.alloc(0)
      if (!expected.equals(actual)) {
        const difference = step.comparison.differs(expected, actual)
        if (difference !== undefined) {
          const index = count + i
          throw new DifferentialMismatch(
            step,
            index,
            report({ step, index, difference, expected, actual, history, seed: options.seed }),
          )
        }
      }
      if (step.comparison !== uncompared) compared(step.args, expected)
      history.add(step.args, expected)
    }
    count += batch.length
    batch = []
  }
  for (const step of steps) {
    batch.push(toStep(step))
    if (batch.length >= batchSize) await flush()
  }
  if (batch.length > 0) await flush()
  return count
}

/** The last commands with the oracle's replies, and apart from them the last ones that named the same key. */
class History {
  private readonly entries: Array<{ readonly args: ReadonlyArray<Argument>; readonly reply: Buffer }> = []

  constructor(private readonly max: number) {}

  add(args: ReadonlyArray<Argument>, reply: Buffer): void {
    this.entries.push({ args, reply })
    // Kept long, for the commands that touched the failing key may be far back; cut seldom, so that it costs nothing.
    if (this.entries.length > 20_000) this.entries.splice(0, 10_000)
  }

  sameKey(args: ReadonlyArray<Argument>): string[] {
    const keys = new Set(args.slice(1).map(String))
    return this.lines(
      this.entries.filter((entry) => entry.args.slice(1).some((word) => keys.has(String(word)))),
    )
  }

  latest(): string[] {
    return this.lines(this.entries)
  }

  private lines(
    entries: ReadonlyArray<{ readonly args: ReadonlyArray<Argument>; readonly reply: Buffer }>,
  ): string[] {
    return entries
      .slice(-this.max)
      .map(({ args, reply }) => `  ${formatCommand(args)}  => ${escapeBytes(reply, 60)}`)
  }
}

const seedLine = (seed: number | undefined): string =>
  seed === undefined ? "" : `seed ${seed}: REDIX_SEED=${seed} replays it`

const explain =
  (side: string, history: History, batch: ReadonlyArray<Step>, seed: number | undefined) =>
  (error: Error): never => {
    const sent = batch.slice(0, 20).map((step) => `  ${formatCommand(step.args)}`)
    throw new Error(
      [
        `${side}: ${error.message}`,
        seedLine(seed),
        "sent before:",
        ...history.latest(),
        "in this batch:",
        ...sent,
      ]
        .filter((line) => line !== "")
        .join("\n"),
      { cause: error },
    )
  }

const report = (facts: {
  readonly step: Step
  readonly index: number
  readonly difference: string
  readonly expected: Buffer
  readonly actual: Buffer
  readonly history: History
  readonly seed: number | undefined
}): string =>
  [
    `command ${facts.index}: ${formatCommand(facts.step.args)}`,
    `compared: ${facts.step.comparison.name}; ${facts.difference}`,
    seedLine(facts.seed),
    "redis:",
    formatReply(facts.expected),
    "redix:",
    formatReply(facts.actual),
    "last commands with a word in common (redis replied):",
    ...facts.history.sameKey(facts.step.args),
    "last commands:",
    ...facts.history.latest().slice(-10),
  ]
    .filter((line) => line !== "")
    .join("\n")
