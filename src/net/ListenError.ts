import * as Data from "effect/Data"
import { systemCode } from "../bytes/SystemReason.js"

/** An address could not be listened on: a port in use, no permission, an unreadable certificate. */
export class ListenError extends Data.TaggedError("ListenError")<{
  /** Where: host:port, or the path of a unix socket or certificate. */
  readonly address: string
  /** The system's word on it, in words where it is a code. */
  readonly reason: string
  /** What was to listen, where redis-server has words for it: a port, a socket, or nothing at all. */
  readonly on?: { readonly port: number; readonly kind: "TCP" | "TLS" } | "socket" | "nothing" | "TLS"
}> {
  override get message(): string {
    const { address, on, reason } = this
    if (on === "nothing") return reason
    if (on === "TLS") return `Failed to configure TLS. ${reason}`
    if (on === "socket") return `Failed opening Unix socket: ${reason} (${address})`
    const aborting = on === undefined ? "" : `Failed listening on port ${on.port} (${on.kind}), aborting. `
    return `${aborting}Could not listen on ${address}: ${reason}`
  }
}

/** No interface of this machine has the address. */
export const isUnavailable = (error: unknown): boolean => systemCode(error) === "EADDRNOTAVAIL"

/** The system knows no such kind of address. */
export const isUnsupported = (error: unknown): boolean => UNSUPPORTED.has(systemCode(error) ?? "")

const UNSUPPORTED = new Set([
  "EAFNOSUPPORT",
  "EPROTONOSUPPORT",
  "ENOPROTOOPT",
  "ESOCKTNOSUPPORT",
  "EPFNOSUPPORT",
])
