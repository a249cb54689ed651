/** Every type in every encoding, times, functions, groups of streams: each server finds what the other's files have. */
import { expect, it } from "vitest"
import { describeOracle } from "../../support/Oracle.js"
import { type Node, type NodeKind, until, withNodes } from "../../support/Nodes.js"
import type { Argument } from "../../support/RawClient.js"

type Words = ReadonlyArray<Argument>

const LONG = "x".repeat(100)
const members = (count: number, each: (n: number) => ReadonlyArray<Argument>): ReadonlyArray<Argument> =>
  Array.from({ length: count }, (_, n) => each(n)).flat()
const far = Date.now() + 10_000_000

const WRITES: ReadonlyArray<Words> = [
  ["SET", "int", 12345],
  ["SET", "embstr", "short"],
  ["SET", "raw", LONG],
  ["SETBIT", "bits", 7777, 1],
  ["PFADD", "hll", ...members(300, (n) => [n])],
  ["RPUSH", "listpack list", 1, "b", -3],
  ["RPUSH", "quicklist", ...members(2000, (n) => [`${n}${LONG}`])],
  ["SADD", "intset", 1, 2, 70_000],
  ["SADD", "set", ...members(600, (n) => [`m${n}`])],
  ["HSET", "listpack hash", "f", "v", "g", 12],
  ["HSET", "hash", "f", LONG, ...members(600, (n) => [`f${n}`, n])],
  ["ZADD", "listpack zset", 1.5, "a", "-inf", "b", 3, "c"],
  ["ZADD", "skiplist", ...members(200, (n) => [n / 7, `m${n}`])],
  ["GEOADD", "geo", 13.361389, 38.115556, "Palermo"],
  ...Array.from({ length: 250 }, (_, n): Words => ["XADD", "stream", `${n + 1}-1`, "field", n, "same", LONG]),
  ["XDEL", "stream", "5-1", "250-1"],
  ["XGROUP", "CREATE", "stream", "group", "10-1"],
  ["XREADGROUP", "GROUP", "group", "ann", "COUNT", 7, "STREAMS", "stream", ">"],
  ["XREADGROUP", "GROUP", "group", "bob", "COUNT", 3, "NOACK", "STREAMS", "stream", ">"],
  ["XACK", "stream", "group", "11-1"],
  ["XGROUP", "CREATECONSUMER", "stream", "group", "idle"],
  ["XADD", "empty stream", "MAXLEN", 0, "9-9", "f", "v"],
  ["XGROUP", "CREATE", "empty stream", "g", "$", "MKSTREAM"],
  ["PEXPIREAT", "raw", far],
  ["PEXPIREAT", "hash", far],
  ["SET", "passed", "v", "PX", 1],
  ["SELECT", 9],
  ["SET", "elsewhere", "1"],
  ["MULTI"],
  ["INCR", "elsewhere"],
  ["SELECT", 0],
  ["COPY", "skiplist", "copy of it"],
  ["EXEC"],
  ["FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 7 end)"],
  ["EVAL", "redis.call('SET', 'by script', redis.call('TIME')[1]) redis.call('LPOP', 'quicklist')", 0],
]

const write = async (node: Node): Promise<void> => {
  const client = await node.connect()
  for (const words of WRITES) expect(String(await client.command(...words)), String(words)).not.toMatch(/^-/)
  client.close()
}

/** What a digest does not say: functions, and consumers of groups. */
const found = async (node: Node): Promise<ReadonlyArray<string>> => {
  await until(
    async () => (await node.ask("EXISTS", "passed")) === "0",
    () => "its time has passed",
  )
  const seen: Array<string> = []
  for (const words of [
    ["DEBUG", "DIGEST"],
    ["PEXPIRETIME", "raw"],
    ["PEXPIRETIME", "hash"],
    ["FCALL", "f", 0],
    ["XPENDING", "stream", "group"],
    ["XPENDING", "stream", "group", "-", "+", 99, "bob"],
  ])
    seen.push(await node.ask(...words))
  seen.push((await node.ask("XINFO", "GROUPS", "stream")).replace(/\r\n/g, " "))
  seen.push(
    /name\r\n\$4\r\nidle/.test(await node.ask("XINFO", "CONSUMERS", "stream", "group")) ? "idle" : "none",
  )
  return seen
}

const FORMS: ReadonlyArray<Readonly<Record<string, string>>> = [
  {},
  { "aof-use-rdb-preamble": "no" },
  { "aof-timestamp-enabled": "yes" },
]

const quiet = (node: Node): Promise<void> =>
  until(
    async () => !/aof_rewrite_(?:in_progress|scheduled):1/.test(await node.ask("INFO", "persistence")),
    () => "the rewrite is done",
  )

describeOracle.concurrent("both servers' files", () => {
  for (const kind of ["redix", "redis"] as const)
    for (const rewritten of [false, true])
      it.each(FORMS)(`of ${kind}, ${rewritten ? "rewritten" : "as logged"}, %j`, (form) =>
        withNodes(async (start) => {
          const node = await start(kind, { appendonly: "yes", appendfsync: "always", ...form })
          await write(node)
          if (rewritten) {
            await node.ask("BGREWRITEAOF")
            await quiet(node)
            await node.ask("RPUSH", "quicklist", "more")
          }
          const before = await found(node)
          await node.kill()
          const kinds: ReadonlyArray<NodeKind> = kind === "redix" ? ["redis", "redix"] : ["redix", "redis"]
          for (const next of kinds) {
            const other = node.as(next)
            await other.launch()
            try {
              expect([next, await found(other)]).toEqual([next, before])
            } finally {
              await other.kill()
            }
          }
        }),
      )
})
