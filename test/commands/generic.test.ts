import { assert, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { TestClock } from "effect/testing"
import { Redix } from "../../src/Redix.js"
import type { Engine } from "../../src/engine/Engine.js"
import { theEngine } from "../../src/engine/EngineService.js"
import { type LocalClient, localClient, recordEvents, recordLog } from "../support/Local.js"

const START = 1_700_000_000_000

interface World {
  readonly engine: Engine
  readonly run: LocalClient["run"]
  readonly events: Array<string>
  readonly log: Array<string>
}

/** A fresh engine at START on the test's clock. */
const world = (body: (w: World) => Effect.Effect<void> | void, settings: Record<string, string> = {}) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(START)
    const check = Effect.gen(function* () {
      const engine = yield* theEngine
      const { run } = localClient(engine)
      const w: World = { engine, run, events: recordEvents(engine), log: recordLog(engine) }
      const waiting = body(w)
      if (waiting !== undefined) yield* waiting
      engine.context.keyspace.arena.checkInvariants()
      for (const db of engine.context.keyspace.databases) {
        db.table.checkInvariants()
        db.wheel.checkInvariants()
      }
    })
    yield* Effect.provide(check, Redix.layerWith(settings))
  })

const bulk = (s: string): string => `$${s.length}\r\n${s}\r\n`
const drain = (lines: Array<string>): Array<string> => lines.splice(0)
const many = (engine: Engine, n: number): void => {
  const { run } = localClient(engine)
  for (let i = 0; i < n; i++) run("SET", `many${i}`, "v".repeat(i % 50))
}

