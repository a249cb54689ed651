/** CONFIG SET of addresses, ports and certificates: the answers and the listeners are redis-server's, and no client is lost. */
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import * as tls from "node:tls"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { RedixClient } from "../../src/client.js"
import { Redix, TcpServer } from "../../src/index.js"
import { makeCertificates } from "../support/children/Certificates.js"
import { PATIENCE_MS } from "../support/Patience.js"
import { describeOracle, freePort, withOracle } from "../support/Oracle.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

let dir = ""
const at = (name: string): string => path.join(dir, name)

beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-changes-"))
  makeCertificates(dir, { authority: "ca", names: ["one", "two"] })
})
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

/** What a PING by this way brings. */
const answer = (socket: net.Socket, opened: "connect" | "secureConnect"): Promise<string> =>
  new Promise((resolve) => {
    const done = (what: string): void => {
      resolve(what)
      socket.destroy()
    }
    socket.once(opened, () => socket.write("PING\r\n"))
    socket.on("data", (bytes) => done(bytes.toString()))
    socket.on("error", () => done("refused"))
    socket.on("close", () => done("refused"))
  })

const ping = (port: number, host = "127.0.0.1"): Promise<string> =>
  answer(net.connect({ host, port }), "connect")

const pingTls = async (port: number): Promise<string> => {
  const ca = fs.readFileSync(at("ca.crt"))
  const socket = tls.connect({ host: "127.0.0.1", port, ca, checkServerIdentity: () => undefined })
  let facts = ""
  socket.once("secureConnect", () => {
    facts = `${String(socket.getPeerCertificate().subject?.CN)} ${socket.getProtocol()} `
  })
  const got = await answer(socket, "secureConnect")
  return got === "refused" ? got : facts + got
}

/**
 * What is set, one step a line: `%a` to `%d` are free ports, `%x` one that is taken, `%/` the certificates' folder. After
 * each it is looked who answers where.
 */
const STEPS = `
port %b
port %x
port %b
port %c bind 127.0.0.2
port %x bind 127.0.0.1
bind 127.0.0.1 port %x
maxmemory 100mb port %x
bind 127.0.0.1 port %a
bind "127.0.0.1 127.0.0.2"
bind 127.0.0.2
bind "127.0.0.2 127.0.0.2"
bind 192.0.2.1
bind 0.0.0.0
bind "127.0.0.1 -192.0.2.1"
bind "127.0.0.2 -127.0.0.1" port %x
bind "127.0.0.1 -"
bind "127.0.0.1 -no.such.host.invalid"
bind "127.0.0.1 -fe80::1"
bind "-127.0.0.2 -::1 -127.0.0.1"
bind 127.0.0.1
bind -192.0.2.1
bind 127.0.0.1
bind ""
bind 127.0.0.1
port 70000
tcp-backlog 5
unixsocketperm 700
tls-port %d
tls-cert-file %/one.crt
tls-cert-file %/one.crt tls-key-file %/one.key tls-ca-cert-file %/ca.crt
tls-auth-clients no tls-port %d
tls-port %x
tls-port %a
tls-cert-file %/two.crt
tls-cert-file %/two.crt tls-key-file %/two.key
tls-cert-file %/none.crt
tls-auth-clients yes
tls-auth-clients optional
tls-protocols TLSv1.2
tls-protocols nosuch
tls-protocols ""
tls-ciphers nosuch
tls-ciphers DEFAULT tls-prefer-server-ciphers yes
tls-client-cert-file %/one.crt tls-client-key-file %/one.key
bind "127.0.0.1 127.0.0.2"
tls-port %c port %b
tls-port 0
port %a
`

const taken = async <A>(use: (port: number) => Promise<A>): Promise<A> => {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  try {
    return await use(typeof address === "object" && address !== null ? address.port : 0)
  } finally {
    server.close()
  }
}

