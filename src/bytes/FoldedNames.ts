/**
 * Values by name, found by the name's bytes in any case, without making a string of them: digests of scripts, functions.
 *
 * Layout: a map from a hash of length and last bytes to a chain of entries. Digests differ everywhere, names mostly at
 * their ends; a chain of names that end alike is walked.
 */

interface Named<A> {
  /** In lower case. */
  readonly name: Uint8Array
  value: A
  next: Named<A> | undefined
}

const HASHED = 8

const fold = (b: number): number => (b >= 65 && b <= 90 ? b + 32 : b)

/** Of each byte the bits in which letters of both cases are alike. */
const hashOf = (bytes: Uint8Array, off: number, len: number): number => {
  let h = len
  for (let i = len > HASHED ? len - HASHED : 0; i < len; i++) h = Math.imul(h, 31) + (bytes[off + i] & 31)
  // So that it fits where small integers do.
  return h & 0x3fffffff
}

const hasName = (name: Uint8Array, bytes: Uint8Array, off: number, len: number): boolean => {
  if (name.length !== len) return false
  let difference = 0
  // Mostly the same bytes: one test at the end is quicker than one for each.
  for (let i = 0; i < len; i++) difference |= name[i] ^ bytes[off + i]
  if (difference === 0) return true
  for (let i = 0; i < len; i++) if (fold(bytes[off + i]) !== name[i]) return false
  return true
}

const bytesOf = (name: string): Uint8Array => Uint8Array.from(Buffer.from(name, "latin1"))

export class FoldedNames<A> {
  private readonly chains = new Map<number, Named<A>>()

  find(bytes: Uint8Array, off: number, len: number): A | undefined {
    let one = this.chains.get(hashOf(bytes, off, len))
    while (one !== undefined && !hasName(one.name, bytes, off, len)) one = one.next
    return one?.value
  }

  get(name: string): A | undefined {
    return this.find(bytesOf(name), 0, name.length)
  }

  set(name: string, value: A): void {
    const bytes = bytesOf(name)
    const hash = hashOf(bytes, 0, bytes.length)
    const first = this.chains.get(hash)
    for (let one = first; one !== undefined; one = one.next)
      if (hasName(one.name, bytes, 0, bytes.length)) {
        one.value = value
        return
      }
    this.chains.set(hash, { name: bytes.map(fold), value, next: first })
  }

  delete(name: string): void {
    const bytes = bytesOf(name)
    const hash = hashOf(bytes, 0, bytes.length)
    let before: Named<A> | undefined
    for (let one = this.chains.get(hash); one !== undefined; before = one, one = one.next) {
      if (!hasName(one.name, bytes, 0, bytes.length)) continue
      if (before !== undefined) before.next = one.next
      else if (one.next !== undefined) this.chains.set(hash, one.next)
      else this.chains.delete(hash)
      return
    }
  }

  clear(): void {
    this.chains.clear()
  }
}
