/**
 * Connections that fill servers and load them, and what they measure: each request's latency, 50 connections with one
 * request under way each.
 */
import * as fs from "node:fs"
import * as net from "node:net"
import { Worker } from "node:worker_threads"
import type { Probing } from "./Prober.js"
import { type BenchServer, residentBytes, startServer } from "./Servers.js"

const CLIENTS = 50

/** A connection for single questions and for bulk filling. */
export class Client {
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

export const request = (words: ReadonlyArray<string>): string =>
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

export const fill = async (port: number, keys: number): Promise<void> => {
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

export interface Latencies {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
  readonly histogram: ReadonlyArray<number>
}

/** Upper bounds of the histogram's columns, in milliseconds. */
export const BOUNDS = [0.5, 1, 2, 4, 8, 16, 32, 64, Infinity]

export const summary = (times: Float64Array, seconds: number): Latencies => {
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

/** The words of request n. */
type Load = (n: number) => ReadonlyArray<string>

/** Overwrites string keys of the mixed data set. */
export const overwriting =
  (keys: number): Load =>
  (n) => {
    const i = n % keys
    return ["SET", `key:${String(i - (i % 10) + 4 + (i % 6)).padStart(12, "0")}`, `yyyyyyyyyy${i}`]
  }

/** 50 clients that send what `load` says of random numbers; `during` runs beside them, and only its time counts. */
export const underLoad = async <A>(
  port: number,
  load: Load,
  during: () => Promise<A>,
): Promise<[result: A, latencies: Latencies]> => {
  let times = new Float64Array(1 << 20)
  let count = 0
  let recording = false
  let running = true
  let seed = 12345
  const next = (): string => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
    return request(load(seed))
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

/** Runs `during` beside clients that ask at a steady rate; answers with what they waited, in milliseconds. */
export const probed = async <A>(
  probing: Probing,
  during: () => Promise<A>,
): Promise<[result: A, times: ReadonlyArray<number>]> => {
  const worker = new Worker(new URL("./Prober.js", import.meta.url), { workerData: probing })
  await new Promise((resolve) => worker.once("message", resolve))
  const result = await during()
  const times = await new Promise<ReadonlyArray<number>>((resolve) => {
    worker.once("message", resolve)
    worker.postMessage("end")
  })
  await worker.terminate()
  return [result, times]
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Runs `body` and answers by how much the server's resident memory grew meanwhile, at most. */
export const watchMemory = async (server: BenchServer, body: () => Promise<void>): Promise<number> => {
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

/** Seconds of the load, from the server's log. */
export const loadSeconds = async (
  name: BenchServer["name"],
  dir: string,
  from = "disk",
  args: ReadonlyArray<string> = [],
): Promise<number> => {
  const log = `${dir}/load.log`
  fs.rmSync(log, { force: true })
  const server = await startServer(name, ["--logfile", log, ...args], dir)
  try {
    for (;;) {
      const m = new RegExp(`DB loaded from ${from}: ([\\d.]+) seconds`).exec(fs.readFileSync(log, "utf8"))
      if (m !== null) return Number(m[1])
      await pause(10)
    }
  } finally {
    await server.stop()
  }
}

const ms = (x: number): string => x.toFixed(2)
export const latencyLine = (label: string, x: Latencies): string =>
  `  ${label.padEnd(14)}${String(Math.round(x.perSecond / 100) / 10).padStart(8)}k/s  p50 ${ms(x.p50)}  p99 ${ms(x.p99)}  p99.9 ${ms(x.p999)}  max ${ms(x.max)} ms`
