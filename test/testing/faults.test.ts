/** Faults: each of them, through each client, in each way of sending commands; and what is left of the data. */
import { Redis } from "ioredis"
import { createClient } from "redis"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type Fault, type Match, type Server, startRedix } from "../../src/testing.js"

let server: Server
beforeAll(async () => void (server = await startRedix({ listen: true })))
afterAll(() => server.close())

const opened: Array<() => void> = []
afterEach(async () => {
  for (const close of opened.splice(0)) close()
  await server.reset({ clients: "drop" })
  await server.until({ blocked: 0 })
})

type Words = ReadonlyArray<string>

/** How a client sends a command, and commands as a transaction. One that was lost it does not send again. */
interface Client {
  readonly send: (words: Words) => Promise<unknown>
  readonly transaction: (commands: ReadonlyArray<Words>) => Promise<unknown>
}

const ioredisClient = async (
  where: Server["ioredis"] | { readonly host: string; readonly port: number },
): Promise<Client> => {
  const redis = new Redis({ ...where, retryStrategy: () => 1, maxRetriesPerRequest: 0 })
  redis.on("error", () => {})
  opened.push(() => redis.disconnect())
  await redis.ping()
  return {
    send: ([name = "", ...words]) => redis.call(name, ...words),
    transaction: (commands) => {
      const multi = redis.multi()
      for (const [name = "", ...words] of commands) multi.call(name, ...words)
      return multi.exec()
    },
  }
}

const nodeRedisClient = async (url: string): Promise<Client> => {
  const redis = createClient({ url, RESP: 3 })
  redis.on("error", () => {})
  opened.push(() => void (redis.isOpen && redis.destroy()))
  await redis.connect()
  return {
    send: (words) => redis.sendCommand([...words]),
    transaction: (commands) => {
      const multi = redis.multi()
      for (const words of commands) multi.addCommand([...words])
      return multi.exec()
    },
  }
}

/** The test's own commands go one by one. */
const directClient = (): Promise<Client> => {
  const send = ([name = "", ...words]: Words): Promise<unknown> => server.call(name, ...words)
  return Promise.resolve({
    send,
    transaction: async (commands) => {
      await send(["MULTI"])
      const queued = await Promise.allSettled(commands.map(send))
      const results = await send(["EXEC"])
      return queued.length > 0 ? results : undefined
    },
  })
}

/** What the data says, past every fault. */
const read = async (key: string): Promise<unknown> => {
  server.faults.clear()
  return await server.call("GET", key)
}

const settled = async (promise: Promise<unknown>): Promise<string> =>
  await promise.then(
    (value) => `answered ${String(value)}`,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )

const lost = /close|max retries/i

/** A place that no client finds but by `intercept`. */
const NOWHERE = "localhost:1"

