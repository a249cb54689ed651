/** BullMQ on a test server: by options and by a client, and when the server was away. */
import { Queue, Worker } from "bullmq"
import { Redis } from "ioredis"
import { afterEach, expect, it, vi } from "vitest"
import { startRedix } from "../../src/testing.js"
import { PATIENCE_MS } from "../support/Patience.js"

const ended: Array<() => Promise<unknown> | void> = []
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})

it.each(["options", "a client"] as const)("works jobs off, by %s", async (by) => {
  const server = await startRedix()
  ended.push(() => server.close())
  const client = new Redis({ ...server.ioredis, maxRetriesPerRequest: null })
  ended.push(() => client.disconnect())
  const connection = by === "options" ? server.ioredis : client
  const queue = new Queue("mails", { connection })
  const worker = new Worker("mails", (job) => Promise.resolve(job.data.n * 2), { connection, concurrency: 5 })
  queue.on("error", () => {})
  worker.on("error", () => {})
  ended.push(
    () => queue.close(),
    () => worker.close(),
  )
  const results: Array<unknown> = []
  const all = new Promise<void>((resolve) => {
    worker.on("completed", (_job, result) => {
      if (results.push(result) === 20) resolve()
    })
  })
  await queue.addBulk(Array.from({ length: 20 }, (_, n) => ({ name: "double", data: { n } })))
  await all
  expect(results.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n * 2))
  // The worker waits; the server goes and comes back with its data, and the worker with it.
  await server.until({ blocked: 1 })
  await server.restart({ keep: true })
  const done = new Promise<unknown>((resolve) => worker.on("completed", (_job, result) => resolve(result)))
  await queue.add("double", { n: 21 })
  expect(await done).toBe(42)
})

it("delayed jobs come when the server's time and BullMQ's, which is Date, have moved so far", async () => {
  vi.useFakeTimers({ toFake: ["Date"] })
  ended.push(() => void vi.useRealTimers())
  const server = await startRedix()
  ended.push(() => server.close())
  const connection = server.ioredis
  const queue = new Queue("mails", { connection })
  const worker = new Worker("mails", ({ name }) => Promise.resolve(name), { connection })
  queue.on("error", () => {})
  worker.on("error", () => {})
  ended.push(
    () => queue.close(),
    () => worker.close(),
  )
  const done: Array<string> = []
  const times: Array<number> = []
  const all = new Promise<void>((resolve) => {
    worker.on("completed", ({ name, processedOn = 0, timestamp }) => {
      times.push(processedOn - timestamp)
      if (done.push(name) === 2) resolve()
    })
  })
  const pass = async (ms: number): Promise<void> => {
    vi.setSystemTime(Date.now() + ms)
    await server.advance(ms)
  }
  await queue.add("in a second", {}, { delay: 1000 })
  await queue.add("in an hour", {}, { delay: 3_600_000 })
  await server.until({ blocked: 1 })
  await pass(900)
  expect([done, await queue.getDelayedCount()]).toEqual([[], 2])
  await pass(1000)
  await expect.poll(() => done, { timeout: PATIENCE_MS }).toEqual(["in a second"])
  await server.until({ blocked: 1 })
  await pass(3_600_000)
  await all
  expect(done).toEqual(["in a second", "in an hour"])
  expect(times[0]).toBeGreaterThanOrEqual(1000)
  expect(times[1]).toBeGreaterThanOrEqual(3_600_000)
})
