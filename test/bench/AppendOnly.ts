/**
 * The append-only file compared, on the same disk, in turn: what `always` costs writers and what readers notice of them,
 * what `everysec` costs, what writers notice of a rewrite, and how long the file takes to load.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import {
  Client,
  fill,
  type Latencies,
  latencyLine,
  loadSeconds,
  overwriting,
  pause,
  probed,
  request,
  summary,
  underLoad,
  watchMemory,
} from "./Clients.js"
import { type BenchServer, slowSyncs, startServer } from "./Servers.js"
import { inTurn, workloads } from "./Throughput.js"

const NAMES = ["redix", "redis"] as const
const MEASURE_MS = 2500

type Name = (typeof NAMES)[number]

const logged = (appendfsync: string): ReadonlyArray<string> => [
  "--appendonly",
  "yes",
  "--appendfsync",
  appendfsync,
  "--auto-aof-rewrite-percentage",
  "0",
]

const ratio = (a: number, b: number): string => (a / b).toFixed(2)
const thousands = (n: number): string => `${(n / 1000).toFixed(1)}k/s`
const best = (times: ReadonlyArray<number>): number => Math.min(...times)
const most = (all: ReadonlyArray<Latencies>): Latencies =>
  all.reduce((a, b) => (b.perSecond > a.perSecond ? b : a))

const middleOf = <A>(all: ReadonlyArray<A>, by: (one: A) => number): A => {
  const middle = [...all].sort((a, b) => by(a) - by(b))[all.length >> 1]
  if (middle === undefined) throw new Error("no round was run")
  return middle
}

/** By p99: the rate is given. */
const calm = (all: ReadonlyArray<Latencies>): Latencies => middleOf(all, ({ p99 }) => p99)

/** Runs `use` with both servers, in directories of one disk. */
const withServers = async (
  args: ReadonlyArray<string>,
  use: (servers: Readonly<Record<Name, BenchServer>>) => Promise<void>,
  under: ReadonlyArray<string> = [],
): Promise<void> => {
  const redix = await startServer("redix", args, undefined, under)
  try {
    const redis = await startServer("redis", args, undefined, under)
    try {
      await use({ redix, redis })
    } finally {
      await redis.stop()
    }
  } finally {
    await redix.stop()
  }
}

const reading = (n: number): ReadonlyArray<string> => ["GET", `read:${n % 10_000}`]

/** Some ten thousand reads a second over 50 connections, of which each server is capable several times. */
const paced = async (port: number): Promise<Latencies> => {
  const probing = {
    port,
    connections: 50,
    askers: 10,
    request: request(["GET", "none"]),
    replyBytes: "$-1\r\n".length,
  }
  const [, times] = await probed(probing, () => pause(MEASURE_MS))
  return summary(Float64Array.from(times), MEASURE_MS / 1000)
}

const measured = async (port: number, load: (n: number) => ReadonlyArray<string>): Promise<Latencies> =>
  (await underLoad(port, load, () => pause(MEASURE_MS)))[1]

interface AlwaysFigures {
  readonly writes: Array<Latencies>
  readonly idle: Array<Latencies>
  readonly beside: Array<Latencies>
  /** The writers that the readers were beside of. */
  readonly besideWrites: Array<Latencies>
  /** Readers at a steady rate, far below what the server could do. */
  readonly pacedIdle: Array<Latencies>
  readonly pacedBeside: Array<Latencies>
  /** Cores that this program used meanwhile, which drives both: near 1 it is the limit, not the server. */
  readonly driver: Array<number>
}

const noFigures = (): AlwaysFigures => ({
  writes: [],
  idle: [],
  beside: [],
  besideWrites: [],
  pacedIdle: [],
  pacedBeside: [],
  driver: [],
})

