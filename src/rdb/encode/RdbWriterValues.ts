/**
 * Writes the values that are not strings, in the forms redis-server 7.0 writes:
 *
 *     list      18  nodes | (1 | element, or 2 | listpack) a node
 *     set       11  intset                      2  n | member * n
 *     zset      17  listpack                    5  n | (member | score, 8 bytes) * n, the highest score first
 *     hash      16  listpack                    4  n | (field | value) * n
 *     stream    19  RdbWriterStream.ts
 */
import type { Ref } from "../../memory/Arena.js"
import * as Intset from "../../bytes/packed/Intset.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { frozenListCounts, walkFrozenList } from "../../memory/list/QuicklistWalk.js"
import { FrozenBlock, type FrozenReader } from "../../memory/Snapshot.js"
import {
  HASH_LISTPACK,
  SET_INTSET,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STREAM,
  TYPE_ZSET,
  ZSET_LISTPACK,
} from "../../store/Entry.js"
import {
  frozenHashCount,
  frozenSetCount,
  walkFrozenHash,
  walkFrozenSet,
} from "../../store/types/FrozenCollections.js"
import { frozenSortedSetCount, walkFrozenSortedSet } from "../../store/types/FrozenSortedSets.js"
import type { RdbOutput } from "./RdbOutput.js"
import { RdbNodeContainer, RdbType } from "../format/RdbTypes.js"
import { RdbWriterStream } from "./RdbWriterStream.js"

const score = new Float64Array(1)
const scoreBytes = new Uint8Array(score.buffer)

export class RdbWriterValues {
  private readonly block = new FrozenBlock()
  private readonly stream: RdbWriterStream

  constructor(
    private readonly out: RdbOutput,
    private readonly reader: FrozenReader,
  ) {
    this.stream = new RdbWriterStream(out, reader)
  }

  /** The type byte of a value. */
  type(type: number, encoding: number): number {
    switch (type) {
      case TYPE_LIST:
        return RdbType.ListQuicklist2
      case TYPE_SET:
        return encoding === SET_INTSET ? RdbType.SetIntset : RdbType.Set
      case TYPE_ZSET:
        return encoding === ZSET_LISTPACK ? RdbType.ZsetListpack : RdbType.ZsetBinary
      case TYPE_HASH:
        return encoding === HASH_LISTPACK ? RdbType.HashListpack : RdbType.Hash
      case TYPE_STREAM:
        return RdbType.StreamV2
      default:
        throw new Error(`no RDB type for values of type ${type}`)
    }
  }

  write(type: number, encoding: number, value: Ref): void {
    switch (type) {
      case TYPE_LIST:
        return this.list(value)
      case TYPE_SET:
        return encoding === SET_INTSET ? this.intset(value) : this.set(encoding, value)
      case TYPE_ZSET:
        return encoding === ZSET_LISTPACK ? this.listpack(value) : this.zset(encoding, value)
      case TYPE_HASH:
        return encoding === HASH_LISTPACK ? this.listpack(value) : this.hash(encoding, value)
      default:
        return this.stream.write(value)
    }
  }

  private listpack(value: Ref): void {
    this.reader.load(value, this.block)
    this.out.string(this.block.u8, 0, Listpack.byteLength(this.block.u8, 0))
  }

  private intset(value: Ref): void {
    this.reader.load(value, this.block)
    this.out.string(this.block.u8, 0, Intset.byteLength(this.block.u8, 0))
  }

  private list(value: Ref): void {
    const { out, reader, block } = this
    out.length(frozenListCounts(reader, value, block).nodes)
    walkFrozenList(
      reader,
      value,
      (bytes, off, len, plain) => {
        out.length(plain ? RdbNodeContainer.Plain : RdbNodeContainer.Packed)
        out.string(bytes, off, len)
      },
      block,
    )
  }

  private set(encoding: number, value: Ref): void {
    const { out, reader } = this
    out.length(frozenSetCount(reader, encoding, value))
    walkFrozenSet(reader, encoding, value, (src, off, len) => out.string(src, off, len))
  }

  private hash(encoding: number, value: Ref): void {
    const { out, reader } = this
    out.length(frozenHashCount(reader, encoding, value))
    walkFrozenHash(reader, encoding, value, (fieldSrc, fieldOff, fieldLen, src, off, len) => {
      out.string(fieldSrc, fieldOff, fieldLen)
      out.string(src, off, len)
    })
  }

  private zset(encoding: number, value: Ref): void {
    const { out, reader } = this
    out.length(frozenSortedSetCount(reader, encoding, value))
    walkFrozenSortedSet(
      reader,
      encoding,
      value,
      (src, off, len, x) => {
        out.string(src, off, len)
        score[0] = x
        out.double(scoreBytes, 0)
      },
      true,
    )
  }
}
