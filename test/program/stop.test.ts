/** How the program ends: signals and SHUTDOWN, with clients of every kind connected. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { describe, expect, it } from "vitest"
import { freePort } from "../support/OracleServer.js"
import { Program } from "../support/Program.js"
import { RawClient } from "../support/RawClient.js"

const begin = async (inside: boolean, args: ReadonlyArray<string>): Promise<readonly [Program, number]> => {
  const port = await freePort()
  const program = new Program({ args: ["--port", `${port}`, "--save", "", ...args], inside })
  await program.ready()
  return [program, port]
}

const start = (...args: ReadonlyArray<string>): Promise<readonly [Program, number]> => begin(true, args)

/** As a process of its own, which the system stops, continues and kills. */
const startApart = (...args: ReadonlyArray<string>): Promise<readonly [Program, number]> => begin(false, args)

describe("the end of the program", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("%s without clients", async (signal) => {
    const [program] = await startApart()
    const ended = await program.stop(signal)
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: "" })
    expect(ended.stdout).toContain(`Received ${signal}`)
    expect(ended.stdout).toContain("ready to exit, bye bye")
  })

  it("SIGTERM with clients that rest, wait, subscribe and watch", async () => {
    const [program, port] = await start()
    const clients = await Promise.all([0, 1, 2, 3].map(() => RawClient.connect({ port })))
    const [resting, waiting, subscribed, watching] = clients
    expect(await resting?.text("SET", "k", "v")).toBe("+OK\r\n")
    waiting?.sendRaw("BLPOP nothing 0\r\n")
    expect(await subscribed?.text("SUBSCRIBE", "news")).toContain("subscribe")
    expect(await watching?.text("MONITOR")).toBe("+OK\r\n")
    expect((await program.stop()).code).toBe(0)
    await Promise.all(clients.map((client) => client.waitForClose()))
    expect(clients.every((client) => client.isClosed)).toBe(true)
  })

  it("SIGTERM with a client that never reads", async () => {
    const [program, port] = await start()
    const client = await RawClient.connect({ port })
    expect(await client.text("SETRANGE", "big", "1000000", "x")).toBe(":1000001\r\n")
    client.socket.pause()
    client.sendRaw("GET big\r\n".repeat(50))
    const other = await RawClient.connect({ port })
    // Its replies fill the kernel's buffers and stay there.
    let stuck = false
    while (!stuck) stuck = / (?:obl|omem|oll)=[1-9]/.test(await other.text("CLIENT", "LIST"))
    expect((await program.stop()).code).toBe(0)
    client.close()
    other.close()
  })

  it("waits for a replica that lags, as long as shutdown-timeout says", async () => {
    const [master, port] = await start("--repl-diskless-sync-delay", "0")
    const [replica, replicaPort] = await startApart("--replicaof", "127.0.0.1", `${port}`)
    const client = await RawClient.connect({ port })
    await client.text("SET", "before", "1")
    expect(await client.text("WAIT", "1", "0")).toBe(":1\r\n")
    replica.signal("SIGSTOP")
    expect(await client.text("SET", "last", "words")).toBe("+OK\r\n")
    master.signal("SIGTERM")
    await master.says("Waiting for replicas before shutting down")
    client.sendRaw("SET too late\r\n")
    replica.signal("SIGCONT")
    expect((await master.ended).code).toBe(0)
    expect(client.unread).toEqual([])
    const reader = await RawClient.connect({ port: replicaPort })
    expect(await reader.text("MGET", "last", "too")).toBe("*2\r\n$5\r\nwords\r\n$-1\r\n")
    reader.close()
    await replica.stop()
  })

  it("ends in spite of a replica that lags, after shutdown-timeout", async () => {
    const [master, port] = await start("--repl-diskless-sync-delay", "0", "--shutdown-timeout", "1")
    const [replica] = await startApart("--replicaof", "127.0.0.1", `${port}`)
    const client = await RawClient.connect({ port })
    await client.text("SET", "before", "1")
    expect(await client.text("WAIT", "1", "0")).toBe(":1\r\n")
    replica.signal("SIGSTOP")
    await client.text("SET", "last", "words")
    const ended = await master.stop()
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain("0 of 1 replicas are in sync")
    replica.signal("SIGCONT")
    await replica.stop()
  })

  it("SHUTDOWN NOSAVE closes the connection without an answer", async () => {
    const [program, port] = await start()
    const client = await RawClient.connect({ port })
    client.sendRaw("SHUTDOWN NOSAVE\r\n")
    expect((await client.readToEnd()).toString()).toBe("")
    expect((await program.ended).code).toBe(0)
  })

  it("SIGTERM saves where there are save points, and the next start has the data", async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-program-"))
    const args = ["--dir", dir, "--save", "3600 1"]
    const [first, port] = await start(...args)
    const client = await RawClient.connect({ port })
    expect(await client.text("SET", "kept", "value")).toBe("+OK\r\n")
    client.close()
    expect((await first.stop()).code).toBe(0)
    expect(fs.readdirSync(dir)).toEqual(["dump.rdb"])
    const [second, again] = await start(...args)
    const reader = await RawClient.connect({ port: again })
    expect(await reader.text("GET", "kept")).toBe("$5\r\nvalue\r\n")
    reader.close()
    expect((await second.stop()).code).toBe(0)
    fs.rmSync(dir, { recursive: true })
  })

  it("kill -9 leaves the last saved file", async () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-program-"))
    const [program, port] = await startApart("--dir", dir)
    const client = await RawClient.connect({ port })
    await client.text("SET", "saved", "1")
    expect(await client.text("SAVE")).toBe("+OK\r\n")
    await client.text("SET", "not-saved", "1")
    expect(await program.stop("SIGKILL")).toMatchObject({ signal: "SIGKILL" })
    const [again, portAgain] = await start("--dir", dir)
    const reader = await RawClient.connect({ port: portAgain })
    expect(await reader.text("MGET", "saved", "not-saved")).toBe("*2\r\n$1\r\n1\r\n$-1\r\n")
    reader.close()
    expect((await again.stop()).code).toBe(0)
    fs.rmSync(dir, { recursive: true })
  })
})
