/** DUMP and RESTORE: payloads go both ways between Redix and redis-server, refusals have its texts, lies do no harm. */
import * as fs from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { goldenBytes, goldenDescription, goldenNames } from "../rdb/Goldens.js"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { effort } from "../support/Effort.js"
import { sealed } from "../support/DumpPayloads.js"
import { differential, type StepLike } from "../support/Differential.js"
import { localClient, recordEvents, recordLog } from "../support/Local.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())

const bulk = (reply: Buffer): Buffer => reply.subarray(reply.indexOf("\r\n") + 2, reply.length - 2)

const digest = async (client: RawClient, key: Uint8Array): Promise<string> =>
  (await client.command("DEBUG", "DIGEST-VALUE", key)).toString("latin1")

describeOracle("payloads and redis-server", () => {
  for (const name of goldenNames.filter((golden) => goldenDescription(golden).rdbVersion <= 10)) {
    it(`${name}: each value goes to Redix and back`, async () => {
      await withTempDir(async (dir) => {
        fs.writeFileSync(`${dir}/dump.rdb`, goldenBytes(name))
        await withOracle({ dir }, async (oracle) => {
          const [redis, client] = await Promise.all([oracle.connect(), redix.connect()])
          await client.command("FLUSHALL")
          for (const [db, keys] of Object.entries(goldenDescription(name).databases)) {
            await Promise.all([redis.command("SELECT", db), client.command("SELECT", db)])
            for (const key of Object.keys(keys)) {
              const bytes = Buffer.from(key, "latin1")
              const payload = await redis.command("DUMP", bytes)
              if (String(payload) === "$-1\r\n") continue
              expect(await client.text("RESTORE", bytes, "0", bulk(payload))).toBe("+OK\r\n")
              expect(await client.text("OBJECT", "ENCODING", bytes)).toBe(
                await redis.text("OBJECT", "ENCODING", bytes),
              )
              await redis.command("PERSIST", bytes)
              const wanted = await digest(redis, bytes)
              expect(await digest(client, bytes)).toBe(wanted)
              const back = bulk(await client.command("DUMP", bytes))
              expect(await redis.text("RESTORE", bytes, "0", back, "REPLACE")).toBe("+OK\r\n")
              expect(await digest(redis, bytes)).toBe(wanted)
            }
          }
          redis.close()
          client.close()
        })
      })
    })
  }

  it("replies to every option and mistake", async () => {
    await withOracle({ config: { "maxmemory-policy": "noeviction" } }, async (oracle) => {
      const [redis, subject] = await Promise.all([oracle.connect(), redix.connect()])
      await subject.command("FLUSHALL")
      const good = sealed(Buffer.from([0, 1, 0x76]))
      const wrong = Buffer.from(good)
      wrong[2] = 0x77
      const list = sealed(Buffer.from([1, 2, 1, 0x61, 1, 0x62]))
      const payloads = [
        good,
        wrong,
        list,
        sealed(Buffer.from([77, 1, 1])),
        sealed(Buffer.from([1, 0])),
        Buffer.from("x"),
      ]
      const r = Random.forTest("restore")
      const options = [
        "REPLACE",
        "replace",
        "ABSTTL",
        "IDLETIME",
        "FREQ",
        "5",
        "-1",
        "300",
        "x",
        "GET",
        "99999999999999999999",
      ]
      // A time that is long over with ABSTTL, and without it not over before the test is.
      const ttls = ["0", "-1", "x", "100000", "4102444800000", "200000", "9223372036854775807", "12.5"]
      function* steps(): Generator<StepLike> {
        yield ["RESTORE", "k"]
        yield ["RESTORE", "k", "0"]
        yield ["DUMP"]
        yield ["DUMP", "nothing"]
        yield ["RESTORE-ASKING", "k", "0"]
        for (let i = 0; i < 3000; i++) {
          const key = r.pick(["a", "b", "c"])
          const words = r.times(r.below(4), () => r.pick(options))
          yield [
            r.pick(["RESTORE", "RESTORE", "restore-asking"]),
            key,
            r.pick(ttls),
            r.pick(payloads),
            ...words,
          ]
          if (r.chance(0.3)) yield ["DEL", key]
          if (r.chance(0.3)) yield ["TYPE", key]
          if (r.chance(0.2)) yield ["SADD", key, "1", "2"]
          if (r.chance(0.2)) yield ["DUMP", key]
          if (r.chance(0.1)) yield ["PERSIST", key]
        }
      }
      expect(await differential({ oracle: redis, subject, seed: r.seed }, steps())).toBeGreaterThan(3000)
      redis.close()
      subject.close()
    })
  })
})

