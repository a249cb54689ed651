/** Users that go, or lose rights, while their clients are in the middle of something; against redis-server. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest"
import { PATIENCE_MS } from "../support/Patience.js"
import { describeOracle, OracleServer } from "../support/Oracle.js"
import { encodeCommands } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { TwoServers } from "./TwoServers.js"

describeOracle("users that change under their clients", () => {
  let oracle: OracleServer
  let redix: TestRedix
  let both: TwoServers
  beforeAll(async () => {
    oracle = await OracleServer.start({ tcp: true })
    redix = await startRedix()
    both = new TwoServers(oracle, redix)
  })
  afterEach(async () => {
    both.reset()
    await both.play(`
      z: ACL DELUSER u v
      z: ACL LOG RESET
      z: FLUSHALL`)
    both.reset()
  })
  afterAll(async () => {
    await redix.stop()
    await oracle.stop()
  })

  it.each([
    ["BLPOP q 0", "RPUSH q 1"],
    ["BLMOVE q r LEFT LEFT 0", "RPUSH q 1"],
    ["BZPOPMIN z 0", "ZADD z 1 a"],
    ["XREAD BLOCK 0 STREAMS s $", "XADD s 1-1 a b"],
    ["WAIT 1 0", "PING"],
  ])("one that waits in %s goes with its user, and what comes then is for others", async (wait, write) => {
    await both.play(`
      a: ACL SETUSER u on nopass +@all allkeys
      b: AUTH u x
      b> ${wait}
      blocked 1
      a: ACL DELUSER u
      b<
      blocked 0
      a: ${write}
      a: LLEN q
      a: LLEN r
      a: ZCARD z
      a: CLIENT UNBLOCK 1`)
  })

  it.each([
    ["BLPOP q 0", "RPUSH q 1", "-blpop"],
    ["BLPOP q 0", "RPUSH q 1", "resetkeys"],
    ["BLPOP q 0", "RPUSH q 1", "off"],
    ["BLPOP q 0", "RPUSH q 1", "resetpass"],
    ["BLMOVE q r LEFT LEFT 0", "RPUSH q 1", "resetkeys ~q"],
    ["BZPOPMIN z 0", "ZADD z 1 a", "-@all"],
    ["XREAD BLOCK 0 STREAMS s $", "XADD s 1-1 a b", "resetkeys"],
    ["XREADGROUP GROUP g c BLOCK 0 STREAMS t >", "XADD t 9-1 a b", "resetkeys"],
  ])(
    "one that waits in %s has what it asked for when it might: %s, after %s",
    async (wait, write, change) => {
      await both.play(`
      a: ACL SETUSER u on nopass +@all allkeys
      a: XGROUP CREATE t g $ MKSTREAM
      b: AUTH u x
      b> ${wait}
      blocked 1
      a: ACL SETUSER u ${change}
      a: ${write}
      b<
      blocked 0
      b: GET a
      b: ACL WHOAMI
      a: LLEN q
      a: LLEN r
      a: ACL LOG`)
    },
  )

  it("a transaction goes with its user, also where it is the one that deletes it", async () => {
    await both.play(`
      a: ACL SETUSER u on nopass +@all allkeys
      b: AUTH u x
      b: MULTI
      b: SET k 1
      a: ACL DELUSER u
      b: EXEC
      a: GET k
      a: ACL SETUSER u on nopass +@all allkeys
      c: AUTH u x
      c: MULTI
      c: SET k 1
      c: ACL DELUSER u
      c: EXEC
      c: PING
      a: MGET k l`)
  })

  it("a transaction that deletes its own user is run and answered as a whole", async () => {
    const queued = [["MULTI"], ["SET", "k", "1"], ["ACL", "DELUSER", "u"], ["INCR", "k"], ["EXEC"], ["PING"]]
    const answered: Array<string> = []
    for (const connect of [() => oracle.connect(), () => redix.connect()]) {
      const [admin, client] = [await connect(), await connect()]
      await admin.pipeline([["FLUSHALL"], ["ACL", "SETUSER", "u", "on", "nopass", "+@all", "allkeys"]])
      await client.command("AUTH", "u", "x")
      client.sendRaw(encodeCommands(queued))
      answered.push(String(await client.readToEnd()))
      expect(await admin.text("GET", "k")).toBe("$1\r\n2\r\n")
      for (const one of [admin, client]) one.close()
    }
    const [theirs, ours] = answered
    // redis-server keeps the rest of the array to itself.
    expect(theirs).toBe("+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n:1\r\n")
    expect(ours).toBe(`${theirs}:2\r\n`)
  })

  it("rights that a transaction takes from itself are gone for the rest of it", async () => {
    await both.play(`
      a: ACL SETUSER u on nopass +@all allkeys
      b: AUTH u x
      b: MULTI
      b: SET k 1
      b: ACL SETUSER u -set
      b: SET l 1
      b: GET k
      b: EXEC
      a: MGET k l
      a: ACL LOG`)
  })

  it("AUTH inside a transaction, and RESET", async () => {
    await both.play(`
      a: ACL SETUSER u on >pw +@all allkeys -set
      b: MULTI
      b: SET k 1
      b: AUTH u pw
      b: SET l 1
      b: ACL WHOAMI
      b: EXEC
      b: ACL WHOAMI
      b: RESET
      b: ACL WHOAMI
      a: MGET k l
      a: ACL LOG`)
  })

  it("a script whose caller deletes its own user runs on as that user, and the client goes", async () => {
    await both.play(`
      a: ACL SETUSER u on nopass +@all allkeys
      b: AUTH u x
      b: EVAL "redis.call('set', 'k', 1); return redis.pcall('acl', 'deluser', 'u')" 0
      b: EVAL "return redis.call('set', 'l', 1)" 0
      a: MGET k l`)
  })

  it("one that watches, subscribes or monitors goes with its user", async () => {
    await both
      .play(`
        a: ACL SETUSER u on nopass +@all allkeys allchannels
        b: HELLO 3 AUTH u x
        c: HELLO 3 AUTH u x
        d: AUTH u x
        d: WATCH k
        d: MULTI
        c: MONITOR`)
      .then(() => both.push(["b"], "SUBSCRIBE x"))
    await both.play(`
      a: ACL DELUSER u
      b: PING
      d: EXEC
      a: PUBLISH x y
      a: PUBSUB NUMSUB x`)
  })

  it("messages for a client that is gone go nowhere, and the tracked client is told that it is", async () => {
    const [theirs, ours] = [await oracle.connect(), await redix.connect()]
    const told: Array<ReadonlyArray<string>> = []
    for (const [other, connect] of [
      [theirs, () => oracle.connect()],
      [ours, () => redix.connect()],
    ] as const) {
      const target = await connect()
      const id = (await target.text("CLIENT", "ID")).slice(1).trim()
      const story: Array<string> = []
      const say = async (...words: ReadonlyArray<string>): Promise<void> =>
        void story.push((await other.text(...words)).replaceAll(id, "ID"))
      await say("HELLO", "3").then(() => (story.length = 0))
      await say("CLIENT", "TRACKING", "on", "REDIRECT", id)
      await say("GET", "k")
      target.close()
      const gone = async (): Promise<boolean> => !(await other.text("CLIENT", "LIST")).includes(`id=${id} `)
      await expect.poll(gone, { timeout: PATIENCE_MS }).toBe(true)
      await say("CLIENT", "GETREDIR")
      await say("CLIENT", "TRACKINGINFO")
      other.sendRaw("SET k 1\r\nPING\r\n")
      for (let n = 0; n < 3; n++) story.push(String(await other.readLine()).replaceAll(id, "ID"))
      other.close()
      told.push(story)
    }
    expect(told[1]).toEqual(told[0])
  })
})
