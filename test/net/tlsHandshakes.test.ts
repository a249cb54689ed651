/**
 * Connections to the TLS port before TLS is agreed upon, and what of the tls-* directives is agreed upon or refused: as
 * with redis-server.
 */
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import * as tls from "node:tls"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { makeCertificates } from "../support/children/Certificates.js"
import { describeOracle, freePort, oracleStatus, withOracle } from "../support/Oracle.js"
import { untilTrue } from "../support/Patience.js"
import { runProgram } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let dir = ""
const at = (name: string): string => path.join(dir, name)

beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-handshakes-"))
  makeCertificates(dir, { authority: "ca", names: ["server", "client"] })
  makeCertificates(dir, { authority: "otherCa", names: ["stranger"] })
  fs.writeFileSync(at("garbage"), "garbage\n")
})
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

const files = (): Record<string, string> => ({
  "tls-cert-file": at("server.crt"),
  "tls-key-file": at("server.key"),
  "tls-ca-cert-file": at("ca.crt"),
  "tls-auth-clients": "no",
})

const startTls = async (): Promise<readonly [TestRedix, number]> => {
  const tlsPort = await freePort()
  return [await startRedix({}, { port: await freePort(), ...files(), "tls-port": tlsPort }), tlsPort]
}

const connectTls = (port: number, options: tls.ConnectionOptions = {}): tls.TLSSocket =>
  tls.connect({
    host: "127.0.0.1",
    port,
    ca: fs.readFileSync(at("ca.crt")),
    checkServerIdentity: () => undefined,
    ...options,
  })

/** What commands bring over TLS, behind which the client sends no more; "refused" where it is cut. */
const ask = (port: number, commands: string, options?: tls.ConnectionOptions): Promise<string> =>
  new Promise((resolve) => {
    const socket = connectTls(port, options)
    let got = ""
    socket.once("secureConnect", () => socket.end(commands))
    socket.on("data", (bytes) => (got += bytes.toString()))
    socket.on("error", () => resolve("refused"))
    socket.on("close", () => resolve(got === "" ? "refused" : got))
  })

/** Connections that begin no handshake, or one that they do not end, accepted by the server. */
class Silent {
  readonly sockets: ReadonlyArray<net.Socket>
  readonly ended: Promise<unknown>

  private constructor(port: number, count: number) {
    this.sockets = Array.from({ length: count }, () => net.connect({ host: "127.0.0.1", port }).resume())
    this.ended = Promise.all(
      this.sockets.map((socket) => {
        socket.on("error", () => {})
        return new Promise<void>((resolve) => socket.on("close", () => resolve()))
      }),
    )
  }

  static async connect(port: number, count: number, first = ""): Promise<Silent> {
    const silent = new Silent(port, count)
    await Promise.all(
      silent.sockets.map((socket) => new Promise<void>((resolve) => socket.once("connect", resolve))),
    )
    for (const socket of silent.sockets) socket.write(first)
    return silent
  }

  /** So many are left. */
  get open(): number {
    return this.sockets.filter((socket) => !socket.closed).length
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy()
  }
}

const field = async (client: RawClient, name: string): Promise<number> =>
  Number(new RegExp(`\\r\\n${name}:(\\d+)`).exec(await client.text("INFO"))?.[1])

describe("a handshake that is not finished", () => {
  it.each(["", "\x16"])("holds up no end of the server: %j", async (first) => {
    const [redix, tlsPort] = await startTls()
    const silent = await Silent.connect(tlsPort, 2, first)
    expect(await ask(tlsPort, "PING\r\n")).toBe("+PONG\r\n")
    const client = await redix.connect()
    // Those that were accepted go on when their listener goes, and end with the server.
    const port = String(await freePort())
    expect(await client.text("CONFIG", "SET", "tls-port", port)).toBe("+OK\r\n")
    const later = await Silent.connect(Number(port), 2, first)
    expect(await ask(Number(port), "PING\r\n")).toBe("+PONG\r\n")
    expect(silent.open + later.open).toBe(4)
    client.sendRaw("SHUTDOWN NOSAVE\r\n")
    await Promise.all([silent.ended, later.ended])
    client.close()
    await redix.stop()
    expect(redix.engine.traffic.handshakes).toBe(0)
  })

  it("ends with its client's side, whatever has been said", async () => {
    const [redix, tlsPort] = await startTls()
    for (const first of ["", "\x16", "\x16\x03\x01"]) {
      const silent = await Silent.connect(tlsPort, 3, first)
      for (const socket of silent.sockets) socket.end()
      await silent.ended
    }
    await untilTrue(() => redix.engine.traffic.handshakes === 0)
    await redix.stop()
  })

  it("becomes a client, which may end its side before it has its answers", async () => {
    const [redix, tlsPort] = await startTls()
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const told = await ask(tlsPort, "SETRANGE big 999999 x\r\nGET big\r\nPING\r\n", { maxVersion })
      expect(told.length).toBe(":1000000\r\n$1000000\r\n\r\n+PONG\r\n".length + 1_000_000)
    }
    expect(redix.engine.traffic.handshakes).toBe(0)
    await redix.stop()
  })
})

/** What both servers count, and whom they cut. */
const limits = async (
  client: RawClient,
  tlsPort: number,
  port: number,
): Promise<ReadonlyArray<string | number>> => {
  await client.text("CONFIG", "SET", "maxclients", "5")
  const rejected = await field(client, "rejected_connections")
  const silent = await Silent.connect(tlsPort, 10)
  await untilTrue(() => silent.open === 4)
  const plain = await RawClient.connect({ port })
  const seen = [
    await field(client, "connected_clients"),
    (await field(client, "rejected_connections")) - rejected,
    (await plain.readReply()).toString(),
  ]
  plain.close()
  await client.text("CONFIG", "SET", "timeout", "1")
  // A client that says something stays.
  const busy = untilTrue(async () => (await client.text("PING")) === "+PONG\r\n" && silent.open === 0)
  await silent.ended
  await busy
  await untilTrue(async () => (await field(client, "connected_clients")) === 1)
  return [...seen, await ask(tlsPort, "PING\r\n")]
}

