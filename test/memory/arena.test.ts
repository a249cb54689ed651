import { expect, it } from "vitest"
import { ArenaFullError, CHUNK_BYTES, CHUNK_COUNT_MAX, type Ref } from "../../src/memory/Arena.js"
import { CLASS_BYTES, CLASS_COUNT, PAGE_BYTES, roundedBytes } from "../../src/memory/SizeClasses.js"
import { FrozenBlock, FrozenReader } from "../../src/memory/Snapshot.js"
import { effort } from "../support/Effort.js"
import { Random } from "../support/Random.js"
import { checkedArena } from "../support/Memory.js"

/** The arena held against a plain map from refs to bytes, with a snapshot opened and closed now and then. */
class Model {
  readonly arena = checkedArena()
  readonly live = new Map<Ref, Buffer>()
  frozen: Map<Ref, Buffer> | undefined
  reader: FrozenReader | undefined
  private readonly block = new FrozenBlock()

  constructor(private readonly r: Random) {}

  private size(): number {
    const r = this.r
    const kind = r.below(1000)
    if (kind < 700) return 1 + r.below(300)
    if (kind < 900) return 1 + r.below(9000)
    if (kind < 990) return 1 + r.below(70_000)
    return kind < 998 ? 1 + r.below(1_000_000) : 4_100_000 + r.below(6_000_000)
  }

  private bytesOf(ref: Ref): Uint8Array {
    const at = (ref & 0xfffff) << 3
    return this.arena.u8[ref >>> 20]?.subarray(at, at + this.arena.blockSize(ref)) ?? new Uint8Array(0)
  }

  private fill(ref: Ref): void {
    const bytes = this.bytesOf(ref)
    // Ends and middle tell overlapping blocks; filling all of it would be slow for large ones.
    for (let n = Math.min(16, bytes.length); n > 0; n--) bytes[this.r.below(bytes.length)] = this.r.below(256)
    bytes[0] = this.r.below(256)
    bytes[bytes.length - 1] = this.r.below(256)
    this.live.set(ref, Buffer.from(bytes))
  }

  alloc(): void {
    const wanted = this.size()
    const ref = this.arena.alloc(wanted)
    expect(this.arena.leaving[ref >>> 20], "a block is put into a chunk that is leaving").toBe(0)
    expect(this.live.has(ref), "a live block is handed out again").toBe(false)
    expect(this.frozen?.has(ref) ?? false, "a block of the snapshot is handed out again").toBe(false)
    expect(this.arena.blockSize(ref)).toBe(roundedBytes(wanted))
    this.fill(ref)
  }

  write(ref: Ref): void {
    this.arena.willWrite(ref)
    this.fill(ref)
  }

  free(ref: Ref): void {
    this.arena.free(ref)
    this.live.delete(ref)
  }

  realloc(ref: Ref): void {
    const keep = Math.min(this.size(), this.arena.blockSize(ref))
    const before = Buffer.from(this.bytesOf(ref).subarray(0, keep))
    const next = this.arena.realloc(ref, keep + this.r.below(1000), keep)
    this.live.delete(ref)
    expect(before.equals(this.bytesOf(next).subarray(0, keep))).toBe(true)
    this.live.set(next, Buffer.from(this.bytesOf(next)))
  }

  private canLeave(chunk: number): boolean {
    const { arena } = this
    return (arena.u8[chunk]?.length ?? 0) > 0 && !arena.isHuge(chunk) && arena.leaving[chunk] === 0
  }

  /** Has a chunk leave, as none does under a snapshot, or all of them stay. */
  leave(): void {
    const { arena, r } = this
    const chunk = r.below(arena.u8.length)
    if (r.below(4) === 0) arena.stayAll()
    else if (this.frozen === undefined && this.canLeave(chunk)) arena.leave(chunk)
  }

  dropAll(): void {
    this.arena.dropAll()
    this.live.clear()
  }

  /** Has empty chunks kept from now on, or not any more, or gives them back. */
  keep(): void {
    const { arena, r } = this
    if (r.below(2) === 0) arena.keepsEmpty = !arena.keepsEmpty
    else arena.trim(r.below(3))
  }

  open(): void {
    this.reader = new FrozenReader(this.arena.openSnapshot().handle)
    this.frozen = new Map(this.live)
  }

  close(): void {
    this.arena.closeSnapshot()
    this.frozen = undefined
  }

