/** The stream commands against redis-server: replies, every byte of the streams, events, changes counted, the log. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { entryType, entryValue, TYPE_STREAM } from "../../src/store/Entry.js"
import { liveBlocks } from "../../src/store/types/FrozenStreams.js"
import { checkStreamValue } from "../../src/store/types/StreamValue.js"
import { differential } from "../support/Differential.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { parseReply } from "../support/RespFrames.js"
import { dumpPicture, streamPicture } from "../store/StreamPicture.js"
import { compareEvents, compareSteps } from "./Followers.js"
import { streamKeys, streamSteps } from "./steps/streamSteps.js"

const COMMANDS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 4000)
/** Commands between two comparisons of the streams themselves. */
const STRETCH = 500

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())

const changes = async (client: RawClient): Promise<number> =>
  Number(/rdb_changes_since_last_save:(\d+)/.exec(await client.text("INFO", "persistence"))?.[1])

/** Compares the streams byte by byte with what redis-server dumps. */
const compareStreams = async (oracle: RawClient): Promise<void> => {
  const { arena } = redix.engine.context.keyspace
  const db = redix.engine.context.keyspace.database(0)
  for (const key of streamKeys) {
    if (key === "auto" || key === "str") continue
    const bytes = Buffer.from(key)
    const entry = db.lookup(bytes, 0, bytes.length)
    const dump = parseReply(await oracle.command("DUMP", key))
    expect(entry === 0, key).toBe(dump.isNull)
    if (entry === 0 || entryType(arena, entry) !== TYPE_STREAM) continue
    checkStreamValue(arena, entryValue(arena, entry))
    expect(streamPicture(liveBlocks(arena), entryValue(arena, entry)), key).toEqual(dumpPicture(dump.payload))
  }
}

const limits = [
  { bytes: 4096, entries: 100 },
  { bytes: 0, entries: 3 },
  { bytes: 120, entries: 0 },
  { bytes: 200, entries: 5 },
  { bytes: 0, entries: 0 },
] as const

describeOracle("streams as Redis has them", () => {
  for (const [i, limit] of limits.entries()) {
    const protocol = i % 2 === 0 ? "2" : "3"
    const n = Math.ceil(COMMANDS / (i < 2 ? 1 : 4))
    const name = `nodes of ${limit.bytes} bytes, ${limit.entries} entries, RESP${protocol}`
    it(name, { timeout: 120_000 + n * 5 }, () => {
      const config = {
        "stream-node-max-bytes": String(limit.bytes),
        "stream-node-max-entries": String(limit.entries),
      }
      return withOracle({ config }, async (server) => {
        const keyspace = redix.engine.context.keyspace
        const settings: { streamNodeMaxBytes: number; streamNodeMaxEntries: number } = redix.engine.settings
        settings.streamNodeMaxBytes = limit.bytes
        settings.streamNodeMaxEntries = limit.entries
        keyspace.flushAll()
        const used = keyspace.arena.usedBytes
        const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
        await oracle.command("HELLO", protocol)
        await subject.command("XLEN", "s0")
        for (const session of redix.engine.sessions.values()) session.resp = protocol === "2" ? 2 : 3
        const random = Random.forTest(`streams ${name}`)
        const [before, ours] = [await changes(oracle), keyspace.dirty]
        for (let done = 0; done < n; done += STRETCH) {
          await differential({ oracle, subject, seed: random.seed }, streamSteps(random, STRETCH))
          await compareStreams(oracle)
        }
        expect(keyspace.dirty - ours).toBe((await changes(oracle)) - before)
        keyspace.arena.checkInvariants()
        await subject.command("DEL", ...streamKeys)
        expect(keyspace.arena.usedBytes).toBe(used)
        settings.streamNodeMaxBytes = 4096
        settings.streamNodeMaxEntries = 100
        oracle.close()
        subject.close()
      })
    })
  }

  it("keyspace events come in Redis's order", () =>
    compareEvents(redix, "stream events", (random) => streamSteps(random, 1500)))

  it("replicas are sent what Redis would send them", () =>
    compareSteps(redix, "stream log", (random) => streamSteps(random, 2500), timeless))
})

/** A logged command without what the clock decides. */
const timeless = (command: string): string =>
  command.replace(/ TIME 1[0-9]{12} /, " TIME t ").replaceAll(/\b1[0-9]{12}-\d+\b/g, "t")
