/**
 * Writes the records of an RDB file, version 10, from a frozen view of the keyspace: what redis-server 7.0 writes, in the
 * encodings it uses.
 *
 *     header | AUX * | libraries | (SELECTDB db | RESIZEDB keys, expires | record *) * | 0xff | CRC-64
 *     record: [fc expiry] [f8 idle | f9 frequency] type | key | value
 *
 * The view is read through a FrozenReader, on whatever thread, one block at a time; RdbWriterValues.ts has the values.
 */
import type { Ref } from "../../memory/Arena.js"
import { FrozenBlock, type FrozenReader } from "../../memory/Snapshot.js"
import { EXTRA_EXPIRING, STRING_EXTERNAL, TYPE_STRING } from "../../store/Entry.js"
import { countNow, idleSeconds } from "../../store/eviction/AccessClock.js"
import type { RdbOutput } from "./RdbOutput.js"
import { RdbOpcode, RdbType } from "../format/RdbTypes.js"
import { RdbWriterValues } from "./RdbWriterValues.js"
import type { AccessPolicy, SnapshotDatabase } from "../snapshot/SnapshotJob.js"

/** The version written: Redis 7.0's, the newest that its replicas read. */
export const RDB_VERSION_WRITTEN = 10
/** Bytes of a string's block before the string. */
export const LONG_STRING_HEADER_BYTES = 8

export class RdbWriter {
  private readonly entry = new FrozenBlock()
  private readonly block = new FrozenBlock()
  private readonly values: RdbWriterValues

  constructor(
    private readonly out: RdbOutput,
    private readonly reader: FrozenReader,
    private readonly access: AccessPolicy,
    /** Unix milliseconds, for idle times. */
    private readonly now: number,
    /** lfu-decay-time, for frequencies. */
    private readonly countDecay: number,
  ) {
    this.values = new RdbWriterValues(out, reader)
  }

  header(aux: ReadonlyArray<readonly [string, string]>, libraries: ReadonlyArray<Uint8Array>): void {
    const { out } = this
    out.ascii(`REDIS${String(RDB_VERSION_WRITTEN).padStart(4, "0")}`)
    for (const [name, value] of aux) {
      out.byte(RdbOpcode.Aux)
      out.text(name)
      out.text(value)
    }
    for (const code of libraries) {
      out.byte(RdbOpcode.Function)
      out.string(code, 0, code.length)
    }
  }

  database(db: SnapshotDatabase): void {
    const { out } = this
    out.byte(RdbOpcode.SelectDb)
    out.length(db.id)
    out.byte(RdbOpcode.ResizeDb)
    out.length(db.keys)
    out.length(db.expires)
  }

  end(): void {
    this.out.byte(RdbOpcode.End)
    this.out.trailer()
  }

  /** The entry of a key, as it was when the reader's snapshot opened. */
  record(ref: Ref): void {
    const { out, reader, entry } = this
    reader.load(ref, entry)
    const words = entry.i32
    const meta = words[0]
    const extra = meta & 7
    const type = (meta >>> 3) & 7
    const encoding = (meta >>> 6) & 3
    if (extra === EXTRA_EXPIRING && (words[3] !== -1 || words[4] !== -1)) {
      out.byte(RdbOpcode.ExpireMs)
      out.pair64(words[3], words[4])
    }
    if (this.access !== "none") this.use(meta >>> 8)
    const keyOffset = 8 + (extra << 2)
    const keyLength = words[1]
    if (type === TYPE_STRING) {
      out.byte(RdbType.String)
      out.string(entry.u8, keyOffset, keyLength)
      if (encoding === STRING_EXTERNAL) this.longString(words[2])
      else out.string(entry.u8, keyOffset + keyLength, words[2])
      return
    }
    out.byte(this.values.type(type, encoding))
    out.string(entry.u8, keyOffset, keyLength)
    this.values.write(type, encoding, words[2])
  }

  /** A value without its key, as DUMP has it. */
  value(ref: Ref): void {
    const { out, reader, entry } = this
    reader.load(ref, entry)
    const words = entry.i32
    const extra = words[0] & 7
    const type = (words[0] >>> 3) & 7
    const encoding = (words[0] >>> 6) & 3
    if (type !== TYPE_STRING) {
      out.byte(this.values.type(type, encoding))
      this.values.write(type, encoding, words[2])
      return
    }
    out.byte(RdbType.String)
    if (encoding === STRING_EXTERNAL) this.longString(words[2])
    else out.string(entry.u8, 8 + (extra << 2) + words[1], words[2])
  }

  private longString(ref: Ref): void {
    this.reader.load(ref, this.block)
    this.out.string(this.block.u8, LONG_STRING_HEADER_BYTES, this.block.i32[0])
  }

  /** When or how often the key was used, from its access clock (AccessClock.ts). */
  private use(clock: number): void {
    const { out, now } = this
    if (this.access === "lru") {
      out.byte(RdbOpcode.Idle)
      out.length(idleSeconds(clock, now))
      return
    }
    out.byte(RdbOpcode.Freq)
    out.byte(countNow(clock, now, this.countDecay))
  }
}