/** Goes through the steps with one client, and writes down what it is told and who answers. */
const goThrough = async (client: RawClient, first: number): Promise<ReadonlyArray<string>> =>
  taken(async (busy) => {
    const ports: Record<string, number> = { a: first, x: busy }
    for (const name of "bcd") ports[name] = await freePort()
    const story: Array<string> = []
    for (const line of STEPS.split("\n").filter((text) => text !== "")) {
      const words = (line.match(/"[^"]*"|\S+/g) ?? [])
        .map((word) => word.replaceAll('"', "").replace("%/", `${dir}/`))
        .map((word) => word.replace(/^%([a-dx])$/, (_, name: string) => String(ports[name])))
      story.push(`${line}: ${await client.text("CONFIG", "SET", ...words)}`)
      for (const name of "abcd") {
        const port = ports[name] ?? 0
        story.push(`  ${name}: ${await ping(port)} ${await ping(port, "127.0.0.2")}`)
      }
      // Those that speak no TLS would have it wait.
      for (const name of ["d", "c"]) {
        const port = ports[name] ?? 0
        if ((await ping(port)) === "refused") story.push(`  ${name}, TLS: ${await pingTls(port)}`)
      }
      const info = await client.text("INFO", "server")
      const [, told] = /tcp_port:(\d+)/.exec(info) ?? []
      story.push(`  tcp_port: ${Object.keys(ports).find((name) => String(ports[name]) === told) ?? told}`)
      expect(await client.text("PING")).toBe("+PONG\r\n")
    }
    return story
  })

describeOracle("listeners that change", () => {
  it("answers and listens as redis-server does", { timeout: 120_000 }, () =>
    withOracle({ tcp: true }, async (server) => {
      const [redix, oracle] = [await startRedix({}, { port: await freePort() }), await server.connect()]
      const client = await redix.connect()
      const expected = await goThrough(oracle, server.port)
      expect(await goThrough(client, redix.port)).toEqual(expected)
      expect(expected.filter((line) => line.includes("+PONG")).length).toBeGreaterThan(40)
      client.close()
      oracle.close()
      await redix.stop()
    }),
  )
})

/** What those are told that connect to a port while a client moves the server away from it. */
const connectingMeanwhile = async (
  client: RawClient,
  port: number,
  ask: (port: number) => Promise<string>,
  ...change: ReadonlyArray<string>
): Promise<ReadonlyArray<string>> => {
  const changed = client.text("CONFIG", "SET", ...change)
  // All connect in this turn: the system queues them before the server has heard of the change.
  const told = await Promise.all(Array.from({ length: 40 }, () => ask(port)))
  expect(await changed).toBe("+OK\r\n")
  return told
}

const ALL_SERVED = Array.from({ length: 40 }, () => "+PONG\r\n")

/** A server with the first certificate. */
const startWithTls = (tlsPort: number): Promise<TestRedix> =>
  startRedix(
    {},
    {
      "tls-cert-file": at("one.crt"),
      "tls-key-file": at("one.key"),
      "tls-ca-cert-file": at("ca.crt"),
      "tls-auth-clients": "no",
      "tls-port": tlsPort,
    },
  )

describe("those that connect while an address goes", () => {
  it("are served, and the address can come back", async () => {
    const redix = await startRedix({}, { port: await freePort() })
    const client = await redix.connect()
    const ports = [redix.port, await freePort()]
    for (let i = 0; i < 6; i++) {
      const [from, to] = [ports[i % 2] ?? 0, ports[(i + 1) % 2] ?? 0]
      expect(await connectingMeanwhile(client, from, ping, "port", String(to))).toEqual(ALL_SERVED)
      expect(await ping(from)).toBe("refused")
    }
    const { port } = redix
    expect(await connectingMeanwhile(client, port, ping, "bind", "127.0.0.2")).toEqual(ALL_SERVED)
    expect(await ping(port)).toBe("refused")
    expect(await ping(port, "127.0.0.2")).toBe("+PONG\r\n")
    client.close()
    await redix.stop()
  })

  it("are served behind their handshake, also when it ends later", async () => {
    const tlsPort = await freePort()
    const redix = await startWithTls(tlsPort)
    const client = await redix.connect()
    const told = await connectingMeanwhile(client, tlsPort, pingTls, "tls-port", String(await freePort()))
    expect(told.map((line) => line.replace(/^one TLSv1.3 /, ""))).toEqual(ALL_SERVED)
    expect(await pingTls(tlsPort)).toBe("refused")
    client.close()
    await redix.stop()
  })
})

describe("CONFIG SET of certificates", () => {
  it("leaves those that are connected alone, in the middle of a command too, and shows others the new one", async () => {
    const tlsPort = await freePort()
    const redix = await startWithTls(tlsPort)
    const client = await redix.connect()
    const ca = fs.readFileSync(at("ca.crt"))
    const socket = tls.connect({ host: "127.0.0.1", port: tlsPort, ca, checkServerIdentity: () => undefined })
    let said = ""
    socket.on("data", (bytes) => (said += bytes.toString()))
    await new Promise((resolve) => socket.once("secureConnect", resolve))
    const heard = (text: string): Promise<void> => vi.waitFor(() => expect(said).toBe(text), PATIENCE_MS)
    socket.write("PING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\nabc")
    await heard("+PONG\r\n")
    for (const name of ["two", "one", "two"]) {
      const files = ["tls-cert-file", at(`${name}.crt`), "tls-key-file", at(`${name}.key`)]
      expect(await client.text("CONFIG", "SET", ...files)).toBe("+OK\r\n")
      expect(await pingTls(tlsPort)).toBe(`${name} TLSv1.3 +PONG\r\n`)
    }
    socket.write("def\r\nGET k\r\n")
    await heard("+PONG\r\n+OK\r\n$6\r\nabcdef\r\n")
    socket.destroy()
    client.close()
    await redix.stop()
  })
})

describe("CONFIG SET port", () => {
  it("is refused inside a transaction, as a whole", async () => {
    const redix = await startRedix({}, { port: await freePort() })
    const client = await redix.connect()
    const port = String(await freePort())
    await client.pipeline([["MULTI"], ["CONFIG", "SET", "maxmemory", "1gb", "port", port]])
    expect(await client.text("EXEC")).toContain("Redix can't change this setting inside a transaction")
    expect(await client.text("CONFIG", "GET", "maxmemory")).toContain("\r\n0\r\n")
    expect(await ping(redix.port)).toBe("+PONG\r\n")
    client.close()
    await redix.stop()
  })

  it("comes one after another from several clients, each as a whole", async () => {
    const redix = await startRedix({}, { port: await freePort() })
    const clients = await Promise.all([redix.connect(), redix.connect(), redix.connect()])
    // One that the server has not accepted goes with the listener.
    for (const client of clients) expect(await client.text("PING")).toBe("+PONG\r\n")
    const ports = await Promise.all(clients.map(() => freePort()))
    const told = await Promise.all(
      clients.map((client, i) => client.text("CONFIG", "SET", "port", String(ports[i]))),
    )
    expect(told).toEqual(["+OK\r\n", "+OK\r\n", "+OK\r\n"])
    expect(await Promise.all(ports.map((port) => ping(port)))).toEqual(["refused", "refused", "+PONG\r\n"])
    for (const client of clients) client.close()
    await redix.stop()
  })

  it("moves the listener of an engine in an app, which says where it is, and ends with its layer", () =>
    Effect.gen(function* () {
      const redis = yield* RedixClient
      const [first, second] = yield* Effect.promise(() => Promise.all([freePort(), freePort()]))
      yield* Effect.scoped(
        Effect.gen(function* () {
          const context = yield* Layer.build(Redix.layerListen({ port: first }))
          const server = yield* Effect.provide(TcpServer, context)
          expect(yield* redis.configGet("port")).toEqual(new Map([["port", String(first)]]))
          yield* redis.configSet({ port: String(second) })
          expect(server.ports).toEqual([second])
          expect(yield* Effect.promise(() => ping(first))).toBe("refused")
          expect(yield* Effect.promise(() => ping(second))).toBe("+PONG\r\n")
          const other = yield* Layer.build(Redix.layerListen())
          const { ports } = yield* Effect.provide(TcpServer, other)
          yield* redis.configSet({ port: String(first) })
          expect((yield* Effect.provide(TcpServer, other)).ports).toEqual(ports)
          expect(server.ports).toEqual([first])
        }),
      )
      expect(yield* Effect.promise(() => ping(first))).toBe("refused")
      const refused = yield* Effect.flip(redis.configSet({ port: String(second) }))
      expect(String(refused)).toContain("Redix can't change this setting while it runs")
    }).pipe(
      Effect.provide(RedixClient.layer().pipe(Layer.provideMerge(Redix.layerWith()))),
      Effect.provide(Logger.layer([])),
      Effect.runPromise,
    ))
})
