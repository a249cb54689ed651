/** Clients that wait for stream entries, and what becomes of a stream's blocks. */
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { PATIENCE_MS } from "../support/Patience.js"
import { RecordingLog } from "../support/CommandLogs.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix
let a: RawClient
let b: RawClient
let writer: RawClient
beforeEach(async () => {
  redix = await startRedix()
  ;[a, b, writer] = await Promise.all([redix.connect(), redix.connect(), redix.connect()])
})
afterEach(async () => {
  for (const client of [a, b, writer]) client.close()
  await redix.stop()
})

/** Sends a command that is to wait, and waits until it does. */
const block = async (client: RawClient, words: string): Promise<void> => {
  const { blocking } = redix.engine.context
  const before = blocking.count
  const args = words.split(" ")
  client.sendRaw(`*${args.length}\r\n${args.map((w) => `$${w.length}\r\n${w}\r\n`).join("")}`)
  await expect.poll(() => blocking.count, { interval: 1, timeout: PATIENCE_MS }).toBe(before + 1)
}
const send = (words: string): Promise<string> => writer.text(...words.split(" "))
const reply = async (client: RawClient): Promise<string> => (await client.readReply()).toString("latin1")

const entry = (key: string, ...ids: string[]): string =>
  `*1\r\n*2\r\n$${key.length}\r\n${key}\r\n*${ids.length}\r\n` +
  ids.map((id) => `*2\r\n$${id.length}\r\n${id}\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n`).join("")
const keyGone = "-UNBLOCKED the stream key no longer exists\r\n"
const groupGone = "-NOGROUP the consumer group this client was blocked on no longer exists\r\n"

describe("XREAD BLOCK", () => {
  it("serves every reader of one XADD", async () => {
    await block(a, "XREAD BLOCK 0 STREAMS s $")
    await block(b, "XREAD COUNT 1 BLOCK 0 STREAMS other s 0 $")
    expect(await send("XADD s 1-1 a b")).toBe("$3\r\n1-1\r\n")
    expect(await reply(a)).toBe(entry("s", "1-1"))
    expect(await reply(b)).toBe(entry("s", "1-1"))
  })

  it("answers nil when the time is over, and at once where there is something", async () => {
    expect(await a.text("XREAD", "BLOCK", "5", "STREAMS", "s", "$")).toBe("*-1\r\n")
    await send("XADD s 1-1 a b")
    expect(await a.text("XREAD", "BLOCK", "0", "STREAMS", "s", "0")).toBe(entry("s", "1-1"))
    await a.command("HELLO", "3")
    expect(await a.text("XREAD", "BLOCK", "5", "STREAMS", "s", "$")).toBe("_\r\n")
    await block(a, "XREAD BLOCK 0 STREAMS s $")
    await send("XADD s 1-2 a b")
    expect(await reply(a)).toBe(entry("s", "1-2").replace("*1\r\n*2\r\n", "%1\r\n"))
  })

  it("waits on through the key's deletion, and takes the longest of waits", async () => {
    await send("XADD s 1-1 a b")
    await block(a, "XREAD BLOCK 9223372036854775807 STREAMS s $")
    await send("DEL s")
    await send("SET s 1")
    await send("DEL s")
    await send("XADD s 2-1 a b")
    expect(await reply(a)).toBe(entry("s", "2-1"))
  })

  it("does not wake for an older ID", async () => {
    await block(a, "XREAD BLOCK 0 STREAMS s 5-5")
    await send("XADD s 1-1 a b")
    await send("XADD s 5-5 a b")
    await send("XADD s 5-6 a b")
    expect(await reply(a)).toBe(entry("s", "5-6"))
  })
})

