/** Directories of append-only files, damaged: both servers start from them, or neither, and so do both tools judge. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { expect, it } from "vitest"
import { EMPTY_GROUP } from "../../../src/aof/AofFormat.js"
import { withTempDir } from "../../rdb/PersistenceSupport.js"
import { effort } from "../../support/Effort.js"
import { describeOracle, OracleError, withOracle } from "../../support/Oracle.js"
import { root } from "../../support/Program.js"
import { Random, runSeed } from "../../support/Random.js"
import { encodeCommand } from "../../support/RawClient.js"
import { startRedix } from "../../support/Redix.js"

/** Files by name, the manifest among them. */
type Directory = Readonly<Record<string, Buffer>>

const MANIFEST = "appendonly.aof.manifest"

const put = (dir: string, files: Directory): void => {
  fs.mkdirSync(`${dir}/appendonlydir`, { recursive: true })
  for (const [name, bytes] of Object.entries(files)) fs.writeFileSync(`${dir}/appendonlydir/${name}`, bytes)
}

/** Whether a start has left the files as long as they were. */
const isUncut = (dir: string, files: Directory): boolean =>
  Object.entries(files).every(
    ([name, { length }]) => name === MANIFEST || fs.statSync(`${dir}/appendonlydir/${name}`).size === length,
  )

const CONFIG = { appendonly: "yes", "aof-load-truncated": "yes" }

/** What each finds, or that it does not start. */
const theirs = (dir: string, config = CONFIG): Promise<string> =>
  withOracle({ dir, config }, async (oracle) => {
    const client = await oracle.connect()
    const digest = await client.text("DEBUG", "DIGEST")
    client.close()
    return digest
  }).catch((error: unknown) => {
    if (error instanceof OracleError && error.message.includes("become ready")) return "refused"
    throw error
  })

const ours = async (dir: string, loadTruncated = true): Promise<string> => {
  const directives = { dir, appendonly: true, "aof-load-truncated": loadTruncated }
  const server = await startRedix({}, directives).catch(() => undefined)
  if (server === undefined) return "refused"
  const client = await server.connect()
  const digest = await client.text("DEBUG", "DIGEST")
  client.close()
  await server.stop()
  return digest
}

const set = (key: string): Buffer => encodeCommand(["SET", key, "x".repeat(50)])
const cut = (bytes: Buffer): Buffer => bytes.subarray(0, -3)
const manifest = (...lines: ReadonlyArray<string>): Buffer => Buffer.from(`${lines.join("\n")}\n`)
const THREE = manifest("file b seq 1 type b", "file i1 seq 1 type i", "file i2 seq 2 type i")
const MULTI = encodeCommand(["MULTI"])
/** As long as what begins a file of groups. */
const short = encodeCommand(["SET", "k", "v".repeat(EMPTY_GROUP.length - 26)])

const CASES: Readonly<Record<string, Directory>> = {
  "the last cut": { b: set("a"), i1: set("b"), i2: cut(set("c")), [MANIFEST]: THREE },
  "one in the middle cut": { b: set("a"), i1: cut(set("b")), i2: set("c"), [MANIFEST]: THREE },
  "one in the middle cut, before a short one": {
    b: set("a"),
    i1: cut(set("b")),
    i2: short,
    [MANIFEST]: THREE,
  },
  "the base cut": { b: cut(set("a")), i1: set("b"), i2: set("c"), [MANIFEST]: THREE },
  "the base cut, and alone": { b: cut(set("a")), [MANIFEST]: manifest("file b seq 1 type b") },
  "a transaction without end": {
    b: set("a"),
    i1: set("b"),
    i2: Buffer.concat([MULTI, set("c")]),
    [MANIFEST]: THREE,
  },
  "such a one in the middle": {
    b: set("a"),
    i1: Buffer.concat([MULTI, set("c")]),
    i2: set("d"),
    [MANIFEST]: THREE,
  },
  "an unknown command": { b: set("a"), i1: set("b"), i2: encodeCommand(["FOO"]), [MANIFEST]: THREE },
  "a zero byte in a length": {
    b: set("a"),
    i: Buffer.concat([Buffer.from("*3\r\n$3\r\nSET\r\n$\0\r\n6\r\n"), set("b")]),
    [MANIFEST]: manifest("file b seq 1 type b", "file i seq 1 type i"),
  },
  "a length without end": {
    b: set("a"),
    i: Buffer.concat([set("b"), Buffer.from(`*3\r\n$3\r\nSET\r\n$${"x".repeat(50)}`)]),
    [MANIFEST]: manifest("file b seq 1 type b", "file i seq 1 type i"),
  },
  "a length that is cut": {
    b: set("a"),
    i: Buffer.concat([set("b"), Buffer.from(`*3\r\n$3\r\nSET\r\n$100`)]),
    [MANIFEST]: manifest("file b seq 1 type b", "file i seq 1 type i"),
  },
  "the last gone": { b: set("a"), i1: set("b"), [MANIFEST]: THREE },
  "the base gone": { i1: set("a"), i2: set("b"), [MANIFEST]: THREE },
  "all empty": { b: Buffer.alloc(0), i1: Buffer.alloc(0), i2: Buffer.alloc(0), [MANIFEST]: THREE },
  "history gone": { b: set("a"), [MANIFEST]: manifest("file h seq 1 type h", "file b seq 1 type b") },
  "an empty manifest": { b: set("a"), [MANIFEST]: Buffer.alloc(0) },
  "comments, unknown words and quotes": {
    "b c": set("a"),
    i: set("b"),
    [MANIFEST]: manifest("type i seq 3 file i", "# a comment", 'file "b c" seq 1 type b more words'),
  },
}