  check(): void {
    this.arena.checkInvariants()
    let used = 0
    for (const [ref, bytes] of this.live) {
      used += bytes.length
      if (!bytes.equals(this.bytesOf(ref))) throw new Error(`block ${ref.toString(16)} has changed`)
    }
    expect(this.arena.usedBytes).toBe(used)
    for (const [ref, bytes] of this.frozen ?? []) {
      this.reader?.load(ref, this.block)
      if (!bytes.equals(this.block.u8.subarray(0, this.block.bytes)))
        throw new Error(`the snapshot sees block ${ref.toString(16)} changed`)
    }
  }
}

const run = (r: Random, steps: number): void => {
  const m = new Model(r)
  let target = 200
  for (let i = 0; i < steps; i++) {
    const refs = [...m.live.keys()]
    const kind = r.below(1000)
    if (kind < 4) m.dropAll()
    else if (kind < 20) {
      if (m.frozen === undefined) m.open()
      else {
        m.check()
        m.close()
      }
    } else if (kind < 30) target = r.below(600)
    else if (refs.length === 0 || (refs.length < target ? kind < 600 : kind < 250)) m.alloc()
    else if (kind < 750) m.free(r.pick(refs))
    else if (kind < 940) m.write(r.pick(refs))
    else if (kind < 950) m.leave()
    else if (kind < 960) m.arena.takeBack(r.below(50))
    else if (kind < 965) m.keep()
    else m.realloc(r.pick(refs))
    if (i % 100 === 0) m.check()
  }
  m.check()
  if (m.frozen !== undefined) m.close()
  for (const ref of m.live.keys()) m.arena.free(ref)
  m.arena.takeBack(Infinity)
  m.arena.checkInvariants()
  expect(m.arena.usedBytes).toBe(0)
  expect(m.arena.parkedBytes).toBe(0)
}

it("keeps blocks apart and whole, live and frozen, through any sequence", () => {
  const r = Random.forTest("arena")
  for (let i = 0; i < effort(7); i++) run(r, 1500)
})

it("cuts every class without overlap", () => {
  const arena = checkedArena()
  for (let cls = 1; cls < CLASS_COUNT; cls++) {
    const size = CLASS_BYTES[cls] ?? 0
    const refs = Array.from({ length: Math.floor(PAGE_BYTES / size) * 2 + 1 }, () => arena.alloc(size))
    const starts = refs.map((ref) => (ref >>> 20) * 2 ** 23 + (ref & 0xfffff) * 8).sort((a, b) => a - b)
    for (let i = 1; i < starts.length; i++)
      expect((starts[i] ?? 0) - (starts[i - 1] ?? 0)).toBeGreaterThanOrEqual(size)
    for (const ref of refs) arena.free(ref)
  }
  arena.checkInvariants()
  expect(arena.usedBytes).toBe(0)
})

it("gives memory back when much is freed", () => {
  const arena = checkedArena()
  const refs = Array.from({ length: 40_000 }, () => arena.alloc(1000))
  expect(arena.reservedBytes).toBeGreaterThan(40_000_000)
  for (const ref of refs) arena.free(ref)
  expect(arena.reservedBytes).toBeLessThanOrEqual(2 * 8 * 1024 * 1024)
})

it("parks what is freed under a snapshot and takes it back by and by after the close", () => {
  const arena = checkedArena()
  const refs = Array.from({ length: 1000 }, () => arena.alloc(100))
  const used = arena.usedBytes
  arena.openSnapshot()
  for (const ref of refs) arena.free(ref)
  expect(arena.usedBytes).toBe(0)
  expect(arena.parkedBytes).toBe(used)
  const again = Array.from({ length: 1000 }, () => arena.alloc(100))
  expect(again.some((ref) => refs.includes(ref))).toBe(false)
  arena.checkInvariants()
  arena.closeSnapshot()
  expect(arena.parkedBytes).toBe(used)
  expect(arena.takeBack(300)).toBe(true)
  arena.checkInvariants()
  expect(arena.parkedBytes).toBe((used / 1000) * 700)
  expect(arena.takeBack(700)).toBe(false)
  arena.checkInvariants()
  expect(arena.parkedBytes).toBe(0)
  expect(arena.usedBytes).toBe(used)
})

it("takes back under the next snapshot what the one before held, and nothing that this one holds", () => {
  const arena = checkedArena()
  const [first, second] = [0, 1].map(() => Array.from({ length: 1000 }, () => arena.alloc(100)))
  const used = arena.usedBytes / 2
  arena.openSnapshot()
  for (const ref of first ?? []) arena.free(ref)
  arena.closeSnapshot()
  arena.openSnapshot()
  for (const ref of second ?? []) arena.free(ref)
  expect(arena.takeBack(Infinity)).toBe(false)
  expect(arena.parkedBytes).toBe(used)
  const again = Array.from({ length: 1000 }, () => arena.alloc(100))
  expect(again.some((ref) => second?.includes(ref))).toBe(false)
  expect(again.some((ref) => first?.includes(ref))).toBe(true)
  arena.checkInvariants()
  arena.closeSnapshot()
  expect(arena.takeBack(Infinity)).toBe(false)
  expect(arena.parkedBytes).toBe(0)
  arena.checkInvariants()
})

