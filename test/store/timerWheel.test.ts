import { expect, it } from "vitest"
import type { Ref } from "../../src/memory/Arena.js"
import { entryExpiry, entryMeta, EXTRA_EXPIRING, TYPE_STRING } from "../../src/store/Entry.js"
import { TimerWheel } from "../../src/store/TimerWheel.js"
import { Random } from "../support/Random.js"
import { checkedArena } from "../support/Memory.js"

const TOP = 2 ** 48 - 1

class Model {
  readonly arena = checkedArena()
  readonly wheel = new TimerWheel(this.arena)
  readonly live = new Map<Ref, number>()
  now = 0

  insert(at: number): void {
    const ref = this.arena.alloc(40)
    const words = this.arena.i32[ref >>> 20]
    const w = (ref & 0xfffff) << 1
    words?.fill(0, w, w + 10)
    words?.set([entryMeta(EXTRA_EXPIRING, TYPE_STRING, 0, 0), 0, 0, at | 0, Math.floor(at / 2 ** 32) | 0], w)
    this.wheel.insert(ref, this.now)
    expect(entryExpiry(this.arena, ref)).toBe(at)
    this.live.set(ref, at)
  }

  remove(ref: Ref): void {
    this.wheel.remove(ref)
    this.arena.free(ref)
    this.live.delete(ref)
  }

  /** The entry gets another block. */
  move(ref: Ref): void {
    const to = this.arena.alloc(40)
    this.arena.copy(ref, 0, to, 0, 40)
    this.wheel.moved(ref, to)
    this.arena.free(ref)
    this.live.set(to, this.live.get(ref) ?? NaN)
    this.live.delete(ref)
  }

  /** Takes out everything due at `now`, and holds it against the map. */
  advance(now: number): number {
    this.now = now
    const expected = [...this.live].filter(([, at]) => at <= now).length
    let taken = 0
    for (let ref = this.due(now); ref !== 0; ref = this.due(now)) {
      const at = this.live.get(ref)
      expect(at, "due but not live").toBeDefined()
      expect(at).toBeLessThanOrEqual(now)
      this.remove(ref)
      taken++
    }
    expect(taken).toBe(expected)
    return taken
  }

  /** What is due, if need be after all that falls has fallen. */
  private due(now: number): Ref {
    let ref = this.wheel.due(now)
    while (ref === 0 && this.wheel.falling) ref = this.wheel.due(now)
    return ref
  }

  check(): void {
    this.wheel.checkInvariants()
    expect(this.wheel.count).toBe(this.live.size)
  }
}

const distances = (r: Random): number =>
  r.pick([
    () => r.below(256),
    () => r.below(70_000),
    () => r.below(2 ** 31),
    () => r.below(2 ** 31) * r.below(4096),
    () => -r.below(5000),
    () => 256 ** r.below(6) * (1 + r.below(255)),
    () => 0,
  ])()

const run = (r: Random, start: number, steps: number): void => {
  const m = new Model()
  m.now = start
  // More than fall at a time, of one slot of a high level.
  if (r.chance(0.5)) for (let i = 0; i < 300; i++) m.insert(start + 40_000_000 + r.below(2_000_000))
  let taken = 0
  for (let i = 0; i < steps; i++) {
    const refs = [...m.live.keys()]
    const kind = r.below(20)
    if (kind < 9 || refs.length === 0) m.insert(m.now + distances(r))
    else if (kind < 11) m.remove(r.pick(refs))
    else if (kind < 13) m.move(r.pick(refs))
    else if (kind < 19) taken += m.advance(m.now + Math.max(0, distances(r)))
    else m.advance(Math.max(0, m.now - r.below(3000)))
    if (i % 8 === 0) m.check()
  }
  m.check()
  taken += m.advance(Number.MAX_SAFE_INTEGER)
  expect(taken).toBeGreaterThan(0)
  expect(m.live.size).toBe(0)
  m.check()
  m.arena.checkInvariants()
  expect(m.arena.usedBytes).toBe(0)
}

