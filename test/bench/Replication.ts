/** Replication: full sync, throughput of a master with replicas and how far they lag, WAIT; each pair of its own kind. */
import { spawn } from "node:child_process"
import { plain } from "../support/Nodes.js"
import { RawClient } from "../support/RawClient.js"
import { type BenchServer, cpuMicros, startServer } from "./Servers.js"
import { supervised } from "../support/children/Supervised.js"

type Kind = BenchServer["name"]

const kinds: ReadonlyArray<Kind> = ["redix", "redis"]
const flags = ["--repl-diskless-sync-delay", "0", "--repl-backlog-size", "64mb"]

const ask = async (server: BenchServer, ...words: ReadonlyArray<string | number>): Promise<string> => {
  const client = await RawClient.connect({ port: server.port }, { timeoutMs: 60_000 })
  try {
    return plain(await client.command(...words))
  } finally {
    client.close()
  }
}

const untilUp = async (server: BenchServer): Promise<void> => {
  const client = await RawClient.connect({ port: server.port }, { timeoutMs: 60_000 })
  try {
    for (;;) {
      if (plain(await client.command("INFO", "replication")).includes("master_link_status:up")) return
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  } finally {
    client.close()
  }
}

const withPair = async <A>(
  kind: Kind,
  replicas: number,
  use: (master: BenchServer, replicas: ReadonlyArray<BenchServer>) => Promise<A>,
): Promise<A> => {
  const servers: Array<BenchServer> = []
  try {
    for (let i = 0; i <= replicas; i++) servers.push(await startServer(kind, flags))
    const [master, ...rest] = servers
    if (master === undefined) throw new Error("no server")
    return await use(master, rest)
  } finally {
    for (const server of servers) await server.stop()
  }
}

const median = (numbers: ReadonlyArray<number>): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

const fullSync = (kind: Kind, keys: number): Promise<number> =>
  withPair(kind, 1, async (master, [replica]) => {
    if (replica === undefined) throw new Error("no replica")
    await ask(master, "DEBUG", "POPULATE", keys, "key", 10)
    const start = performance.now()
    await ask(replica, "REPLICAOF", "127.0.0.1", master.port)
    await untilUp(replica)
    const ms = performance.now() - start
    if (Number(await ask(replica, "DBSIZE")) !== keys) throw new Error("the copy is not whole")
    return ms
  })

interface Steady {
  readonly perSecond: number
  readonly cpuMicros: number
  readonly replicaMicros: number
  /** Median while the load ran, and at its end: milliseconds from the master's word of its offset to the last replica's. */
  readonly lagMs: number
  readonly endLagMs: number
}

const setAtP16 = (server: BenchServer, requests: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const shape = ["-t", "set", "-r", "100000", "-d", "10", "-P", "16", "-c", "50", "-q", "--csv"]
    const args = ["-p", String(server.port), "-n", String(requests), ...shape]
    const child = supervised(spawn("redis-benchmark", args, { stdio: ["ignore", "pipe", "ignore"] }))
    let text = ""
    child.stdout.on("data", (data) => (text += String(data)))
    child.on("error", reject)
    child.on("close", () => resolve(Number(/"SET","([\d.]+)"/.exec(text)?.[1] ?? 0)))
  })

const offsetSeen = async (client: RawClient): Promise<number> =>
  Number(/master_repl_offset:(\d+)/.exec(plain(await client.command("INFO", "replication")))?.[1])

/** Until every replica has what the master has now; the time it takes to ask is in it. */
const lag = async (master: RawClient, replicas: ReadonlyArray<RawClient>): Promise<number> => {
  const offset = await offsetSeen(master)
  const start = performance.now()
  await Promise.all(
    replicas.map(async (replica) => {
      while ((await offsetSeen(replica)) < offset);
    }),
  )
  return performance.now() - start
}

