/** EVAL and SCRIPT answer as redis-server does: arguments, conversions both ways, errors, flags, the library `redis`. */
import { createHash } from "node:crypto"
import { afterAll, beforeAll, expect, it } from "vitest"
import { describeOracle } from "../support/Oracle.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { calls, library, returns } from "./sources.js"
import { differences, type Line, script } from "./Compared.js"

let redix: TestRedix
beforeAll(async () => void (redix = await startRedix()))
afterAll(() => redix.stop())

const shaOf = (source: string): string => createHash("sha1").update(source, "latin1").digest("hex")
const KNOWN = "return {KEYS[1],ARGV[1]}"

const argumentErrors: ReadonlyArray<Line> = [
  ["EVAL", "return 1"],
  ["EVAL", "return 1", "x"],
  ["EVAL", "return 1", "1.5"],
  ["EVAL", "return 1", "-1"],
  ["EVAL", "return 1", "-1", "a"],
  ["EVAL", "return 1", "1"],
  ["EVAL", "return 1", "2", "a"],
  ["EVAL", "return 1", "99999999999999999999"],
  ["EVAL", "syntax error", "x"],
  ["EVALSHA", "abc", "x"],
  ["EVALSHA", "f".repeat(40), "x"],
  ["EVALSHA", "f".repeat(40), "0"],
  ["EVALSHA", shaOf(KNOWN), 0],
  ["SCRIPT", "EXISTS", shaOf(KNOWN)],
  ["SCRIPT", "LOAD", KNOWN],
  ["EVALSHA", shaOf(KNOWN), 1, "k", "v"],
  ["EVALSHA", shaOf(KNOWN).toUpperCase(), 1, "k", "v"],
  ["EVALSHA_RO", shaOf(KNOWN), 2, "k", "l", "v", "w"],
  ["SCRIPT", "EXISTS", shaOf(KNOWN), shaOf(KNOWN).toUpperCase(), "x"],
  ["SCRIPT", "LOAD", ""],
  ["SCRIPT", "LOAD", "x y"],
  ["SCRIPT", "LOAD", "return 1", "more"],
  ["SCRIPT", "FLUSH", "FOO"],
  ["SCRIPT", "FLUSH", "ASYNC", "SYNC"],
  ["SCRIPT", "FLUSH", "ASYNC"],
  ["SCRIPT", "EXISTS", shaOf(KNOWN)],
  ["SCRIPT", "FLUSH", "sync"],
  ["SCRIPT", "FLUSH"],
  ["SCRIPT", "EXISTS"],
  ["SCRIPT"],
  ["SCRIPT", "FOO"],
  ["SCRIPT", "HELP"],
  ["SCRIPT", "HELP", "x"],
  ["SCRIPT", "KILL"],
  ["SCRIPT", "DEBUG", "FOO"],
  ["SCRIPT", "DEBUG", "NO"],
  ["MULTI"],
  ["SCRIPT", "DEBUG", "YES"],
  ["SCRIPT", "DEBUG", "sync"],
  ["SCRIPT", "DEBUG", "no"],
  ["SCRIPT", "DEBUG", "FOO"],
  ["EXEC"],
  script("return #KEYS + #ARGV", "a", "b"),
  ["EVAL", "return {#KEYS, #ARGV, KEYS[2], ARGV[1]}", 2, "a", "b\0\xff", "c"],
  ["EVAL", "KEYS[1] = 'x' KEYS.n = 1 ARGV = nil return KEYS[1]", 1, "a"],
  // By names that are made at run time, a script sees its own, and not those of the script before.
  ["EVAL", "return {#_G['KE'..'YS'], #_G['AR'..'GV']}", 2, "a", "b", "c"],
  ["EVAL", "return {loadstring('return #KE'..'YS')(), loadstring('return #AR'..'GV')()}", 1, "a", "b"],
  ["EVAL", "local i = 0 return load(function() i = i + 1 return ({'return #KE', 'YS'})[i] end)()", 0],
  [
    "EVAL",
    "local n = 0 for name, value in pairs(_G) do if #name == 4 and name < 'L' then n = n + #value end end return n",
    3,
    "a",
    "b",
    "c",
    "d",
  ],
]

