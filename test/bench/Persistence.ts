/**
 * Saving and loading compared: time to save and to load N mixed keys, and what 50 writing clients notice of a BGSAVE.
 *
 * Times are of the file: from BGSAVE's reply to the new file in its place, and what the servers log of their load. The
 * clients' histogram is this process's own: each request's latency, 50 connections with one request under way each.
 */
import * as fs from "node:fs"
import {
  BOUNDS,
  Client,
  fill,
  type Latencies,
  latencyLine,
  loadSeconds,
  overwriting,
  pause,
  request,
  underLoad,
  watchMemory,
} from "./Clients.js"
import { type BenchServer, startServer } from "./Servers.js"

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

const best = (times: ReadonlyArray<number>): number => Math.min(...times)

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
    const [, quiet] = await underLoad(server.port, overwriting(keys), () => pause(2500))
    await pause(300)
    let extra = 0
    let busySave = 0
    const [, busy] = await underLoad(server.port, overwriting(keys), async () => {
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