describe("expiry on the app's clock", () => {
  it.effect("a key lives to its millisecond and no longer", () =>
    world(({ run }) =>
      Effect.gen(function* () {
        run("SET", "k", "v")
        expect(run("PEXPIRE", "k", 1500)).toBe(":1\r\n")
        expect(run("TTL", "k")).toBe(":2\r\n")
        yield* TestClock.adjust(1500)
        expect(run("GET", "k")).toBe(bulk("v"))
        expect(run("PTTL", "k")).toBe(":0\r\n")
        yield* TestClock.adjust(1)
        expect(run("GET", "k")).toBe("$-1\r\n")
        expect(run("TTL", "k")).toBe(":-2\r\n")
        expect(run("DBSIZE")).toBe(":0\r\n")
      }),
    ),
  )

  it.effect("keys nobody asks for go by themselves, with event and DEL", () =>
    world(({ run, engine, events, log }) =>
      Effect.gen(function* () {
        for (let i = 0; i < 1000; i++) run("SET", `k${i}`, "v", "PX", 1 + i * 10)
        run("SET", "stays", "v")
        drain(events)
        drain(log)
        yield* TestClock.adjust(5001)
        yield* TestClock.adjust(100)
        expect(engine.context.keyspace.database(0).size).toBeLessThanOrEqual(500)
        yield* TestClock.adjust("1 hour")
        expect(run("DBSIZE")).toBe(":1\r\n")
        expect(engine.context.keyspace.stats.expiredKeys).toBe(1000)
        expect(events.filter((e) => e.startsWith("0 expired"))).toHaveLength(1000)
        expect(log).toHaveLength(1000)
        expect(log.every((line) => line.startsWith("0: DEL k"))).toBe(true)
        expect(engine.context.keyspace.database(0).expires).toBe(0)
      }),
    ),
  )

  it.effect("times beyond 2^53 are exact", () =>
    world(({ run }) => {
      run("SET", "k", "v")
      for (const at of ["9223372036854775807", "9223372036854775806", "9007199254740993"]) {
        expect(run("PEXPIREAT", "k", at)).toBe(":1\r\n")
        expect(run("PEXPIRETIME", "k")).toBe(`:${at}\r\n`)
        expect(run("PTTL", "k")).toBe(`:${BigInt(at) - BigInt(START)}\r\n`)
      }
      expect(run("PEXPIREAT", "k", "9007199254740994", "LT")).toBe(":0\r\n")
      expect(run("PEXPIREAT", "k", "9007199254740992", "LT")).toBe(":1\r\n")
      expect(run("PEXPIREAT", "k", "9007199254740993", "GT")).toBe(":1\r\n")
      expect(run("EXPIRETIME", "k")).toBe(":9007199254741\r\n")
    }),
  )

  it.effect("replicas are told of absolute times, of deletions, and of nothing where nothing changed", () =>
    world(({ run, log }) => {
      run("SET", "k", "v")
      drain(log)
      run("EXPIRE", "k", 10)
      run("expire", "k", 20, "gt")
      run("PEXPIRE", "k", 5, "GT")
      run("PEXPIREAT", "k", START + 1000)
      run("EXPIREAT", "k", START / 1000 + 5)
      run("PERSIST", "k")
      run("PERSIST", "k")
      run("EXPIRE", "k", -1)
      expect(drain(log)).toEqual([
        `0: PEXPIREAT k ${START + 10_000}`,
        `0: PEXPIREAT k ${START + 20_000} gt`,
        `0: PEXPIREAT k ${START + 1000}`,
        `0: PEXPIREAT k ${START + 5000}`,
        "0: PERSIST k",
        "0: DEL k",
      ])
    }),
  )

  it.effect("RANDOMKEY ends while clients are paused, though no expired key goes", () =>
    world(({ run, engine }) =>
      Effect.gen(function* () {
        engine.context.keyspace.activeExpiry = false
        for (let i = 0; i < 300; i++) run("SET", `k${i}`, "v", "PX", 10)
        yield* TestClock.adjust(1000)
        run("CLIENT", "PAUSE", 100_000, "WRITE")
        expect(run("RANDOMKEY")).toMatch(/^\$[234]\r\nk[0-9]+\r\n$/)
        expect(run("DBSIZE")).toBe(":300\r\n")
        run("CLIENT", "UNPAUSE")
        run("SET", "stays", "v")
        run("SET", "stays, too", "v")
        run("CLIENT", "PAUSE", 100_000, "WRITE")
        for (let i = 0; i < 20; i++) expect(run("RANDOMKEY")).toMatch(/stays/)
        run("CLIENT", "UNPAUSE")
        expect(run("RANDOMKEY")).toMatch(/stays/)
      }),
    ),
  )

  it.effect("a replica hides expired keys and deletes them only before a write", () =>
    world(({ run, engine, log }) =>
      Effect.gen(function* () {
        const { keyspace } = engine.context
        run("SET", "k", "v", "PX", 10)
        run("SET", "l", "v", "PX", 10)
        run("SET", "stays", "v")
        keyspace.expiryMode = "hide"
        drain(log)
        yield* TestClock.adjust(1000)
        expect(run("GET", "k")).toBe("$-1\r\n")
        expect(run("EXISTS", "k", "stays")).toBe(":1\r\n")
        expect(run("KEYS", "*")).toBe(`*1\r\n${bulk("stays")}`)
        expect(run("SCAN", 0, "COUNT", 100)).toBe(`*2\r\n${bulk("0")}*1\r\n${bulk("stays")}`)
        for (let i = 0; i < 50; i++) expect(run("RANDOMKEY")).toBe(bulk("stays"))
        expect(run("DBSIZE")).toBe(":3\r\n")
        expect(log).toEqual([])
        expect(run("SET", "k", "new")).toBe("+OK\r\n")
        expect(run("GET", "k")).toBe(bulk("new"))
        expect(run("DBSIZE")).toBe(":3\r\n")
        run("DEL", "stays", "k")
        expect(run("RANDOMKEY")).toBe(bulk("l"))
        keyspace.expiryMode = "ignore"
        expect(run("GET", "l")).toBe(bulk("v"))
        expect(run("KEYS", "*")).toBe(`*1\r\n${bulk("l")}`)
        expect(run("RANDOMKEY")).toBe(bulk("l"))
        expect(run("PEXPIREAT", "l", 5)).toBe(":1\r\n")
        expect(run("PEXPIREAT", "l", -1)).toBe(":1\r\n")
        keyspace.expiryMode = "delete"
        expect(run("GET", "l")).toBe("$-1\r\n")
      }),
    ),
  )

  it.effect("SCAN deletes what has expired, one DEL a key and no transaction", () =>
    world(({ run, engine, log }) =>
      Effect.gen(function* () {
        engine.context.keyspace.activeExpiry = false
        for (const k of ["a", "b", "c"]) run("SET", k, "v", "PX", 10)
        run("SET", "d", "v")
        yield* TestClock.adjust(1000)
        drain(log)
        expect(run("SCAN", 0, "COUNT", 100)).toBe(`*2\r\n${bulk("0")}*1\r\n${bulk("d")}`)
        expect(drain(log).sort()).toEqual(["0: DEL a", "0: DEL b", "0: DEL c"])
        expect(run("DBSIZE")).toBe(":1\r\n")
      }),
    ),
  )
})

