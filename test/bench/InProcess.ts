/** A server in the process of its clients: ioredis in memory and over TCP to redis-server in turn, and faults' cost. */
import { Redis } from "ioredis"
import { type Server, startRedix } from "../../src/testing.js"
import { startServer } from "./Servers.js"

export interface InProcessRow {
  readonly name: string
  /** Thousands of commands a second, the best of all rounds, and microseconds of this process's CPU a command, the least. */
  readonly memory: Figures
  readonly other: Figures
}

interface Figures {
  perSecond: number
  cpuMicros: number
}

type Work = (redis: Redis, count: number) => Promise<unknown>

const AT_ONCE = 100

const works: ReadonlyArray<readonly [name: string, work: Work]> = [
  [
    "one by one",
    async (redis, count) => {
      for (let i = 0; i < count; i++) await redis.get("k")
    },
  ],
  [
    "100 at once",
    async (redis, count) => {
      for (let i = 0; i < count; i += AT_ONCE)
        await Promise.all(Array.from({ length: AT_ONCE }, () => redis.get("k")))
    },
  ],
  [
    "pipelines of 100",
    async (redis, count) => {
      for (let i = 0; i < count; i += AT_ONCE) {
        const pipeline = redis.pipeline()
        for (let j = 0; j < AT_ONCE; j++) pipeline.get("k")
        await pipeline.exec()
      }
    },
  ],
]

const measure = async (figures: Figures, redis: Redis, work: Work, count: number): Promise<void> => {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work(redis, count)
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  figures.perSecond = Math.max(figures.perSecond, (count / ms) * 1000)
  figures.cpuMicros = Math.min(figures.cpuMicros, (user + system) / count)
}

const compared = async (
  name: string,
  rounds: number,
  count: number,
  one: (figures: Figures) => Promise<void>,
  two: (figures: Figures) => Promise<void>,
): Promise<InProcessRow> => {
  if (count <= 0) throw new Error("nothing to do")
  const memory = { perSecond: 0, cpuMicros: Infinity }
  const other = { perSecond: 0, cpuMicros: Infinity }
  for (let round = 0; round < rounds; round++) {
    await one(memory)
    await two(other)
  }
  return { name, memory, other }
}

/** A rule that means no command of these stands before every one of them. */
const withRule = async (
  server: Server,
  redis: Redis,
  rounds: number,
  count: number,
): Promise<InProcessRow> => {
  const [, work] = works[1] ?? ["", () => Promise.resolve()]
  return await compared(
    "no rule : a rule",
    rounds,
    count,
    (figures) => measure(figures, redis, work, count),
    async (figures) => {
      using _ = server.faults.hang({ command: /^nosuch$/ })
      await measure(figures, redis, work, count)
    },
  )
}

export const inProcess = async (
  rounds: number,
  count: number,
  print: (row: InProcessRow) => void,
): Promise<void> => {
  const server = await startRedix()
  const other = await startServer("redis")
  const [memory, tcp] = [new Redis(server.ioredis), new Redis(other.port)]
  try {
    for (const redis of [memory, tcp]) await redis.set("k", "v".repeat(32))
    for (const [name, work] of works)
      print(
        await compared(
          name,
          rounds,
          count,
          (figures) => measure(figures, memory, work, count),
          (figures) => measure(figures, tcp, work, count),
        ),
      )
    print(await withRule(server, memory, rounds, count))
  } finally {
    memory.disconnect()
    tcp.disconnect()
    await server.close()
    await other.stop()
  }
}
