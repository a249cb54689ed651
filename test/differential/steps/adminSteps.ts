/** Commands about the server itself, with every option and mistake: what is not compared to the byte says so by name. */
import {
  type Comparison,
  ignored,
  onlyType,
  sorted,
  sortedDeep,
  sortedPairs,
  type Step,
  type StepLike,
} from "../../support/Differential.js"
import { parseReply } from "../../support/RespFrames.js"
import type { Argument } from "../../support/RawClient.js"
import type { Random } from "../../support/Random.js"

/** Fields that redis-server has not. */
const OWN_FIELDS = new Set([
  "redix_version",
  "runtime",
  "mem_arena_reserved",
  "mem_runtime_heap",
  "mem_runtime_external",
])

const fieldNames = (reply: Buffer): string =>
  reply
    .toString("latin1")
    .split("\r\n")
    .slice(1)
    .map((line) => line.split(":")[0] ?? "")
    .filter((name) => !OWN_FIELDS.has(name))
    .filter((name) => !/^(cmdstat_|latency_percentiles_usec_)/.test(name))
    .join("\n")

/** The same sections with the same fields in the same order, whatever their values. */
const sameFields: Comparison = {
  name: "same fields",
  differs: (oracle, subject) =>
    fieldNames(oracle) === fieldNames(subject)
      ? undefined
      : `the fields differ:\n${fieldNames(oracle)}\n---\n${fieldNames(subject)}`,
}

const numbers = /[0-9.]+(?=[,\r\n ]|$)|0x[0-9a-f]+/g

/** The same text but for the numbers in it. */
const sameButNumbers: Comparison = {
  name: "same but for numbers",
  differs: (oracle, subject) =>
    oracle
      .toString("latin1")
      .replace(numbers, "N")
      .replace(/^[$=]\w+/, "") ===
    subject
      .toString("latin1")
      .replace(numbers, "N")
      .replace(/^[$=]\w+/, "")
      ? undefined
      : "the texts differ in more than numbers",
}

/** A map or an array of pairs with the same names, whatever the values. */
const names = (reply: Buffer): string =>
  (parseReply(reply).items ?? [])
    .filter((_, i) => i % 2 === 0)
    .map((item) => item.raw.toString("latin1"))
    .sort()
    .join("")

const sameNames: Comparison = {
  name: "same names",
  differs: (oracle, subject) => (names(oracle) === names(subject) ? undefined : "the names differ"),
}

const step = (comparison: Comparison, ...args: ReadonlyArray<Argument>): Step => ({ args, comparison })

/** Splits at spaces; a word of two quotes is the empty argument. */
const line = (text: string): ReadonlyArray<Argument> =>
  text.split(" ").map((word) => (word === "''" ? "" : word))

