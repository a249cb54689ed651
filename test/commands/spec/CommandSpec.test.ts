/** Declarations without an oracle: the two notations, what a spec derives, and rules every declaration keeps. */
import { describe, expect, it } from "vitest"
import { parseArguments } from "../../../src/engine/declare/ArgumentSyntax.js"
import { catalogueOf, findByFullName, findByWords } from "../../../src/engine/declare/Catalogue.js"
import { spec } from "../../../src/engine/declare/CommandSpec.js"
import { CONFIG, CONFIG_GET, EVAL_RO, GET, MSET, SET, XREAD } from "../../../src/commands/spec/index.js"
import { parseKeySpecs } from "../../../src/engine/declare/KeySyntax.js"
import { allSpecs } from "./Support.js"

describe("argument notation", () => {
  const plain = {
    token: undefined,
    keySpecIndex: undefined,
    since: undefined,
    deprecatedSince: undefined,
    flags: [],
    arguments: [],
  }

  it("reads names, types, tokens and key specs", () => {
    expect(parseArguments(`key#0 n:int EX=seconds:int NX "*"=any:token 'ip:port'`)).toEqual([
      { ...plain, name: "key", type: "key", keySpecIndex: 0 },
      { ...plain, name: "n", type: "integer" },
      { ...plain, name: "seconds", type: "integer", token: "EX" },
      { ...plain, name: "nx", type: "pure-token", token: "NX" },
      { ...plain, name: "any", type: "pure-token", token: "*" },
      { ...plain, name: "ip:port", type: "string" },
    ])
  })

  it("reads options, repetition, versions, choices and blocks", () => {
    expect(parseArguments("[GET=p:pattern...+@6.2.0] f(A|b:double) {x y}".replace("{", "l{"))).toEqual([
      {
        ...plain,
        name: "p",
        type: "pattern",
        token: "GET",
        since: "6.2.0",
        flags: ["optional", "multiple", "multiple_token"],
      },
      {
        ...plain,
        name: "f",
        type: "oneof",
        arguments: [
          { ...plain, name: "a", type: "pure-token", token: "A" },
          { ...plain, name: "b", type: "double" },
        ],
      },
      {
        ...plain,
        name: "l",
        type: "block",
        arguments: [
          { ...plain, name: "x", type: "string" },
          { ...plain, name: "y", type: "string" },
        ],
      },
    ])
  })

  it("refuses what it does not know", () => {
    for (const text of ["", "key:nosuch", "[a", "a)", "A=", "a  b", "f(a", "l{a"])
      expect(() => parseArguments(text), text).toThrow()
  })
})

describe("key spec notation", () => {
  it("reads places, ranges, counts and notes", () => {
    expect(
      parseKeySpecs("OW update @1 ..-1/2; RO access @STREAMS>1 ..-1%2; RO @2 numkeys; RO @? -- why"),
    ).toEqual([
      {
        notes: undefined,
        flags: ["OW", "update"],
        begin: { type: "index", index: 1 },
        find: { type: "range", lastKey: -1, keyStep: 2, limit: 0 },
      },
      {
        notes: undefined,
        flags: ["RO", "access"],
        begin: { type: "keyword", keyword: "STREAMS", startFrom: 1 },
        find: { type: "range", lastKey: -1, keyStep: 1, limit: 2 },
      },
      {
        notes: undefined,
        flags: ["RO"],
        begin: { type: "index", index: 2 },
        find: { type: "keynum", keyNumIndex: 0, firstKey: 1, keyStep: 1 },
      },
      { notes: "why", flags: ["RO"], begin: { type: "unknown" }, find: { type: "unknown" } },
    ])
  })

  it("refuses what it does not know", () => {
    for (const text of ["", "RO", "RO 1", "RO @x", "RO @1 numkey", "NO @1"])
      expect(() => parseKeySpecs(text), text).toThrow()
  })
})