/** Sets ciphers; answers what is said, and what is agreed upon then. */
const ciphers = async (client: RawClient, tlsPort: number): Promise<ReadonlyArray<string>> => {
  const agreed = (maxVersion: tls.SecureVersion): Promise<string> =>
    new Promise((resolve) => {
      const socket = connectTls(tlsPort, { maxVersion, minVersion: maxVersion })
      socket.on("error", () => resolve("none"))
      socket.once("secureConnect", () => {
        resolve(socket.getCipher().name)
        socket.destroy()
      })
    })
  const story: Array<string> = []
  for (const [older, newer] of [
    ["", ""],
    ["ECDHE-ECDSA-AES128-SHA", ""],
    ["", "TLS_AES_128_GCM_SHA256"],
    ["ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_CHACHA20_POLY1305_SHA256"],
    ["NOPE,ECDHE-ECDSA-AES128-SHA:TLS_AES_128_GCM_SHA256", "NOPE:TLS_AES_128_GCM_SHA256"],
    ["", "NOPE"],
    ["", "ECDHE-ECDSA-AES128-SHA"],
    ["NOPE", ""],
    ["TLS_AES_128_GCM_SHA256", ""],
    ["TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"],
    ["NOPE", "TLS_AES_256_GCM_SHA384"],
    ["HIGH:!aNULL", ""],
  ] as const) {
    const said = await client.text("CONFIG", "SET", "tls-ciphers", older, "tls-ciphersuites", newer)
    story.push(`${older} ${newer}: ${said} ${await agreed("TLSv1.2")} ${await agreed("TLSv1.3")}`)
  }
  return story
}

/** What clients without a certificate, with a good one and with another authority's are told. */
const certificates = async (client: RawClient, tlsPort: number): Promise<ReadonlyArray<string>> => {
  expect(await client.text("CONFIG", "SET", "tls-auth-clients", "optional")).toBe("+OK\r\n")
  const story: Array<string> = []
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const)
    for (const name of ["", "client", "stranger"]) {
      const own =
        name === ""
          ? {}
          : { cert: fs.readFileSync(at(`${name}.crt`)), key: fs.readFileSync(at(`${name}.key`)) }
      story.push(`${maxVersion} ${name}: ${await ask(tlsPort, "PING\r\n", { maxVersion, ...own })}`)
    }
  return story
}

describeOracle("redis-server and Redix", () => {
  it.each([
    ["count and cut those whose handshake is not finished", limits, "-ERR max number of clients"],
    ["agree upon the same ciphers, and refuse the same", ciphers, "Unable to update TLS"],
    ["refuse a certificate of another authority where none is needed", certificates, "stranger: refused"],
  ] as const)("%s", async (_, story, words) => {
    const theirPort = await freePort()
    const theirs = await withOracle(
      { tcp: true, config: { ...files(), "tls-port": `${theirPort}` } },
      async (oracle) => {
        const client = await oracle.connect()
        const told = await story(client, theirPort, oracle.port)
        client.close()
        return told
      },
    )
    const [redix, tlsPort] = await startTls()
    const client = await redix.connect()
    const ours = await story(client, tlsPort, redix.port)
    client.close()
    await redix.stop()
    expect(ours).toEqual(theirs)
    expect(theirs.join()).toContain(words)
  })

  it.each([
    [
      { "tls-cert-file": "garbage" },
      "Failed to load certificate: garbage: error:0480006C:PEM routines::no start line",
    ],
    [
      { "tls-key-file": "garbage" },
      "Failed to load private key: garbage: error:1E08010C:DECODER routines::unsupported",
    ],
    [
      { "tls-key-file": "client.key" },
      "Failed to load private key: client.key: error:05800074:x509 certificate routines::key values mismatch",
    ],
    [{ "tls-cert-file": "/nosuch" }, "Failed to load certificate: /nosuch: "],
    [{ "tls-key-file": "/nosuch" }, "Failed to load private key: /nosuch: "],
    [{ "tls-ca-cert-file": "garbage" }, "Failed to configure CA certificate(s) file/directory: "],
    [{ "tls-ca-cert-file": "server.key" }, "Failed to configure CA certificate(s) file/directory: "],
    [{ "tls-ca-cert-file": "/nosuch" }, "Failed to configure CA certificate(s) file/directory: "],
    [{ "tls-ciphers": "NOPE" }, "Failed to configure ciphers: NOPE\n"],
    [{ "tls-ciphersuites": "NOPE" }, "Failed to configure ciphersuites: NOPE\n"],
    [{ "tls-cert-file": "" }, "No tls-cert-file configured!\n"],
    [{ "tls-key-file": "" }, "No tls-key-file configured!\n"],
  ])("do not start with %j", async (wrong, words) => {
    const status = oracleStatus()
    if (!status.available) throw new Error(status.reason)
    const all = { port: "0", "tls-port": `${await freePort()}`, save: "", dir, ...files(), ...wrong }
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])
    const theirs = await runProgram({ command: [status.binary], args, cwd: dir })
    const ours = await runProgram({ args, cwd: dir, inside: true })
    expect([theirs.code, ours.code]).toEqual([1, 1])
    expect(theirs.stdout).toContain(`# ${words}`)
    expect(ours.stdout).toContain(`# Failed to configure TLS. ${words}`)
    expect(`${ours.stdout}${ours.stderr}`.trimEnd().split("\n")).toHaveLength(1)
  })
})
