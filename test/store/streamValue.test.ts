/** Streams as values: seen by a snapshot as they were, freed in slices, loaded from good parts and refused with bad ones. */
import { describe, expect, it } from "vitest"
import type { Arena, Ref } from "../../src/memory/Arena.js"
import { FrozenReader } from "../../src/memory/Snapshot.js"
import * as Stream from "../../src/memory/stream/Stream.js"
import * as Groups from "../../src/memory/stream/StreamGroups.js"
import { StreamId } from "../../src/bytes/StreamId.js"
import { liveBlocks } from "../../src/store/types/FrozenStreams.js"
import { StreamLoader } from "../../src/store/types/StreamLoader.js"
import { checkStreamValue, streamType, visitStreamDigest } from "../../src/store/types/StreamValue.js"
import { Random } from "../support/Random.js"
import { streamPicture } from "./StreamPicture.js"
import { checkedArena } from "../support/Memory.js"

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1")

/** A stream under random writes. */
class Writer {
  readonly stream: Ref
  private clock = 1
  private readonly id = new StreamId()

  constructor(
    readonly arena: Arena,
    readonly random: Random,
  ) {
    this.stream = Stream.createStream(arena)
  }

  private near(): StreamId {
    return this.id.setMs(Math.max(1, this.clock - this.random.below(200)))
  }

  private append(): void {
    const words = [
      "f",
      this.random.text(this.random.below(20)),
      this.random.text(1, "gh"),
      String(this.clock),
    ]
    const source = {
      buf: bytes(words.join("")),
      argOff: Int32Array.from(words, (_, i) => words.slice(0, i).join("").length),
      argLen: Int32Array.from(words, (word) => word.length),
    }
    Stream.appendToStream(
      this.arena,
      this.stream,
      this.id.setMs(this.clock++),
      source,
      0,
      2,
      words.join("").length,
      400,
      10,
    )
  }

  private group(): Ref {
    const name = bytes(`g${this.random.below(3)}`)
    const { arena, stream } = this
    const found = Groups.findGroup(arena, stream, name, 0, name.length)
    return found !== 0
      ? found
      : Groups.createGroup(arena, stream, name, 0, name.length, new StreamId(), Groups.READ_UNKNOWN)
  }

  private consumer(group: Ref): Ref {
    const name = bytes(`consumer ${this.random.below(20)}`)
    const found = Groups.findConsumer(this.arena, group, name, 0, name.length)
    return found !== 0 ? found : Groups.createConsumer(this.arena, group, name, 0, name.length, 7)
  }

  private pend(): void {
    const group = this.group()
    const consumer = this.consumer(group)
    const id = this.near()
    const pending = Groups.findPending(this.arena, group, id)
    if (pending === 0) Groups.addPending(this.arena, group, consumer, id, this.clock)
    else {
      Groups.assignPending(this.arena, pending, id, consumer)
      Groups.deliverAgain(this.arena, pending, this.clock)
    }
    Groups.groupDelivered(this.arena, this.stream, group, id)
  }

  private drop(): void {
    const { arena, stream, random } = this
    const group = this.group()
    if (random.chance(0.8)) Groups.removePending(arena, group, this.near())
    else if (random.chance(0.9)) {
      const name = bytes(`consumer ${random.below(20)}`)
      Groups.deleteConsumer(arena, group, name, 0, name.length)
    } else {
      const name = bytes(`g${random.below(3)}`)
      Groups.destroyGroup(arena, stream, name, 0, name.length)
    }
  }

  step(): void {
    const { arena, stream } = this
    this.random.weighted<() => void>([
      [10, () => this.append()],
      [8, () => this.pend()],
      [3, () => this.drop()],
      [3, () => Stream.deleteFromStream(arena, stream, this.near())],
      [
        0.2,
        () =>
          Stream.trimStream(arena, stream, {
            maxLength: Math.max(0, Stream.streamLength(arena, stream) - this.random.below(30)),
            minId: this.id,
            approximate: this.random.chance(0.5),
            limit: 0,
          }),
      ],
    ])()
  }
}

