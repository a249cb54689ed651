/**
 * Keys with their values, all types but streams' insides. The first unit of a value is its key and whatever comes in one
 * piece: the whole value where that is one string (plain strings and packed encodings), else the number of elements; each
 * element then is a unit of its own.
 *
 *     0  string                                      9, 10, 11, 12, 13, 16, 17, 20  one string: the packed bytes
 *     1, 2  n | element * n                          14  n | ziplist * n
 *     3  n | (member | score as text) * n            18  n | (1 | element, or 2 | listpack) * n
 *     4  n | (field | value) * n                     15, 19, 21  see RdbDecoderStream.ts
 *     5  n | (member | score, 8 bytes) * n           6, 7  see RdbDecoderModule.ts
 *     24  TTL base, 8 bytes | n | (TTL | field | value) * n          25  TTL base | listpack of (field, value, TTL)
 *
 * A text score is a length byte and as many digits; lengths 253, 254 and 255 mean NaN, +inf and -inf. Fields with a TTL
 * have no counterpart in Redis 7.0 and are refused; hashes of types 24 and 25 whose fields have none are read.
 */
import { copyBytes } from "../../memory/Arena.js"
import { byteLength } from "../../bytes/packed/Listpack.js"
import { parseDoubleStart } from "../../bytes/FloatText.js"
import {
  ZiplistCursor,
  ZiplistPacker,
  ZipmapCursor,
  packedSize,
  validateZiplist,
  validateZipmap,
} from "./OldEncodings.js"
import { Scratch, type RdbDecoderInput } from "./RdbDecoderInput.js"
import { TripleCursor, checkTriples } from "./RdbDecoderFieldTtls.js"
import { moduleTypeName, moduleTypeVersion, skipModuleItems } from "./RdbDecoderModule.js"
import { RdbDecoderStream } from "./RdbDecoderStream.js"
import { corrupt, printable } from "../format/RdbErrors.js"
import { RdbMend } from "../load/RdbMend.js"
import { RdbMeta, RdbSlice, type RdbSink } from "../format/RdbSink.js"
import { RdbNodeContainer, RdbType, rdbTypeName } from "../format/RdbTypes.js"
import { checkIntset, checkListpack, checkPairsListpack, checkSetListpack } from "./RdbValidate.js"

const TEXT_NAN = 253
const TEXT_INFINITY = 254
const TEXT_MINUS_INFINITY = 255

export class RdbDecoderValues {
  /** A value has begun and is not complete: `resume` reads on. */
  active = false
  /** The value last completed had no elements. */
  wasEmpty = false
  readonly meta = new RdbMeta()
  private type = 0
  private left = 0
  private listStarted = false
  private keyRead = false
  /** The text of the key, once the bytes it was read from are not lent any more. */
  private keptKeyText: string | undefined = undefined
  private readonly key = new RdbSlice()
  private readonly item = new RdbSlice()
  private readonly second = new RdbSlice()
  private readonly keyScratch = new Scratch()
  private readonly itemScratch = new Scratch()
  private readonly secondScratch = new Scratch()
  private heldKey = new Uint8Array(64)
  private readonly digits = new Uint8Array(24)
  private readonly ziplist = new ZiplistCursor()
  private readonly packer = new ZiplistPacker()
  private readonly zipmap = new ZipmapCursor()
  private readonly triples = new TripleCursor()
  private readonly stream: RdbDecoderStream
  /** Puts right what can be, unless such values are to be refused. */
  private readonly mender: RdbMend | undefined

  constructor(
    private readonly input: RdbDecoderInput,
    private readonly sink: RdbSink,
    deep: boolean,
    private readonly skipModules: boolean,
  ) {
    const mender = new RdbMend()
    this.mender = deep ? undefined : mender
    this.stream = new RdbDecoderStream(input, sink, mender, deep)
  }

  /** Type of the value read last; strings do not change it. */
  get typeRead(): number {
    return this.type
  }

