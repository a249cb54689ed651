/**
 * The expiry index of one database: a hierarchical timer wheel over the entries themselves.
 *
 * Six levels of 256 slots; level l counts in steps of 256^l milliseconds. A slot is a doubly linked list through words
 * 5 and 6 of the entries (Entry.ts). An entry that expires at t stands at the level of the highest byte in which t and
 * the wheel's time differ, in the slot of that byte of t. So insertion, removal and relocation are O(1), and advancing
 * touches only slots that hold something: every entry moves down at most five times in its life. A slot may hold millions,
 * so those of one that is reached are first all in one list, `FALLING`, and move down from there some at a time.
 *
 * Invariants: an entry with an expiry is in exactly the slot `place` computes for it at the wheel's present time, or it is
 * falling (which is why the head of a list need not name its slot); the bitmap of a level has a bit for each slot that is not
 * empty; `count` is the number of entries in the wheel.
 *
 * Limits: the wheel's time ends at 2^48 - 1 ms (year 10889); entries beyond wait in its last slot, which is then searched.
 * So is the present slot after the clock was put back: it holds what expires before the wheel's time. The links are no
 * part of a snapshot.
 *
 * Example: wheel at 0x1234. t = 0x1238 differs in byte 0: level 0, slot 0x38. t = 0x2000: level 1, slot 0x20.
 */
import { chunkOf, wordOf } from "../memory/Ref.js"
import type { Arena, Ref } from "../memory/Arena.js"
import { entryExpiry, WHEEL_NEXT_WORD as NEXT_WORD, WHEEL_PREVIOUS_WORD as PREVIOUS_WORD } from "./Entry.js"

const LEVELS = 6
const SLOTS = 256
/** The list of those that move down; no slot of any level. */
const FALLING = LEVELS * SLOTS
/** So many move down at a time: some microseconds. */
const FALLING_AT_ONCE = 64
const TIME_MAX = 2 ** 48 - 1

export class TimerWheel {
  count = 0
  private time = 0
  private readonly heads = new Int32Array(FALLING + 1)
  private readonly filled = new Int32Array((LEVELS * SLOTS) / 32)
  /** Where a round over the entries goes on; 0 = at the beginning of `handSlot`. */
  private hand: Ref = 0
  private handSlot = 0

  constructor(private readonly arena: Arena) {}

  /** Adds an entry whose expiry words are set. A wheel that is empty turns to `now` first: none has to fall for the past. */
  insert(ref: Ref, now: number): void {
    if (this.count === 0) this.time = Math.min(now, TIME_MAX)
    this.link(ref)
    this.count++
  }

  /** Takes an entry out; its expiry words must be what they were when it was inserted. */
  remove(ref: Ref): void {
    this.unlink(ref)
    this.count--
  }

  /** The entry `from` has moved to the block `to`, links included: points its neighbours to the new place. */
  moved(from: Ref, to: Ref): void {
    const i32s = this.arena.i32
    const w = wordOf(to)
    const previous = i32s[chunkOf(to)][w + PREVIOUS_WORD]
    const next = i32s[chunkOf(to)][w + NEXT_WORD]
    if (previous !== 0) i32s[chunkOf(previous)][wordOf(previous) + NEXT_WORD] = to
    else {
      this.heads[this.slotOfHead(to, from)] = to
    }
    if (this.hand === from) this.hand = to
    if (next !== 0) i32s[chunkOf(next)][wordOf(next) + PREVIOUS_WORD] = to
  }

  /** Entries are on their way down: some of them may be due, and the wheel wants to be asked again. */
  get falling(): boolean {
    return this.heads[FALLING] !== 0
  }

  /**
   * Moves the wheel's time on to `now` and answers an entry that expires at or before it, or 0 when there is none or none
   * was found yet (`falling`). The caller removes that entry (or the wheel does not advance past it) and asks again.
   */
  due(now: number): Ref {
    if (this.count === 0) {
      if (now > this.time) this.time = Math.min(now, TIME_MAX)
      return 0
    }
    if (this.falling) this.fall()
    if (now < this.time || this.time === TIME_MAX) return this.searchPresent(now)
    for (;;) {
      let unit = 1
      let found = -1
      let start = 0
      let level = 0
      for (; level < LEVELS; level++, unit *= SLOTS) {
        const at = Math.floor(this.time / unit)
        const slot = this.firstFilled(level, (at % SLOTS) + (level === 0 ? 0 : 1))
        if (slot < 0) continue
        found = slot
        start = (at - (at % SLOTS) + slot) * unit
        break
      }
      if (found < 0 || start > now) {
        if (now > this.time) this.time = Math.min(now, TIME_MAX)
        return 0
      }
      if (level > 0 && this.falling) return 0
      this.time = start
      if (level > 0) this.cascade(level * SLOTS + found)
      else return start === TIME_MAX ? this.searchPresent(now) : this.heads[found]
    }
  }

