/** client-output-buffer-limit, and messages to many. */
import { afterEach, beforeEach, expect, it } from "vitest"
import { untilTrue } from "../support/Patience.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix
beforeEach(async () => {
  redix = await startRedix()
})
afterEach(() => redix.stop())

it("cuts a subscriber off at the hard limit and serves the others", async () => {
  const [slow, quick, publisher] = [await redix.connect(), await redix.connect(), await redix.connect()]
  await publisher.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
  await slow.command("SUBSCRIBE", "x")
  await quick.command("SUBSCRIBE", "x")
  slow.socket.pause()
  const message = Buffer.alloc(100_000, "m")
  let sent = 0
  await untilTrue(async () => {
    sent++
    const receivers = await publisher.text("PUBLISH", "x", message)
    await quick.readReply()
    return receivers === ":1\r\n"
  })
  // What the kernel's buffers took is beyond the limit.
  expect(sent).toBeGreaterThan(10)
  expect(await publisher.text("PUBSUB", "NUMSUB", "x")).toBe("*2\r\n$1\r\nx\r\n:1\r\n")
  slow.socket.resume()
  await slow.waitForClose()
  for (const client of [slow, quick, publisher]) client.close()
})

it("cuts a subscriber off at once for one message beyond the hard limit, as redis-server does", async () => {
  const [subscriber, publisher] = [await redix.connect(), await redix.connect()]
  await publisher.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0")
  await subscriber.command("SUBSCRIBE", "x")
  expect(await publisher.text("PUBLISH", "x", Buffer.alloc(2_000_000))).toBe(":1\r\n")
  await subscriber.waitForClose()
  expect(await publisher.text("PUBSUB", "NUMSUB", "x")).toBe("*2\r\n$1\r\nx\r\n:0\r\n")
  publisher.close()
})

it("cuts a subscriber off that stays beyond the soft limit", async () => {
  const [slow, publisher] = [await redix.connect(), await redix.connect()]
  await publisher.command("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 64kb 1")
  await slow.command("SUBSCRIBE", "x")
  slow.socket.pause()
  const [session] = redix.engine.sessions.values()
  const message = Buffer.alloc(200_000, "m")
  await untilTrue(async () => {
    await publisher.command("PUBLISH", "x", message)
    return (session?.overSoftLimitMs ?? 0) > 0
  })
  expect(await publisher.text("PUBSUB", "NUMSUB", "x")).toBe("*2\r\n$1\r\nx\r\n:1\r\n")
  // The kernel takes more at its own pace, sometimes megabytes: there is always something that it has not taken.
  await untilTrue(async () => {
    if ((session?.control.pendingBytes() ?? 0) < 4_000_000) await publisher.command("PUBLISH", "x", message)
    return redix.engine.context.pubsub.channels === 0
  })
  publisher.close()
  slow.close()
})

it("cuts an ordinary client off whose reply is beyond its limit", async () => {
  const [client, other] = [await redix.connect(), await redix.connect()]
  await other.command("SET", "big", Buffer.alloc(3_000_000, "v"))
  await other.command("CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0")
  client.sendRaw("GET big\r\n")
  await client.waitForClose()
  await untilTrue(() => redix.engine.sessions.size === 1)
  expect(await other.text("PING")).toBe("+PONG\r\n")
  other.close()
})

it("sends a message to many subscribers in both protocols, in order, and whole", async () => {
  const clients = await Promise.all(Array.from({ length: 60 }, () => redix.connect()))
  for (const [i, client] of clients.entries()) {
    if (i % 2 === 1) await client.command("HELLO", "3")
    client.sendRaw("SUBSCRIBE x\r\nPSUBSCRIBE x*\r\n")
    if (i % 2 === 1) await client.readPush()
    else await client.readReply()
    if (i % 2 === 1) await client.readPush()
    else await client.readReply()
  }
  const publisher = await redix.connect()
  const count = 200
  const replies = await publisher.pipeline(
    Array.from({ length: count }, (_, i) => ["PUBLISH", i % 2 === 0 ? "x" : "x2", `message ${i}`]),
  )
  expect(replies.map(String)).toEqual(
    Array.from({ length: count }, (_, i) => (i % 2 === 0 ? ":120\r\n" : ":60\r\n")),
  )
  const expected: Array<string> = []
  for (let i = 0; i < count; i++) {
    const text = `message ${i}`
    const tail = `$${text.length}\r\n${text}\r\n`
    if (i % 2 === 0) expected.push(`3\r\n$7\r\nmessage\r\n$1\r\nx\r\n${tail}`)
    const channel = i % 2 === 0 ? "$1\r\nx\r\n" : "$2\r\nx2\r\n"
    expected.push(`4\r\n$8\r\npmessage\r\n$2\r\nx*\r\n${channel}${tail}`)
  }
  for (const [i, client] of clients.entries()) {
    const got: Array<string> = []
    while (got.length < expected.length)
      got.push(String(i % 2 === 1 ? await client.readPush() : await client.readReply()).slice(1))
    expect(got).toEqual(expected)
    expect(client.unread).toEqual([])
    client.close()
  }
  publisher.close()
})

it("runs nothing more of a client that was cut off, or killed while it did not read", async () => {
  const [killed, cut, other] = [await redix.connect(), await redix.connect(), await redix.connect()]
  await other.command("SET", "big", Buffer.alloc(20_000_000, "v"))
  const sessions = [...redix.engine.sessions.values()]
  killed.socket.pause()
  killed.sendRaw("GET big\r\nGET big\r\nSET ran 1\r\nSET ran 1\r\n")
  await untilTrue(() => sessions[0]?.control.congested() === true)
  expect(await other.text("CLIENT", "KILL", "ID", sessions[0]?.id ?? 0)).toBe(":1\r\n")
  await other.command("CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0")
  cut.sendRaw("GET big\r\nSET ran 1\r\nSET ran 1\r\n")
  await cut.waitForClose()
  killed.socket.resume()
  await killed.waitForClose()
  expect(await other.text("EXISTS", "ran")).toBe(":0\r\n")
  other.close()
})
