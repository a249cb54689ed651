/** What others see of the commands that scripts call, and what CLIENT PAUSE holds back of scripts, as on redis-server. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { describeOracle, withOracle } from "../support/Oracle.js"
import type { RawClient } from "../support/RawClient.js"
import { parseReply } from "../support/RespFrames.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { compared } from "../support/coverage/Compared.js"
import { type Line, script } from "./Compared.js"

let redix: TestRedix
beforeAll(async () => void (redix = await startRedix()))
afterAll(() => redix.stop())

type Connect = () => Promise<RawClient>

const LIBRARY = `#!lua name=lib
redis.register_function('put', function(keys, args) return redis.call('SET', keys[1], args[1]) end)
redis.register_function{function_name='look', callback=function(keys) return redis.call('GET', keys[1]) end, flags={'no-writes'}}`

const lines: ReadonlyArray<Line> = [
  script("redis.call('SET', 'k', 'v') return redis.call('GET', 'k')"),
  script("return redis.pcall('INCR', 'k')"),
  script("return redis.call('NOSUCH')"),
  script(
    "redis.call('SELECT', 3) redis.call('SET', 'three', '\\0\\255\\n\"') redis.call('CONFIG', 'GET', 'x')",
  ),
  ["FUNCTION", "LOAD", LIBRARY],
  ["FCALL", "put", 1, "k", 12.5],
  ["FCALL_RO", "look", 1, "k"],
  ["MULTI"],
  ["SET", "a", "1"],
  script("return redis.call('INCR', 'a')"),
  ["EXEC"],
  ["EVAL_RO", "return redis.call('OBJECT', 'ENCODING', 'a')", 0],
]

/** Runs the lines on one server. */
const play = async (client: RawClient): Promise<void> => {
  await client.command("FUNCTION", "FLUSH")
  for (const line of lines) await client.command(...line)
}

/** What MONITOR shows, without times and ports. */
const monitored = async (connect: Connect): Promise<ReadonlyArray<string>> => {
  const [watcher, client] = [await connect(), await connect()]
  await watcher.command("MONITOR")
  await play(client)
  await client.command("ECHO", "the end")
  const seen: Array<string> = []
  while (!seen.some((line) => line.includes("the end")))
    seen.push(
      (await watcher.readReply())
        .toString("latin1")
        .replace(/^\+[\d.]+ /, "")
        .replace(/^\[(\d+) [^l][^\]]*\]/, "[$1 client]"),
    )
  watcher.close()
  client.close()
  return seen
}

/** What SLOWLOG keeps of each command: its words, and of whose. */
const slow = async (connect: Connect): Promise<ReadonlyArray<string>> => {
  const client = await connect()
  await client.command("CLIENT", "SETNAME", "runner")
  await client.command("CONFIG", "SET", "slowlog-log-slower-than", "0")
  await client.command("SLOWLOG", "RESET")
  await play(client)
  const reply = parseReply(await client.command("SLOWLOG", "GET", "-1"))
  await client.command("CONFIG", "SET", "slowlog-log-slower-than", "10000")
  client.close()
  return (reply.items ?? []).map(({ items = [] }) => {
    const [, , , words, address, name] = items
    const text = (words?.items ?? []).map(({ payload }) => payload.toString("latin1")).join(" ")
    const where = address?.payload.toString("latin1") ?? ""
    return `${where === "?:0" ? where : "client"} ${name?.payload.toString("latin1") ?? ""}: ${text}`
  })
}

const paused: ReadonlyArray<Line> = [
  script("return 1"),
  script("#!lua\nreturn 1"),
  script("#!lua flags=no-writes\nreturn 1"),
  script("#!lua flags=allow-stale\nreturn 1"),
  script("#!lua flags=foo\nreturn 1"),
  script("#!lua flags=no-writes"),
  script("syntax error"),
  ["EVAL_RO", "return 1", 0],
  ["EVAL_RO", "#!lua\nreturn 1", 0],
  ["EVALSHA", "f".repeat(40), 0],
  ["EVALSHA", "abc", 0],
  ["EVALSHA_RO", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", 0],
  ["EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", 0],
  ["SCRIPT", "LOAD", "return 1"],
  ["SCRIPT", "FLUSH"],
  ["FCALL", "put", 1, "k", "v"],
  ["FCALL", "look", 1, "k"],
  ["FCALL", "nosuch", 0],
  ["FCALL_RO", "look", 1, "k"],
  ["FCALL_RO", "put", 1, "k", "v"],
  ["FUNCTION", "LOAD", "x"],
  ["FUNCTION", "DELETE", "nosuch"],
  ["FUNCTION", "STATS"],
  ["GET", "k"],
  ["PUBLISH", "c", "m"],
]

/** Asked meanwhile: what has no reply by then is held. */
const ASKED = 40

/** Whether the line is held by CLIENT PAUSE WRITE, and its reply. */
const whilePaused = async (connect: Connect, line: Line): Promise<string> => {
  const [client, other] = [await connect(), await connect()]
  await other.command("CLIENT", "PAUSE", "1000000", "WRITE")
  let reply: string | undefined
  const done = client.text(...line).then((text) => void (reply = text))
  for (let i = 0; i < ASKED; i++) await other.command("PING")
  const held = reply === undefined
  await other.command("CLIENT", "UNPAUSE")
  await done
  client.close()
  other.close()
  return `${line.join(" ")}: ${held ? "held" : "not held"}, ${reply}`
}

describeOracle("scripts, as others see them", () => {
  const same = (look: (connect: Connect) => Promise<ReadonlyArray<string>>): Promise<ReadonlyArray<string>> =>
    withOracle({ tcp: true }, async (server) => {
      const wanted = await look(() => server.connect())
      expect(await look(() => redix.connect())).toEqual(wanted)
      return wanted
    })

  it("MONITOR shows what they call", async () => {
    const seen = await same(monitored)
    expect(seen).toContain('[0 lua] "SET" "k" "v"\r\n')
    compared(["MONITOR"], "+OK\r\n")
  })

  it("SLOWLOG keeps what they call", async () => {
    const seen = await same(slow)
    expect(seen).toContain("?:0 : SET k v")
  })

  it("CLIENT PAUSE WRITE holds those that may write", async () => {
    const outcomes = await same(async (connect) => {
      const client = await connect()
      await client.command("FUNCTION", "LOAD", "REPLACE", LIBRARY)
      await client.command("SCRIPT", "LOAD", "return 1")
      client.close()
      const found: Array<string> = []
      for (const line of paused) found.push(await whilePaused(connect, line))
      return found
    })
    expect(outcomes.some((text) => text.includes(": held"))).toBe(true)
  })
})
