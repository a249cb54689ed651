/** Random writes of every type, and what a keyspace holds as lines of text, for tests that compare snapshots. */
import type { LocalClient } from "../support/Local.js"
import type { Random } from "../support/Random.js"
import { digestOfValue } from "../../src/store/Digest.js"
import {
  entryExpiryBig,
  entryKeyLength,
  entryKeyOffset,
  TYPE_NAMES,
  entryType,
} from "../../src/store/Entry.js"
import type { Keyspace } from "../../src/store/Keyspace.js"

export const DATABASES = 3

/** One line a key: database, key, type, digest, expiry. */
export const keyspaceLines = (keyspace: Keyspace): ReadonlyArray<string> => {
  const { arena } = keyspace
  const lines: Array<string> = []
  for (const db of keyspace.databases) {
    db.table.forEach((entry) => {
      const off = entryKeyOffset(arena, entry)
      const key = Buffer.from(arena.u8[entry >>> 20].slice(off, off + entryKeyLength(arena, entry)))
      const type = TYPE_NAMES[entryType(arena, entry)]
      lines.push(
        `${db.id} ${key.toString("latin1")} ${type} ${digestOfValue(keyspace, entry)} ${entryExpiryBig(arena, entry)}`,
      )
    })
  }
  return lines.sort()
}

type Words = ReadonlyArray<string>

export class RandomWrites {
  /** FLUSHALL among the writes. */
  flushes = false

  constructor(
    private readonly random: Random,
    private readonly client: LocalClient,
    private readonly keys: number,
  ) {}

  /** A few keys are written often and grow large; most are written now and then. */
  private key(kind: string): string {
    const hot = this.random.chance(0.3)
    return `${kind}:${hot ? this.random.below(4) : this.random.below(this.keys)}`
  }

  private text(max: number): string {
    const { random } = this
    const length = random.chance(0.03) ? random.below(max * 60) : random.below(max)
    return random.chance(0.3)
      ? String(random.below(100_000))
      : random.pick(["ab", "xyz", "q"]).repeat(length / 2)
  }

  /** Runs one random command; refusals (a wrong type, no such key) are part of it. */
  step(): void {
    this.client.run(...this.random.weighted<() => Words>(this.choices)())
  }

  fill(n: number): void {
    for (let i = 0; i < n; i++) this.step()
  }

  private readonly choices: ReadonlyArray<readonly [number, () => Words]> = [
    [8, () => ["SET", this.key("s"), this.text(80)]],
    [3, () => ["APPEND", this.key("s"), this.text(40)]],
    [1, () => ["SETRANGE", this.key("s"), String(this.random.below(9000)), this.text(30)]],
    [2, () => ["INCR", this.key("n")]],
    [6, () => [this.random.pick(["RPUSH", "LPUSH"]), this.key("l"), ...this.texts(4)]],
    [2, () => [this.random.pick(["LPOP", "RPOP"]), this.key("l"), "2"]],
    [1, () => ["LSET", this.key("l"), "0", this.text(40)]],
    [1, () => ["LINSERT", this.key("l"), "BEFORE", "0", this.text(20)]],
    [3, () => ["SADD", this.key("i"), ...this.random.times(4, () => String(this.random.below(9999)))]],
    [3, () => ["SADD", this.key("m"), ...this.texts(4)]],
    [1, () => ["SREM", this.key("i"), String(this.random.below(9999))]],
    [1, () => ["SPOP", this.key("m"), "2"]],
    [6, () => ["HSET", this.key("h"), ...this.texts(4)]],
    [1, () => ["HDEL", this.key("h"), this.text(20)]],
    [6, () => ["ZADD", this.key("z"), String(this.random.below(500) / 4), this.text(30), "7", this.text(30)]],
    [1, () => ["ZREMRANGEBYRANK", this.key("z"), "0", "1"]],
    [4, () => ["XADD", this.key("x"), "*", "f", this.text(30)]],
    [1, () => ["XGROUP", "CREATE", this.key("x"), this.random.pick(["g", "gg"]), "0"]],
    [
      2,
      () => [
        "XREADGROUP",
        "GROUP",
        "g",
        this.random.pick(["c", "d"]),
        "COUNT",
        "3",
        "STREAMS",
        this.key("x"),
        ">",
      ],
    ],
    [1, () => ["XTRIM", this.key("x"), "MAXLEN", "5"]],
    [2, () => ["DEL", this.anyKey()]],
    [1, () => ["UNLINK", this.anyKey()]],
    [2, () => ["EXPIRE", this.anyKey(), String(10_000 + this.random.below(10_000))]],
    [1, () => ["PERSIST", this.anyKey()]],
    [1, () => ["PEXPIRE", this.anyKey(), "1"]],
    [1, () => ["RENAME", this.anyKey(), this.anyKey()]],
    [1, () => ["COPY", this.anyKey(), this.anyKey(), "REPLACE"]],
    [1, () => ["MOVE", this.anyKey(), String(this.random.below(DATABASES))]],
    [4, () => ["SELECT", String(this.random.below(DATABASES))]],
    [0.05, () => ["SWAPDB", "0", String(1 + this.random.below(DATABASES - 1))]],
    [0.03, () => (this.flushes ? ["FLUSHDB", this.random.pick(["SYNC", "ASYNC"])] : ["PING"])],
    [0.02, () => (this.flushes ? ["FLUSHALL"] : ["PING"])],
  ]

  private anyKey(): string {
    return this.key(this.random.pick(["s", "n", "l", "i", "m", "h", "z", "x"]))
  }

  private texts(n: number): Words {
    return this.random.times(n, () => this.text(40))
  }
}
