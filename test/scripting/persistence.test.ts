/** Libraries of functions in RDB files: written, loaded and run, here and by redis-server. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { startRedix } from "../support/Redix.js"

let dir = ""
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), "redix-functions-"))))
afterAll(() => rm(dir, { recursive: true }))

it("libraries are there after a restart, and their functions run", async () => {
  const before = await startRedix({}, { dir })
  const writer = await before.connect()
  const source =
    "#!lua name=lib\nlocal n = 40\nredis.register_function('next', function() n = n + 1 return n end)"
  expect(await writer.text("FUNCTION", "LOAD", source)).toBe("$3\r\nlib\r\n")
  expect(await writer.text("FCALL", "next", 0)).toBe(":41\r\n")
  expect(await writer.text("FCALL", "next", 0)).toBe(":42\r\n")
  expect(await writer.text("SAVE")).toBe("+OK\r\n")
  await before.stop()
  const after = await startRedix({}, { dir })
  const reader = await after.connect()
  expect(await reader.text("FUNCTION", "LIST", "WITHCODE")).toContain(source)
  expect(await reader.text("FCALL", "next", 0)).toBe(":41\r\n")
  expect(await reader.text("INFO", "memory")).toContain("number_of_libraries:1\r\n")
  expect(await reader.text("DEBUG", "RELOAD")).toBe("+OK\r\n")
  expect(await reader.text("FCALL", "next", 0)).toBe(":41\r\n")
  await after.stop()
})
