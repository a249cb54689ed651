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
  /** Requests at pipeline 1; deeper pipelines send `deep` times as many. */
  readonly requests: number
  readonly deep: number
  /** Sent to both before each round, so that a round finds what the one before it used up. */
  readonly prepare?: ReadonlyArray<string>
}

export interface Sample {
  readonly perSecond: number
  readonly cpuMicros: number
}

const measure = async (server: BenchServer, load: Workload, pipeline: number): Promise<Sample> => {
  const requests = pipeline === 1 ? load.requests : load.requests * load.deep
  const common = [
    "-p",
    String(server.port),
    "-c",
    "50",
    "-P",
    String(pipeline),
    "-n",
    String(requests),
    "--csv",
  ]
  const before = cpuMicros(server.pid)
  const { stdout } = await run("redis-benchmark", [...common, ...load.args], { maxBuffer: 1 << 24 })
  const after = cpuMicros(server.pid)
  const row = stdout.trim().split("\n").at(-1)?.split('","') ?? []
  return { perSecond: Number(row[1]), cpuMicros: (after - before) / requests }
}

const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

export interface Comparison {
  readonly workload: string
  readonly pipeline: number
  readonly redix: Sample
  readonly redis: Sample
}

/** Runs one workload at one pipeline depth, `rounds` times on each server in turn. */
export const compare = async (
  servers: { readonly redix: BenchServer; readonly redis: BenchServer },
  load: Workload,
  pipeline: number,
  rounds: number,
): Promise<Comparison> => {
  const samples = { redix: [] as Array<Sample>, redis: [] as Array<Sample> }
  for (let round = 0; round < rounds; round++) {
    for (const name of ["redix", "redis"] as const) {
      if (load.prepare !== undefined) {
        await run("redis-benchmark", ["-p", String(servers[name].port), "-q", ...load.prepare], {
          maxBuffer: 1 << 24,
        })
      }
      samples[name].push(await measure(servers[name], load, pipeline))
    }
  }
  const middle = (all: ReadonlyArray<Sample>): Sample => ({
    perSecond: median(all.map((s) => s.perSecond)),
    cpuMicros: median(all.map((s) => s.cpuMicros)),
  })
  return { workload: load.name, pipeline, redix: middle(samples.redix), redis: middle(samples.redis) }
}

const keys = ["-r", "1000000"]

/** redis-benchmark's own tests, single key or over a million. */
export const workloads: ReadonlyArray<Workload> = [
  { name: "SET", args: [...keys, "-t", "set"], requests: 100_000, deep: 20 },
  { name: "GET", args: [...keys, "-t", "get"], requests: 100_000, deep: 20 },
  { name: "INCR", args: [...keys, "-t", "incr"], requests: 100_000, deep: 20 },
  { name: "LPUSH", args: ["-t", "lpush"], requests: 100_000, deep: 10 },
  { name: "RPUSH", args: ["-t", "rpush"], requests: 100_000, deep: 10 },
  { name: "LPOP", args: ["-t", "lpop"], requests: 100_000, deep: 10 },
  { name: "RPOP", args: ["-t", "rpop"], requests: 100_000, deep: 10 },
  { name: "SADD", args: [...keys, "-t", "sadd"], requests: 100_000, deep: 10 },
  { name: "HSET", args: [...keys, "-t", "hset"], requests: 100_000, deep: 10 },
  { name: "SPOP", args: [...keys, "-t", "spop"], requests: 100_000, deep: 10 },
  { name: "ZADD", args: [...keys, "-t", "zadd"], requests: 100_000, deep: 10 },
  { name: "ZPOPMIN", args: [...keys, "-t", "zpopmin"], requests: 100_000, deep: 10 },
  { name: "MSET (10 keys)", args: [...keys, "-t", "mset"], requests: 50_000, deep: 4 },
  { name: "XADD", args: ["xadd", "bench:stream", "*", "field", "data"], requests: 100_000, deep: 10 },
  ...[100, 300, 500, 600].map((n) => ({
    name: `LRANGE ${n}`,
    args: ["lrange", "bench:range", "0", String(n - 1)],
    requests: 20_000,
    deep: 2,
    prepare: ["-n", "1000", "-c", "1", "rpush", "bench:range", "xxx"],
  })),
]
