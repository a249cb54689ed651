/**
 * Throughput and server CPU time a request, by redis-benchmark against both servers in turn.
 *
 * Equal work: the same program sends the same requests with the same seed rules to each; before timing starts, both are
 * filled by the same run. Rounds alternate, the median of the rounds counts. Ratios are Redix over redis-server: above
 * 1 is faster for throughput, below 1 is cheaper for CPU.
 */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { type BenchServer, cpuMicros } from "./Servers.js"

const run = promisify(execFile)

export interface Workload {
  readonly name: string
  /** redis-benchmark's arguments after the common ones. */
  readonly args: ReadonlyArray<string>
  /** Requests at pipeline 1; at 16 and 100 as many times more as `deep` says. */
  readonly requests: number
  readonly deep: readonly [at16: number, at100: number]
  /** Sent to both before each round, so that a round finds what the one before it used up. */
  readonly prepare?: ReadonlyArray<string>
}

export interface Sample {
  readonly perSecond: number
  readonly cpuMicros: number
  /** Share of one core that the load generator used: near 1 the server has no say in the throughput. */
  readonly clientShare: number
}

/** Seconds in a line of the shell's `times`: user and system time, as 0m1.25s. */
const secondsIn = (line: string): number =>
  [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0)

/** Runs redis-benchmark under a shell, which knows what CPU time it took. */
const generate = async (server: BenchServer, args: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const command = ["redis-benchmark", "-p", String(server.port), ...args]
  const { stdout } = await run("sh", ["-c", '"$@"; times', "sh", ...command], { maxBuffer: 1 << 24 })
  return stdout.trim().split("\n")
}

const requestsAt = (load: Workload, pipeline: number): number =>
  load.requests * (pipeline < 16 ? 1 : load.deep[pipeline < 100 ? 0 : 1])

const measure = async (server: BenchServer, load: Workload, pipeline: number): Promise<Sample> => {
  const requests = requestsAt(load, pipeline)
  const common = ["-c", "50", "-P", String(pipeline), "-n", String(requests), "--csv"]
  const before = cpuMicros(server.pid)
  const lines = await generate(server, [...common, ...load.args])
  const after = cpuMicros(server.pid)
  const perSecond = Number(lines.at(-3)?.split('","')[1])
  const clientSeconds = secondsIn(lines.at(-1) ?? "")
  return {
    perSecond,
    cpuMicros: (after - before) / requests,
    clientShare: (clientSeconds * perSecond) / requests,
  }
}

const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

export interface Comparison {
  readonly workload: string
  readonly pipeline: number
  readonly redix: Sample
  readonly redis: Sample
}

/**
 * Runs one workload at one pipeline depth, `rounds` times on each server in turn, after a round that does not count: it
 * fills what the others work on and lets all get warm. Answers the medians.
 */
export const inTurn = async <Name extends string>(
  servers: Readonly<Record<Name, BenchServer>>,
  names: ReadonlyArray<Name>,
  load: Workload,
  pipeline: number,
  rounds: number,
): Promise<(name: Name) => Sample> => {
  const samples = new Map(names.map((name) => [name, [] as Array<Sample>]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, all] of samples) {
      if (load.prepare !== undefined) await generate(servers[name], ["-q", ...load.prepare])
      const sample = await measure(servers[name], load, pipeline)
      if (round > 0) all.push(sample)
    }
  }
  return (name) => {
    const all = samples.get(name) ?? []
    return {
      perSecond: median(all.map((s) => s.perSecond)),
      cpuMicros: median(all.map((s) => s.cpuMicros)),
      clientShare: median(all.map((s) => s.clientShare)),
    }
  }
}

export const compare = async (
  servers: { readonly redix: BenchServer; readonly redis: BenchServer },
  load: Workload,
  pipeline: number,
  rounds: number,
): Promise<Comparison> => {
  const of = await inTurn(servers, ["redix", "redis"], load, pipeline, rounds)
  return { workload: load.name, pipeline, redix: of("redix"), redis: of("redis") }
}

const keys = ["-r", "1000000"]
/** Enough for the rounds to last a second. */
const cheap = { requests: 100_000, deep: [15, 30] } as const
/** What a pop takes has to be there: about two million members, all of them different. */
const fill = ["-r", "1000000000", "-n", "2000000", "-P", "100", "-t"]

/** redis-benchmark's own tests, single key or over a million. */
export const workloads: ReadonlyArray<Workload> = [
  { name: "SET", args: [...keys, "-t", "set"], ...cheap },
  { name: "GET", args: [...keys, "-t", "get"], ...cheap },
  { name: "INCR", args: [...keys, "-t", "incr"], ...cheap },
  { name: "LPUSH", args: ["-t", "lpush"], ...cheap },
  { name: "RPUSH", args: ["-t", "rpush"], ...cheap },
  { name: "LPOP", args: ["-t", "lpop"], ...cheap },
  { name: "RPOP", args: ["-t", "rpop"], ...cheap },
  { name: "SADD", args: [...keys, "-t", "sadd"], ...cheap },
  { name: "HSET", args: [...keys, "-t", "hset"], ...cheap },
  { name: "SPOP", args: ["-t", "spop"], requests: 100_000, deep: [15, 20], prepare: [...fill, "sadd"] },
  { name: "ZADD", args: [...keys, "-t", "zadd"], requests: 100_000, deep: [10, 10] },
  { name: "ZPOPMIN", args: ["-t", "zpopmin"], requests: 100_000, deep: [15, 20], prepare: [...fill, "zadd"] },
  { name: "MSET (10 keys)", args: [...keys, "-t", "mset"], requests: 50_000, deep: [4, 6] },
  { name: "XADD", args: ["xadd", "bench:stream", "*", "field", "data"], requests: 100_000, deep: [12, 15] },
  ...[100, 300, 500, 600].map((n) => ({
    name: `LRANGE ${n}`,
    args: ["lrange", "bench:range", "0", String(n - 1)],
    requests: 20_000,
    deep: [2, 2] as const,
    prepare: ["-n", "1000", "-c", "1", "rpush", "bench:range", "xxx"],
  })),
]
