/** What the benchmark of scripts runs: short scripts as applications have them, loops of each kind, libraries, BullMQ. */
import { createRequire } from "node:module"
import * as path from "node:path"

export interface ScriptCase {
  readonly name: string
  /** Scripts that one unit of work runs, in this order. */
  readonly sources: ReadonlyArray<string>
  /** Words after the SHA-1 of each script: number of keys, keys, arguments. `unit` counts up from 1 on each server. */
  readonly words: (unit: number) => ReadonlyArray<ReadonlyArray<string>>
  /** Units in a round. */
  readonly units: number
  /** Operations in a unit by which the cost is divided. */
  readonly operations?: number
  /** Units between two waits for replies, where 100 would be too many. */
  readonly pipeline?: number
  readonly prepare?: ReadonlyArray<ReadonlyArray<string>>
  /** What of a reply must be the same on both servers. */
  readonly same?: (reply: string) => string
}

const single = (
  name: string,
  source: string,
  words: ReadonlyArray<string>,
  more: Omit<ScriptCase, "name" | "sources" | "words">,
): ScriptCase => ({ name, sources: [source], words: () => [words], ...more })

/** One call that loops so many times. */
const loop = (name: string, times: number, source: string, units = 10): ScriptCase =>
  single(name, source, ["0", String(times)], { units, operations: times, pipeline: 1 })

const SLIDING_WINDOW = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, ARGV[1] - ARGV[2])
local count = redis.call('ZCARD', KEYS[1])
if count >= tonumber(ARGV[3]) then return {0, count} end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {1, count + 1}`

/** One call a millisecond, a window of 20: so many entries are there whenever it is called. */
const RATE_WINDOW: ScriptCase = {
  name: "rate window",
  sources: [SLIDING_WINDOW],
  words: (unit) => [["1", "bench:window", String(1_700_000_000_000 + unit), "20", "1000"]],
  units: 20_000,
}

/** As rate-limiter-flexible has it. */
const COUNTER = `
redis.call('set', KEYS[1], 0, 'EX', ARGV[2], 'NX')
local consumed = redis.call('incrby', KEYS[1], ARGV[1])
local ttl = redis.call('pttl', KEYS[1])
if ttl == -1 then
  redis.call('expire', KEYS[1], ARGV[2])
  ttl = 1000 * ARGV[2]
