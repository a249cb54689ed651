/**
 * What others wait while much goes at once: a client PINGs each millisecond while another flushes, frees, evicts, or many
 * keys expire. Both servers by turns; medians of the rounds. Redix's code is compiled while it runs: of a server that has
 * just started a few replies wait for that, whatever it does, so both are busy for a while first, and play each scene once
 * before it counts.
 */
import { Client, overwriting, pause, probed, request, underLoad } from "./Clients.js"
import { type BenchServer, startServer } from "./Servers.js"

/** Probing goes on for so long after the start of what is measured, at least. */
const WINDOW_MS = 1500
const LEAD_MS = 200
const WARM_MS = 10_000
const WARM_KEYS = 10_000
const MEMBERS_AT_ONCE = 5000
const WRITES_AT_ONCE = 10

interface Waits {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly worst: number
  /** What the measured command itself took; of many the 99.9th of a hundred. */
  readonly own: number
}

export interface SlicesRow {
  readonly name: string
  readonly redix: Waits
  readonly redis: Waits
}

interface Scene {
  readonly name: string
  readonly prepare: (client: Client, n: number) => Promise<void>
  /** Answers its own latency. */
  readonly act: (client: Client, n: number) => Promise<number>
}

const populate = async (client: Client, n: number): Promise<void> => {
  await client.ask("DEBUG", "POPULATE", String(n), "key", "40")
}

const makeSet = async (client: Client, n: number): Promise<void> => {
  for (let i = 0; i < n; i += MEMBERS_AT_ONCE) {
    const members = Array.from({ length: Math.min(MEMBERS_AT_ONCE, n - i) }, (_, j) => `member:${i + j}`)
    await client.ask("SADD", "set", ...members)
  }
}

const timed =
  (...words: ReadonlyArray<string>) =>
  async (client: Client): Promise<number> => {
    const start = performance.now()
    await client.ask(...words)
    return performance.now() - start
  }

const quantile = (times: ReadonlyArray<number>, q: number): number => {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
}

/**
 * SETs of new keys, some about each millisecond. One after another without a break they keep a core busy with sending
 * them, and on two cores the probe waits for that: with it 4.5 ms at p99.9, but 3.4 with the server on a core of its own.
 */
const writes = async (client: Client): Promise<number> => {
  const times: Array<number> = []
  const value = "v".repeat(40)
  for (const end = performance.now() + WINDOW_MS; performance.now() < end; await pause(1)) {
    const sets = Array.from({ length: WRITES_AT_ONCE }, (_, n) => ["SET", `new:${times.length}:${n}`, value])
    const start = performance.now()
    await client.send(sets.map(request).join(""), (reply) => reply.length >= sets.length * "+OK\r\n".length)
    times.push(performance.now() - start)
  }
  return quantile(times, 0.999)
}

const limit = async (client: Client, policy: string, part: number): Promise<void> => {
  const info = await client.send(request(["INFO", "memory"]), (reply) => reply.includes("lazyfreed_objects"))
  const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1])
  const used = field("used_memory") - field("mem_not_counted_for_evict")
  await client.ask("CONFIG", "SET", "maxmemory-policy", policy, "maxmemory", String(Math.floor(used * part)))
}

const EXPIRE_ALL = `for i = 0, ARGV[1] - 1 do redis.call("pexpireat", "key:" .. i, ARGV[2]) end`

let expiresAt = 0

const SCENES: ReadonlyArray<Scene> = [
  { name: "nothing", prepare: populate, act: timed("PING") },
  { name: "FLUSHALL ASYNC", prepare: populate, act: timed("FLUSHALL", "ASYNC") },
  { name: "FLUSHALL SYNC", prepare: populate, act: timed("FLUSHALL", "SYNC") },
  { name: "UNLINK of a set", prepare: makeSet, act: timed("UNLINK", "set") },
  { name: "DEL of a set", prepare: makeSet, act: timed("DEL", "set") },
  {
    name: "expiry at once",
    prepare: async (client, n) => {
      await populate(client, n)
      expiresAt = Date.now() + 2000 + n / 100
      await client.ask("EVAL", EXPIRE_ALL, "0", String(n), String(expiresAt))
      await pause(Math.max(0, expiresAt - Date.now() - LEAD_MS))
    },
    act: async () => {
      await pause(Math.max(0, expiresAt - Date.now()))
      return 0
    },
  },
  {
    name: "writes that evict",
    prepare: async (client, n) => {
      await populate(client, n)
      await limit(client, "allkeys-lru", 1)
    },
    act: writes,
  },
  {
    name: "a set is evicted",
    prepare: async (client, n) => {
      await makeSet(client, n)
      await client.ask("EXPIRE", "set", "1000")
      await limit(client, "volatile-lru", 1)
    },
    act: writes,
  },
  {
    name: "maxmemory halved",
    prepare: populate,
    act: async (client) => {
      const start = performance.now()
      await limit(client, "allkeys-lru", 0.5)
      return performance.now() - start
    },
  },
]

const probe = async (port: number, during: () => Promise<number>): Promise<Waits> => {
  const ping = { port, connections: 1, askers: 1, request: request(["PING"]), replyBytes: "+PONG\r\n".length }
  const [own, times] = await probed(ping, async () => {
    await pause(LEAD_MS)
    return (await Promise.all([during(), pause(WINDOW_MS)]))[0]
  })
  return {
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    p999: quantile(times, 0.999),
    worst: Math.max(...times),
    own,
  }
}

const play = async (server: BenchServer, scene: Scene, n: number): Promise<Waits> => {
  const client = new Client(server.port)
  try {
    await client.ask("CONFIG", "SET", "maxmemory", "0")
    await client.ask("FLUSHALL")
    await scene.prepare(client, n)
    return await probe(server.port, () => scene.act(client, n))
  } finally {
    client.close()
  }
}

/** Keeps a server busy until what it runs for every command is compiled. */
const warm = async ({ port }: BenchServer): Promise<void> => {
  await underLoad(port, overwriting(WARM_KEYS), () => pause(WARM_MS))
  await probe(port, () => pause(WARM_MS).then(() => 0))
}

const median = (rounds: ReadonlyArray<Waits>): Waits => {
  const middle = (of: (waits: Waits) => number): number => quantile(rounds.map(of), 0.5)
  return {
    p50: middle((waits) => waits.p50),
    p99: middle((waits) => waits.p99),
    p999: middle((waits) => waits.p999),
    worst: middle((waits) => waits.worst),
    own: middle((waits) => waits.own),
  }
}

/** @param n keys, or members of the set */
export const slices = async (
  n: number,
  rounds: number,
  only: ReadonlyArray<string>,
  print: (row: SlicesRow) => void,
): Promise<void> => {
  const redix = await startServer("redix")
  const redis = await startServer("redis")
  try {
    for (const server of [redix, redis]) await warm(server)
    for (const scene of SCENES) {
      if (only.length > 0 && !only.includes(scene.name)) continue
      const ours: Array<Waits> = []
      const theirs: Array<Waits> = []
      for (const server of [redix, redis]) await play(server, scene, n)
      for (let round = 0; round < rounds; round++) {
        ours.push(await play(redix, scene, n))
        theirs.push(await play(redis, scene, n))
      }
      print({ name: scene.name, redix: median(ours), redis: median(theirs) })
    }
  } finally {
    await redix.stop()
    await redis.stop()
  }
}
