/**
 * The commands that make a data set anew are redis-server's own, batch by batch, and make the data set that was there
 * when the snapshot opened.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { ParseStatus, RequestParser } from "../../src/resp/RequestParser.js"
import { localClient, type LocalClient } from "../support/Local.js"
import { effort } from "../support/Effort.js"
import { describeOracle, type OracleServer, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { compiledWorker, type OpenPersistence, openPersistence, withTempDir } from "./PersistenceSupport.js"
import { keyspaceLines, RandomWrites } from "./RandomWrites.js"
import { untilTrue } from "../support/Patience.js"

const writeBase = async (
  { persistence }: OpenPersistence,
  dir: string,
  timestamp = false,
  atCut = (): void => {},
): Promise<Buffer> => {
  const file = path.join(dir, "base.aof")
  const temp = path.join(dir, "temp.aof")
  const options = {
    temp,
    form: "commands",
    timestamp,
    incrementalSync: true,
    atCut,
    onOpen: () => {},
  } as const
  await Effect.runPromise(persistence.writeBase(file, options))
  return fs.readFileSync(file)
}

const commandsIn = (file: Uint8Array): Array<Array<string>> => {
  const parser = new RequestParser({ maxBulkLength: Infinity, authenticated: true })
  parser.feed(file)
  const commands: Array<Array<string>> = []
  while (parser.next() === ParseStatus.Command) {
    const words = Array.from({ length: parser.argc }, (_, i) => {
      const off = parser.argOff[i] ?? 0
      return Buffer.from(parser.buf.slice(off, off + (parser.argLen[i] ?? 0))).toString("latin1")
    })
    commands.push(words)
  }
  expect(parser.pending).toBe(0)
  return commands
}

/** How many arguments an element takes, for the commands whose elements stand in the order of a hash table. */
const UNORDERED: Readonly<Record<string, number>> = { SADD: 1, HMSET: 2, ZADD: 2 }

/** What a file says of each key, by database and key; elements without an order of their own are sorted. */
const byKey = (file: Uint8Array): Readonly<Record<string, ReadonlyArray<string>>> => {
  const keys = new Map<string, { readonly lines: Array<string>; readonly elements: Array<string> }>()
  let database = "none"
  for (const words of commandsIn(file)) {
    const [name = "", first = ""] = words
    if (name === "SELECT") database = first
    const key = `${database} ${name === "XGROUP" ? words[2] : name === "SELECT" ? "" : first}`
    const said = keys.get(key) ?? { lines: [], elements: [] }
    keys.set(key, said)
    const size = UNORDERED[name]
    said.lines.push(size === undefined ? words.join(" ") : `${name} ${words.length}`)
    if (size === undefined) continue
    for (let i = 2; i < words.length; i += size) said.elements.push(words.slice(i, i + size).join(" "))
  }
  return Object.fromEntries(
    [...keys].map(([key, { lines, elements }]) => [key, [...lines, ...elements.sort()]] as const),
  )
}

const numbers = (n: number, prefix = ""): ReadonlyArray<string> =>
  Array.from({ length: n }, (_, i) => prefix + i)

/** Every type in every encoding, at the sizes where batches begin and end. */
const commands: ReadonlyArray<ReadonlyArray<string>> = [
  ["SET", "s", "hello"],
  ["SET", "int", "-123"],
  ["SET", "empty", ""],
  ["SET", "long", "x".repeat(100_000)],
  ["SET", "expires", "v"],
  ["PEXPIREAT", "expires", "33000000000001"],
  ...[1, 64, 65, 128, 1000].flatMap((n) => [
    ["RPUSH", `list:${n}`, ...numbers(n)],
    ["SADD", `ints:${n}`, ...numbers(n)],
    ["SADD", `set:${n}`, ...numbers(n, "m")],
    ["HSET", `hash:${n}`, ...numbers(n, "f").flatMap((field) => [field, "v"])],
    ["ZADD", `zset:${n}`, ...numbers(n, "m").flatMap((member, i) => [String(i / 7), member])],
  ]),
  ["RPUSH", "plain", "x".repeat(20_000), "y".repeat(9000), "z"],
  [
    "ZADD",
    "scores",
    "inf",
    "a",
    "-inf",
    "b",
    "1e300",
    "c",
    "5e-324",
    "d",
    "1e17",
    "e",
    "-0",
    "f",
    "0.1",
    "g",
  ],
  ["HSET", "bytes", "\r\n", "\0\xff", "", ""],
  ["XADD", "st", "1-1", "f", "v", "g", "w"],
  ["XADD", "st", "1-2", "f", "v", "g", "w"],
  ["XADD", "st", "18446744073709551614-18446744073709551615", "other", "1"],
  ["XDEL", "st", "1-2"],
  ["XADD", "gone", "5-5", "a", "b"],
  ["XDEL", "gone", "5-5"],
  ["XGROUP", "CREATE", "fresh", "g", "$", "MKSTREAM"],
  ["XADD", "g", "1-1", "a", "1"],
  ["XADD", "g", "2-1", "a", "2"],
  ["XADD", "g", "3-1", "a", "3"],
  ["XGROUP", "CREATE", "g", "one", "0"],
  ["XGROUP", "CREATE", "g", "two", "2-1", "ENTRIESREAD", "2"],
  ["XGROUP", "CREATECONSUMER", "g", "one", "idle"],
  ["XCLAIM", "g", "one", "c1", "0", "1-1", "TIME", "1700000000000", "RETRYCOUNT", "3", "FORCE", "JUSTID"],
  ["XCLAIM", "g", "one", "c2", "0", "2-1", "TIME", "1700000000001", "RETRYCOUNT", "1", "FORCE", "JUSTID"],
  ["XCLAIM", "g", "one", "c1", "0", "3-1", "TIME", "1700000000002", "RETRYCOUNT", "7", "FORCE", "JUSTID"],
  ["SELECT", "3"],
  ["SET", "other", "database"],
]

