/** Libraries that live on scripts: redlock, rate-limiter-flexible, Bull, bee-queue; and scripts of the clients themselves. */
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import BeeQueue from "bee-queue"
import Bull from "bull"
import { Redis } from "ioredis"
import {
  BurstyRateLimiter,
  RateLimiterQueue,
  RateLimiterRedis,
  RateLimiterRedisNonAtomic,
  RateLimiterRes,
  RateLimiterUnion,
  RateLimiterValkey,
  RLWrapperBlackAndWhite,
  RLWrapperTimeouts,
} from "rate-limiter-flexible"
import { createClient, defineScript } from "redis"
import Redlock from "redlock"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeOracle } from "../support/Oracle.js"
import { onEachServer } from "./EachServer.js"

type Answered = (error: Error | null, reply: unknown) => void

const rejection = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  )

onEachServer((port) => {
  let client: Redis
  beforeAll(() => void (client = new Redis({ host: "127.0.0.1", port: port() })))
  afterAll(() => client.disconnect())

  describe("redlock", () => {
    it("locks, extends and unlocks; who comes second waits in vain", async () => {
      // redlock hands over lists, as the redis package of its time took them.
      const ask = (
        command: string,
        words: ReadonlyArray<Redlock.EvalArg>,
        callback?: Answered,
      ): Promise<void> =>
        client.call(command, words.map(String)).then(
          (reply) => void callback?.(null, reply),
          (error: Error) => void callback?.(error, null),
        )
      const evaluating = {
        eval: (words: ReadonlyArray<Redlock.EvalArg>, callback?: Answered) => ask("EVAL", words, callback),
        evalsha: (sha: string, words: ReadonlyArray<Redlock.EvalArg>, callback?: Answered) =>
          ask("EVALSHA", [sha, ...words], callback),
      }
      const locks = new Redlock([evaluating], { retryCount: 0 })
      const lock = await locks.lock("resource", 5000)
      await expect(locks.lock("resource", 5000)).rejects.toThrow(/Exceeded/)
      const longer = await lock.extend(9000)
      expect(await client.pttl("resource")).toBeGreaterThan(5000)
      await longer.unlock()
      await (await locks.lock("resource", 5000)).unlock()
      const several = await locks.lock(["a", "b"], 5000)
      expect(await client.exists("a", "b")).toBe(2)
      await several.unlock()
      expect(await client.exists("a", "b")).toBe(0)
    })
  })

  describe("rate-limiter-flexible", () => {
    it("counts, refuses, blocks, rewards and forgets", async () => {
      const limiter = new RateLimiterRedis({
        storeClient: client,
        keyPrefix: "r",
        points: 2,
        duration: 5,
        blockDuration: 7,
      })
      expect((await limiter.consume("k")).remainingPoints).toBe(1)
      expect((await limiter.consume("k")).remainingPoints).toBe(0)
      const refused = await rejection(limiter.consume("k"))
      expect(refused).toBeInstanceOf(RateLimiterRes)
      if (refused instanceof RateLimiterRes) expect(refused.msBeforeNext).toBeGreaterThan(5000)
      await limiter.reward("k", 3)
      await limiter.penalty("k", 1)
      expect((await limiter.get("k"))?.consumedPoints).toBe(1)
      expect(await limiter.delete("k")).toBe(true)
      expect(await limiter.get("k")).toBeNull()
    })

    it("spreads evenly, blocks, counts by a script of one's own, and falls back", async () => {
      const common = { storeClient: client, duration: 100 }
      const even = new RateLimiterRedis({
        ...common,
        keyPrefix: "even",
        points: 100,
        duration: 1,
        execEvenly: true,
      })
      expect((await even.consume("k")).remainingPoints).toBe(99)
      const blocking = new RateLimiterRedis({ ...common, keyPrefix: "block", points: 5 })
      await blocking.block("k", 60)
      const blocked = await rejection(blocking.consume("k"))
      expect(blocked).toBeInstanceOf(RateLimiterRes)
      await blocking.set("other", 4, 60)
      expect((await blocking.consume("other")).remainingPoints).toBe(0)
      const sliding = new RateLimiterRedis({
        ...common,
        keyPrefix: "own",
        points: 9,
        customIncrTtlLuaScript: `local n = redis.call('incrby', KEYS[1], ARGV[1])
        redis.call('expire', KEYS[1], ARGV[2])
        return {n, redis.call('pttl', KEYS[1])}`,
      })
      expect((await sliding.consume("k", 4)).consumedPoints).toBe(4)
      expect(await client.ttl("own:k")).toBeGreaterThan(90)
      const inMemory = new RateLimiterRedis({
        ...common,
        keyPrefix: "memory",
        points: 1,
        inMemoryBlockOnConsumed: 1,
        inMemoryBlockDuration: 100,
      })
      await inMemory.consume("k")
      await rejection(inMemory.consume("k"))
      await client.del("memory:k")
      expect(await rejection(inMemory.consume("k"))).toBeInstanceOf(RateLimiterRes)
      const closed = new Redis({
        host: "127.0.0.1",
        port: port(),
        lazyConnect: true,
        enableOfflineQueue: false,
      })
      const insured = new RateLimiterRedis({
        ...common,
        storeClient: closed,
        keyPrefix: "insured",
        points: 2,
        insuranceLimiter: new RateLimiterRedis({ ...common, keyPrefix: "insurance", points: 2 }),
      })
      expect((await insured.consume("k")).remainingPoints).toBe(1)
      expect(await client.keys("insur*")).toEqual(["insurance:k"])
      closed.disconnect()
    })

    it("wrapped: lists of keys, and timeouts", async () => {
      const limiter = new RateLimiterRedis({ storeClient: client, keyPrefix: "w", points: 1, duration: 100 })
      const lists = new RLWrapperBlackAndWhite({ limiter, whiteList: ["friend"], blackList: ["foe"] })
      for (let i = 0; i < 3; i++) await lists.consume("friend")
      expect(await rejection(lists.consume("foe"))).toBeDefined()
      await lists.consume("k")
      expect(await rejection(lists.consume("k"))).toBeInstanceOf(RateLimiterRes)
      const patient = new RLWrapperTimeouts({ limiter, timeoutMs: 60_000 })
      expect((await patient.get("k"))?.consumedPoints).toBe(2)
    })

    it("over the redis package, and by transactions in place of scripts", async () => {
      const redis = createClient({ socket: { host: "127.0.0.1", port: port() } })
      await redis.connect()
      const common = { points: 2, duration: 100 }
      const limiters = [
        new RateLimiterRedis({ ...common, storeClient: redis, keyPrefix: "package", useRedisPackage: true }),
        new RateLimiterRedisNonAtomic({ ...common, storeClient: client, keyPrefix: "multi" }),
      ]
      for (const limiter of limiters) {
        expect((await limiter.consume("k")).remainingPoints).toBe(1)
        expect(await limiter.consume("k")).toMatchObject({ consumedPoints: 2, isFirstInDuration: false })
        const refused = await rejection(limiter.consume("k"))
        expect(refused).toBeInstanceOf(RateLimiterRes)
        if (refused instanceof RateLimiterRes) expect(refused.msBeforeNext).toBeGreaterThan(90_000)
        expect((await limiter.get("k"))?.consumedPoints).toBe(3)
        expect(await limiter.delete("k")).toBe(true)
      }
      redis.destroy()
    })

    it("Valkey's: its own script is refused, since there is no `server`; another one counts", async () => {
      const common = { storeClient: client, points: 2, duration: 100 }
      const refused = await rejection(new RateLimiterValkey({ ...common, keyPrefix: "v" }).consume("k"))
      expect(String(refused)).toContain("Script attempted to access nonexistent global variable 'server'")
      const limiter = new RateLimiterValkey({
        ...common,
        keyPrefix: "v",
        customIncrTtlLuaScript: `redis.call('set', KEYS[1], 0, 'EX', ARGV[2], 'NX')
        return {redis.call('incrby', KEYS[1], ARGV[1]), redis.call('pttl', KEYS[1])}`,
      })
      expect((await limiter.consume("k")).remainingPoints).toBe(1)
      expect((await limiter.get("k"))?.consumedPoints).toBe(1)
    })

    it("bursts, unions and queues", async () => {
      const slow = new RateLimiterRedis({ storeClient: client, keyPrefix: "s", points: 1, duration: 1 })
      const burst = new RateLimiterRedis({ storeClient: client, keyPrefix: "b", points: 2, duration: 5 })
      const bursty = new BurstyRateLimiter(slow, burst)
      for (let i = 0; i < 3; i++) await bursty.consume("k")
      expect(await rejection(bursty.consume("k"))).toBeDefined()
      const union = new RateLimiterUnion(
        new RateLimiterRedis({ storeClient: client, keyPrefix: "u1", points: 1, duration: 5 }),
        new RateLimiterRedis({ storeClient: client, keyPrefix: "u2", points: 5, duration: 5 }),
      )
      await union.consume("k")
      expect(Object.keys((await rejection(union.consume("k"))) ?? {})).toEqual(["u1"])
      const queue = new RateLimiterQueue(
        new RateLimiterRedis({ storeClient: client, keyPrefix: "q", points: 1, duration: 1 }),
      )
      expect(await queue.removeTokens(1)).toBe(0)
      expect(await queue.removeTokens(1)).toBe(0)
    })
  })

  describe("Bull", () => {
    it("works jobs off, tries again, delays", async () => {
      const queue = new Bull("bull", { redis: { host: "127.0.0.1", port: port() } })
      const results: Array<unknown> = []
      const done = new Promise<void>((resolve) => {
        queue.on("completed", (_, result) => {
          results.push(result)
          if (results.length === 3) resolve()
        })
      })
      void queue.process((job) =>
        job.data.fails === true && job.attemptsMade === 0
          ? Promise.reject(new Error("no"))
          : Promise.resolve(job.data.n),
      )
      await queue.add({ n: 1 })
      await queue.add({ n: 2, fails: true }, { attempts: 2 })
      await queue.add({ n: 3 }, { delay: 50 })
      await done
      expect(results.sort()).toEqual([1, 2, 3])
      expect(await queue.getJobCounts()).toMatchObject({ completed: 3, waiting: 0, delayed: 0, failed: 0 })
      await queue.close()
    })
  })

  describe("bee-queue", () => {
    it("works jobs off, and fails those that fail", async () => {
      const queue = new BeeQueue("bee", {
        redis: { host: "127.0.0.1", port: port() },
        activateDelayedJobs: true,
      })
      const ended = new Promise<Array<string>>((resolve) => {
        const outcomes: Array<string> = []
        const take = (outcome: string): void => {
          outcomes.push(outcome)
          if (outcomes.length === 3) resolve(outcomes)
        }
        queue.on("succeeded", (_, result) => take(`succeeded ${result}`))
        queue.on("failed", (_, error) => take(`failed ${error.message}`))
      })
      queue.process((job: BeeQueue.Job<{ n: number }>) =>
        job.data.n < 0 ? Promise.reject(new Error("negative")) : Promise.resolve(job.data.n * 2),
      )
      await queue.createJob({ n: 1 }).save()
      await queue.createJob({ n: -1 }).save()
      await queue
        .createJob({ n: 2 })
        .delayUntil(new Date(Date.now() + 50))
        .save()
      expect((await ended).sort()).toEqual(["failed negative", "succeeded 2", "succeeded 4"])
      await queue.close()
    })
  })

  describe("scripts of clients", () => {
    it("ioredis: defineCommand, by digest and in pipelines", async () => {
      const redis = new Redis({
        host: "127.0.0.1",
        port: port(),
        scripts: { both: { numberOfKeys: 1, lua: "return {KEYS[1], ARGV[1], redis.call('PING')}" } },
      })
      const run: unknown = await redis
        .pipeline([
          ["both", "k", "v"],
          ["both", "k", "w"],
        ])
        .exec()
      expect(run).toEqual([
        [null, ["k", "v", "PONG"]],
        [null, ["k", "w", "PONG"]],
      ])
      redis.disconnect()
    })

    it("node-redis: defineScript, and functions", async () => {
      const redis = createClient({
        socket: { host: "127.0.0.1", port: port() },
        scripts: {
          add: defineScript({
            SCRIPT: "return redis.call('INCRBY', KEYS[1], ARGV[1])",
            NUMBER_OF_KEYS: 1,
            parseCommand: (parser, key: string, n: number) => {
              parser.pushKey(key)
              parser.push(String(n))
            },
            transformReply: (reply: number) => reply,
          }),
        },
      })
      await redis.connect()
      expect(await redis.add("sum", 4)).toBe(4)
      expect(await redis.add("sum", 5)).toBe(9)
      await redis.functionLoad(
        "#!lua name=mine\nredis.register_function('twice', function(_, args) return args[1] * 2 end)",
      )
      expect(await redis.fCall("twice", { keys: [], arguments: ["21"] })).toBe(42)
      expect((await redis.functionList()).map((one) => one.library_name)).toEqual(["mine"])
      redis.destroy()
    })
  })

  describeOracle("redis-cli", () => {
    it("runs a file with --eval", async () => {
      const dir = await mkdtemp(join(tmpdir(), "redix-eval-"))
      try {
        const file = join(dir, "script.lua")
        await writeFile(file, "return {KEYS[1], ARGV[1], #KEYS, #ARGV}\n")
        const { stdout } = await promisify(execFile)("redis-cli", [
          "-p",
          String(port()),
          "--eval",
          file,
          "a",
          "b",
          ",",
          "x",
        ])
        expect(stdout).toBe("a\nx\n2\n1\n")
      } finally {
        await rm(dir, { recursive: true })
      }
    })
  })
})