const EXACT = `
DEBUG
DEBUG nosuch
DEBUG nosuch a b c
DEBUG DIGEST x
DEBUG DIGEST
DEBUG DIGEST-VALUE
DEBUG DIGEST-VALUE none
DEBUG digest-value a s h
DEBUG SLEEP
DEBUG SLEEP 0
DEBUG SLEEP 0.001
DEBUG SLEEP x
DEBUG SLEEP 1 2
DEBUG OBJECT
DEBUG OBJECT none
DEBUG OBJECT a b
DEBUG SET-ACTIVE-EXPIRE
DEBUG SET-ACTIVE-EXPIRE 0
DEBUG SET-ACTIVE-EXPIRE x
DEBUG SET-ACTIVE-EXPIRE 1
DEBUG SET-ACTIVE-EXPIRE 1 1
DEBUG CHANGE-REPL-ID x
DEBUG CHANGE-REPL-ID
DEBUG ERROR
DEBUG ERROR ERRX
DEBUG ERROR ''
DEBUG ERROR a b
DEBUG LOG
DEBUG LOG hello
DEBUG LOG a b
DEBUG PROTOCOL
DEBUG PROTOCOL string
DEBUG PROTOCOL INTEGER
DEBUG PROTOCOL double
DEBUG PROTOCOL bignum
DEBUG PROTOCOL null
DEBUG PROTOCOL array
DEBUG PROTOCOL set
DEBUG PROTOCOL map
DEBUG PROTOCOL attrib
DEBUG PROTOCOL verbatim
DEBUG PROTOCOL true
DEBUG PROTOCOL false
DEBUG PROTOCOL nosuch
DEBUG PROTOCOL true x
DEBUG POPULATE
DEBUG POPULATE x
DEBUG POPULATE -1
DEBUG POPULATE 3
DEBUG POPULATE 2 pre
DEBUG POPULATE 2 pre x
DEBUG POPULATE 2 pre -5
DEBUG POPULATE 2 short 3
DEBUG POPULATE 2 long 60
DEBUG POPULATE 2 key 5
DEBUG POPULATE 1 a 2 3
MGET key:0 key:1 key:2 pre:0 pre:1 short:0 short:1 long:0 long:1
OBJECT ENCODING long:0
OBJECT ENCODING short:0
DEBUG DIGEST
DEBUG SET-SKIP-CHECKSUM-VALIDATION
DEBUG SET-SKIP-CHECKSUM-VALIDATION 1
DEBUG SET-SKIP-CHECKSUM-VALIDATION 0
DEBUG PAUSE-CRON
DEBUG PAUSE-CRON 1
DEBUG PAUSE-CRON 0
DEBUG CONFIG-REWRITE-FORCE-ALL
DEBUG CONFIG-REWRITE-FORCE-ALL x
DEBUG REPLICATE
DEBUG REPLICATE set a b
DEBUG QUICKLIST-PACKED-THRESHOLD
DEBUG QUICKLIST-PACKED-THRESHOLD x
DEBUG QUICKLIST-PACKED-THRESHOLD 5gb
DEBUG QUICKLIST-PACKED-THRESHOLD 4gb
DEBUG QUICKLIST-PACKED-THRESHOLD -1
DEBUG QUICKLIST-PACKED-THRESHOLD 100b
DEBUG QUICKLIST-PACKED-THRESHOLD 0
DEBUG HTSTATS
DEBUG HTSTATS x
DEBUG HTSTATS 16
DEBUG HTSTATS -1
DEBUG HTSTATS 15
DEBUG HTSTATS-KEY
DEBUG HTSTATS-KEY none
DEBUG HTSTATS-KEY a
DEBUG LISTPACK
DEBUG LISTPACK none
DEBUG LISTPACK a
DEBUG LISTPACK h
DEBUG LISTPACK z
DEBUG LISTPACK bigh
DEBUG QUICKLIST
DEBUG QUICKLIST none
DEBUG QUICKLIST a
DEBUG QUICKLIST l
DEBUG QUICKLIST l 1
DEBUG RELOAD foo
DEBUG HELP x
SLOWLOG
SLOWLOG nosuch
SLOWLOG HELP
SLOWLOG HELP x
SLOWLOG RESET
SLOWLOG LEN
SLOWLOG LEN x
SLOWLOG GET
SLOWLOG GET 0
SLOWLOG GET -1
SLOWLOG GET -2
SLOWLOG GET x
SLOWLOG GET 1 2
LATENCY
LATENCY nosuch
LATENCY HELP
LATENCY LATEST
LATENCY LATEST x
LATENCY HISTORY
LATENCY HISTORY command
LATENCY GRAPH
LATENCY GRAPH command
LATENCY RESET
LATENCY RESET command x
LATENCY HISTOGRAM nosuch
LATENCY DOCTOR x
MEMORY
MEMORY nosuch
MEMORY HELP
MEMORY PURGE
MEMORY PURGE x
MEMORY DOCTOR x
MEMORY STATS x
MEMORY MALLOC-STATS x
MEMORY USAGE
MEMORY USAGE none
MEMORY USAGE none SAMPLES
MEMORY USAGE none SAMPLES x
MEMORY USAGE none SAMPLES -1
MEMORY USAGE none SAMPLES 0
MEMORY USAGE none foo 1
MEMORY USAGE none samples 1 SAMPLES 2
MEMORY USAGE none samples 1 SAMPLES
MODULE
MODULE nosuch
MODULE HELP
MODULE LIST
MODULE LIST x
MODULE LOAD
MODULE LOAD x
MODULE LOADEX x
MODULE UNLOAD x
ACL
ACL nosuch
ACL HELP
ACL WHOAMI
ACL WHOAMI x
ACL LIST
ACL USERS
ACL CAT
ACL CAT nosuch
ACL CAT a b
ACL GETUSER default
ACL GETUSER nosuch
ACL LOG
ACL LOG 5
ACL LOG -1
ACL LOG x
ACL LOG 1 2
ACL LOG RESET
ACL GENPASS 0
ACL GENPASS 4097
ACL GENPASS x
ACL GENPASS 1 2
ACL DRYRUN default get
ACL DRYRUN default get a
ACL DRYRUN default nosuch
ACL DRYRUN nosuch get a
ACL DRYRUN default config get
ACL DRYRUN default config foo
ACL DRYRUN default config
ACL DRYRUN default CONFIG GET x
ACL SAVE
ACL LOAD
ACL DELUSER
ACL DELUSER default
ACL DELUSER nosuch
ACL SETUSER
CONFIG SET requirepass foo
ACL LIST
ACL GETUSER default
AUTH bad
AUTH default bad
AUTH nosuch bad
CONFIG SET requirepass ''
ACL LIST
LOLWUT VERSION x
TIME x
INFO nosuch
INFO nosuch sentinel
INFO cluster
INFO modules
INFO MODULES cluster
CONFIG
CONFIG nosuch
CONFIG SET maxmemory
CONFIG SET maxmemory 0 nosuch
CONFIG HELP
CONFIG GET
CONFIG GET maxmemory
CONFIG GET maxmemory maxmemory nosuch MAXMEMORY
CONFIG GET slowlog-*
CONFIG GET list-m?x-*
CONFIG SET
CONFIG SET maxmemory
CONFIG SET maxmemory x
CONFIG SET maxmemory 100mb
CONFIG GET maxmemory
CONFIG SET maxmemory 0
CONFIG SET nosuch 1
CONFIG SET maxmemory 1 nosuch 1
CONFIG GET maxmemory
CONFIG SET slowlog-max-len 5 slowlog-log-slower-than 1000000
CONFIG SET slowlog-max-len 5 slowlog-max-len 6
CONFIG SET databases 5
CONFIG SET latency-tracking-info-percentiles x
CONFIG SET latency-tracking-info-percentiles 101
CONFIG SET latency-tracking-info-percentiles 0
CONFIG GET latency-tracking-info-percentiles
CONFIG SET latency-monitor-threshold -1
CONFIG SET latency-monitor-threshold 100
CONFIG GET latency-monitor-threshold
CONFIG SET notify-keyspace-events KEA
CONFIG GET notify-keyspace-events
CONFIG SET notify-keyspace-events q
CONFIG SET notify-keyspace-events ''
CONFIG SET acllog-max-len 10
CONFIG REWRITE
CONFIG REWRITE x
CONFIG RESETSTAT x
CONFIG RESETSTAT
LASTSAVE x
SHUTDOWN foo
SHUTDOWN NOSAVE SAVE
SHUTDOWN ABORT NOW
SHUTDOWN ABORT
COMMAND COUNT x
COMMAND HELP
COMMAND nosuch
COMMAND INFO nosuch get
COMMAND INFO get config|get
COMMAND LIST FILTERBY
COMMAND LIST FILTERBY module x
COMMAND LIST FILTERBY module
COMMAND LIST FILTERBY aclcat nosuch
COMMAND LIST FILTERBY nosuch x
COMMAND LIST FILTERBY pattern a b
COMMAND LIST nosuch
COMMAND GETKEYS
COMMAND GETKEYS get
COMMAND GETKEYS get a
COMMAND GETKEYS mset a b c d
COMMAND GETKEYS mset a
COMMAND GETKEYS nosuch
COMMAND GETKEYS ping
COMMAND GETKEYS sort a store b
COMMAND GETKEYS zunionstore d 2 a b
COMMAND GETKEYS xread streams a b 1 2
COMMAND GETKEYS object encoding x
COMMAND GETKEYS config get x
COMMAND GETKEYSANDFLAGS set a b
COMMAND GETKEYSANDFLAGS get
COMMAND GETKEYSANDFLAGS lmpop 2 a b left
COMMAND GETKEYSANDFLAGS nosuch
COMMAND DOCS nosuch
CONFIG SET save x
CONFIG SET port 0x
CONFIG SET appendonly maybe
CONFIG SET maxclients 0
CONFIG SET timeout -1
CONFIG SET dir /nonexistent
CONFIG SET loglevel x
CONFIG SET loglevel verbose
CONFIG GET loglevel
CONFIG SET loglevel notice
CONFIG SET requirepass x maxclients abc
CONFIG GET requirepass
PFSELFTEST x
BGSAVE x
BGSAVE SCHEDULE x
SAVE x
ROLE
ROLE x
REPLICAOF NO ONE
REPLICAOF NO
REPLICAOF localhost x
SLAVEOF no one
SLAVEOF localhost 70000
REPLCONF a
REPLCONF nosuch x
REPLCONF listening-port x
FAILOVER
FAILOVER ABORT
FAILOVER nosuch
FAILOVER TO localhost
FAILOVER TO localhost 1 FORCE
FAILOVER TIMEOUT x
WAIT x 1
WAIT 0 x
WAIT 0 -1
WAIT 0 1
CLIENT GETNAME
CLIENT GETNAME x
CLIENT SETNAME me
CLIENT GETNAME
CLIENT SETNAME ''
CLIENT GETREDIR
CLIENT GETREDIR x
CLIENT TRACKING
CLIENT TRACKING off
CLIENT TRACKING nosuch
CLIENT CACHING
CLIENT CACHING yes
CLIENT CACHING nosuch
CLIENT TRACKINGINFO
CLIENT TRACKING on optin noloop
CLIENT CACHING yes
CLIENT TRACKINGINFO
CLIENT GETREDIR
CLIENT TRACKING off
CONFIG SET tracking-table-max-keys 5
CONFIG GET tracking-table-max-keys
CONFIG SET tracking-table-max-keys 1000000
`
  .split("\n")
  .filter((text) => text !== "")