  /** When something is due, or a moment before that: the start of the slot it is in. Infinity without entries. */
  next(now: number): number {
    if (this.count === 0) return Infinity
    if (this.falling) return Math.min(now, this.time)
    let unit = 1
    for (let level = 0; level < LEVELS; level++, unit *= SLOTS) {
      const at = Math.floor(this.time / unit)
      const slot = this.firstFilled(level, (at % SLOTS) + (level === 0 ? 0 : 1))
      if (slot < 0) continue
      const start = (at - (at % SLOTS) + slot) * unit
      return start === this.time && now < start ? this.leastPresent() : start
    }
    return this.leastPresent()
  }

  /** The least expiry in the slot at the wheel's own time, which may lie before it. */
  private leastPresent(): number {
    const i32s = this.arena.i32
    let least = Infinity
    for (let ref = this.heads[this.time % SLOTS]; ref !== 0;) {
      least = Math.min(least, entryExpiry(this.arena, ref))
      ref = i32s[chunkOf(ref)][wordOf(ref) + NEXT_WORD]
    }
    return least
  }

  /** An entry of the slot at the wheel's own time that expires at or before `now`, or 0. */
  private searchPresent(now: number): Ref {
    const i32s = this.arena.i32
    let ref = this.heads[this.time % SLOTS]
    while (ref !== 0 && entryExpiry(this.arena, ref) > now) ref = i32s[chunkOf(ref)][wordOf(ref) + NEXT_WORD]
    return ref
  }

  /** Forgets all entries. */
  clear(): void {
    this.heads.fill(0)
    this.filled.fill(0)
    this.hand = 0
    this.count = 0
  }

  /** Lets the entries of a slot fall, now that the wheel's time has reached the slot's start. */
  private cascade(slot: number): void {
    this.heads[FALLING] = this.heads[slot]
    this.heads[slot] = 0
    this.filled[slot >>> 5] &= ~(1 << (slot & 31))
    // The entries go to other slots, and the round with them would leave its own.
    this.hand = 0
    this.fall()
  }

  /** Moves some of the falling entries down. */
  private fall(): void {
    const i32s = this.arena.i32
    let ref = this.heads[FALLING]
    for (let n = 0; n < FALLING_AT_ONCE && ref !== 0; n++) {
      const next = i32s[chunkOf(ref)][wordOf(ref) + NEXT_WORD]
      if (this.hand === ref) this.hand = next
      this.link(ref)
      ref = next
    }
    this.heads[FALLING] = ref
    if (ref !== 0) i32s[chunkOf(ref)][wordOf(ref) + PREVIOUS_WORD] = 0
  }

  private link(ref: Ref): void {
    const i32s = this.arena.i32
    const slot = this.place(ref)
    const head = this.heads[slot]
    const w = wordOf(ref)
    i32s[chunkOf(ref)][w + PREVIOUS_WORD] = 0
    i32s[chunkOf(ref)][w + NEXT_WORD] = head
    if (head !== 0) i32s[chunkOf(head)][wordOf(head) + PREVIOUS_WORD] = ref
    this.heads[slot] = ref
    this.filled[slot >>> 5] |= 1 << (slot & 31)
  }

  private unlink(ref: Ref): void {
    const i32s = this.arena.i32
    const w = wordOf(ref)
    const previous = i32s[chunkOf(ref)][w + PREVIOUS_WORD]
    const next = i32s[chunkOf(ref)][w + NEXT_WORD]
    if (this.hand === ref) this.hand = next
    if (next !== 0) i32s[chunkOf(next)][wordOf(next) + PREVIOUS_WORD] = previous
    if (previous !== 0) {
      i32s[chunkOf(previous)][wordOf(previous) + NEXT_WORD] = next
      return
    }
    const slot = this.slotOfHead(ref, ref)
    this.heads[slot] = next
    if (next === 0 && slot !== FALLING) this.filled[slot >>> 5] &= ~(1 << (slot & 31))
  }

