/** What transactions and PUBLISH leave in the command log; redis-server's stream to a replica for the same commands. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { RecordingLines } from "../support/CommandLogs.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix
const log = new RecordingLines()
beforeAll(async () => {
  redix = await startRedix()
  redix.engine.log.add(log)
})
afterAll(() => redix.stop())

const logged = async (...lines: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const client = await redix.connect()
  await client.pipeline(lines.map((line) => line.split(" ")))
  client.close()
  return log.commands.splice(0)
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
  expect(log.commands.splice(0)).toEqual(["0: MULTI", "0: RPUSH l x", "0: SET y 1", "EXEC", "0: LPOP l"])
  waiting.close()
  client.close()
})

it("logs keys that RANDOMKEY found expired one by one, as SCAN's; several of another command are a unit", async () => {
  const { keyspace } = redix.engine
  keyspace.activeExpiry = false
  const expire = async (): Promise<void> => {
    await logged("FLUSHALL", "PSETEX a 1 x", "PSETEX b 1 x", "PSETEX c 1 x")
    // The next batch's clock is past them.
    const end = keyspace.now + 2
    while (Date.now() <= end) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  const deletions = ["0: DEL a", "0: DEL b", "0: DEL c"]
  await expire()
  expect([...(await logged("RANDOMKEY"))].sort()).toEqual(deletions)
  await expire()
  expect([...(await logged("SCAN 0"))].sort()).toEqual(deletions)
  await expire()
  expect(await logged("EXISTS a b c")).toEqual(["0: MULTI", ...deletions, "EXEC"])
  await expire()
  const [multi, ...rest] = await logged("MULTI", "RANDOMKEY", "EXEC")
  expect([multi, rest.at(-1)]).toEqual(["0: MULTI", "EXEC"])
  expect(rest.slice(0, -1).sort()).toEqual(deletions)
  keyspace.activeExpiry = true
})
