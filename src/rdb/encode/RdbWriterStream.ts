/** Writes streams, type 19, with their consumer groups (RdbDecoderStream.ts has the form in words). */
import type { Ref } from "../../memory/Arena.js"
import type { FrozenReader } from "../../memory/Snapshot.js"
import type { StreamId } from "../../bytes/StreamId.js"
import { type StreamSink, walkFrozenStream } from "../../store/types/FrozenStreams.js"
import type { RdbOutput } from "./RdbOutput.js"

const ID_BYTES = 16

export class RdbWriterStream implements StreamSink {
  private readonly idBytes = new Uint8Array(ID_BYTES)

  constructor(
    private readonly out: RdbOutput,
    private readonly reader: FrozenReader,
  ) {}

  write(value: Ref): void {
    walkFrozenStream(this.reader, value, this)
  }

  private rawId(id: StreamId): void {
    id.storeBytes(this.idBytes, 0)
    this.out.raw(this.idBytes, 0, ID_BYTES)
  }

  private idLengths(id: StreamId): void {
    this.out.lengthPair(id.mh >>> 0, id.ml >>> 0)
    this.out.lengthPair(id.sh >>> 0, id.sl >>> 0)
  }

  private big(n: bigint): void {
    const low = Number(BigInt.asUintN(32, n))
    this.out.lengthPair(Number(BigInt.asUintN(32, n >> 32n)), low)
  }

  start(nodes: number): void {
    this.out.length(nodes)
  }

  node(id: StreamId, u8: Uint8Array, off: number, len: number): void {
    id.storeBytes(this.idBytes, 0)
    this.out.string(this.idBytes, 0, ID_BYTES)
    this.out.string(u8, off, len)
  }

  info(
    length: number,
    lastId: StreamId,
    firstId: StreamId,
    maxDeletedId: StreamId,
    entriesAdded: bigint,
    groups: number,
  ): void {
    this.out.length(length)
    this.idLengths(lastId)
    this.idLengths(firstId)
    this.idLengths(maxDeletedId)
    this.big(entriesAdded)
    this.out.length(groups)
  }

  group(
    u8: Uint8Array,
    nameOff: number,
    nameLen: number,
    lastId: StreamId,
    entriesRead: bigint,
    pending: number,
  ): void {
    this.out.string(u8, nameOff, nameLen)
    this.idLengths(lastId)
    this.big(entriesRead)
    this.out.length(pending)
  }

  pending(id: StreamId, deliveryTimeMs: number, deliveries: bigint): void {
    this.rawId(id)
    this.out.int64(deliveryTimeMs)
    this.big(deliveries)
  }

  consumers(count: number): void {
    this.out.length(count)
  }

  consumer(u8: Uint8Array, nameOff: number, nameLen: number, seenTimeMs: number, pending: number): void {
    this.out.string(u8, nameOff, nameLen)
    this.out.int64(seenTimeMs)
    this.out.length(pending)
  }

  owned(id: StreamId): void {
    this.rawId(id)
  }
}
