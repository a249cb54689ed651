/** How the program starts: its arguments and files, and the one line it says when it cannot. */
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import { describe, expect, it } from "vitest"
import { REDIS_VERSION, REDIX_VERSION } from "../../src/server/version.js"
import { freePort } from "../support/OracleServer.js"
import { type Ended, Program, root, runProgram } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

const temporary = (): string => fs.mkdtempSync(path.join(os.tmpdir(), "redix-program-"))

const linesOf = (text: string): ReadonlyArray<string> => text.split("\n").filter((line) => line !== "")

/** Everything said on either stream. */
const said = (ended: Ended): ReadonlyArray<string> => linesOf(ended.stdout + ended.stderr)

const ask = async (port: number, ...words: ReadonlyArray<string>): Promise<string> => {
  const client = await RawClient.connect({ port })
  const reply = await client.text(...words)
  client.close()
  return reply
}

describe("the program's arguments", () => {
  it("--version and --help", async () => {
    const version = await runProgram({ args: ["--version"] })
    expect(version).toMatchObject({ code: 0, stderr: "" })
    expect(version.stdout).toBe(`Redix server v=${REDIX_VERSION} compatible with Redis v=${REDIS_VERSION}\n`)
    for (const flag of ["--help", "-h"]) {
      const help = await runProgram({ args: [flag] })
      expect(help).toMatchObject({ code: 0, stderr: "" })
      expect(help.stdout).toContain("Usage: redix-server")
    }
  })

  it.each([
    [["--bogus", "1"], "Bad directive"],
    [["--port", "abc"], "couldn't be parsed into an integer"],
    [["--port", "70000"], "port 70000"],
    [["word", "--port", "0"], "Can't open config file"],
    [["--dir", "/nonexistent/directory"], "No such file or directory"],
    [
      ["--logfile", "/nonexistent/x.log"],
      "command line: 'logfile /nonexistent/x.log': Can't open the log file: No such file or directory",
    ],
    [["--tls-port", "1", "--port", "0"], "Failed to configure TLS. No tls-cert-file configured!"],
    [["--rename-command", "nope", "x", "--port", "0"], "No such command in rename-command"],
    [["--rename-command", "get", "set", "--port", "0"], "Target command name already exists"],
    [["--loadmodule", "/x.so"], "Redix has no modules"],
  ])("%j stops the start with one line", async (args, reason) => {
    const ended = await runProgram({ args, inside: true })
    expect(ended.code).toBe(1)
    expect(said(ended)).toHaveLength(1)
    expect(said(ended)[0]).toContain(reason)
  })

  it("a port in use is one line", async () => {
    const taken = net.createServer()
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve))
    const address = taken.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const ended = await runProgram({ args: ["--port", `${port}`, "--save", ""], inside: true })
    taken.close()
    expect(ended.code).toBe(1)
    expect(said(ended)).toHaveLength(1)
    expect(said(ended)[0]).toContain(`Could not listen on 127.0.0.1:${port}: Address already in use`)
  })

  it("and leaves no append-only file in a directory that may be the other server's", async () => {
    const dir = temporary()
    const taken = net.createServer()
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve))
    const address = taken.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const args = ["--port", `${port}`, "--save", "", "--dir", dir, "--appendonly", "yes"]
    const ended = await runProgram({ args, inside: true })
    taken.close()
    expect(ended.code).toBe(1)
    expect(fs.readdirSync(dir)).toEqual([])
    fs.rmSync(dir, { recursive: true })
  })

  it("a start refused before the file is loaded leaves the file alone", async () => {
    const dir = temporary()
    fs.copyFileSync(path.join(root, "testdata/golden/redis-7.0-strings.rdb"), path.join(dir, "dump.rdb"))
    const before = fs.readFileSync(path.join(dir, "dump.rdb"))
    const taken = net.createServer()
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve))
    const address = taken.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const ended = await runProgram({
      args: ["--port", `${port}`, "--dir", dir, "--save", "3600 1"],
      inside: true,
    })
    taken.close()
    expect(ended.code).toBe(1)
    expect(said(ended)).toHaveLength(1)
    expect(fs.readFileSync(path.join(dir, "dump.rdb")).equals(before)).toBe(true)
    fs.rmSync(dir, { recursive: true })
  })

  it("an RDB file that is none stops the start, and stays as it was", async () => {
    const dir = temporary()
    const file = path.join(dir, "dump.rdb")
    fs.writeFileSync(file, "REDIS0010 but not really")
    const ended = await runProgram({ args: ["--dir", dir, "--port", `${await freePort()}`], inside: true })
    expect(ended.code).toBe(1)
    expect(said(ended).filter((line) => line.includes("Fatal error loading the DB"))).toHaveLength(1)
    expect(fs.readFileSync(file, "utf8")).toBe("REDIS0010 but not really")
    expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
    fs.rmSync(dir, { recursive: true })
  })
})

