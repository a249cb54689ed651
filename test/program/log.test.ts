/** What the program says while it runs: redis-server's lines, JSON, a file. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { describe, expect, it } from "vitest"
import { freePort } from "../support/OracleServer.js"
import { Program } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

const LINE = /^\d+:[MSCX] \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} [.*#-] ./

describe("the log", () => {
  it("has redis-server's lines on standard output, with those that scripts wait for", async () => {
    const port = await freePort()
    const program = new Program({ args: ["--port", `${port}`, "--save", ""] })
    await program.ready()
    const ended = await program.stop()
    const lines = ended.stdout.trimEnd().split("\n")
    for (const line of lines) expect(line).toMatch(LINE)
    for (const words of [
      `Port: ${port}`,
      `PID: ${program.pid}`,
      "Server initialized",
      "Ready to accept connections",
    ]) {
      expect(lines.filter((line) => line.includes(words))).toHaveLength(1)
    }
    expect(lines[0]).toMatch(new RegExp(`^${program.pid}:M `))
  })

  it("--log-format json is one object a line", async () => {
    const program = new Program({
      args: ["--port", `${await freePort()}`, "--save", "", "--log-format", "json"],
    })
    await program.ready()
    const ended = await program.stop()
    const lines = ended.stdout.trimEnd().split("\n")
    expect(lines.length).toBeGreaterThan(3)
    for (const line of lines) {
      const entry: unknown = JSON.parse(line)
      expect(entry).toMatchObject({
        pid: program.pid,
        level: expect.any(String),
        message: expect.any(String),
      })
    }
  })

  it("--logfile takes everything, --loglevel leaves the lesser lines out", async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-program-"))
    const file = path.join(dir, "redix.log")
    const port = await freePort()
    const program = new Program({
      args: ["--port", `${port}`, "--save", "", "--logfile", file, "--loglevel", "warning"],
    })
    let client: RawClient | undefined
    while (client === undefined) client = await RawClient.connect({ port }).catch(() => undefined)
    expect(await client.text("PING")).toBe("+PONG\r\n")
    client.close()
    expect(await program.stop()).toMatchObject({ code: 0, stdout: "", stderr: "" })
    const lines = fs.readFileSync(file, "utf8").trimEnd().split("\n")
    for (const line of lines) expect(line).toMatch(/^\d+:M .* # ./)
    expect(lines.at(-1)).toContain("bye bye")
    fs.rmSync(dir, { recursive: true })
  })
})
