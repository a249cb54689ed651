/** DEBUG's levers against redis-server: PAUSE-CRON, CONFIG-REWRITE-FORCE-ALL. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { describeOracle, oracleStatus } from "../support/Oracle.js"
import { Program } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

let dir = ""
beforeAll(() => void (dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-levers-"))))
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

type Kind = "redix" | "redis"
const kinds: ReadonlyArray<Kind> = ["redix", "redis"]

interface Server {
  readonly program: Program
  readonly client: RawClient
  readonly connect: () => Promise<RawClient>
  readonly file: string
}

let started = 0

const start = async (kind: Kind, lines: string): Promise<Server> => {
  const name = `${kind}${started++}`
  const file = path.join(dir, `${name}.conf`)
  const socket = path.join(dir, `${name}.sock`)
  fs.writeFileSync(
    file,
    `# mine\nport 0\nunixsocket "${socket}"\ndir "${dir}"\nenable-debug-command yes\n${lines}`,
  )
  const status = oracleStatus()
  if (!status.available) throw new Error(status.reason)
  const program = new Program({ args: [file], ...(kind === "redis" ? { command: [status.binary] } : {}) })
  await program.says("ready to accept connections at")
  const connect = () => RawClient.connect({ path: socket })
  return { program, client: await connect(), connect, file }
}

const stop = async ({ client, program }: Server): Promise<void> => {
  client.close()
  await program.stop("SIGKILL")
}

describeOracle("DEBUG PAUSE-CRON", () => {
  it.each(kinds)("%s: timed work rests, clients are served, CLIENT PAUSE ends", async (kind) => {
    const server = await start(kind, `save 1 1\ndbfilename ${kind}.rdb\n`)
    const { client } = server
    expect(await client.text("DEBUG", "PAUSE-CRON", "1")).toBe("+OK\r\n")
    expect(await client.text("SET", "short", "v", "PX", "1")).toBe("+OK\r\n")
    expect(await client.text("SET", "long", "v")).toBe("+OK\r\n")
    // Long enough for the save point, the expiry and what else looks every now and then.
    expect(await client.text("BLPOP", "nothing", "2.5")).toBe("*-1\r\n")
    expect(await client.text("DBSIZE")).toBe(":2\r\n")
    expect(await client.text("GET", "short")).toBe("$-1\r\n")
    expect(await client.text("DBSIZE")).toBe(":1\r\n")
    expect(fs.existsSync(path.join(dir, `${kind}.rdb`))).toBe(false)
    const other = await server.connect()
    expect(await client.text("CLIENT", "PAUSE", "50")).toBe("+OK\r\n")
    expect(await other.text("SET", "k", "v")).toBe("+OK\r\n")
    other.close()
    expect(await client.text("DEBUG", "PAUSE-CRON", "0")).toBe("+OK\r\n")
    while (!fs.existsSync(path.join(dir, `${kind}.rdb`))) await client.text("PING")
    await stop(server)
  })
})

describeOracle("DEBUG CONFIG-REWRITE-FORCE-ALL", () => {
  /** Lines of one server only: its own options, and what the other writes elsewhere or not at all. */
  const comparable = (text: string, socket: RegExp): ReadonlyArray<string> =>
    text
      .split("\n")
      .filter((line) => !/^(user default|aof-checksum|log-format|metrics-port|aclfile) /.test(line))
      .map((line) => line.replace(socket, "SOCKET"))
      .toSorted()

  it("writes every option as redis-server does, and the file starts the server again", async () => {
    const lines = 'save ""\nmaxmemory 1mb\nclient-output-buffer-limit normal 1mb 2mb 3\n'
    const texts: Array<ReadonlyArray<string>> = []
    for (const kind of kinds) {
      const server = await start(kind, lines)
      expect(await server.client.text("DEBUG", "CONFIG-REWRITE-FORCE-ALL", "x")).toMatch(
        /^-ERR unknown subcommand/,
      )
      expect(await server.client.text("DEBUG", "CONFIG-REWRITE-FORCE-ALL")).toBe("+OK\r\n")
      await stop(server)
      texts.push(comparable(fs.readFileSync(server.file, "utf8"), /"[^"]*\.sock"/))
      if (kind !== "redix") continue
      const again = new Program({ args: [server.file] })
      await again.says("ready to accept connections at")
      expect(again.stdout).not.toContain("has no effect")
      await again.stop()
    }
    expect(texts[0]).toEqual(texts[1])
  })

  it("needs a file", async () => {
    const status = oracleStatus()
    if (!status.available) throw new Error(status.reason)
    const replies: Array<string> = []
    for (const kind of kinds) {
      const socket = path.join(dir, `nofile-${kind}.sock`)
      const args = ["--port", "0", "--unixsocket", socket, "--save", "", "--enable-debug-command", "yes"]
      const program = new Program({ args, ...(kind === "redis" ? { command: [status.binary] } : {}) })
      await program.says("ready to accept connections at")
      const client = await RawClient.connect({ path: socket })
      replies.push(await client.text("DEBUG", "CONFIG-REWRITE-FORCE-ALL"))
      client.close()
      await program.stop()
    }
    expect(replies[0]).toBe(replies[1])
  })
})
