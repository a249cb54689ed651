/** maxmemory-clients: who is cut off when clients hold too much; the same plays on redis-server and on Redix. */
import { describe, expect, it } from "vitest"
import { until } from "../support/Nodes.js"
import { besideOracle } from "../support/CommandSuite.js"
import { describeOracle } from "../support/Oracle.js"
import { encodeCommand, type RawClient } from "../support/RawClient.js"

const MB = 1024 * 1024
/** Queued in pieces, for redis-server's room to read into grows with the largest. */
const PIECE = 16 * 1024

interface Server {
  readonly connect: () => Promise<RawClient>
}

class Play {
  readonly admin: RawClient
  private readonly others: Array<RawClient> = []

  private constructor(
    private readonly server: Server,
    admin: RawClient,
  ) {
    this.admin = admin
  }

  static async start(server: Server): Promise<Play> {
    const play = new Play(server, await server.connect())
    await play.admin.pipeline([
      ["CLIENT", "SETNAME", "admin"],
      ["CONFIG", "RESETSTAT"],
    ])
    return play
  }

  async client(name: string): Promise<RawClient> {
    const client = await this.server.connect()
    this.others.push(client)
    await client.command("CLIENT", "SETNAME", name)
    return client
  }

  limit(bytes: number | string): Promise<string> {
    return this.admin.text("CONFIG", "SET", "maxmemory-clients", String(bytes))
  }

  /** A client that has queued so much; it may be cut off meanwhile. */
  async queued(name: string, bytes: number, keep = false): Promise<void> {
    const client = await this.client(name)
    if (keep) await client.command("CLIENT", "NO-EVICT", "ON")
    await client.command("MULTI")
    for (let left = bytes; left > 0; left -= PIECE)
      if ((await client.command("ECHO", Buffer.alloc(PIECE)).catch(() => undefined)) === undefined) return
  }

  async left(evicted: number): Promise<ReadonlyArray<string>> {
    await until(
      async () => (await this.admin.text("INFO", "stats")).includes(`evicted_clients:${evicted}\r`),
      () => this.admin.text("CLIENT", "LIST"),
    )
    const list = await this.admin.text("CLIENT", "LIST")
    return [...list.matchAll(/ name=(\w+) /g)]
      .map(([, name]) => name ?? "")
      .filter((name) => name !== "admin")
  }

  async end(): Promise<void> {
    await this.admin.command("CONFIG", "SET", "maxmemory-clients", "0", "maxmemory", "0")
    for (const client of [...this.others, this.admin]) client.close()
  }
}

const plays = (server: () => Server): void => {
  const played = async (play: (play: Play) => Promise<void>): Promise<void> => {
    const it = await Play.start(server())
    try {
      await play(it)
    } finally {
      await it.end()
    }
  }

  // What is told apart here differs by more than the double: redis-server knows sizes by powers of two.
  it("those that hold most go, by what they have queued", () =>
    played(async (play) => {
      await play.limit(4 * MB)
      await play.queued("small", MB / 4)
      await play.queued("middle", 0.75 * MB)
      expect(await play.left(0)).toEqual(["small", "middle"])
      await play.queued("large", 3 * MB)
      expect(await play.left(1)).toEqual(["small", "middle"])
    }))

  it("by what one has sent of a command", () =>
    played(async (play) => {
      await play.limit(4 * MB)
      await play.queued("other", MB / 2)
      const sender = await play.client("sender")
      const command = encodeCommand(["ECHO", Buffer.alloc(8 * MB)])
      sender.sendRaw(command.subarray(0, 6 * MB))
      expect(await play.left(1)).toEqual(["other"])
    }))

  it("by what one does not take", () =>
    played(async (play) => {
      await play.limit(6 * MB)
      await play.queued("other", MB / 2)
      await play.admin.command("SET", "k", Buffer.alloc(MB))
      const deaf = await play.client("deaf")
      deaf.socket.pause()
      deaf.sendRaw("GET k\r\n".repeat(40))
      expect(await play.left(1)).toEqual(["other"])
    }))

  it("who must not be evicted stays though it counts, and the others go", () =>
    played(async (play) => {
      await play.limit(4 * MB)
      await play.queued("kept", 3 * MB, true)
      await play.queued("first", MB / 10)
      await play.queued("second", 3 * MB)
      expect(await play.left(1)).toEqual(["kept", "first"])
    }))

  it("a limit set later holds at once, in parts of maxmemory too", () =>
    played(async (play) => {
      await play.queued("small", MB / 2)
      await play.queued("large", 4 * MB)
      await play.limit("10%")
      expect(await play.left(0)).toEqual(["small", "large"])
      await play.admin.command("CONFIG", "SET", "maxmemory", "1gb")
      await play.admin.command("PING")
      expect(await play.left(0)).toEqual(["small", "large"])
      await play.admin.command("CONFIG", "SET", "maxmemory", String(25 * MB))
      expect(await play.left(1)).toEqual(["small"])
    }))
}

describeOracle("client eviction", () => {
  const servers = besideOracle({ tcp: true })
  describe("by redis-server", () => plays(() => servers.oracle))
  describe("by Redix", () => plays(() => servers.redix))
})
