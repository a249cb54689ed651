/** The command log and its readers: any number, each with its own wants, also beside replication and on a replica. */
import { afterAll, expect, it } from "vitest"
import { CommandLog } from "../../src/engine/CommandLog.js"
import { Session } from "../../src/engine/clients/Session.js"
import { RecordingLines, RecordingLog } from "../support/CommandLogs.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { until } from "../support/Nodes.js"

const running: Array<TestRedix> = []
afterAll(() => Promise.all(running.map((redix) => redix.stop())))

const start = async (): Promise<TestRedix> => {
  const redix = await startRedix({}, { "repl-diskless-sync-delay": 0 })
  running.push(redix)
  return redix
}

class Choosy extends RecordingLog {
  override reading = false
  readonly broken: Array<string> = []
  readonly runs: Array<boolean> = []
  override ran(_session: Session, changed: boolean): void {
    this.runs.push(changed)
  }
  override brokenOff(what: string): void {
    this.broken.push(what)
  }
}

it("is active while somebody wants commands, and hands each command to all who do", () => {
  const log = new CommandLog()
  const [one, two] = [new Choosy(), new Choosy()]
  expect(log.active).toBe(false)
  log.add(one)
  log.add(two)
  expect(log.active).toBe(false)
  one.reading = true
  log.update()
  expect(log.active).toBe(true)
  log.append(0, ["SET", "a", 1])
  two.reading = true
  log.update()
  log.append(3, ["DEL", Buffer.from("a")])
  log.ran(new Session(1), true)
  log.remove(one)
  log.append(-1, ["EXEC"])
  expect(one.commands).toEqual(["SET a 1", "DEL a"])
  expect(two.commands).toEqual(["DEL a", "EXEC"])
  expect([one.runs, two.runs]).toEqual([[true], [true]])
  log.remove(two)
  expect(log.active).toBe(false)
})

it("tells every reader of what broke off, wanting commands or not", () => {
  const log = new CommandLog()
  const reader = new Choosy()
  log.add(reader)
  log.brokenOff("x")
  expect(reader.broken).toEqual(["x"])
})

it("goes to readers beside replication, on a replica, too", async () => {
  const [master, replica] = [await start(), await start()]
  const client = await master.connect()
  const follower = await replica.connect()
  await follower.command("REPLICAOF", "127.0.0.1", master.port)
  await until(
    async () => (await follower.text("INFO", "replication")).includes("master_link_status:up"),
    () => "the link is up",
  )
  const [one, two] = [new RecordingLines(), new RecordingLines()]
  master.engine.log.add(one)
  master.engine.log.add(two)
  // Its replication stream is its master's; another reader hears what it runs for its master all the same.
  const own = new RecordingLines()
  replica.engine.log.add(own)
  await client.command("SELECT", 2)
  await client.command("SET", "k", "v")
  await client.command("WAIT", 1, 0)
  await follower.command("SELECT", 2)
  expect(await follower.text("GET", "k")).toBe("$1\r\nv\r\n")
  expect([one.commands, two.commands]).toEqual([["2: SET k v"], ["2: SET k v"]])
  expect(own.commands).toEqual(["2: SET k v"])
  client.close()
  follower.close()
})
