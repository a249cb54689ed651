/**
 * Eviction compared: hit rates of a cache of the same memory and policy on both servers, what eviction costs, and what the
 * process takes of the machine when sizes change.
 *
 * A cache's client asks for a key, and stores it where it was not there. Keys are drawn from the same streams for both
 * servers: by Zipf's law with three exponents; one of them with scans of keys that never come again; one whose popular keys
 * change. "as many keys" gives Redix so little memory that it holds no more keys than redis-server.
 */
import * as net from "node:net"
import { Random } from "../support/Random.js"
import { type BenchServer, cpuMicros, residentBytes, startServer } from "./Servers.js"

const VALUE = "v".repeat(100)
const PIPELINE = 50
/** Where only memory matters. */
const PIPELINE_OF_WRITES = 200
const VALUES = "v".repeat(40_000)

class Client {
  private readonly socket: net.Socket
  private waiting: ((data: string) => void) | undefined = undefined

  constructor(port: number) {
    this.socket = net.connect(port, "127.0.0.1")
    this.socket.on("error", () => {})
    this.socket.on("data", (data) => this.waiting?.(data.toString("latin1")))
  }

  /** Sends requests and resolves with their replies, strings or null, errors as they are. */
  send(requests: ReadonlyArray<string>): Promise<ReadonlyArray<string | null>> {
    return new Promise((resolve) => {
      let text = ""
      let at = 0
      const replies: Array<string | null> = []
      this.waiting = (data) => {
        text += data
        while (replies.length < requests.length) {
          const end = text.indexOf("\r\n", at)
          if (end < 0) break
          const line = text.slice(at, end)
          if (!line.startsWith("$") || line === "$-1") {
            replies.push(line === "$-1" ? null : line)
            at = end + 2
            continue
          }
          const next = end + 2 + Number(line.slice(1)) + 2
          if (text.length < next) break
          replies.push(text.slice(end + 2, next - 2))
          at = next
        }
        if (replies.length === requests.length) resolve(replies)
      }
      this.socket.write(requests.join(""), "latin1")
    })
  }

  async ask(...words: ReadonlyArray<string>): Promise<string> {
    return (await this.send([request(words)]))[0] ?? ""
  }

  async field(section: string, name: string): Promise<number> {
    return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(await this.ask("INFO", section))?.[1] ?? "0")
  }

  close(): void {
    this.socket.destroy()
  }
}

