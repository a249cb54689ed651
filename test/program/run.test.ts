/** `redix run -- command`: the command has a server of its own, and the program ends as the command does. */
import * as fs from "node:fs"
import * as path from "node:path"
import { describe, expect, it } from "vitest"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { type Ended, Program, root, runProgram } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

const runFile = path.join(root, "dist/run.js")

const redix = (args: ReadonlyArray<string>, cwd = root): Program =>
  new Program({ command: [process.execPath, runFile], args, cwd })

const redixRun = (options: ReadonlyArray<string>, ...command: ReadonlyArray<string>): Promise<Ended> =>
  redix(["run", ...options, "--", ...command]).ended

/** A command that says its environment, and lives until its standard input or a signal ends it. */
const WAITING = `
console.log(process.env.REDIS_URL)
process.on("SIGTERM", () => process.exit(9))
setInterval(() => {}, 1000)`

describe("redix run", () => {
  it("lends a command a server, and ends with its exit code", async () => {
    const script = `
const socket = require("node:net").connect(process.env.REDIS_PORT, process.env.REDIS_HOST)
socket.once("data", (reply) => { console.log(process.env.REDIS_URL, String(reply).trim()); process.exit(7) })
socket.write("SET a 1\\r\\n")`
    const ended = await redixRun([], process.execPath, "-e", script)
    expect(ended).toMatchObject({ code: 7, signal: null, stderr: "" })
    expect(ended.stdout).toMatch(/^redis:\/\/127\.0\.0\.1:\d+ \+OK\n$/)
  })

  it("passes arguments and directives on; a password is in the URL", async () => {
    const say = "console.log(process.env.REDIS_URL.replace(/:\\d+$/, ''), ...process.argv.slice(1))"
    const ended = await redixRun(
      ["--requirepass", "s/x\u00e4", "--databases", "4"],
      process.execPath,
      "-e",
      say,
      "a b",
      "--",
    )
    expect(ended.stdout).toBe("redis://default:s%2Fx%C3%A4@127.0.0.1 a b --\n")
  })

  it("is up as long as the command, and writes no file", async () => {
    await withTempDir(async (dir) => {
      const program = redix(["run", "--", process.execPath, "-e", WAITING], dir)
      await program.says(/redis:\/\/.*:\d+\n/)
      const port = Number(/:(\d+)\n/.exec(program.stdout)?.[1])
      const client = await RawClient.connect({ port })
      expect(await client.text("SET", "a", "1")).toBe("+OK\r\n")
      expect(await client.text("SAVE")).toMatch(/^-ERR/)
      expect(await program.stop("SIGTERM")).toMatchObject({ code: 9, signal: null })
      await expect(RawClient.connect({ port })).rejects.toThrow("ECONNREFUSED")
      expect(fs.readdirSync(dir)).toEqual([])
    })
  })

  it("saves where a directory is named, and loads what is there", async () => {
    await withTempDir(async (dir) => {
      const call = (command: string): string => `
const socket = require("node:net").connect(process.env.REDIS_PORT, "127.0.0.1")
socket.pipe(process.stdout)
socket.write(${JSON.stringify(command)} + "\\r\\nQUIT\\r\\n")`
      const said = async (command: string): Promise<string> =>
        (await redixRun(["--dir", dir], process.execPath, "-e", call(command))).stdout
      expect(await said("MSET a 1 b 2")).toBe("+OK\r\n+OK\r\n")
      expect(await said("DBSIZE")).toBe(":0\r\n+OK\r\n")
      expect(await said("SET a 1\r\nSAVE")).toBe("+OK\r\n+OK\r\n+OK\r\n")
      expect(await said("DBSIZE")).toBe(":1\r\n+OK\r\n")
    })
  })

  it("dies of the signal its command dies of", async () => {
    const ended = await redixRun([], process.execPath, "-e", "process.kill(process.pid, 'SIGKILL')")
    expect(ended).toMatchObject({ code: null, signal: "SIGKILL" })
  })

  it("says in one line why it cannot start", async () => {
    expect(await redixRun([], "no-such-command")).toMatchObject({
      code: 127,
      stderr: "redix: cannot run 'no-such-command': not found\n",
    })
    expect(await redixRun([], root)).toMatchObject({ code: 126, stderr: expect.stringMatching(/EACCES\n$/) })
    expect(await redixRun(["--prot", "1"], "true")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Bad configuration.*\n$/),
    })
  })

  it("says how it is used", async () => {
    const help = await redix(["--help"]).ended
    expect(help).toMatchObject({ code: 0, stderr: "" })
    expect(help.stdout).toContain("redix run")
    for (const args of [[], ["run"], ["run", "true"], ["run", "--"]]) {
      expect(await redix(args).ended).toMatchObject({ code: 1, stdout: "", stderr: help.stdout })
    }
    const version: unknown = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"))
    expect((await runProgram({ command: [process.execPath, runFile, "--version"] })).stdout).toBe(
      `redix ${version !== null && typeof version === "object" && "version" in version ? version.version : ""}\n`,
    )
  })
})
