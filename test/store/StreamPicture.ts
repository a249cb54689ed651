/** A stream as lines of text, for comparing: its nodes byte by byte, its numbers, its groups. Times are left out. */
import type { Ref } from "../../src/memory/Arena.js"
import type { StreamId } from "../../src/bytes/StreamId.js"
import { decodeDumpPayload } from "../../src/rdb/decode/RdbDecoderDump.js"
import type {
  RdbSlice,
  RdbStreamConsumer,
  RdbStreamGroup,
  RdbStreamInfo,
} from "../../src/rdb/format/RdbSink.js"
import { type BlockReader, liveBlocks, walkFrozenStream } from "../../src/store/types/FrozenStreams.js"
import { StreamLoader } from "../../src/store/types/StreamLoader.js"
import { checkStreamValue, streamType } from "../../src/store/types/StreamValue.js"
import { CollectingSink } from "../rdb/CollectingSink.js"
import { checkedArena } from "../support/Memory.js"

const hex = (u8: Uint8Array, off: number, len: number): string =>
  Buffer.from(u8.subarray(off, off + len)).toString("hex")

/** Deliveries; beyond 2^53 a DUMP is read with less than all digits. */
const counted = (n: bigint): string => (n >= 0n && n < 2n ** 53n ? String(n) : "many")

export const streamPicture = (reader: BlockReader, value: Ref): string[] => {
  const lines: string[] = []
  const text = (id: StreamId): string => id.toString()
  walkFrozenStream(reader, value, {
    start: (nodes) => lines.push(`${nodes} nodes`),
    node: (id, u8, off, len) => lines.push(`node ${text(id)} ${hex(u8, off, len)}`),
    info: (length, last, first, deleted, added, groups) =>
      lines.push(
        `length ${length} last ${text(last)} first ${text(first)} deleted ${text(deleted)} added ${added}`,
        `${groups} groups`,
      ),
    group: (u8, off, len, last, read, pending) =>
      lines.push(`group ${hex(u8, off, len)} last ${text(last)} read ${read} pending ${pending}`),
    pending: (id, _time, deliveries) => lines.push(`pending ${text(id)} ${counted(deliveries)}`),
    consumers: (n) => lines.push(`${n} consumers`),
    consumer: (u8, off, len, _seen, pending) =>
      lines.push(`consumer ${hex(u8, off, len)} pending ${pending}`),
    owned: (id) => lines.push(`owned ${text(id)}`),
  })
  return lines
}

/** Loads the stream of a DUMP payload. */
class LoadingSink extends CollectingSink {
  stream_: Ref = 0
  constructor(private readonly loader: StreamLoader) {
    super()
  }
  private must(ok: boolean): void {
    if (!ok) throw new Error("the loader refuses a part of a good stream")
  }
  override streamStart(): void {
    this.loader.start()
  }
  override streamNode(id: RdbSlice, lp: RdbSlice): void {
    this.loader.node(id.bytes, id.offset, lp.bytes, lp.offset, lp.length)
  }
  override streamInfo(info: RdbStreamInfo): void {
    this.loader.info(info)
  }
  override groupStart(name: RdbSlice, group: RdbStreamGroup): void {
    this.must(this.loader.openGroup(name.bytes, name.offset, name.length, group.lastId, group.entriesRead))
  }
  override groupPending(id: RdbSlice, time: number, deliveries: number): void {
    this.must(this.loader.pending(id.bytes, id.offset, time, deliveries))
  }
  override consumerStart(name: RdbSlice, consumer: RdbStreamConsumer): void {
    this.must(this.loader.openConsumer(name.bytes, name.offset, name.length, consumer.seenTimeMs))
  }
  override consumerPending(id: RdbSlice): void {
    this.must(this.loader.owned(id.bytes, id.offset))
  }
  override consumerEnd(): void {}
  override groupEnd(): void {}
  override streamEnd(): void {
    this.stream_ = this.loader.end()
    this.must(this.stream_ !== 0)
  }
}

/** The picture of the stream in a DUMP payload; it passes through the loader, and all it made is freed again. */
export const dumpPicture = (payload: Uint8Array): string[] => {
  const arena = checkedArena()
  const sink = new LoadingSink(new StreamLoader(arena))
  const outcome = decodeDumpPayload(payload, Buffer.from("k"), sink, { sanitize: false })
  if (outcome.kind !== "ok") throw new Error(`not a good payload: ${JSON.stringify(outcome)}`)
  checkStreamValue(arena, sink.stream_)
  const lines = streamPicture(liveBlocks(arena), sink.stream_)
  if (streamType.freeStep(arena, 0, sink.stream_, Infinity) !== 0 || arena.usedBytes !== 0)
    throw new Error("a loaded stream left blocks behind")
  return lines
}
