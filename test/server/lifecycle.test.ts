/** What a connection leaves behind, wherever it ends: nothing. */
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { untilTrue } from "../support/Patience.js"

let redix: TestRedix
beforeEach(async () => {
  redix = await startRedix()
})
afterEach(() => redix.stop())

const traces = () => {
  const { engine } = redix
  return {
    sessions: engine.sessions.size,
    watched: engine.events.watchedKeys,
    blocked: engine.blocking.count,
    channels: engine.context.pubsub.channels,
    patterns: engine.context.pubsub.patterns,
    shardChannels: engine.context.pubsub.shardChannels,
    monitors: engine.monitors.count,
    paused: engine.pause.waitingCount,
  }
}

const none = {
  sessions: 0,
  watched: 0,
  blocked: 0,
  channels: 0,
  patterns: 0,
  shardChannels: 0,
  monitors: 0,
  paused: 0,
}

/** Brings a client into a state; resolves once the server is there. */
const states: ReadonlyArray<readonly [string, (client: RawClient) => Promise<unknown>]> = [
  ["connected", async () => untilTrue(() => redix.engine.sessions.size === 1)],
  [
    "in the middle of a command",
    (c) => (c.sendRaw("*2\r\n$3\r\nGE"), untilTrue(() => redix.engine.traffic.inputBytes > 0)),
  ],
  ["in MULTI", (c) => c.pipeline([["WATCH", "a", "b"], ["MULTI"], ["SET", "a", "1"]])],
  [
    "subscribed",
    (c) =>
      c.pipeline([
        ["SUBSCRIBE", "a"],
        ["PSUBSCRIBE", "b*"],
        ["SSUBSCRIBE", "s"],
      ]),
  ],
  ["monitoring", (c) => c.command("MONITOR")],
  [
    "blocked",
    (c) => (c.sendRaw("BLPOP a b 0\r\nGET x\r\n"), untilTrue(() => redix.engine.blocking.count === 1)),
  ],
  [
    "paused",
    (c) => (
      c.sendRaw("CLIENT PAUSE 100000 WRITE\r\nSET a 1\r\nSET b 1\r\n"),
      untilTrue(() => redix.engine.pause.waitingCount === 1)
    ),
  ],
  [
    "blocked with much behind it",
    async (c) => {
      c.sendRaw("BLPOP a 0\r\n")
      await untilTrue(() => redix.engine.blocking.count === 1)
      c.sendRaw(Buffer.alloc(3 * 1024 * 1024, "PING\r\n"))
      await untilTrue(() => redix.engine.traffic.inputBytes > 3 * 1024 * 1024)
    },
  ],
]

describe.each(states)("a client that is %s", (_name, enter) => {
  it("leaves nothing behind when it goes", async () => {
    const client = await redix.connect()
    await enter(client)
    client.close()
    await untilTrue(() => redix.engine.sessions.size === 0 && redix.engine.pause.waitingCount === 0)
    expect(traces()).toEqual(none)
  })

  it("leaves nothing behind when it ends its side", async () => {
    const client = await redix.connect()
    await enter(client)
    client.endInput()
    await untilTrue(() => redix.engine.sessions.size === 0 && redix.engine.pause.waitingCount === 0)
    expect(traces()).toEqual(none)
    await client.waitForClose()
  })

  it("is forgotten at once when it is killed", async () => {
    const client = await redix.connect()
    await enter(client)
    const [session] = redix.engine.sessions.values()
    const killer = await redix.connect()
    expect(await killer.text("CLIENT", "KILL", "ID", session?.id ?? 0)).toBe(":1\r\n")
    expect(traces()).toEqual({ ...none, sessions: 1, paused: traces().paused })
    await client.waitForClose()
    await untilTrue(() => redix.engine.pause.waitingCount === 0)
    killer.close()
  })
})

it("gives an element to the next when the first in line was killed in the same batch", async () => {
  const [first, second, killer] = [await redix.connect(), await redix.connect(), await redix.connect()]
  const id = Number((await first.text("CLIENT", "ID")).slice(1))
  first.sendRaw("BLPOP list 0\r\n")
  await untilTrue(() => redix.engine.blocking.count === 1)
  second.sendRaw("BLPOP list 0\r\n")
  await untilTrue(() => redix.engine.blocking.count === 2)
  await killer.pipeline([
    ["CLIENT", "KILL", "ID", id],
    ["RPUSH", "list", "v"],
  ])
  expect(String(await second.readReply())).toBe("*2\r\n$4\r\nlist\r\n$1\r\nv\r\n")
  expect(first.isClosed || (await first.waitForClose(), true)).toBe(true)
  second.close()
  killer.close()
})

it("keeps expired keys while clients are paused, hidden", async () => {
  const client = await redix.connect()
  await client.pipeline([
    ["SET", "k", "v", "PX", 20],
    ["CLIENT", "PAUSE", 60_000, "WRITE"],
  ])
  const db = redix.engine.keyspace.database(0)
  await untilTrue(
    () => redix.engine.keyspace.now > redix.engine.startedMs && db.isKeyExpired(Buffer.from("k"), 0, 1),
  )
  expect(await client.text("GET", "k")).toBe("$-1\r\n")
  expect(db.size).toBe(1)
  expect(await client.text("CLIENT", "UNPAUSE")).toBe("+OK\r\n")
  await untilTrue(() => db.size === 0)
  client.close()
})

it("does not let a paused client hold up others, and runs what waited in order", async () => {
  const [a, b] = [await redix.connect(), await redix.connect()]
  expect(await b.text("CLIENT", "PAUSE", 60_000, "WRITE")).toBe("+OK\r\n")
  a.sendRaw("SET k 1\r\nAPPEND k 2\r\n")
  await untilTrue(() => redix.engine.pause.waitingCount === 1)
  a.sendRaw("APPEND k 3\r\nGET k\r\n")
  expect(await b.text("GET", "k")).toBe("$-1\r\n")
  expect(await b.text("CLIENT", "UNPAUSE")).toBe("+OK\r\n")
  expect((await a.readReplies(4)).join("")).toBe("+OK\r\n:2\r\n:3\r\n$3\r\n123\r\n")
  a.close()
  b.close()
})
