/** Under fake timers of any make clients are answered, and what follows the faked time does so. */
import { setTimeout as realTimeout } from "node:timers"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Context from "effect/Context"
import * as Scope from "effect/Scope"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { Redix, TcpServer } from "../../src/index.js"
import { fakes, useRealTimers } from "./FakeTimers.js"
import { PATIENCE_MS } from "../support/Patience.js"
import { RawClient } from "../support/RawClient.js"

const timeout = realTimeout

/** A promise of one's own limit: the test's own timers are fake. */
const within = <A>(promise: Promise<A>, ms = PATIENCE_MS): Promise<A> =>
  Promise.race([promise, new Promise<A>((_, fail) => void timeout(() => fail(new Error("no answer")), ms))])

let scope: Scope.Closeable
let client: RawClient
let other: RawClient
let waiter: RawClient

/** Waits until a client waits in a blocking command. */
const untilBlocked = async (): Promise<void> => {
  while (!(await within(waiter.text("INFO", "clients"))).includes("blocked_clients:1\r\n"));
}

beforeEach(async () => {
  scope = Effect.runSync(Scope.make())
  const layer = Redix.layerServerWith({ port: 0, "notify-keyspace-events": "Ex" })
  const context = await Effect.runPromise(
    Layer.buildWithScope(layer.pipe(Layer.provide(Logger.layer([]))), scope),
  )
  const port = Context.get(context, TcpServer).ports[0] ?? 0
  // The clients' own limits may be fake timers.
  const options = { timeoutMs: 1e9 }
  client = await RawClient.connect({ host: "127.0.0.1", port }, options)
  other = await RawClient.connect({ host: "127.0.0.1", port }, options)
  waiter = await RawClient.connect({ host: "127.0.0.1", port }, options)
  for (const one of [client, other, waiter]) await one.command("PING")
})
afterEach(async () => {
  useRealTimers()
  for (const one of [client, other, waiter]) one.close()
  await Effect.runPromise(Scope.close(scope, Exit.void))
})

describe.each(fakes)("under fake timers: %s", (_, fake) => {
  it("answers, also a client that waits, and goes on once timers are real again", async () => {
    fake()
    expect(await within(client.text("PING"))).toBe("+PONG\r\n")
    const popped = client.text("BLPOP", "list", "0")
    await untilBlocked()
    await within(other.command("RPUSH", "list", "x"))
    expect(await within(popped)).toBe("*2\r\n$4\r\nlist\r\n$1\r\nx\r\n")
    await within(client.command("SUBSCRIBE", "c"))
    await within(other.command("PUBLISH", "c", "m"))
    expect(String(await within(client.readReply()))).toContain("message")
    useRealTimers()
    expect(await within(other.text("PING"))).toBe("+PONG\r\n")
  })

  it("a layer ends", async () => {
    fake()
    client.sendRaw("BLPOP list 0\r\n")
    await untilBlocked()
    await within(Effect.runPromise(Scope.close(scope, Exit.void)))
    expect(await within(other.readToEnd())).toHaveLength(0)
  })
})

describe("time that moves", () => {
  it("expires keys and ends waits", async () => {
    vi.useFakeTimers()
    await within(other.command("SUBSCRIBE", "__keyevent@0__:expired"))
    await within(client.command("SET", "k", "1", "EX", "60"))
    await vi.advanceTimersByTimeAsync(61_000)
    expect(String(await within(other.readReply()))).toContain("\r\nk\r\n")
    expect(await within(client.text("DBSIZE"))).toBe(":0\r\n")
    const popped = client.text("BLPOP", "nothing", "30")
    await vi.advanceTimersByTimeAsync(29_000)
    await untilBlocked()
    await vi.advanceTimersByTimeAsync(31_000)
    expect(await within(popped)).toBe("*-1\r\n")
  })

  it("a fake timer that is dropped does not stop the clock-driven work", async () => {
    vi.useFakeTimers()
    vi.setSystemTime(Date.now() - 3_600_000)
    await within(client.command("SET", "k", "1", "PX", "50"))
    useRealTimers()
    await within(other.command("SUBSCRIBE", "__keyevent@0__:expired"))
    await within(client.command("SET", "j", "1", "PX", "50"))
    const said = `${String(await within(other.readReply()))}${String(await within(other.readReply()))}`
    expect(said).toContain("\r\nk\r\n")
    expect(said).toContain("\r\nj\r\n")
  })
})
