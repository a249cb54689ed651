/**
 * Values and files that contradict themselves, and files of an unusual make, are taken where redis-server takes them and
 * refused where it refuses them, under either setting of sanitize-dump-payload; what was taken can be used.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sealed } from "../support/DumpPayloads.js"
import { type LocalClient, localClient } from "../support/Local.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { randomUses } from "./HostileUses.js"
import { withTempDir } from "./PersistenceSupport.js"

const folder = new URL("../../testdata/damaged/", import.meta.url)
const files = fs
  .readdirSync(folder)
  .filter((name) => name.endsWith(".rdb"))
  .sort()

let redix: TestRedix
let client: LocalClient
beforeAll(async () => {
  redix = await startRedix()
  client = localClient(redix.engine)
})
afterAll(() => redix.stop())

const views: ReadonlyArray<string> = [
  "TYPE k",
  "OBJECT ENCODING k",
  "XLEN k",
  "XRANGE k - +",
  "HGETALL k",
  "ZRANGE k 0 -1 WITHSCORES",
  "SCARD k",
  "LRANGE k 0 -1",
  "GET k",
  "DBSIZE",
]

/** What redis-server shows of a file, "refused" when it does not start with it. */
const oracleView = async (file: string, sanitize: string): Promise<ReadonlyArray<string>> =>
  withTempDir(async (dir) => {
    fs.copyFileSync(new URL(file, folder), `${dir}/dump.rdb`)
    try {
      return await withOracle({ dir, config: { "sanitize-dump-payload": sanitize } }, async (server) => {
        const connection = await server.connect()
        const seen: string[] = []
        for (const view of views) seen.push(await connection.text(...view.split(" ")))
        connection.close()
        return seen
      })
    } catch {
      return ["refused"]
    }
  })

const redixView = async (file: string, sanitize: "no" | "yes"): Promise<ReadonlyArray<string>> => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-damaged-"))
  fs.copyFileSync(new URL(file, folder), `${dir}/dump.rdb`)
  try {
    const server = await startRedix({}, { dir, "sanitize-dump-payload": sanitize })
    const { run } = localClient(server.engine)
    const seen = views.map((view) => run(...view.split(" ")))
    await server.stop()
    return seen
  } catch {
    return ["refused"]
  } finally {
    fs.rmSync(dir, { recursive: true })
  }
}

interface StreamParts {
  readonly count?: string
  readonly live?: string
  readonly flags?: string
  readonly sequence?: string
  readonly size?: string
  readonly length?: string
  readonly lastId?: string
  readonly groups?: string
}

/** A stream of one entry 1-1 f v, in hex. */
const stream = (parts: StreamParts): string => {
  const { count = "0a", live = "01", flags = "02", sequence = "00 01", size = "04" } = parts
  const { length = "01", lastId = "0101", groups = "00" } = parts
  const elements = `${live}01 0001 0101 816602 0001 ${flags}01 0001 ${sequence} 817602 ${size}01`
  const bytes = elements.replaceAll(" ", "").length / 2 + 7
  const total = bytes.toString(16)
  return `130110 ${"0000000000000001".repeat(2)} ${total} ${total}000000 ${count}00 ${elements} ff ${length} ${lastId} 0101 0000 01 ${groups}`
}

/** Elements of a stream node, in hex: entries 1-1 (f v), 1-2 (deleted) and 5-0 (g w). */
const ELEMENTS: ReadonlyArray<string> = [
  ...["0201", "0101", "0101", "816602", "0001"],
  ...["0201", "0001", "0001", "817602", "0401"],
  ...["0301", "0001", "0101", "0701", "0401"],
  ...["0001", "0401", "dfff02", "0101", "816702", "817702", "0601"],
]

/** A stream of one node, with some of its elements replaced, and other numbers behind it. */
const nodeWith = (changes: Readonly<Record<number, string>>, numbers = "02 0500 0101 0102 03 00"): string => {
  const elements = ELEMENTS.map((element, i) => changes[i] ?? element).join("")
  const bytes = (elements.length / 2 + 7).toString(16)
  return `130110 ${"0000000000000001".repeat(2)} ${bytes} ${bytes}000000 1600 ${elements} ff ${numbers}`
}

