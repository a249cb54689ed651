/** The change stream: commands with offsets, from this server or from its master, resumed and with backpressure. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { type Change, ChangesLostError, Redix, TcpServer } from "../../src/index.js"
import type { Master } from "../../src/replication/master/ReplicationMaster.js"
import { theReplication } from "../../src/server/replication/ReplicationService.js"
import { Node, until } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { RawClient } from "../support/RawClient.js"

const words = (change: Change): string =>
  `${change.database}: ${change.arguments.map((arg) => Buffer.from(arg).toString("latin1")).join(" ")}`

const withServer = (
  use: (tools: { readonly master: Master; readonly client: RawClient }) => Promise<void>,
): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { master } = yield* theReplication
      const { ports } = yield* TcpServer
      const client = yield* Effect.promise(() => RawClient.connect({ port: ports[0] ?? 0 }))
      yield* Effect.promise(() => use({ master, client }))
      client.close()
    }).pipe(Effect.provide(Redix.layerServerWith({ "repl-backlog-size": 16384 }))),
  )

const take = (master: Master, n: number, from?: Change["position"]) =>
  Effect.runFork(Stream.runCollect(Stream.take(master.changes(from), n)))

describe("changes", () => {
  it("come in order, rewritten as for replicas, with their database, and can be resumed", async () => {
    await withServer(async ({ master, client }) => {
      const first = take(master, 4)
      await until(
        () => master.log.backlog !== undefined,
        () => "somebody reads",
      )
      await client.pipeline([
        ["SET", "a", "1"],
        ["SELECT", 3],
        ["GETSET", "b", "2"],
        ["MULTI"],
        ["INCR", "n"],
        ["INCRBYFLOAT", "n", "0.5"],
        ["EXEC"],
        ["GET", "a"],
      ])
      const seen = await Effect.runPromise(Fiber.join(first))
      expect(seen.map(words)).toEqual(["0: SET a 1", "3: SET b 2", "3: MULTI", "3: INCR n"])
      const rest = await Effect.runPromise(Fiber.join(take(master, 2, seen.at(-1)?.position)))
      expect(rest.map(words)).toEqual(["3: SET n 1.5 KEEPTTL", "3: EXEC"])
      expect(rest.at(-1)?.position.offset).toBe(master.log.offset)
    })
  })

  it("are the reader's own: kept, they keep nothing else", async () => {
    await withServer(async ({ master, client }) => {
      const first = take(master, 2)
      await until(
        () => master.log.backlog !== undefined,
        () => "somebody reads",
      )
      await client.command("SET", "first", "1")
      await client.command("SET", "second", "x".repeat(100))
      const kept = (await Effect.runPromise(Fiber.join(first))).flatMap((change) => change.arguments)
      expect(kept.map(({ length, buffer }) => [length, buffer.byteLength])).toEqual(
        kept.map(({ length }) => [length, length]),
      )
    })
  })

  it("are what the declarations call writes: not what keeps a link alive, but what nobody here knows", async () => {
    await withServer(async ({ master, client }) => {
      const seen = take(master, 3)
      await until(
        () => master.log.backlog !== undefined,
        () => "somebody reads",
      )
      for (const args of [["PING"], ["replconf", "GETACK", "*"], ["PUBLISH", "c", "m"], ["NEWER.WRITE", "k"]])
        master.log.append(-1, args)
      await client.command("SET", "a", "1")
      const changes = await Effect.runPromise(Fiber.join(seen))
      expect(changes.map(words)).toEqual(["0: PUBLISH c m", "0: NEWER.WRITE k", "0: SET a 1"])
    })
  })

  it("that the backlog does not hold any more are lost, and said to be", async () => {
    await withServer(async ({ master, client }) => {
      const first = take(master, 1)
      await until(
        () => master.log.backlog !== undefined,
        () => "somebody reads",
      )
      await client.command("SET", "a", "1")
      const [change] = await Effect.runPromise(Fiber.join(first))
      for (let i = 0; i < 50; i++) await client.command("SET", "a", "x".repeat(1000))
      const error = await Effect.runPromise(Effect.flip(Fiber.join(take(master, 1, change?.position))))
      expect(error).toBeInstanceOf(ChangesLostError)
      expect(error.reason).toBe("not in the backlog")
    })
  })

  it("wait for whoever takes them: nothing is read ahead of a slow reader", async () => {
    await withServer(async ({ master, client }) => {
      const seen: string[] = []
      let release = (): void => undefined
      const gate = new Promise<void>((resolve) => (release = resolve))
      const slow = Effect.runFork(
        Stream.runForEach(Stream.take(master.changes(), 200), (change) =>
          Effect.promise(async () => {
            seen.push(words(change))
            await gate
          }),
        ),
      )
      await until(
        () => master.log.backlog !== undefined,
        () => "somebody reads",
      )
      for (let i = 0; i < 200; i++) await client.command("SET", `k${i}`, "x".repeat(1000))
      expect(seen.length).toBe(1)
      // The backlog is larger than its size: the reader stands in it.
      expect(master.log.backlog?.length).toBeGreaterThan(200_000)
      release()
      await Effect.runPromise(Fiber.join(slow))
      expect(seen.length).toBe(200)
      await client.command("SET", "more", "1")
      expect(master.log.backlog?.length).toBeLessThan(100_000)
    })
  })
})

describeOracle("changes of a real Redis", () => {
  it("come through a Redix that follows it", async () => {
    const redis = await Node.start("redis")
    try {
      await withServer(async ({ master, client }) => {
        await redis.ask("SELECT", 2)
        await redis.ask("SET", "before", 1)
        await client.command("REPLICAOF", "127.0.0.1", redis.port)
        await until(
          async () => String(await client.command("INFO", "replication")).includes("master_link_status:up"),
          () => "the link is up",
        )
        const changes = take(master, 2)
        await until(
          () => master.log.readers.size === 1,
          () => "somebody reads",
        )
        await redis.ask("SET", "k", "v", "EX", 100)
        await redis.ask("SPOP", "nothing")
        await redis.ask("INCR", "n")
        const seen = await Effect.runPromise(Fiber.join(changes))
        expect(seen.map(words)).toEqual([expect.stringMatching(/^2: SET k v PXAT \d+$/), "2: INCR n"])
      })
    } finally {
      await redis.remove()
    }
  })
})
