/**
 * Pub/Sub: who listens to which channel, and the delivery of messages.
 *
 * Channels, patterns and shard channels are three indexes from name to subscribers; each session keeps the same facts
 * the other way round, so that its end is cheap. Names are latin1 text, one character a byte.
 *
 * A message is encoded at most once a protocol (and pattern), however many receive it: all get the same bytes. Within
 * one session a message comes first for the channel, then for its patterns in the order in which they were made.
 *
 * Invariants: a session stands in an index exactly when the name stands in the session's own set; no index has an entry
 * without subscribers.
 *
 * Example: after `subscribe(s, "news")`, `publish("news", hi)` pushes "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n" to s
 * (">3" in RESP3) and answers 1.
 */
import { globMatch } from "../bytes/Glob.js"
import { nameCost, type Session } from "./clients/Session.js"

type Index = Map<string, Set<Session>>

interface Pattern {
  readonly bytes: Uint8Array
  readonly sessions: Set<Session>
}

/** One message in both protocols, encoded when first asked for. */
class Encoded {
  private resp2: Uint8Array | undefined = undefined
  private resp3: Uint8Array | undefined = undefined

  constructor(
    private readonly words: ReadonlyArray<string>,
    private readonly message: Uint8Array,
  ) {}

  for(session: Session): Uint8Array {
    if (session.resp === 2) return (this.resp2 ??= this.encode("*"))
    return (this.resp3 ??= this.encode(">"))
  }

  private encode(type: string): Uint8Array {
    let head = `${type}${this.words.length + 1}\r\n`
    for (const word of this.words) head += `$${word.length}\r\n${word}\r\n`
    head += `$${this.message.length}\r\n`
    const bytes = Buffer.allocUnsafe(head.length + this.message.length + 2)
    bytes.write(head, 0, "latin1")
    bytes.set(this.message, head.length)
    bytes.write("\r\n", bytes.length - 2, "latin1")
    return bytes
  }
}

const join = (index: Index, name: string, session: Session): void => {
  const sessions = index.get(name)
  if (sessions === undefined) index.set(name, new Set([session]))
  else sessions.add(session)
}

const quit = (index: Index, name: string, session: Session): void => {
  const sessions = index.get(name)
  if (sessions === undefined) return
  sessions.delete(session)
  if (sessions.size === 0) index.delete(name)
}

const deliver = (sessions: ReadonlySet<Session>, encoded: Encoded): number => {
  let count = 0
  for (const session of sessions) {
    session.control.push(encoded.for(session))
    count++
  }
  return count
}

const matching = (index: Index, pattern: Uint8Array | undefined): Array<string> => {
  const names: Array<string> = []
  for (const name of index.keys()) {
    if (pattern !== undefined) {
      const bytes = Buffer.from(name, "latin1")
      if (!globMatch(pattern, 0, pattern.length, bytes, 0, bytes.length, false)) continue
    }
    names.push(name)
  }
  return names
}

/** Asserts that an index and the sets of all sessions say the same. */
const checkIndex = (
  what: string,
  index: Index,
  all: ReadonlyArray<Session>,
  namesOf: (session: Session) => ReadonlySet<string>,
): void => {
  let stands = 0
  for (const [name, sessions] of index) {
    if (sessions.size === 0) throw new Error(`pubsub: nobody listens to the ${what} ${name}`)
    for (const session of sessions)
      if (!namesOf(session).has(name)) throw new Error(`pubsub: a session does not know its ${what} ${name}`)
    stands += sessions.size
  }
  for (const session of all) {
    for (const name of namesOf(session))
      if (index.get(name)?.has(session) !== true)
        throw new Error(`pubsub: the ${what} ${name} lacks a session`)
    stands -= namesOf(session).size
  }
  if (stands !== 0) throw new Error(`pubsub: somebody who has gone listens to a ${what}`)
}

/** Adds a name to one of a session's sets. */
const add = (session: Session, names: Set<string>, name: string): void => {
  if (names.has(name)) return
  names.add(name)
  session.nameBytes += nameCost(name)
}