describe("a declaration", () => {
  it("spreads its flags and derives categories and the legacy triple", () => {
    expect([SET.isWrite, SET.isReadOnly, SET.denyOom, SET.fast, SET.blocking]).toEqual([
      true,
      false,
      true,
      false,
      false,
    ])
    expect([GET.isWrite, GET.isReadOnly, GET.fast]).toEqual([false, true, true])
    expect([XREAD.blocking, XREAD.movableKeys]).toEqual([true, true])
    expect(SET.acl).toEqual(["write", "string", "slow"])
    expect(EVAL_RO.acl).toEqual(["slow", "scripting"])
    expect([MSET.firstKey, MSET.lastKey, MSET.keyStep]).toEqual([1, -1, 2])
    expect([XREAD.firstKey, XREAD.lastKey, XREAD.keyStep]).toEqual([0, 0, 0])
    expect([CONFIG_GET.name, CONFIG_GET.container, CONFIG.container]).toEqual([
      "config|get",
      "config",
      undefined,
    ])
  })

  it("checks the length of requests", () => {
    expect([1, 2, 3].map((n) => GET.arityAllows(n))).toEqual([false, true, false])
    expect([2, 3, 4].map((n) => SET.arityAllows(n))).toEqual([false, true, true])
  })

  it("tells the first key without parsing as the parsed specs tell it, whichever command it is", () => {
    const firstOf = ({ keySpecs: [first] }: (typeof allSpecs)[number]): number => {
      if (first?.begin.type !== "index") return 0
      return first.begin.index + (first.find.type === "keynum" ? first.find.firstKey : 0)
    }
    for (const one of allSpecs) expect([one.name, one.key]).toEqual([one.name, firstOf(one)])
    const keys = [GET, EVAL_RO, XREAD, CONFIG_GET].map(({ key }) => key)
    expect(keys).toEqual([1, 3, 0, 0])
  })

  it("keeps the house rules, whichever command it is", () => {
    for (const { name, summary, since, history, keySpecs, arguments: args } of allSpecs) {
      expect(summary, name).toMatch(/^[A-Z].*[A-Za-z0-9)]\.$/)
      expect(since, name).toMatch(/^\d+\.\d+\.\d+$/)
      expect(name).toBe(name.toLowerCase())
      for (const change of history) expect(change, name).toMatch(/^\d+\.\d+\.\d+ \S/)
      for (const { keySpecIndex } of args)
        if (keySpecIndex !== undefined) expect(keySpecs.length, name).toBeGreaterThanOrEqual(0)
    }
    expect(new Set(allSpecs.map(({ name }) => name)).size).toBe(allSpecs.length)
  })
})

describe("a catalogue", () => {
  const catalogue = catalogueOf([CONFIG_GET, GET, CONFIG])

  it("finds commands by full name and by the words of a request", () => {
    expect(findByFullName(catalogue, "Config|GET")?.spec).toBe(CONFIG_GET)
    expect(findByFullName(catalogue, "get")?.spec).toBe(GET)
    expect(findByFullName(catalogue, "get|x")).toBeUndefined()
    expect(findByFullName(catalogue, "set")).toBeUndefined()
    expect(findByWords(catalogue, "CONFIG", "Get")).toBe(CONFIG_GET)
    expect(findByWords(catalogue, "config", undefined)).toBe(CONFIG)
    expect(findByWords(catalogue, "config", "set")).toBeUndefined()
    expect(findByWords(catalogue, "get", "get")).toBe(GET)
    expect(findByWords(catalogue, "", undefined)).toBeUndefined()
  })

  it("refuses lists that cannot be right", () => {
    expect(() => catalogueOf([GET, GET])).toThrow(/twice/)
    expect(() => catalogueOf([CONFIG_GET])).toThrow(/container/)
    const facts = { name: "x", arity: 1, group: "generic", since: "1.0.0", summary: "X." } as const
    expect(() => spec({ ...facts, args: "(" }).arguments).toThrow()
  })
})
