/** A log that cannot be written loses lines, and nothing else ends, waits or fails for it. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { mainFile } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"
import { supervised } from "../support/children/Supervised.js"

let dir = ""
beforeAll(() => void (dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-sinks-"))))
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

let started = 0

interface Server {
  readonly child: ChildProcess
  readonly client: RawClient
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>
}

const start = async (
  out: "pipe" | number,
  err: "pipe" | number,
  ...more: ReadonlyArray<string>
): Promise<Server> => {
  const socket = path.join(dir, `${started++}.sock`)
  const args = ["--port", "0", "--unixsocket", socket, "--dir", dir, "--save", ""]
  const child = supervised(
    spawn(
      process.execPath,
      [mainFile, ...args, "--enable-debug-command", "yes", "--log-format", "text", ...more],
      { stdio: ["ignore", out, err] },
    ),
  )
  const ended = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) =>
    child.once("close", (code, signal) => resolve([code, signal])),
  )
  let client: RawClient | undefined
  while (client === undefined) client = await RawClient.connect({ path: socket }).catch(() => undefined)
  return { child, client, ended }
}

const logs = async ({ client }: Server, words: string): Promise<void> => {
  expect(await client.text("DEBUG", "LOG", words)).toBe("+OK\r\n")
  expect(await client.text("PING")).toBe("+PONG\r\n")
}

const stops = async ({ child, client, ended }: Server): Promise<void> => {
  client.close()
  child.kill("SIGTERM")
  expect(await ended).toEqual([0, null])
}

describe("log sinks", () => {
  it("a reader that goes away", async () => {
    const server = await start("pipe", "pipe")
    server.child.stdout?.destroy()
    server.child.stderr?.destroy()
    for (let i = 0; i < 20; i++) await logs(server, `line ${i}`)
    await stops(server)
  })

  it("a full disk under standard output and standard error", async () => {
    const full = fs.openSync("/dev/full", "w")
    const server = await start(full, full)
    for (let i = 0; i < 20; i++) await logs(server, `line ${i}`)
    await stops(server)
    fs.closeSync(full)
  })

  it("a full disk under the log file, until it has room again", async () => {
    const file = path.join(dir, "link.log")
    fs.symlinkSync("/dev/full", file)
    const server = await start("pipe", "pipe", "--logfile", file)
    for (let i = 0; i < 20; i++) await logs(server, `line ${i}`)
    fs.unlinkSync(file)
    await logs(server, "room again")
    await stops(server)
    expect(fs.readFileSync(file, "utf8")).toContain("DEBUG LOG: room again")
  })

  it("a reader that stops reading holds nobody up", async () => {
    const server = await start("pipe", "pipe")
    server.child.stdout?.pause()
    const words = "x".repeat(100_000)
    for (let i = 0; i < 40; i++) await logs(server, words)
    server.child.kill("SIGKILL")
    server.client.close()
    await server.ended
  })

  it("a collector that comes back gets the lines from then on", async () => {
    const fifo = path.join(dir, "log.fifo")
    execFileSync("mkfifo", [fifo])
    const first = fs.openSync(fifo, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
    const writer = fs.openSync(fifo, "w")
    const server = await start(writer, "pipe")
    fs.closeSync(writer)
    fs.closeSync(first)
    for (let i = 0; i < 5; i++) await logs(server, `nobody reads ${i}`)
    const second = fs.openSync(fifo, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
    await logs(server, "read again")
    const bytes = Buffer.alloc(65_536)
    const text = bytes.toString("utf8", 0, fs.readSync(second, bytes))
    expect(text).toContain("DEBUG LOG: read again")
    expect(text).not.toContain("nobody reads")
    await stops(server)
    fs.closeSync(second)
  })
})

describe("what the program prints when nobody reads", () => {
  it.each([["--help"], ["--bogus", "1"]])("%s ends as it should", async (...args) => {
    const full = fs.openSync("/dev/full", "w")
    const child = supervised(spawn(process.execPath, [mainFile, ...args], { stdio: ["ignore", full, full] }))
    const code = await new Promise((resolve) => child.once("close", resolve))
    expect(code).toBe(args[0] === "--help" ? 0 : 1)
    fs.closeSync(full)
  })
})
