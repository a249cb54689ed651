/** CLIENT TRACKING against redis-server: what every connection receives, message by message. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { play, type Step, step, type Words } from "./TrackingPlay.js"

let redix: TestRedix
/** DEBUG RELOAD writes a file. */
let dir = ""
beforeAll(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-tracking-"))
  redix = await startRedix({}, { dir })
})
afterAll(async () => {
  await redix.stop()
  fs.rmSync(dir, { recursive: true, force: true })
})

const CLIENTS = 7

/**
 * Client 0 writes, 1 and 2 speak RESP3, 3 tracks for 4, which speaks RESP2 and is subscribed; 5 speaks RESP2, and 6 is told
 * in RESP3 in another's place.
 */
const opening: ReadonlyArray<string> = [
  "0 FLUSHALL",
  "1 HELLO 3",
  "2 HELLO 3",
  "6 HELLO 3",
  "4 SUBSCRIBE __redis__:invalidate",
]

const scripts: Readonly<Record<string, ReadonlyArray<string>>> = {
  "a key that was read is told once": [
    "1 CLIENT TRACKING ON; CLIENT TRACKINGINFO; CLIENT GETREDIR; GET k",
    "0 SET k 1; SET k 2",
    "1 MGET a b a; EXISTS c d",
    "0 MSET a 1 b 2; SELECT 3; SET c 1",
  ],
  "what one changes oneself comes behind the reply": [
    "1 CLIENT TRACKING ON; GET k; SET k 1; PING",
    "1 GET k; MULTI; SET k 2; GET k; INCR k; PING; EXEC; PING",
    "1 GET k; EVAL redis.call('incr','k')return'done' 0; PING",
    "1 GET k; FLUSHALL; PING; GET k; MULTI; INCR k; FLUSHDB; PING; EXEC; PING",
    "1 GET k; MULTI; SET k 3; CLIENT TRACKING OFF; EXEC; PING",
    "1 MULTI; CLIENT TRACKING ON; GET k; SET k 1; CLIENT TRACKINGINFO; EXEC; PING",
    "1 GET k; MULTI; SET k 4; HELLO 2; EXEC; HELLO 3",
  ],
  "messages to oneself and others": [
    "1 CLIENT TRACKING ON; SUBSCRIBE ch; GET k; MULTI; SET k 1; PUBLISH ch x; EXEC; PING",
    "2 CLIENT TRACKING ON; GET k",
    "1 GET k; SET k 2; PUBLISH ch y",
  ],
  "keys of scripts": [
    "1 CLIENT TRACKING ON; EVAL return{redis.call('get','u')} 2 d e",
    "0 MSET u 1 d 2; SET e 1",
    "1 EVAL redis.call('get',KEYS[1])redis.call('set',KEYS[1],1) 1 d",
    "0 SET d 2",
    "1 EVAL redis.call('set',KEYS[1],1)redis.call('get',KEYS[1]) 1 d",
    "0 SET d 2",
    "1 EVAL_RO return{redis.call('get',KEYS[1])} 1 d; EVAL_RO return{1} 1 e",
    "0 MSET d 3 e 3",
    "1 MULTI; EVAL return{redis.call('get','x')} 1 d; EXEC",
    "0 SET d 4",
  ],
  "told in another's place": [
    "3 CLIENT TRACKING ON REDIRECT @4; GET k; CLIENT TRACKINGINFO",
    "0 SET k 1",
    "3 GET k; SET k 2; GET k; MULTI; INCR k; PING; EXEC",
    "0 FLUSHALL",
    "3 CLIENT TRACKING ON REDIRECT @2; GET k",
    "2 SET k 1; PING; MULTI; PING; INCR k; EXEC",
    "3 GET k",
    "2 MULTI; PING; INCR k; PING; EXEC",
    "3 GET k",
    "2 EVAL redis.call('incr','k')return'done' 0; FLUSHDB",
    "3 GET k; CLIENT TRACKING ON REDIRECT @5; GET j",
    "0 MSET k 1 j 1",
    "5 SUBSCRIBE other",
    "3 GET k",
    "0 SET k 2",
    "5 UNSUBSCRIBE; PSUBSCRIBE other*",
    "3 GET k",
    "0 SET k 3",
    "5 PUNSUBSCRIBE; SSUBSCRIBE other",
    "3 GET k",
    "0 SET k 4",
  ],
  "who was to be told is told no more": [
    "1 CLIENT TRACKING ON REDIRECT @5; MGET a b; CLIENT TRACKINGINFO",
    "5 RESET",
    "0 SET a 1",
    "0 CLIENT KILL ID @5",
    "1 MGET a b",
    "0 SET a 2",
    "1 SET b 1; CLIENT TRACKINGINFO",
    "0 FLUSHALL",
    "1 CLIENT TRACKING ON; CLIENT TRACKINGINFO; GET a",
    "0 SET a 3",
  ],
  "by prefixes": [
    "1 CLIENT TRACKING ON BCAST; CLIENT TRACKINGINFO",
    "2 CLIENT TRACKING ON BCAST NOLOOP PREFIX a PREFIX b; CLIENT TRACKINGINFO",
    "1 SET z 1; SET a1 1; PING; SET b2 1; SET a1 2; SET a0 1; GET a0",
    "2 SET z 1; SET a1 1; PING; SET b2 1; SET a1 2; SET a0 1",
    "2 EVAL redis.call('set','a1',1)redis.call('del','b2')return'done' 0; SET a5 1",
    "2 MULTI; SET a1 3; PING; EXEC; PING",
    "2 SET a1 1; FLUSHALL; SET a2 1",
    "3 CLIENT TRACKING ON BCAST REDIRECT @4 PREFIX q; SET q2 1; SET q1 1",
    "1 CLIENT TRACKING OFF; SET a1 1; CLIENT TRACKING ON BCAST PREFIX a; SET a2 1",
    "1 SET a1 1; CLIENT TRACKING OFF; SET a2 1",
    "2 RENAME a1 b9; COPY b9 a3; MOVE a3 4; SET b 1; RESET",
  ],
  "prefixes that overlap": [
    "1 CLIENT TRACKING ON PREFIX a; CLIENT TRACKING ON BCAST PREFIX a PREFIX ab",
    "1 CLIENT TRACKING ON BCAST PREFIX ab PREFIX a; CLIENT TRACKING ON BCAST PREFIX a PREFIX a",
    "1 CLIENT TRACKING ON BCAST PREFIX a PREFIX c; CLIENT TRACKING ON BCAST PREFIX b PREFIX b",
    "1 CLIENT TRACKING ON BCAST PREFIX b PREFIX ca; CLIENT TRACKING ON BCAST PREFIX a",
    '1 CLIENT TRACKING ON BCAST PREFIX ""; CLIENT TRACKING ON BCAST PREFIX b; CLIENT TRACKING ON BCAST',
    "1 CLIENT TRACKINGINFO; CLIENT TRACKING ON BCAST PREFIX d; CLIENT TRACKING ON; CLIENT TRACKING ON BCAST OPTIN",
  ],
  "opting in and out": [
    "1 CLIENT CACHING YES; CLIENT TRACKING ON OPTIN; GET a; CLIENT CACHING YES; CLIENT GETNAME; GET b; GET c",
    "0 MSET a 1 b 2; SET c 3",
    "1 CLIENT CACHING YES; PING; GET a; CLIENT CACHING NO; CLIENT CACHING x; CLIENT CACHING YES; FOO; GET b",
    "0 MSET a 1 b 2",
    "1 CLIENT CACHING YES; MULTI; GET a; PING; GET b; EXEC; GET c",
    "0 MSET a 1 b 2; SET c 3",
    "1 MULTI; GET a; CLIENT CACHING YES; GET b; EXEC; GET c",
    "0 MSET a 1 b 2; SET c 3",
    "1 CLIENT CACHING YES; MULTI; GET a; DISCARD; GET b",
    "1 CLIENT CACHING YES; CLIENT KILL; GET c; CLIENT CACHING YES; CLIENT; GET a",
    "1 CLIENT CACHING YES; CLIENT NONE; GET b; CLIENT CACHING YES; GET; GET d",
    "0 MSET a 1 b 2; MSET c 3 d 4",
    "1 CLIENT TRACKING ON OPTOUT; CLIENT TRACKING ON; CLIENT TRACKING ON OPTOUT NOLOOP; CLIENT CACHING NO",
    "1 CLIENT CACHING NO; CLIENT TRACKINGINFO; GET a; GET b; SET b 1",
    "0 MSET a 1 b 2",
    "1 CLIENT TRACKING OFF FOO; CLIENT TRACKING; CLIENT TRACKING MAYBE; CLIENT TRACKING ON REDIRECT x",
    "1 CLIENT TRACKING ON REDIRECT 0; CLIENT TRACKING ON REDIRECT @2 REDIRECT @2; CLIENT TRACKING OFF REDIRECT 99999",
  ],
  "replies that are off": [
    "1 CLIENT TRACKING ON; GET k; CLIENT REPLY OFF; SET k 1; GET k; SET k 2; PING; CLIENT REPLY ON",
    "1 GET k; CLIENT REPLY SKIP; SET k 1; PING",
    "1 GET k; CLIENT REPLY OFF; MULTI; SET k 1; PING; EXEC; CLIENT REPLY ON; PING",
  ],
  "clients that wait": [
    "1 CLIENT TRACKING ON; GET l; BLPOP l 0 /waits",
    "0 RPUSH l a b /frees 1",
    "1 XREAD BLOCK 0 STREAMS s $ /waits",
    "0 XADD s 1-1 a b /frees 1",
    "0 XADD s 2-1 a b",
    "2 CLIENT TRACKING ON; GET m",
    "1 BLPOP m 0 /waits",
    "2 RPUSH m x /frees 1",
  ],
  "keys whose time has come": [
    "0 DEBUG SET-ACTIVE-EXPIRE 0",
    "2 CLIENT TRACKING ON BCAST NOLOOP PREFIX e; GET k",
    "1 CLIENT TRACKING ON; MULTI; SET e 1 PX 1; GET e; EXEC",
    "0 DEBUG SLEEP 0.05",
    "1 GET e; PING",
    "0 SET e 1",
    "1 MULTI; SET e 1 PX 1; GET e; EXEC",
    "0 DEBUG SLEEP 0.05",
    "2 GET e; PING",
    "0 DEBUG SET-ACTIVE-EXPIRE 1",
  ],
  "other data under the same names": [
    "1 CLIENT TRACKING ON; GET k",
    "0 SWAPDB 0 1",
    "0 SET k 1",
    "1 GET k",
    "0 DEBUG RELOAD",
    "1 GET k",
    "0 FLUSHDB ASYNC",
    "1 GET k",
    "0 SELECT 2; FLUSHDB SYNC",
  ],
}