describe("a stream value", () => {
  it("is seen by a snapshot as it was, whatever is written meanwhile", () => {
    const random = Random.forTest("stream snapshot")
    for (let round = 0; round < 12; round++) {
      const arena = checkedArena()
      const writer = new Writer(arena, random)
      for (let i = 0; i < round * 200; i++) writer.step()
      checkStreamValue(arena, writer.stream)
      const want = streamPicture(liveBlocks(arena), writer.stream)
      const reader = new FrozenReader(arena.openSnapshot().handle)
      for (let i = 0; i < 1500; i++) writer.step()
      expect(streamPicture(reader, writer.stream)).toEqual(want)
      const copy = streamType.copy(arena, 0, writer.stream)
      const now = streamPicture(liveBlocks(arena), writer.stream)
      expect(streamPicture(liveBlocks(arena), copy)).toEqual(now)
      checkStreamValue(arena, copy)
      for (const value of [writer.stream, copy]) streamType.freeStep(arena, 0, value, Infinity)
      expect(streamPicture(reader, writer.stream)).toEqual(want)
      expect(arena.usedBytes).toBe(0)
      arena.closeSnapshot()
      arena.checkInvariants()
    }
  })

  it("is freed in slices", () => {
    const random = Random.forTest("stream slices")
    const arena = checkedArena()
    const writer = new Writer(arena, random)
    for (let i = 0; i < 5000; i++) writer.step()
    expect(streamType.freeEffort(arena, 0, writer.stream)).toBeGreaterThan(100)
    expect(streamType.bytes(arena, 0, writer.stream, 0)).toBe(arena.usedBytes)
    let slices = 0
    for (let left = writer.stream; left !== 0; slices++) {
      const before = arena.usedBytes
      left = streamType.freeStep(arena, 0, left, 10)
      expect(arena.usedBytes).toBeLessThanOrEqual(before)
      arena.checkInvariants()
    }
    expect(slices).toBeGreaterThan(10)
    expect(arena.usedBytes).toBe(0)
  })

  it("gives its digest's parts in order", () => {
    const arena = checkedArena()
    const s = Stream.createStream(arena)
    const source = {
      buf: bytes("name12"),
      argOff: Int32Array.of(0, 4),
      argLen: Int32Array.of(4, 2),
    }
    Stream.appendToStream(arena, s, new StreamId().setBig(2n ** 64n - 1n, 5n), source, 0, 1, 6, 4096, 100)
    const parts: string[] = []
    visitStreamDigest(arena, s, (src, off, len) =>
      parts.push(Buffer.from(src.subarray(off, off + len)).toString("latin1")),
    )
    expect(parts).toEqual(["18446744073709551615.5", "name", "12"])
  })
})

describe("StreamLoader", () => {
  const id = (n: number): Uint8Array => {
    const out = new Uint8Array(16)
    new StreamId().setMs(n).storeBytes(out, 0)
    return out
  }
  const zero = { ms: 0n, seq: 0n }
  const start = (): { arena: Arena; loader: StreamLoader } => {
    const arena = checkedArena()
    const loader = new StreamLoader(arena)
    loader.start()
    loader.info({
      length: 0n,
      lastId: zero,
      firstId: undefined,
      maxDeletedId: undefined,
      entriesAdded: undefined,
    })
    expect(loader.openGroup(bytes("g"), 0, 1, zero, undefined)).toBe(true)
    expect(loader.pending(id(1), 0, 5, 1)).toBe(true)
    expect(loader.pending(id(2), 0, 5, 2 ** 63)).toBe(true)
    expect(loader.openConsumer(bytes("c"), 0, 1, 9)).toBe(true)
    expect(loader.owned(id(1), 0)).toBe(true)
    return { arena, loader }
  }

  it("builds a stream from its parts", () => {
    const { arena, loader } = start()
    expect(loader.owned(id(2), 0)).toBe(true)
    const s = loader.end()
    expect(streamPicture(liveBlocks(arena), s)).toEqual([
      "0 nodes",
      "length 0 last 0-0 first 18446744073709551615-18446744073709551615 deleted 0-0 added 0",
      "1 groups",
      "group 67 last 0-0 read 0 pending 2",
      "pending 1-0 1",
      "pending 2-0 many",
      "1 consumers",
      "consumer 63 pending 2",
      "owned 1-0",
      "owned 2-0",
    ])
    streamType.freeStep(arena, 0, s, Infinity)
    expect(arena.usedBytes).toBe(0)
  })

  it("takes a pending entry without a consumer, which can be claimed or acknowledged", () => {
    const { arena, loader } = start()
    const s = loader.end()
    checkStreamValue(arena, s)
    const twin = streamType.copy(arena, 0, s)
    expect(streamPicture(liveBlocks(arena), twin)).toEqual(streamPicture(liveBlocks(arena), s))
    const group = Groups.findGroup(arena, s, bytes("g"), 0, 1)
    expect(Groups.removePending(arena, group, new StreamId().setMs(2))).toBe(true)
    checkStreamValue(arena, s)
    const other = Groups.findGroup(arena, twin, bytes("g"), 0, 1)
    const pending = Groups.findPending(arena, other, new StreamId().setMs(2))
    Groups.assignPending(
      arena,
      pending,
      new StreamId().setMs(2),
      Groups.findConsumer(arena, other, bytes("c"), 0, 1),
    )
    checkStreamValue(arena, twin)
    for (const value of [s, twin]) streamType.freeStep(arena, 0, value, Infinity)
    expect(arena.usedBytes).toBe(0)
  })

  it.each<[string, (loader: StreamLoader) => boolean]>([
    ["a pending entry twice", (loader) => loader.pending(id(1), 0, 5, 1)],
    ["a consumer twice", (loader) => loader.openConsumer(bytes("c"), 0, 1, 9)],
    ["an entry with two consumers", (loader) => loader.owned(id(1), 0)],
    ["an entry that is not pending", (loader) => loader.owned(id(3), 0)],
    [
      "a group twice",
      (loader) => loader.owned(id(2), 0) && loader.openGroup(bytes("g"), 0, 1, zero, undefined),
    ],
  ])("refuses %s, and frees what there was", (_name, part) => {
    const { arena, loader } = start()
    expect(part(loader)).toBe(false)
    loader.abandon()
    expect(arena.usedBytes).toBe(0)
    arena.checkInvariants()
  })
})
