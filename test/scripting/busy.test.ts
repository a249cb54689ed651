/** A script that takes too long is suspended: others are answered, and it can be killed, as redis-server has it. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { compared } from "../support/coverage/Compared.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import type { Argument, RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const BUSY = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
const THRESHOLD = { "busy-reply-threshold": 30 }

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

let redix: TestRedix
let lines: Array<string> = []
beforeEach(async () => void (redix = await startRedix({}, THRESHOLD, (lines = []))))
afterEach(() => redix.stop())

const ASKED_MAX = 20_000

/** Lua that ends after so long by itself, however quick loops are. */
const spin = (ms: number): string =>
  `local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end local begun = now() repeat until now() - begun > ${ms}`

/** Asks until the reply is as wanted. */
const until = async (ask: () => Promise<string>, wanted: (reply: string) => boolean): Promise<void> => {
  for (let i = 0; i < ASKED_MAX; i++) if (wanted(await ask())) return
  throw new Error("the reply that is waited for does not come")
}

const untilBusy = (client: RawClient): Promise<void> =>
  until(
    () => client.text("PING"),
    (reply) => reply.startsWith("-BUSY"),
  )

/** Kills what runs, as soon as it may be killed. */
const kill = (client: RawClient, container = "SCRIPT"): Promise<void> =>
  until(
    () => client.text(container, "KILL"),
    (reply) => reply === "+OK\r\n",
  )

/** Begins a script whose reply nobody will read. */
const begin = (runner: RawClient, source: string): void =>
  runner.sendRaw(`*3\r\n$4\r\nEVAL\r\n$${source.length}\r\n${source}\r\n$1\r\n0\r\n`)

const endless: ReadonlyArray<readonly [string, string]> = [
  ["a loop", "while true do end"],
  ["a loop in pcall", "while true do pcall(function() while true do end end) end"],
  ["recursion", "local function f(n) if n > 0 then f(n - 1) f(n - 1) end end f(60)"],
  [
    "a comparator",
    "while true do table.sort({3,2,1}, function(a, b) for i = 1, 1e6 do end return a < b end) end",
  ],
  ["a callback of gsub", "return (string.gsub('a', 'a', function() while true do end end))"],
  ["a coroutine", "local co = coroutine.wrap(function() while true do end end) co()"],
  ["a handler", "local t = setmetatable({}, {__index = function() while true do end end}) return t.x"],
  ["calls", "while true do redis.call('GET', 'k') end"],
]

describe("an endless script", () => {
  for (const [name, source] of endless) {
    it(`${name}: others are told, it is killed`, async () => {
      const [runner, other] = await Promise.all([redix.connect(), redix.connect()])
      const reply = runner.text("EVAL", source, 0)
      await untilBusy(other)
      const late = await redix.connect()
      expect(await late.text("GET", "x")).toBe(BUSY)
      await kill(late)
      expect(await reply).toMatch(
        /^-ERR Script killed by user with SCRIPT KILL\.\.\. script: [0-9a-f]{40}, on @user_script:1\.\r\n$/,
      )
      expect(await other.text("PING")).toBe("+PONG\r\n")
    })
  }

  it("is named when it is killed, also after a collection of garbage", async () => {
    const [runner, other] = await Promise.all([redix.connect(), redix.connect()])
    for (const source of ["while true do end", "local n = 0 while true do n = n + 1 end"]) {
      const reply = runner.text("EVAL", source, 0)
      await untilBusy(other)
      collectGarbage()
      await untilBusy(other)
      collectGarbage()
      await kill(other)
      expect(await reply).toContain(", on @user_script:1.")
    }
  })

  it("cannot be killed once it has written, and what it wrote stays", async () => {
    const [runner, other] = await Promise.all([redix.connect(), redix.connect()])
    // By work, not by time: however long the process stands still, there are turns enough.
    const source = `redis.call('SET', 'k', 'v') for i = 1, 3e8 do end return redis.call('GET', 'k')`
    const reply = runner.text("EVAL", source, 0)
    // Both in one chunk, between two slices of the script.
    let told = ""
    await until(
      async () => (told = (await other.pipeline([["PING"], ["SCRIPT", "KILL"]])).map(String).join("")),
      (replies) => replies.startsWith("-BUSY"),
    )
    expect(told).toContain("-UNKILLABLE ")
    expect(await reply).toBe("$1\r\nv\r\n")
  })

  it("in a transaction fails alone: commands behind it run, in one unit", async () => {
    const [runner, other] = await Promise.all([redix.connect(), redix.connect()])
    await runner.command("MULTI")
    await runner.command("SET", "a", "1")
    await runner.command("EVAL", "while true do end", 0)
    await runner.command("INCR", "a")
    await runner.command("EVAL", "local n = 0 while true do n = n + 1 end", 0)
    await runner.command("GET", "a")
    const replies = runner.text("EXEC")
    await untilBusy(other)
    await kill(other)
    await untilBusy(other)
    await kill(other)
    const text = (await replies).replace(/script: [0-9a-f]{40}/g, "script: SHA")
    const killed = "-ERR Script killed by user with SCRIPT KILL... script: SHA, on @user_script:1.\r\n"
    expect(text).toBe(`*5\r\n+OK\r\n${killed}:2\r\n${killed}$1\r\n2\r\n`)
    expect(await other.text("GET", "a")).toBe("$1\r\n2\r\n")
  })

  it("goes on when its client has left", async () => {
    const [runner, other] = await Promise.all([redix.connect(), redix.connect()])
    begin(runner, `${spin(500)} redis.call('SET', 'left', 1) return 'ended'`)
    await untilBusy(other)
    runner.close()
    await until(
      () => other.text("PING"),
      (reply) => reply === "+PONG\r\n",
    )
    expect(await other.text("GET", "left")).toBe("$1\r\n1\r\n")
  })

  it("does not keep the server from ending", async () => {
    const [runner, other] = await Promise.all([redix.connect(), redix.connect()])
    begin(runner, "while true do end")
    await untilBusy(other)
    expect(await other.text("SHUTDOWN")).toBe(BUSY)
    other.sendRaw("*2\r\n$8\r\nSHUTDOWN\r\n$6\r\nNOSAVE\r\n")
    await other.waitForClose()
    expect(redix.engine.lifecycle.ended).toBe(true)
  })

  it("sees its time stand still, and keys that do not expire", async () => {
    const [runner, other] = await Promise.all([redix.connect(), redix.connect()])
    const source =
      "redis.call('SET', 'k', 'v', 'PX', 200) local a = redis.call('GET', 'k') local n = redis.call('PTTL', 'k') local t = redis.call('TIME') repeat local u = redis.call('TIME') until (u[1] - t[1]) * 1e6 + u[2] - t[2] > 300000 return {a, redis.call('GET', 'k'), n - redis.call('PTTL', 'k')}"
    const reply = runner.text("EVAL", source, 0)
    expect(await reply).toBe("*3\r\n$1\r\nv\r\n$1\r\nv\r\n:0\r\n")
    expect(lines.join("\n")).toContain("Slow script detected")
    expect(await other.text("GET", "k")).toBe("$-1\r\n")
  })

  it("serves clients that wait after its end", async () => {
    const [runner, waiter, other] = await Promise.all([redix.connect(), redix.connect(), redix.connect()])
    const popped = waiter.text("BLPOP", "l", 0)
    while (redix.engine.blocking.count === 0) await other.command("PING")
    const reply = runner.text(
      "EVAL",
      `redis.call('RPUSH', 'l', 'a') ${spin(500)} return redis.call('LLEN', 'l')`,
      0,
    )
    await untilBusy(other)
    expect(await reply).toBe(":1\r\n")
    expect(await popped).toBe("*2\r\n$1\r\nl\r\n$1\r\na\r\n")
  })
})