const flags: ReadonlyArray<Line> = [
  ...[
    "#!lua\nreturn 1",
    "#!lua flags=no-writes\nreturn 1",
    "#!lua flags=no-writes,allow-oom,allow-stale,no-cluster,allow-cross-slot-keys\nreturn 1",
    "#!lua flags=foo\nreturn 1",
    "#!lua flags=\nreturn 1",
    "#!lua flags=no-writes,\nreturn 1",
    "#!lua flags=,\nreturn 1",
    "#!lua flags\nreturn 1",
    "#!lua foo=bar\nreturn 1",
    "#!lua name=x\nreturn 1",
    "#!js\nreturn 1",
    "#!Lua\nreturn 1",
    "#!\nreturn 1",
    "#! lua\nreturn 1",
    "#!lua",
    "#!lua flags=no-writes flags=allow-oom\nreturn 1",
    "#!lua  flags=no-writes foo\nreturn 1",
    '#!lua "flags=no-writes"\nreturn 1',
    "#!lua 'flags=no-writes\nreturn 1",
    "#!lua\nerror('x')",
    "#!lua\n\nx y",
    "#!lua flags=no-writes\nreturn redis.call('set','a',1)",
    "#!lua flags=no-writes\nreturn redis.call('publish','a',1)",
    "#!lua flags=no-writes\nreturn redis.call('pfcount','a')",
    "#!lua flags=no-writes\nreturn redis.pcall('del','a')",
    "#comment\nreturn 1",
  ].map((source) => script(source)),
  ["EVAL_RO", "return redis.call('set','a',1)", 0],
  ["EVAL_RO", "return redis.call('get','a')", 0],
  ["EVAL_RO", "return redis.call('publish','a','b')", 0],
  ["EVAL_RO", "return redis.call('spublish','a','b')", 0],
  ["EVAL_RO", "return redis.call('pfcount','a')", 0],
  ["EVAL_RO", "#!lua\nreturn 1", 0],
  ["EVAL_RO", "#!lua flags=no-writes\nreturn 1", 0],
  ["EVAL_RO", "#!lua flags=allow-oom\nreturn 1", 0],
]

const counted: ReadonlyArray<Line> = [
  ["SET", "s", "v"],
  script("return redis.call('lpop','s')"),
  script("redis.pcall('lpop','s') return 1"),
  script("return redis.pcall('lpop','s')"),
  script("redis.pcall('incr') return 1"),
  script("return redis.call('nosuch')"),
  script("error('x')"),
  script("error({err='CODE y'})"),
  script("return redis.error_reply('MY error')"),
  script("return {redis.error_reply('MY error'), redis.pcall('lpop','s')}"),
  script("redis.set_repl()"),
  script("pcall(redis.set_repl) return 1"),
  script("syntax error"),
  ["EVAL_RO", "redis.call('set','a',1)", 0],
  ["EVALSHA", "f".repeat(40), 0],
  ["INFO", "errorstats"],
]

const transactions: ReadonlyArray<Line> = [
  ["MULTI"],
  ["EVAL", "syntax error", 0],
  ["EVAL", "return redis.call('set','a','b')", 0],
  ["EVAL", "return redis.call('nosuch')", 0],
  ["EVAL", "return {1,{2}}", 0],
  ["EVALSHA", "x", 0],
  ["EVAL", "return 1", "x"],
  ["EVAL", "redis.call('select', 3) return redis.call('blpop','l',0)", 0],
  ["GET", "a"],
  ["EXEC"],
  ["MULTI"],
  ["EVAL", "return 1"],
  ["EXEC"],
  ["GET", "a"],
]

const depths: ReadonlyArray<string> = [7990, 7994, 7995, 7996, 7997, 8100].map(
  (n) => `local t = {} for i = 1, ${n} do t = {t} end return t`,
)

/** The same place in a script calls one command after another, of some only a subcommand. */
const placeOfMany = `local o = {}
local calls = {{'SET','k','1'},{'set','k','2'},{'INCR','k'},{'OBJECT'},{'OBJECT','ENCODING','k'},{'OBJECT','REFCOUNT','k'},
{'OBJECT','nope','k'},{'nope'},{12},{'GET','k'},{'OBJECT','ENCODING','k'},{'GET'},{'DEL','k'},{'del','k'}}
for twice = 1, 2 do for _, words in ipairs(calls) do o[#o + 1] = redis.pcall(unpack(words)) end end
local all = {} for i, r in ipairs(o) do all[i] = type(r) == 'table' and (r.err or r.ok) or r end return all`

describeOracle("scripts, as Redis answers", () => {
  const compared: ReadonlyArray<readonly [string, ReadonlyArray<Line>]> = [
    ["arguments, and SCRIPT", argumentErrors],
    ["values that are returned", returns.map((value) => script(`return ${value}`))],
    ["commands that are called", calls.map((source) => script(source))],
    ["the library redis, and errors", library.map((source) => script(source))],
    ["flags in a shebang", flags],
    ["counted errors", counted],
    ["in transactions", transactions],
    ["a place that calls many commands", [script(placeOfMany), script(placeOfMany)]],
    ["nested tables", depths.map((source) => script(source))],
  ]
  for (const [name, lines] of compared)
    it(name, async () => expect(await differences(redix, lines)).toEqual([]))
})
