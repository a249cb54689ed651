/**
 * Who must hear that a key changed: transactions that watch it, and subscribers of keyspace notifications.
 */
import { latin1Text } from "../bytes/Latin1.js"
import type { Database } from "../store/Database.js"
import type { PubSub } from "./PubSub.js"
import { nameCost, type Session, type WatchedKey } from "./clients/Session.js"

/** Classes of notify-keyspace-events, as bits. */
export const Event = {
  keyspace: 1, // K
  keyevent: 2, // E
  generic: 4, // g
  string: 8, // $
  list: 16, // l
  set: 32, // s
  hash: 64, // h
  zset: 128, // z
  expired: 256, // x
  evicted: 512, // e
  stream: 1024, // t
  keymiss: 2048, // m
  module: 8192, // d
  new: 16384, // n
} as const

/** The bit of each letter that notify-keyspace-events knows. */
const LETTERS: Readonly<Record<string, number>> = {
  K: Event.keyspace,
  E: Event.keyevent,
  g: Event.generic,
  $: Event.string,
  l: Event.list,
  s: Event.set,
  h: Event.hash,
  z: Event.zset,
  x: Event.expired,
  e: Event.evicted,
  t: Event.stream,
  m: Event.keymiss,
  d: Event.module,
  n: Event.new,
}

/** The classes of notify-keyspace-events as bits. Without K or E nothing is published, whatever else is set. */
export const eventFlags = (letters: ReadonlySet<string>): number => {
  let flags = 0
  for (const letter of letters) flags |= LETTERS[letter] ?? 0
  return (flags & (Event.keyspace | Event.keyevent)) === 0 ? 0 : flags
}

/** What a database holds under a key; `expired` is a key whose time has passed but that is still there. */
export type Presence = "none" | "expired" | "alive"

/** Hears of every event of a key that is one to it, whatever notify-keyspace-events says; the bytes are lent. */
type KeyObserver = (event: string, database: number, buf: Uint8Array, off: number, len: number) => void

/** Who remembers what clients keep copies of. */
interface Caches {
  modified(buf: Uint8Array, off: number, len: number): void
  expired(buf: Uint8Array, off: number, len: number): void
  evicted(buf: Uint8Array, off: number, len: number): void
  flushed(): void
}

/** Events that tell of no change: a key was missed, or is new beside what made it. */
const ASIDE = Event.keymiss | Event.new

const NOBODY: ReadonlyArray<KeyObserver> = []

export class KeyEvents {
  /** notify-keyspace-events as bits; 0 = off. */
  flags: number
  /** Hears of every key that is no longer what it was; undefined while no client tracks. */
  caches: Caches | undefined = undefined
  private observers = NOBODY
  private readonly watchers = new Map<string, Map<Session, WatchedKey>>()

  constructor(
    private readonly pubsub: PubSub,
    flags: number,
  ) {
    this.flags = flags
  }

  /** Breaks the transactions that watch the key, and tells who keeps a copy of it. */
  modified(db: Database, buf: Uint8Array, off: number, len: number): void {
    if (this.watchers.size > 0) this.breakWatch(`${db.id}:${latin1Text(buf, off, off + len)}`)
    if (this.caches !== undefined) this.caches.modified(buf, off, len)
  }

  /** As `modified`, for a key that goes because its time has passed. */
  expired(db: Database, buf: Uint8Array, off: number, len: number): void {
    if (this.watchers.size > 0) {
      const sessions = this.watchers.get(`${db.id}:${latin1Text(buf, off, off + len)}`)
      if (sessions !== undefined) {
        for (const [session, watched] of sessions) {
          if (watched.expired) watched.expired = false
          else session.watchBroken = true
        }
      }
    }
    if (this.caches !== undefined) this.caches.expired(buf, off, len)
  }

  /** As `modified`, for a key that makes room before a command. */
  evicted(db: Database, buf: Uint8Array, off: number, len: number): void {
    if (this.watchers.size > 0) this.breakWatch(`${db.id}:${latin1Text(buf, off, off + len)}`)
    if (this.caches !== undefined) this.caches.evicted(buf, off, len)
  }

  /** A database was emptied, or holds other data: whoever keeps a copy of anything is told. */
  flushed(): void {
    this.caches?.flushed()
  }

  /** Adds one who hears of events; what is answered takes him off again. */
  observe(observer: KeyObserver): () => void {
    this.observers = [...this.observers, observer]
    return () => {
      const left = this.observers.filter((other) => other !== observer)
      this.observers = left.length === 0 ? NOBODY : left
    }
  }

  /** Publishes a keyspace event if its class is switched on, and tells who observes. */
  notify(kind: number, event: string, database: number, buf: Uint8Array, off: number, len: number): void {
    if (this.observers !== NOBODY && (kind & ASIDE) === 0)
      for (const observer of this.observers) observer(event, database, buf, off, len)
    if ((this.flags & kind) === 0) return
    const key = latin1Text(buf, off, off + len)
    if ((this.flags & Event.keyspace) !== 0)
      this.pubsub.publish(`__keyspace@${database}__:${key}`, Buffer.from(event, "latin1"))
    if ((this.flags & Event.keyevent) !== 0) {
      this.pubsub.publish(`__keyevent@${database}__:${event}`, buf.slice(off, off + len))
    }
  }

  /** @param expired the key's time has passed, though it is not deleted yet */
  watch(session: Session, database: number, key: string, expired: boolean): void {
    const name = `${database}:${key}`
    const sessions = this.watchers.get(name)
    if (sessions?.has(session) === true) return
    const watched: WatchedKey = { database, key, expired }
    session.watched.push(watched)
    session.nameBytes += nameCost(name)
    if (sessions === undefined) this.watchers.set(name, new Map([[session, watched]]))
    else sessions.set(session, watched)
  }

  unwatchAll(session: Session): void {
    for (const { database, key } of session.watched) {
      const name = `${database}:${key}`
      session.nameBytes -= nameCost(name)
      const sessions = this.watchers.get(name)
      if (sessions === undefined) continue
      sessions.delete(session)
      if (sessions.size === 0) this.watchers.delete(name)
    }
    session.watched = []
    session.watchBroken = false
  }

  /**
   * Breaks the watches on keys of a database that a sweeping command (FLUSHDB, SWAPDB, a new data set) changes. `before`
   * and `after` say what the database holds under a key. A key whose time had passed when it was watched counts as none
   * did: neither its going nor another such key in its place is a change.
   */
  replaced(database: number, before: (key: string) => Presence, after: (key: string) => Presence): void {
    for (const [name, sessions] of this.watchers) {
      const colon = name.indexOf(":")
      if (Number(name.slice(0, colon)) !== database) continue
      const key = name.slice(colon + 1)
      const next = after(key)
      const held = before(key) !== "none"
      for (const [session, watched] of sessions) {
        if (next === "alive" || (held && !watched.expired)) session.watchBroken = true
        else watched.expired = next === "expired"
      }
    }
  }

  /** Number of watched keys; 0 lets bulk operations skip looking. */
  get watchedKeys(): number {
    return this.watchers.size
  }

  private breakWatch(name: string): void {
    const sessions = this.watchers.get(name)
    if (sessions !== undefined) for (const s of sessions.keys()) s.watchBroken = true
  }
}
