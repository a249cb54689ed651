/** The options of commands, as their declarations have them. */
import { expect, it } from "vitest"
import * as specs from "../../src/commands/spec/index.js"
import { CommandSpec, spec } from "../../src/engine/declare/CommandSpec.js"
import { type Options, options, type Words } from "../../src/engine/Options.js"

const request = (line: string): Words => {
  const buf = Buffer.from(line)
  const words = line.split(" ")
  const argOff = new Int32Array(words.length)
  for (let i = 1; i < words.length; i++) argOff[i] = argOff[i - 1] + words[i - 1].length + 1
  return {
    buf,
    argc: words.length,
    argOff,
    argLen: Int32Array.from(words, (word) => word.length),
    is: (i, upper) => words[i].toUpperCase() === upper,
  }
}

/** The options that a walk from word `from` on finds, each with its words; "?" for a word that is none. */
const walk = (
  declared: Options,
  tokens: ReadonlyArray<string>,
  line: string,
  from: number,
): Array<string> => {
  const c = request(line)
  const words = line.split(" ")
  const found: Array<string> = []
  for (let i = from, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === 0) return [...found, "?"]
    const token = tokens[declared.bits(...tokens).indexOf(option)]
    expect(words[i].toUpperCase()).toBe(token)
    found.push(words.slice(i, i + declared.words(option)).join(" "))
  }
  return found
}

const declare = (args: string): Options =>
  options(spec({ name: "x", arity: -2, group: "string", since: "7.0.0", summary: "x", args }))

it("those of every declaration can be read", () => {
  for (const one of Object.values(specs))
    if (one instanceof CommandSpec) expect(() => options(one), one.name).not.toThrow()
})

it("take their values with them", () => {
  const sort = options(specs.SORT)
  const tokens = ["BY", "LIMIT", "GET", "ASC", "DESC", "ALPHA", "STORE"]
  expect(walk(sort, tokens, "SORT k by w_* Limit 0 10 GET # get x_* DESC ALPHA STORE d", 2)).toEqual(
    "by w_*,Limit 0 10,GET #,get x_*,DESC,ALPHA,STORE d".split(","),
  )
  expect(walk(sort, tokens, "SORT k ALPHA LIMIT 0", 2)).toEqual(["ALPHA", "?"])
  expect(walk(sort, tokens, "SORT k ALPHAS", 2)).toEqual(["?"])
})

it("are found in blocks and choices, with what must follow them", () => {
  const search = options(specs.GEOSEARCH)
  const tokens = ["FROMMEMBER", "FROMLONLAT", "BYRADIUS", "BYBOX", "COUNT", "ANY", "ASC", "WITHDIST"]
  const line = "GEOSEARCH k FROMLONLAT 1 2 BYBOX 3 4 km COUNT 5 ANY ASC BYRADIUS 6 m WITHDIST"
  expect(walk(search, tokens, line, 2)).toEqual(
    "FROMLONLAT 1 2,BYBOX 3 4 km,COUNT 5,ANY,ASC,BYRADIUS 6 m,WITHDIST".split(","),
  )
  const trim = options(specs.XTRIM)
  expect(walk(trim, ["MAXLEN", "LIMIT"], "XTRIM k MAXLEN 5 LIMIT 6", 2)).toEqual(["MAXLEN 5", "LIMIT 6"])
  const failover = options(specs.FAILOVER)
  const line2 = "FAILOVER TO host 1 FORCE TIMEOUT 5"
  expect(walk(failover, ["TO", "FORCE", "TIMEOUT"], line2, 1)).toEqual(["TO host 1", "FORCE", "TIMEOUT 5"])
  expect(walk(options(specs.XREAD), ["STREAMS", "COUNT"], "XREAD COUNT 2 STREAMS k", 1)).toEqual([
    "COUNT 2",
    "STREAMS k",
  ])
})

it("leave choices at a fixed place or as a value to `choice`", () => {
  const zunion = options(specs.ZUNION)
  expect(zunion.at(request("SUM"), 0)).toBe(0)
  expect(zunion.choice("aggregate").at(request("sum"), 0)).not.toBe(0)
  expect(options(specs.LMPOP).at(request("LEFT"), 0)).toBe(0)
  expect(options(specs.LMPOP).choice("where").at(request("LEFT"), 0)).not.toBe(0)
  expect(() => zunion.choice("where")).toThrow("no choice where")
  expect(() => zunion.bits("SUM")).toThrow("no option SUM")
})

it("rule each other out where one of several is declared", () => {
  const set = options(specs.SET)
  const [NX, EX, KEEPTTL, GET] = set.bits("NX", "EX", "KEEPTTL", "GET")
  const read = (line: string): number => set.read(request(line), 3)
  expect(read("SET k v NX EX 5 GET")).toBe(NX | EX | GET)
  expect(set.value(EX)).toBe(5)
  expect(read("SET k v EX 5 EX 6")).toBe(EX)
  expect(set.value(EX)).toBe(6)
  expect(read("SET k v KEEPTTL")).toBe(KEEPTTL)
  for (const bad of ["NX XX", "EX 5 PX 6", "EX 5 KEEPTTL", "EX", "ex 5 px", "GET NIX"])
    expect(read(`SET k v ${bad}`)).toBe(-1)
  const [BYRADIUS, BYBOX] = options(specs.GEOSEARCH).bits("BYRADIUS", "BYBOX")
  expect(options(specs.GEOSEARCH).rivals(BYRADIUS)).toBe(BYBOX)
})

it("of several declarations are one set; more than fit in an integer are refused", () => {
  const both = options(specs.XADD, specs.XCLAIM)
  expect(both.bits("MAXLEN", "JUSTID").every((bit) => bit > 0)).toBe(true)
  const many = Array.from({ length: 31 }, (_, i) => `[A${i}]`).join(" ")
  expect(() => declare(`key#0 ${many}`)).toThrow("too many options")
})