describe("XREADGROUP BLOCK", () => {
  beforeEach(() => send("XGROUP CREATE s g $ MKSTREAM"))

  it("gives an entry to the first who waits", async () => {
    await block(a, "XREADGROUP GROUP g x BLOCK 0 STREAMS s >")
    await block(b, "XREADGROUP GROUP g y BLOCK 0 STREAMS s >")
    await send("XADD s 1-1 a b")
    expect(await reply(a)).toBe(entry("s", "1-1"))
    expect(redix.engine.context.blocking.count).toBe(1)
    await send("XADD s 1-2 a b")
    expect(await reply(b)).toBe(entry("s", "1-2"))
    expect(await send("XPENDING s g")).toBe(
      "*4\r\n:2\r\n$3\r\n1-1\r\n$3\r\n1-2\r\n*2\r\n*2\r\n$1\r\nx\r\n$1\r\n1\r\n*2\r\n$1\r\ny\r\n$1\r\n1\r\n",
    )
  })

  it.each([
    ["DEL s", keyGone],
    ["UNLINK s", keyGone],
    ["SET s 1", keyGone],
    ["FLUSHALL", keyGone],
    ["FLUSHDB", keyGone],
    ["RENAME s t", keyGone],
    ["MOVE s 1", keyGone],
    ["PEXPIREAT s 1", keyGone],
    ["RENAME o s", groupGone],
    ["COPY o s REPLACE", groupGone],
    ["XGROUP DESTROY s g", groupGone],
  ])("ends after %s", async (words, error) => {
    await send("XADD o 1-1 a b")
    await block(a, "XREADGROUP GROUP g x BLOCK 0 STREAMS s >")
    await send(words)
    expect(await reply(a)).toBe(error)
  })

  it("ends when the key expires by itself", async () => {
    await block(a, "XREADGROUP GROUP g x BLOCK 0 STREAMS s >")
    await send("PEXPIRE s 20")
    expect(await reply(a)).toBe(keyGone)
  })

  it("reads its history without waiting, and does not wait inside MULTI", async () => {
    const history = "XREADGROUP GROUP g x BLOCK 0 STREAMS s 0"
    expect(await a.text(...history.split(" "))).toBe("*1\r\n*2\r\n$1\r\ns\r\n*0\r\n")
    await send("MULTI")
    await send("XREADGROUP GROUP g x BLOCK 0 STREAMS s >")
    await send("XREAD BLOCK 0 STREAMS s $")
    expect(await send("EXEC")).toBe("*2\r\n*-1\r\n*-1\r\n")
  })

  it("logs what a served client took after the XADD", async () => {
    const log = new RecordingLog()
    await block(a, "XREADGROUP GROUP g x BLOCK 0 STREAMS s >")
    await block(b, "XREADGROUP GROUP g y BLOCK 0 NOACK STREAMS s >")
    redix.engine.log.add(log)
    await send("XADD s 1-1 a b")
    await reply(a)
    await send("XADD s 1-2 a b")
    await reply(b)
    const lines = log.commands.map((line) => line.replace(/TIME \d+/, "TIME t"))
    expect(lines).toEqual([
      "XADD s 1-1 a b",
      "XCLAIM s g x 0 1-1 TIME t RETRYCOUNT 1 FORCE JUSTID LASTID 1-1",
      "XADD s 1-2 a b",
      "MULTI",
      "XGROUP CREATECONSUMER s g y",
      "XGROUP SETID s g 1-2 ENTRIESREAD 2",
      "EXEC",
    ])
  })
})

describe("a stream's blocks", () => {
  const fill = async (key: string, entries: number): Promise<void> => {
    await writer.pipeline(
      Array.from({ length: entries }, (_, i) => ["XADD", key, `${i + 1}-1`, "field", `value ${i}`]),
    )
    await writer.command("XGROUP", "CREATE", key, "g", "0")
    await writer.command("XREADGROUP", "GROUP", "g", "c", "STREAMS", key, ">")
  }

  it.each(["DEL", "UNLINK"])("are all freed by %s", async (command) => {
    const { arena } = redix.engine.context.keyspace
    const used = arena.usedBytes
    await fill("s", 3000)
    await writer.command("COPY", "s", "t")
    expect(await writer.text("OBJECT", "ENCODING", "t")).toBe("$6\r\nstream\r\n")
    expect(await writer.text("XPENDING", "t", "g", "3000", "+", "5")).toMatch(/^\*1\r\n\*4\r\n\$6\r\n3000-1/)
    expect(await writer.text(command, "s", "t")).toBe(":2\r\n")
    await expect.poll(() => arena.usedBytes, { interval: 5, timeout: PATIENCE_MS }).toBe(used)
    arena.checkInvariants()
  })

  it("take no more room after entries were added and trimmed for long", async () => {
    const { arena } = redix.engine.context.keyspace
    const round = (from: number): Promise<Buffer[]> =>
      writer.pipeline(
        Array.from({ length: 2000 }, (_, i) => ["XADD", "s", "MAXLEN", "500", `${from + i}-0`, "f", "v"]),
      )
    await round(1)
    const used = arena.usedBytes
    for (let i = 1; i < 5; i++) await round(1 + i * 2000)
    expect(await send("XLEN s")).toBe(":500\r\n")
    expect(Math.abs(arena.usedBytes - used)).toBeLessThan(4096)
  })
})
