/**
 * Builds a stream from its parts, as an RDB file or a DUMP payload has them. Calls come in the file's order:
 *
 *     start, node *, info, (group, pending *, (consumer, owned *) *) *, end
 *
 * Nodes must have been checked (they are copied as they are). The other calls check what concerns them together and
 * answer false where the parts contradict each other: then `abandon` and call the file corrupt.
 */
import type { Arena, Ref } from "../../memory/Arena.js"
import * as Stream from "../../memory/stream/Stream.js"
import * as Groups from "../../memory/stream/StreamGroups.js"
import { StreamId } from "../../bytes/StreamId.js"
import { nameAt, nameCount } from "../../memory/stream/StreamNames.js"
import { streamType } from "./StreamValue.js"

interface Id {
  readonly ms: bigint
  readonly seq: bigint
}

/** The numbers of a stream; files before Redis 7.0 lack three of them. */
interface StreamNumbers {
  readonly length: bigint
  readonly lastId: Id
  readonly firstId: Id | undefined
  readonly maxDeletedId: Id | undefined
  readonly entriesAdded: bigint | undefined
}

/** Deliveries are counted up to 2^63 - 1, which no double is. */
const COUNT_LIMIT = 2 ** 63
const COUNT_MAX = 2n ** 63n - 1n

/**
 * Names come in their order from every Redis. One that comes before others moves their refs (StreamNames.ts); a file that
 * makes more of them move than this, a fifth of a second's work, is made to keep a server busy. Ten thousand names in
 * reverse order stay below.
 */
const MOVES_MAX = 100_000_000

export class StreamLoader {
  private stream: Ref = 0
  private group: Ref = 0
  private consumer: Ref = 0
  /** Refs of names moved, at most. */
  private moves = 0
  private readonly id = new StreamId()

  constructor(private readonly arena: Arena) {}

  start(): void {
    this.stream = Stream.createStream(this.arena)
    this.moves = 0
  }

  /** Counts what the newest name of a directory moved; false when it is too much. */
  private inOrder(dir: Ref, named: Ref): boolean {
    const n = nameCount(this.arena, dir)
    if (nameAt(this.arena, dir, n - 1) !== named) this.moves += n
    return this.moves <= MOVES_MAX
  }

  /** A node: its first ID, 16 bytes big endian, and its listpack. False when there is one of this ID. */
  node(id: Uint8Array, idOff: number, listpack: Uint8Array, off: number, len: number): boolean {
    return Stream.addNode(this.arena, this.stream, this.id.loadBytes(id, idOff), listpack, off, len)
  }

  info(numbers: StreamNumbers): void {
    const { arena, stream, id } = this
    const set = (word: number, value: Id): void =>
      Stream.setHeaderId(arena, stream, word, id.setBig(value.ms, value.seq))
    set(Stream.LAST_WORD, numbers.lastId)
    // What a damaged file says the first entry is may not be there.
    if (Stream.edgeId(arena, stream, false, id)) Stream.setHeaderId(arena, stream, Stream.FIRST_WORD, id)
    else if (numbers.firstId !== undefined) set(Stream.FIRST_WORD, numbers.firstId)
    // An empty stream's is above all others, as redis-server finds it, until an entry comes.
    else Stream.setHeaderId(arena, stream, Stream.FIRST_WORD, id.setMax())
    if (numbers.maxDeletedId !== undefined) set(Stream.DELETED_WORD, numbers.maxDeletedId)
    Stream.claimLength(arena, stream, numbers.length)
    const added = numbers.entriesAdded ?? BigInt(Stream.streamLength(arena, stream))
    Stream.setBigAt(arena, stream, Stream.ADDED_WORD, added)
  }

  /** A consumer group; `entriesRead` is -1 for "not known", undefined in files that lack it. */
  openGroup(
    name: Uint8Array,
    off: number,
    len: number,
    lastId: Id,
    entriesRead: bigint | undefined,
  ): boolean {
    const { arena, stream, id } = this
    id.setBig(lastId.ms, lastId.seq)
    const read = entriesRead ?? Groups.entriesUpTo(arena, stream, id)
    this.group = Groups.createGroup(arena, stream, name, off, len, id, read)
    return this.group !== 0 && this.inOrder(Groups.groupsOf(arena, stream), this.group)
  }

  /** A pending entry of the group. */
  pending(id: Uint8Array, off: number, deliveryTimeMs: number, deliveries: number): boolean {
    return Groups.addUnowned(
      this.arena,
      this.group,
      this.id.loadBytes(id, off),
      deliveryTimeMs,
      deliveries < COUNT_LIMIT ? BigInt(deliveries) : COUNT_MAX,
    )
  }

  openConsumer(name: Uint8Array, off: number, len: number, seenTimeMs: number): boolean {
    const { arena, group } = this
    if (Groups.findConsumer(arena, group, name, off, len) !== 0) return false
    this.consumer = Groups.createConsumer(arena, group, name, off, len, seenTimeMs)
    return this.inOrder(Groups.consumersOf(arena, group), this.consumer)
  }

  /** One of the group's pending entries is the consumer's. */
  owned(id: Uint8Array, off: number): boolean {
    const { arena } = this
    const pending = Groups.findPending(arena, this.group, this.id.loadBytes(id, off))
    if (pending === 0 || Groups.pendingConsumer(arena, pending) !== 0) return false
    Groups.assignPending(arena, pending, this.id, this.consumer)
    return true
  }

  /** The finished stream. */
  end(): Ref {
    const stream = this.stream
    this.stream = 0
    return stream
  }

  /** Frees what was built. */
  abandon(): void {
    if (this.stream !== 0) streamType.freeStep(this.arena, 0, this.stream, Infinity)
    this.stream = 0
  }
}