/** Data of every type and encoding, for the commands that look into it. */
const DATA: ReadonlyArray<ReadonlyArray<Argument>> = [
  ["SET", "a", "value"],
  ["SET", "int", "12345"],
  ["SET", "small", "7"],
  ["SET", "raw", "x".repeat(100)],
  ["SET", "long", "y".repeat(10_000)],
  ["SET", "expires", "z", "EX", 100_000],
  ["RPUSH", "l", "a", "b", "3"],
  ["SADD", "ints", 1, 2, 3],
  ["SADD", "s", "a", "b"],
  ["ZADD", "z", 1, "a", 2.5, "b"],
  ["HSET", "h", "f", "v", "g", "w"],
  ["XADD", "x", "1-1", "f", "v"],
  [
    "CONFIG",
    "SET",
    "hash-max-listpack-entries",
    2,
    "zset-max-listpack-entries",
    1,
    "list-max-listpack-size",
    2,
  ],
  ["HSET", "bigh", "a", 1, "b", 2, "c", 3],
  ["ZADD", "bigz", 1, "a", 2, "b"],
  ["RPUSH", "bigl", "a", "b", "c", "d", "e"],
  [
    "CONFIG",
    "SET",
    "hash-max-listpack-entries",
    512,
    "zset-max-listpack-entries",
    128,
    "list-max-listpack-size",
    -2,
  ],
]

