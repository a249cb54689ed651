/** A seeded stream of write commands over all types, three databases, expiry, transactions: a load for replication. */
import type { Argument, RawClient } from "./RawClient.js"
import { delay } from "./Nodes.js"
import type { Random } from "./Random.js"

export type Words = ReadonlyArray<Argument>
type Make = (r: Random, key: (type: string) => string, value: () => Argument) => Words

const KEYS = 40

const strings: ReadonlyArray<Make> = [
  (_r, k, v) => ["SET", k("s"), v()],
  (r, k, v) => ["SET", k("s"), v(), "PX", r.between(1, 3000)],
  (r, k, v) => ["SETEX", k("s"), r.between(1, 5), v()],
  (r, k) => ["PEXPIRE", k(r.pick(["s", "l", "h", "z", "x", "t"])), r.between(1, 4000)],
  (r, k) => ["EXPIRE", k("s"), r.between(-1, 5)],
  (_r, k) => ["PERSIST", k("s")],
  (r, k) => ["INCRBY", k("n"), r.between(-9, 9)],
  (r, k) => ["INCRBYFLOAT", k("n"), r.pick(["0.1", "-2.5", "1e3"])],
  (_r, k, v) => ["APPEND", k("s"), v()],
  (r, k, v) => ["SETRANGE", k("s"), r.below(200), v()],
  (r, k) => ["SETBIT", k("b"), r.below(5000), r.below(2)],
  (r, k) => ["BITFIELD", k("b"), "INCRBY", "u8", r.below(100), r.below(300)],
  (_r, k) => ["BITOP", "XOR", k("b"), k("b"), k("b")],
  (_r, k, v) => ["MSET", k("s"), v(), k("s"), v()],
  (_r, k) => ["GETDEL", k("s")],
  (r, k) => ["GETEX", k("s"), "EX", r.between(1, 9)],
  (_r, k, v) => ["PFADD", k("p"), v(), v(), v()],
  (_r, k) => ["PFMERGE", k("p"), k("p"), k("p")],
  (_r, k) => ["PFCOUNT", k("p")],
]

const lists: ReadonlyArray<Make> = [
  (_r, k, v) => ["RPUSH", k("l"), v(), v(), v()],
  (_r, k, v) => ["LPUSH", k("l"), v()],
  (_r, k) => ["LPOP", k("l")],
  (r, k) => ["RPOP", k("l"), r.between(1, 3)],
  (_r, k) => ["LMOVE", k("l"), k("l"), "LEFT", "RIGHT"],
  (_r, k) => ["RPOPLPUSH", k("l"), k("l")],
  (_r, k) => ["LMPOP", 2, k("l"), k("l"), "LEFT", "COUNT", 2],
  (r, k) => ["BLPOP", k("l"), k("l"), r.pick(["0.001", "0.002"])],
  (_r, k) => ["BLMOVE", k("l"), k("l"), "RIGHT", "LEFT", "0.001"],
  (r, k) => ["LTRIM", k("l"), 0, r.between(20, 200)],
  (r, k, v) => ["LSET", k("l"), r.below(5), v()],
  (r, k) => ["LREM", k("l"), r.between(-2, 2), "1"],
  (_r, k) => ["SORT", k("l"), "ALPHA", "STORE", k("l")],
]

const sets: ReadonlyArray<Make> = [
  (r, k) => ["SADD", k("t"), r.below(500), r.below(500)],
  (_r, k, v) => ["SADD", k("t"), v(), v(), v()],
  (_r, k) => ["SPOP", k("t")],
  (r, k) => ["SPOP", k("t"), r.between(1, 5)],
  (r, k) => ["SREM", k("t"), r.below(500)],
  (r, k) => ["SMOVE", k("t"), k("t"), r.below(500)],
  (_r, k) => ["SUNIONSTORE", k("t"), k("t"), k("t")],
  (_r, k) => ["SINTERSTORE", k("t"), k("t"), k("t")],
  (_r, k, v) => ["HSET", k("h"), v(), v(), v(), v()],
  (r, k) => ["HINCRBY", k("h"), `f${r.below(5)}`, r.between(-5, 5)],
  (r, k) => ["HINCRBYFLOAT", k("h"), `g${r.below(5)}`, "0.25"],
  (r, k) => ["HDEL", k("h"), `f${r.below(5)}`],
]