describeOracle("client tracking", () => {
  it("acts out the scripts", () =>
    withOracle({ tcp: true, config: { "enable-debug-command": "yes" } }, async (server) => {
      for (const [name, lines] of Object.entries(scripts)) {
        const told = await play(server.port, redix.port, CLIENTS, [...opening, ...lines].map(step), name)
        expect(told > 0, name).toBe(name !== "prefixes that overlap")
      }
    }))

  describe.each([0, 1, 2, 3])("acts out a random play", (round) => {
    it(`round ${round}`, { timeout: 300_000 }, () =>
      withOracle({ tcp: true }, async (server) => {
        const random = Random.forTest(`client tracking ${round}`)
        const steps = [...opening.map(step), ...randomSteps(random)]
        const told = await play(server.port, redix.port, CLIENTS, steps, `seed ${random.seed}`)
        expect(told).toBeGreaterThan(STEPS / 200)
      }),
    )
  })
})

const STEPS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 3000) / 4

const keys = ["a", "ab", "abc", "b", "ba", "c", "\x00\xff"]

const key = (r: Random): string => r.pick(keys)

const tracking = (r: Random, client: number): Words => {
  const options: Array<string> = []
  for (const option of ["BCAST", "OPTIN", "OPTOUT", "NOLOOP"]) if (r.chance(0.25)) options.push(option)
  if (options.includes("BCAST"))
    for (const prefix of r.times(r.below(3), () => r.pick([...keys, ""]))) options.push("PREFIX", prefix)
  if (client === 3 ? r.chance(0.9) : r.chance(0.15))
    options.push("REDIRECT", client === 3 ? "@4" : r.pick(["@4", "@6"]))
  return ["CLIENT", "TRACKING", "ON", ...options]
}

