/**
 * ACL LOG: what users were denied and failed logins, newest first. The same within a minute is counted in one entry, which
 * moves to the front. Only a new entry makes old ones go.
 */
import type { CommandContext } from "../CommandContext.js"
import { describeClient } from "../clients/clientDescribe.js"

/** Where something was tried. */
export type AclContext = "toplevel" | "multi" | "lua"

interface Refusal {
  readonly reason: "" | "command" | "key" | "channel" | "auth"
  readonly context: AclContext
  /** The command, the key or the channel; for a login, the word that the client sent as the command's name. */
  readonly object: string
  readonly username: string
}

interface AclLogEntry extends Refusal {
  count: number
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

  /** Notes what the client of the context has just been refused. */
  add(c: CommandContext, refusal: Refusal): void {
    const { reason, context, object, username } = refusal
    const time = c.keyspace.now
    const client = describeClient(c, c.session)
    const at = this.list.findIndex(
      (entry) =>
        entry.reason === reason &&
        entry.context === context &&
        entry.object === object &&
        entry.username === username &&
        time - entry.time <= GROUPED_MS,
    )
    const [known] = at < 0 ? [] : this.list.splice(at, 1)
    if (known === undefined) {
      this.list.unshift({ ...refusal, count: 1, time, client })
      if (this.list.length > this.max) this.list.length = this.max
      return
    }
    known.count++
    known.time = time
    known.client = client
    this.list.unshift(known)
  }

  clear(): void {
    this.list.length = 0
  }
}