describe("the program's configuration", () => {
  it("a redis.conf, over it the environment, over that the command line", async () => {
    const dir = temporary()
    const file = path.join(dir, "redis.conf")
    const port = await freePort()
    fs.writeFileSync(path.join(dir, "more.conf"), "hash-max-listpack-entries 7\n")
    fs.writeFileSync(
      file,
      `# a comment\nport 1\nsave ""\ndir "${dir}"\ndatabases 3\nmaxclients 77\ninclude ${dir}/more.conf\n`,
    )
    const program = new Program({
      args: [file, `--port=${port}`, "--requirepass", "not secret"],
      env: { REDIX_MAXCLIENTS: "88" },
    })
    await program.ready()
    const client = await RawClient.connect({ port })
    expect(await client.text("PING")).toBe("-NOAUTH Authentication required.\r\n")
    expect(await client.text("AUTH", "not secret")).toBe("+OK\r\n")
    const value = async (name: string): Promise<string> =>
      (await client.text("CONFIG", "GET", name)).split("\r\n")[4] ?? ""
    expect(await value("maxclients")).toBe("88")
    expect(await value("databases")).toBe("3")
    expect(await value("dir")).toBe(fs.realpathSync(dir))
    expect(await value("hash-max-listpack-entries")).toBe("7")
    client.close()
    expect(await program.stop()).toMatchObject({ code: 0, stderr: "" })
    fs.rmSync(dir, { recursive: true })
  })

  it("standard input, named by a dash", async () => {
    const port = await freePort()
    const program = new Program({ args: ["-"], stdin: `port ${port}\nsave ""\ndatabases 5\n` })
    await program.ready()
    expect(await ask(port, "SELECT", "4")).toBe("+OK\r\n")
    expect(await ask(port, "SELECT", "5")).toBe("-ERR DB index is out of range\r\n")
    expect((await program.stop()).code).toBe(0)
  })

  it("renamed commands answer to their new names only, removed ones to none", async () => {
    const port = await freePort()
    const program = new Program({
      args: ["-"],
      stdin: `port ${port}\nsave ""\nrename-command GET gEtX\nrename-command config ""\nrename-command EVAL ""\n`,
      inside: true,
    })
    await program.ready()
    expect(await ask(port, "GET", "a")).toBe("-ERR unknown command 'GET', with args beginning with: 'a' \r\n")
    expect(await ask(port, "getx", "a")).toBe("$-1\r\n")
    expect(await ask(port, "GETX")).toBe("-ERR wrong number of arguments for 'get' command\r\n")
    expect(await ask(port, "CONFIG", "GET", "x")).toMatch(/^-ERR unknown command 'CONFIG'/)
    expect((await program.stop()).code).toBe(0)
  })

  it("a directive without effect here warns once", async () => {
    const port = await freePort()
    const program = new Program({
      args: ["--port", `${port}`, "--save", "", "--syslog-enabled", "yes"],
      inside: true,
    })
    await program.ready()
    const ended = await program.stop()
    expect(linesOf(ended.stdout).filter((line) => line.includes("syslog-enabled"))).toHaveLength(1)
  })

  it("its version is the package's", () => {
    const manifest: unknown = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8"))
    expect(manifest).toMatchObject({ version: REDIX_VERSION })
  })
})
