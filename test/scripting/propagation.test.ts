/** What scripts leave in the replication stream, and what they may not do in a server's states, as on redis-server. */
import { afterAll, beforeAll, expect, it } from "vitest"
import { describeOracle, withOracle } from "../support/Oracle.js"
import type { Argument, RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { until } from "../support/Nodes.js"
import { StreamTap } from "../support/StreamTap.js"

let redix: TestRedix
beforeAll(async () => void (redix = await startRedix()))
afterAll(() => redix.stop())

type Line = ReadonlyArray<Argument>

const effects: ReadonlyArray<Line> = [
  ["SET", "first", "1"],
  ["EVAL", "return redis.call('SET', KEYS[1], ARGV[1])", 1, "k", "v"],
  ["EVAL", "redis.call('SET', 'a', 1) redis.call('INCR', 'a') return 1", 0],
  ["EVAL", "return redis.call('GET', 'a')", 0],
  [
    "EVAL",
    "redis.call('SET', 'x', 1, 'EX', 100) redis.call('SADD', 's', 'm') redis.call('SPOP', 's') redis.call('INCRBYFLOAT', 'f', 1.5)",
    0,
  ],
  ["EVAL", "redis.call('SET', 'b', 1) error('after a write')", 0],
  ["EVAL", "redis.call('SELECT', 3) redis.call('SET', 'three', 1)", 0],
  ["SET", "zero", "0"],
  [
    "EVAL",
    "redis.set_repl(redis.REPL_NONE) redis.call('SET', 'n', 1) redis.set_repl(redis.REPL_ALL) redis.call('SET', 'm', 1)",
    0,
  ],
  [
    "EVAL",
    "redis.set_repl(redis.REPL_AOF) redis.call('SET', 'n', 2) redis.set_repl(redis.REPL_REPLICA) redis.call('SET', 'm', 2)",
    0,
  ],
  ["EVAL", "redis.set_repl(redis.REPL_NONE) redis.call('DEL', 'n')", 0],
  ["EVAL", "redis.call('PUBLISH', 'c', 'm') redis.call('SET', 'p', 1)", 0],
  ["EVAL", "redis.call('DEL', 'none') redis.pcall('LPUSH', 'k', 'x')", 0],
  ["EVAL", "redis.call('RPUSH', 'l', 1, 2, 3) redis.call('LPOP', 'l') redis.call('EXPIRE', 'l', -1)", 0],
  ["EVAL", "for i = 1, 3 do redis.call('SET', 'loop', i) end", 0],
  ["MULTI"],
  ["SET", "in", "1"],
  ["EVAL", "redis.call('SET', 'in2', 1) redis.call('SET', 'in3', 1)", 0],
  ["EXEC"],
  ["SCRIPT", "LOAD", "return 1"],
  ["SCRIPT", "FLUSH"],
  [
    "FUNCTION",
    "LOAD",
    "#!lua name=lib\nredis.register_function('put', function(k) redis.call('SET', k[1], 1) redis.call('SET', k[1], 2) end)",
  ],
  ["FCALL", "put", 1, "by function"],
  ["FCALL_RO", "put", 1, "x"],
  ["FUNCTION", "LOAD", "REPLACE", "#!lua name=lib\nredis.register_function('put', function(k) end)"],
  ["FUNCTION", "DELETE", "lib"],
  ["FUNCTION", "DELETE", "lib"],
  ["FUNCTION", "FLUSH"],
  ["FUNCTION", "RESTORE", Buffer.from("0a005d9b5c400f7fa2da", "hex"), "FLUSH"],
  ["SET", "last", "1"],
]

/** The commands of a server's stream for the lines. */
const streamOf = async (client: RawClient, port: number): Promise<ReadonlyArray<string>> => {
  await client.command("FLUSHALL")
  const tap = await StreamTap.attach(port)
  try {
    for (const line of effects) await client.command(...line)
    await until(
      () => tap.commands.some((words) => words[1] === "last"),
      () => "the last command in the stream",
    )
    // The time of an expiry is the server's own.
    return tap.commands.map((words) => words.join(" ").replace(/PXAT \d+/i, "PXAT"))
  } finally {
    tap.close()
  }
}

const blockedLines: ReadonlyArray<Line> = [
  ["EVAL", "redis.call('RPUSH', 'q', 'a', 'b') return redis.call('LLEN', 'q')", 0],
  ["LRANGE", "q", 0, -1],
]

interface State {
  readonly name: string
  readonly enter: ReadonlyArray<Line>
  readonly leave: ReadonlyArray<Line>
}

const states: ReadonlyArray<State> = [
  {
    name: "out of memory",
    enter: [
      ["SET", "k", "v"],
      ["CONFIG", "SET", "maxmemory", "1"],
    ],
    leave: [["CONFIG", "SET", "maxmemory", "0"]],
  },
  {
    name: "a read-only replica that may serve stale data",
    enter: [
      ["SET", "k", "v"],
      ["REPLICAOF", "127.0.0.1", "1"],
    ],
    leave: [["REPLICAOF", "NO", "ONE"]],
  },
  {
    name: "a replica that may not serve stale data",
    enter: [
      ["SET", "k", "v"],
      ["CONFIG", "SET", "replica-serve-stale-data", "no"],
      ["REPLICAOF", "127.0.0.1", "1"],
    ],
    leave: [
      ["REPLICAOF", "NO", "ONE"],
      ["CONFIG", "SET", "replica-serve-stale-data", "yes"],
    ],
  },
  {
    name: "too few replicas",
    enter: [
      ["SET", "k", "v"],
      ["CONFIG", "SET", "min-replicas-to-write", "1"],
    ],
    leave: [["CONFIG", "SET", "min-replicas-to-write", "0"]],
  },
]

const bodies: ReadonlyArray<string> = [
  "return 1",
  "return redis.call('GET', 'k')",
  "return redis.call('SET', 'k', 'w')",
  "return redis.pcall('SET', 'k', 'w')",
  "redis.call('DEL', 'k') return redis.call('SET', 'k', 'x')",
  "return redis.call('DEL', 'k')",
  "return redis.call('PUBLISH', 'c', 'm')",
  "return redis.call('PING')",
  "return redis.call('ECHO', 'x')",
  "return redis.call('INFO') ~= nil",
]
const heads = [
  "",
  "#!lua\n",
  "#!lua flags=no-writes\n",
  "#!lua flags=allow-oom\n",
  "#!lua flags=allow-stale\n",
  "#!lua flags=no-writes,allow-stale\n",
]

/** Transactions of one script each: what a script may not do is known when it is queued. */
const queued = (head: string): ReadonlyArray<Line> => [
  ["MULTI"],
  ["EVAL", `${head}return 1`, 0],
  ["EXEC"],
  ["MULTI"],
  ["FCALL", "put", 0],
  ["EXEC"],
  ["MULTI"],
  ["FCALL", "look", 0],
  ["EXEC"],
]
const FUNCTIONS = `#!lua name=states
redis.register_function('put', function() return 1 end)
redis.register_function{function_name='look', callback=function() return 2 end, flags={'no-writes'}}`

describeOracle("scripts and replication, as on Redis", () => {
  it("the stream has their effects, as one unit each", () =>
    withOracle({ tcp: true }, async (server) => {
      const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
      const wanted = await streamOf(oracle, server.port)
      expect(await streamOf(subject, redix.port)).toEqual(wanted)
      oracle.close()
      subject.close()
    }))

  it("clients that wait are served after the script", () =>
    withOracle({}, async (server) => {
      const outcomes: Array<unknown> = []
      for (const connect of [() => server.connect(), () => redix.connect()]) {
        const [client, waiter] = await Promise.all([connect(), connect()])
        const popped = waiter.text("BLPOP", "q", 0)
        await until(
          async () => (await client.text("INFO", "clients")).includes("blocked_clients:1"),
          () => "a client that waits",
        )
        const replies: Array<string> = []
        for (const line of blockedLines) replies.push(await client.text(...line))
        outcomes.push([...replies, await popped])
        client.close()
        waiter.close()
      }
      expect(outcomes[1]).toEqual(outcomes[0])
    }))

  for (const { name, enter, leave } of states) {
    it(`what is refused: ${name}`, () =>
      withOracle({}, async (server) => {
        const outcomes: Array<ReadonlyArray<string>> = []
        for (const connect of [() => server.connect(), () => redix.connect()]) {
          const client = await connect()
          await client.command("FUNCTION", "LOAD", "REPLACE", FUNCTIONS)
          for (const line of enter) await client.command(...line)
          const replies: Array<string> = []
          for (const head of heads)
            for (const body of bodies)
              for (const command of ["EVAL", "EVAL_RO"])
                replies.push(`${command} ${head}${body}: ${await client.text(command, head + body, 0)}`)
          for (const line of heads.flatMap(queued))
            replies.push(`${line.join(" ")}: ${await client.text(...line)}`)
          for (const line of leave) await client.command(...line)
          outcomes.push(replies)
          client.close()
        }
        const [wanted = [], got = []] = outcomes
        expect(got.filter((reply, i) => reply !== wanted[i])).toEqual(
          wanted.filter((reply, i) => reply !== got[i]),
        )
      }))
  }
})