it("gives each empty chunk back but as many as are kept to spare", () => {
  const arena = checkedArena()
  const whole = 4 * 1024 * 1024
  // Two to a chunk but for the header page: one, then.
  const refs = Array.from({ length: 10 }, () => arena.alloc(whole))
  for (const ref of refs.slice(0, 4)) arena.free(ref)
  expect(arena.shared.droppedBytes).toBe(3 * CHUNK_BYTES)
  arena.spareChunks = 3
  for (const ref of refs.slice(4)) arena.free(ref)
  arena.checkInvariants()
  expect(arena.shared.droppedBytes).toBe(7 * CHUNK_BYTES)
  arena.trim(1)
  arena.checkInvariants()
  expect(arena.shared.droppedBytes).toBe(9 * CHUNK_BYTES)
  arena.dropAll()
  expect(arena.shared.droppedBytes).toBe(10 * CHUNK_BYTES)
  expect(arena.reservedBytes).toBe(0)
})

it("keeps what is empty for what comes next, where it is told to, until it is trimmed", () => {
  const arena = checkedArena()
  arena.keepsEmpty = true
  const fill = (): ReadonlyArray<Ref> => Array.from({ length: 40_000 }, () => arena.alloc(1000))
  const refs = fill()
  const reserved = arena.reservedBytes
  for (const ref of refs) arena.free(ref)
  expect([arena.reservedBytes, arena.shared.droppedBytes]).toEqual([reserved, 0])
  arena.checkInvariants()
  fill()
  expect(arena.reservedBytes).toBe(reserved)
  arena.dropAll()
  arena.checkInvariants()
  expect([arena.reservedBytes, arena.shared.droppedBytes]).toEqual([reserved, 0])
  fill()
  arena.checkInvariants()
  expect(arena.reservedBytes).toBe(reserved)
  arena.dropAll()
  const chunks = arena.emptyChunks()
  arena.trim(2)
  expect(arena.emptyChunks()).toBe(2)
  expect(arena.shared.droppedBytes).toBeGreaterThan((chunks - 3) * CHUNK_BYTES)
  expect(arena.reservedBytes + arena.shared.droppedBytes).toBe(reserved)
})

it("keeps what is empty within its limit only", () => {
  const arena = checkedArena()
  arena.keepsEmpty = true
  const refs = Array.from({ length: 10 }, () => arena.alloc(4 * 1024 * 1024))
  arena.shared.limitBytes = 6 * CHUNK_BYTES
  for (const ref of refs) arena.free(ref)
  // Those let go count until they are found to be gone.
  expect([arena.emptyChunks(), arena.shared.droppedBytes]).toEqual([1, 9 * CHUNK_BYTES])
  arena.shared.collect()
  for (const ref of refs.slice(0, 5).map(() => arena.alloc(4 * 1024 * 1024))) arena.free(ref)
  expect([arena.emptyChunks(), arena.shared.droppedBytes]).toEqual([5, 0])
})

it("has a huge block take the place of empty chunks, and its own memory goes at once", () => {
  const arena = checkedArena()
  arena.keepsEmpty = true
  const whole = 4 * 1024 * 1024
  for (const ref of Array.from({ length: 10 }, () => arena.alloc(whole))) arena.free(ref)
  const chunks = arena.emptyChunks()
  const huge = arena.alloc(3 * CHUNK_BYTES)
  expect(arena.emptyChunks()).toBe(chunks - 3)
  arena.free(huge)
  expect(arena.emptyChunks()).toBe(chunks - 3)
  arena.checkInvariants()
})

it("uses empty chunks where the machine has no more memory, and gives them up for a block of another size", () => {
  const arena = checkedArena()
  arena.keepsEmpty = true
  for (const ref of Array.from({ length: 10 }, () => arena.alloc(4 * 1024 * 1024))) arena.free(ref)
  const take = arena.shared.take.bind(arena.shared)
  arena.shared.take = (bytes, held) => (held > CHUNK_BYTES ? undefined : take(bytes, held))
  for (const ref of Array.from({ length: 10 }, () => arena.alloc(4 * 1024 * 1024))) arena.free(ref)
  const huge = arena.alloc(CHUNK_BYTES)
  expect(arena.blockSize(huge)).toBe(CHUNK_BYTES)
  arena.checkInvariants()
})