const reading = (r: Random): Words =>
  r.pick<() => Words>([
    () => ["GET", key(r)],
    () => ["MGET", key(r), key(r)],
    () => ["EXISTS", key(r), key(r), key(r)],
    () => ["TYPE", key(r)],
    () => ["LRANGE", key(r), "0", "-1"],
    () => ["SORT_RO", key(r), "BY", "nosort"],
    () => ["SUNION", key(r), key(r)],
    () => ["OBJECT", "ENCODING", key(r)],
    () => ["ZINTERCARD", "2", key(r), key(r)],
    () => ["PFCOUNT", key(r), key(r)],
    () => ["XREAD", "STREAMS", key(r), key(r), "0", "0"],
  ])()

const writing = (r: Random): Words =>
  r.weighted<() => Words>([
    [4, () => ["SET", key(r), "v"]],
    [2, () => ["MSET", key(r), "1", key(r), "2"]],
    [2, () => ["DEL", key(r), key(r)]],
    [1, () => ["INCR", key(r)]],
    [1, () => ["RPUSH", key(r), "x"]],
    [1, () => ["LPOP", key(r)]],
    [1, () => ["LMOVE", key(r), key(r), "LEFT", "RIGHT"]],
    [1, () => ["SADD", key(r), "m"]],
    [1, () => ["SPOP", key(r)]],
    [1, () => ["SMOVE", key(r), key(r), "m"]],
    [1, () => ["SINTERSTORE", key(r), key(r), key(r)]],
    [1, () => ["HSET", key(r), "f", "v"]],
    [1, () => ["HINCRBY", key(r), "f", "1"]],
    [1, () => ["ZADD", key(r), "1", "m"]],
    [1, () => ["ZPOPMIN", key(r)]],
    [1, () => ["ZUNIONSTORE", key(r), "2", key(r), key(r)]],
    [1, () => ["SETBIT", key(r), "3", "1"]],
    [1, () => ["BITOP", "NOT", key(r), key(r)]],
    [1, () => ["PFADD", key(r), "e"]],
    [1, () => ["PFMERGE", key(r), key(r)]],
    [1, () => ["GETEX", key(r), "EX", "100"]],
    [1, () => ["GETDEL", key(r)]],
    [1, () => ["EXPIRE", key(r), r.pick(["100", "-1"])]],
    [1, () => ["PERSIST", key(r)]],
    [2, () => ["RENAME", key(r), key(r)]],
    [1, () => ["RENAMENX", key(r), key(r)]],
    [2, () => ["COPY", key(r), key(r), "REPLACE"]],
    [1, () => ["MOVE", key(r), "1"]],
    [1, () => ["SORT", key(r), "BY", "nosort", "STORE", key(r)]],
    [1, () => ["XADD", key(r), `${r.between(1, 9)}-${r.between(1, 9)}`, "f", "v"]],
    [1, () => ["XGROUP", "CREATE", key(r), "g", "0", "MKSTREAM"]],
    [1, () => ["GEOADD", key(r), "1", "1", "m"]],
    [0.5, () => ["FLUSHALL"]],
    [0.3, () => ["FLUSHDB"]],
    [0.5, () => ["SWAPDB", "0", "1"]],
  ])()

