/**
 * Reads streams as they were when a snapshot opened, on any thread, or as they are (`liveBlocks`): for RDB files and DUMP.
 * The parts come in the order in which both have them. Layouts: memory/stream/Stream.ts and its neighbours.
 *
 * The functions share their copies of blocks, one set a thread, so a sink must not walk another stream.
 */
import { byteOf, chunkOf } from "../../memory/Ref.js"
import type { Arena, Ref } from "../../memory/Arena.js"
import { byteLength } from "../../bytes/packed/Listpack.js"
import { FrozenBlock } from "../../memory/Snapshot.js"
import * as Stream from "../../memory/stream/Stream.js"
import * as Groups from "../../memory/stream/StreamGroups.js"
import { StreamId } from "../../bytes/StreamId.js"
import { walkTree } from "../../memory/stream/StreamIdTreeWalk.js"

/** Anything that copies a block: a FrozenReader, or `liveBlocks`. */
export interface BlockReader {
  readonly load: (ref: Ref, into: FrozenBlock) => void
}

/** Reads the arena's blocks as they are now. */
export const liveBlocks = (a: Arena): BlockReader => ({
  load: (ref, into) => {
    const size = a.blockSize(ref)
    into.reserve(size)
    into.bytes = size
    const at = byteOf(ref)
    into.u8.set(a.u8[chunkOf(ref)].subarray(at, at + size))
  },
})

/** Receives the parts of a stream. Bytes and IDs are good until the call returns. */
export interface StreamSink {
  start(nodes: number): void
  /** A node: its first ID and its listpack. */
  node(id: StreamId, u8: Uint8Array, off: number, len: number): void
  info(
    length: number,
    lastId: StreamId,
    firstId: StreamId,
    maxDeletedId: StreamId,
    entriesAdded: bigint,
    groups: number,
  ): void
  /** `entriesRead` is -1 when it is not known. */
  group(
    u8: Uint8Array,
    nameOff: number,
    nameLen: number,
    lastId: StreamId,
    entriesRead: bigint,
    pending: number,
  ): void
  pending(id: StreamId, deliveryTimeMs: number, deliveries: bigint): void
  consumers(count: number): void
  consumer(u8: Uint8Array, nameOff: number, nameLen: number, seenTimeMs: number, pending: number): void
  owned(id: StreamId): void
}

const header = new FrozenBlock()
const groups = new FrozenBlock()
const group = new FrozenBlock()
const consumers = new FrozenBlock()
const consumer = new FrozenBlock()
const leaf = new FrozenBlock()
/** A node of each depth of a tree, made when first needed. */
const depths: Array<FrozenBlock> = []
const lastId = new StreamId()
const firstId = new StreamId()
const deletedId = new StreamId()

const bigOf = (words: Int32Array, w: number): bigint => (BigInt(words[w + 1]) << 32n) | BigInt(words[w] >>> 0)

/** Calls the sink with every part of a stream as the reader sees it. */
export const walkFrozenStream = (reader: BlockReader, value: Ref, sink: StreamSink): void => {
  const load = (ref: Ref, depth: number): FrozenBlock => {
    let block = depths[depth]
    if (block === undefined) depths[depth] = block = new FrozenBlock()
    reader.load(ref, block)
    return block
  }
  reader.load(value, header)
  const words = header.i32
  sink.start(words[Stream.NODES_WORD])
  walkTree(load, words[Stream.INDEX_WORD], (id, node) => {
    reader.load(node, leaf)
    sink.node(id, leaf.u8, 0, byteLength(leaf.u8, 0))
  })
  const dir = words[Stream.GROUPS_WORD]
  if (dir !== 0) reader.load(dir, groups)
  const n = dir === 0 ? 0 : groups.i32[0]
  sink.info(
    words[Stream.LENGTH_WORD] >>> 0,
    lastId.load(words, Stream.LAST_WORD),
    firstId.load(words, Stream.FIRST_WORD),
    deletedId.load(words, Stream.DELETED_WORD),
    bigOf(words, Stream.ADDED_WORD),
    n,
  )
  for (let i = 0; i < n; i++) walkGroup(reader, load, groups.i32[2 + i], sink)
}

const walkGroup = (
  reader: BlockReader,
  load: (ref: Ref, depth: number) => FrozenBlock,
  ref: Ref,
  sink: StreamSink,
): void => {
  reader.load(ref, group)
  const words = group.i32
  sink.group(
    group.u8,
    words[1],
    words[0],
    lastId.load(words, Groups.GROUP_LAST_WORD),
    bigOf(words, Groups.GROUP_READ_WORD),
    words[Groups.GROUP_PENDING_WORD + 1],
  )
  walkTree(load, words[Groups.GROUP_PENDING_WORD], (id, pending) => {
    reader.load(pending, leaf)
    sink.pending(id, leaf.f64[0], bigOf(leaf.i32, Groups.PENDING_COUNT_WORD))
  })
  const dir = words[Groups.GROUP_CONSUMERS_WORD]
  if (dir !== 0) reader.load(dir, consumers)
  const n = dir === 0 ? 0 : consumers.i32[0]
  sink.consumers(n)
  for (let i = 0; i < n; i++) {
    reader.load(consumers.i32[2 + i], consumer)
    const c = consumer.i32
    const tree = Groups.CONSUMER_PENDING_WORD
    sink.consumer(consumer.u8, c[1], c[0], consumer.f64[1], c[tree + 1])
    walkTree(load, c[tree], (id) => sink.owned(id))
  }
}