it("gives every entry at its time, whatever the clock does", () => {
  const r = Random.forTest("timer wheel")
  for (let i = 0; i < 60; i++)
    run(r, r.pick([0, 1, 255, 65_535, 1_700_000_000_000, TOP - 5000, TOP + 5]), 400)
})

it("keeps entries beyond 2^48 ms until their time, and past that clock", () => {
  const m = new Model()
  for (const at of [TOP - 1, TOP, TOP + 1, TOP + 1000, 2 ** 50, 2 ** 53 - 1]) m.insert(at)
  expect(m.advance(1_700_000_000_000)).toBe(0)
  expect(m.advance(TOP - 2)).toBe(0)
  expect(m.advance(TOP - 1)).toBe(1)
  expect(m.advance(TOP)).toBe(1)
  expect(m.advance(TOP + 999)).toBe(1)
  m.insert(TOP + 500)
  m.check()
  expect(m.advance(2 ** 50 - 1)).toBe(2)
  expect(m.advance(2 ** 53 - 1)).toBe(2)
  m.check()
})

it("gives nothing early when the clock is put back, and the right entries then", () => {
  const m = new Model()
  m.advance(1_000_000)
  for (let at = 999_000; at < 1_001_000; at += 100) m.insert(at)
  expect(m.advance(998_000)).toBe(0)
  expect(m.advance(999_250)).toBe(3)
  expect(m.advance(1_002_000)).toBe(17)
  m.check()
})

it("jumps over empty centuries and stays cheap", () => {
  const m = new Model()
  for (let i = 0; i < 1000; i++) m.insert(i * 3_000_000_000)
  expect(m.advance(999 * 3_000_000_000 - 1)).toBe(999)
  expect(m.advance(999 * 3_000_000_000)).toBe(1)
})

it("has an empty wheel turn to the present: nothing that comes then has to fall", () => {
  const m = new Model()
  m.now = 1_800_000_000_000
  for (let i = 0; i < 1000; i++) m.insert(m.now + 100_000 + i * 1000)
  expect(m.wheel.due(m.now)).toBe(0)
  expect(m.wheel.falling).toBe(false)
  m.check()
})

it("finds the earliest while many fall, too", () => {
  const m = new Model()
  const slot = 3 * 256 ** 2
  m.insert(slot + 2)
  const [earliest = 0] = m.live.keys()
  for (let i = 0; i < 100; i++) m.insert(slot + 30_000 + i)
  expect(m.wheel.due(slot)).toBe(0)
  expect(m.wheel.falling).toBe(true)
  const seen = new Set<Ref>()
  m.wheel.sweepEarliest(5, (ref) => seen.add(ref))
  expect(seen).toContain(earliest)
})

it("lets many entries of one slot down in small steps, and others may go, come and move meanwhile", () => {
  const r = Random.forTest("falling")
  const m = new Model()
  const slot = 3 * 256 ** 2
  for (let i = 0; i < 5000; i++) m.insert(slot + 1000 + r.below(60_000))
  m.advance(slot - 1)
  let steps = 0
  for (m.now = slot; m.wheel.due(m.now) === 0 && m.wheel.falling; steps++) {
    const refs = [...m.live.keys()]
    // The one at the head of those that fall was inserted first.
    m.remove(r.chance(0.5) ? r.pick(refs) : (refs[0] ?? 0))
    m.move(r.chance(0.5) ? r.pick(refs.slice(1)) : (refs[1] ?? 0))
    m.insert(slot + r.below(70_000) + 1)
    const seen = new Set<Ref>()
    m.wheel.sweep(20, (ref) => seen.add(ref))
    m.wheel.sweepEarliest(20, (ref) => seen.add(ref))
    for (const ref of seen) expect(m.live.has(ref)).toBe(true)
    if (m.wheel.falling) expect(m.wheel.next(m.now)).toBeLessThanOrEqual(m.now)
    m.check()
  }
  expect(steps).toBeGreaterThan(30)
  for (let now = slot; now < slot + 72_000; now += 1 + r.below(2000)) m.advance(now)
  m.check()
  expect(m.live.size).toBe(0)
})