const script = (r: Random): Words => {
  const calls = r.times(r.between(1, 3), () => {
    const words = r.chance(0.5) ? ["get", key(r)] : ["set", key(r), "s"]
    return `redis.pcall(${words.map((word) => `'${word.replaceAll("\x00", "\\0")}'`).join(",")})`
  })
  return ["EVAL", `${calls.join(" ")} return 'done'`, "2", key(r), key(r)]
}

const anything = (r: Random): Words =>
  r.weighted<() => Words>([
    [5, () => reading(r)],
    [4, () => writing(r)],
    [1, () => script(r)],
    [0.5, () => ["PING"]],
    [0.7, () => ["CLIENT", "CACHING", r.pick(["YES", "NO"])]],
  ])()

function* randomSteps(r: Random): Generator<Step> {
  for (let i = 0; i < STEPS; i++) {
    const client = r.pick([0, 1, 1, 2, 2, 3, 5])
    const one = r.weighted<() => ReadonlyArray<Words>>([
      [8, () => [anything(r)]],
      [3, () => r.times(r.between(2, 5), () => anything(r))],
      [3, () => [["MULTI"], ...r.times(r.between(1, 4), () => anything(r)), ["EXEC"], ["PING"]]],
      [2, () => [tracking(r, client)]],
      [0.7, () => [["CLIENT", "TRACKING", "OFF"]]],
      [0.7, () => [["CLIENT", "TRACKINGINFO"]]],
      [1, () => [["CLIENT", "CACHING", r.pick(["YES", "NO"])], anything(r), anything(r)]],
      [0.3, () => [["HELLO", client === 3 || client === 5 ? "2" : r.pick(["2", "3", "3"])]]],
      [0.1, () => [["RESET"], ["HELLO", client === 1 || client === 2 ? "3" : "2"]]],
      [0.5, () => [["CLIENT", "REPLY", "OFF"], anything(r), anything(r), ["CLIENT", "REPLY", "ON"]]],
    ])()
    yield { client, commands: one }
    if (r.chance(0.03))
      yield { client: 4, commands: [[r.pick(["UNSUBSCRIBE", "SUBSCRIBE"]), "__redis__:invalidate"]] }
  }
}
