/**
 * Captures the golden files of redis-server 7.0.15: `node testdata/capture-goldens.mjs`. Each fills a fresh server with
 * every encoding of one kind, saves, and writes the file with a description of the same keyspace. Times and some AUX
 * fields differ on each run; everything else is the same.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { describe, withRedis, writeGolden } from "./support.mjs"

const FAR = 4102444800000 // 2100-01-01, in milliseconds

/** Text that LZF cannot shorten: base 64 of a multiplicative generator. */
const noise = (length, seed = 1) => {
  let state = seed
  const bytes = Buffer.alloc(Math.ceil((length * 3) / 4))
  for (let i = 0; i < bytes.length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    bytes[i] = state >>> 16
  }
  return bytes.toString("base64").slice(0, length)
}

const range = (count, make) => Array.from({ length: count }, (_, i) => make(i))

const strings = async (call) => {
  const integers = [0, 1, -1, 127, 128, -128, -129, 32767, 32768, -32768, -32769, 2147483647, -2147483648]
  for (const n of integers) await call("SET", `int:${n}`, n)
  for (const n of ["2147483648", "-2147483649", "9223372036854775807", "-9223372036854775808"]) {
    await call("SET", `wide:${n}`, n)
  }
  for (const n of ["012", "-0", "+1", " 1", "1.5", "9223372036854775808"]) await call("SET", `text:${n}`, n)
  for (const n of [0, 1, 20, 21, 44, 45, 63, 64, 65]) await call("SET", `raw:${n}`, noise(n))
  await call("SET", "raw:16383", noise(16383))
  await call("SET", "raw:16384", noise(16384, 7))
  await call("SET", "lzf:run", "a".repeat(20000))
  await call("SET", "lzf:words", "the quick brown fox jumps over the lazy dog. ".repeat(30))
  await call("SET", "lzf:binary", "\x00\xff\r\n".repeat(40))
  await call("SET", "", "the empty key")
  await call("SET", "\x00\x80\xff\r\n", "binary key")
  await call("SET", "12345", "integer key")
  await call("SET", `lzf key ${"z".repeat(100)}`, "compressed key")
  await call("APPEND", "appended", "12")
  await call("APPEND", "appended", "34")
  await call("SETRANGE", "sparse", 30, "end")
}

const lists = async (call) => {
  await call("RPUSH", "one", "x")
  await call("RPUSH", "mixed", "", "a", 0, -1, 127, 128, -4096, 4095, 32767, 8388607, 2147483647, "9223372036854775807")
  await call("RPUSH", "long elements", noise(63), noise(64, 2), noise(4095, 3), noise(4096, 4))
  await call("RPUSH", "large element", "before", noise(9000, 5), "after")
  await call("CONFIG", "SET", "list-max-listpack-size", 5)
  await call("RPUSH", "several nodes", ...range(23, (i) => `item ${i}`))
  await call("CONFIG", "SET", "list-compress-depth", 1)
  await call("RPUSH", "compressed nodes", ...range(20, (i) => `${"repetitive ".repeat(20)}${i}`))
  await call("DEBUG", "QUICKLIST-PACKED-THRESHOLD", 100)
  await call("RPUSH", "plain nodes", "small", noise(150, 6), noise(151, 8), "small", "y".repeat(500), 7)
  await call("RPUSH", "plain only", noise(300, 9))
  await call("DEBUG", "QUICKLIST-PACKED-THRESHOLD", 0)
}

const sets = async (call) => {
  await call("SADD", "intset 16", 1, -5, 300, 32767, -32768)
  await call("SADD", "intset 32", 1, 70000, -70000, 2147483647)
  await call("SADD", "intset 64", 1, "9223372036854775807", "-9223372036854775808", 5000000000)
  await call("SADD", "intset of 512", ...range(512, (i) => i * 3))
  await call("SADD", "hashtable", "a", "b", "", "12", noise(70), "c".repeat(200))
  await call("SADD", "hashtable of integers", ...range(600, (i) => i))
  await call("CONFIG", "SET", "set-max-intset-entries", 2)
  await call("SADD", "small hashtable of integers", 1, 2, 3)
}

const hashes = async (call) => {
  await call("HSET", "listpack", "f", "v", "", "empty field", "empty value", "", "n", 12, 13, "m", "wide", "5000000000")
  await call("HSET", "listpack, compressed", ...range(60, (i) => [`field-${i}`, "value ".repeat(8)]).flat())
  await call("HSET", "hashtable by count", ...range(600, (i) => [`f${i}`, i]).flat())
  await call("HSET", "hashtable by size", "f", noise(65), "lzf", "q".repeat(300), "n", -7)
}

