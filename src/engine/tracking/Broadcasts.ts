/**
 * CLIENT TRACKING with BCAST: prefixes of keys, who wants to hear of them, and the keys that have changed in this turn of
 * the event loop.
 *
 * A prefix is there while somebody wants it. At the turn's end each tells of all its keys at once, in the order of their
 * bytes; prefixes come in that order, too. Of a key the last to change it is known, for those who do not want to hear of
 * what they did themselves.
 *
 * Names are latin1 text, one character a byte. A key is cut to each length that some prefix has, and the piece looked up,
 * so that the number of prefixes costs nothing.
 *
 * Invariants: no prefix is without clients; a client stands under a prefix exactly when it knows the prefix; `lengths` are
 * those of the prefixes.
 */
import { nameCost, type Session } from "../clients/Session.js"
import type { ClientTracking } from "./ClientTracking.js"

/** The keys of a prefix that have changed, and who changed each last; undefined where that was no client. */
type Changes = Map<string, Session | undefined>

interface Prefix {
  readonly sessions: Map<Session, ClientTracking>
  changes: Changes
}

/** Is told what has become of a prefix, for one client of it. */
type Teller = (
  session: Session,
  tracking: ClientTracking,
  keys: ReadonlyArray<string>,
  changes: Changes,
) => void

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

export class Broadcasts {
  private readonly prefixes = new Map<string, Prefix>()
  private lengths: ReadonlyArray<number> = []
  /** Something has changed that nobody was told of. */
  private waiting = false

  get count(): number {
    return this.prefixes.size
  }

  join(session: Session, tracking: ClientTracking, name: string): void {
    if (tracking.prefixes.has(name)) return
    tracking.prefixes.add(name)
    session.nameBytes += nameCost(name)
    const prefix = this.prefixes.get(name)
    if (prefix !== undefined) prefix.sessions.set(session, tracking)
    else {
      this.prefixes.set(name, { sessions: new Map([[session, tracking]]), changes: new Map() })
      this.measure()
    }
  }

  leave(session: Session, tracking: ClientTracking): void {
    for (const name of tracking.prefixes) {
      session.nameBytes -= nameCost(name)
      const prefix = this.prefixes.get(name)
      prefix?.sessions.delete(session)
      if (prefix?.sessions.size === 0) this.prefixes.delete(name)
    }
    tracking.prefixes.clear()
    this.measure()
  }

  private measure(): void {
    const lengths = new Set<number>()
    for (const name of this.prefixes.keys()) lengths.add(name.length)
    this.lengths = [...lengths]
  }

  /** A key has changed; answers whether it is the first that somebody is to be told of at the turn's end. */
  changed(key: string, by: Session | undefined): boolean {
    let first = false
    for (const length of this.lengths) {
      if (length > key.length) continue
      const prefix = this.prefixes.get(key.slice(0, length))
      if (prefix === undefined) continue
      prefix.changes.set(key, by)
      first = !this.waiting
    }
    if (first) this.waiting = true
    return first
  }

  /** Tells of the changes of this turn. */
  tell(teller: Teller): void {
    if (!this.waiting) return
    this.waiting = false
    for (const [, prefix] of [...this.prefixes].sort(byName)) {
      const { changes } = prefix
      if (changes.size === 0) continue
      prefix.changes = new Map()
      const keys = [...changes.keys()].sort()
      for (const [session, tracking] of prefix.sessions) teller(session, tracking, keys, changes)
    }
  }

  /** Asserts the invariants of the file header; `sessions` are all there are. */
  checkInvariants(sessions: Iterable<Session>): void {
    let known = 0
    for (const [name, { sessions: those }] of this.prefixes) {
      if (those.size === 0) throw new Error(`tracking: nobody wants the prefix ${name}`)
      if (!this.lengths.includes(name.length))
        throw new Error(`tracking: no key is cut to the prefix ${name}`)
      for (const tracking of those.values())
        if (!tracking.prefixes.has(name))
          throw new Error(`tracking: a client does not know its prefix ${name}`)
      known += those.size
    }
    for (const { tracking } of sessions) known -= tracking?.prefixes.size ?? 0
    if (known !== 0) throw new Error("tracking: a prefix and its clients do not agree")
  }
}
