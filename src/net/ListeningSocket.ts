/**
 * A listening socket of node:net or node:tls, as long as its scope. Connections that come before `accept` wait, paused, so
 * that several can be opened before the first client is served.
 */
import type * as Net from "node:net"
import node from "node:process"
import type * as Tls from "node:tls"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Turns } from "../engine/world/Turn.js"
import type { Handshakes } from "./Handshakes.js"

/** Modules that take long to load, and that a server without a port, or without TLS, does not need. */
const net = () => node.getBuiltinModule("node:net")
const tls = () => node.getBuiltinModule("node:tls")

/** Throws where no connection can be made of these. The authorities, of which the runtime has a hundred, are left out. */
export const tryTls = (options: Tls.SecureContextOptions): void =>
  void tls().createSecureContext({ ca: [], ...options })

/** Throws where there is no certificate in a text. */
export const tryCertificate = (pem: string): void =>
  void new (node.getBuiltinModule("node:crypto").X509Certificate)(pem)

/** What is offered where no ciphers are named. */
export const defaultCiphers = (): string => tls().DEFAULT_CIPHERS

/** All that the runtime knows, in small letters. */
export const cipherNames = (): ReadonlyArray<string> => tls().getCiphers()

/** Why the system does not let it listen: `cause.code` is its word. */
class NotListening extends Data.TaggedError("NotListening")<{ readonly cause: Error }> {}

class NoSuchHost extends Error {
  readonly code = "ENOTFOUND"
}

/** Turns of the event loop in which connections may keep coming to a listener that goes. */
const TURNS_MAX = 1000

/** Deno does not let a paused socket go on. */
const pauses = !("Deno" in globalThis)

export class ListeningSocket {
  private readonly waiting = new Set<Net.Socket>()
  private take: ((socket: Net.Socket) => void) | undefined = undefined
  /** Connections accepted so far, modulo 2^32. */
  private accepted = 0

  private constructor(
    private readonly server: Net.Server,
    private readonly handshakes?: Handshakes,
  ) {
    if (handshakes === undefined) server.on("connection", this.arrived)
    else {
      handshakes.watch(server)
      server.on("secureConnection", this.secured)
    }
    server.on("connection", () => (this.accepted = (this.accepted + 1) | 0))
    // A handshake that fails ends that connection alone.
    server.on("tlsClientError", (_error: Error, socket: Tls.TLSSocket) => socket.destroy())
    // One that could not be accepted (too many open files) is the client's loss; the next may be.
    server.on("error", () => {})
  }

  static readonly open = (
    at: Net.ServerOpts & Net.ListenOptions,
    secure?: readonly [Tls.TlsOptions, Handshakes],
  ): Effect.Effect<ListeningSocket, NotListening, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.callback<ListeningSocket, NotListening>((resume) => {
        // To Node an empty name is every address there is.
        if (at.host === "") return resume(Effect.fail(new NotListening({ cause: new NoSuchHost() })))
        const socket =
          secure === undefined
            ? new ListeningSocket(net().createServer(at))
            : // Until TLS is agreed upon, a client whose side has ended has nothing to wait for.
              new ListeningSocket(
                tls().createServer({ ...secure[0], ...at, allowHalfOpen: false }),
                secure[1],
              )
        const { server } = socket
        server.once("error", (cause) => resume(Effect.fail(new NotListening({ cause }))))
        server.listen(at, () => resume(Effect.succeed(socket)))
      }),
      (socket) => socket.close,
    )

  /** The port, 0 of a unix socket. */
  get port(): number {
    const address = this.server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  }

  /** Hands over those that wait, and all that come. */
  accept(take: (socket: Net.Socket) => void): void {
    this.take = take
    for (const socket of this.waiting) take(socket)
    this.waiting.clear()
  }

  /** Listening keeps the process alive no more. */
  unref(): void {
    this.server.unref()
  }

  /** What TLS connections that come from now on are made with. */
  secure(options: Tls.TlsOptions): void {
    const { server } = this
    if (!(server instanceof tls().Server)) throw new Error("no TLS is spoken here")
    server.setSecureContext(options)
    // Each connection is made by what stands in its server then.
    const { requestCert, rejectUnauthorized } = options
    Object.assign(server, { requestCert, rejectUnauthorized })
  }

  /**
   * Until a turn of the event loop has brought no connection: then none is left that the system has queued, all of which
   * would be reset by `stop`. Where they never end it is over after a while.
   */
  emptied(turns: Turns): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      let left = TURNS_MAX
      const look = (): void => {
        const { accepted } = this
        // The first end is that of a turn which may have looked here already.
        turns.atEnd(() =>
          turns.atEnd(() => {
            if (accepted === this.accepted || --left === 0) resume(Effect.void)
            else look()
          }),
        )
      }
      look()
    })
  }

  /** Listens no more, and lets go of those that wait; those that were accepted go on, also with their handshake. */
  stop(): void {
    for (const socket of this.waiting) socket.destroy()
    this.server.close()
  }

  /** Lets those that come from now on wait. */
  hold(): void {
    this.take = undefined
  }

  private readonly arrived = (socket: Net.Socket): void => {
    if (pauses) socket.pause()
    // Whoever serves it hears of its end; an error without a listener would end the process.
    socket.on("error", () => {})
    if (this.take !== undefined) return this.take(socket)
    this.waiting.add(socket)
    socket.once("close", () => this.waiting.delete(socket))
  }

  private readonly secured = (socket: Tls.TLSSocket): void => {
    // tls-auth-clients optional: none need be shown, but one that is must be good.
    if (socket.authorizationError && socket.getPeerX509Certificate() !== undefined)
      return void socket.destroy()
    socket.allowHalfOpen = true
    this.arrived(socket)
  }

  /** Ends when all connections have. */
  private readonly close = Effect.callback<void>((resume) => {
    // Those of a listener that has gone may go on.
    if (this.server.listening) this.handshakes?.end()
    for (const socket of this.waiting) socket.destroy()
    this.server.close(() => resume(Effect.void))
  })
}