it("what can be no length is not cut off as one that is torn", () =>
  withTempDir(async (dir) => {
    const tail = Buffer.from(`*1\r\n$${"9".repeat(200)}`)
    put(dir, { i: Buffer.concat([set("a"), tail]), [MANIFEST]: manifest("file i seq 1 type i") })
    expect(await ours(dir)).toBe("refused")
  }))

describeOracle("damaged directories", () => {
  it.each(Object.entries(CASES))("%s", (_, files) =>
    withTempDir(async (dir) => {
      for (const loadTruncated of [true, false]) {
        const places = ["ours", "theirs"].map((who) => `${dir}/${who}-${loadTruncated}`)
        for (const place of places) put(place, files)
        const [mine = "", other = ""] = places
        const yesNo = loadTruncated ? "yes" : "no"
        expect([yesNo, await ours(mine, loadTruncated)]).toEqual([
          yesNo,
          await theirs(other, { ...CONFIG, "aof-load-truncated": yesNo }),
        ])
      }
    }),
  )

  const command = (random: Random): Buffer => {
    const key = random.pick(["k", "l", "list"])
    return encodeCommand(
      random.pick([
        ["SET", key, "x".repeat(random.below(80))],
        ["RPUSH", "list", "a", "b"],
        ["SELECT", String(random.below(3))],
        ["SADD", "set", String(random.below(9))],
        ["DEL", key],
      ]),
    )
  }

  const commands = (random: Random): Buffer =>
    Buffer.concat(
      random.times(random.between(1, 5), () =>
        random.chance(0.2)
          ? Buffer.concat([MULTI, command(random), command(random), encodeCommand(["EXEC"])])
          : command(random),
      ),
    )

  /** An RDB file of a few keys. */
  const rdbFile = async (): Promise<Buffer> =>
    withTempDir(async (dir) => {
      const server = await startRedix({}, { dir })
      const client = await server.connect()
      for (const words of [["SET", "k", "1"], ["RPUSH", "list", "x"], ["SAVE"]]) await client.text(...words)
      client.close()
      await server.stop()
      return fs.readFileSync(`${dir}/dump.rdb`)
    })

  /** Some bytes are lost, changed or added. */
  const harmed = (random: Random, bytes: Buffer): Buffer => {
    const at = random.below(bytes.length + 1)
    const other = Buffer.from(bytes)
    switch (random.below(4)) {
      case 0:
        return other.subarray(0, at)
      case 1:
        if (at < other.length) other[at] = random.pick([0x2a, 0x24, 0x30, 0x39, 0x0d, 0x78, 0x20, 0x00])
        return other
      case 2:
        return Buffer.concat([other, random.pick([Buffer.from("x\r\n"), Buffer.alloc(20), command(random)])])
      default:
        return Buffer.concat([other.subarray(0, at), other.subarray(at + random.between(1, 3))])
    }
  }

  const lines = (random: Random, increments: ReadonlyArray<string>): Buffer => {
    const each = ["file b seq 1 type b", ...increments.map((name, i) => `file ${name} seq ${i + 1} type i`)]
    if (random.chance(0.2)) each.splice(random.below(each.length), 0, "# seen", "file old seq 1 type h")
    return manifest(...each)
  }

  it("harmed in any place", { timeout: 20_000 * (effort(12) + 5) }, () =>
    withTempDir(async (dir) => {
      const random = Random.forTest("damaged directories")
      const rdb = await rdbFile()
      for (let round = 0; round < effort(12); round++) {
        const increments = random.times(random.between(1, 3), (i) => `i${i}`)
        const files: Record<string, Buffer> = { [MANIFEST]: lines(random, increments) }
        files["b"] = random.chance(0.5) ? rdb : commands(random)
        for (const name of increments) files[name] = commands(random)
        const name = random.pick(Object.keys(files))
        if (random.chance(0.1)) delete files[name]
        else files[name] = harmed(random, files[name] ?? Buffer.alloc(0))
        // Before empty ones a torn increment is cut, as the last with something in it.
        if (files[name]?.length === 0 && name.startsWith("i")) files[name] = command(random)
        const places = ["tools", "ours", "theirs"].map((who) => `${dir}/${round}-${who}`)
        for (const place of places) put(place, files)
        const [tools = "", mine = "", other = ""] = places
        const shown = Object.entries(files).map(([name, bytes]) => [name, bytes.toString("latin1")])
        const label = `round ${round} (seed ${runSeed()}): ${JSON.stringify(shown)}`
        const args = [`appendonlydir/${MANIFEST}`]
        const options = { cwd: tools, encoding: "latin1" as const }
        const judged = spawnSync(process.execPath, [path.join(root, "dist/check-aof.js"), ...args], options)
        const told = spawnSync("redis-check-aof", args, options)
        expect(judged.status, `${label}\n${judged.stdout}\n${told.stdout}`).toBe(told.status)
        const found = await ours(mine)
        // Of a line that is none redis-server takes what it can read, where its own tool finds damage: that is not cut off.
        const damaged = /: Expected (?!to read|.*got: 00)/.test(told.stdout)
        if (damaged && (found === "refused" || isUncut(mine, files))) continue
        expect(found, label).toBe(await theirs(other))
      }
    }),
  )
})
