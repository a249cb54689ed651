/** Users against redis-server: what they may do and are told, in commands, transactions, scripts and channels. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { NEWER } from "../support/coverage/NewerCommands.js"
import { describeOracle, OracleServer } from "../support/Oracle.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { parseReply } from "../support/RespFrames.js"
import { TwoServers } from "./TwoServers.js"

const RESTORED = `
  z: ACL DELUSER u v
  z: ACL LOG RESET
  z: CONFIG SET requirepass "" acllog-max-len 128 acl-pubsub-default resetchannels
  z: FLUSHALL
  z: FUNCTION FLUSH
`

describeOracle("users against redis-server", () => {
  let oracle: OracleServer
  let redix: TestRedix
  let both: TwoServers
  beforeAll(async () => {
    oracle = await OracleServer.start({ tcp: true })
    redix = await startRedix()
    both = new TwoServers(oracle, redix)
  })
  afterEach(async () => {
    await both.play(RESTORED)
    both.reset()
  })
  afterAll(async () => {
    await redix.stop()
    await oracle.stop()
  })

  it("ACL DRYRUN knows the commands that Redix lacks", async () => {
    const client = await redix.connect()
    const wordsOf = async (...words: ReadonlyArray<string>): Promise<ReadonlyArray<string>> =>
      (parseReply(await client.command(...words)).items ?? []).map(({ payload }) => payload.toString())
    const here = new Set(await wordsOf("COMMAND", "LIST"))
    const lacking = new Set<string>()
    for (const category of await wordsOf("ACL", "CAT"))
      for (const name of await wordsOf("ACL", "CAT", category)) if (!here.has(name)) lacking.add(name)
    client.close()
    expect([...lacking]).toEqual(expect.arrayContaining(["migrate", "cluster|info"]))
    const tried = [...lacking].flatMap((name) => {
      const called = name.replace("|", " ").toUpperCase()
      return ["", " a", " a1 b", " a1 0 a b", " h 1 a1 0 10"].map((words) => `${called}${words}`)
    })
    await both.play(`
      a: ACL SETUSER u on ~a* +@read
      a: ACL SETUSER v on ~a* +@all
      a: ACL SETUSER w on (~a1 +migrate) (~b +cluster|info +restore-asking)
      ${["u", "v", "w"].flatMap((user) => tried.map((words) => `a: ACL DRYRUN ${user} ${words}`)).join("\n")}
      a: ACL DRYRUN v MIGRATE h 1 "" 0 10 KEYS a1 b
      a: ACL DRYRUN v MIGRATE h 1 "" 0 10 KEYS a1 a2
      a: ACL DRYRUN v MIGRATE h 1 "" 0 10 AUTH KEYS KEYS b
      a: ACL DRYRUN v CLUSTER|INFO
      a: ACL DRYRUN v CLUSTER NOSUCH
      a: ACL DRYRUN v CLUSTER
      a: ACL DRYRUN v CONFIG NOSUCH
      a: ACL DRYRUN v SENTINEL MASTERS
      a: ACL DELUSER u v w`)
  })

  it("ACL's own replies and refusals", async () => {
    const commands = [
      "ACL",
      "ACL NOSUCH",
      "ACL HELP",
      "ACL CAT",
      "ACL CAT nosuch",
      "ACL CAT @read",
      "ACL CAT read more",
      "ACL DELUSER",
      "ACL DELUSER nosuch",
      "ACL DELUSER u default",
      "ACL DELUSER u nosuch u",
      "ACL GETUSER",
      "ACL GETUSER nosuch",
      "ACL GETUSER default",
      "ACL GENPASS 0",
      "ACL GENPASS 4097",
      "ACL GENPASS x",
      "ACL GENPASS 8 8",
      "ACL LIST",
      "ACL LIST x",
      "ACL LOAD",
      "ACL SAVE",
      "ACL SAVE x",
      "ACL LOG x",
      "ACL LOG 1 2",
      "ACL LOG 0",
      "ACL LOG -1",
      "ACL LOG 99999999999999999999",
      "ACL LOG reset",
      "ACL SETUSER",
      'ACL SETUSER "a b"',
      'ACL SETUSER "a\\u0000b" on',
      'ACL SETUSER "a\\nb" (',
      'ACL SETUSER "" on ""',
      'ACL DELUSER ""',
      "ACL USERS",
      "ACL WHOAMI",
      "ACL WHOAMI x",
      "CLIENT KILL USER nosuch",
      "AUTH x",
      "AUTH a b c",
    ]
    for (const hello of ["HELLO 2", "HELLO 3"])
      await both.play(["ACL SETUSER u", hello, ...commands].map((line) => `a: ${line}`).join("\n"))
  })

  it("the commands of every category", async () => {
    const theirs = await oracle.connect()
    const ours = await redix.connect()
    const names = async (client: typeof theirs, ...args: ReadonlyArray<string>): Promise<Array<string>> =>
      (await client.text("ACL", "CAT", ...args)).match(/^[a-z].*(?=\r)/gm) ?? []
    const categories = await names(theirs)
    expect(categories.length).toBeGreaterThan(20)
    expect(await names(ours)).toEqual(categories)
    for (const category of categories)
      expect([category, (await names(ours, category)).filter((name) => !NEWER.has(name)).sort()]).toEqual([
        category,
        (await names(theirs, category)).sort(),
      ])
    theirs.close()
    ours.close()
  })

  it.each(["+@fast +command -@hash", "allcommands -@fast +@write -command"])(
    "the categories that say %s best are the same, though there are newer commands",
    async (rules) => {
      const said = async (server: { connect: () => Promise<RawClient> }): Promise<ReadonlyArray<string>> => {
        const client = await server.connect()
        await client.text("ACL", "SETUSER", "said", "reset", ...rules.split(" "))
        const user = await client.text("ACL", "GETUSER", "said")
        await client.text("ACL", "DELUSER", "said")
        client.close()
        return user.match(/[+-]@\w+/g) ?? []
      }
      const theirs = await said(oracle)
      expect(theirs.length).toBeGreaterThan(2)
      expect(await said(redix)).toEqual(theirs)
    },
  )

  it.each([
    ["~a b", '"~a\\tb"', '"&a\\nb"', '"+no\\r\\nsuch"', '"~a\\u0000b"', '"bo\\u0000o"', '"~a\\u000bb"'],
    ["on", "ON", "off", "nopass", ">x", "<x", "<x", "resetpass", ">x >y", "!x", "#x", "nopass >x"],
    [
      "(+get",
      "(+get ~a) on",
      "( +get ~b )",
      "((~a)",
      "(~a)(~b)",
      "( +get ( +set )",
      "( +get (+set ) +del",
      "( +get (+set)",
      "(~a (~b ( ~c",
      "(~a ( +get ) ~b",
      "()",
      ")",
      "a)",
      "(",
      "(on)",
      "(reset)",
    ],
    ['"(~\\"x\\"a)"', '"(\\"~x)"', "clearselectors", '"(~a\\u0000b)"', '"(~a\\r+get)"', '"( )"'],
    ["+config|get", "-config|get", "+config", "-config|set", "+acl|nosuch", "+config|get|x", "+select|"],
    ["+select|0", "+select|A", "+SELECT|a", "-select|0", "-select", "+select|1 +@all", "-@all", "+select||"],
    ["%R~a", "%W~a", "%", "%R", "%~", "%rW~b", "%RR~b", "%R~*", "%W~*", "~c", "~*", "~d", "allkeys", "%R~d"],
    ["&a", "&a &b", "&*", "&c", "allchannels", "resetchannels", "reset", "sanitize-payload", "reset &x"],
    ["skip-sanitize-payload", "allcommands", "-@dangerous +config|get", "nocommands", "+@read -get", '""'],
  ])("the rules %s ...", async (...rules) => {
    for (const rule of rules)
      await both.play(`
        a: ACL SETUSER u ${
          rule.startsWith('"')
            ? rule
            : rule
                .split(" ")
                .map((word) => JSON.stringify(word))
                .join(" ")
        }
        a: ACL GETUSER u
        a: ACL LIST`)
  })

  describe("what they may do", () => {
    it("commands, keys and channels", () =>
      both.play(`
        a: ACL SETUSER u on >x +@all -@dangerous +config|get %R~r* %W~w* ~b* &c*
        b: AUTH u y
        b: AUTH nosuch x
        b: AUTH u x
        b: ACL WHOAMI
        b: GET r1
        b: GET w1
        b: SET w1 1
        b: SET w1 1 GET
        b: SET b1 1 GET
        b: COPY r1 w2
        b: COPY w1 r2
        b: RENAME b1 b2
        b: MGET r1 r2 x
        b: SORT r1 BY p*
        b: SORT r1 GET #
        b: SORT r1 BY nosort
        b: SORT r1 STORE w3
        b: SORT r1 STORE r3
        b: BITFIELD r1 GET u8 0
        b: BITFIELD r1 SET u8 0 1
        b: EXISTS w1 r1
        b: EXISTS x
        b: BLPOP x 1
        b: XREAD STREAMS r1 x 0 0
        b: ZUNIONSTORE w4 2 r1 x
        b: GEORADIUS r1 1 1 1 m STORE r2
        b: WATCH x
        b: OBJECT ENCODING x
        b: KEYS *
        b: CONFIG GET maxclients
        b: CONFIG SET maxclients 10
        b: FLUSHALL
        b: PUBLISH c1 x
        b: PUBLISH x c1
        b: SPUBLISH x c1
        b: SUBSCRIBE c1 x
        b: PSUBSCRIBE c*
        b: PUNSUBSCRIBE c*
        b: PSUBSCRIBE c1
        b: UNSUBSCRIBE x
        b: SSUBSCRIBE x
        b: RESET
        b: ACL WHOAMI
        a: ACL LOG 100
        a: CLIENT KILL USER u`))

    it("logins", () =>
      both.play(`
        a: ACL SETUSER u on >x +@all
        b: HELLO 3 AUTH u y
        b: HELLO 3 AUTH u x SETNAME me
        b: CLIENT INFO
        b: ACL SETUSER u off
        b: PING
        c: AUTH u x
        a: ACL SETUSER u on nopass
        c: Auth u anything
        c: MULTI
        c: auth u
        c: AUTH nosuch x
        c: EXEC
        a: ACL SETUSER default >y
        d: PING
        d: HELLO
        d: HELLO 3 AUTH default nosuch
        d: AUTH y
        d: ACL WHOAMI
        a: ACL SETUSER default off
        e: AUTH y
        e: AUTH u x
        a: ACL SETUSER default on nopass
        a: ACL LOG
        a: HELLO 3
        a: ACL LOG`))

    it("requirepass is the default user's password", () =>
      both.play(`
        a: CONFIG SET requirepass one
        a: ACL GETUSER default
        b: PING
        b: AUTH one
        a: ACL SETUSER default >two
        a: CONFIG GET requirepass
        c: AUTH two
        a: CONFIG SET requirepass one
        a: ACL GETUSER default
        a: CONFIG SET requirepass three
        a: ACL GETUSER default
        d: AUTH two
        a: CONFIG SET requirepass ""
        a: ACL GETUSER default
        e: PING`))

    it("transactions, when they are queued and when they run", () =>
      both.play(`
        a: ACL SETUSER u on nopass ~a* &* +@all
        b: AUTH u x
        b: MULTI
        b: GET b
        b: EXEC
        b: MULTI
        b: SET a 1
        b: SET a1 1
        b: PUBLISH c x
        b: GET a
        b: AUTH default x
        b: GET b
        a: ACL SETUSER u resetkeys ~a resetchannels -get
        b: EXEC
        b: ACL LOG
        a: ACL SETUSER u resetchannels &c
        b: MULTI
        b: PUBLISH c x
        b: SPUBLISH c x
        b: SUBSCRIBE c
        a: ACL SETUSER u resetchannels
        b: EXEC
        b: ACL LOG 2`))

    it("scripts and functions run as who calls them", () =>
      both.play(`
        a: ACL SETUSER u on nopass ~a &c +eval +eval_ro +get +publish +fcall
        a: FUNCTION LOAD "#!lua name=l\\nredis.register_function('f', function(k, v) return redis.call('get', v[1]) end)"
        b: AUTH u x
        b: EVAL "return redis.call('get', 'a')" 0
        b: EVAL "return redis.call('get', 'b')" 0
        b: EVAL "return redis.call('get', KEYS[1])" 1 b
        b: EVAL "return redis.pcall('set', 'a', 'b')" 0
        b: EVAL "return redis.pcall('get')" 0
        b: EVAL_RO "return redis.pcall('set', 'a', 'b')" 0
        b: EVAL "return redis.pcall('publish', 'x', 'y')" 0
        b: EVAL "return redis.pcall('publish', 'c', 'y')" 0
        b: EVAL "return redis.pcall('auth', 'u', 'x')" 0
        b: EVAL "return {redis.acl_check_cmd('get', 'a') and 1 or 0, redis.acl_check_cmd('get', 'b') and 1 or 0, redis.acl_check_cmd('get') and 1 or 0, redis.acl_check_cmd('set', 'a', 'b') and 1 or 0}" 0
        b: EVAL "return redis.acl_check_cmd('nosuch')" 0
        b: EVAL "return redis.acl_check_cmd('config', 'nosuch')" 0
        b: FCALL f 0 a
        b: FCALL f 0 b
        b: FCALL f 1 b a
        a: ACL LOG`))

    it("first arguments", () =>
      both.play(`
        a: ACL SETUSER u on nopass allkeys +select|1 +get|a +acl|whoami
        b: AUTH u x
        b: SELECT 1
        b: SELECT 2
        b: GET A
        b: GET b
        b: MGET a
        a: ACL LOG`))
  })

  it("selectors: the best of them counts, and the one that comes furthest is told", () =>
    both.play(`
      a: ACL SETUSER u on nopass ~a +get (+set ~b) (+mget ~a ~b) (+publish &c) (-@all ~z)
      b: AUTH u x
      b: GET a
      b: GET b
      b: SET b 1
      b: SET a 1
      b: SET z 1
      b: MGET a b
      b: MGET a b c
      b: PUBLISH c x
      b: PUBLISH d x
      b: DEL z
      a: ACL LOG`))

  describe("who is cut off", () => {
    it("clients of a user that has gone", () =>
      both.play(`
        a: ACL SETUSER u on nopass +@all
        b: AUTH u x
        c: AUTH u x
        d: AUTH u x
        d: RESET
        b: ACL DELUSER u nosuch
        b: PING
        c: PING
        d: PING`))

    it.each([
      ["allchannels", "SUBSCRIBE a", "resetchannels &a"],
      ["allchannels", "SUBSCRIBE a", "resetchannels &b"],
      ["allchannels", "PSUBSCRIBE a*", "resetchannels &a*"],
      ["allchannels", "PSUBSCRIBE a*", "resetchannels &a"],
      ["&a*", "SSUBSCRIBE ab", "resetchannels &?b"],
      ["&a*", "SSUBSCRIBE ab", "resetchannels"],
      ["&a*", "SUBSCRIBE ab", "resetchannels (&a* -@all)"],
      ["&b (+@all &c)", "SUBSCRIBE c", "clearselectors"],
      ["&b (+@all &c)", "SUBSCRIBE c", "clearselectors allchannels"],
      ["&b", "SUBSCRIBE b", "off -@all"],
      ["&b", "SUBSCRIBE b", "reset on nopass +@all"],
    ])("of %s, after %s: %s", async (before, subscribe, after) => {
      await both
        .play(`
          a: ACL SETUSER u on nopass +@all ${before.replace(/(\(.*\))/, '"$1"')}
          b: HELLO 3 AUTH u x
          c: HELLO 3 AUTH u x
          d: HELLO 3
          a: ACL SETUSER u +get
          a: ACL GETUSER u`)
        .then(() => both.push(["b", "d"], subscribe))
        .then(() =>
          both.play(`
          a: ACL SETUSER u ${after.replace(/(\(.*\))/, '"$1"')}
          b: PING
          c: PING
          d: PING`),
        )
    })

    it("who listens since it was another", async () => {
      await both
        .play(`
          a: ACL SETUSER u on nopass +@all &b
          b: HELLO 3`)
        .then(() => both.push(["b"], "SUBSCRIBE a"))
        .then(() =>
          both.play(`
          b: AUTH u x
          a: ACL SETUSER u +get
          b: PING`),
        )
    })
  })

  it("ACL LOG: what is counted together, and how long it gets", () =>
    both.play(`
      a: ACL SETUSER u on nopass +@all
      b: AUTH u x
      b: GET a
      b: GET b
      b: SET a 1
      b: GET a
      a: ACL LOG 1
      a: ACL LOG
      a: CONFIG SET acllog-max-len 1
      a: ACL LOG
      b: GET a
      a: ACL LOG
      b: GET c
      a: ACL LOG
      a: CONFIG SET acllog-max-len 0
      a: ACL LOG
      b: GET d
      a: ACL LOG`))

  it("acl-pubsub-default", () =>
    both.play(`
      a: CONFIG SET acl-pubsub-default allchannels
      a: ACL SETUSER u on (+get)
      a: ACL GETUSER u
      a: ACL SETUSER u resetchannels
      a: ACL GETUSER u
      a: ACL SETUSER u reset
      a: ACL GETUSER u
      a: CONFIG SET acl-pubsub-default nosuch
      a: CONFIG GET acl-pubsub-default
      a: CONFIG SET acl-pubsub-default resetchannels
      a: ACL SETUSER u reset
      a: ACL LIST`))
})