/** Takes a name out of one of a session's sets; answers whether it was there. */
const drop = (session: Session, names: Set<string>, name: string): boolean => {
  if (!names.delete(name)) return false
  session.nameBytes -= nameCost(name)
  return true
}

export class PubSub {
  private readonly byChannel: Index = new Map()
  private readonly byShardChannel: Index = new Map()
  private readonly byPattern = new Map<string, Pattern>()

  /** Number of channels somebody listens to. */
  get channels(): number {
    return this.byChannel.size
  }

  get shardChannels(): number {
    return this.byShardChannel.size
  }

  /** Number of different patterns. */
  get patterns(): number {
    return this.byPattern.size
  }

  subscribe(session: Session, channel: string): void {
    add(session, session.channels, channel)
    join(this.byChannel, channel, session)
  }

  unsubscribe(session: Session, channel: string): void {
    if (drop(session, session.channels, channel)) quit(this.byChannel, channel, session)
  }

  shardSubscribe(session: Session, channel: string): void {
    add(session, session.shardChannels, channel)
    join(this.byShardChannel, channel, session)
  }

  shardUnsubscribe(session: Session, channel: string): void {
    if (drop(session, session.shardChannels, channel)) quit(this.byShardChannel, channel, session)
  }

  patternSubscribe(session: Session, name: string): void {
    add(session, session.patterns, name)
    const pattern = this.byPattern.get(name)
    if (pattern !== undefined) pattern.sessions.add(session)
    else this.byPattern.set(name, { bytes: Buffer.from(name, "latin1"), sessions: new Set([session]) })
  }

  patternUnsubscribe(session: Session, name: string): void {
    if (!drop(session, session.patterns, name)) return
    const pattern = this.byPattern.get(name)
    pattern?.sessions.delete(session)
    if (pattern?.sessions.size === 0) this.byPattern.delete(name)
  }

  /** Takes all subscriptions off a session, without a word to it. */
  leave(session: Session): void {
    for (const channel of [...session.channels]) this.unsubscribe(session, channel)
    for (const channel of [...session.shardChannels]) this.shardUnsubscribe(session, channel)
    for (const name of [...session.patterns]) this.patternUnsubscribe(session, name)
  }

  /** Sends a message to a channel's subscribers and to those of matching patterns; answers how often it was sent. */
  publish(channel: string, message: Uint8Array): number {
    let count = 0
    const sessions = this.byChannel.get(channel)
    if (sessions !== undefined) count += deliver(sessions, new Encoded(["message", channel], message))
    if (this.byPattern.size === 0) return count
    const bytes = Buffer.from(channel, "latin1")
    for (const [name, pattern] of this.byPattern) {
      const { length } = pattern.bytes
      if (!globMatch(pattern.bytes, 0, length, bytes, 0, bytes.length, false)) continue
      count += deliver(pattern.sessions, new Encoded(["pmessage", name, channel], message))
    }
    return count
  }

  /** As `publish`, for a shard channel, which patterns do not concern. */
  shardPublish(channel: string, message: Uint8Array): number {
    const sessions = this.byShardChannel.get(channel)
    return sessions === undefined ? 0 : deliver(sessions, new Encoded(["smessage", channel], message))
  }

  subscribers(channel: string): number {
    return this.byChannel.get(channel)?.size ?? 0
  }

  shardSubscribers(channel: string): number {
    return this.byShardChannel.get(channel)?.size ?? 0
  }

  /** Channels with subscribers, all or those that match. */
  channelNames(pattern: Uint8Array | undefined): Array<string> {
    return matching(this.byChannel, pattern)
  }

  shardChannelNames(pattern: Uint8Array | undefined): Array<string> {
    return matching(this.byShardChannel, pattern)
  }

  /** Asserts the invariants of the file header; `sessions` are all there are. */
  checkInvariants(sessions: Iterable<Session>): void {
    const byPattern: Index = new Map([...this.byPattern].map(([name, pattern]) => [name, pattern.sessions]))
    const all = [...sessions]
    checkIndex("channel", this.byChannel, all, (session) => session.channels)
    checkIndex("shard channel", this.byShardChannel, all, (session) => session.shardChannels)
    checkIndex("pattern", byPattern, all, (session) => session.patterns)
  }
}
