import * as Data from "effect/Data"

/** An address could not be listened on: a port in use, no permission, an unreadable certificate. */
export class ListenError extends Data.TaggedError("ListenError")<{
  /** host:port, or the path of a unix socket or certificate. */
  readonly address: string
  readonly reason: string
  /** What was to listen, where redis-server has words for it: a port, a socket, or nothing at all. */
  readonly on?: { readonly port: number; readonly kind: "TCP" | "TLS" } | "socket" | "nothing"
}> {
  override get message(): string {
    const { address, on, reason } = this
    if (on === "nothing") return reason
    if (on === "socket") return `Failed opening Unix socket: ${reason} (${address})`
    const aborting = on === undefined ? "" : `Failed listening on port ${on.port} (${on.kind}), aborting. `
    return `${aborting}Could not listen on ${address}: ${reason}`
  }
}

/** The system's code of a failed listen, dug out of the wrappers around it; undefined where it has none. */
const codeOf = (error: unknown): string | undefined => {
  for (let at: unknown = error; typeof at === "object" && at !== null;) {
    if ("code" in at && typeof at.code === "string") return at.code
    at = "reason" in at ? at.reason : "cause" in at ? at.cause : undefined
  }
  return undefined
}

/** The system's word on it. */
export const reasonOf = (error: unknown): string => {
  const code = codeOf(error)
  return code === undefined ? String(error) : (REASONS[code] ?? code)
}

/** No interface of this machine has the address. */
export const isUnavailable = (error: unknown): boolean => codeOf(error) === "EADDRNOTAVAIL"

/** The system knows no such kind of address. */
export const isUnsupported = (error: unknown): boolean => UNSUPPORTED.has(codeOf(error) ?? "")

const UNSUPPORTED = new Set([
  "EAFNOSUPPORT",
  "EPROTONOSUPPORT",
  "ENOPROTOOPT",
  "ESOCKTNOSUPPORT",
  "EPFNOSUPPORT",
])

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "Address already in use",
  EACCES: "Permission denied",
  EADDRNOTAVAIL: "Cannot assign requested address",
  ENOTFOUND: "Name or service not known",
  EAFNOSUPPORT: "Address family not supported by protocol",
  EINVAL: "Invalid argument",
  ENOENT: "No such file or directory",
}
