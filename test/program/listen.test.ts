/** Where the program listens: a unix socket, TLS, several addresses. */
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import * as tls from "node:tls"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { makeCertificates } from "../support/children/Certificates.js"
import { describeOracle, freePort, oracleStatus } from "../support/Oracle.js"
import { Program, runProgram } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

let dir = ""
const at = (name: string): string => path.join(dir, name)

beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-listen-"))
  makeCertificates(dir, { authority: "ca", names: ["server", "client"] })
})

afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

/** Sends PING over TLS; answers the reply, or the error that ended the connection. */
const pingTls = (port: number, options: tls.ConnectionOptions): Promise<string> =>
  new Promise((resolve) => {
    const socket = tls.connect({
      host: "127.0.0.1",
      port,
      ca: fs.readFileSync(at("ca.crt")),
      checkServerIdentity: () => undefined,
      ...options,
    })
    const done = (what: string): void => {
      resolve(what)
      socket.destroy()
    }
    socket.once("secureConnect", () => socket.write("PING\r\n"))
    socket.on("data", (bytes) => done(bytes.toString()))
    socket.on("error", () => done("refused"))
    socket.on("close", () => done("refused"))
  })

const startTls = async (...args: ReadonlyArray<string>): Promise<readonly [Program, number]> => {
  const port = await freePort()
  const files = ["--tls-cert-file", at("server.crt"), "--tls-key-file", at("server.key")]
  const authority = ["--tls-ca-cert-file", at("ca.crt")]
  const program = new Program({
    args: ["--port", "0", "--tls-port", `${port}`, "--save", "", ...files, ...authority, ...args],
    inside: true,
  })
  await program.says("Server initialized")
  return [program, port]
}

const clientCertificate = (): tls.ConnectionOptions => ({
  cert: fs.readFileSync(at("client.crt")),
  key: fs.readFileSync(at("client.key")),
})

describe("TLS", () => {
  it("asks clients for a certificate of the authority by default", async () => {
    const [program, port] = await startTls()
    expect(await pingTls(port, clientCertificate())).toBe("+PONG\r\n")
    expect(await pingTls(port, {})).toBe("refused")
    const plain = await RawClient.connect({ port })
    plain.sendRaw("PING\r\n")
    await plain.waitForClose()
    expect(plain.unread).toEqual([])
    expect(await pingTls(port, clientCertificate())).toBe("+PONG\r\n")
    expect((await program.stop()).code).toBe(0)
  })

  it.each(["no", "optional"])("tls-auth-clients %s takes clients without", async (auth) => {
    const [program, port] = await startTls("--tls-auth-clients", auth, "--tls-protocols", "TLSv1.3")
    expect(await pingTls(port, {})).toBe("+PONG\r\n")
    expect(await pingTls(port, clientCertificate())).toBe("+PONG\r\n")
    expect(await pingTls(port, { maxVersion: "TLSv1.2" })).toBe("refused")
    expect((await program.stop()).code).toBe(0)
  })
})

describe("paths", () => {
  it("count from dir, wherever it stands: socket, pid file, log file, TLS files", async () => {
    const home = at("home")
    fs.mkdirSync(path.join(home, "deep"), { recursive: true })
    for (const name of ["server.crt", "server.key", "ca.crt"])
      fs.copyFileSync(at(name), path.join(home, "deep", name))
    const port = await freePort()
    const files = [
      "--tls-cert-file",
      "server.crt",
      "--tls-key-file",
      "server.key",
      "--tls-ca-cert-file",
      "ca.crt",
    ]
    const line = ["--unixsocket", "x.sock", "--pidfile", "x.pid", "--logfile", "x.log", ...files]
    const program = new Program({
      args: [...line, "--dir", "home", "--port", "0", "--tls-port", `${port}`, "--save", "", "--dir", "deep"],
      cwd: dir,
    })
    const deep = path.join(home, "deep")
    let client: RawClient | undefined
    while (client === undefined)
      client = await RawClient.connect({ path: path.join(deep, "x.sock") }).catch(() => undefined)
    expect(await client.text("CONFIG", "GET", "unixsocket")).toBe(
      "*2\r\n$10\r\nunixsocket\r\n$6\r\nx.sock\r\n",
    )
    const pid = (): string => {
      const file = path.join(deep, "x.pid")
      return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : ""
    }
    while (pid() === "") await client.text("PING")
    expect(pid()).toBe(`${program.pid}\n`)
    expect(await pingTls(port, clientCertificate())).toBe("+PONG\r\n")
    client.close()
    expect((await program.stop()).code).toBe(0)
    expect(fs.readFileSync(path.join(deep, "x.log"), "utf8")).toContain("ready to exit, bye bye")
    expect(fs.readdirSync(deep).toSorted()).toEqual(["ca.crt", "server.crt", "server.key", "x.log"])
  })

  it("dir may move while the server runs, from where it is; the log file moves with it", async () => {
    fs.mkdirSync(at("one/two"), { recursive: true })
    const args = ["--port", "0", "--unixsocket", at("moving.sock"), "--save", "", "--logfile", "x.log"]
    const program = new Program({ args: [...args, "--dir", at("one"), "--enable-protected-configs", "yes"] })
    let client: RawClient | undefined
    while (client === undefined)
      client = await RawClient.connect({ path: at("moving.sock") }).catch(() => undefined)
    expect(await client.text("CONFIG", "SET", "dir", "two")).toBe("+OK\r\n")
    expect(await client.text("CONFIG", "GET", "dir")).toContain(fs.realpathSync(at("one/two")))
    client.close()
    await program.stop()
    expect(fs.readFileSync(at("one/two/x.log"), "utf8")).toContain("bye bye")
  })
})