const ordered: ReadonlyArray<Make> = [
  (r, k, v) => ["ZADD", k("z"), r.below(1000), v(), r.float().toString(), v()],
  (r, k) => ["ZINCRBY", k("z"), r.between(-5, 5), `m${r.below(9)}`],
  (r, k) => ["ZADD", k("z"), "GT", "CH", r.below(1000), `m${r.below(9)}`],
  (_r, k) => ["ZPOPMIN", k("z")],
  (_r, k) => ["BZPOPMAX", k("z"), k("z"), "0.001"],
  (_r, k) => ["ZMPOP", 2, k("z"), k("z"), "MAX", "COUNT", 2],
  (_r, k) => ["ZUNIONSTORE", k("z"), 2, k("z"), k("z")],
  (r, k) => ["ZREMRANGEBYRANK", k("z"), 0, r.below(3)],
  (_r, k) => ["ZRANGESTORE", k("z"), k("z"), 0, 20],
  (r, k) => ["GEOADD", k("z"), r.between(-170, 170), r.between(-80, 80), `p${r.below(9)}`],
]

const streams: ReadonlyArray<Make> = [
  (_r, k, v) => ["XADD", k("x"), "*", "f", v()],
  (_r, k, v) => ["XADD", k("x"), "MAXLEN", "~", 100, "*", "f", v(), "g", v()],
  (r, k) => ["XTRIM", k("x"), "MAXLEN", r.between(50, 200)],
  (_r, k) => ["XGROUP", "CREATE", k("x"), "g", "0", "MKSTREAM"],
  (r, k) => ["XREADGROUP", "GROUP", "g", `c${r.below(3)}`, "COUNT", 3, "STREAMS", k("x"), ">"],
  (_r, k) => ["XREADGROUP", "GROUP", "g", "c0", "COUNT", 1, "NOACK", "STREAMS", k("x"), ">"],
  (r, k) => ["XAUTOCLAIM", k("x"), "g", `c${r.below(3)}`, 0, "0", "COUNT", 2],
  (_r, k) => ["XGROUP", "DELCONSUMER", k("x"), "g", "c1"],
  (_r, k) => ["XSETID", k("x"), "9999999999999-0"],
]

const generic: ReadonlyArray<Make> = [
  (r, k) => ["DEL", k(r.pick(["s", "l", "h", "z", "x", "t"]))],
  (r, k) => ["UNLINK", k(r.pick(["s", "l", "h", "z", "x", "t"]))],
  (_r, k) => ["RENAME", k("s"), k("s")],
  (_r, k) => ["COPY", k("l"), k("l"), "REPLACE"],
  (r, k) => ["COPY", k("z"), k("z"), "DB", r.below(3), "REPLACE"],
  (r, k) => ["MOVE", k("s"), r.below(3)],
  (r, k) => ["EXPIREAT", k("h"), r.pick([1, 99999999999])],
  (r) => ["SELECT", r.below(3)],
  (r) => ["PUBLISH", `c${r.below(3)}`, "hello"],
]

const rare: ReadonlyArray<Make> = [(r) => ["SWAPDB", r.below(3), r.below(3)], () => ["FLUSHDB"]]

export class MixedWrites {
  /** @param prefix of keys, so that several writers stay out of each other's way, or not */
  constructor(
    private readonly random: Random,
    private readonly prefix = "",
    private readonly valueBytesMax = 100,
  ) {}

  private readonly key = (type: string): string => `${this.prefix}${type}${this.random.below(KEYS)}`

  private readonly value = (): Argument => {
    const r = this.random
    const kind = r.below(4)
    if (kind === 0) return r.between(-1000, 100000)
    if (kind === 1) return `m${r.below(50)}`
    return r.bytes(r.below(r.chance(0.02) ? this.valueBytesMax * 50 : this.valueBytesMax))
  }

  /** One command. */
  next(): Words {
    const r = this.random
    const family = r.weighted([
      [20, strings],
      [14, lists],
      [14, sets],
      [12, ordered],
      [12, streams],
      [10, generic],
      [0.05, rare],
    ] as const)
    return r.pick(family)(r, this.key, this.value)
  }

  /** So many commands, some of them in transactions. */
  batch(count: number): Array<Words> {
    const commands: Array<Words> = []
    while (commands.length < count) {
      if (!this.random.chance(0.1)) {
        commands.push(this.next())
        continue
      }
      commands.push(["MULTI"])
      for (let n = this.random.between(0, 4); n > 0; n--) commands.push(this.next())
      commands.push(["EXEC"])
    }
    return commands
  }
}

/** Between two batches: a load that never stops, and leaves the processors to those who are to follow it. */
const PACE_MS = 5

/** Sends batches until told to stop; answers the number of commands. Ends quietly when the connection does. */
export const writeUntil = async (
  client: RawClient,
  writes: MixedWrites,
  stopped: () => boolean,
  batch = 50,
): Promise<number> => {
  let sent = 0
  try {
    while (!stopped()) {
      const commands = writes.batch(batch)
      await client.pipeline(commands)
      sent += commands.length
      await delay(PACE_MS)
    }
  } catch {
    // The server went, or cut its clients: the load is over.
  }
  return sent
}
