/** Pub/Sub and transactions through ioredis and the `redis` package, in both protocols. */
import { Redis } from "ioredis"
import { createClient } from "redis"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())

describe.each([2, 3] as const)("ioredis, RESP%i", (protocol) => {
  const connect = (): Redis => new Redis(redix.port, { enableReadyCheck: false, protocol })

  it("publishes and subscribes", async () => {
    const [subscriber, publisher] = [connect(), connect()]
    const got: Array<string> = []
    subscriber.on("message", (channel: string, message: string) => got.push(`${channel} ${message}`))
    const last = new Promise<void>((resolve) => {
      subscriber.on("pmessage", (pattern: string, channel: string, message: string) => {
        got.push(`${pattern} ${channel} ${message}`)
        if (message === "end") resolve()
      })
    })
    expect(await subscriber.subscribe("a", "b")).toBe(2)
    expect(await subscriber.psubscribe("c*")).toBe(3)
    expect(await publisher.publish("a", "1")).toBe(1)
    expect(await publisher.publish("none", "1")).toBe(0)
    await Promise.all([publisher.publish("b", "2"), publisher.publish("cc", "end")])
    await last
    expect(got).toEqual(["a 1", "b 2", "c* cc end"])
    expect(await subscriber.unsubscribe("a", "b")).toBe(1)
    expect(await subscriber.punsubscribe("c*")).toBe(0)
    expect(await subscriber.set("back", "to normal")).toBe("OK")
    subscriber.disconnect()
    publisher.disconnect()
  })

  it("runs transactions and watches", async () => {
    const [client, other] = [connect(), connect()]
    await client.del("k")
    const result = await client.multi().set("k", "1").incr("k").lpush("k", "x").get("k").exec()
    expect(result?.map(([error, value]) => error?.message ?? value)).toEqual([
      "OK",
      2,
      "WRONGTYPE Operation against a key holding the wrong kind of value",
      "2",
    ])
    await client.watch("k")
    await other.set("k", "changed")
    expect(await client.multi().set("k", "mine").exec()).toBeNull()
    expect(await client.get("k")).toBe("changed")
    client.disconnect()
    other.disconnect()
  })
})

describe.each([2, 3] as const)("the redis package, RESP%i", (resp) => {
  const connect = async () => {
    const client = createClient({ socket: { port: redix.port, host: "127.0.0.1" }, RESP: resp })
    client.on("error", () => {})
    await client.connect()
    return client
  }

  it("publishes and subscribes, also to shard channels", async () => {
    const [subscriber, publisher] = [await connect(), await connect()]
    const got: Array<string> = []
    let resolveLast = (): void => {}
    const last = new Promise<void>((resolve) => (resolveLast = resolve))
    const listener = (message: string, channel: string): void => {
      got.push(`${channel} ${message}`)
      if (message === "end") resolveLast()
    }
    await subscriber.subscribe(["a", "b"], listener)
    await subscriber.pSubscribe("c*", listener)
    await subscriber.sSubscribe("s", listener)
    await subscriber.ping()
    expect(await publisher.publish("a", "1")).toBe(1)
    expect(await publisher.publish("cc", "2")).toBe(1)
    expect(await publisher.sPublish("s", "end")).toBe(1)
    await last
    expect(got).toEqual(["a 1", "cc 2", "s end"])
    await subscriber.unsubscribe()
    await subscriber.pUnsubscribe()
    await subscriber.sUnsubscribe("s")
    expect(await publisher.publish("a", "1")).toBe(0)
    await subscriber.close()
    await publisher.close()
  })

  it("runs transactions and watches", async () => {
    const [client, other] = [await connect(), await connect()]
    await client.del("k")
    expect(await client.multi().set("k", "1").incr("k").get("k").exec()).toEqual(["OK", 2, "2"])
    await client.watch("k")
    await other.set("k", "changed")
    await expect(client.multi().set("k", "mine").exec()).rejects.toThrow("One (or more) of the watched keys")
    expect(await client.get("k")).toBe("changed")
    expect(await client.clientId()).toBeGreaterThan(0)
    expect((await client.clientInfo()).resp).toBe(resp)
    expect((await client.clientList()).length).toBe(redix.engine.sessions.size)
    await client.close()
    await other.close()
  })
})
