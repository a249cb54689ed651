/**
 * Saving and loading compared: time to save and to load N mixed keys, and what 50 writing clients notice of a BGSAVE.
 *
 * Times are of the file: from BGSAVE's reply to the new file in its place, and what the servers log of their load. The
 * clients' histogram is this process's own: each request's latency, 50 connections with one request under way each.
 */
import * as fs from "node:fs"
import * as net from "node:net"
import { type BenchServer, residentBytes, startServer } from "./Servers.js"

const CLIENTS = 50

/** A connection for single questions and for bulk filling. */
class Client {
  private readonly socket: net.Socket
  private waiting: ((data: string) => void) | undefined = undefined

  constructor(port: number) {
    this.socket = net.connect(port, "127.0.0.1")
    this.socket.on("error", () => {})
    this.socket.on("data", (data) => this.waiting?.(data.toString("latin1")))
  }

  /** Sends text and resolves when `enough` says so of all that came back. */
  send(text: string, enough: (reply: string) => boolean): Promise<string> {
    return new Promise((resolve) => {
      let reply = ""
      this.waiting = (data) => {
        reply += data
        if (enough(reply)) resolve(reply)
      }
      this.socket.write(text, "latin1")
    })
  }

  ask(...words: ReadonlyArray<string>): Promise<string> {
    return this.send(request(words), (reply) => reply.endsWith("\r\n"))
  }

  close(): void {
    this.socket.destroy()
  }
}

