/** Memory that the data set no longer needs goes back to the machine, time after time. */
import { expect, it, vi } from "vitest"
import { freePort } from "../support/OracleServer.js"
import { PATIENCE_MS, untilTrue } from "../support/Patience.js"
import { Program } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

const MB = 1024 * 1024

const residentBytes = async (client: RawClient): Promise<number> =>
  Number(/used_memory_rss:(\d+)/.exec(await client.text("INFO", "memory"))?.[1])

/** Longer than a server waits before it takes it that nobody asks for anything. */
const QUIET_MS = 150

const WAIT = { timeout: PATIENCE_MS, interval: QUIET_MS }

/** Asks now and then until the resident set is below `bytes`. */
const belowBytes = (client: RawClient, bytes: number, what: string): Promise<void> => {
  const check = async (): Promise<void> => expect(await residentBytes(client), what).toBeLessThan(bytes)
  return vi.waitFor(check, WAIT)
}

/** Saves, by a thread that is kept and must not hold what it has read. */
const save = async (client: RawClient): Promise<void> => {
  expect(await client.text("BGSAVE")).toBe("+Background saving started\r\n")
  await untilTrue(async () => /rdb_bgsave_in_progress:0/.test(await client.text("INFO", "persistence")))
  expect(await client.text("INFO", "persistence")).toContain("rdb_last_bgsave_status:ok")
}

it("FLUSHALL and overwritten large values leave nothing resident", async () => {
  const port = await freePort()
  const program = new Program({ args: ["--port", `${port}`, "--save", "", "--enable-debug-command", "yes"] })
  await program.ready()
  const client = await RawClient.connect({ port })
  for (let round = 0; round < 2; round++) {
    expect(await client.text("DEBUG", "POPULATE", 300_000, "key", 400)).toBe("+OK\r\n")
    const full = await residentBytes(client)
    expect(full).toBeGreaterThan(180 * MB)
    expect(full).toBeLessThan(400 * MB)
    if (round === 1) await save(client)
    expect(await client.text("FLUSHALL")).toBe("+OK\r\n")
    await belowBytes(client, full - 90 * MB, `round ${round}: ${full} bytes before`)
  }
  // What the thread has copied of it goes, too.
  const before = await residentBytes(client)
  expect(await client.text("SETRANGE", "large", 150_000_000, "x")).toBe(":150000001\r\n")
  await save(client)
  expect(await client.text("DEL", "large")).toBe(":1\r\n")
  await belowBytes(client, before + 60 * MB, `${before} bytes before a large value`)
  // 1.2 GB in all, of which 10 MB are needed at a time.
  for (let i = 0; i < 120; i++) {
    expect(await client.text("SETRANGE", "large", 10_000_000, "x")).toBe(":10000001\r\n")
    expect(await client.text("DEL", "large")).toBe(":1\r\n")
  }
  expect(await residentBytes(client)).toBeLessThan(800 * MB)
  client.close()
  expect((await program.stop()).code).toBe(0)
})
