/** What transactions and PUBLISH leave in the command log; redis-server's stream to a replica for the same commands. */
import { afterAll, beforeAll, expect, it } from "vitest"
import type { CommandLog, LogArgument } from "../../src/engine/Propagation.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

class Recording implements CommandLog {
  readonly active = true
  readonly offset = 0
  lines: Array<string> = []
  append(database: number, args: ReadonlyArray<LogArgument>): void {
    const words = args.map((arg) =>
      arg instanceof Uint8Array ? Buffer.from(arg).toString("latin1") : String(arg),
    )
    this.lines.push(`${database < 0 ? "" : `${database}: `}${words.join(" ")}`)
  }
  appendRaw(database: number, bytes: Uint8Array, off: number, len: number): void {
    const text = Buffer.from(bytes.subarray(off, off + len)).toString("latin1")
    this.lines.push(`${database}: ${[...text.matchAll(/\$\d+\r\n(.*?)\r\n/gs)].map((m) => m[1]).join(" ")}`)
  }
  take(): ReadonlyArray<string> {
    const { lines } = this
    this.lines = []
    return lines
  }
}

let redix: TestRedix
const log = new Recording()
beforeAll(async () => {
  redix = await startRedix()
  redix.engine.context.propagation.log = log
})
afterAll(() => redix.stop())

const logged = async (...lines: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const client = await redix.connect()
  await client.pipeline(lines.map((line) => line.split(" ")))
  client.close()
  return log.take()
}

it("logs PUBLISH and SPUBLISH, which change nothing", async () => {
  expect(await logged("PUBLISH c 1", "SELECT 5", "SPUBLISH c 1", "publish c 2")).toEqual([
    "0: PUBLISH c 1",
    "5: SPUBLISH c 1",
    "5: publish c 2",
  ])
})

it("logs a transaction of one change as that change", async () => {
  expect(await logged("MULTI", "SET a 1", "GET a", "EXEC")).toEqual(["0: SET a 1"])
  expect(await logged("MULTI", "GET a", "DEL none", "EXEC")).toEqual([])
  expect(await logged("MULTI", "EXEC")).toEqual([])
  expect(await logged("MULTI", "SET a 1", "DISCARD")).toEqual([])
  expect(await logged("MULTI", "SET a 1", "NOSUCH", "EXEC")).toEqual([])
})

it("logs more as one unit, over databases", async () => {
  expect(
    await logged(
      "SELECT 3",
      "MULTI",
      "SET a 1",
      "SELECT 4",
      "SET b 1",
      "GET b",
      "PUBLISH c m",
      "LPUSH b 1",
      "EXEC",
    ),
  ).toEqual(["3: MULTI", "3: SET a 1", "4: SET b 1", "4: PUBLISH c m", "EXEC"])
})

it("logs what a handler puts in a command's place", async () => {
  const [multi, set, ...rest] = await logged("MULTI", "SET e 1 EX 100", "INCRBYFLOAT f 1.5", "EXEC")
  expect([multi, ...rest]).toEqual(["0: MULTI", "0: SET f 1.5 KEEPTTL", "EXEC"])
  expect(set).toMatch(/^0: SET e 1 PXAT \d{13}$/)
})

it("logs the pop of a client that waited after the transaction that served it", async () => {
  const waiting = await redix.connect()
  const client = await redix.connect()
  waiting.sendRaw("BLPOP l 0\r\n")
  await client.text("PING")
  await client.pipeline([["MULTI"], ["RPUSH", "l", "x"], ["SET", "y", "1"], ["EXEC"]])
  expect(String(await waiting.readReply())).toBe("*2\r\n$1\r\nl\r\n$1\r\nx\r\n")
  expect(log.take()).toEqual(["0: MULTI", "0: RPUSH l x", "0: SET y 1", "EXEC", "0: LPOP l"])
  waiting.close()
  client.close()
})
