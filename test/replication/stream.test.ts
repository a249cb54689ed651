/** What each write leaves in the replication stream, compared with redis-server's stream, byte by byte. */
import { expect, it } from "vitest"
import { MixedWrites } from "../support/MixedWrites.js"
import { delay, type Node, until, withNodes } from "../support/Nodes.js"
import { describeOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { StreamTap } from "../support/StreamTap.js"

/** Lines of words; a line is a case, several commands in one are parted by ";". "~" waits 5 ms. */
const cases = `
set k v ; SET k v EX 100 ; SET k v PX 100000 ; SET k v EXAT 99999999999 ; SET k v PXAT 99999999999999
SETEX k 100 v ; PSETEX k 100000 v ; SET k v NX ; SET k2 v NX GET ; SET k v XX KEEPTTL ; SET k v2 GET ; SETNX k v ; SETNX k9 v
SET k v EXAT 1 ; GET k
GETSET k v ; GETDEL k ; GETDEL k ; SET k v ; GETEX k ; GETEX k EX 100 ; GETEX k PERSIST ; GETEX k PERSIST ; GETEX k EXAT 1 ; GETEX k PX 5
SET k v ; EXPIRE k 100 ; EXPIRE k 200 NX ; EXPIRE k 200 XX ; PEXPIRE k 300000 GT ; EXPIREAT k 99999999999 LT ; PEXPIREAT k 99999999999999 ; PERSIST k ; PERSIST k ; EXPIRE k -1 ; EXPIRE k 10
INCR n ; DECR n ; INCRBY n 5 ; DECRBY n 3 ; INCRBYFLOAT n 1.5 ; INCRBYFLOAT n 0 ; APPEND s a ; APPEND s '' ; SETRANGE s 3 x ; SETRANGE s 0 '' ; SETBIT b 7 1 ; SETBIT b 7 1
MSET a 1 b 2 ; MSETNX a 1 c 2 ; MSETNX d 1 e 2 ; COPY a z ; COPY a z ; COPY a z REPLACE ; COPY a y DB 1 ; MOVE a 2 ; MOVE a 2 ; RENAME b bb ; RENAMENX bb d ; RENAMENX bb b ; RENAME b b
BITOP AND d a b ; BITOP OR d nokey ; BITFIELD b SET u8 0 5 ; BITFIELD b GET u8 0 ; BITFIELD b INCRBY u8 0 1 GET u4 0 ; BITFIELD_RO b GET u8 0
DEL k nokey ; DEL nokey ; UNLINK n s nokey ; TOUCH a ; EXISTS a
RPUSH l 1 2 3 4 5 6 7 8 ; LPOP l ; RPOP l 2 ; LPOP nokey ; LMPOP 2 nokey l LEFT COUNT 2 ; LPUSHX nokey 1 ; RPUSHX l 9 ; LINSERT l BEFORE 9 x ; LINSERT l BEFORE no x ; LSET l 0 y ; LREM l 0 no ; LREM l 0 y ; LTRIM l 0 100 ; LTRIM l 1 1 ; LTRIM l 5 9
RPUSH l 1 2 3 4 5 6 ; RPOPLPUSH l l2 ; LMOVE l l2 LEFT RIGHT ; BLPOP nokey l 0 ; BRPOP l 0 ; BLMOVE l l2 LEFT LEFT 0 ; BRPOPLPUSH l l2 0 ; BLMPOP 0 1 l2 LEFT COUNT 10 ; BLPOP l 0.01
SADD t 1 2 3 ; SADD t 1 ; SREM t 9 ; SREM t 1 ; SADD t a b c d e ; SMOVE t t2 a ; SMOVE t t2 zz ; SPOP t 100 ; SPOP t ; SADD o x ; SPOP o ; SADD o x ; SPOP o 0 ; SPOP o 1
SADD s1 1 2 ; SADD s2 2 3 ; SINTERSTORE d s1 s2 ; SINTERSTORE d s1 nokey ; SINTERSTORE d s1 nokey ; SUNIONSTORE d s1 s2 ; SDIFFSTORE d s1 s2
HSET h f v g w ; HSET h f v ; HMSET h f v ; HSETNX h f v ; HSETNX h q v ; HDEL h no ; HDEL h f g ; HINCRBY h n 5 ; HINCRBYFLOAT h x 1.5 ; HINCRBYFLOAT h x 0
ZADD z 1 a 2 b 3 c 4 d 5 e ; ZADD z 1 a ; ZADD z NX 1 a ; ZADD z INCR 2 a ; ZADD z XX INCR 2 nokey ; ZINCRBY z 0 b ; ZPOPMIN z ; ZPOPMAX z 2 ; ZMPOP 1 z MIN ; BZPOPMIN z 0 ; ZREM z no ; BZPOPMAX z 0.01
ZADD z 1 a 2 b 3 c ; ZUNIONSTORE d 1 z ; ZINTERSTORE d 2 z nokey ; ZINTERSTORE d 2 z nokey ; ZDIFFSTORE d 1 z ; ZRANGESTORE d z 0 -1 ; ZRANGESTORE d nokey 0 -1 ; ZREMRANGEBYRANK z 5 9 ; ZREMRANGEBYSCORE z 1 1 ; ZREMRANGEBYLEX z - [a
GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania ; GEOADD g NX 13 38 Palermo ; GEORADIUS g 15 37 200 km STORE gd ; GEOSEARCHSTORE gd g FROMLONLAT 15 37 BYRADIUS 200 km ; GEOSEARCHSTORE gd nokey FROMLONLAT 15 37 BYRADIUS 200 km
XADD x 1-1 f v ; XADD x 1-2 f v ; XADD x 2-* f v ; XADD x NOMKSTREAM 3-1 f v ; XADD nokey NOMKSTREAM * f v ; XADD x MAXLEN 3 4-1 f v ; XADD x MAXLEN ~ 2 5-1 f v ; XADD x MINID ~ 3 6-1 f v ; XDEL x 1-9 ; XDEL x 5-1 ; XTRIM x MAXLEN 100 ; XTRIM x MAXLEN ~ 1 ; XTRIM x MAXLEN 1 ; XSETID x 9-9 ; XSETID x 10-1 ENTRIESADDED 20 MAXDELETEDID 5-1
XADD x 1-1 f v ; XADD x 1-2 f v ; XADD x 1-3 f v ; XGROUP CREATE x g 0 ; XGROUP CREATE x g 0 ; XGROUP CREATE y g $ MKSTREAM ; XREADGROUP GROUP g c STREAMS x nothing ; XREADGROUP GROUP g c COUNT 1 NOACK STREAMS x > ; XREADGROUP GROUP g c COUNT 1 STREAMS x 0 ; XGROUP CREATECONSUMER x g d ; XGROUP CREATECONSUMER x g d ; XGROUP SETID x g 0 ; XGROUP DELCONSUMER x g d ; XGROUP DELCONSUMER x g no ; XACK x g 1-1 ; XGROUP DESTROY x g ; XGROUP DESTROY x g
PFADD p a b c ; PFADD p a ; PFCOUNT p ; PFCOUNT p ; PFADD p2 z ; PFMERGE p p2 ; PFMERGE p3 ; PFCOUNT p p2
RPUSH l 3 1 2 ; SORT l ; SORT l STORE d ; SORT nokey STORE d ; SORT nokey STORE d
FLUSHDB ; FLUSHALL ; SWAPDB 0 1 ; SWAPDB 1 1 ; SELECT 3 ; SET a b ; SELECT 0 ; SET a b ; FLUSHDB ASYNC
MULTI ; SET a 1 ; EXEC ; MULTI ; EXEC ; MULTI ; GET a ; EXEC ; MULTI ; SET a 1 ; INCR a ; EXEC ; MULTI ; SET a 1 ; SELECT 4 ; SET b 2 ; SELECT 0 ; EXEC ; MULTI ; INCR a ; LPUSH a x ; INCR a ; EXEC ; MULTI ; SET a 1 ; DISCARD
MULTI ; SPOP nokey ; SADD t 1 2 3 ; SPOP t 3 ; EXEC ; MULTI ; RPUSH bl 1 ; BLPOP bl 0 ; EXEC ; MULTI ; SET k v EX 100 ; INCRBYFLOAT f 1 ; EXEC
SET e1 1 PX 2 ; SET e2 1 PX 2 ; ~ ; MGET e1 e2 ; SET e1 1 PX 2 ; ~ ; SET e1 2 ; SET e1 1 PX 2 ; ~ ; GET e1 ; SET e1 1 PX 2 ; ~ ; INCR e1 ; HSET e3 f v ; PEXPIRE e3 2 ; ~ ; HSET e3 g w ; RPUSH e4 1 ; PEXPIRE e4 2 ; ~ ; LPOP e4 ; SET e5 1 PX 2 ; ~ ; EXISTS e5 ; SET e5 1 PX 2 ; ~ ; DEL e5 ; SET e5 1 PX 2 ; ~ ; RENAME e5 e6 ; SET e5 1 PX 2 ; SET e7 1 ; ~ ; RENAME e7 e5
SET e1 1 PX 2 ; ~ ; MULTI ; GET e1 ; SET e8 1 ; EXEC ; SET e1 1 PX 2 ; ~ ; EXPIRE e1 100 ; SET e1 1 PX 2 ; ~ ; SCAN 0 COUNT 1000 ; SET e1 1 PX 2 ; ~ ; KEYS * ; SET e1 1 PX 2 ; ~ ; TYPE e1 ; SET e1 1 PX 2 ; ~ ; COPY e1 e2 ; SADD s 1 ; SET e1 1 PX 2 ; ~ ; SUNIONSTORE e1 s ; SET e1 1 PX 2 ; ~ ; TTL e1
PUBLISH c m ; SPUBLISH c m ; SCRIPT FLUSH ; DEBUG SLEEP 0 ; OBJECT ENCODING a ; RESTORE r 0 nonsense
`

const split = (line: string): string[][] =>
  line.split(" ; ").map((command) =>
    command
      .trim()
      .split(/\s+/)
      .map((word) => (word === "''" ? "" : word)),
  )

/** Times of the present differ by a little from server to server. */
const steady = (words: ReadonlyArray<string>): string =>
  words.map((word) => (/^1[7-9]\d{11}$/.test(word) ? "<now>" : word)).join(" ")

const start = (node: Node): Promise<StreamTap> => StreamTap.attach(node.port)

describeOracle("replication stream", () => {
  it("is redis-server's, for each command and option", async () => {
    await withNodes(async (startNode) => {
      const nodes = [await startNode("redis"), await startNode("redix")] as const
      const taps = [await start(nodes[0]), await start(nodes[1])] as const
      for (const node of nodes) await node.ask("DEBUG", "SET-ACTIVE-EXPIRE", 0)
      const differences: string[] = []
      let n = 0
      for (const line of cases.trim().split("\n")) {
        const mark = `mark${n++}`
        for (const node of nodes) {
          await node.ask("FLUSHALL")
          for (const words of split(line)) {
            if (words[0] === "~") await delay(5)
            else await node.ask(...words)
          }
          await node.ask("SELECT", 0)
          await node.ask("PUBLISH", mark, "")
        }
        const [expected, actual] = [await taps[0].upTo(mark), await taps[1].upTo(mark)]
        const show = (list: ReadonlyArray<ReadonlyArray<string>>): string => list.map(steady).join("\n")
        if (show(expected) !== show(actual)) {
          differences.push(`${line}\n-- redis\n${show(expected)}\n-- redix\n${show(actual)}`)
        }
      }
      expect(differences.join("\n\n")).toBe("")
      for (const tap of taps) tap.close()
    })
  })

  it("serves clients that wait as redis-server does", async () => {
    await withNodes(async (startNode) => {
      const seen: string[] = []
      for (const kind of ["redis", "redix"] as const) {
        const node = await startNode(kind)
        const tap = await start(node)
        for (const [waiting, push] of [
          [
            ["BLPOP", "k", 0],
            ["RPUSH", "k", 1, 2],
          ],
          [
            ["BRPOPLPUSH", "k", "d", 0],
            ["RPUSH", "k", 1],
          ],
          [
            ["BLMOVE", "k", "d", "LEFT", "RIGHT", 0],
            ["RPUSH", "k", 1],
          ],
          [
            ["BLMPOP", 0, 1, "k", "LEFT", "COUNT", 2],
            ["RPUSH", "k", 1],
          ],
          [
            ["BZPOPMIN", "k", 0],
            ["ZADD", "k", 1, "a"],
          ],
          [
            ["BZMPOP", 0, 1, "k", "MAX", "COUNT", 2],
            ["ZADD", "k", 1, "a", 2, "b", 3, "c"],
          ],
        ] as const) {
          await node.ask("DEL", "k")
          const client = await node.connect()
          const reply = client.command(...waiting)
          await until(
            async () => (await node.ask("CLIENT", "LIST")).includes("flags=b"),
            () => "it waits",
          )
          await node.ask(...push)
          await reply
          client.close()
        }
        await node.ask("PUBLISH", "end", "")
        seen.push((await tap.upTo("end")).map(steady).join("\n"))
        tap.close()
      }
      expect(seen[1]).toBe(seen[0])
    })
  })

  it("agrees over a long mixed run, but for what is drawn by lot", async () => {
    const drawn = /^(SPOP|XADD|XREADGROUP|XAUTOCLAIM|XCLAIM|SRANDMEMBER|SINTERSTORE|COPY|SORT|PF|B)/
    await withNodes(async (startNode) => {
      const random = Random.forTest("stream").uint32()
      const seen: string[] = []
      for (const kind of ["redis", "redix"] as const) {
        const node = await startNode(kind)
        await node.ask("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        const tap = await start(node)
        const writes = new MixedWrites(new Random(random))
        const client = await node.connect()
        for (let i = 0; i < 20; i++) {
          const commands = writes.batch(100).filter((words) => {
            const name = String(words[0])
            return !drawn.test(name) && !/EXPIRE|SETEX|GETEX/.test(name) && !words.includes("PX")
          })
          await client.pipeline(commands)
        }
        await node.ask("PUBLISH", "end", "")
        seen.push((await tap.upTo("end")).map(steady).join("\n"))
        tap.close()
      }
      expect(seen[1]).toBe(seen[0])
    })
  })
})
