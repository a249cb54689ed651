/**
 * The TLS handshakes under way. As in redis-server a client is there from the moment it is accepted: until its handshake is
 * done, its connection counts for maxclients and for timeout, and is cut when the server ends. After `end` none begins.
 */
import type * as Net from "node:net"
import type * as Tls from "node:tls"
import type { Engine } from "../engine/Engine.js"

interface Handshake {
  readonly raw: Net.Socket
  readonly sinceMs: number
}

/** The connection, and what TLS makes of it, have their addresses in common. */
const addressesOf = (socket: Net.Socket): string =>
  [socket.remoteAddress, socket.remotePort, socket.localAddress].join(" ")

export class Handshakes {
  /** By addresses, the oldest first. */
  private readonly all = new Map<string, Handshake>()
  private ended = false

  constructor(
    private readonly engine: Engine,
    private readonly settings: { readonly maxclients: number },
  ) {}

  /** Follows the connections of a server of node:tls, before whoever serves them. */
  watch(server: Net.Server): void {
    server.on("connection", this.begin)
    server.on("secureConnection", (socket: Tls.TLSSocket) => this.forget(addressesOf(socket)))
  }

  /** Cuts those that began before then. */
  cut(beforeMs: number): void {
    for (const { raw, sinceMs } of this.all.values()) if (sinceMs < beforeMs) raw.destroy()
  }

  end(): void {
    this.ended = true
    this.cut(Infinity)
  }

  private readonly begin = (raw: Net.Socket): void => {
    const { engine } = this
    const full = engine.sessions.size + engine.traffic.handshakes >= this.settings.maxclients
    if (full) engine.traffic.rejectedConnections++
    if (full || this.ended) return void raw.destroy()
    const key = addressesOf(raw)
    const one = { raw, sinceMs: engine.clock.currentTimeMillisUnsafe() }
    // A peer that has reset its connection may come again before that is noticed.
    this.forget(key)
    this.all.set(key, one)
    engine.traffic.handshakes++
    raw.once("close", () => {
      if (this.all.get(key) === one) this.forget(key)
    })
    // For `timeout`: no batch has run.
    engine.stir()
  }

  private forget(key: string): void {
    if (this.all.delete(key)) this.engine.traffic.handshakes--
  }
}
