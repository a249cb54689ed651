import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import {
  approximately,
  comparedBy,
  differential,
  ignored,
  onlyType,
  sorted,
  sortedDeep,
  sortedPairs,
  type StepLike,
} from "../Differential.js"
import { describeOracle, oracleScoped, withOracle } from "../Oracle.js"
import { Random } from "../Random.js"
import type { RawClient } from "../RawClient.js"

/** Two oracles: the engine must find them equal, and must see a difference that is planted in one of them. */
const withPair = (use: (oracle: RawClient, subject: RawClient) => Promise<void>): Promise<void> =>
  withOracle({}, (first) =>
    withOracle({ tcp: true }, async (second) => {
      const [oracle, subject] = await Promise.all([first.connect(), second.connect()])
      try {
        await use(oracle, subject)
      } finally {
        oracle.close()
        subject.close()
      }
    }),
  )

describeOracle("the differential engine", () => {
  it("compares many commands in seconds", () =>
    withPair(async (oracle, subject) => {
      const random = Random.forTest("differential engine")
      const steps = function* (): Generator<StepLike> {
        for (let i = 0; i < 40_000; i++) {
          const key = `k${random.below(100)}`
          yield random.weighted<StepLike>([
            [4, ["SET", key, random.bytes(random.below(30))]],
            [4, ["GET", key]],
            [1, ["DEL", key]],
            [1, ["LPUSH", key, i]],
          ])
        }
      }
      expect(await differential({ oracle, subject, seed: random.seed }, steps())).toBe(40_000)
    }))

  it("reports the first difference with its history and seed", () =>
    withPair(async (oracle, subject) => {
      await subject.command("SET", "planted", "other")
      const run = differential({ oracle, subject, seed: 7, batch: 2 }, [
        ["SET", "a", "1"],
        ["SET", "planted", "x", "NX"],
        ["GET", "a"],
      ])
      await expect(run).rejects.toThrow(
        /^command 1: SET planted x NX\ncompared: exact; .*\nseed 7: REDIX_SEED=7 /,
      )
      await expect(run).rejects.toThrow('redis:\n+"OK"\nredix:\n$ (null)')
      await expect(run).rejects.toThrow("  SET a 1  =>")
    }))

  it("loosens only as named", () =>
    withPair(async (oracle, subject) => {
      await oracle.pipeline([
        ["RPUSH", "l", "a", "b"],
        ["SET", "n", "10"],
        ["HSET", "h", "f", "1", "g", "2"],
      ])
      await subject.pipeline([
        ["RPUSH", "l", "b", "a"],
        ["SET", "n", "12"],
        ["HSET", "h", "g", "2", "f", "1"],
      ])
      const run = (step: StepLike) => differential({ oracle, subject }, [step])
      const list = ["LRANGE", "l", "0", "-1"]
      expect(await run(sorted(list))).toBe(1)
      expect(await run(sortedDeep(list))).toBe(1)
      expect(await run(sortedPairs(["HGETALL", "h"]))).toBe(1)
      expect(await run(onlyType(["GET", "n"]))).toBe(1)
      expect(await run(ignored(["GET", "n"]))).toBe(1)
      expect(await run(approximately(2, ["GET", "n"]))).toBe(1)
      expect(
        await run(
          comparedBy(
            "same length",
            (a, b) => (a.payload.length === b.payload.length ? undefined : "differ"),
            ["GET", "n"],
          ),
        ),
      ).toBe(1)
      await expect(run(list)).rejects.toThrow("the bytes differ")
      await expect(run(sortedPairs(list))).rejects.toThrow("sorted pairs")
      await expect(run(approximately(1, ["GET", "n"]))).rejects.toThrow("10 and 12 are too far apart")
      await expect(run(onlyType(["LRANGE", "l", "0", "-1"]))).resolves.toBe(1)
    }))
})

describeOracle("the oracle", () => {
  it("lives as long as its scope, with DEBUG allowed and configuration of its own", async () => {
    const pid = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const oracle = yield* oracleScoped({ config: { maxmemory: "10mb", save: "900 1 60 5" } })
          const client = yield* Effect.promise(() => oracle.connect())
          const ask = (...args: ReadonlyArray<string>) => Effect.promise(() => client.text(...args))
          expect(yield* ask("DEBUG", "JMAP")).toMatch(/^-ERR/)
          expect(yield* ask("DEBUG", "SET-ACTIVE-EXPIRE", "1")).toBe("+OK\r\n")
          expect(yield* ask("CONFIG", "GET", "maxmemory")).toContain("10485760")
          expect(yield* ask("CONFIG", "GET", "save")).toContain("900 1 60 5")
          client.close()
          return oracle.pid
        }),
      ),
    )
    expect(() => process.kill(pid, 0)).toThrow("ESRCH")
  })
})
