/** What signals do: one table, held against redis-server and against the program. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeOracle, oracleStatus } from "../support/Oracle.js"
import { type Ended, Program } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

let dir = ""
beforeAll(() => void (dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-signals-"))))
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

let started = 0

const start = async (
  command?: readonly [string],
  ...more: ReadonlyArray<string>
): Promise<readonly [Program, string]> => {
  const socket = path.join(dir, `${started++}.sock`)
  const args = ["--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", ...more]
  const program = new Program({ args, ...(command === undefined ? {} : { command }) })
  await program.says("ready to accept connections at")
  return [program, socket]
}

const ping = async (socket: string): Promise<string> => {
  const client = await RawClient.connect({ path: socket })
  const reply = await client.text("PING")
  client.close()
  return reply
}

/** After these the server goes on. */
const survived: ReadonlyArray<NodeJS.Signals> = [
  "SIGHUP",
  "SIGPIPE",
  "SIGALRM",
  "SIGCHLD",
  "SIGCONT",
  "SIGURG",
  "SIGWINCH",
]

/** These end it with a code, or end it themselves. */
const table: ReadonlyArray<readonly [NodeJS.Signals, 0 | "by the signal"]> = [
  ["SIGINT", 0],
  ["SIGQUIT", "by the signal"],
  ["SIGABRT", "by the signal"],
  ["SIGSEGV", "by the signal"],
  ["SIGUSR1", "by the signal"],
  ["SIGUSR2", "by the signal"],
  ["SIGTERM", 0],
  ["SIGXCPU", "by the signal"],
  ["SIGVTALRM", "by the signal"],
  ["SIGPROF", "by the signal"],
  ["SIGIO", "by the signal"],
  ["SIGPWR", "by the signal"],
  ["SIGSYS", "by the signal"],
]

const meets = async (
  signal: NodeJS.Signals,
  outcome: 0 | "by the signal",
  command?: readonly [string],
  ...more: ReadonlyArray<string>
): Promise<Ended> => {
  const [program] = await start(command, ...more)
  program.signal(signal)
  const ended = await program.ended
  expect(ended).toMatchObject(outcome === 0 ? { code: 0, signal: null } : { code: null, signal })
  return ended
}

const survives = async (
  signals: ReadonlyArray<NodeJS.Signals>,
  command?: readonly [string],
): Promise<Ended> => {
  const [program, socket] = await start(command)
  for (const signal of signals) {
    program.signal(signal)
    expect(await ping(socket), signal).toBe("+PONG\r\n")
  }
  return program.stop("SIGKILL")
}

describe("signals", () => {
  it("of many kinds, and a file over its size limit, end no server", async () => {
    const ended = await survives([...survived, "SIGXFSZ"])
    expect(ended).toMatchObject({ signal: "SIGKILL", stderr: "" })
  })

  it.each(table)("%s: %s", async (signal, outcome) => {
    const ended = await meets(signal, outcome)
    expect(ended.stderr).toBe("")
  })

  it("a second SIGINT ends a shutdown that waits, at once", async () => {
    const [master, socket] = await start(undefined, "--repl-diskless-sync-delay", "0")
    const replicating = await RawClient.connect({ path: socket })
    // A replica that never acknowledges: the shutdown waits for it.
    replicating.sendRaw("SYNC\r\n")
    const client = await RawClient.connect({ path: socket })
    let online = false
    while (!online) online = (await client.text("INFO", "replication")).includes("state=online")
    expect(await client.text("SET", "k", "v")).toBe("+OK\r\n")
    master.signal("SIGTERM")
    await master.says("Waiting for replicas before shutting down")
    master.signal("SIGINT")
    expect(await master.ended).toMatchObject({ code: 1, signal: null })
    expect(master.stdout).toContain("You insist... exiting now.")
    replicating.close()
    client.close()
  })
})

describeOracle("signals of redis-server", () => {
  // Without the report of a crash: while it writes one, redis-server may crash again (of 300 ends by SIGABRT 56 were by
  // SIGSEGV then, and 2 did not come).
  it.each(table)("%s: %s", async (signal, outcome) => {
    const status = oracleStatus()
    if (!status.available) throw new Error(status.reason)
    await meets(signal, outcome, [status.binary], "--crash-log-enabled", "no")
  })

  it("of many kinds end no server", async () => {
    const status = oracleStatus()
    if (!status.available) throw new Error(status.reason)
    expect((await survives(survived, [status.binary])).signal).toBe("SIGKILL")
  })
})
