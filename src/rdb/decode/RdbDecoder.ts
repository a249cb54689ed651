/**
 * Reads an RDB file, versions 1 to 12, from chunks of any size and tells a sink what it holds. Pure and synchronous: no
 * file, no socket, no clock. RdbTypes.ts has the outer format, RdbDecoderValues.ts the values.
 *
 *            feed           record               0xff              8 bytes
 *     header ----> records --------> records ... -----> trailer ----------> done
 *                                                 version below 5: done at once
 *
 * Whatever the bytes, `feed` returns or throws an RdbCorruptError or RdbVersionError; what the sink throws passes
 * through unchanged, except a CorruptValue. After a throw the decoder is dead and says the same again. `feed` after the
 * end takes nothing: a replication stream goes on behind the file, and `feed` tells how much of the chunk was the
 * file's.
 *
 * Example: 52 45 44 49 53 30 30 31 30 | fe 00 | 00 01 6b 01 76 | ff + 8 bytes is version 10, database 0, "k" = "v".
 */
import { NEED_MORE, RdbDecoderInput, Scratch } from "./RdbDecoderInput.js"
import { damageOf } from "../RdbDamage.js"
import { moduleTypeName, skipModuleItems } from "./RdbDecoderModule.js"
import { RdbDecoderValues } from "./RdbDecoderValues.js"
import { CorruptValue, RdbCorruptError, RdbVersionError, corrupt, printable } from "../format/RdbErrors.js"
import { RdbSlice, type RdbSink } from "../format/RdbSink.js"
import {
  RDB_VERSION_MAX,
  RDB_VERSION_MIN,
  RDB_VERSION_WITH_CRC,
  RdbModuleOpcode,
  RdbOpcode,
  isRdbValueType,
} from "../format/RdbTypes.js"

const HEADER_BYTES = 9
const DB_MAX = 0x7fffffff

/** How a file is read. */
export interface RdbDecoderOptions {
  /** Names the source in errors. */
  readonly path: string
  /** Size of the whole file where known: lengths beyond it are refused at once. */
  readonly totalBytes?: number | undefined
  /** Compare the CRC-64 at the end; default true. */
  readonly checksum?: boolean | undefined
  /** Look for repeated members and the like in packed values (`sanitize-dump-payload`); default false. */
  readonly sanitize?: boolean | undefined
  /** Pass over module values, telling `sink.moduleValue`, instead of failing; default false. */
  readonly skipModuleValues?: boolean | undefined
}

type Phase = "header" | "records" | "moduleAux" | "trailer" | "done" | "failed"

/** Reads the bytes of an RDB file, in any cut, and tells a sink what is in it. */
export class RdbDecoder {
  private readonly input: RdbDecoderInput
  private readonly values: RdbDecoderValues
  private readonly key = new RdbSlice()
  private readonly value = new RdbSlice()
  private readonly keyScratch = new Scratch()
  private readonly valueScratch = new Scratch()
  private phase: Phase = "header"
  private version = 0
  private failure: unknown = undefined

  /** Feed it the file's bytes in order, then `finish` it; the sink's calls come meanwhile. */
  constructor(
    private readonly sink: RdbSink,
    private readonly options: RdbDecoderOptions,
  ) {
    this.input = new RdbDecoderInput(options.totalBytes ?? Infinity, options.checksum ?? true)
    this.values = new RdbDecoderValues(
      this.input,
      sink,
      options.sanitize ?? false,
      options.skipModuleValues ?? false,
    )
  }

  /** The file's end was read and its checksum is good. */
  get done(): boolean {
    return this.phase === "done"
  }

  /** Bytes decoded so far. */
  get offset(): number {
    return this.input.offset
  }

  /**
   * Decodes on with the next bytes of the file and returns how many of them were the file's: all of them, unless it
   * ended among them. The chunk may be reused once this returns. Throws RdbCorruptError or RdbVersionError.
   */
  feed(chunk: Uint8Array): number {
    if (this.phase === "failed") throw this.failure
    if (this.phase === "done") return 0
    const { input } = this
    input.attach(chunk)
    if (input.available < input.wanted) {
      input.detach()
      return chunk.length
    }
    input.wanted = 0
    try {
      this.run()
    } catch (thrown) {
      if (thrown !== NEED_MORE) this.fail(thrown)
      this.values.keepKeyText()
      input.rewind()
    }
    const left = input.available
    input.detach()
    return this.done ? chunk.length - left : chunk.length
  }

  /** To be called when the source has no more bytes: throws RdbCorruptError unless the file was complete. */
  finish(): void {
    if (this.phase === "failed") throw this.failure
    if (this.phase !== "done") {
      this.fail(
        new CorruptValue("unexpected end of file", "truncated"),
        this.input.offset + this.input.available,
      )
    }
  }

  private fail(thrown: unknown, offset = this.input.unitOffset): never {
    this.phase = "failed"
    this.failure = thrown instanceof CorruptValue ? this.corruption(thrown, offset) : thrown
    throw this.failure
  }

