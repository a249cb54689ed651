/**
 * npm run bench -- [--parts throughput,scripts,suspended,memory,in-process,direct,embedded,persistence,replication,aof,eviction,slices,package] [--only SET,GET] [--pipelines 1,16,100]
 *                  [--rounds 3] [--requests 0.1] [--keys 1000000]
 *
 * Compares Redix with redis-server in one run, in turn, and prints a table of ratios. Machines are noisy: look at ratios
 * and CPU time, and run it more than once.
 */
import * as os from "node:os"
import { appendOnly } from "./AppendOnly.js"
import { direct } from "./Direct.js"
import { embeddedFigures } from "./Embedded.js"
import { evictionHits, evictionResidence } from "./Eviction.js"
import { type Figure, printFigures } from "./Figures.js"
import { inProcess } from "./InProcess.js"
import { packageFigures } from "./Package.js"
import { persistence } from "./Persistence.js"
import { replication } from "./Replication.js"
import { scripts } from "./Scripts.js"
import { slices } from "./Slices.js"
import { suspended } from "./Suspended.js"
import { type Comparison, compare, workloads } from "./Throughput.js"
import { type BenchServer, residentBytes, startServer } from "./Servers.js"

const option = (name: string, fallback: string): string => {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? fallback : (process.argv[at + 1] ?? fallback)
}

const row = (cells: ReadonlyArray<string>): string =>
  cells.map((c, i) => (i === 0 ? c.padEnd(16) : c.padStart(11))).join("")

const printComparison = (c: Comparison): void => {
  console.log(
    row([
      c.workload,
      `P${c.pipeline}`,
      `${Math.round(c.redix.perSecond / 1000)}k`,
      `${Math.round(c.redis.perSecond / 1000)}k`,
      (c.redix.perSecond / c.redis.perSecond).toFixed(2),
      c.redix.cpuMicros.toFixed(2),
      c.redis.cpuMicros.toFixed(2),
      (c.redix.cpuMicros / c.redis.cpuMicros).toFixed(2),
      `${(c.redix.clientShare * 100).toFixed(0)}/${(c.redis.clientShare * 100).toFixed(0)}%`,
    ]),
  )
}

const throughput = async (redix: BenchServer, redis: BenchServer): Promise<void> => {
  const only = option("only", "")
  const pipelines = option("pipelines", "1,16,100").split(",").map(Number)
  const scale = Number(option("requests", "1"))
  console.log(
    row([
      "workload",
      "pipeline",
      "redix/s",
      "redis/s",
      "ratio",
      "redix us",
      "redis us",
      "cpu ratio",
      "client",
    ]),
  )
  for (const load of workloads) {
    if (only !== "" && !only.split(",").includes(load.name)) continue
    for (const pipeline of pipelines) {
      const scaled = { ...load, requests: Math.max(100, Math.round(load.requests * scale)) }
      printComparison(await compare({ redix, redis }, scaled, pipeline, Number(option("rounds", "3"))))
    }
  }
}

/** What one call of a script, or one operation of a long one, costs the server beyond a PING. */
const scripting = async (): Promise<void> => {
  console.log(`\n${row(["script", "redix", "redis", "cpu ratio"])}`)
  const only = option("only", "")
    .split(",")
    .filter((name) => name !== "")
  await scripts(only, Number(option("rounds", "3")), ({ name, redixMicros, redisMicros }) => {
    const cell = (us: number): string => (us < 1 ? `${(us * 1000).toFixed(1)} ns` : `${us.toFixed(2)} us`)
    console.log(row([name, cell(redixMicros), cell(redisMicros), (redixMicros / redisMicros).toFixed(2)]))
  })
}