end
return {consumed, ttl}`

const document = JSON.stringify({
  id: 123456,
  name: "a document of about two kilobytes",
  tags: Array.from({ length: 20 }, (_, i) => `tag number ${i}`),
  items: Array.from({ length: 20 }, (_, i) => ({
    id: i,
    price: i * 1.25,
    name: `item ${i}`,
    ok: i % 2 === 0,
  })),
  nested: { a: { b: { c: [1, 2, 3, { d: "deep" }] } } },
  text: "x".repeat(400),
})

const MESSAGE = `
local packed = cmsgpack.pack({token = ARGV[1], name = 'worker', keepJobs = {count = 100, age = 3600}, limiter = {max = 10,
duration = 1000}, lockDuration = 30000, attempts = 3, list = {1, 2, 3, 4, 5, 6, 7, 8}, text = ARGV[2]})
for i = 1, 99 do cmsgpack.unpack(packed) end
return cmsgpack.unpack(packed).token`

const METATABLES = `
local Account = {}
Account.__index = Account
function Account.new(n) return setmetatable({n = n}, Account) end
function Account:add(n) self.n = self.n + n return self end
local a = Account.new(0)
for i = 1, tonumber(ARGV[1]) do a:add(i) end
return a.n`

const bullmq = (): ScriptCase => {
  const entry = createRequire(import.meta.url).resolve("bullmq")
  const script = (file: string, name: string): string => {
    const module: Record<string, { readonly content: string }> = createRequire(import.meta.url)(
      path.join(path.dirname(entry), "scripts", `${file}.js`),
    )
    return module[name].content
  }
  const key = (name: string): string => `bull:bench:${name}`
  const keys = (...names: ReadonlyArray<string>): ReadonlyArray<string> => names.map(key)
  const active = [
    "wait",
    "active",
    "prioritized",
    "events",
    "stalled",
    "limiter",
    "delayed",
    "paused",
    "meta",
    "pc",
  ]
  const prefix = key("")
  // Packed with MessagePack, as BullMQ sends them.
  const bytes = (text: string): string => text
  const job = bytes(`\x9a\xab${prefix}\xa0\xa4name\xce\x65\x53\xf1\x00\xc0\xc0\xc0\xc0\xc0\xc0`)
  const jobOptions = bytes("\x82\xa8attempts\x00\xb0removeOnComplete\xc3")
  const take = bytes("\x84\xa5token\xa8worker:0\xaclockDuration\xcdu0\xa7limiter\xc0\xa4name\xc0")
  const finish = bytes(
    "\x8b\xa5token\xa8worker:0\xa4name\xc0\xa8keepJobs\x81\xa5count\x00\xa7limiter\xc0\xaclockDuration\xcdu0\xa8attempts\x00\xaemaxMetricsSize\xa0\xa4fpof\xc2\xa4cpof\xc2\xa4idof\xc2\xa4rdof\xc2",
  )
  return {
    name: "BullMQ cycle",
    sources: [
      script("addStandardJob-9", "addStandardJob"),
      script("moveToActive-11", "moveToActive"),
      script("moveToFinished-14", "moveToFinished"),
    ],
    words: (unit) => {
      const id = String(unit)
      const added = keys("wait", "paused", "meta", "id", "completed", "delayed", "active", "events", "marker")
      const now = "1700000000000"
      return [
        ["9", ...added, job, '{"n":1,"text":"some data of a job"}', jobOptions],
        ["11", ...keys(...active, "marker"), prefix, now, take],
        [
          ...["14", ...keys(...active, "completed", id, "metrics:completed", "marker"), id, now],
          ...["returnvalue", '{"ok":1}', "completed", "1", prefix, finish, ""],
        ],
      ]
    },
    units: 4000,
    prepare: [["HSET", key("meta"), "opts.maxLenEvents", "1000"]],
  }
}

export const scriptCases = (): ReadonlyArray<ScriptCase> => [
  single("return 1", "return 1", ["0"], { units: 50_000 }),
  single("one GET", "return redis.call('GET', KEYS[1])", ["1", "bench:key"], {
    units: 50_000,
    prepare: [["SET", "bench:key", "a value of 20 bytes."]],
  }),
  single("one SET", "return redis.call('SET', KEYS[1], ARGV[1])", ["1", "bench:key", "value"], {
    units: 50_000,
  }),
  RATE_WINDOW,
  single("rate counter", COUNTER, ["1", "bench:counter", "1", "3600"], {
    units: 30_000,
    // Some milliseconds may have passed.
    same: (reply) => reply.replace(/:3\d{6}/, ":a time"),
  }),
  loop("arithmetic", 1e6, "local n = 0 for i = 1, tonumber(ARGV[1]) do n = n + i % 7 * 2 end return n"),
  loop(
    "local calls",
    1e6,
    "local function add(a, b) return a + b end local n = 0 for i = 1, tonumber(ARGV[1]) do n = add(n, i) end return n",
  ),
  {
    ...loop(
      "recursion",
      20,
      "local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end return fib(tonumber(ARGV[1]))",
      100,
    ),
    operations: 21_891,
  },
  loop(
    "closures",
    1e5,
    "local n = 0 for i = 1, tonumber(ARGV[1]) do local f = function(x) n = n + x + i end f(1) end return n",
    20,
  ),
  loop(
    "string building",
    1e5,
    "local t = {} for i = 1, tonumber(ARGV[1]) do t[#t + 1] = 'item:' .. i .. ',' end return #table.concat(t)",
    20,
  ),
  loop(
    "sorting",
    1e5,
    "local t, x = {}, 42 for i = 1, tonumber(ARGV[1]) do x = (x * 16807) % 2147483647 t[i] = x end table.sort(t) return t[1]",
    10,
  ),
  loop(
    "pcall",
    1e5,
    "local n = 0 for i = 1, tonumber(ARGV[1]) do local ok, v = pcall(tonumber, i) n = n + v end return n",
    20,
  ),
  loop("metatables", 1e5, METATABLES, 20),
  single("cjson of 2 KB", "return #cjson.encode(cjson.decode(ARGV[1]))", ["0", document], { units: 5000 }),
  {
    ...single("cmsgpack", MESSAGE, ["0", "worker:0", "y".repeat(100)], { units: 500 }),
    operations: 100,
    pipeline: 10,
  },
  bullmq(),
]