describe("RESTORE", () => {
  it("leaves the moment of expiry in the log, and a deletion when that has passed", async () => {
    const client = localClient(redix.engine)
    client.run("FLUSHALL")
    const log = recordLog(redix.engine)
    const events = recordEvents(redix.engine)
    const payload = sealed(Buffer.from([0, 1, 0x76]))
    const text = payload.toString("latin1")
    expect(client.run("RESTORE", "k", "5000", payload)).toBe("+OK\r\n")
    const at = redix.engine.keyspace.now + 5000
    expect(client.run("RESTORE", "k", "0", payload, "REPLACE")).toBe("+OK\r\n")
    expect(client.run("RESTORE", "k", "9999999999999", payload, "REPLACE", "ABSTTL")).toBe("+OK\r\n")
    expect(client.run("RESTORE", "k", "1", payload, "REPLACE", "ABSTTL")).toBe("+OK\r\n")
    expect(client.run("RESTORE", "k", "1", payload, "ABSTTL")).toBe("+OK\r\n")
    expect(client.run("DBSIZE")).toBe(":0\r\n")
    redix.engine.events.flags = 0
    expect(log).toEqual([
      `0: RESTORE k ${at} ${text} ABSTTL`,
      `0: RESTORE k 0 ${text} REPLACE`,
      `0: RESTORE k 9999999999999 ${text} REPLACE ABSTTL`,
      "0: DEL k",
    ])
    expect(events).toEqual([
      "0 new k",
      "0 restore k",
      "0 new k",
      "0 restore k",
      "0 new k",
      "0 restore k",
      "0 del k",
    ])
  })

  it("of payloads that lie fails or makes a value that can be used; nothing is lost or left", async () => {
    const client = localClient(redix.engine)
    client.run("FLUSHALL")
    const { arena } = redix.engine.keyspace
    const r = Random.forTest("lying payloads")
    const source = await startRedix()
    const maker = localClient(source.engine)
    maker.run("RPUSH", "l", "a", "12345", "x".repeat(70))
    maker.run("SADD", "i", "1", "70000", "-5")
    maker.run("SADD", "m", "a", "b", "7")
    maker.run("HSET", "h", "f", "1", "g", "x".repeat(30))
    maker.run("HSET", "H", "f", "x".repeat(80), "g", "2")
    maker.run("ZADD", "z", "1", "a", "2.5", "b", "-inf", "c")
    maker.run("ZADD", "Z", "1", "y".repeat(80), "2", "b")
    for (const id of ["1-1", "1-2", "5-0"]) maker.run("XADD", "x", id, "f", "v", "g", "w")
    maker.run("XDEL", "x", "1-2")
    maker.run("XGROUP", "CREATE", "x", "g", "0")
    maker.run("XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "x", ">")
    const values = ["l", "i", "m", "h", "H", "z", "Z", "x"].map((key) => {
      const reply = Buffer.from(maker.run("DUMP", key), "latin1")
      const payload = bulk(reply)
      return payload.subarray(0, payload.length - 10)
    })
    await source.stop()
    const uses: ReadonlyArray<ReadonlyArray<string>> = [
      ["LRANGE", "k", "0", "-1"],
      ["LPUSH", "k", "more"],
      ["LPOP", "k"],
      ["SMEMBERS", "k"],
      ["SADD", "k", "more", "1"],
      ["SREM", "k", "1"],
      ["HGETALL", "k"],
      ["HSET", "k", "more", "x".repeat(100)],
      ["HDEL", "k", "f"],
      ["ZRANGE", "k", "0", "-1", "WITHSCORES"],
      ["ZADD", "k", "3", "z".repeat(100), "1", "a"],
      ["ZREM", "k", "a", "b"],
      ["XRANGE", "k", "-", "+"],
      ["XADD", "k", "*", "a", "b"],
      ["XDEL", "k", "1-1"],
      ["XINFO", "STREAM", "k", "FULL"],
      ["XTRIM", "k", "MAXLEN", "1"],
      ["DUMP", "k"],
      ["COPY", "k", "k2", "REPLACE"],
    ]
    let restored = 0
    let refused = 0
    const before = arena.usedBytes
    for (let run = 0; run < effort(2000); run++) {
      const value = Buffer.from(r.pick(values))
      for (let flips = 1 + r.below(3); flips > 0; flips--) {
        const at = r.below(value.length)
        value[at] = r.chance(0.3) ? r.pick([0, 1, 0x7f, 0x80, 0x81, 0xff]) : value[at] ^ (1 << r.below(8))
      }
      const cut = r.chance(0.1) ? value.subarray(0, r.below(value.length)) : value
      const reply = client.run("RESTORE", "k", "0", sealed(cut), "REPLACE")
      if (reply === "+OK\r\n") {
        restored++
        for (const words of uses) client.run(...words)
        client.run("DEL", "k", "k2")
      } else {
        expect(reply).toBe("-ERR Bad data format\r\n")
        refused++
      }
    }
    expect(restored).toBeGreaterThan(30)
    expect(refused).toBeGreaterThan(300)
    expect(arena.usedBytes).toBe(before)
    arena.checkInvariants()
  })
})
