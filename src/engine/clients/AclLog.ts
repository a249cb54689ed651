/**
 * ACL LOG: failed logins, newest first. The same failure within a minute is counted in one entry, which moves to the
 * front. With a single user who may do everything, logins are all that can fail.
 */
import type { CommandContext } from "../CommandContext.js"
import { describeClient } from "./clientDescribe.js"

interface AclLogEntry {
  count: number
  readonly context: "toplevel" | "multi"
  /** Name of the command. */
  readonly object: string
  readonly username: string
  /** Unix milliseconds of the latest occurrence. */
  time: number
  /** The client then, as CLIENT INFO shows it. */
  client: string
}

const GROUPED_MS = 60_000

export class AclLog {
  private readonly list: Array<AclLogEntry> = []
  /** acllog-max-len. */
  max = 128

  get entries(): ReadonlyArray<AclLogEntry> {
    return this.list
  }

  /** Notes that a login by the command in the context failed. */
  loginFailed(c: CommandContext, object: string, username: string): void {
    const context = c.denyBlocking ? "multi" : "toplevel"
    const time = c.keyspace.now
    const client = describeClient(c, c.session)
    const same = this.list.findIndex(
      (entry) =>
        entry.context === context &&
        entry.object === object &&
        entry.username === username &&
        time - entry.time <= GROUPED_MS,
    )
    const count = same < 0 ? 0 : (this.list.splice(same, 1)[0]?.count ?? 0)
    this.list.unshift({ count: count + 1, context, object, username, time, client })
    if (this.list.length > this.max) this.list.length = this.max
  }

  clear(): void {
    this.list.length = 0
  }
}
