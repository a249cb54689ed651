/** FUNCTION and FCALL answer as redis-server does: libraries, what they register, lists, dumps, errors of functions. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { compared } from "../support/coverage/Compared.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { differences, type Line } from "./Compared.js"

let redix: TestRedix
beforeAll(async () => void (redix = await startRedix()))
afterAll(() => redix.stop())

const load = (source: string): Line => ["FUNCTION", "LOAD", source]
let libraries = 0
/** A library of its own name with this main chunk. */
const body = (source: string): Line => load(`#!lua name=own${++libraries}\n${source}`)

const metadata: ReadonlyArray<Line> = [
  ...[
    "x",
    "",
    "#!lua",
    "#!lua \n",
    "#!lua name=\n",
    "#!lua name=a-b\n",
    "#!lua name=a name=b\n",
    "#!lua foo=bar\n",
    "#!lua name\n",
    "#!js name=a\n",
    "#!lua name=a\n",
    "#!lua name=a\nx=",
    "#!\n",
    '#!lua name="a b"\n',
    "#!lua 'name=x\n",
    "#!LUA NAME=up\nredis.register_function('up', function() return 1 end)",
    "#!LUA   name=\"q\"  \nredis.register_function('q1', function() return 'q' end)",
    "#!lua name=q\nredis.register_function('q2', function() end)",
    "#!lua name=r\nredis.register_function('q1', function() end)",
    "#!lua name=r\nredis.register_function('Q1', function() end)",
  ].map(load),
  ["FUNCTION", "LOAD"],
  ["FUNCTION", "LOAD", "REPLACE"],
  ["FUNCTION", "LOAD", "FOO", "#!lua name=q\n"],
  ["FUNCTION", "LOAD", "REPLACE", "FOO", "x"],
  ["FUNCTION", "LOAD", "replace", "#!lua name=q\nredis.register_function('q3', function() return 3 end)"],
  ["FUNCTION", "LOAD", "replace", "#!lua name=q\nsyntax error"],
  ["FCALL", "q3", 0],
  ["FCALL", "q1", 0],
  ["FUNCTION", "LIST"],
]

const registering: ReadonlyArray<Line> = [
  "redis.register_function()",
  "redis.register_function(1)",
  "redis.register_function({})",
  "redis.register_function({function_name='x'})",
  "redis.register_function({function_name='x', callback=1})",
  "redis.register_function({function_name=5, callback=function() end})",
  "redis.register_function({function_name={}, callback=function() end})",
  "redis.register_function({callback=function() end})",
  "redis.register_function({function_name='x', callback=function() end, flags=1})",
  "redis.register_function({function_name='x', callback=function() end, flags={'foo'}})",
  "redis.register_function({function_name='x', callback=function() end, flags={1}})",
  "redis.register_function({function_name='x', callback=function() end, foo=1})",
  "redis.register_function({function_name='x', callback=function() end, description={}})",
  "redis.register_function({function_name='x', callback=function() end, [1]=1})",
  "redis.register_function({function_name='x', callback=function() end, [{}]=1})",
  "redis.register_function('x-y', function() end)",
  "redis.register_function('', function() end)",
  "redis.register_function({}, function() end)",
  "redis.register_function('x', 5)",
  "redis.register_function('x', function() end, 5)",
  "redis.register_function('x', function() end) redis.register_function('x', function() end)",
  "error('x')",
  "local x = string",
  "redis.call('x')",
  "return redis.foo",
  "x = 1",
  "redis.x = 1",
  "local function f() f() end f()",
  "(nil)()",
  "while true do end",
  "redis.log('x')",
  "redis.setresp(3)",
  "local x = KEYS",
  "return _G",
  "redis.log(redis.LOG_DEBUG, 'loaded') redis.register_function('logs', function() return redis.REDIS_VERSION end)",
  "redis.register_function{function_name='flags', callback=function() end, flags={'no-writes','no-writes'}, description='what it does'}",
  "redis.register_function{function_name='number', callback=function() end, description=5}",
].map(body)