it("keeps the reserve where a huge block takes the place of empty chunks, or says that it is strained", () => {
  for (const huge of [5_000_000, 100_000_000]) {
    const arena = checkedArena()
    arena.keepsEmpty = true
    const refs = Array.from({ length: 6 }, () => arena.alloc(4 * 1024 * 1024))
    for (const ref of refs.slice(0, 2)) arena.free(ref)
    const take = arena.shared.take.bind(arena.shared)
    arena.shared.take = (bytes, held) => (bytes > 50_000_000 ? undefined : take(bytes, held))
    if (huge > 50_000_000) expect(() => arena.alloc(huge)).toThrow(ArenaFullError)
    else arena.alloc(huge)
    arena.shared.take = () => undefined
    expect(arena.strained || arena.pagesFree >= arena.reservePages).toBe(true)
    expect(arena.pagesFree).toBeGreaterThan(0)
    arena.alloc(100)
  }
})

it("begins with 3.5 MiB, and goes back to them", () => {
  const arena = checkedArena()
  const small = arena.alloc(100)
  expect(arena.reservedBytes).toBe(3.5 * 1024 * 1024)
  const refs = Array.from({ length: 100 }, () => arena.alloc(PAGE_BYTES))
  expect(new Set(arena.u8.map(({ length }) => length))).toEqual(new Set([3.5 * 1024 * 1024, CHUNK_BYTES]))
  arena.checkInvariants()
  for (const ref of [...refs, small]) arena.free(ref)
  arena.checkInvariants()
  arena.dropAll()
  arena.alloc(100)
  expect(arena.reservedBytes).toBe(3.5 * 1024 * 1024)
  // What would break into the reserve at once takes a chunk of the usual size.
  arena.dropAll()
  arena.alloc(13 * PAGE_BYTES)
  expect(arena.reservedBytes).toBe(CHUNK_BYTES)
})

it("asks for collection before it reserves more while much is let go and not collected", () => {
  let asked = 0
  const arena = checkedArena(() => void asked++)
  // Never touched, so the machine gives only addresses.
  for (let i = 0; i < 100; i++) arena.free(arena.alloc(50_000_000))
  expect(asked).toBeGreaterThan(10)
  expect(asked).toBeLessThan(20)
})

it("answers ArenaFullError when chunk numbers run out, and goes on when some are free again", () => {
  const arena = checkedArena()
  const small = arena.alloc(100)
  const refs: Array<Ref> = []
  const fill = (): void => {
    for (;;) refs.push(arena.alloc(5_000_000))
  }
  expect(fill).toThrow(ArenaFullError)
  expect(refs.length).toBe(CHUNK_COUNT_MAX - 1)
  arena.checkInvariants()
  expect(fill).toThrow(ArenaFullError)
  for (const ref of refs.splice(0, 3)) arena.free(ref)
  expect(fill).toThrow(ArenaFullError)
  expect(refs.length).toBe(CHUNK_COUNT_MAX - 1)
  arena.free(small)
  for (const ref of refs) arena.free(ref)
  arena.checkInvariants()
  expect(arena.usedBytes).toBe(0)
})

const STAGES = [
  { stage: "an arena of one small chunk keeps 44 pages", begin: 1, kept: 44 * PAGE_BYTES },
  { stage: "any other keeps 4 MiB", begin: 4000, kept: 4 * 1024 * 1024 },
]

it.each(STAGES)("$stage for what has begun when there is no more memory", ({ begin, kept: bytesKept }) => {
  const arena = checkedArena()
  const take = arena.shared.take.bind(arena.shared)
  let more = true
  arena.shared.take = (bytes, held) => (more ? take(bytes, held) : undefined)
  const refs: Ref[] = Array.from({ length: begin }, () => arena.alloc(1000))
  more = false
  while (!arena.strained) refs.push(arena.alloc(1000))
  const kept = refs.length
  expect(() => {
    for (;;) refs.push(arena.alloc(1000))
  }).toThrow(ArenaFullError)
  expect((refs.length - kept) * roundedBytes(1000)).toBeGreaterThan(bytesKept - 2 * PAGE_BYTES)
  for (const ref of refs.splice(0, refs.length - 100)) arena.free(ref)
  expect(arena.strained).toBe(false)
  for (const ref of refs) arena.free(ref)
  arena.checkInvariants()
  while (!arena.strained) arena.alloc(1000)
  more = true
  arena.fillReserve()
  expect(arena.strained).toBe(false)
})
