/**
 * The contract of handlers, checked while a server runs: for tests, which hold every command they send to it.
 *
 * A handler appends exactly one reply to the writer, or none and answers an Effect of it; a command that is declared
 * readonly changes no data; one that changes data says so (`changed`, or `uncounted` where redis-server does not count).
 * A command that answers by pushes, several times or not at all says so in its declaration (`replies`).
 *
 * `watchContract` puts itself between dispatch and the handlers of a table. It sees a change of data by the number of keys
 * and by the count of changes: cheap, and enough for what a newcomer forgets. A reply beyond its client's limit is not
 * looked at: the writer has dropped part of it, and its client is cut off.
 */
import type { TableCommand } from "./Command.js"
import type { CommandContext } from "./CommandContext.js"
import type { CommandTable } from "./CommandTable.js"

const CR = 13
const MINUS = 45
const ZERO = 48
/** Longer replies are not looked at: counting them would take longer than the command. */
const COUNTED_BYTES_MAX = 64 * 1024
/** Types whose head says how many bytes follow: $ = ! */
const isBytes = (type: number): boolean => type === 36 || type === 61 || type === 33
/** Types whose head says how many replies follow: * ~ > */
const isList = (type: number): boolean => type === 42 || type === 126 || type === 62
/** Types whose head says how many pairs follow: % | */
const isPairs = (type: number): boolean => type === 37 || type === 124

/** The number that stands in [from, to); NaN where other text stands there. */
const numberAt = (bytes: Uint8Array, from: number, to: number): number => {
  if (bytes[from] === MINUS) return -numberAt(bytes, from + 1, to)
  let n = from < to ? 0 : Number.NaN
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] ?? 0) - ZERO
    n = digit >= 0 && digit <= 9 ? n * 10 + digit : Number.NaN
  }
  return n
}

/** The position behind the reply that begins at `pos`. */
const behindReply = (bytes: Uint8Array, pos: number): number => {
  let at = pos
  for (let left = 1; left > 0; left--) {
    const type = bytes[at]
    const end = bytes.indexOf(CR, at)
    if (end < 0) throw new Error("the reply is cut off")
    const count = numberAt(bytes, at + 1, end)
    at = end + 2
    if (isBytes(type) && count >= 0) at += count + 2
    else if (isList(type) && count > 0) left += count
    else if (isPairs(type)) left += 2 * count + (type === 124 ? 1 : 0)
  }
  return at
}

/** How many replies lie in the bytes. */
export const repliesIn = (bytes: Uint8Array): number => {
  let n = 0
  for (let at = 0; at < bytes.length; n++) at = behindReply(bytes, at)
  return n
}

const keysIn = (c: CommandContext): number => {
  let keys = 0
  for (const db of c.keyspace.databases) keys += db.size
  return keys
}

const shown = (c: CommandContext): string =>
  Array.from({ length: Math.min(c.argc, 6) }, (_, i) => c.text(i).slice(0, 20)).join(" ")

/** Holds every handler of the table to its contract; `offend` is told of each breach, with the command line. */
export const watchContract = (table: CommandTable, offend: (text: string) => void): void => {
  table.wrapHandlers((cmd: TableCommand) => {
    const { handler, spec } = cmd
    return (c) => {
      const { pos } = c.out
      const { dirty, stats } = c.keyspace
      const { uncountedChanges } = c.propagation
      const keys = keysIn(c)
      const { expiredKeys } = stats
      const result = handler(c)
      const say = (what: string): void => offend(`${cmd.name} ${what}: ${shown(c)}`)
      // Of a reply beyond its client's limit only remains are left.
      if (spec.replies === "one" && !c.out.overflowed && c.out.pos - pos <= COUNTED_BYTES_MAX) {
        const replies = c.out.pos < pos ? -1 : repliesIn(c.out.buf.subarray(pos, c.out.pos))
        const wanted = result === undefined ? 1 : 0
        if (replies !== wanted) say(`gave ${replies} replies, not ${wanted}`)
      }
      const changes = c.keyspace.dirty - dirty
      if (spec.isReadOnly && !spec.mayReplicate && changes !== 0) say("is readonly and changed something")
      const went = keys - keysIn(c)
      const told = changes !== 0 || c.propagation.uncountedChanges !== uncountedChanges
      if (!told && went !== stats.expiredKeys - expiredKeys && spec.group !== "server")
        say("changed the number of keys and did not say so")
      return result
    }
  })
}
