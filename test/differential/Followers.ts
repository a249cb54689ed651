/** What the followers of a server are told while it and redis-server run the same commands: keyspace events, the log. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { expect } from "vitest"
import { commandsInAof, RecordingLog } from "../support/CommandLogs.js"
import { differential, type StepLike } from "../support/Differential.js"
import { hearMessages } from "../support/Local.js"
import { type OracleServer, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import type { TestRedix } from "../support/Redix.js"
import { parseReply } from "../support/RespFrames.js"

type Steps = (random: Random) => Iterable<StepLike>

/** All events but those of keys that are read and miss. */
const EVENTS = 0xffff & ~2048

/** Both publish the same keyspace events, in the same order. */
export const compareEvents = (redix: TestRedix, name: string, steps: Steps): Promise<void> =>
  withOracle({ config: { "notify-keyspace-events": "KEAn" } }, async (server) => {
    const { events, context } = redix.engine
    context.keyspace.flushAll()
    const got: string[] = []
    const { flags } = events
    events.flags = EVENTS
    const stop = hearMessages(redix.engine, (channel, message) => got.push(`${channel} ${message}`))
    const clients = await Promise.all([server.connect(), redix.connect(), server.connect()])
    const [oracle, subject, listener] = clients
    await listener.command("PSUBSCRIBE", "__key*")
    const random = Random.forTest(name)
    await differential({ oracle, subject, seed: random.seed }, steps(random))
    stop()
    events.flags = flags
    const want = (await listener.readReplies(got.length)).map((reply) => {
      const [, , channel, message] = parseReply(reply).items ?? []
      return `${channel?.payload.toString("latin1")} ${message?.payload.toString("latin1")}`
    })
    expect(got.length).toBeGreaterThan(0)
    expect(got).toEqual(want)
    await oracle.command("PING")
    expect(listener.unread).toEqual([])
    for (const client of clients) client.close()
  })

/** Runs `play` beside a redis-server that logs; then both must have the same in their logs. Answers what Redix has. */
export const compareLogs = async (
  redix: TestRedix,
  play: (server: OracleServer) => Promise<void>,
  plain: (command: string) => string = (command) => command,
): Promise<ReadonlyArray<string>> => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-followers-"))
  const config = { appendonly: "yes", "aof-use-rdb-preamble": "no", appendfsync: "always" }
  const log = new RecordingLog()
  await withOracle({ dir, config }, async (server) => {
    redix.engine.context.keyspace.flushAll()
    redix.engine.log.add(log)
    await play(server)
    redix.engine.log.remove(log)
    expect(log.commands.map(plain)).toEqual(commandsInAof(dir).map(plain))
  })
  fs.rmSync(dir, { recursive: true })
  return log.commands
}

/** Replicas are sent what Redis would send them; `plain` takes off what may differ. */
export const compareSteps = async (
  redix: TestRedix,
  name: string,
  steps: Steps,
  plain?: (command: string) => string,
): Promise<void> => {
  const commands = await compareLogs(
    redix,
    async (server) => {
      const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
      const random = Random.forTest(name)
      await differential({ oracle, subject, seed: random.seed }, steps(random))
      oracle.close()
      subject.close()
    },
    plain,
  )
  expect(commands.length).toBeGreaterThan(0)
}