const always = (keys: number, rounds: number, under: ReadonlyArray<string>): Promise<void> =>
  withServers(
    logged("always"),
    async (servers) => {
      const figures = { redix: noFigures(), redis: noFigures() }
      for (let round = 0; round < rounds; round++)
        for (const name of NAMES) {
          const { port } = servers[name]
          const { writes, idle, beside, besideWrites, pacedIdle, pacedBeside, driver } = figures[name]
          writes.push(await measured(port, overwriting(keys)))
          idle.push(await measured(port, reading))
          const start = performance.now()
          const before = process.cpuUsage()
          const [read, written] = await underLoad(port, overwriting(keys), () => measured(port, reading))
          const { user, system } = process.cpuUsage(before)
          driver.push((user + system) / 1000 / (performance.now() - start))
          beside.push(read)
          besideWrites.push(written)
          pacedIdle.push(await paced(port))
          pacedBeside.push((await underLoad(port, overwriting(keys), () => paced(port)))[0])
        }
      const top = (name: Name, what: Exclude<keyof AlwaysFigures, "driver">): Latencies =>
        most(figures[name][what])
      const [ours, theirs] = NAMES.map((name) => top(name, "writes").perSecond)
      console.log(
        `  always, 50 writers: ${thousands(ours ?? NaN)}, redis ${thousands(theirs ?? NaN)}: ${ratio(ours ?? NaN, theirs ?? NaN)}`,
      )
      for (const name of NAMES) {
        const [idle, beside] = [top(name, "idle"), top(name, "beside")]
        console.log(
          `${name}: 50 readers beside 50 writers: ${ratio(beside.perSecond, idle.perSecond)} of idle, p99 ${ratio(beside.p99, idle.p99)} times idle`,
        )
        const writers = top(name, "besideWrites")
        console.log(
          `  readers and writers together ${ratio(beside.perSecond + writers.perSecond, idle.perSecond)} of idle readers; ` +
            `${Math.max(...figures[name].driver).toFixed(2)} cores taken by what drives them`,
        )
        const [pacedIdle, pacedBeside] = [calm(figures[name].pacedIdle), calm(figures[name].pacedBeside)]
        console.log(
          `  paced readers beside them ${ratio(pacedBeside.perSecond, pacedIdle.perSecond)} of idle, p99 ${ratio(pacedBeside.p99, pacedIdle.p99)} times idle`,
        )
        console.log(latencyLine("paced, idle", pacedIdle))
        console.log(latencyLine("paced, beside", pacedBeside))
        console.log(latencyLine("readers, idle", idle))
        console.log(latencyLine("beside writers", beside))
        console.log(latencyLine("those writers", writers))
        console.log(latencyLine("writers alone", top(name, "writes")))
      }
    },
    under,
  )

/** redis-benchmark's SET at pipeline 16, with the file and without, all four servers in turn. */
const everysec = async (rounds: number, scale: number): Promise<void> => {
  const set = workloads.find(({ name }) => name === "SET")
  if (set === undefined) throw new Error("no workload SET")
  const load = { ...set, requests: Math.max(1000, Math.round(set.requests * scale)) }
  await withServers(logged("everysec"), (withLog) =>
    withServers([], async (without) => {
      const all = {
        redix: withLog.redix,
        redis: withLog.redis,
        plainRedix: without.redix,
        plainRedis: without.redis,
      }
      const of = await inTurn(all, ["redix", "plainRedix", "redis", "plainRedis"], load, 16, rounds)
      console.log(
        `  everysec, SET at pipeline 16: ${ratio(of("redix").perSecond, of("redis").perSecond)} of redis with it`,
      )
      for (const [name, on, off] of [
        ["redix", of("redix"), of("plainRedix")],
        ["redis", of("redis"), of("plainRedis")],
      ] as const)
        console.log(
          `  ${name.padEnd(6)} ${thousands(on.perSecond)}, without ${thousands(off.perSecond)}: ${ratio(on.perSecond, off.perSecond)}; ` +
            `CPU a request ${on.cpuMicros.toFixed(2)} us, without ${off.cpuMicros.toFixed(2)} us`,
        )
    }),
  )
}