const KEYS = [
  "a",
  "int",
  "small",
  "raw",
  "long",
  "expires",
  "l",
  "ints",
  "s",
  "z",
  "h",
  "x",
  "bigh",
  "bigz",
  "bigl",
]

const CATEGORIES = [
  "string",
  "list",
  "hash",
  "set",
  "sortedset",
  "geo",
  "stream",
  "bitmap",
  "hyperloglog",
  "transaction",
]

/** Everything once, in order. */
export function* adminScript(resp: number): Generator<StepLike> {
  yield ["ACL", "LOG", "RESET"]
  yield ["CONFIG", "RESETSTAT"]
  yield* DATA
  for (const text of EXACT) yield text.startsWith("CONFIG GET ") ? sortedPairs(line(text)) : line(text)
  if (resp === 2) yield ["DEBUG", "PROTOCOL", "push"]
  for (const key of KEYS) {
    // A list keeps the size of nodes it was made with in Redis; here the present setting counts.
    if (key !== "bigl") yield step(sameButNumbers, "DEBUG", "OBJECT", key)
    yield onlyType(["MEMORY", "USAGE", key])
    yield onlyType(["MEMORY", "USAGE", key, "SAMPLES", 0])
    yield ["DEBUG", "DIGEST-VALUE", key]
  }
  for (const key of ["bigh", "bigz", "s"]) yield onlyType(["DEBUG", "HTSTATS-KEY", key])
  for (const category of CATEGORIES) yield sorted(["ACL", "CAT", category])
  yield ["DEBUG", "RELOAD"]
  yield ["DEBUG", "DIGEST"]
  yield ["DEBUG", "RELOAD", "NOSAVE"]
  yield ["DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"]
  yield ["DEBUG", "DIGEST"]
  for (const args of [
    [],
    ["server"],
    ["clients"],
    ["memory"],
    ["persistence"],
    ["stats"],
    ["replication"],
    ["cpu"],
  ])
    yield step(sameFields, "INFO", ...args)
  for (const args of [["all"], ["everything"], ["default"], ["KEYSPACE"], ["cpu", "server", "nosuch"]])
    yield step(sameFields, "INFO", ...args)
  for (const args of [["commandstats"], ["latencystats"], ["default", "commandstats"]])
    yield step(sameFields, "INFO", ...args)
  yield step(sameNames, "MEMORY", "STATS")
  yield onlyType(["MEMORY", "DOCTOR"])
  yield onlyType(["MEMORY", "MALLOC-STATS"])
  yield onlyType(["LATENCY", "DOCTOR"])
  yield step(sameNames, "LATENCY", "HISTOGRAM")
  yield step(sameNames, "LATENCY", "HISTOGRAM", "xadd", "rpush")
  yield onlyType(["LOLWUT"])
  yield onlyType(["LOLWUT", "VERSION", "5", "1", "1", "1"])
  yield onlyType(["TIME"])
  yield onlyType(["LASTSAVE"])
  yield onlyType(["ACL", "GENPASS"])
  yield onlyType(["ACL", "GENPASS", 5])
  yield onlyType(["ACL", "LOG"])
  yield ["ACL", "LOG", "RESET"]
  // It lists what there is.
  yield ignored(["DEBUG", "HELP"])
  yield ignored(["DEBUG", "HTSTATS", 0])
  yield onlyType(["COMMAND", "COUNT"])
  yield sorted(["COMMAND", "LIST", "FILTERBY", "PATTERN", "xr*"])
  yield sorted(["COMMAND", "LIST", "FILTERBY", "ACLCAT", "hyperloglog"])
  yield sortedDeep(["COMMAND", "INFO", "config", "object", "debug", "exec", "info", "memory"])
}