const calling: ReadonlyArray<Line> = [
  load(`#!lua name=calls
local n = 0
local function helper(k) return redis.call('GET', k) end
redis.register_function('count', function() n = n + 1 return n end)
redis.register_function('get', function(keys, args) return {helper(keys[1]), args[1], #keys, #args} end)
redis.register_function('globals', function() return KEYS end)
redis.register_function('unknown', function() return redis.nosuch end)
redis.register_function('names', function() local t = {} for k in pairs(redis) do t[#t+1] = k end return t end)
redis.register_function('fails', function() error('x') end)
redis.register_function('wrong', function(keys) return redis.call('LPOP', keys[1]) end)
redis.register_function('arity', function() return redis.call('GET') end)
redis.register_function('register', function() redis.register_function('z', function() end) end)
redis.register_function('assigns', function() x = 1 end)
redis.register_function('set', function(keys) return redis.call('SET', keys[1], 'v') end)
redis.register_function('Upper', function() return 'Upper' end)
redis.register_function{function_name='reads', callback=function(keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}}
redis.register_function{function_name='lies', callback=function(keys) return redis.call('SET', keys[1], 1) end, flags={'no-writes'}}
redis.register_function('resp', function() redis.setresp(3) return true end)
redis.register_function('library', function() return string.upper('a') .. #cjson.encode({1,2}) end)`),
  ["FCALL", "count", 0],
  ["FCALL", "COUNT", 0],
  ["FCALL", "set", 1, "k"],
  ["FCALL", "get", 1, "k", "a", "b"],
  ["FCALL", "globals", 0],
  ["FCALL", "unknown", 0],
  ["FCALL", "names", 0],
  ["FCALL", "fails", 0],
  ["FCALL", "wrong", 1, "k"],
  ["FCALL", "arity", 0],
  ["FCALL", "register", 0],
  ["FCALL", "assigns", 0],
  ["FCALL", "upper", 0],
  ["FCALL", "Upper", 0],
  ["FCALL", "reads", 1, "k"],
  ["FCALL", "lies", 1, "k"],
  ["FCALL_RO", "reads", 1, "k"],
  ["FCALL_RO", "lies", 1, "k"],
  ["FCALL_RO", "set", 1, "k"],
  ["FCALL", "resp", 0],
  ["FCALL", "library", 0],
  ["FCALL", "nosuch", "x"],
  ["FCALL", "count", "x"],
  ["FCALL", "count", -1],
  ["FCALL", "count", 1],
  ["FCALL", "count"],
  ["FUNCTION", "LIST"],
  ["FUNCTION", "LIST", "WITHCODE"],
  ["FUNCTION", "LIST", "LIBRARYNAME", "c*"],
  ["FUNCTION", "LIST", "LIBRARYNAME", "CALLS", "WITHCODE"],
  ["FUNCTION", "LIST", "LIBRARYNAME", "x"],
  ["FUNCTION", "LIST", "FOO"],
  ["FUNCTION", "LIST", "LIBRARYNAME"],
  ["FUNCTION", "LIST", "LIBRARYNAME", "a", "LIBRARYNAME", "b"],
  ["FUNCTION", "LIST", "WITHCODE", "WITHCODE"],
  ["FUNCTION", "STATS"],
  ["FUNCTION", "KILL"],
  ["FUNCTION", "FOO"],
  ["FUNCTION"],
  ["FUNCTION", "HELP"],
  ["FUNCTION", "DUMP", "x"],
  ["FUNCTION", "DELETE", "nosuch"],
  ["FUNCTION", "DELETE"],
  ["FUNCTION", "DELETE", "calls"],
  ["FCALL", "count", 0],
  ["FUNCTION", "DUMP"],
  ["FUNCTION", "FLUSH", "FOO"],
  ["FUNCTION", "FLUSH", "SYNC", "x"],
  ["FUNCTION", "FLUSH", "ASYNC"],
  ["FUNCTION", "RESTORE", "x"],
  ["FUNCTION", "RESTORE", "x", "FOO"],
  ["FUNCTION", "RESTORE", "x", "FLUSH", "y"],
]

/** Functions of a library come in the order of a hash with a random seed. */
const inOrder = (line: Line): boolean =>
  line[1] !== "LIST" || (line[2] === "LIBRARYNAME" && line[3] !== "c*" && line[3] !== "CALLS")

describeOracle("functions, as Redis answers", () => {
  it("metadata of libraries", async () =>
    expect(
      await differences(
        redix,
        metadata.filter((line) => line[1] !== "LIST"),
      ),
    ).toEqual([]))
  it("what libraries register", async () => expect(await differences(redix, registering)).toEqual([]))
  it("calls, lists and dumps", async () =>
    expect(await differences(redix, calling.filter(inOrder))).toEqual([]))

  it("a list of libraries with one function each, and their dump", async () => {
    const one = load(
      "#!lua name=one\n-- a comment that compresses, a comment that compresses\nredis.register_function{function_name='one', callback=function() return 1 end, flags={'no-writes','allow-oom'}, description='d\xe9'}",
    )
    expect(
      await differences(redix, [
        one,
        ["FUNCTION", "LIST"],
        ["FUNCTION", "LIST", "LIBRARYNAME", "O*", "WITHCODE"],
        ["FUNCTION", "STATS"],
        ["FUNCTION", "DUMP"],
      ]),
    ).toEqual([])
  })

  it("dumps restored in either direction, by every policy", () =>
    withOracle({}, async (server) => {
      const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
      const source = `#!lua name=kept\n${"-- a comment that compresses\n".repeat(20)}redis.register_function('kept', function() return 7 end)`
      const other = "#!lua name=other\nredis.register_function('kept', function() return 8 end)"
      for (const [from, to] of [
        [oracle, subject],
        [subject, oracle],
      ] as const) {
        for (const client of [from, to]) await client.command("FUNCTION", "FLUSH")
        await from.command("FUNCTION", "LOAD", source)
        const reply = await from.command("FUNCTION", "DUMP")
        const payload = reply.subarray(reply.indexOf("\n") + 1, -2)
        const results: Array<string> = []
        for (const policy of ["APPEND", "append", "REPLACE", "flush"])
          results.push(await to.text("FUNCTION", "RESTORE", payload, policy))
        expect(results).toEqual(["+OK\r\n", "-ERR Library kept already exists\r\n", "+OK\r\n", "+OK\r\n"])
        if (to === subject) compared(["FUNCTION", "RESTORE"], "+OK\r\n")
        expect(await to.text("FCALL", "kept", 0)).toBe(":7\r\n")
        await to.command("FUNCTION", "FLUSH")
        await to.command("FUNCTION", "LOAD", other)
        expect(await to.text("FUNCTION", "RESTORE", payload, "REPLACE")).toContain(
          "Function kept already exists",
        )
        expect(await to.text("FCALL", "kept", 0)).toBe(":8\r\n")
        expect(await to.text("FUNCTION", "RESTORE", payload.subarray(1))).toContain(
          "DUMP payload version or checksum are wrong",
        )
      }
      oracle.close()
      subject.close()
    }))
})