const request = (words: ReadonlyArray<string>): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`

/** Key i of the mixed data set: 60 % strings, the rest small hashes, lists, sets and sorted sets. */
const mixedKey = (i: number): ReadonlyArray<string> => {
  const n = String(i)
  switch (i % 10) {
    case 0:
      return ["HSET", `hash:${n}`, "name", `user${n}`, "age", String(i % 100), "mail", `user${n}@example.com`]
    case 1:
      return ["RPUSH", `list:${n}`, `a${n}`, n, "c"]
    case 2:
      return i % 20 === 2 ? ["SADD", `set:${n}`, n, String(i + 1)] : ["SADD", `set:${n}`, `m${n}`, "n"]
    case 3:
      return ["ZADD", `zset:${n}`, n, `m${n}`, "7", `n${n}`]
    default:
      return ["SET", `key:${n.padStart(12, "0")}`, `xxxxxxxxxx${n}`]
  }
}

const fill = async (port: number, keys: number): Promise<void> => {
  const client = new Client(port)
  for (let i = 0; i < keys;) {
    let text = ""
    const first = i
    for (; i < keys && i < first + 5000; i++) text += request(mixedKey(i))
    let lines = 0
    let seen = 0
    await client.send(text, (reply) => {
      for (; seen < reply.length; seen++) if (reply.charCodeAt(seen) === 10) lines++
      return lines >= i - first
    })
  }
  client.close()
}

/** Sends BGSAVE and waits for the file; answers the seconds it took. */
const bgsave = async (server: BenchServer): Promise<number> => {
  const file = `${server.dir}/dump.rdb`
  fs.rmSync(file, { force: true })
  const client = new Client(server.port)
  const start = performance.now()
  const reply = await client.ask("BGSAVE")
  if (!reply.startsWith("+Background")) throw new Error(`${server.name}: BGSAVE: ${reply}`)
  while (!fs.existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 2))
  client.close()
  return (performance.now() - start) / 1000
}

interface Latencies {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  readonly histogram: ReadonlyArray<number>
}

/** Upper bounds of the histogram's columns, in milliseconds. */
const BOUNDS = [0.5, 1, 2, 4, 8, 16, 32, 64, Infinity]

const summary = (times: Float64Array, seconds: number): Latencies => {
  const sorted = times.sort()
  const at = (q: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
  const histogram = BOUNDS.map(() => 0)
  for (const time of sorted) histogram[BOUNDS.findIndex((bound) => time <= bound)]++
  return {
    perSecond: sorted.length / seconds,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    max: sorted.at(-1) ?? 0,
    histogram,
  }
}

/** 50 clients that overwrite random keys; `during` runs beside them, and only its time counts. */
const underLoad = async <A>(
  port: number,
  keys: number,
  during: () => Promise<A>,
): Promise<[result: A, latencies: Latencies]> => {
  let times = new Float64Array(1 << 20)
  let count = 0
  let recording = false
  let running = true
  let seed = 12345
  const next = (): string => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    const i = seed % keys
    return request(["SET", `key:${String(i - (i % 10) + 4 + (i % 6)).padStart(12, "0")}`, `yyyyyyyyyy${i}`])
  }
  const sockets = Array.from({ length: CLIENTS }, () => {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true })
    let sent = 0
    const send = (): void => {
      sent = performance.now()
      socket.write(next())
    }
    socket.on("error", () => {})
    socket.on("connect", send)
    socket.on("data", () => {
      if (recording) {
        if (count === times.length) {
          const grown = new Float64Array(count * 2)
          grown.set(times)
          times = grown
        }
        times[count++] = performance.now() - sent
      }
      if (running) send()
    })
    return socket
  })
  await new Promise((resolve) => setTimeout(resolve, 500))
  recording = true
  const start = performance.now()
  const result = await during()
  const seconds = (performance.now() - start) / 1000
  recording = false
  running = false
  for (const socket of sockets) socket.destroy()
  return [result, summary(times.slice(0, count), seconds)]
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Runs `body` and answers by how much the server's resident memory grew meanwhile, at most. */
const watchMemory = async (server: BenchServer, body: () => Promise<void>): Promise<number> => {
  const before = residentBytes(server.pid)
  let peak = before
  const timer = setInterval(() => (peak = Math.max(peak, residentBytes(server.pid))), 10)
  try {
    await body()
  } finally {
    clearInterval(timer)
  }
  return peak - before
}

const cowOf = async (server: BenchServer, grown: number): Promise<number> => {
  if (server.name === "redix") return grown
  const client = new Client(server.port)
  try {
    for (;;) {
      const info = await client.send(request(["INFO", "persistence"]), (reply) =>
        reply.includes("module_fork_last"),
      )
      // The file is there a little before the child has ended and its figure is known.
      if (info.includes("rdb_bgsave_in_progress:0"))
        return Number(/rdb_last_cow_size:(\d+)/.exec(info)?.[1] ?? "0")
      await pause(10)
    }
  } finally {
    client.close()
  }
}

/** Seconds of the load, from the server's log. */
const loadSeconds = async (name: BenchServer["name"], dir: string): Promise<number> => {
  const log = `${dir}/load.log`
  fs.rmSync(log, { force: true })
  const server = await startServer(name, ["--logfile", log], dir)
  try {
    for (;;) {
      const m = /DB loaded from disk: ([\d.]+) seconds/.exec(fs.readFileSync(log, "utf8"))
      if (m !== null) return Number(m[1])
      await pause(10)
    }
  } finally {
    await server.stop()
  }
}

const best = (times: ReadonlyArray<number>): number => Math.min(...times)
const ms = (x: number): string => x.toFixed(2)

interface Measured {
  readonly save: number
  readonly load: number
  readonly quiet: Latencies
  readonly busy: Latencies
  readonly busySave: number
  readonly extra: number
}

const measure = async (name: BenchServer["name"], keys: number, rounds: number): Promise<Measured> => {
  const dir = fs.mkdtempSync(`/tmp/bench-${name}-rdb-`)
  const server = await startServer(name, [], dir)
  try {
    await fill(server.port, keys)
    const saves: Array<number> = []
    for (let i = 0; i < rounds; i++) {
      saves.push(await bgsave(server))
      await pause(300)
    }
    const [, quiet] = await underLoad(server.port, keys, () => pause(2500))
    await pause(300)
    let extra = 0
    let busySave = 0
    const [, busy] = await underLoad(server.port, keys, async () => {
      extra = await watchMemory(server, async () => {
        busySave = await bgsave(server)
      })
    })
    extra = await cowOf(server, extra)
    await server.stop()
    const loads: Array<number> = []
    for (let i = 0; i < rounds; i++) loads.push(await loadSeconds(name, dir))
    return { save: best(saves), load: best(loads), quiet, busy, busySave, extra }
  } finally {
    await server.stop()
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

const latencyLine = (label: string, x: Latencies): string =>
  `  ${label.padEnd(14)}${String(Math.round(x.perSecond / 100) / 10).padStart(8)}k/s  p50 ${ms(x.p50)}  p99 ${ms(x.p99)}  p99.9 ${ms(x.p999)}  max ${ms(x.max)} ms`

/** The part of the benchmark on persistence: prints both servers' figures and their ratios. */
export const persistence = async (keys: number, rounds: number): Promise<void> => {
  console.log(`\npersistence, ${keys} mixed keys (60 % strings, 40 % small collections)`)
  const redix = await measure("redix", keys, rounds)
  const redis = await measure("redis", keys, rounds)
  const ratio = (a: number, b: number): string => (a / b).toFixed(2)
  console.log(
    `  save ${redix.save.toFixed(2)} s, redis ${redis.save.toFixed(2)} s: ${ratio(redix.save, redis.save)}`,
  )
  console.log(
    `  load ${redix.load.toFixed(2)} s, redis ${redis.load.toFixed(2)} s: ${ratio(redix.load, redis.load)}`,
  )
  for (const [name, m] of [
    ["redix", redix],
    ["redis", redis],
  ] as const) {
    console.log(
      `${name}: 50 writing clients; BGSAVE under them ${m.busySave.toFixed(2)} s, extra memory ${(m.extra / 1e6).toFixed(1)} MB, throughput ${ratio(m.busy.perSecond, m.quiet.perSecond)} of idle`,
    )
    console.log(latencyLine("idle", m.quiet))
    console.log(latencyLine("during BGSAVE", m.busy))
    const columns = BOUNDS.map((bound, i) => `<=${bound} ms: ${m.busy.histogram[i] ?? 0}`)
    console.log(`  ${columns.filter((_, i) => (m.busy.histogram[i] ?? 0) > 0).join("  ")}`)
  }
}