type Ask = ReadonlyArray<Argument>

const asked: ReadonlyArray<Ask> = [
  ["GET", "x"],
  ["NOSUCH"],
  ["GET"],
  ["SCRIPT", "FLUSH"],
  ["SCRIPT", "LOAD", "return 1"],
  ["EVAL", "return 1", 0],
  ["FUNCTION", "LIST"],
  ["SCRIPT", "KILL", "x"],
  ["AUTH", "x"],
  ["WATCH", "k"],
  ["UNWATCH"],
  ["MULTI"],
  ["GET", "x"],
  ["EXEC"],
  ["MULTI"],
  ["DISCARD"],
  ["MULTI"],
  ["EXEC"],
  ["DISCARD"],
  ["EXEC"],
  ["SHUTDOWN"],
  ["SHUTDOWN", "SAVE"],
  ["SHUTDOWN", "FOO"],
  ["INFO"],
  ["CONFIG", "GET", "x"],
  ["CLIENT", "ID"],
  ["SUBSCRIBE", "c"],
  ["PUBLISH", "c", "m"],
  ["HELLO", "2"],
  ["RESET"],
  ["PING"],
  ["DEBUG", "JMAP"],
  ["COMMAND"],
  ["SAVE"],
]

describeOracle("busy, as Redis is", () => {
  const compare = (run: Ask, prepare: ReadonlyArray<Ask>, stop: string): Promise<void> =>
    withOracle({ config: { "busy-reply-threshold": "30" } }, async (server) => {
      const outcomes: Array<Array<string>> = []
      for (const connect of [() => server.connect(), () => redix.connect()]) {
        const [runner, other, last] = await Promise.all([connect(), connect(), connect()])
        for (const line of prepare) await runner.command(...line)
        const reply = runner.text(...run)
        await untilBusy(last)
        const replies: Array<string> = []
        for (const line of [
          ...asked,
          ["FUNCTION", "STATS"],
          [stop === "SCRIPT" ? "FUNCTION" : "SCRIPT", "KILL"],
        ]) {
          const got = await other.text(...line)
          replies.push(`${line.join(" ")}: ${got.replace(/(duration_ms|id)\r\n:\d+/, "$1")}`)
        }
        await kill(last, stop)
        replies.push(await reply)
        outcomes.push(replies)
      }
      expect(outcomes[1]).toEqual(outcomes[0])
      // Both have let it end what ran.
      compared([stop, "KILL"], "+OK\r\n")
    })

  it("with a script", () => compare(["EVAL", "while true do end", 0], [], "SCRIPT"))

  it("with a function", () => {
    const library = "#!lua name=lib\nredis.register_function('endless', function() while true do end end)"
    return compare(["FCALL", "endless", 1, "k", "a"], [["FUNCTION", "LOAD", library]], "FUNCTION")
  })
})
