/** The check of handlers finds what a newcomer's commands do wrong, and every declaration can be read. */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as specs from "../../src/commands/spec/index.js"
import { type Command, command, type Handler } from "../../src/engine/Command.js"
import type { CommandContext } from "../../src/engine/CommandContext.js"
import { repliesIn, watchContract } from "../../src/engine/Contract.js"
import { CommandSpec, spec } from "../../src/engine/declare/CommandSpec.js"
import { STRING_RAW } from "../../src/store/Entry.js"
import { localClient, type LocalClient } from "../support/Local.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const VALUE = Buffer.from("v")

const put = (c: CommandContext): void => {
  c.db.putString(c.write(1), c.buf, c.argOff[1], c.argLen[1], VALUE, 0, VALUE.length, STRING_RAW, false)
}

const declared = (name: string, flag: "readonly" | "write", handler: Handler): Command =>
  command(
    spec({ name, arity: 2, group: "string", since: "7.0.0", summary: "x", flags: [flag], keys: "RW @1" }),
    handler,
  )

const mistakes: ReadonlyArray<readonly [command: Command, breach: RegExp]> = [
  [declared("wnoreply", "readonly", () => {}), /gave 0 replies, not 1/],
  [
    declared("wtwice", "readonly", (c) => {
      c.out.ok()
      c.out.ok()
    }),
    /gave 2 replies, not 1/,
  ],
  [
    declared("wreadwrites", "readonly", (c) => {
      put(c)
      c.changed(1, 8, "set")
      c.out.ok()
    }),
    /is readonly and changed something/,
  ],
  [
    declared("wsilent", "write", (c) => {
      put(c)
      c.out.ok()
    }),
    /changed the number of keys and did not say so/,
  ],
]

/** Makes a key of zeros, which redis-server does not count as a change. */
const GROWING = "BITFIELD b OVERFLOW FAIL INCRBY u8 0 300"

describe("handlers that break their contract", () => {
  let redix: TestRedix
  let client: LocalClient
  const offences: Array<string> = []

  beforeAll(async () => {
    redix = await startRedix()
    const { table } = redix.engine.dispatcher
    table.add(mistakes.map(([cmd]) => cmd))
    watchContract(table, (text) => offences.push(text))
    client = localClient(redix.engine)
  })
  // The server's own check has seen only commands that were there when it began.
  afterAll(() => redix.stop())

  for (const [{ name }, breach] of mistakes) {
    it(`are found: ${name}`, () => {
      client.run(name, `key of ${name}`)
      expect(offences).toHaveLength(1)
      const [offence = ""] = offences.splice(0)
      expect(offence).toMatch(breach)
      expect(offence.endsWith(`: ${name} key of ${name}`)).toBe(true)
    })
  }

  it("others are not", () => {
    for (const line of [
      "SET k v EX 100",
      "GET k",
      "DEL k",
      "DEL k",
      "RPUSH l a b",
      "LPOP l 2",
      "FLUSHALL",
      GROWING,
    ])
      client.run(...line.split(" "))
    expect(offences).toEqual([])
  })
})

it("replies are counted in every type", () => {
  const count = (text: string): number => repliesIn(Buffer.from(text))
  expect(count("+OK\r\n:1\r\n")).toBe(2)
  expect(count("*2\r\n$3\r\na\r\n\r\n*-1\r\n$-1\r\n")).toBe(2)
  expect(count("%1\r\n+a\r\n~2\r\n:1\r\n:2\r\n_\r\n,1.5\r\n#t\r\n")).toBe(4)
  expect(count("|1\r\n+a\r\n+b\r\n+reply\r\n")).toBe(1)
  expect(() => count("$5\r\nabc")).not.toThrow()
  expect(() => count("*2\r\n:1\r\n")).toThrow(/cut off/)
})

it("the keys and arguments of every declaration can be read", () => {
  const all = Object.values(specs).filter((one) => one instanceof CommandSpec)
  expect(all.length).toBeGreaterThan(300)
  for (const one of all) {
    expect(() => [one.keySpecs, one.arguments, one.firstKey], one.name).not.toThrow()
  }
  const bad = { name: "x", arity: 2, group: "string", since: "7.0.0", summary: "x" } as const
  expect(() => spec({ ...bad, keys: "RO acess @@" }).keySpecs).toThrow()
  expect(() => spec({ ...bad, args: "key#0 [[" }).arguments).toThrow()
})