/** Payloads in hex, without version and checksum. */
const payloads: Readonly<Record<string, string>> = {
  "hash, count too low": "1022220000000200816602817602816e020c01846c6f6e670588616263646566676809ff",
  "hash, count too high": "1022220000000800816602817602816e020c01846c6f6e670588616263646566676809ff",
  "hash, a field without value": "100a0a0000000100816602ff",
  "hash, a length for the way back":
    "1022220000000600816604817602816e020c01846c6f6e670588616263646566676809ff",
  "hash, a field twice": "04020167017601670177",
  "sorted set, count too high": "111a1a00000008000c01dffd0281610201018262620383322e3504ff",
  "sorted set, a damaged score": "111a1a00000006000c01dffd0281610201018262620383002e3504ff",
  "set of integers out of order": "0b0e0200000003000000f9ff05022c01",
  "set of integers with one twice": "0b0e0200000003000000f9fff9ff2c01",
  "list, count too high": "120102111100000005008161020c018362636404ff",
  "set, a length that should begin an encoded string": "02c30161053132333435 0162",
  "list, a length that should begin an encoded string": "01c30161053132333435 0162",
  "sorted set, a text score with more behind it": "03030161013101620332 2f350163ff",
  "sorted set, a text score in hexadecimal": "0301016103307831",
  "sorted set, a text score that ends in a NUL": "03010161023500",
  "sorted set, a text score behind a space": "03010161022037",
  "sorted set, an exponent without digits": "0301016103356578",
  "sorted set, a text score of spaces": "03010161022020",
  "sorted set, a text score that is empty": "0301016100",
  "sorted set, a text score that is none": "030101610178",
  "sorted set, a text score that begins with a NUL": "03010161020035",
  "sorted set, a text score that is NaN": "03010161036e616e",
  "string that ends in the version": "000668656c6c6f",
  "stream, count of elements": stream({ count: "02" }),
  "stream, live entries": stream({ live: "02" }),
  "stream, a deleted entry counted as live": stream({ flags: "03" }),
  "stream, unknown flags": stream({ flags: "06" }),
  "stream, size of an entry": stream({ size: "07" }),
  "stream, length too high": stream({ length: "09" }),
  "stream, length too low": stream({ length: "00" }),
  "stream, last ID before its entry's": stream({ lastId: "0100" }),
  "stream, entry before its node": stream({ sequence: "df ff 02" }),
  "stream, length without entries": "13000901010101000001 00",
  "stream, read: an end byte for the first flags": nodeWith({ 5: "ff" }),
  "stream, read: an end byte for later flags": nodeWith({ 10: "ff" }),
  "stream, read: an end byte for flags, and more behind it": nodeWith({ 15: "ff01" }),
  "stream, read: an end byte for the size of an entry": nodeWith({ 9: "ff" }),
  "stream, read: an end byte for the last size": nodeWith({ 21: "ff01" }),
  "stream, read: no size behind the last entry": nodeWith({ 21: "" }),
  "stream, read: a text for the end of the head": nodeWith({ 4: "817802" }),
  "stream, read: a number of fields in digits": nodeWith({ 2: "813102" }),
  "stream, read: deleted entries in digits": nodeWith({ 1: "813102" }),
  "stream, read: IDs in digits": nodeWith({ 6: "813102", 12: "813202", 17: "822d3103" }),
  "stream, read: flags in digits": nodeWith({ 15: "813002" }),
  "stream, read: own fields in digits": nodeWith({ 18: "813102" }),
  "stream, read: a way back with a byte too many": nodeWith({ 4: "0081", 6: "0081" }),
  "stream, read: numbers that start no length": nodeWith({}, "02 8585 8282 8383 84 00"),
  "stream, read: a length that starts no length": nodeWith({}, "82 0500 0101 0102 03 00"),
  "hash, count 0 of 2": "1014140000000000816602010181670283322e3504ff",
  "hash, count 1 of 4": "1014140000000100816602010181670283322e3504ff",
  "sorted set, count 0 of 6": "111a1a0000000000816302dffd02816102010181620283322e3504ff",
  "sorted set, count 1 of 6": "111a1a0000000100816302dffd02816102010181620283322e3504ff",
  "list, count 0 of 3": "12010211110000000000816102f1393003dfba02ff",
  "list, read: one of two nodes with count 0":
    "120202111100000000 00816102f1393003dfba02ff020a0a0000000100816202ff",
  "zipmap, a field twice": "090e02016601003101660201787900ff",
  "zipmap, count 255": "090eff016601003101670201787900ff",
  "string, read: compressed to nothing": "00c30000",
  "string, read: compressed from nothing": "00c30600016162e00101",
  "stream, pending entry without consumer": stream({
    groups: `01 0167 0101 01 01 ${"0000000000000001".repeat(2)} 24db421fa2010000 01 01 0163 24db421fa2010000 00`,
  }),
}