describe("consequences", () => {
  it.effect("events have Redis's names, classes and order", () =>
    world(({ run, events }) => {
      run("SET", "a", "1")
      run("SET", "b", "1")
      drain(events)
      run("RENAME", "a", "b")
      run("RENAMENX", "b", "c")
      run("COPY", "c", "d")
      run("COPY", "c", "e", "DB", 2)
      run("MOVE", "d", 3)
      run("EXPIRE", "c", 100)
      run("PERSIST", "c")
      run("EXPIRE", "c", 0)
      run("SET", "a", "1")
      run("UNLINK", "a", "none")
      expect(drain(events).filter((e) => !/ (set|new) /.test(e))).toEqual([
        "0 rename_from a",
        "0 rename_to b",
        "0 rename_from b",
        "0 rename_to c",
        "0 copy_to d",
        "2 copy_to e",
        "0 move_from d",
        "3 move_to d",
        "0 expire c",
        "0 persist c",
        "0 del c",
        "0 del a",
      ])
    }),
  )

  it.effect("each change counts once", () =>
    world(({ run, engine }) => {
      const changesOf = (...args: ReadonlyArray<string>): number => {
        const before = engine.context.keyspace.dirty
        run(...args)
        return engine.context.keyspace.dirty - before
      }
      expect(changesOf("SET", "a", "1")).toBe(1)
      expect(changesOf("RENAME", "a", "b")).toBe(1)
      expect(changesOf("RENAME", "b", "b")).toBe(0)
      expect(changesOf("COPY", "b", "a")).toBe(1)
      expect(changesOf("MOVE", "a", "5")).toBe(1)
      expect(changesOf("MOVE", "a", "5")).toBe(0)
      expect(changesOf("SWAPDB", "0", "1")).toBe(1)
      expect(changesOf("SWAPDB", "0", "0")).toBe(1)
      expect(changesOf("FLUSHALL")).toBe(2)
      expect(changesOf("FLUSHALL")).toBe(0)
    }),
  )

  it.effect("what replicas see is the command itself, FLUSHALL also over nothing", () =>
    world(({ run, log }) => {
      run("SET", "a", "1")
      run("rename", "a", "b")
      run("COPY", "b", "c", "db", 1)
      run("MOVE", "b", 2)
      run("UNLINK", "none")
      run("SWAPDB", 1, 2)
      run("FLUSHALL", "async")
      run("FLUSHALL")
      run("flushdb")
      run("RENAME", "none", "x")
      expect(drain(log)).toEqual([
        "0: SET a 1",
        "0: rename a b",
        "0: COPY b c db 1",
        "0: MOVE b 2",
        "0: SWAPDB 1 2",
        "0: FLUSHALL async",
        "0: FLUSHALL",
        "0: flushdb",
      ])
    }),
  )

  it.effect("watches break where the key existed or exists now", () =>
    world(({ run, engine }) => {
      const breaks = (database: number, key: string, ...args: ReadonlyArray<string>): boolean => {
        const { session } = localClient(engine)
        engine.events.watch(session, database, key, false)
        run(...args)
        const { watchBroken } = session
        engine.events.unwatchAll(session)
        return watchBroken
      }
      run("SET", "a", "1")
      run("COPY", "a", "a", "DB", "1")
      expect(breaks(0, "none", "FLUSHDB")).toBe(false)
      expect(breaks(1, "a", "FLUSHDB")).toBe(false)
      expect(breaks(1, "none", "SWAPDB", "0", "1")).toBe(false)
      expect(breaks(0, "a", "SWAPDB", "0", "1")).toBe(true)
      expect(breaks(0, "a", "SWAPDB", "0", "1")).toBe(true)
      expect(breaks(2, "a", "SWAPDB", "0", "1")).toBe(false)
      expect(breaks(1, "a", "FLUSHALL")).toBe(true)
      run("SET", "a", "1")
      expect(breaks(0, "b", "RENAME", "a", "b")).toBe(true)
      expect(breaks(0, "b", "RENAME", "b", "c")).toBe(true)
      expect(breaks(4, "c", "MOVE", "c", "4")).toBe(true)
    }),
  )
})