  /** The key at hand for an error, if one was read. */
  get keyText(): string | undefined {
    if (!this.keyRead) return undefined
    return this.keptKeyText ?? printable(this.key.bytes, this.key.offset, this.key.length)
  }

  /** To be called before the bytes that the key may lie in are given back. */
  keepKeyText(): void {
    this.keptKeyText = this.keyText
  }

  /** Reads a key and the first unit of its value, the type byte having been read. */
  begin(type: number): void {
    this.keyRead = false
    this.keptKeyText = undefined
    this.input.string(this.key, this.keyScratch)
    this.keyRead = true
    this.beginValue(type)
  }

  /** As `begin`, for a value that comes without its key (a DUMP payload). */
  beginWithKey(type: number, key: Uint8Array): void {
    this.key.bytes = key
    this.key.offset = 0
    this.key.length = key.length
    this.keyRead = true
    this.beginValue(type)
  }

  private beginValue(type: number): void {
    this.wasEmpty = false
    if (type === RdbType.String) {
      this.input.string(this.item, this.itemScratch)
      this.sink.string(this.key, this.meta, this.item)
      this.finish()
      return
    }
    this.type = type
    if (this.beginCounted(type)) return
    if (this.beginPacked(type)) return
    if (type === RdbType.ModuleOld || type === RdbType.Module) this.beginModule(type)
    else if (type === RdbType.HashListpackEx) this.readListpackEx()
    else corrupt(`${rdbTypeName(type)} cannot be represented`)
  }

  private finish(): void {
    this.active = false
    this.keyRead = false
    this.meta.clear()
  }

  /** Types that start with a number of elements. */
  private beginCounted(type: number): boolean {
    const { input } = this
    switch (type) {
      case RdbType.List:
      case RdbType.Set:
      case RdbType.ListQuicklist:
        return this.hold(input.count(1))
      case RdbType.Hash:
      case RdbType.ZsetText:
      case RdbType.ListQuicklist2:
        return this.hold(input.count(2))
      case RdbType.ZsetBinary:
        return this.hold(input.count(9))
      case RdbType.HashMetadata:
        input.int64()
        return this.hold(input.count(3))
      case RdbType.StreamV1:
      case RdbType.StreamV2:
      case RdbType.StreamV3:
        return this.hold(input.count(18))
      default:
        return false
    }
  }

  /** Keeps the key beyond this unit and announces the value. */
  private hold(count: number): boolean {
    const { key, type, sink, meta } = this
    if (this.heldKey.length < key.length) this.heldKey = new Uint8Array(2 * key.length)
    copyBytes(key.bytes, key.offset, this.heldKey, 0, key.length)
    key.bytes = this.heldKey
    key.offset = 0
    this.left = count
    this.active = true
    this.listStarted = false
    if (type === RdbType.StreamV1 || type === RdbType.StreamV2 || type === RdbType.StreamV3) {
      sink.streamStart(key, meta, type, count)
      this.stream.start(type, count)
    } else if (type === RdbType.ListQuicklist || type === RdbType.ListQuicklist2) return true
    else if (count === 0) this.empty()
    else if (type === RdbType.List) sink.listStart(key, meta, count)
    else if (type === RdbType.Set) sink.setStart(key, meta, count)
    else if (type === RdbType.Hash || type === RdbType.HashMetadata) sink.hashStart(key, meta, count)
    else if (type !== RdbType.Module) sink.zsetStart(key, meta, count)
    return true
  }

  private empty(): void {
    this.wasEmpty = true
    this.sink.emptyKey(this.key, this.type)
    this.finish()
  }

  /** Types that are one string of packed bytes. */
  private beginPacked(type: number): boolean {
    switch (type) {
      case RdbType.ListZiplist:
      case RdbType.ZsetZiplist:
      case RdbType.HashZiplist:
        this.readZiplist(type)
        return true
      case RdbType.HashZipmap:
        this.readZipmap()
        return true
      case RdbType.SetIntset:
      case RdbType.SetListpack:
      case RdbType.HashListpack:
      case RdbType.ZsetListpack:
        this.readPacked(type)
        return true
      default:
        return false
    }
  }