/** Random words after random commands: the order in which mistakes are found must be Redis's. */
export function* adminMistakes(r: Random, count: number): Generator<StepLike> {
  const commands = [
    "SLOWLOG",
    "LATENCY",
    "MEMORY",
    "MODULE",
    "ACL",
    "DEBUG",
    "INFO",
    "CONFIG",
    "LOLWUT",
    "TIME",
  ]
  const subs: Readonly<Record<string, ReadonlyArray<string>>> = {
    SLOWLOG: ["GET", "LEN", "RESET", "HELP"],
    LATENCY: ["GRAPH", "HISTORY", "LATEST", "RESET", "HELP"],
    MEMORY: ["USAGE", "PURGE", "HELP"],
    MODULE: ["LIST", "LOAD", "LOADEX", "UNLOAD", "HELP"],
    ACL: ["WHOAMI", "LIST", "USERS", "GETUSER", "DRYRUN", "LOG", "HELP", "LOAD", "SAVE", "DELUSER"],
    DEBUG: [
      "OBJECT",
      "HTSTATS-KEY",
      "LISTPACK",
      "PROTOCOL",
      "DIGEST-VALUE",
      "QUICKLIST-PACKED-THRESHOLD",
      "nosuch",
    ],
    INFO: ["cluster", "modules", "nosuch"],
    CONFIG: ["GET", "HELP", "RESETSTAT"],
    LOLWUT: ["VERSION"],
    TIME: ["x"],
  }
  const words = [
    "x",
    "",
    "0",
    "1",
    "-1",
    "none",
    "a",
    "default",
    "get",
    "map",
    "SAMPLES",
    "1.5",
    "\r\n",
    "*no*",
    "string",
  ]
  for (let i = 0; i < count; i++) {
    const name = r.pick(commands)
    const sub = r.below(12) === 0 ? r.pick(["nosuch", "", "get", "HELP"]) : r.pick(subs[name] ?? ["x"])
    const args = [name, sub, ...r.times(r.below(4), () => r.pick(words))]
    // What these answer is another on each server when nothing is wrong with them.
    if (name === "LOLWUT" && !(sub === "VERSION" && args[2] === "x")) continue
    if (name === "TIME" && args.length < 2) continue
    if (name === "INFO" && args.some((word) => !["INFO", "cluster", "modules", "nosuch", "x"].includes(word)))
      continue
    if (name === "MEMORY" && sub === "USAGE") args[2] = "none"
    if (name === "DEBUG" && sub === "OBJECT" && KEYS.some((key) => key === args[2])) continue
    if (name === "DEBUG" && args[1] === "HELP") continue
    if (args.includes("push")) continue
    yield name === "CONFIG" && sub.toUpperCase() === "GET" ? sortedPairs(args) : args
  }
}