const zsets = async (call) => {
  const scores = [0, "-0", 1, -1, 1.5, 0.1, 1e17, 3e300, 5e-324, "inf", "-inf", 9007199254740993, 0.3333333333333333]
  const members = scores.flatMap((score, i) => [score, `m${i}`])
  await call("ZADD", "listpack", ...members, 2, "12", 2, "")
  await call("ZADD", "skiplist by size", ...members, 1, noise(65))
  await call("ZADD", "skiplist by count", ...range(300, (i) => [i / 4, `member ${i}`]).flat())
  await call("ZADD", "one", 42, "x")
  await call("GEOADD", "geo", 13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")
}

const streams = async (call) => {
  await call("XADD", "plain", "1-1", "f", "v")
  await call("XADD", "plain", "1-2", "f", "v2")
  await call("XADD", "plain", "5-0", "other", "x", "and", "y")
  await call("XADD", "one", "18446744073709551614-18446744073709551615", "k", "v")
  await call("CONFIG", "SET", "stream-node-max-entries", 10)
  for (let i = 1; i <= 45; i++) await call("XADD", "several nodes", `${1000 + i}-${i % 3}`, "n", i, "text", `entry ${i}`)
  for (const i of [3, 4, 11, 45]) await call("XDEL", "several nodes", `${1000 + i}-${i % 3}`)
  await call("XADD", "empty", "7-0", "a", "b")
  await call("XDEL", "empty", "7-0")
  await call("XADD", "trimmed", "1-0", "a", "b")
  for (let i = 2; i < 30; i++) await call("XADD", "trimmed", `${i}-0`, "a", i)
  await call("XTRIM", "trimmed", "MAXLEN", 4)
  await call("XGROUP", "CREATE", "made by group", "g", "$", "MKSTREAM")
  for (let i = 1; i <= 12; i++) await call("XADD", "groups", `${i}-0`, "i", i)
  await call("XGROUP", "CREATE", "groups", "first", 0)
  await call("XGROUP", "CREATE", "groups", "second", "5-0", "ENTRIESREAD", 5)
  await call("XGROUP", "CREATE", "groups", "idle", "$")
  await call("XREADGROUP", "GROUP", "first", "alice", "COUNT", 4, "STREAMS", "groups", ">")
  await call("XREADGROUP", "GROUP", "first", "bob", "COUNT", 3, "STREAMS", "groups", ">")
  await call("XREADGROUP", "GROUP", "second", "carol", "COUNT", 2, "STREAMS", "groups", ">")
  await call("XACK", "groups", "first", "2-0", "5-0")
  await call("XGROUP", "CREATECONSUMER", "groups", "first", "nobody")
  await call("XCLAIM", "groups", "first", "bob", 0, "3-0", "RETRYCOUNT", 9)
  await call("XDEL", "groups", "6-0")
}

const expiries = async (call) => {
  await call("SET", "no expiry", 1)
  await call("SET", "string", "x", "PXAT", FAR + 1)
  await call("RPUSH", "list", "a", "b")
  await call("PEXPIREAT", "list", FAR + 2)
  await call("SADD", "set", 1, 2)
  await call("PEXPIREAT", "set", FAR + 3)
  await call("HSET", "hash", "f", "v")
  await call("PEXPIREAT", "hash", FAR + 4)
  await call("ZADD", "zset", 1, "m")
  await call("PEXPIREAT", "zset", FAR + 5)
  await call("XADD", "stream", "1-0", "f", "v")
  await call("PEXPIREAT", "stream", FAR + 6)
  await call("SET", "farthest", "x", "PXAT", "9007199254740991")
  for (const db of [1, 7, 15]) {
    await call("SELECT", db)
    await call("SET", "db", db)
    await call("SET", "also expires", db, "PXAT", FAR + db)
  }
}

const functions = async (call) => {
  await call("FUNCTION", "LOAD", "#!lua name=one\nredis.register_function('first', function(keys) return 1 end)")
  await call("FUNCTION", "LOAD", `#!lua name=two\n${"-- padding ".repeat(20)}\nredis.register_function('second', function() return 2 end)`)
  await call("SET", "key", "value")
}

const some = async (call) => {
  await call("SET", "string", "v".repeat(100))
  await call("SET", "integer", 42)
  await call("RPUSH", "list", ...range(40, (i) => `element ${i}`))
  await call("SADD", "set", ...range(20, (i) => `member ${i}`))
  await call("SADD", "intset", 1, 2, 3)
  await call("HSET", "hash", ...range(40, (i) => [`f${i}`, "same value"]).flat())
  await call("ZADD", "zset", ...range(40, (i) => [i, `member ${i}`]).flat())
  await call("XADD", "stream", "1-1", "field", "value")
}

const captures = {
  empty: [{}, async () => {}],
  strings: [{}, strings],
  lists: [{}, lists],
  sets: [{}, sets],
  hashes: [{}, hashes],
  zsets: [{}, zsets],
  streams: [{}, streams],
  "expiries-databases": [{}, expiries],
  functions: [{}, functions],
  "no-compression": [{ rdbcompression: "no" }, some],
  "no-checksum": [{ rdbchecksum: "no" }, some],
  lru: [{ "maxmemory-policy": "allkeys-lru" }, some],
  lfu: [{ "maxmemory-policy": "allkeys-lfu" }, some],
}

for (const [name, [config, fill]] of Object.entries(captures)) {
  await withRedis(config, undefined, async (client, dir) => {
    await fill((...args) => client.call(...args))
    await client.call("SAVE")
    const rdb = fs.readFileSync(path.join(dir, "dump.rdb"))
    writeGolden(`redis-7.0-${name}`, rdb, { source: "redis-server 7.0.15", rdbVersion: 10, ...(await describe(client)) })
  })
}
