import { afterAll, beforeAll, expect, it } from "vitest"
import { differential, type StepLike } from "../support/Differential.js"
import { describeOracle, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import type { Argument } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

const COMMANDS = Number(process.env["REDIX_DIFF_COMMANDS"] ?? 4000)

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())

const word = (r: Random): Argument =>
  r.pick<() => Argument>([
    () => String(r.below(100)),
    () => String(r.below(1e9) * -4000000),
    () => r.pick(["", "a", "b", "foo", "x".repeat(70), "3.0e3", "-0", "007", "9223372036854775807"]),
    () => Buffer.from([r.below(256), r.below(256), 0, 13, 10]),
  ])()

const score = (r: Random): Argument =>
  r.pick<() => Argument>([
    () => r.below(20) - 10,
    () => (r.below(1e9) - 5e8) / 7,
    () =>
      r.pick([
        "inf",
        "-inf",
        "0.1",
        "-0",
        "1e300",
        "1e-300",
        "3.14159265358979312",
        "9007199254740993",
        "1e17",
      ]),
  ])()

/** Writes of every type, in its own small space of keys so that values grow beyond their packed encodings. */
const writes: ReadonlyArray<(r: Random) => StepLike> = [
  (r) => ["SET", `s${r.below(4)}`, word(r)],
  (r) => ["APPEND", `s${r.below(4)}`, word(r)],
  (r) => [r.pick(["LPUSH", "RPUSH"]), `l${r.below(3)}`, ...r.times(1 + r.below(4), () => word(r))],
  (r) => [r.pick(["LPOP", "RPOP"]), `l${r.below(3)}`],
  (r) => ["SADD", `i${r.below(3)}`, ...r.times(1 + r.below(4), () => r.below(1e6))],
  (r) => ["SADD", `t${r.below(3)}`, ...r.times(1 + r.below(4), () => word(r))],
  (r) => ["SREM", `t${r.below(3)}`, word(r)],
  (r) => ["ZADD", `z${r.below(3)}`, score(r), word(r), score(r), word(r)],
  (r) => ["ZREM", `z${r.below(3)}`, word(r)],
  (r) => ["HSET", `h${r.below(3)}`, word(r), word(r), word(r), word(r)],
  (r) => ["HDEL", `h${r.below(3)}`, word(r)],
  (r) => ["XADD", `x${r.below(3)}`, `${r.below(5)}-*`, word(r), word(r)],
  (r) => [
    "XADD",
    `x${r.below(3)}`,
    "MAXLEN",
    20,
    `${r.below(1e6)}-${r.below(9)}`,
    word(r),
    word(r),
    word(r),
    word(r),
  ],
  (r) => ["XGROUP", "CREATE", `x${r.below(3)}`, r.pick(["g", "h"]), "0"],
  (r) => ["EXPIRE", `${r.pick(["s", "l", "t", "z", "h", "x"])}${r.below(3)}`, 1_000_000],
  (r) => ["PERSIST", `${r.pick(["s", "l", "t", "z", "h", "x"])}${r.below(3)}`],
  (r) => ["RENAME", `s${r.below(4)}`, `s${r.below(4)}`],
  (r) => ["SELECT", r.pick([0, 1, 9, 15])],
  (r) => ["SWAPDB", r.pick([0, 1, 9]), r.pick([1, 9, 15])],
]

const keys = ["s0", "s1", "l0", "l1", "i0", "t0", "t1", "z0", "z1", "h0", "h1", "x0", "x1", "none"]

function* steps(r: Random, count: number): Generator<StepLike> {
  yield ["DEBUG", "DIGEST"]
  yield ["CONFIG", "SET", "zset-max-listpack-entries", "12", "hash-max-listpack-entries", "12"]
  yield ["CONFIG", "SET", "set-max-intset-entries", "20", "list-max-listpack-size", "8"]
  for (let i = 0; i < count; i++) {
    yield r.pick(writes)(r)
    if (i % 10 === 0) yield ["DEBUG", "DIGEST-VALUE", r.pick(keys), r.pick(keys), r.pick(keys)]
    if (i % 100 === 0) yield ["DEBUG", "DIGEST"]
  }
  yield ["DEBUG", "DIGEST"]
  yield ["FLUSHALL"]
  yield ["DEBUG", "DIGEST"]
  yield ["DEBUG", "DIGEST-VALUE"]
}

describeOracle("as Redis answers", () => {
  it("DEBUG DIGEST and DIGEST-VALUE of random data", { timeout: 120_000 + COMMANDS * 2 }, () =>
    withOracle({ config: { "enable-debug-command": "yes" } }, async (server) => {
      const [oracle, subject] = await Promise.all([server.connect(), redix.connect()])
      const random = Random.forTest("digest")
      const compared = await differential({ oracle, subject, seed: random.seed }, steps(random, COMMANDS))
      expect(compared).toBeGreaterThan(COMMANDS)
      oracle.close()
      subject.close()
    }),
  )
})