describe("whole databases", () => {
  it.effect("SWAPDB takes expiries along", () =>
    world(({ run, engine }) =>
      Effect.gen(function* () {
        run("SET", "a", "zero", "PX", 500)
        run("SWAPDB", 0, 1)
        expect(run("GET", "a")).toBe("$-1\r\n")
        expect(engine.context.keyspace.database(1).expires).toBe(1)
        yield* TestClock.adjust(1000)
        expect(engine.context.keyspace.database(1).size).toBe(0)
      }),
    ),
  )

  for (const how of ["SYNC", "ASYNC"]) {
    it.effect(`FLUSHDB ${how} gives all memory back and leaves other databases alone`, () =>
      world(({ run, engine }) =>
        Effect.gen(function* () {
          const { keyspace } = engine.context
          run("SET", "other", "v")
          run("MOVE", "other", 1)
          const before = keyspace.arena.usedBytes
          many(engine, 1500)
          expect(run("FLUSHDB", how)).toBe("+OK\r\n")
          expect(run("DBSIZE")).toBe(":0\r\n")
          if (how === "SYNC") assert.strictEqual(keyspace.arena.usedBytes, before)
          yield* TestClock.adjust(1000)
          yield* TestClock.adjust(1000)
          assert.strictEqual(keyspace.lazyPending, 0)
          assert.strictEqual(keyspace.arena.usedBytes, before)
          expect(keyspace.stats.lazyFreedObjects).toBe(how === "SYNC" ? 0 : 1500)
          expect(keyspace.database(1).size).toBe(1)
        }),
      ),
    )
  }

  const overwriting: ReadonlyArray<ReadonlyArray<string>> = [
    ["DEL", "big"],
    ["SET", "big", "v"],
    ["RENAME", "small", "big"],
    ["SUNIONSTORE", "big", "small"],
    ["COPY", "small", "big", "REPLACE"],
    ["SORT", "small", "STORE", "big"],
  ]
  for (const command of overwriting) {
    it.effect(`${command.join(" ")} frees a large value in slices`, () =>
      world(({ run, engine }) =>
        Effect.gen(function* () {
          const { keyspace } = engine.context
          run("SADD", "small", "1")
          const before = keyspace.arena.usedBytes
          for (let i = 0; i < 30; i++)
            run("SADD", "big", ...Array.from({ length: 1000 }, (_, k) => `member:${i}:${k}`))
          run(...command)
          expect(keyspace.lazyPending).toBe(1)
          yield* TestClock.adjust(1000)
          yield* TestClock.adjust(1000)
          expect(keyspace.lazyPending).toBe(0)
          expect(keyspace.stats.lazyFreedObjects).toBe(0)
          run("DEL", "big")
          if (run("EXISTS", "small") === ":0\r\n") run("SADD", "small", "1")
          expect(keyspace.arena.usedBytes).toBe(before)
        }),
      ),
    )
  }

  it.effect("SCAN walks everything in pages", () =>
    world(({ run, engine }) => {
      many(engine, 2000)
      const seen = new Set<string>()
      let cursor = "0"
      do {
        const words = run("SCAN", cursor, "MATCH", "many*").split("\r\n")
        cursor = words[2] ?? "0"
        for (let i = 5; i < words.length; i += 2) seen.add(words[i] ?? "")
      } while (cursor !== "0")
      expect(seen.size).toBe(2000)
    }),
  )
})

describe("OBJECT", () => {
  it.effect("IDLETIME counts from the last use, and looking is no use", () =>
    world(({ run }) =>
      Effect.gen(function* () {
        run("SET", "k", "v")
        yield* TestClock.adjust("100 seconds")
        for (const look of ["TYPE", "TTL", "EXISTS"]) run(look, "k")
        run("OBJECT", "ENCODING", "k")
        expect(run("OBJECT", "IDLETIME", "k")).toBe(":100\r\n")
        run("TOUCH", "k")
        expect(run("OBJECT", "IDLETIME", "k")).toBe(":0\r\n")
        expect(run("OBJECT", "FREQ", "k")).toContain("An LFU maxmemory policy is not selected")
      }),
    ),
  )

  it.effect("FREQ counts logarithmically and decays by the minute", () =>
    world(({ run, engine }) =>
      Effect.gen(function* () {
        engine.context.keyspace.frequencies = true
        run("SET", "k", "v")
        expect(run("OBJECT", "FREQ", "k")).toBe(":5\r\n")
        for (let i = 0; i < 1000; i++) run("GET", "k")
        const count = Number(run("OBJECT", "FREQ", "k").slice(1))
        expect(count).toBeGreaterThan(8)
        expect(count).toBeLessThan(60)
        yield* TestClock.adjust("3 minutes")
        expect(run("OBJECT", "FREQ", "k")).toBe(`:${count - 3}\r\n`)
        expect(run("OBJECT", "IDLETIME", "k")).toContain("An LFU maxmemory policy is selected")
      }),
    ),
  )

  it.effect("REFCOUNT tells shared integers from others", () =>
    world(({ run }) => {
      const count = (value: string): string => {
        run("SET", "k", value)
        return run("OBJECT", "REFCOUNT", "k")
      }
      expect(["0", "9999", "10000", "-1", "007", "x"].map(count)).toEqual(
        ["2147483647", "2147483647", "1", "1", "1", "1"].map((n) => `:${n}\r\n`),
      )
    }),
  )
})
