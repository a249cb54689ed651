import { afterAll, beforeAll, expect, it } from "vitest"
import { startRedix, type TestRedix } from "../support/Redix.js"

let redix: TestRedix
beforeAll(async () => {
  redix = await startRedix()
})
afterAll(() => redix.stop())

it("answers SET and GET over a socket", async () => {
  const client = await redix.connect()
  expect(String(await client.command("SET", "a", "b"))).toBe("+OK\r\n")
  expect(String(await client.command("GET", "a"))).toBe("$1\r\nb\r\n")
  client.close()
})
