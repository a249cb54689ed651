/**
 * A TCP proxy that spoils connections on purpose: cuts them, at once or after so many bytes, stalls them (bytes wait),
 * slows them down, delays them. For tests of links.
 */
import * as net from "node:net"

interface Pair {
  readonly client: net.Socket
  readonly upstream: net.Socket
}

export interface Spoil {
  /** Cut a connection once this many bytes have come from the target; each connection counts anew. */
  cutAfterBytes: number
  /** Milliseconds every piece waits. */
  delayMs: number
  /** Bytes a second from the target, 0 = as fast as it goes. */
  bytesPerSecond: number
  /** Connections are refused. */
  refuse: boolean
}

export class Proxy {
  readonly spoil: Spoil = { cutAfterBytes: Infinity, delayMs: 0, bytesPerSecond: 0, refuse: false }
  /** Connections made so far. */
  connections = 0
  private readonly pairs = new Set<Pair>()
  private stalled = false
  private readonly wake: Array<() => void> = []

  private constructor(
    private readonly server: net.Server,
    readonly port: number,
    public target: { port: number },
  ) {}

  static start(target: { port: number }): Promise<Proxy> {
    return new Promise((resolve, reject) => {
      let proxy: Proxy | undefined
      const server = net.createServer((client) => proxy?.accept(client))
      server.once("error", reject)
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        if (address === null || typeof address === "string") return reject(new Error("no port"))
        resolve((proxy = new Proxy(server, address.port, target)))
      })
    })
  }

  private accept(client: net.Socket): void {
    if (this.spoil.refuse) {
      client.destroy()
      return
    }
    this.connections++
    const upstream = net.connect({ port: this.target.port, host: "127.0.0.1", noDelay: true })
    client.setNoDelay(true)
    const pair = { client, upstream }
    this.pairs.add(pair)
    const end = (): void => this.end(pair)
    for (const socket of [client, upstream]) {
      socket.on("error", end)
      socket.on("close", end)
    }
    void this.carry(client, upstream, false).then(end)
    void this.carry(upstream, client, true).then(end)
  }

  private async carry(from: net.Socket, to: net.Socket, counted: boolean): Promise<void> {
    let bytes = 0
    try {
      for await (const piece of from) {
        const chunk: Buffer = piece
        while (this.stalled) await new Promise<void>((resolve) => this.wake.push(resolve))
        const { delayMs, bytesPerSecond, cutAfterBytes } = this.spoil
        if (delayMs > 0) await pause(delayMs)
        if (counted && bytesPerSecond > 0) await pause((chunk.length / bytesPerSecond) * 1000)
        const left = counted ? cutAfterBytes - bytes : Infinity
        if (to.destroyed) return
        bytes += chunk.length
        const taken = to.write(chunk.length > left ? chunk.subarray(0, left) : chunk)
        if (chunk.length >= left) return
        if (!taken)
          await new Promise<void>((resolve) => {
            to.once("drain", resolve)
            to.once("close", resolve)
          })
      }
    } catch {
      // The other end was cut; so is this one.
    }
  }

  private end(pair: Pair): void {
    if (!this.pairs.delete(pair)) return
    pair.client.destroy()
    pair.upstream.destroy()
  }

  /** Connections open now. */
  get open(): number {
    return this.pairs.size
  }

  /** Cuts every present connection. */
  cut(): void {
    for (const pair of [...this.pairs]) this.end(pair)
  }

  /** Bytes wait from now on, in both directions; connections stay. */
  stall(): void {
    this.stalled = true
  }

  go(): void {
    this.stalled = false
    for (const resume of this.wake.splice(0)) resume()
  }

  stop(): Promise<void> {
    this.go()
    this.cut()
    return new Promise((resolve) => this.server.close(() => resolve()))
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