const request = (words: ReadonlyArray<string>): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`

type Draw = () => number

/** Ranks 0 to n - 1 by Zipf's law. */
const zipf = (random: Random, exponent: number, n: number): Draw => {
  const sums = new Float64Array(n)
  let sum = 0
  for (let i = 0; i < n; i++) sums[i] = sum += 1 / (i + 1) ** exponent
  return () => {
    const sought = random.float() * sum
    let low = 0
    for (let high = n - 1; low < high;) {
      const middle = (low + high) >>> 1
      if ((sums[middle] ?? 0) < sought) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** The streams of keys by name, over `keys` keys and of `requests` requests. */
const loads = (keys: number, requests: number): ReadonlyArray<readonly [name: string, make: () => Draw]> => {
  const random = (): Random => new Random(20_261_128)
  return [
    ...[0.7, 0.99, 1.2].map(
      (exponent) => [`zipf ${exponent}`, () => zipf(random(), exponent, keys)] as const,
    ),
    [
      "with scans",
      () => {
        const source = random()
        const popular = zipf(source, 0.99, keys)
        let fresh = keys
        return () => (source.chance(0.3) ? fresh++ : popular())
      },
    ],
    [
      "shifting",
      () => {
        const popular = zipf(random(), 0.99, keys)
        let n = 0
        return () => (popular() + Math.floor((n++ * 8) / requests) * 104_729) % keys
      },
    ],
  ]
}

export interface HitRates {
  readonly policy: string
  readonly load: string
  readonly redix: number
  /** Holding as many keys as redis-server. */
  readonly redixSameKeys: number
  readonly redis: number
  /** CPU of the server a request. */
  readonly redixMicros: number
  readonly redisMicros: number
}

/** Part of the second half of the requests that were hits, the CPU of each request, and the keys held at the end. */
const play = async (
  server: BenchServer,
  policy: string,
  bytes: number,
  draw: Draw,
  requests: number,
): Promise<{ readonly hits: number; readonly micros: number; readonly keys: number }> => {
  const client = new Client(server.port)
  await client.ask("CONFIG", "SET", "maxmemory", "0")
  await client.ask("FLUSHALL")
  await client.ask("CONFIG", "SET", "maxmemory-policy", policy)
  await client.ask("CONFIG", "SET", "maxmemory", String(bytes))
  const expiry = policy.startsWith("volatile") ? ["EX", "100000"] : []
  let hits = 0
  let counted = 0
  const before = cpuMicros(server.pid)
  for (let n = 0; n < requests; n += PIPELINE) {
    const keys = Array.from({ length: PIPELINE }, () => `key:${draw()}`)
    const replies = await client.send(keys.map((key) => request(["GET", key])))
    const missed = keys.filter((_, i) => replies[i] === null)
    if (missed.length > 0)
      await client.send([...new Set(missed)].map((key) => request(["SET", key, VALUE, ...expiry])))
    if (n < requests / 2) continue
    hits += PIPELINE - missed.length
    counted += PIPELINE
  }
  const micros = (cpuMicros(server.pid) - before) / requests
  const keys = Number((await client.ask("DBSIZE")).slice(1))
  client.close()
  return { hits: hits / counted, micros, keys }
}

/** What counts against maxmemory. */
const usedBytes = async (server: BenchServer): Promise<number> => {
  const client = new Client(server.port)
  const used = await client.field("memory", "used_memory")
  const uncounted = await client.field("memory", "mem_not_counted_for_evict")
  client.close()
  return used - uncounted
}

/** Hit rates of both servers, policy by policy. */
export const evictionHits = async (
  policies: ReadonlyArray<string>,
  keys: number,
  requests: number,
  print: (rates: HitRates) => void,
): Promise<void> => {
  const redix = await startServer("redix")
  const redis = await startServer("redis")
  try {
    // What an empty server uses comes on top.
    const ours = await usedBytes(redix)
    const theirs = await usedBytes(redis)
    const bytes = keys * 20
    for (const policy of policies) {
      for (const [load, make] of loads(keys, requests)) {
        const other = await play(redis, policy, theirs + bytes, make(), requests)
        const own = await play(redix, policy, ours + bytes, make(), requests)
        const part = other.keys / own.keys
        const fewer = await play(redix, policy, ours + Math.floor(bytes * part), make(), requests)
        print({
          policy,
          load,
          redix: own.hits,
          redixSameKeys: fewer.hits,
          redis: other.hits,
          redixMicros: own.micros,
          redisMicros: other.micros,
        })
      }
    }
  } finally {
    await redix.stop()
    await redis.stop()
  }
}

/** What a server took of the machine beyond what it took when it was empty, over maxmemory. */
export interface Residence {
  readonly phase: string
  readonly redix: Taken
  readonly redis: Taken
}

interface Taken {
  readonly most: number
  /** A while after the last write. */
  readonly settled: number
}

/** Sizes of the values in each phase; each phase evicts what the one before has left, but for some. */
const PHASES: ReadonlyArray<readonly [name: string, least: number, most: number]> = [
  ["10 to 60 bytes", 10, 60],
  ["100 to 400 bytes", 100, 400],
  ["1 to 3 KB", 1000, 3000],
  ["10 to 60 bytes again", 10, 60],
  ["5 to 40 KB", 5000, 40_000],
  ["any of them", 10, 40_000],
]

/** Under noeviction a client makes room: it deletes three in four of the keys it knows. */
const thinOut = async (
  client: Client,
  keys: ReadonlyArray<string>,
  random: Random,
): Promise<Array<string>> => {
  const kept: Array<string> = []
  const gone: Array<string> = []
  for (const key of keys) (random.chance(0.25) ? kept : gone).push(key)
  for (let n = 0; n < gone.length; n += PIPELINE) await client.ask("DEL", ...gone.slice(n, n + PIPELINE))
  return kept
}

/** One server's residence, phase by phase, of the same writes. */
async function* residence(
  name: "redix" | "redis",
  policy: string,
  bytes: number,
): AsyncGenerator<Taken, void, undefined> {
  const server = await startServer(name)
  const client = new Client(server.port)
  let keys: Array<string> = []
  try {
    const empty = residentBytes(server.pid)
    const over = (): number => (residentBytes(server.pid) - empty) / bytes
    await client.ask("CONFIG", "SET", "maxmemory", String(bytes), "maxmemory-policy", policy)
    for (const [phase, least, size] of PHASES) {
      const random = Random.forTest(phase, 1)
      let most = 0
      let turns = 0
      for (let sent = 0; sent < bytes * 2;) {
        const requests: Array<string> = []
        for (let n = 0; n < PIPELINE_OF_WRITES; n++) {
          const value = VALUES.slice(0, random.between(least, size))
          sent += value.length + 60
          const key = `${phase}:${random.below(1e9)}`
          requests.push(request(["SET", key, value]))
          if (policy === "noeviction") keys.push(key)
        }
        const replies = await client.send(requests)
        if (replies.some((reply) => reply?.startsWith("-OOM"))) keys = await thinOut(client, keys, random)
        if (++turns % 10 === 0) most = Math.max(most, over())
      }
      // Both give memory back in quiet times.
      await new Promise((resolve) => setTimeout(resolve, 3000))
      yield { most, settled: over() }
    }
  } finally {
    client.close()
    await server.stop()
  }
}

/**
 * How much more of the machine's memory a server takes than when it was empty, over maxmemory, phase by phase; each phase
 * is told of when both have ended it.
 */
export const evictionResidence = async (
  policy: string,
  bytes: number,
  print: (row: Residence) => void,
): Promise<void> => {
  const redix = residence("redix", policy, bytes)
  const redis = residence("redis", policy, bytes)
  try {
    for (const [phase] of PHASES) {
      const ours = await redix.next()
      const theirs = await redis.next()
      if (ours.done !== true && theirs.done !== true) print({ phase, redix: ours.value, redis: theirs.value })
    }
  } finally {
    await redix.return()
    await redis.return()
  }
}
