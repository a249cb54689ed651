/**
 * Writes the commands that make the data set anew from a frozen view of the keyspace: the base of an append-only file
 * without an RDB file, as redis-server 7.0 writes it.
 *
 *     [#TS line] | FUNCTION LOAD * | (SELECT db | (commands of a key | [PEXPIREAT]) *) *
 *
 *     string  SET                        set   SADD, 64 members each
 *     list    RPUSH, 64 elements each    zset  ZADD, 64 members each
 *     hash    HMSET, 64 fields each      stream  CommandWriterStream.ts
 */
import { formatPairBefore, INT64_TEXT_MAX } from "../../bytes/Int64.js"
import { formatDouble17 } from "../../bytes/FloatText.js"
import * as Listpack from "../../bytes/packed/Listpack.js"
import { lpv } from "../../bytes/packed/Listpack.js"
import type { Ref } from "../../memory/Arena.js"
import { frozenListCounts, walkFrozenList } from "../../memory/list/QuicklistWalk.js"
import { FrozenBlock, type FrozenReader } from "../../memory/Snapshot.js"
import {
  EXTRA_EXPIRING,
  STRING_EXTERNAL,
  TYPE_HASH,
  TYPE_LIST,
  TYPE_SET,
  TYPE_STRING,
  TYPE_ZSET,
} from "../../store/Entry.js"
import {
  frozenHashCount,
  frozenSetCount,
  walkFrozenHash,
  walkFrozenSet,
} from "../../store/types/FrozenCollections.js"
import { frozenSortedSetCount, walkFrozenSortedSet } from "../../store/types/FrozenSortedSets.js"
import type { RdbOutput } from "../encode/RdbOutput.js"
import { LONG_STRING_HEADER_BYTES } from "../encode/RdbWriter.js"
import type { SnapshotDatabase } from "../snapshot/SnapshotJob.js"
import { CommandOutput } from "./CommandOutput.js"
import { CommandWriterStream } from "./CommandWriterStream.js"

/** Elements of a collection that one command has. */
const ITEMS = 64

export class CommandWriter {
  private readonly entry = new FrozenBlock()
  private readonly block = new FrozenBlock()
  private readonly commands: CommandOutput
  private readonly stream: CommandWriterStream
  private readonly expiry = new Uint8Array(INT64_TEXT_MAX)
  private keyOffset = 0
  private keyLength = 0
  /** Elements of the collection at hand that are in no command yet. */
  private left = 0
  /** Elements that the command at hand still lacks. */
  private room = 0

  /** @param startSeconds Unix time for the first line, where lines of the time are wanted */
  constructor(
    private readonly out: RdbOutput,
    private readonly reader: FrozenReader,
    private readonly startSeconds: number | undefined,
  ) {
    this.commands = new CommandOutput(out)
    this.stream = new CommandWriterStream(this.commands, reader)
  }

  header(_aux: ReadonlyArray<readonly [string, string]>, libraries: ReadonlyArray<Uint8Array>): void {
    if (this.startSeconds !== undefined) this.out.ascii(`#TS:${this.startSeconds}\r\n`)
    for (const code of libraries) {
      this.commands.begin(3, "FUNCTION")
      this.commands.word("LOAD")
      this.commands.bulk(code, 0, code.length)
    }
  }

  database(db: SnapshotDatabase): void {
    this.commands.begin(2, "SELECT")
    this.commands.text(String(db.id))
  }

  end(): void {}

  /** The commands of a key, as it was when the reader's snapshot opened. */
  record(ref: Ref): void {
    const { entry, commands } = this
    this.reader.load(ref, entry)
    const words = entry.i32
    const extra = words[0] & 7
    const type = (words[0] >>> 3) & 7
    const encoding = (words[0] >>> 6) & 3
    this.keyOffset = 8 + (extra << 2)
    this.keyLength = words[1]
    if (type === TYPE_STRING) this.string(encoding, words[2])
    else this.collection(type, encoding, words[2])
    if (extra !== EXTRA_EXPIRING || (words[3] === -1 && words[4] === -1)) return
    commands.begin(3, "PEXPIREAT")
    this.key()
    const from = formatPairBefore(this.expiry, INT64_TEXT_MAX, words[4], words[3])
    commands.bulk(this.expiry, from, INT64_TEXT_MAX - from)
  }

  private key(): void {
    this.commands.bulk(this.entry.u8, this.keyOffset, this.keyLength)
  }

  private string(encoding: number, value: number): void {
    const { commands, block } = this
    commands.begin(3, "SET")
    this.key()
    if (encoding !== STRING_EXTERNAL) {
      commands.bulk(this.entry.u8, this.keyOffset + this.keyLength, value)
      return
    }
    this.reader.load(value, block)
    commands.bulk(block.u8, LONG_STRING_HEADER_BYTES, block.i32[0])
  }

  private collection(type: number, encoding: number, value: Ref): void {
    switch (type) {
      case TYPE_LIST:
        return this.list(value)
      case TYPE_SET:
        return this.set(encoding, value)
      case TYPE_ZSET:
        return this.zset(encoding, value)
      case TYPE_HASH:
        return this.hash(encoding, value)
      default:
        return this.stream.write(value, this.entry.u8, this.keyOffset, this.keyLength)
    }
  }

  /** Before an element of `words` arguments: begins a command where the one before is full. */
  private element(name: string, words: number): void {
    if (this.room === 0) {
      this.room = Math.min(ITEMS, this.left)
      this.left -= this.room
      this.commands.begin(2 + this.room * words, name)
      this.key()
    }
    this.room--
  }

  private list(value: Ref): void {
    const { reader, block, commands } = this
    this.left = frozenListCounts(reader, value, block).elements
    walkFrozenList(
      reader,
      value,
      (bytes, off, len, plain) => {
        if (plain) {
          this.element("RPUSH", 1)
          commands.bulk(bytes, off, len)
          return
        }
        for (let p = off + Listpack.LISTPACK_HEADER; bytes[p] !== Listpack.LISTPACK_END;) {
          this.element("RPUSH", 1)
          Listpack.get(bytes, p)
          commands.bulk(lpv.src, lpv.off, lpv.len)
          p = Listpack.after(bytes, p)
        }
      },
      block,
    )
  }

  private set(encoding: number, value: Ref): void {
    const { reader, commands } = this
    this.left = frozenSetCount(reader, encoding, value)
    walkFrozenSet(reader, encoding, value, (src, off, len) => {
      this.element("SADD", 1)
      commands.bulk(src, off, len)
    })
  }

  private zset(encoding: number, value: Ref): void {
    const { reader, commands } = this
    this.left = frozenSortedSetCount(reader, encoding, value)
    walkFrozenSortedSet(reader, encoding, value, (src, off, len, score) => {
      this.element("ZADD", 2)
      commands.text(formatDouble17(score))
      commands.bulk(src, off, len)
    })
  }

  private hash(encoding: number, value: Ref): void {
    const { reader, commands } = this
    this.left = frozenHashCount(reader, encoding, value)
    walkFrozenHash(reader, encoding, value, (fieldSrc, fieldOff, fieldLen, src, off, len) => {
      this.element("HMSET", 2)
      commands.bulk(fieldSrc, fieldOff, fieldLen)
      commands.bulk(src, off, len)
    })
  }
}
