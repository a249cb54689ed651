/** A save or a load that dies of a defect: it is reported as failed, and the next one finds nothing in its way. */
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { openPersistence, withTempDir } from "../rdb/PersistenceSupport.js"
import { startRedix } from "../support/Redix.js"
import { until } from "../support/Nodes.js"

/** The next save dies between the opening of its snapshot and its job. */
const spoilNext = (state: object): void => {
  Object.defineProperty(state, "save", {
    configurable: true,
    get: () => undefined,
    set: () => {
      Object.defineProperty(state, "save", { configurable: true, writable: true, value: undefined })
      throw new Error("no job today")
    },
  })
}

it("a snapshot whose job cannot begin is closed, and the save is an error", async () => {
  await withTempDir(async (dir) => {
    const { persistence, keyspace, close } = await openPersistence()
    const save = Effect.exit(persistence.saveFile(`${dir}/dump.rdb`))
    spoilNext(persistence.state)
    expect((await Effect.runPromise(save))._tag).toBe("Failure")
    expect(keyspace.arena.snapshot).toBeUndefined()
    expect(persistence.state.lastStatus).toBe("err")
    expect(persistence.state.lastError).toContain("no job today")
    expect((await Effect.runPromise(save))._tag).toBe("Success")
    expect(persistence.state.lastStatus).toBe("ok")
    spoilNext(persistence.state)
    const stream = Effect.exit(persistence.streamSnapshot(() => ({ sinks: [] })))
    expect((await Effect.runPromise(stream))._tag).toBe("Failure")
    expect(keyspace.arena.snapshot).toBeUndefined()
    await close()
  })
})

it("a load that dies half way counts as failed: what it left is not saved over the file", async () => {
  const { persistence, close } = await openPersistence()
  const source = { path: "nowhere", totalBytes: 0, next: Effect.die(new Error("no bytes today")) }
  expect((await Effect.runPromise(Effect.exit(persistence.loadFrom(source))))._tag).toBe("Failure")
  expect(persistence.state.loadFailed).toBe(true)
  expect(persistence.state.load).toBeUndefined()
  await close()
})

const RING_BYTES = 4 * 512 * 1024

/** What a snapshot by a thread takes memory for, which it may not get. */
const taken = {
  "the log of what changes meanwhile": (bytes: unknown) => bytes !== RING_BYTES,
  "the ring that its thread fills": (bytes: unknown) => bytes === RING_BYTES,
}

/** While `run` runs there is no memory to share but for the arena, which can grow. */
const withoutMemory = async (
  isRefused: (bytes: unknown) => boolean,
  run: () => Promise<void>,
): Promise<void> => {
  const { SharedArrayBuffer: present } = globalThis
  const scarce = new Proxy(present, {
    construct: (target, words) => {
      if (words.length > 1 || !isRefused(words[0])) return Reflect.construct(target, words)
      throw new RangeError("Array buffer allocation failed")
    },
  })
  Object.assign(globalThis, { SharedArrayBuffer: scarce })
  try {
    await run()
  } finally {
    Object.assign(globalThis, { SharedArrayBuffer: present })
  }
}

it.each(Object.entries(taken))(
  "without memory for %s SAVE, BGSAVE and a full sync fail, and the next ones do not",
  async (_, isRefused) => {
    await withTempDir(async (dir) => {
      const lines: string[] = []
      const directives = { dir, "rdb-key-save-delay": 1, "repl-diskless-sync-delay": 0 }
      const redix = await startRedix({}, directives, lines)
      const client = await redix.connect()
      const told = (words: string): number => lines.filter((line) => line.includes(words)).length
      const seen = () => `the log\n${lines.join("\n")}`
      expect(await client.text("SET", "key", "value")).toBe("+OK\r\n")
      await withoutMemory(isRefused, async () => {
        expect(await client.text("SAVE")).toMatch(/^-ERR/)
        await client.text("BGSAVE")
        await until(() => redix.persistence.state.lastStatus === "err" && told("allocation failed") > 1, seen)
        const replica = await redix.connect()
        replica.sendRaw("PSYNC ? -1\r\n")
        expect(String(await replica.readToEnd())).not.toContain("REDIS")
        expect(told("allocation failed")).toBeGreaterThan(2)
      })
      expect(redix.engine.keyspace.arena.snapshot).toBeUndefined()
      expect(await client.text("SAVE")).toBe("+OK\r\n")
      const replica = await redix.connect()
      replica.sendRaw("PSYNC ? -1\r\n")
      expect(String(await replica.readLine())).toMatch(/^\+FULLRESYNC/)
      for (const each of [client, replica]) each.close()
      await redix.stop()
    })
  },
)

it("SAVE answers an error, BGSAVE shows err, and the log says why", async () => {
  await withTempDir(async (dir) => {
    const lines: string[] = []
    const redix = await startRedix({}, { dir }, lines)
    const client = await redix.connect()
    spoilNext(redix.persistence.state)
    expect(await client.text("SAVE")).toMatch(/^-ERR/)
    spoilNext(redix.persistence.state)
    await client.text("BGSAVE")
    await until(
      async () => (await client.text("INFO", "persistence")).includes("rdb_last_bgsave_status:err"),
      () => `the save is an error\n${lines.join("\n")}`,
    )
    expect(lines.some((line) => line.includes("no job today"))).toBe(true)
    expect(await client.text("SAVE")).toBe("+OK\r\n")
    client.close()
    await redix.stop()
  })
})