describe.each([
  ["ioredis in memory", () => ioredisClient(server.ioredis)],
  ["ioredis by port", () => ioredisClient({ host: server.host, port: server.port })],
  [
    "redis in memory",
    () => {
      const taking = server.intercept(NOWHERE)
      opened.push(() => taking[Symbol.dispose]())
      return nodeRedisClient(`redis://${NOWHERE}`)
    },
  ],
  ["redis by port", () => nodeRedisClient(server.url)],
  ["call", directClient],
] as const)("through %s", (_, makeClient) => {
  let client: Client
  beforeEach(async () => void (client = await makeClient()))

  describe("a command", () => {
    it("is answered an error in its place", async () => {
      const fault = server.faults.error(
        { command: "incr", times: 1 },
        "LOADING Redis is loading the dataset in memory",
      )
      expect(await settled(client.send(["INCR", "n"]))).toBe("LOADING Redis is loading the dataset in memory")
      expect(await client.send(["INCR", "n"])).toBe(1)
      expect(fault.hits).toBe(1)
    })

    it("is answered another reply", async () => {
      server.faults.reply({ command: "get", key: /^user:/ }, ({ args }) => `fake ${args.join()}`)
      expect(await client.send(["GET", "user:1"])).toBe("fake user:1")
      expect(await client.send(["GET", "other"])).toBeNull()
    })

    it.each([
      ["before", null],
      ["after", "1"],
      [{ bytes: 1 }, "1"],
      [{ bytes: 0 }, "1"],
    ] as const)("is lost with its connection: %j", async (when, left) => {
      const fault = server.faults.drop({ command: "incr" }, when)
      expect(await settled(client.send(["INCR", "n"]))).toMatch(lost)
      expect(fault.hits).toBe(1)
      expect(await read("n")).toBe(left)
      expect(await settled(client.send(["PING"]))).toBe("answered PONG")
    })

    it("is never answered", async () => {
      const fault = server.faults.hang({ command: "incr" })
      const answer = settled(client.send(["INCR", "n"]))
      expect(await fault.met()).toMatchObject({ command: "incr", args: ["n"] })
      server.faults.clear()
      await server.advance(1e9)
      await server.reset({ clients: "drop" })
      // The test's own connection is none of the clients'.
      if (makeClient === directClient) await server.restart()
      expect(await answer).toMatch(lost)
      expect(await read("n")).toBeNull()
    })

    it("runs later, and in order with those behind it", async () => {
      const fault = server.faults.delay({ command: "incr", times: 1 }, 60_000, "server")
      const answers: Array<unknown> = []
      const all = Promise.all(
        [
          ["INCR", "n"],
          ["APPEND", "n", "0"],
          ["GET", "n"],
        ].map((words) => client.send(words).then((value) => answers.push(value))),
      )
      await fault.met()
      await server.advance(59_000)
      expect(answers).toEqual([])
      await server.advance(1001)
      await all
      expect(answers).toEqual([1, 2, "10"])
      expect(fault.hits).toBe(1)
    })

    it("runs later by the system's time", async () => {
      server.faults.delay({ command: "get" }, 5)
      expect(await client.send(["GET", "n"])).toBeNull()
    })

    it("is answered in trickles", async () => {
      const value = "v".repeat(3000)
      await client.send(["SET", "k", value])
      const fault = server.faults.slow({ command: "get" }, 200_000)
      expect(await Promise.all([client.send(["GET", "k"]), client.send(["GET", "k"])])).toEqual([
        value,
        value,
      ])
      expect(fault.hits).toBe(2)
    })
  })

  describe("a transaction", () => {
    const increments = [
      ["INCR", "n"],
      ["INCR", "n"],
    ]

    it("is given up for an error in it", async () => {
      server.faults.error(
        { command: "incr", after: 1 },
        "OOM command not allowed when used memory > 'maxmemory'.",
      )
      expect(await settled(client.transaction(increments))).toMatch(/EXECABORT|OOM|commands failed/)
      expect(await read("n")).toBeNull()
    })

    it.each([
      ["before", null],
      ["after", "2"],
      [{ bytes: 3 }, "2"],
    ] as const)("is lost at its EXEC: %j", async (when, left) => {
      server.faults.drop({ command: "exec" }, when)
      expect(await settled(client.transaction(increments))).toMatch(lost)
      expect(await read("n")).toBe(left)
    })

    it("runs later as a whole", async () => {
      const fault = server.faults.delay({ command: "exec" }, 1000, "server")
      const answer = client.transaction([
        ["INCR", "n"],
        ["GET", "n"],
      ])
      await fault.met()
      await server.advance(1001)
      expect(JSON.stringify(await answer)).toMatch(/1.*"1"/)
    })

    it("a reply in the place of a queued command does not break it", async () => {
      server.faults.reply({ command: "incr" }, "never")
      expect(JSON.stringify(await client.transaction(increments))).toMatch(/1.*2/)
    })
  })

  it("commands at once: one fails, those around it do not", async () => {
    server.faults.error({ command: "incr", after: 1, times: 1 }, "ERR just this one")
    const all = [1, 2, 3].map(() => settled(client.send(["INCR", "n"])))
    expect(await Promise.all(all)).toEqual(["answered 1", "ERR just this one", "answered 2"])
  })

  it("commands at once: those behind a lost one have not run", async () => {
    server.faults.drop({ command: "incr", after: 1, times: 1 }, "before")
    const all = [1, 2, 3].map(() => settled(client.send(["INCR", "n"])))
    const [first, second, third] = await Promise.all(all)
    expect([second, third]).toEqual([expect.stringMatching(lost), expect.stringMatching(lost)])
    // What was answered in the turn of the end may be lost with it.
    expect(first).toMatch(/answered 1|closed|max retries/i)
    expect(await read("n")).toBe("1")
  })

  describe("a command that waits", () => {
    it("is answered an error, and waits no more", async () => {
      server.faults.error({ command: "blpop" }, "UNBLOCKED the instance state changed")
      expect(await settled(client.send(["BLPOP", "l", "0"]))).toContain("UNBLOCKED")
      await server.until({ blocked: 0 })
    })

    it("takes an element with it when its reply is lost", async () => {
      server.faults.drop({ command: "blpop" }, "after")
      const answer = settled(client.send(["BLPOP", "l", "0"]))
      await server.until({ blocked: 1 })
      await server.call("RPUSH", "l", "gone")
      expect(await answer).toMatch(lost)
      expect(await server.call("LLEN", "l")).toBe(0)
    })

    it("is answered in part", async () => {
      server.faults.drop({ command: "blpop" }, { bytes: 5 })
      const answer = settled(client.send(["BLPOP", "l", "0"]))
      await server.until({ blocked: 1 })
      await server.call("RPUSH", "l", "gone")
      expect(await answer).toMatch(lost)
    })
  })

  it("PUBLISH: the message is out though its reply is lost", async () => {
    const heard = new Promise<string>((resolve) => {
      const subscriber = new Redis(server.ioredis)
      opened.push(() => subscriber.disconnect())
      subscriber.on("message", (_channel, message: string) => resolve(message))
      void subscriber.subscribe("c")
    })
    await server.until({ subscribed: "c" })
    server.faults.drop({ command: "publish" }, "after")
    expect(await settled(client.send(["PUBLISH", "c", "news"]))).toMatch(lost)
    expect(await heard).toBe("news")
  })
})

