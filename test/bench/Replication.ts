/** Replication: full sync, throughput of a master with replicas and how far they lag, WAIT; each pair of its own kind. */
import { spawnSync } from "node:child_process"
import { plain } from "../support/Nodes.js"
import { RawClient } from "../support/RawClient.js"
import { type BenchServer, cpuMicros, startServer } from "./Servers.js"

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

const offsetOf = async (server: BenchServer): Promise<number> =>
  Number(/master_repl_offset:(\d+)/.exec(await ask(server, "INFO", "replication"))?.[1])

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
  /** Milliseconds after the last reply until every replica had everything. */
  readonly lagMs: number
}

const steady = (kind: Kind, replicas: number, requests: number): Promise<Steady> =>
  withPair(kind, replicas, async (master, rest) => {
    for (const replica of rest) {
      await ask(replica, "REPLICAOF", "127.0.0.1", master.port)
      await untilUp(replica)
    }
    const load = (n: number): number => {
      const args = [
        "-p",
        master.port,
        "-t",
        "set",
        "-n",
        n,
        "-r",
        100_000,
        "-d",
        10,
        "-P",
        16,
        "-c",
        50,
        "-q",
        "--csv",
      ]
      const run = spawnSync("redis-benchmark", args.map(String), { encoding: "utf8" })
      return Number(/"SET","([\d.]+)"/.exec(run.stdout)?.[1] ?? 0)
    }
    load(Math.ceil(requests / 10))
    // The first INFO of a program just started takes milliseconds, which would count as lag.
    for (const server of [master, ...rest]) for (let i = 0; i < 50; i++) await offsetOf(server)
    const cpu = cpuMicros(master.pid)
    const cpus = rest.map((replica) => cpuMicros(replica.pid))
    const perSecond = load(requests)
    const end = performance.now()
    const used = cpuMicros(master.pid) - cpu
    if (rest.length > 0) {
      const offset = await offsetOf(master)
      for (const replica of rest) while ((await offsetOf(replica)) < offset);
    }
    const lagMs = performance.now() - end
    const replicaCpu = rest.map((replica, i) => cpuMicros(replica.pid) - (cpus[i] ?? 0))
    const replicaMicros = replicaCpu.reduce((a, b) => a + b, 0) / Math.max(1, rest.length) / requests
    return { perSecond, cpuMicros: used / requests, replicaMicros, lagMs }
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
    line("  lag at the end, ms", 1, (s) => s.lagMs)
  }
  await compare("SET and WAIT 1 at P1, us a round", (kind) => waiting(kind, 10_000), 1)
}
