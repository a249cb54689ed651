/** The server's time: what comes due does so in order, as on a real server, and at once. */
import { Redis } from "ioredis"
import { afterEach, describe, expect, it } from "vitest"
import { type Server, startRedix } from "../../src/testing.js"
import { Random, runSeed } from "../support/Random.js"
import { RawClient } from "../support/RawClient.js"

const ended: Array<() => Promise<unknown> | void> = []
const start = async (options?: Parameters<typeof startRedix>[0]): Promise<Server> => {
  const server = await startRedix(options)
  ended.push(() => server.close())
  return server
}
const connect = (server: Server): Redis => {
  const redis = new Redis(server.ioredis)
  ended.push(() => redis.disconnect())
  return redis
}
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})

/** CPU time, in milliseconds. */
const cpu = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

describe.each(["real", "manual"] as const)("a %s clock", (clock) => {
  it("expires keys after their time, not at it", async () => {
    const server = await start({ clock })
    const redis = connect(server)
    const at = server.now() + 60_000
    await redis.set("k", "1", "PXAT", at)
    await server.setTime(at)
    if (clock === "manual") expect(await redis.get("k")).toBe("1")
    await server.setTime(at + 1)
    expect(await redis.get("k")).toBeNull()
  })

  it("ends waits, pauses and keys in the order of their times", async () => {
    const server = await start({ clock, config: { "notify-keyspace-events": "Ex" } })
    const heard: Array<string> = []
    const subscriber = connect(server)
    await subscriber.subscribe("__keyevent@0__:expired")
    subscriber.on("message", (_, key: string) => heard.push(`expired ${key}`))
    const redis = connect(server)
    await redis
      .pipeline()
      .set("a", 1, "PX", 1_500_000)
      .set("b", 1, "PX", 10)
      .set("c", 1, "PX", 7200_000)
      .exec()
    const note = (what: string, done: Promise<unknown>): void => void done.then(() => heard.push(what))
    note("blpop 100", connect(server).blpop("none", 100))
    note("blpop 3600", connect(server).blpop("none", 3600))
    note("bzpopmin 2000", connect(server).bzpopmin("none", 2000))
    await server.until({ blocked: 3 })
    await server.advance(86_400_000)
    expect(heard).toEqual(["expired b", "blpop 100", "expired a", "bzpopmin 2000", "blpop 3600", "expired c"])
    await redis.call("CLIENT", "PAUSE", "5000000", "ALL")
    note("paused", connect(server).get("x"))
    await server.advance(4_900_000)
    expect(heard.at(-1)).toBe("expired c")
    await server.advance(100_001)
    expect(heard.at(-1)).toBe("paused")
  })

  it("a client's loop of waits goes round as often as it would", async () => {
    const server = await start({ clock })
    const redis = connect(server)
    let rounds = 0
    let on = true
    const loop = (async () => {
      while (on) {
        await redis.blpop("jobs", 5)
        rounds++
      }
    })()
    await server.until({ blocked: 1 })
    await server.advance(60_000)
    expect(rounds).toBe(12)
    on = false
    await server.call("RPUSH", "jobs", "last")
    await loop
  })

  it("goes back", async () => {
    const server = await start({ clock, now: 1e12 })
    const redis = connect(server)
    await redis.set("k", "1", "EX", 100)
    const waiting = redis.blpop("none", 10)
    await server.until({ blocked: 1 })
    await server.setTime(server.now() - 3_600_000)
    expect(Number(await server.call("PTTL", "k"))).toBeGreaterThan(3_600_000)
    await server.advance(10_001)
    expect(await waiting).toBeNull()
  })

  it("a day with a hundred keys is little work", async () => {
    const server = await start({ clock })
    for (let i = 0; i < 100; i++) await server.call("SET", `k${i}`, i, "PX", 1 + i * 600_000)
    await server.advance(60_000)
    const before = cpu()
    await server.advance(86_400_000)
    // A bound of kind, not of speed: a server that polled every 100 ms would take minutes.
    expect(cpu() - before).toBeLessThan(2000)
    expect(await server.call("DBSIZE")).toBe(0)
  })
})

it("a manual clock stands still, begins where it is told, and TIME says so", async () => {
  const server = await start({ clock: "manual", now: new Date("2030-01-02T03:04:05Z") })
  const seconds = Date.UTC(2030, 0, 2, 3, 4, 5) / 1000
  expect(await server.call("TIME")).toEqual([String(seconds), "0"])
  await server.advance(1500)
  expect(await server.call("TIME")).toEqual([String(seconds + 1), "500000"])
})

it("what is no moment is refused, and time stays where it is", async () => {
  const server = await start({ clock: "manual", now: 1000 })
  for (const none of [Number.NaN, Infinity, -Infinity, 1e20]) {
    await expect(server.advance(none)).rejects.toThrow(RangeError)
    await expect(server.setTime(none)).rejects.toThrow(RangeError)
    await expect(startRedix({ now: none })).rejects.toThrow(RangeError)
  }
  await expect(server.setTime(new Date("no date"))).rejects.toThrow("not a moment: Invalid Date")
  await server.advance(5)
  expect(server.now()).toBe(1005)
})

it("what is no amount is refused", async () => {
  const server = await start()
  for (const none of [Number.NaN, 0, -1]) {
    await expect(server.until({ blocked: 1 }, none)).rejects.toThrow(RangeError)
    expect(() => server.faults.delay({}, none)).toThrow(RangeError)
    expect(() => server.faults.slow({}, none)).toThrow(RangeError)
  }
})

it("same seed, same choices", async () => {
  const choices = async (seed: string): Promise<unknown> => {
    const server = await start({ seed })
    for (let i = 0; i < 50; i++) await server.call("SADD", "s", `m${i}`)
    const runId = /run_id:(\w+)/.exec(String(await server.call("INFO", "server")))?.[1]
    return [await server.call("SRANDMEMBER", "s", -5), await server.call("SPOP", "s", 3), runId]
  }
  expect(await choices("a")).toEqual(await choices("a"))
  expect(await choices("a")).not.toEqual(await choices("b"))
})

it("expiries and timeouts of an advance come in the order of their times, as if they had been waited for", async () => {
  const random = new Random(runSeed())
  const times = Array.from({ length: 8 }, (_, i) => (i + 1) * 30_000)
  const events = random.shuffled(times.map((ms, i) => ({ ms, name: `e${i}`, key: random.below(2) === 0 })))
  const server = await start({ clock: "manual" })
  using _ = server.intercept("127.0.0.1:1")
  const heard: Array<string> = []
  const subscriber = await RawClient.connect({ port: 1 })
  await subscriber.command("CONFIG", "SET", "notify-keyspace-events", "Ex")
  await subscriber.command("SUBSCRIBE", "__keyevent@0__:expired")
  const opened = [subscriber]
  const done: Array<Promise<unknown>> = []
  for (const { ms, name, key } of events) {
    const client = await RawClient.connect({ port: 1 })
    opened.push(client)
    if (key) await client.command("SET", name, "1", "PX", ms)
    else done.push(client.command("BLPOP", name, ms / 1000).then(() => heard.push(name)))
  }
  const blocked = done.length
  const expiries = async (): Promise<void> => {
    for (let i = blocked; i < events.length; i++)
      heard.push(/\$2\r\n(e\d)/.exec(String(await subscriber.readReply()))?.[1] ?? "")
  }
  done.push(expiries())
  await server.until({ blocked })
  await server.advance(300_000)
  await Promise.all(done)
  for (const client of opened) client.close()
  expect(heard).toEqual(times.map((_, i) => `e${i}`))
})