  /** The list that begins with an entry, by the words of `ref` and the head that was noted. */
  private slotOfHead(ref: Ref, head: Ref): number {
    if (this.heads[FALLING] === head) return FALLING
    const slot = this.place(ref)
    if (this.heads[slot] !== head) throw new Error("timer wheel: an entry is not the head of its slot")
    return slot
  }

  /** Visits `n` entries, each once before any is visited again; `visit` must change nothing. */
  sweep(n: number, visit: (ref: Ref) => void): void {
    const most = Math.min(n, this.count)
    for (let i = 0; i < most; i++) {
      while (this.hand === 0) {
        this.handSlot = (this.handSlot + 1) % this.heads.length
        this.hand = this.heads[this.handSlot]
      }
      this.visitHand(visit)
    }
  }

  /** As `sweep`, of the entries in the slot that comes first, and of those that fall: none elsewhere expires before them. */
  sweepEarliest(n: number, visit: (ref: Ref) => void): void {
    if (this.falling) this.fall()
    const slot = this.firstSlot()
    if (slot >= 0) this.sweepSlot(slot, n, visit)
    // Any of those that fall may expire before the others.
    if (this.falling && slot !== FALLING) this.sweepSlot(FALLING, n, visit)
  }

  private sweepSlot(slot: number, n: number, visit: (ref: Ref) => void): void {
    if (slot !== this.handSlot) this.hand = 0
    this.handSlot = slot
    for (let i = 0; i < n; i++) {
      if (this.hand === 0) this.hand = this.heads[slot]
      this.visitHand(visit)
    }
  }

  private visitHand(visit: (ref: Ref) => void): void {
    const ref = this.hand
    this.hand = this.arena.i32[chunkOf(ref)][wordOf(ref) + NEXT_WORD]
    visit(ref)
  }

  /** The slot whose entries expire before all others, -1 without any. */
  private firstSlot(): number {
    let unit = 1
    for (let level = 0; level < LEVELS; level++, unit *= SLOTS) {
      const at = Math.floor(this.time / unit)
      const slot = this.firstFilled(level, (at % SLOTS) + (level === 0 ? 0 : 1))
      if (slot >= 0) return level * SLOTS + slot
    }
    return this.falling ? FALLING : -1
  }

  /** Index of the slot an entry belongs to at the wheel's present time. */
  private place(ref: Ref): number {
    let t = Math.min(entryExpiry(this.arena, ref), TIME_MAX)
    let at = this.time
    if (t < at) t = at
    let level = 0
    for (;;) {
      const tHigh = Math.floor(t / SLOTS)
      const atHigh = Math.floor(at / SLOTS)
      if (tHigh === atHigh) return level * SLOTS + (t - tHigh * SLOTS)
      t = tHigh
      at = atHigh
      level++
    }
  }

  /** Asserts the invariants of the file header, and visits every entry. */
  checkInvariants(visit: (ref: Ref) => void = () => {}): void {
    const i32s = this.arena.i32
    let n = 0
    for (let slot = 0; slot < this.heads.length; slot++) {
      const marked = slot !== FALLING && (this.filled[slot >>> 5] & (1 << (slot & 31))) !== 0
      if (slot !== FALLING && marked !== (this.heads[slot] !== 0))
        throw new Error(`timer wheel: slot ${slot} is marked wrongly`)
      let previous = 0
      for (let ref = this.heads[slot]; ref !== 0; n++) {
        const w = wordOf(ref)
        if (n >= this.count) throw new Error(`timer wheel: more entries than the ${this.count} counted`)
        if (i32s[chunkOf(ref)][w + PREVIOUS_WORD] !== previous) throw new Error("timer wheel: broken links")
        if (slot !== FALLING && this.place(ref) !== slot)
          throw new Error(`timer wheel: entry in slot ${slot}, not ${this.place(ref)}`)
        visit(ref)
        previous = ref
        ref = i32s[chunkOf(ref)][w + NEXT_WORD]
      }
    }
    if (n !== this.count) throw new Error(`timer wheel: ${n} entries, ${this.count} counted`)
  }

  /** First slot of a level, from `slot` on, that holds something, or -1. */
  private firstFilled(level: number, slot: number): number {
    const base = level * 8
    for (let word = slot >>> 5; word < 8; word++) {
      let bits = this.filled[base + word]
      if (word === slot >>> 5) bits &= -1 << (slot & 31)
      if (bits !== 0) return word * 32 + (31 - Math.clz32(bits & -bits))
    }
    return -1
  }
}