/** What of a damaged value is compared: what redis-server survives. */
const readsOf = (name: string): ReadonlyArray<string> | undefined => {
  if (name.includes("text score")) return ["ZRANGE", "k", "0", "-1", "WITHSCORES"]
  if (!name.includes("read:")) return undefined
  if (name.startsWith("stream")) return ["XRANGE", "k", "-", "+"]
  return name.startsWith("list") ? ["LRANGE", "k", "0", "-1"] : ["GET", "k"]
}

const USES = 25

describeOracle("damaged values", () => {
  it.each(["no", "yes"])("are restored as redis-server restores them, sanitize-dump-payload %s", (sanitize) =>
    withOracle({}, async (server) => {
      const connection = await server.connect()
      await connection.command("CONFIG", "SET", "sanitize-dump-payload", sanitize)
      client.run("CONFIG", "SET", "sanitize-dump-payload", sanitize)
      const taken: string[] = []
      for (const [name, hex] of Object.entries(payloads)) {
        const payload = sealed(Buffer.from(hex.replaceAll(" ", ""), "hex"))
        await connection.command("DEL", "k")
        client.run("FLUSHALL")
        const reply = await connection.text("RESTORE", "k", "0", payload)
        expect(client.run("RESTORE", "k", "0", payload), name).toBe(reply)
        if (reply !== "+OK\r\n") continue
        taken.push(name)
        const view = readsOf(name)
        if (view !== undefined) expect(client.run(...view), name).toBe(await connection.text(...view))
      }
      expect(taken.length).toBeGreaterThan(5)
      connection.close()
    }),
  )

  it.each(Object.entries(payloads))("can be used: %s", (name, hex) => {
    const { arena } = redix.engine.keyspace
    const payload = sealed(Buffer.from(hex.replaceAll(" ", ""), "hex"))
    const random = Random.forTest(name)
    client.run("CONFIG", "SET", "sanitize-dump-payload", "no")
    client.run("FLUSHALL")
    const before = arena.usedBytes
    for (let round = 0; round < 20; round++) {
      if (client.run("RESTORE", "k", "0", payload) === "+OK\r\n")
        for (const words of randomUses(random, client.run("TYPE", "k").slice(1, -2), USES))
          client.run(...words)
      client.run("FLUSHALL")
      expect(arena.usedBytes).toBe(before)
    }
    arena.checkInvariants()
  })
})

it("a stream whose stored first ID is none of its entries' has that of its first entry", () => {
  client.run("CONFIG", "SET", "sanitize-dump-payload", "no")
  client.run("FLUSHALL")
  for (const id of ["5-1", "6-1"]) client.run("XADD", "k", id, "f", "v")
  const reply = Buffer.from(client.run("DUMP", "k"), "latin1")
  const payload = reply.subarray(reply.indexOf("\r\n") + 2, -"\r\n".length - 10)
  // Behind the nodes: length, last ID, first ID.
  payload[payload.indexOf(Buffer.from([2, 6, 1, 5, 1])) + 3] = 4
  expect(client.run("RESTORE", "k", "0", sealed(payload), "REPLACE")).toBe("+OK\r\n")
  expect(client.run("XINFO", "STREAM", "k")).toContain("recorded-first-entry-id\r\n$3\r\n5-1\r\n")
  redix.engine.keyspace.checkInvariants()
})

describeOracle("files of an unusual make", () => {
  describe.each(["no", "yes"] as const)("with sanitize-dump-payload %s", (sanitize) => {
    it.each(files)("%s", async (file) => {
      expect(await redixView(file, sanitize)).toEqual(await oracleView(file, sanitize))
    })
  })
})