describe("which commands are meant", () => {
  const met = async (match: Match, ...commands: ReadonlyArray<Words>): Promise<number> => {
    using fault: Fault = server.faults.reply(match, "met")
    for (const [name = "", ...words] of commands) await server.call(name, ...words).catch(() => {})
    return fault.hits
  }

  it("by name, in any case; by list; by pattern; a container's by both words", async () => {
    expect(await met({ command: "GET" }, ["get", "k"], ["GETEX", "k"], ["set", "k", "1"])).toBe(1)
    expect(await met({ command: ["get", "set"] }, ["GET", "k"], ["SET", "k", "1"], ["DEL", "k"])).toBe(2)
    expect(await met({ command: /^get/g }, ["GET", "k"], ["GETEX", "k"], ["GETDEL", "k"])).toBe(3)
    expect(await met({ command: "config get" }, ["CONFIG", "GET", "port"], ["CONFIG", "RESETSTAT"])).toBe(1)
    expect(await met({ command: "config" }, ["CONFIG", "GET", "port"], ["CONFIG", "RESETSTAT"])).toBe(2)
    expect(await met({ command: /^json\.get$/ }, ["JSON.GET", "k"], ["PING"])).toBe(1)
    expect(await met({}, ["PING"], ["GET", "k"])).toBe(2)
  })

  it("what could never be met is refused, and leaves no rule", async () => {
    const refused: ReadonlyArray<readonly [match: object, why: RegExp]> = [
      [{ command: "GTE" }, /no command 'GTE'/],
      [{ command: ["get", "st"] }, /no command 'st'/],
      [{ command: "config gte" }, /no command 'config gte'/],
      [{ command: "get k" }, /no command 'get k'/],
      [{ comand: "get" }, /'comand' is no condition/],
      [{ command: "get", times: Number.NaN }, /'times' cannot be NaN/],
      [{ command: "get", after: -1 }, /'after' cannot be -1/],
      [{ command: "get", probability: 50 }, /'probability' cannot be 50/],
    ]
    for (const [match, why] of refused) {
      const { faults } = server
      const makers: ReadonlyArray<() => unknown> = [
        () => faults.error(match, "ERR never"),
        () => faults.delay(match, 1),
        () => faults.hang(match),
        () => faults.drop(match, "after"),
        () => faults.reply(match, "never"),
        () => faults.slow(match, 1),
        () => server.record(match),
      ]
      for (const make of makers) expect(make).toThrow(why)
    }
    expect(() => server.faults.drop({ command: "get" }, JSON.parse('"afterwards"'))).toThrow(/"afterwards"/)
    await expect(server.until(JSON.parse('{ "bloked": 1 }'))).rejects.toThrow(
      "'bloked' is nothing to wait for",
    )
    expect(await server.call("GET", "k")).toBeNull()
    // Known to Redis, though not to this server.
    expect(await met({ command: ["cluster slots", "config set"] }, ["PING"])).toBe(0)
  })

  it("by key, wherever it stands", async () => {
    expect(await met({ key: "b" }, ["MGET", "a", "b"], ["GET", "a"], ["SET", "a", "b"], ["ECHO", "b"])).toBe(
      1,
    )
    expect(await met({ key: /^user:/ }, ["ZUNIONSTORE", "d", "2", "x", "user:1"], ["PING"])).toBe(1)
  })

  it("by client, by count, by chance", async () => {
    await server.call("CLIENT", "SETNAME", "me")
    expect(await met({ client: "me" }, ["PING"])).toBe(1)
    expect(await met({ client: "other" }, ["PING"])).toBe(0)
    expect(await met({ after: 2, times: 2 }, ...Array.from({ length: 6 }, () => ["PING"]))).toBe(2)
    const some = await met({ probability: 0.5 }, ...Array.from({ length: 200 }, () => ["PING"]))
    expect(some).toBeGreaterThan(50)
    expect(some).toBeLessThan(150)
  })

  it("a removed fault does nothing; of two the first acts", async () => {
    const first = server.faults.reply({ command: "ping" }, "first")
    const second = server.faults.reply({ command: "ping" }, "second")
    expect(await server.call("PING")).toBe("first")
    first.remove()
    expect(await server.call("PING")).toBe("second")
    second.remove()
    expect(await server.call("PING")).toBe("PONG")
  })

  it("any value may be the reply", async () => {
    const values = ["text", 12, 1.5, true, null, 2n ** 60n, ["a", 1, [null]], new Map([["k", "v"]])]
    for (const value of values) {
      using _ = server.faults.reply({ command: "ping" }, value)
      expect(await server.call("PING")).toEqual(value)
    }
    using _ = server.faults.reply({ command: "ping" }, new Error("ERR a made up one"))
    await expect(server.call("PING")).rejects.toThrow("ERR a made up one")
  })

  it("CLIENT PAUSE and a fault on the same command: it is met once", async () => {
    const fault = server.faults.drop({ command: "set" }, "after")
    const redis = new Redis({ ...server.ioredis, retryStrategy: () => null })
    redis.on("error", () => {})
    opened.push(() => redis.disconnect())
    await redis.call("CLIENT", "PAUSE", "1000000", "WRITE")
    const answer = settled(redis.set("k", "1"))
    await fault.met()
    await server.advance(1_000_001)
    expect(await answer).toMatch(lost)
    expect(fault.hits).toBe(1)
    expect(await read("k")).toBe("1")
  })
})

describe("recordings", () => {
  it("note what clients send, and what was wrong with it", async () => {
    using all = server.record()
    using sets = server.record({ command: "set" })
    const redis = new Redis({ ...server.ioredis, connectionName: "app", db: 3 })
    opened.push(() => redis.disconnect())
    await redis.set("k", "v")
    await redis.lpush("k", "x").catch(() => {})
    await redis.multi().set("a", 1).exec()
    expect(sets.calls.map(({ args }) => args.join(" "))).toEqual(["k v", "a 1"])
    expect(all.of("LPUSH")).toMatchObject([
      {
        command: "lpush",
        args: ["k", "x"],
        database: 3,
        name: "app",
        error: "WRONGTYPE Operation against a key holding the wrong kind of value",
      },
    ])
    expect(all.calls.map(({ command }) => command).slice(-4)).toEqual(["lpush", "multi", "set", "exec"])
    all.clear()
    expect(all.calls).toEqual([])
    sets[Symbol.dispose]()
    await redis.set("k", "v")
    expect(sets.calls).toHaveLength(2)
  })
})
