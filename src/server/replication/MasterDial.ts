/** Opens the connection to a master: TCP, or TLS with the options given. It ends with the scope. */
import { systemCode, systemReason } from "../../bytes/SystemReason.js"
import type * as net from "node:net"
import node from "node:process"
import type * as tls from "node:tls"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Turn, within } from "../../engine/world/Turn.js"
import { timeoutText } from "../../replication/LinkReport.js"
import {
  type MasterAddress,
  type MasterConnection,
  MasterLinkError,
} from "../../replication/replica/MasterStream.js"
import { addressText } from "../../net/Address.js"
import { Outlet } from "../../net/Outlet.js"
import { readShared } from "../../net/SharedRead.js"

/** What a replica sends is small, and a connection that ends is noticed by `listen`. */
const UNWATCHED = { failed: () => {}, fallsBehind: () => {} }

const connectionOf = (socket: net.Socket, outlet = new Outlet(socket, UNWATCHED)): MasterConnection => ({
  listen: (data, closed) => {
    let reason = "connection lost"
    socket.on("data", data)
    readShared(socket, (chunk, length) => data(chunk.subarray(0, length)))
    socket.on("error", (error) => (reason = error.message))
    socket.on("end", () => closed("connection closed by the master"))
    socket.on("close", () => closed(reason))
    if (socket.destroyed) closed(reason)
  },
  write: (bytes) => void outlet.write(bytes),
  pause: () => void socket.pause(),
  resume: () => void socket.resume(),
  address: addressText(socket.remoteAddress, socket.remotePort),
  localAddress: addressText(socket.localAddress, socket.localPort),
  descriptor: outlet.descriptor,
})

/** As redis-server logs it: a name that cannot be found is noticed before there is a socket. */
const loggedOf = (error: Error): string => {
  const code = systemCode(error) ?? ""
  const reason = systemReason(error)
  const unnamed = code === "ENOTFOUND" || code.startsWith("EAI_")
  return unnamed ? `Unable to connect to MASTER: ${reason}` : `Error condition on socket for SYNC: ${reason}`
}

const open = (
  master: MasterAddress,
  secure: tls.ConnectionOptions | undefined,
  sourceAddress: string,
): Effect.Effect<net.Socket, MasterLinkError> =>
  Effect.callback<net.Socket, MasterLinkError>((resume) => {
    const local = sourceAddress === "" ? {} : { localAddress: sourceAddress }
    const at = { host: master.host, port: master.port, noDelay: true, ...local }
    const socket =
      secure === undefined
        ? node.getBuiltinModule("node:net").connect(at)
        : node.getBuiltinModule("node:tls").connect({ ...secure, ...at })
    const failed = (error: Error): void =>
      resume(
        Effect.fail(
          new MasterLinkError({ step: "Connecting", reason: error.message, logged: loggedOf(error) }),
        ),
      )
    // Errors that come later must not be unheard of, which would end the process.
    socket.on("error", failed)
    socket.once(secure === undefined ? "connect" : "secureConnect", () => {
      socket.off("error", failed)
      socket.on("error", () => undefined)
      socket.setNoDelay(true)
      resume(Effect.succeed(socket))
    })
    return Effect.sync(() => socket.destroy())
  })

/** @param sourceAddress local address of the connection, "" = the system's choice */
const dialMaster = (
  master: MasterAddress,
  secure: tls.ConnectionOptions | undefined,
  timeoutMs: number,
  sourceAddress: string,
) =>
  Effect.acquireRelease(
    Effect.flatMap(Turn, (turns) =>
      within(turns, open(master, secure, sourceAddress), timeoutMs, () =>
        Effect.fail(
          new MasterLinkError({
            step: "Connecting",
            reason: "timeout",
            logged: timeoutText("connecting"),
            timedOut: true,
          }),
        ),
      ),
    ),
    (socket) => Effect.sync(() => void socket.destroy()),
    { interruptible: true },
  ).pipe(Effect.map(connectionOf))

/** How masters are reached; a simulation puts a network of its own in its place. */
export const Dial: Context.Reference<typeof dialMaster> = Context.Reference<typeof dialMaster>(
  "redix/server/Dial",
  { defaultValue: () => dialMaster },
)
