/** A connection as CLIENT LIST and CLIENT INFO show it: one line of `field=value` words. */
import type { CommandContext } from "../CommandContext.js"
import { isWaiting, type Session } from "./Session.js"
import { type ClientTracking, TrackingMode } from "../tracking/ClientTracking.js"
import { CONNECTION_BYTES } from "./ClientMemory.js"

export type ClientType = "normal" | "master" | "replica" | "pubsub"

export const clientType = (session: Session): ClientType => {
  if (session.kind !== "normal") return session.kind
  return session.subscribed ? "pubsub" : "normal"
}

/** The type a word names, in any case; undefined for none. */
export const parseClientType = (word: string): ClientType | undefined => {
  switch (word.toLowerCase()) {
    case "normal":
      return "normal"
    case "master":
      return "master"
    case "slave":
    case "replica":
      return "replica"
    case "pubsub":
      return "pubsub"
    default:
      return undefined
  }
}

const trackingFlags = (tracking: ClientTracking): string => {
  if (tracking.modes === 0) return ""
  return `t${tracking.broken ? "R" : ""}${tracking.has(TrackingMode.broadcast) ? "B" : ""}`
}

/** The client that is told in this one's place: 0 for itself, -1 where it does not track. */
export const redirectOf = ({ tracking }: Session): number =>
  tracking === undefined || tracking.modes === 0 ? -1 : tracking.redirect

const flagsOf = (session: Session): string => {
  let flags = ""
  if (session.monitor) flags += "O"
  else if (session.kind === "replica") flags += "S"
  if (session.kind === "master") flags += "M"
  if (session.subscribed) flags += "P"
  if (session.queue !== undefined) flags += "x"
  if (session.blocked !== undefined || session.postponed) flags += "b"
  if (session.tracking !== undefined) flags += trackingFlags(session.tracking)
  if (session.watchBroken) flags += "d"
  if (session.closing) flags += "c"
  if (session.address.startsWith("/")) flags += "U"
  if (session.readOnly) flags += "r"
  if (session.noEvict) flags += "e"
  return flags === "" ? "N" : flags
}

/** Whole seconds of the clock between two times in milliseconds. */
const secondsBetween = (from: number, to: number): number => Math.floor(to / 1000) - Math.floor(from / 1000)

/**
 * The line, without its end. There is no input buffer kept in reserve and no reply buffer of a connection's own: qbuf-free,
 * rbs, rbp and obl are 0; what waits to be sent is oll pieces of omem bytes.
 */
export const describeClient = (c: CommandContext, session: Session): string => {
  const running = session === c.session
  const { control } = session
  const now = c.keyspace.now
  const input = control.queryBytes(running)
  const argv = running || isWaiting(session) ? control.argumentBytes() : 0
  const multi = session.queuedBytes
  const output = control.pendingBytes()
  const words: ReadonlyArray<readonly [string, string | number]> = [
    ["id", session.id],
    ["addr", session.address],
    ["laddr", session.localAddress],
    ["fd", session.fileDescriptor],
    ["name", session.name],
    ["age", secondsBetween(session.createdMs, now)],
    ["idle", secondsBetween(session.lastActiveMs, now)],
    ["flags", flagsOf(session)],
    ["db", session.database],
    ["sub", session.channels.size],
    ["psub", session.patterns.size],
    ["ssub", session.shardChannels.size],
    ["multi", session.queue === undefined ? -1 : session.queue.length],
    ["qbuf", input],
    ["qbuf-free", 0],
    ["argv-mem", argv],
    ["multi-mem", multi],
    ["rbs", 0],
    ["rbp", 0],
    ["obl", 0],
    ["oll", control.pendingCount()],
    ["omem", output],
    ["tot-mem", CONNECTION_BYTES + input + argv + multi + session.nameBytes + output],
    ["events", output > 0 ? "rw" : "r"],
    ["cmd", session.lastCommand],
    ["user", session.user.name],
    ["redir", redirectOf(session)],
    ["resp", session.resp],
  ]
  return words.map(([name, value]) => `${name}=${value}`).join(" ")
}