/** How soon others are heard while a script does not end: the middle and the slowest, in milliseconds. */
const suspension = async (): Promise<void> => {
  console.log(`\n${row(["endless", "server", "BUSY ms", "new conn ms", "killed ms", "CPU ms", "turns"])}`)
  await suspended(Number(option("rounds", "3")), ({ name, server, busy, late, killed, turnMs }) => {
    const middle = (values: ReadonlyArray<number>): number =>
      [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
    const cell = ({ ms }: { readonly ms: ReadonlyArray<number> }): string =>
      `${middle(ms).toFixed(0)} / ${Math.max(...ms).toFixed(0)}`
    const cpu = [busy, late, killed].map((times) => middle(times.cpuMs))
    const turns = cpu.map((ms) => Math.ceil(ms / turnMs))
    const texts = [cpu.map((ms) => ms.toFixed(0)).join(" "), server === "redix" ? turns.join(" ") : ""]
    console.log(row([name, server, cell(busy), cell(late), cell(killed), ...texts]))
  })
}

/** How good caches are, and whether they keep within their memory. */
const eviction = async (): Promise<void> => {
  const percent = (part: number): string => `${(part * 100).toFixed(2)} %`
  const policies = option("policies", "allkeys-lru,allkeys-lfu,volatile-lru,volatile-ttl,allkeys-random")
    .split(",")
    .filter((policy) => policy !== "")
  console.log(
    `\n${row(["policy", "load", "redix", "same keys", "redis", "redix us", "redis us"])}   (hit rates, CPU a request)`,
  )
  const keys = Number(option("keys", "100000"))
  await evictionHits(policies, keys, Number(option("requests", "1")) * keys * 10, (rates) => {
    const cells = [rates.redix, rates.redixSameKeys, rates.redis].map(percent)
    const micros = [rates.redixMicros, rates.redisMicros].map((us) => us.toFixed(1))
    console.log(row([rates.policy, rates.load, ...cells, ...micros]))
  })
  for (const policy of option("residence", "allkeys-lru,allkeys-random,noeviction").split(",")) {
    const heads = ["redix", "settled", "redis", "settled"]
    console.log(`\n${row([policy, "", ...heads])}   (resident memory over maxmemory: most, and settled)`)
    await evictionResidence(policy, Number(option("maxmemory", String(100 * 1024 * 1024))), (of) =>
      console.log(
        row([
          of.phase.padEnd(27),
          ...[of.redix.most, of.redix.settled, of.redis.most, of.redis.settled].map((part) =>
            part.toFixed(2),
          ),
        ]),
      ),
    )
  }
}

/** What others wait while much goes at once. */
const waits = async (): Promise<void> => {
  console.log(
    `\n${row(["others wait, ms", "", "p50", "p99", "p99.9", "worst", "itself"])}   (a PING each millisecond)`,
  )
  const only = option("only", "")
    .split(",")
    .filter((name) => name !== "")
  await slices(Number(option("keys", "1000000")), Number(option("rounds", "3")), only, (of) => {
    for (const name of ["redix", "redis"] as const) {
      const { p50, p99, p999, worst, own } = of[name]
      const cells = [p50, p99, p999, worst, own].map((ms) => ms.toFixed(2))
      console.log(row([name === "redix" ? of.name.padEnd(18) : "".padEnd(18), name, ...cells]))
    }
  })
}

/** What of ioredis in memory is demanded, in commands to each over TCP. */
const OF_IOREDIS: Readonly<Record<string, number>> = {
  "one by one": 3,
  "100 at once": 1.8,
  "pipelines of 100": 1,
}

/** ioredis over connections in memory, and over TCP to redis-server. */
const embedded = async (): Promise<void> => {
  console.log(`\n${row(["ioredis, GET", "memory/s", "tcp/s", "ratio", "memory us", "tcp us", "cpu ratio"])}`)
  const count = Math.max(100, Math.round(50_000 * Number(option("requests", "1"))))
  const ratios: Array<Figure> = []
  await inProcess(Number(option("rounds", "3")), count, ({ name, memory, other }) => {
    const ratio = memory.perSecond / other.perSecond
    const least = OF_IOREDIS[name]
    if (least !== undefined) ratios.push({ name, value: ratio, least, unit: "x" })
    console.log(
      row([
        name,
        `${Math.round(memory.perSecond / 1000)}k`,
        `${Math.round(other.perSecond / 1000)}k`,
        ratio.toFixed(2),
        memory.cpuMicros.toFixed(2),
        other.cpuMicros.toFixed(2),
        (memory.cpuMicros / other.cpuMicros).toFixed(2),
      ]),
    )
  })
  printFigures("ioredis in memory, to ioredis over TCP", ratios)
}

/** The client without a socket. */
const withoutSocket = async (): Promise<void> => {
  const count = Math.round(200_000 * Number(option("requests", "1")))
  printFigures("without a socket", await direct(3 * Number(option("rounds", "3")), count))
}

/** Resident memory with a million keys of 16 bytes and values of 10, filled in order. */
const memory = async (): Promise<void> => {
  console.log("\nresident memory, 1 M keys of 16 bytes, values of 10 bytes")
  for (const name of ["redix", "redis"] as const) {
    const server = await startServer(name)
    try {
      const idle = residentBytes(server.pid)
      await fill(server.port, Number(option("keys", "1000000")))
      const full = residentBytes(server.pid)
      console.log(row([name, `${(idle / 1e6).toFixed(1)} MB`, `${(full / 1e6).toFixed(1)} MB`]))
    } finally {
      await server.stop()
    }
  }
}

const fill = async (port: number, keys: number): Promise<void> => {
  const net = await import("node:net")
  await new Promise<void>((resolve, reject) => {
    let sent = 0
    let answered = 0
    const socket = net.connect(port, "127.0.0.1")
    const send = (): void => {
      let text = ""
      for (let i = 0; i < 1000 && sent < keys; i++, sent++) {
        text += `*3\r\n$3\r\nSET\r\n$16\r\nkey:${String(sent).padStart(12, "0")}\r\n$10\r\nxxxxxxxxxx\r\n`
      }
      socket.write(text)
    }
    socket.on("connect", send)
    socket.on("error", reject)
    socket.on("data", (data) => {
      answered += data.length / 5
      if (answered < sent) return
      if (sent < keys) send()
      else socket.end(() => resolve())
    })
  })
}

const PARTS = "throughput,scripts,memory,in-process,direct,embedded,persistence,replication,package"

const main = async (): Promise<void> => {
  console.log(
    `${os.cpus().length} cores, node ${process.version}, load ${os.loadavg()[0]?.toFixed(2) ?? "?"}\n`,
  )
  const parts = option("parts", PARTS).split(",")
  if (parts.includes("throughput")) {
    const redix = await startServer("redix")
    const redis = await startServer("redis")
    try {
      await throughput(redix, redis)
    } finally {
      await redix.stop()
      await redis.stop()
    }
  }
  if (parts.includes("scripts")) await scripting()
  if (parts.includes("suspended")) await suspension()
  if (parts.includes("memory")) await memory()
  if (parts.includes("in-process")) await embedded()
  if (parts.includes("direct")) await withoutSocket()
  if (parts.includes("persistence"))
    await persistence(Number(option("keys", "1000000")), Number(option("rounds", "3")))
  if (parts.includes("replication")) {
    const requests = Math.round(1_000_000 * Number(option("requests", "1")))
    await replication(Number(option("keys", "1000000")), Number(option("rounds", "3")), requests)
  }
  if (parts.includes("aof"))
    await appendOnly(
      Number(option("keys", "1000000")),
      Number(option("rounds", "3")),
      Number(option("requests", "1")),
      option("only", "")
        .split(",")
        .filter((what) => what !== ""),
    )
  if (parts.includes("eviction")) await eviction()
  if (parts.includes("embedded"))
    printFigures("a server in a process", await embeddedFigures(Number(option("rounds", "3"))))
  if (parts.includes("slices")) await waits()
  if (parts.includes("package")) printFigures("package", packageFigures())
}

await main()