describe("what cannot listen says what redis-server says", () => {
  const lines = async (...args: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
    const ended = await runProgram({ args: ["--save", "", ...args], inside: true })
    expect(ended).toMatchObject({ code: 1, stderr: "" })
    return ended.stdout.trimEnd().split("\n")
  }
  const taken = async (): Promise<readonly [net.Server, number]> => {
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    return [server, typeof address === "object" && address !== null ? address.port : 0]
  }

  it("in one line", async () => {
    const [server, port] = await taken()
    const said = await lines("--port", `${port}`)
    server.close()
    expect(said).toHaveLength(1)
    expect(said[0]).toContain(`Failed listening on port ${port} (TCP), aborting.`)
    expect((await lines("--port", "0"))[0]).toContain("# Configured to not listen anywhere, exiting.")
    const missing = await lines("--port", "0", "--unixsocket", at("nowhere/x.sock"))
    expect(missing[0]).toContain("# Failed opening Unix socket: bind: No such file or directory")
    expect((await lines("--port", "0", "--unixsocket", dir))[0]).toContain(
      "# Failed opening Unix socket: bind: Address already in use",
    )
    const long = await lines("--port", "0", "--unixsocket", `/tmp/${"x".repeat(200)}`)
    expect(long[0]).toContain(
      "# Failed opening Unix socket: unix socket path too long (205), must be under 108",
    )
  })
})

describeOracle("what redis-server says when it cannot listen", () => {
  it.each([
    [["--port", "0"], "# Configured to not listen anywhere, exiting."],
    [
      ["--port", "0", "--unixsocket", "nowhere/x.sock"],
      "# Failed opening Unix socket: bind: No such file or directory",
    ],
    [["--port", "0", "--unixsocket", "/tmp"], "# Failed opening Unix socket: bind: Address already in use"],
    [
      ["--port", "0", "--unixsocket", `/tmp/${"x".repeat(200)}`],
      "# Failed opening Unix socket: unix socket path too long (205), must be under 108",
    ],
  ])("%j", async (args, words) => {
    const status = oracleStatus()
    if (!status.available) throw new Error(status.reason)
    const ended = await runProgram({ command: [status.binary], args: [...args, "--save", ""], cwd: dir })
    expect(ended.code).toBe(1)
    expect(ended.stdout).toContain(words)
  })

  // An address marked "-" may be one that no interface has; in use, or no address at all, it is none that may be left out.
  it.each([
    "127.0.0.1",
    "-127.0.0.1",
    "-::1 -127.0.0.1",
    "127.0.0.2 -127.0.0.1",
    "127.0.0.2 -",
    "127.0.0.2 -999.1.1.1",
  ])("of a port that is taken, or of what is no address, neither does Redix start: %s", async (bind) => {
    const status = oracleStatus()
    if (!status.available) throw new Error(status.reason)
    const server = net.createServer()
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const args = ["--port", `${port}`, "--bind", ...bind.split(" "), "--save", ""]
    const theirs = await runProgram({ command: [status.binary], args, cwd: dir })
    const ours = await runProgram({ args, cwd: dir, inside: true })
    server.close()
    for (const ended of [theirs, ours]) {
      expect(ended.code).toBe(1)
      expect(ended.stdout).toContain(`Failed listening on port ${port} (TCP), aborting.`)
    }
  })
})

describe("addresses", () => {
  it("a unix socket, with its permissions; the file of a killed server is no hindrance", async () => {
    const socket = at("redix.sock")
    const args = ["--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--save", ""]
    const first = new Program({ args })
    await first.ready()
    expect(fs.statSync(socket).mode & 0o777).toBe(0o700)
    const client = await RawClient.connect({ path: socket })
    expect(await client.text("CLIENT", "INFO")).toContain(`addr=${socket}:0`)
    client.close()
    await first.stop("SIGKILL")
    expect(fs.existsSync(socket)).toBe(true)
    const second = new Program({ args, inside: true })
    await second.ready()
    const again = await RawClient.connect({ path: socket })
    expect(await again.text("PING")).toBe("+PONG\r\n")
    again.close()
    expect((await second.stop()).code).toBe(0)
    expect(fs.existsSync(socket)).toBe(false)
  })

  it("several addresses on one port; one that is not there may be marked as optional", async () => {
    const port = await freePort()
    const program = new Program({
      args: ["--port", `${port}`, "--save", "", "--bind", "127.0.0.1", "-192.0.2.1", "127.0.0.2"],
      inside: true,
    })
    await program.ready()
    for (const host of ["127.0.0.1", "127.0.0.2"]) {
      const client = await RawClient.connect({ host, port })
      expect(await client.text("CLIENT", "INFO")).toContain(`laddr=${host}:${port}`)
      client.close()
    }
    expect((await program.stop()).code).toBe(0)
  })
})
