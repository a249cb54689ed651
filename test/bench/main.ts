/**
 * npm run bench -- [--parts throughput,scripts,memory,in-process,direct,persistence,replication,aof,eviction,package] [--only SET,GET] [--pipelines 1,16,100]
 *                  [--rounds 3] [--requests 0.1] [--keys 1000000]
 *
 * Compares Redix with redis-server in one run, in turn, and prints a table of ratios. Machines are noisy: look at ratios
 * and CPU time, and run it more than once.
 */
import * as os from "node:os"
import { appendOnly } from "./AppendOnly.js"
import { direct } from "./Direct.js"
import { evictionHits, evictionResidence } from "./Eviction.js"
import { inProcess } from "./InProcess.js"
import { packageFigures } from "./Package.js"
import { persistence } from "./Persistence.js"
import { replication } from "./Replication.js"
import { scripts } from "./Scripts.js"
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

/** What the package costs an app before it does anything. */
const packaging = (): void => {
  console.log(`\n${"package".padEnd(27)}${"least".padStart(14)}${"budget".padStart(14)}`)
  for (const { name, value, most, unit } of packageFigures()) {
    const over = value > most ? "  over" : ""
    console.log(
      `${name.padEnd(27)}${`${value.toFixed(2)} ${unit}`.padStart(14)}${`${most} ${unit}`.padStart(14)}${over}`,
    )
  }
}

/** ioredis over connections in memory, and over TCP to redis-server. */
const embedded = async (): Promise<void> => {
  console.log(`\n${row(["ioredis, GET", "memory/s", "tcp/s", "ratio", "memory us", "tcp us", "cpu ratio"])}`)
  const count = Math.max(100, Math.round(50_000 * Number(option("requests", "1"))))
  const times = await inProcess(Number(option("rounds", "3")), count, ({ name, memory, other }) =>
    console.log(
      row([
        name,
        `${Math.round(memory.perSecond / 1000)}k`,
        `${Math.round(other.perSecond / 1000)}k`,
        (memory.perSecond / other.perSecond).toFixed(2),
        memory.cpuMicros.toFixed(2),
        other.cpuMicros.toFixed(2),
        (memory.cpuMicros / other.cpuMicros).toFixed(2),
      ]),
    ),
  )
  const [first = 0] = times
  const middle = times[Math.floor(times.length / 2)] ?? 0
  console.log(
    `warm start to first reply: ${first.toFixed(2)} ms at best, ${middle.toFixed(2)} ms in the middle`,
  )
}

/** The client without a socket. */
const withoutSocket = async (): Promise<void> => {
  console.log(`\n${row(["without a socket", "cpu us"])}`)
  const count = Math.round(200_000 * Number(option("requests", "1")))
  await direct(3 * Number(option("rounds", "3")), count, (name, micros) =>
    console.log(row([name, micros.toFixed(3)])),
  )
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

const PARTS = "throughput,scripts,memory,in-process,direct,persistence,replication,package"

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
    )
  if (parts.includes("eviction")) await eviction()
  if (parts.includes("package")) packaging()
}

await main()
