/**
 * The stream types 15, 19 and 21:
 *
 *     n | (16-byte ID | listpack) * n | length | last ID
 *     | first ID | max deleted ID | entries added                                                     from 19 on
 *     | g | group * g
 *
 *     group     name | last ID | entries read (from 19 on) | p | pending * p | c | consumer * c
 *     pending   16-byte ID | delivery time, 8 bytes | deliveries
 *     consumer  name | seen time, 8 bytes | active time, 8 bytes (from 21 on) | p | 16-byte ID * p
 *
 * IDs not marked as of 16 bytes are two lengths; other counts and numbers are lengths, names strings, times milliseconds
 * as little-endian int64. Each node, pending entry and head is one unit of reading.
 */
import { Scratch, type RdbDecoderInput } from "./RdbDecoderInput.js"
import { corrupt } from "../format/RdbErrors.js"
import { RdbSlice, type RdbSink, type RdbStreamId } from "../format/RdbSink.js"
import { RdbType } from "../format/RdbTypes.js"
import type { RdbMend } from "../load/RdbMend.js"
import { checkStreamNode } from "./RdbValidate.js"

type Step = "nodes" | "info" | "group" | "pending" | "consumers" | "consumer" | "owned"

const UNKNOWN_COUNT = 0xffffffffffffffffn
const ID_BYTES = 16

export class RdbDecoderStream {
  private step: Step = "nodes"
  private type = 0
  private nodes = 0
  private groups = 0
  private pending = 0
  private consumers = 0
  private owned = 0
  /** Pending entries of the group that no consumer has named. */
  private unowned = 0
  private readonly id = new RdbSlice()
  private readonly data = new RdbSlice()
  private readonly scratch = new Scratch()
  private readonly idScratch = new Scratch()
  private readonly lastNodeId = new Uint8Array(ID_BYTES)
  private hasLastNode = false

  constructor(
    private readonly input: RdbDecoderInput,
    private readonly sink: RdbSink,
    private readonly mender: RdbMend,
    private readonly deep: boolean,
  ) {}

  start(type: number, nodes: number): void {
    this.type = type
    this.nodes = nodes
    this.hasLastNode = false
    this.step = "nodes"
  }

  /** Reads on; returns when the stream is complete, throws NEED_MORE before. */
  resume(): void {
    for (;;) {
      this.input.mark()
      switch (this.step) {
        case "nodes":
          this.readNodes()
          break
        case "info":
          this.readInfo()
          break
        case "group":
          if (this.groups === 0) return this.sink.streamEnd()
          this.readGroup()
          break
        case "pending":
          this.readPending()
          break
        case "consumers":
          this.consumers = this.input.count(10)
          this.step = "consumer"
          break
        case "consumer":
          this.readConsumer()
          break
        case "owned":
          this.readOwned()
          break
      }
    }
  }

  private readNodes(): void {
    const { input, id, data } = this
    while (this.nodes > 0) {
      input.mark()
      input.string(id, this.idScratch)
      input.string(data, this.scratch)
      const live = checkStreamNode(id, data, this.mender, this.deep)
      this.checkRepetition()
      if (live >= 0) this.sink.streamNode(id, data)
      this.nodes--
    }
    this.step = "info"
  }

  private checkRepetition(): void {
    const { bytes, offset } = this.id
    if (this.hasLastNode) {
      let i = 0
      while (i < ID_BYTES && bytes[offset + i] === this.lastNodeId[i]) i++
      if (i === ID_BYTES) corrupt("stream: repeated node")
    }
    for (let i = 0; i < ID_BYTES; i++) this.lastNodeId[i] = bytes[offset + i]
    this.hasLastNode = true
  }

  private readId(): RdbStreamId {
    const ms = this.input.numberBig()
    const seq = this.input.numberBig()
    return { ms, seq }
  }

  private readInfo(): void {
    const { input } = this
    const length = input.numberBig()
    const lastId = this.readId()
    const late = this.type !== RdbType.StreamV1
    const firstId = late ? this.readId() : undefined
    const maxDeletedId = late ? this.readId() : undefined
    const entriesAdded = late ? input.numberBig() : undefined
    this.groups = input.count(5)
    if (length !== 0n && !this.hasLastNode) corrupt("stream: a length without entries")
    this.sink.streamInfo({ length, lastId, firstId, maxDeletedId, entriesAdded })
    this.step = "group"
  }

  private readGroup(): void {
    const { input } = this
    input.string(this.data, this.scratch)
    const lastId = this.readId()
    const read = this.type === RdbType.StreamV1 ? undefined : input.numberBig()
    const entriesRead = read === UNKNOWN_COUNT ? -1n : read
    this.pending = input.count(ID_BYTES + 9)
    this.unowned = this.pending
    this.sink.groupStart(this.data, { lastId, entriesRead, pendingCount: this.pending })
    this.step = "pending"
  }

  private readPending(): void {
    const { input, id } = this
    while (this.pending > 0) {
      input.mark()
      input.fixed(ID_BYTES, id)
      const deliveryTimeMs = input.int64()
      this.sink.groupPending(id, deliveryTimeMs, input.number())
      this.pending--
    }
    this.step = "consumers"
  }

  private readConsumer(): void {
    const { input } = this
    if (this.consumers === 0) {
      if (this.deep && this.unowned !== 0) corrupt("stream: a pending entry has no consumer")
      this.sink.groupEnd()
      this.groups--
      this.step = "group"
      return
    }
    input.string(this.data, this.scratch)
    const seenTimeMs = input.int64()
    const activeTimeMs = this.type === RdbType.StreamV3 ? input.int64() : undefined
    this.owned = input.count(ID_BYTES)
    this.sink.consumerStart(this.data, { seenTimeMs, activeTimeMs, pendingCount: this.owned })
    this.step = "owned"
  }

  private readOwned(): void {
    const { input, id } = this
    while (this.owned > 0) {
      input.mark()
      input.fixed(ID_BYTES, id)
      this.sink.consumerPending(id)
      this.unowned--
      this.owned--
    }
    this.sink.consumerEnd()
    this.consumers--
    this.step = "consumer"
  }
}