  private readPacked(type: number): void {
    const { sink, key, meta, item, mender } = this
    this.input.string(item, this.itemScratch)
    const intset = type === RdbType.SetIntset
    const zset = type === RdbType.ZsetListpack
    let count: number
    if (intset) count = checkIntset(item, mender)
    else if (type === RdbType.SetListpack) count = checkSetListpack(item, mender)
    else count = checkPairsListpack(item, zset, mender)
    if (count === 0) return this.empty()
    if (zset || type === RdbType.HashListpack) this.pairs(zset, count)
    else {
      sink.setStart(key, meta, count)
      if (intset) sink.setIntset(item)
      else sink.setListpack(item)
      sink.setEnd()
    }
    this.finish()
  }

  private readZiplist(type: number): void {
    const { sink, key, meta, item, second, ziplist } = this
    this.input.string(second, this.secondScratch)
    const elements = validateZiplist(second.bytes, second.offset, second.length)
    ziplist.open(second.bytes, second.offset, second.length)
    if (elements === 0) return this.empty()
    if (type === RdbType.ListZiplist) {
      sink.listStart(key, meta, elements)
      while (ziplist.next(item, this.digits)) sink.listElement(item)
      sink.listEnd()
      return this.finish()
    }
    if (elements % 2 !== 0) corrupt("ziplist: odd number of elements", "packed")
    // As in Redis it becomes a listpack whatever the elements' sizes, and repeated members are never taken.
    item.bytes = this.itemScratch.ensure(packedSize(elements, second.length))
    item.offset = 0
    this.packer.pack(ziplist, item.bytes)
    item.length = byteLength(item.bytes, 0)
    this.pairs(
      type === RdbType.ZsetZiplist,
      checkPairsListpack(item, type === RdbType.ZsetZiplist, undefined),
    )
    this.finish()
  }

  /** Hands the listpack in `item` on as a hash or sorted set. */
  private pairs(zset: boolean, count: number): void {
    const { sink, key, meta, item } = this
    if (zset) {
      sink.zsetStart(key, meta, count)
      sink.zsetListpack(item)
      sink.zsetEnd()
    } else {
      sink.hashStart(key, meta, count)
      sink.hashListpack(item)
      sink.hashEnd()
    }
  }

  private readZipmap(): void {
    const { sink, key, meta, item, second, zipmap } = this
    this.input.string(item, this.itemScratch)
    const pairs = validateZipmap(item.bytes, item.offset, item.length)
    zipmap.open(item.bytes, item.offset, item.length)
    if (pairs === 0) return this.empty()
    sink.hashStart(key, meta, pairs)
    while (zipmap.next(item, second)) sink.hashField(item, second)
    sink.hashEnd()
    this.finish()
  }

  private readListpackEx(): void {
    const { sink, key, meta, item, second, triples } = this
    this.input.int64()
    this.input.string(item, this.itemScratch)
    const fields = checkTriples(item, `${rdbTypeName(this.type)} cannot be represented`)
    if (fields === 0) return this.empty()
    triples.open(item)
    sink.hashStart(key, meta, fields)
    while (triples.next(item, second)) sink.hashField(item, second)
    sink.hashEnd()
    this.finish()
  }

  private beginModule(type: number): void {
    const id = this.input.lengthBig()
    const name = moduleTypeName(id)
    if (!this.skipModules || type === RdbType.ModuleOld) {
      corrupt(
        `${rdbTypeName(type)} of module type "${name}" version ${moduleTypeVersion(id)} cannot be represented`,
      )
    }
    this.hold(1)
    this.sink.moduleValue(this.key, this.meta, name)
  }

  private score(bytes: Uint8Array, offset: number, length: number): number {
    return this.checkedScore(parseDoubleStart(bytes, offset, length))
  }

