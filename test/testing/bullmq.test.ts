/** BullMQ on a test server: by options and by a client, and when the server was away. */
import { Queue, Worker } from "bullmq"
import { Redis } from "ioredis"
import { afterEach, expect, it } from "vitest"
import { startRedix } from "../../src/testing.js"

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
