/** BullMQ's queues, workers, flows and schedulers, on Redix and on redis-server. */
import { FlowProducer, type Job, Queue, QueueEvents, Worker } from "bullmq"
import { afterEach, expect, it } from "vitest"
import { onEachServer } from "./EachServer.js"

/** Resolves when a worker has emitted an event so many times. */
const times = (source: Worker, event: "completed" | "failed", count: number): Promise<Array<Job>> =>
  new Promise((resolve) => {
    const jobs: Array<Job> = []
    const take = (job: Job | undefined): void => {
      if (job !== undefined) jobs.push(job)
      if (jobs.length === count) resolve(jobs)
    }
    if (event === "completed") source.on("completed", take)
    else source.on("failed", take)
  })

onEachServer((port) => {
  let names = 0
  const opened: Array<{ close: () => Promise<unknown> }> = []

  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close()
  })

  const connection = () => ({ host: "127.0.0.1", port: port() })

  const keep = <A extends { close: () => Promise<unknown> }>(one: A): A => {
    opened.push(one)
    return one
  }

  const newName = (): string => `queue${++names}`
  const queue = (name: string): Queue => keep(new Queue(name, { connection: connection() }))
  const worker = (name: string, run: (job: Job) => Promise<unknown>, options = {}): Worker =>
    keep(new Worker(name, run, { connection: connection(), ...options }))

  it("adds jobs, works them off, and keeps their results", async () => {
    const name = newName()
    const jobs = queue(name)
    const w = worker(name, (job) => Promise.resolve(job.data.n * 2), { concurrency: 5 })
    const done = times(w, "completed", 50)
    await jobs.addBulk(Array.from({ length: 50 }, (_, n) => ({ name: "double", data: { n: n + 1 } })))
    const finished = await done
    expect(finished.map((job) => job.returnvalue).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, n) => n * 2 + 2),
    )
    expect(await jobs.getJobCounts("completed", "waiting", "active", "failed")).toEqual({
      completed: 50,
      waiting: 0,
      active: 0,
      failed: 0,
    })
  })

  it("delays jobs, takes the urgent first, and knows a job by its own id", async () => {
    const name = newName()
    const jobs = queue(name)
    await jobs.add("late", {}, { delay: 150 })
    await jobs.add("low", {}, { priority: 10 })
    await jobs.add("high", {}, { priority: 1 })
    await jobs.add("once", {}, { jobId: "own" })
    await jobs.add("once", {}, { jobId: "own" })
    expect(await jobs.getDelayedCount()).toBe(1)
    const order: Array<string> = []
    const w = worker(name, (job) => Promise.resolve(void order.push(job.name)))
    const done = await times(w, "completed", 4)
    expect(order.filter((one) => one !== "late")).toEqual(["once", "high", "low"])
    const late = done.find((job) => job.name === "late")
    expect((late?.processedOn ?? 0) - (late?.timestamp ?? 0)).toBeGreaterThanOrEqual(150)
  })

  it("tries again what fails, and keeps what failed for good", async () => {
    const name = newName()
    const jobs = queue(name)
    await jobs.add("flaky", {}, { attempts: 3, backoff: { type: "fixed", delay: 20 } })
    await jobs.add("hopeless", {}, { attempts: 2 })
    const w = worker(name, (job) =>
      job.name === "flaky" && job.attemptsMade === 2
        ? Promise.resolve("at last")
        : Promise.reject(new Error("no")),
    )
    const [completed] = await Promise.all([times(w, "completed", 1), times(w, "failed", 4)])
    expect(completed[0].returnvalue).toBe("at last")
    const [failed] = await jobs.getFailed()
    expect([failed.name, failed.failedReason, failed.attemptsMade]).toEqual(["hopeless", "no", 2])
    await failed.retry()
    await times(w, "failed", 1)
  })

  it("runs the children of a flow before their parent", async () => {
    const name = newName()
    const flows = keep(new FlowProducer({ connection: connection() }))
    const order: Array<string> = []
    const w = worker(name, async (job) => {
      order.push(job.name)
      return job.name === "parent" ? Object.values(await job.getChildrenValues()).sort() : job.name
    })
    const done = times(w, "completed", 3)
    await flows.add({
      name: "parent",
      queueName: name,
      children: [
        { name: "a", queueName: name },
        { name: "b", queueName: name },
      ],
    })
    const finished = await done
    expect(order[2]).toBe("parent")
    expect(finished[2].returnvalue).toEqual(["a", "b"])
  })

  it("keeps to a rate, pauses and goes on", async () => {
    const name = newName()
    const jobs = queue(name)
    await jobs.pause()
    await jobs.addBulk(Array.from({ length: 4 }, () => ({ name: "x", data: {} })))
    expect(await jobs.isPaused()).toBe(true)
    const w = worker(name, () => Promise.resolve(), { limiter: { max: 2, duration: 200 } })
    const done = times(w, "completed", 4)
    const begun = Date.now()
    await jobs.resume()
    await done
    expect(Date.now() - begun).toBeGreaterThanOrEqual(200)
    expect(await jobs.getCompletedCount()).toBe(4)
  })

  it("tells of events and progress", async () => {
    const name = newName()
    const jobs = queue(name)
    const events = keep(new QueueEvents(name, { connection: connection() }))
    await events.waitUntilReady()
    const progress: Array<unknown> = []
    events.on("progress", ({ data }) => progress.push(data))
    worker(name, async (job) => {
      await job.updateProgress(50)
      return "done"
    })
    const job = await jobs.add("x", {})
    expect(await job.waitUntilFinished(events)).toBe("done")
    expect(progress).toEqual([50])
  })

  it("schedules jobs again and again", async () => {
    const name = newName()
    const jobs = queue(name)
    const w = worker(name, (job) => Promise.resolve(job.name))
    const done = times(w, "completed", 3)
    await jobs.upsertJobScheduler("often", { every: 50 }, { name: "tick" })
    expect((await done).map((job) => job.returnvalue)).toEqual(["tick", "tick", "tick"])
    expect(await jobs.getJobSchedulersCount()).toBe(1)
    expect(await jobs.removeJobScheduler("often")).toBe(true)
  })

  it("clears what is there", async () => {
    const name = newName()
    const jobs = queue(name)
    await jobs.addBulk(Array.from({ length: 10 }, (_, n) => ({ name: "x", data: { n } })))
    const [first] = await jobs.getWaiting(0, 0)
    await first.remove()
    expect(await jobs.getWaitingCount()).toBe(9)
    await jobs.drain()
    expect(await jobs.getWaitingCount()).toBe(0)
    await jobs.obliterate()
    expect(await jobs.getJobCounts("waiting", "completed")).toEqual({ waiting: 0, completed: 0 })
  })
})