  private checkedScore(score: number): number {
    return Number.isNaN(score) ? corrupt("zset: score is not a number", "score") : score
  }

  /** Reads elements until the value is complete; throws NEED_MORE before. */
  resume(): void {
    switch (this.type) {
      case RdbType.List:
        this.resumeList()
        break
      case RdbType.Set:
        this.resumeSet()
        break
      case RdbType.Hash:
      case RdbType.HashMetadata:
        this.resumeHash()
        break
      case RdbType.ZsetText:
      case RdbType.ZsetBinary:
        this.resumeZset()
        break
      case RdbType.ListQuicklist:
      case RdbType.ListQuicklist2:
        this.resumeQuicklist()
        if (!this.listStarted) return this.empty()
        this.sink.listEnd()
        break
      case RdbType.Module:
        skipModuleItems(this.input, this.item, this.itemScratch)
        break
      default:
        this.stream.resume()
    }
    this.finish()
  }

  private resumeList(): void {
    for (; this.left > 0; this.left--) {
      this.input.mark()
      this.input.string(this.item, this.itemScratch)
      this.sink.listElement(this.item)
    }
    this.sink.listEnd()
  }

  private resumeSet(): void {
    for (; this.left > 0; this.left--) {
      this.input.mark()
      this.input.string(this.item, this.itemScratch)
      this.sink.setMember(this.item)
    }
    this.sink.setEnd()
  }

  private resumeHash(): void {
    const withTtls = this.type === RdbType.HashMetadata
    for (; this.left > 0; this.left--) {
      this.input.mark()
      if (withTtls && this.input.length() !== 0) corrupt(`${rdbTypeName(this.type)} cannot be represented`)
      this.input.string(this.item, this.itemScratch)
      this.input.string(this.second, this.secondScratch)
      this.sink.hashField(this.item, this.second)
    }
    this.sink.hashEnd()
  }

  private resumeZset(): void {
    const text = this.type === RdbType.ZsetText
    for (; this.left > 0; this.left--) {
      this.input.mark()
      this.input.string(this.item, this.itemScratch)
      const score = text ? this.textScore() : this.checkedScore(this.input.double())
      this.sink.zsetMember(this.item, score)
    }
    this.sink.zsetEnd()
  }

  private textScore(): number {
    const { input } = this
    const length = input.byte()
    if (length === TEXT_INFINITY) return Infinity
    if (length === TEXT_MINUS_INFINITY) return -Infinity
    if (length === TEXT_NAN) return this.checkedScore(NaN)
    input.fixed(length, this.second)
    return this.score(this.second.bytes, this.second.offset, length)
  }

  private resumeQuicklist(): void {
    const { input, item } = this
    const old = this.type === RdbType.ListQuicklist
    for (; this.left > 0; this.left--) {
      input.mark()
      const container = old ? RdbNodeContainer.Packed : input.length()
      input.string(item, this.itemScratch)
      if (container === RdbNodeContainer.Plain) this.plainNode()
      else if (container !== RdbNodeContainer.Packed)
        corrupt(`unknown list node container ${container}`, "list node")
      else if (old) this.ziplistNode()
      else if (checkListpack(item, this.mender) > 0) {
        this.startList()
        this.sink.listNodeListpack(item)
      }
    }
  }

  /** Redis drops empty nodes, and lists of nothing else; so the list is announced at its first element. */
  private startList(): void {
    if (this.listStarted) return
    this.listStarted = true
    this.sink.listStart(this.key, this.meta, this.left)
  }

  private plainNode(): void {
    if (this.item.length === 0) return
    this.startList()
    this.sink.listNodePlain(this.item)
  }

  private ziplistNode(): void {
    const { item, second, ziplist } = this
    if (validateZiplist(item.bytes, item.offset, item.length) === 0) return
    this.startList()
    ziplist.open(item.bytes, item.offset, item.length)
    while (ziplist.next(second, this.digits)) this.sink.listElement(second)
  }
}