const steady = (kind: Kind, replicas: number, requests: number): Promise<Steady> =>
  withPair(kind, replicas, async (master, rest) => {
    for (const replica of rest) {
      await ask(replica, "REPLICAOF", "127.0.0.1", master.port)
      await untilUp(replica)
    }
    const clients: Array<RawClient> = []
    for (const { port } of [master, ...rest])
      clients.push(await RawClient.connect({ port }, { timeoutMs: 60_000 }))
    const [first, ...others] = clients
    if (first === undefined) throw new Error("no server")
    await setAtP16(master, Math.ceil(requests / 10))
    // The first INFO of a program just started takes milliseconds, which would count as lag.
    for (const client of clients) for (let i = 0; i < 50; i++) await offsetSeen(client)
    const cpu = cpuMicros(master.pid)
    const cpus = rest.map((replica) => cpuMicros(replica.pid))
    let running = true
    const load = setAtP16(master, requests).finally(() => (running = false))
    const lags: Array<number> = []
    while (running && others.length > 0) {
      lags.push(await lag(first, others))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const perSecond = await load
    const endLagMs = await lag(first, others)
    const used = cpuMicros(master.pid) - cpu
    const replicaCpu = rest.map((replica, i) => cpuMicros(replica.pid) - (cpus[i] ?? 0))
    const replicaMicros = replicaCpu.reduce((a, b) => a + b, 0) / Math.max(1, rest.length) / requests
    for (const client of clients) client.close()
    return { perSecond, cpuMicros: used / requests, replicaMicros, lagMs: median(lags), endLagMs }
  })

const waiting = (kind: Kind, rounds: number): Promise<number> =>
  withPair(kind, 1, async (master, [replica]) => {
    if (replica === undefined) throw new Error("no replica")
    await ask(replica, "REPLICAOF", "127.0.0.1", master.port)
    await untilUp(replica)
    const client = await RawClient.connect({ port: master.port })
    const once = async (): Promise<void> => {
      await client.command("SET", "k", "v")
      if (plain(await client.command("WAIT", 1, 1000)) !== "1") throw new Error("WAIT was in vain")
    }
    for (let i = 0; i < rounds / 4; i++) await once()
    const start = performance.now()
    for (let i = 0; i < rounds; i++) await once()
    const micros = ((performance.now() - start) * 1000) / rounds
    client.close()
    return micros
  })

export const replication = async (keys: number, rounds: number, requests: number): Promise<void> => {
  const row = (cells: ReadonlyArray<string>): void => {
    const [first = "", ...rest] = cells
    console.log(first.padEnd(44) + rest.map((cell) => cell.padStart(12)).join(""))
  }
  console.log("\nreplication, a pair of Redix against a pair of redis-server")
  row(["", "redix", "redis", "ratio"])
  const compare = async (
    name: string,
    measure: (kind: Kind) => Promise<number>,
    digits = 0,
  ): Promise<void> => {
    const seen: Record<Kind, Array<number>> = { redix: [], redis: [] }
    for (let i = 0; i < rounds; i++) for (const kind of kinds) seen[kind].push(await measure(kind))
    const [redix, redis] = [median(seen.redix), median(seen.redis)]
    row([name, redix.toFixed(digits), redis.toFixed(digits), (redix / redis).toFixed(2)])
  }
  await compare(`full sync of ${keys} keys, ms`, (kind) => fullSync(kind, keys))
  for (const replicas of [0, 1, 2]) {
    const seen: Record<Kind, Array<Steady>> = { redix: [], redis: [] }
    for (let i = 0; i < rounds; i++) {
      for (const kind of kinds) seen[kind].push(await steady(kind, replicas, requests))
    }
    const line = (name: string, digits: number, of: (s: Steady) => number): void => {
      const [redix, redis] = [median(seen.redix.map(of)), median(seen.redis.map(of))]
      row([name, redix.toFixed(digits), redis.toFixed(digits), (redix / redis).toFixed(2)])
    }
    line(`SET at P16, ${replicas} replicas, requests/s`, 0, (s) => s.perSecond)
    line("  CPU of the master, us a request", 2, (s) => s.cpuMicros)
    if (replicas === 0) continue
    line("  CPU of a replica, us a request", 2, (s) => s.replicaMicros)
    line("  lag under that load, ms", 2, (s) => s.lagMs)
    line("  lag at its end, ms", 2, (s) => s.endLagMs)
  }
  await compare("SET and WAIT 1 at P1, us a round", (kind) => waiting(kind, 10_000), 1)
}