const info = async (client: Client): Promise<string> =>
  client.send("*2\r\n$4\r\nINFO\r\n$11\r\npersistence\r\n", (reply) => reply.includes("aof_delayed_fsync"))

const rewrite = async (port: number): Promise<void> => {
  const client = new Client(port)
  try {
    const reply = await client.ask("BGREWRITEAOF")
    if (!reply.startsWith("+Background")) throw new Error(`BGREWRITEAOF: ${reply}`)
    for (;;) {
      await pause(10)
      const text = await info(client)
      if (/aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/.test(text)) return
    }
  } finally {
    client.close()
  }
}

/** What redis-server's child has copied; what Redix's memory has grown by. */
const extraMemory = async (server: BenchServer, grown: number): Promise<number> => {
  if (server.name === "redix") return grown
  const client = new Client(server.port)
  const text = await info(client)
  client.close()
  return Number(/aof_last_cow_size:(\d+)/.exec(text)?.[1] ?? "0")
}

interface Rewrite {
  readonly busy: Latencies
  readonly seconds: number
  readonly extra: number
}

const rewriteUnderWriters = async (server: BenchServer, keys: number): Promise<Rewrite> => {
  let grown = 0
  let seconds = 0
  const [, busy] = await underLoad(server.port, overwriting(keys), async () => {
    const start = performance.now()
    grown = await watchMemory(server, () => rewrite(server.port))
    seconds = (performance.now() - start) / 1000
  })
  return { busy, seconds, extra: await extraMemory(server, grown) }
}

/** Fills, loads what was logged, then rewrites under writers. */
const rewriteAndLoad = async (name: Name, keys: number, rounds: number): Promise<void> => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), `bench-${name}-aof-`))
  let server: BenchServer | undefined = undefined
  try {
    server = await startServer(name, logged("everysec"), dir)
    await fill(server.port, keys)
    await server.stop()
    const loads: Array<number> = []
    for (let i = 0; i < rounds; i++)
      loads.push(await loadSeconds(name, dir, "append only file", logged("everysec")))
    const loaded = (server = await startServer(name, logged("everysec"), dir))
    const quiet = await measured(loaded.port, overwriting(keys))
    const rewrites: Array<Rewrite> = []
    for (let i = 0; i < rounds; i++) rewrites.push(await rewriteUnderWriters(loaded, keys))
    // What the slowest of a thousand waits is one turn of the machine's more or less.
    const { busy, seconds, extra } = middleOf(rewrites, (one) => one.busy.p999)
    console.log(
      `${name}: load of ${keys} commands ${best(loads).toFixed(2)} s; rewrite under 50 writers ${seconds.toFixed(2)} s, ` +
        `extra memory ${(extra / 1e6).toFixed(1)} MB, throughput ${ratio(busy.perSecond, quiet.perSecond)} of idle, p99.9 ${ratio(busy.p999, quiet.p999)} times idle; ` +
        `p99.9 of each ${rewrites.map((one) => one.busy.p999.toFixed(1)).join(" ")} ms`,
    )
    console.log(latencyLine("idle", quiet))
    console.log(latencyLine("during rewrite", busy))
  } finally {
    await server?.stop()
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

/** A disk that takes longer to sync than this machine's may. */
const SLOW_MS = 5

/** The part of the benchmark on the append-only file; `slow` needs strace and runs where it is asked for. */
export const appendOnly = async (
  keys: number,
  rounds: number,
  scale: number,
  only: ReadonlyArray<string>,
): Promise<void> => {
  console.log(`\nappend-only file, ${keys} mixed keys, in ${os.tmpdir()}`)
  const asked = (what: string): boolean => only.length === 0 || only.includes(what)
  if (asked("always")) await always(keys, rounds, [])
  if (only.includes("slow")) {
    console.log(`each sync takes ${SLOW_MS} ms longer:`)
    await always(keys, rounds, slowSyncs(SLOW_MS))
  }
  if (asked("everysec")) await everysec(rounds, scale)
  if (asked("rewrite")) for (const name of NAMES) await rewriteAndLoad(name, keys, rounds)
}
