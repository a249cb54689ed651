/**
 * The patterns of SORT's BY and GET: "weight_*" names the string key made by putting an element for the star, "object_*->
 * name" a field of the hash under such a key, "#" the element itself (GET only).
 */
import { entryType, stringChunk, stringLength, stringOffset, TYPE_HASH, TYPE_STRING } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"

const STAR = 42
const HASH_SIGN = 35
const ARROW = [45, 62] as const

/** What `lookup` found; good until the next lookup. */
export interface Found {
  src: Uint8Array
  off: number
  len: number
}

export class SortPattern {
  /** The pattern is "#". */
  readonly itself: boolean
  /** Place of the star, -1 when there is none: then it names nothing. */
  private readonly star: number
  /** Bytes of the pattern that belong to the key's name: all, or those before the arrow. */
  private readonly keyEnd: number
  private readonly field: Uint8Array
  private key: Uint8Array = new Uint8Array(256)

  constructor(private readonly pattern: Uint8Array) {
    this.itself = pattern.length === 1 && pattern[0] === HASH_SIGN
    // As in C, what follows a NUL byte is not searched.
    const nul = pattern.indexOf(0)
    const text = nul < 0 ? pattern : pattern.subarray(0, nul)
    this.star = text.indexOf(STAR)
    let arrow = -1
    for (let i = this.star + 1; i + 2 < text.length && arrow < 0; i++)
      if (text[i] === ARROW[0] && text[i + 1] === ARROW[1]) arrow = i
    const hasField = this.star >= 0 && arrow >= 0
    this.keyEnd = hasField ? arrow : pattern.length
    this.field = hasField ? pattern.slice(arrow + 2) : new Uint8Array(0)
  }

  /** Whether it names keys at all. */
  get names(): boolean {
    return this.star >= 0
  }

  /** Looks up what the pattern names for an element, into `found`; false when there is nothing. */
  lookup(c: CommandContext, src: Uint8Array, off: number, len: number, found: Found): boolean {
    if (this.star < 0) return false
    const length = this.keyEnd - 1 + len
    if (length > this.key.length) this.key = new Uint8Array(length * 2)
    const key = this.key
    key.set(this.pattern.subarray(0, this.star), 0)
    for (let i = 0; i < len; i++) key[this.star + i] = src[off + i]
    key.set(this.pattern.subarray(this.star + 1, this.keyEnd), this.star + len)
    const a = c.keyspace.arena
    const entry = c.db.lookupRead(key, 0, length)
    if (entry === 0) return false
    if (this.field.length > 0) {
      if (entryType(a, entry) !== TYPE_HASH) return false
      const hash = c.keyspace.collections.hash.attachEntry(entry)
      if (!hash.find(this.field, 0, this.field.length)) return false
      found.src = hash.src
      found.off = hash.off
      found.len = hash.len
      return true
    }
    if (entryType(a, entry) !== TYPE_STRING) return false
    found.src = stringChunk(a, entry)
    found.off = stringOffset(a, entry)
    found.len = stringLength(a, entry)
    return true
  }
}
