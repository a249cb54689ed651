/** Memory that the data set no longer needs goes back to the machine, time after time. */
import { expect, it } from "vitest"
import { freePort } from "../support/OracleServer.js"
import { Program } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

const MB = 1024 * 1024

const residentBytes = async (client: RawClient): Promise<number> =>
  Number(/used_memory_rss:(\d+)/.exec(await client.text("INFO", "memory"))?.[1])

/** Asks until the resident set is below `bytes`; fails with the last figure. */
const belowBytes = async (client: RawClient, bytes: number): Promise<number> => {
  const end = performance.now() + 15_000
  for (;;) {
    const rss = await residentBytes(client)
    if (rss < bytes || performance.now() > end) return rss
  }
}

it("FLUSHALL and overwritten large values leave nothing resident", async () => {
  const port = await freePort()
  const program = new Program({ args: ["--port", `${port}`, "--save", "", "--enable-debug-command", "yes"] })
  await program.ready()
  const client = await RawClient.connect({ port })
  for (let round = 0; round < 3; round++) {
    expect(await client.text("DEBUG", "POPULATE", 300_000, "key", 400)).toBe("+OK\r\n")
    const full = await residentBytes(client)
    expect(full).toBeGreaterThan(180 * MB)
    expect(full).toBeLessThan(400 * MB)
    expect(await client.text("FLUSHALL")).toBe("+OK\r\n")
    const limit = full - 90 * MB
    expect(await belowBytes(client, limit), `round ${round}: ${full} bytes before`).toBeLessThan(limit)
  }
  // 3 GB in all, of which 10 MB are needed at a time.
  for (let i = 0; i < 300; i++) {
    expect(await client.text("SETRANGE", "large", 10_000_000, "x")).toBe(":10000001\r\n")
    expect(await client.text("DEL", "large")).toBe(":1\r\n")
  }
  expect(await residentBytes(client)).toBeLessThan(800 * MB)
  client.close()
  expect((await program.stop()).code).toBe(0)
})
