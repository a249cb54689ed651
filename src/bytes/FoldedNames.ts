/**
 * Values by name, found by the name's bytes in any case, without making a string of them: digests of scripts, functions.
 *
 * Layout: a map from a hash of length and last bytes to a chain of entries. Digests differ everywhere, names mostly at
 * their ends; a chain of names that end alike is walked.
 */

interface Named<A> {
  /** In lower case. */
  readonly name: string
  value: A
  next: Named<A> | undefined
}

const HASHED = 16

const fold = (b: number): number => (b >= 65 && b <= 90 ? b + 32 : b)

const mix = (h: number, b: number): number => Math.imul(h ^ b, 0x01000193)

const hashOf = (bytes: Uint8Array, off: number, len: number): number => {
  let h = len
  for (let i = len > HASHED ? len - HASHED : 0; i < len; i++) h = mix(h, fold(bytes[off + i]))
  // So that it fits where small integers do.
  return h & 0x3fffffff
}

const hasName = (name: string, bytes: Uint8Array, off: number, len: number): boolean => {
  if (name.length !== len) return false
  for (let i = 0; i < len; i++) if (fold(bytes[off + i]) !== name.charCodeAt(i)) return false
  return true
}

/** Letters of ASCII only. */
const lowered = (name: string): string => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())

const bytesOf = (name: string): Uint8Array => Buffer.from(name, "latin1")

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
    this.chains.set(hash, { name: lowered(name), value, next: first })
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