  private corruption(value: CorruptValue, offset: number): RdbCorruptError {
    const { options, values } = this
    const { damage, reason } = value
    const ofFile = damage === "signature" || damage === "truncated" || damage === "checksum"
    const key = values.keyText
    return new RdbCorruptError({
      path: options.path,
      offset,
      kind: ofFile ? damage : "format",
      reason,
      damage: key === undefined ? undefined : damageOf(values.typeRead, value),
      key,
    })
  }

  private run(): void {
    const { input, values } = this
    while (this.phase !== "done") {
      input.mark()
      if (this.phase === "records") {
        if (values.active) values.resume()
        else this.record()
      } else if (this.phase === "header") this.header()
      else if (this.phase === "trailer") this.trailer()
      else {
        skipModuleItems(input, this.value, this.valueScratch)
        this.phase = "records"
      }
    }
  }

  private header(): void {
    const { input, key } = this
    input.fixed(HEADER_BYTES, key)
    const text = String.fromCharCode(...key.copy())
    if (!/^REDIS\d{4}$/.test(text))
      corrupt(`not an RDB file: it starts "${printable(key.copy())}"`, "signature")
    this.version = Number(text.slice(5))
    if (this.version < RDB_VERSION_MIN || this.version > RDB_VERSION_MAX) {
      throw new RdbVersionError({
        path: this.options.path,
        offset: 0,
        reason: `can't handle RDB format version ${this.version}`,
        version: this.version,
      })
    }
    this.sink.version(this.version)
    this.phase = "records"
  }

  private trailer(): void {
    const difference = this.input.checksumDifference()
    if (difference !== undefined) corrupt(`wrong checksum ${difference}`, "checksum")
    this.end()
  }

  private end(): void {
    this.phase = "done"
    this.sink.end()
  }

  private record(): void {
    const type = this.input.byte()
    if (type < RdbOpcode.SlotInfo) {
      if (!isRdbValueType(type)) corrupt(`unknown value type ${type}`)
      this.values.begin(type)
    } else this.opcode(type)
  }

  private opcode(opcode: number): void {
    const { input, sink, key, value } = this
    switch (opcode) {
      case RdbOpcode.End:
        if (this.version >= RDB_VERSION_WITH_CRC) this.phase = "trailer"
        else this.end()
        return
      case RdbOpcode.SelectDb: {
        const db = input.length()
        return sink.selectDb(db <= DB_MAX ? db : corrupt(`database ${db}`))
      }
      case RdbOpcode.ResizeDb: {
        const keys = input.length()
        return sink.resizeDb(keys, input.length())
      }
      case RdbOpcode.Aux:
        input.string(key, this.keyScratch)
        input.string(value, this.valueScratch)
        return sink.aux(key, value)
      case RdbOpcode.Function:
        input.string(value, this.valueScratch)
        return sink.functionLibrary(value)
      case RdbOpcode.FunctionPreGa:
        return this.releaseCandidateFunction()
      case RdbOpcode.SlotInfo: {
        const slot = input.length()
        const keys = input.length()
        return sink.slotInfo(slot, keys, input.length())
      }
      case RdbOpcode.ModuleAux:
        return this.moduleAux()
      default:
        return this.qualifier(opcode)
    }
  }

  /** name | engine | 0, or 1 and a description | source, which lacks the first line that names both today. */
  private releaseCandidateFunction(): void {
    const { input, key, value } = this
    const parts: Array<Uint8Array> = [Buffer.from("#!")]
    input.string(key, this.keyScratch)
    input.string(value, this.valueScratch)
    parts.push(value.copy(), Buffer.from(" name="), key.copy(), Buffer.from("\n"))
    if (input.length() !== 0) input.string(value, this.valueScratch)
    input.string(value, this.valueScratch)
    parts.push(value.copy())
    value.bytes = Buffer.concat(parts)
    value.offset = 0
    value.length = value.bytes.length
    this.sink.functionLibrary(value)
  }

  /** What is said of the next key. */
  private qualifier(opcode: number): void {
    const { input } = this
    const { meta } = this.values
    if (opcode === RdbOpcode.ExpireMs || opcode === RdbOpcode.ExpireSeconds) {
      const at = opcode === RdbOpcode.ExpireMs ? input.int64() : input.int32() * 1000
      const low = at >>> 0
      // As in Redis -1 says that there is none.
      meta.hasExpiry = at !== -1
      meta.expireAtMs = at
      meta.expireLo = opcode === RdbOpcode.ExpireMs ? input.lengthLo : low
      meta.expireHi = opcode === RdbOpcode.ExpireMs ? input.lengthHi : (at - low) / 0x100000000
    } else if (opcode === RdbOpcode.Idle) meta.idleSeconds = input.length()
    else meta.freq = input.byte()
  }

  private moduleAux(): void {
    const { input } = this
    const name = moduleTypeName(input.lengthBig())
    // When to load it: an unsigned item before the module's own.
    if (input.length() !== RdbModuleOpcode.UnsignedInt) corrupt("module data does not say when to load it")
    input.length()
    this.sink.moduleAux(name)
    this.phase = "moduleAux"
  }
}
