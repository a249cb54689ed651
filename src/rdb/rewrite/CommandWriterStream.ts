/**
 * Writes streams as the commands that make them:
 *
 *     XADD an entry each, or one that MAXLEN 0 takes away at once | XSETID with all that it can say
 *     for each group: XGROUP CREATE | for each consumer: XCLAIM a pending entry each, or XGROUP CREATECONSUMER
 *
 * A group's pending entries come before the consumers who own them: what is said of them is kept, 32 bytes each.
 */
import { StreamId } from "../../bytes/StreamId.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { lpv } from "../../bytes/packed/Listpack.js"
import type { Ref } from "../../memory/Arena.js"
import type { FrozenReader } from "../../memory/Snapshot.js"
import { NodeCursor } from "../../memory/stream/StreamNode.js"
import { type StreamSink, walkFrozenStream } from "../../store/types/FrozenStreams.js"
import type { CommandOutput } from "./CommandOutput.js"

const NO_BYTES = new Uint8Array(0)
const ID_WORDS = 4

/** Pending entries of one group, in order of their IDs. */
class Pendings {
  private ids = new Int32Array(ID_WORDS * 16)
  private times = new Float64Array(16)
  private deliveries = new BigInt64Array(16)
  private count = 0
  private readonly probe = new StreamId()

  open(count: number): void {
    this.count = 0
    if (count <= this.times.length) return
    this.ids = new Int32Array(ID_WORDS * count)
    this.times = new Float64Array(count)
    this.deliveries = new BigInt64Array(count)
  }

  add(id: StreamId, timeMs: number, deliveries: bigint): void {
    id.store(this.ids, this.count * ID_WORDS)
    this.times[this.count] = timeMs
    this.deliveries[this.count] = deliveries
    this.count++
  }

  /** Index of an ID that is there. */
  find(id: StreamId): number {
    let low = 0
    let high = this.count - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const order = this.probe.load(this.ids, middle * ID_WORDS).compare(id)
      if (order === 0) return middle
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    throw new Error("a consumer owns what is not pending in its group")
  }

  timeOf(index: number): number {
    return this.times[index]
  }

  deliveriesOf(index: number): bigint {
    return this.deliveries[index]
  }
}

export class CommandWriterStream implements StreamSink {
  private readonly cursor = new NodeCursor()
  private readonly id = new StreamId()
  private readonly pendings = new Pendings()
  private keyBytes: Uint8Array = NO_BYTES
  private keyOffset = 0
  private keyLength = 0
  private groupName: Uint8Array = NO_BYTES
  private consumerName: Uint8Array = NO_BYTES
  private entries = 0

  constructor(
    private readonly commands: CommandOutput,
    private readonly reader: FrozenReader,
  ) {}

  write(value: Ref, key: Uint8Array, keyOffset: number, keyLength: number): void {
    this.keyBytes = key
    this.keyOffset = keyOffset
    this.keyLength = keyLength
    walkFrozenStream(this.reader, value, this)
  }

  private key(): void {
    this.commands.bulk(this.keyBytes, this.keyOffset, this.keyLength)
  }

  private element(u8: Uint8Array, at: number): void {
    Listpack.get(u8, at)
    this.commands.bulk(lpv.src, lpv.off, lpv.len)
  }

  start(): void {
    this.entries = 0
  }

  node(master: StreamId, u8: Uint8Array, off: number): void {
    const { cursor, commands, id } = this
    cursor.open(u8, off, master, false)
    while (cursor.next()) {
      const { fields } = cursor
      if (cursor.deleted) {
        for (let i = 0; i < fields; i++) cursor.field()
        continue
      }
      this.entries++
      commands.begin(3 + fields * 2, "XADD")
      this.key()
      commands.streamId(id.set(cursor.mh, cursor.ml, cursor.sh, cursor.sl))
      for (let i = 0; i < fields; i++) {
        cursor.field()
        this.element(u8, cursor.fieldAt)
        this.element(u8, cursor.valueAt)
      }
    }
  }

  info(
    _length: number,
    lastId: StreamId,
    _firstId: StreamId,
    maxDeletedId: StreamId,
    entriesAdded: bigint,
  ): void {
    const { commands } = this
    if (this.entries === 0) {
      commands.begin(7, "XADD")
      this.key()
      for (const word of ["MAXLEN", "0", "0-1", "x", "y"]) commands.word(word)
    }
    commands.begin(7, "XSETID")
    this.key()
    commands.streamId(lastId)
    commands.word("ENTRIESADDED")
    commands.text(String(entriesAdded))
    commands.word("MAXDELETEDID")
    commands.streamId(maxDeletedId)
  }

  group(
    u8: Uint8Array,
    nameOff: number,
    nameLen: number,
    lastId: StreamId,
    entriesRead: bigint,
    pending: number,
  ): void {
    const { commands } = this
    this.groupName = u8.slice(nameOff, nameOff + nameLen)
    this.pendings.open(pending)
    commands.begin(7, "XGROUP")
    commands.word("CREATE")
    this.key()
    commands.bulk(this.groupName, 0, nameLen)
    commands.streamId(lastId)
    commands.word("ENTRIESREAD")
    commands.text(String(BigInt.asIntN(64, entriesRead)))
  }

  pending(id: StreamId, deliveryTimeMs: number, deliveries: bigint): void {
    this.pendings.add(id, deliveryTimeMs, deliveries)
  }

  consumers(): void {}

  consumer(u8: Uint8Array, nameOff: number, nameLen: number, _seenTimeMs: number, pending: number): void {
    const { commands, groupName } = this
    this.consumerName = u8.slice(nameOff, nameOff + nameLen)
    if (pending > 0) return
    commands.begin(5, "XGROUP")
    commands.word("CREATECONSUMER")
    this.key()
    commands.bulk(groupName, 0, groupName.length)
    commands.bulk(this.consumerName, 0, nameLen)
  }

  owned(id: StreamId): void {
    const { commands, groupName, consumerName, pendings } = this
    const index = pendings.find(id)
    commands.begin(12, "XCLAIM")
    this.key()
    commands.bulk(groupName, 0, groupName.length)
    commands.bulk(consumerName, 0, consumerName.length)
    commands.word("0")
    commands.streamId(id)
    commands.word("TIME")
    commands.text(String(pendings.timeOf(index)))
    commands.word("RETRYCOUNT")
    commands.text(String(pendings.deliveriesOf(index)))
    commands.word("JUSTID")
    commands.word("FORCE")
  }
}