const run = (client: LocalClient, list: ReadonlyArray<ReadonlyArray<string>>): void => {
  for (const words of list) {
    if (words[0] === "SELECT") client.session.database = Number(words[1])
    else {
      const reply = client.run(...words.map((word) => Buffer.from(word, "latin1")))
      if (reply.startsWith("-")) throw new Error(`${words.slice(0, 3).join(" ")}: ${reply}`)
    }
  }
}

/** A keyspace's lines without those of keys that pass away while the test runs. */
const lasting = (lines: ReadonlyArray<string>, now: number): ReadonlyArray<string> =>
  lines.filter((line) => {
    const at = Number(line.slice(line.lastIndexOf(" ")))
    return at === -1 || at > now + 1_000_000
  })

/** The base that redis-server writes of the same commands. */
const oracleBase = (dir: string): Promise<Buffer> =>
  withOracle({ dir, config: { appendonly: "yes", "aof-use-rdb-preamble": "no" } }, async (oracle) => {
    const client = await oracle.connect()
    for (const words of commands) await client.command(...words.map((word) => Buffer.from(word, "latin1")))
    await client.command("BGREWRITEAOF")
    const base = path.join(dir, "appendonlydir", "appendonly.aof.2.base.aof")
    await untilTrue(async () => fs.existsSync(base))
    client.close()
    return fs.readFileSync(base)
  })

const digestOf = async (oracle: OracleServer): Promise<string> => {
  const client = await oracle.connect()
  const digest = (await client.command("DEBUG", "DIGEST")).toString("latin1")
  client.close()
  return digest
}

describe("the commands that make a data set anew", () => {
  it("begin with a line of the time where that is wanted", () =>
    withTempDir(async (dir) => {
      const open = await openPersistence()
      expect((await writeBase(open, dir)).length).toBe(0)
      localClient(open.engine).run("SET", "a", "b")
      const file = (await writeBase(open, dir, true)).toString("latin1")
      const set = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"
      expect(file).toMatch(/^#TS:\d{10,}\r\n/)
      expect(file.replace(/^#.*\r\n/, "")).toBe(set)
      await open.close()
    }))

  it("make what was there at the cut, however it was written to meanwhile", async () => {
    const random = Random.forTest("rewrite")
    for (let round = 0; round < effort(4); round++)
      await withTempDir(async (dir) => {
        const open = await openPersistence({}, round % 2 === 0 ? compiledWorker : "inline")
        const writes = new RandomWrites(random, localClient(open.engine), 400)
        writes.fill(6000)
        let model: ReadonlyArray<string> = []
        let done = false
        const file = writeBase(
          open,
          dir,
          false,
          () => (model = lasting(keyspaceLines(open.keyspace), open.keyspace.now)),
        )
        const writing = untilTrue(async () => {
          writes.fill(20)
          return done
        })
        const again = await openPersistence()
        const client = localClient(again.engine)
        const bytes = await file
        done = true
        await writing
        run(client, commandsIn(bytes))
        expect(model.length).toBeGreaterThan(100)
        expect(lasting(keyspaceLines(again.keyspace), open.keyspace.now)).toEqual(model)
        await again.close()
        await open.close()
      })
  })
})

describeOracle("the commands that make a data set anew, beside redis-server's", () => {
  it("are the same for every type and encoding", () =>
    withTempDir(async (dir) => {
      const open = await openPersistence()
      run(localClient(open.engine), commands)
      const ours = byKey(await writeBase(open, dir))
      expect(ours).toEqual(byKey(await oracleBase(dir)))
      expect(Object.keys(ours).length).toBe(40)
      await open.close()
    }))

  it("are loaded by redis-server to the same digest", () =>
    withTempDir(async (dir) => {
      const open = await openPersistence()
      run(localClient(open.engine), commands)
      fs.renameSync(
        path.join(dir, await writeBase(open, dir).then(() => "base.aof")),
        path.join(dir, "appendonly.aof"),
      )
      await open.close()
      const loaded = await withOracle({ dir, config: { appendonly: "yes" } }, digestOf)
      const made = await withOracle({}, async (oracle) => {
        const client = await oracle.connect()
        for (const words of commands)
          await client.command(...words.map((word) => Buffer.from(word, "latin1")))
        client.close()
        return digestOf(oracle)
      })
      expect(loaded).toBe(made)
    }))
})
