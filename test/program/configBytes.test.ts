/** Settings that are no text keep their bytes: from every source, through CONFIG, a rewrite and a restart, to a master. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { describeOracle, OracleServer, oracleStatus } from "../support/Oracle.js"
import { mainFile, Program } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

let dir = ""
beforeAll(() => void (dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-bytes-"))))
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

/** No UTF-8, a no-break space of Latin-1 at the end, blanks and quotes inside. */
const SECRET = Buffer.from("\xff\xfe\x80 \"\x81'\\\xc3\x01\xa0", "latin1")

/** For redis.conf's "..." and a shell's $'...'. */
const escaped = [...SECRET].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")
const shellBytes = `$'${escaped}'`

const WRONG = "-WRONGPASS invalid username-password pair or user is disabled.\r\n"

let started = 0

/** Starts what the shell line says; `$redix` is the program with a socket of its own. */
const start = async (line: string): Promise<readonly [Program, string]> => {
  const socket = path.join(dir, `${started++}.sock`)
  const redix = `exec ${process.execPath} ${mainFile}`
  const rest = `--port 0 --unixsocket ${socket} --dir ${dir} --save ''`
  const program = new Program({
    command: ["bash", "-c", line.replace("$redix", redix).replace("$rest", rest)],
  })
  await program.says("ready to accept connections at")
  return [program, socket]
}

const bulk = (bytes: Uint8Array): string => `$${bytes.length}\r\n${Buffer.from(bytes).toString("latin1")}\r\n`

const get = async (client: RawClient, name: string): Promise<string> =>
  (await client.command("CONFIG", "GET", name)).toString("latin1")

const shows = async (socket: string, name = "requirepass"): Promise<void> => {
  const client = await RawClient.connect({ path: socket })
  if (name === "requirepass") {
    expect(await client.text("AUTH", "\ufffd\ufffd")).toBe(WRONG)
    expect(await client.text("AUTH", SECRET)).toBe("+OK\r\n")
  }
  expect(await get(client, name)).toBe(`*2\r\n${bulk(Buffer.from(name))}${bulk(SECRET)}`)
  client.close()
}

describe("a password that is no text", () => {
  it.each([
    ["an argument", () => `$redix --requirepass ${shellBytes} $rest`],
    ["an argument with =", () => `$redix --requirepass=${shellBytes} $rest`],
    ["an environment variable", () => `REDIX_REQUIREPASS=${shellBytes} $redix $rest`],
    ["standard input", () => `$redix - $rest <<< 'requirepass "${escaped}"'`],
  ])("in %s", async (_where, line) => {
    const [program, socket] = await start(line())
    await shows(socket)
    expect((await program.stop()).code).toBe(0)
  })

  it("in a file as it is, in quotes, and after a rewrite and a restart", async () => {
    const plain = Buffer.from([0xff, 0xfe, 0x80, 0xa0])
    const file = path.join(dir, "bytes.conf")
    const lines = [
      Buffer.from("masterauth "),
      plain,
      Buffer.from(`\n# caf\xe9\nrequirepass "${escaped}"\n`, "latin1"),
    ]
    fs.writeFileSync(file, Buffer.concat(lines))
    const [first, socket] = await start(`$redix ${file} $rest`)
    await shows(socket)
    const client = await RawClient.connect({ path: socket })
    await client.text("AUTH", SECRET)
    expect(await get(client, "masterauth")).toBe(`*2\r\n$10\r\nmasterauth\r\n${bulk(plain)}`)
    expect(await client.text("CONFIG", "SET", "masteruser", SECRET)).toBe("+OK\r\n")
    expect(await client.text("CONFIG", "REWRITE")).toBe("+OK\r\n")
    client.close()
    expect((await first.stop()).code).toBe(0)
    expect(fs.readFileSync(file).toString("latin1")).toContain(
      'masterauth "\\xff\\xfe\\x80\\xa0"\n# caf\xe9\n',
    )
    const [second, again] = await start(`$redix ${file} $rest`)
    await shows(again)
    const reader = await RawClient.connect({ path: again })
    await reader.text("AUTH", SECRET)
    expect(await get(reader, "masteruser")).toBe(`*2\r\n$10\r\nmasteruser\r\n${bulk(SECRET)}`)
    reader.close()
    expect((await second.stop()).code).toBe(0)
  })

  it("by CONFIG SET, and a command renamed to bytes", async () => {
    const file = path.join(dir, "renamed.conf")
    fs.writeFileSync(file, Buffer.from("rename-command PING \xc3\x89\xff\n", "latin1"))
    const [program, socket] = await start(`$redix ${file} $rest`)
    const client = await RawClient.connect({ path: socket })
    expect(await client.text(Buffer.from("\xc3\x89\xff", "latin1"))).toBe("+PONG\r\n")
    expect(await client.text("CONFIG", "SET", "requirepass", SECRET)).toBe("+OK\r\n")
    client.close()
    await shows(socket)
    expect((await program.stop()).code).toBe(0)
  })

  it("paths must be text", async () => {
    const ended = await new Program({
      command: ["bash", "-c", `exec ${process.execPath} ${mainFile} --pidfile $'/tmp/\\xff'`],
    }).ended
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain("Redix takes only paths in UTF-8")
  })
})

describeOracle("bytes against redis-server", () => {
  it("CONFIG GET, AUTH and the rewritten file are the same", async () => {
    const ours = path.join(dir, "ours.conf")
    const theirs = path.join(dir, "theirs.conf")
    for (const file of [ours, theirs]) fs.writeFileSync(file, `save ""\nport 0\ndir ${dir}\n`)
    const [program, socket] = await start(`$redix ${ours} $rest`)
    const status = oracleStatus()
    if (!status.available) throw new Error(status.reason)
    const theirSocket = path.join(dir, "theirs.sock")
    const oracle = new Program({ command: [status.binary], args: [theirs, "--unixsocket", theirSocket] })
    await oracle.says("ready to accept connections at")
    const rewritten: Array<ReadonlyArray<string>> = []
    for (const [at, file] of [
      [socket, ours],
      [theirSocket, theirs],
    ] as const) {
      const client = await RawClient.connect({ path: at })
      for (const name of [
        "masterauth",
        "masteruser",
        "replica-announce-ip",
        "ignore-warnings",
        "requirepass",
      ])
        expect(await client.text("CONFIG", "SET", name, SECRET)).toBe("+OK\r\n")
      expect(await client.text("CONFIG", "REWRITE")).toBe("+OK\r\n")
      client.close()
      const lines = fs.readFileSync(file, "latin1").split("\n")
      rewritten.push(lines.filter((line) => line.includes("\\x81")).toSorted())
    }
    expect(rewritten[0]).toEqual(rewritten[1])
    expect(rewritten[0]).toHaveLength(5)
    await program.stop()
    await oracle.stop()
  })

  it("a master takes the replica's password", async () => {
    const oracle = await OracleServer.start({ tcp: true })
    const admin = await oracle.connect()
    expect(await admin.text("CONFIG", "SET", "requirepass", SECRET)).toBe("+OK\r\n")
    expect(await admin.text("SET", "k", "v")).toBe("+OK\r\n")
    const [program, socket] = await start(
      `$redix --masterauth ${shellBytes} --replicaof 127.0.0.1 ${oracle.port} $rest`,
    )
    const client = await RawClient.connect({ path: socket })
    let link = ""
    while (!link.includes("master_link_status:up")) link = await client.text("INFO", "replication")
    expect(await client.text("GET", "k")).toBe("$1\r\nv\r\n")
    client.close()
    admin.close()
    await program.stop()
    await oracle.stop()
  })
})
