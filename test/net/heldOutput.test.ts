import { expect, test } from "vitest"
import { HeldOutput } from "../../src/net/HeldOutput.js"
import { Random } from "../support/Random.js"

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("latin1")

test("gives out what is safe in one piece, in order, and nothing that waits behind what is not", () => {
  const held = new HeldOutput()
  const shared = Buffer.from("onetwothree")
  held.add(10, shared.subarray(0, 3))
  held.add(20, shared.subarray(3, 6))
  held.add(15, shared.subarray(6))
  shared.fill(0)
  expect([held.count, held.bytes]).toEqual([3, 11])
  expect(held.next(9)).toBeUndefined()
  expect(text(held.next(15))).toBe("one")
  expect(held.next(19)).toBeUndefined()
  expect(text(held.next(20))).toBe("twothree")
  expect([held.count, held.bytes, held.next(Infinity)]).toEqual([0, 0, undefined])
})

test("what was given out stays as it was until it is given back, whatever is added", () => {
  const random = Random.forTest("held output")
  const below = (n: number): number => random.below(n)
  for (let run = 0; run < 20; run++) {
    const held = new HeldOutput()
    const lent: Array<{ readonly piece: Uint8Array; readonly was: string }> = []
    let added = ""
    let given = ""
    let until = 0
    for (let step = 0; step < 400; step++) {
      const bytes = Buffer.alloc(1 + below(below(10) === 0 ? 3000 : 60), 97 + below(26))
      until += below(2)
      added += text(bytes)
      held.add(until, bytes)
      if (below(3) > 0) continue
      const piece = held.next(until - below(3))
      if (piece === undefined) continue
      const was = text(piece)
      given += was
      for (const old of lent) expect(text(old.piece)).toBe(old.was)
      if (below(2) === 0) lent.push({ piece, was })
      else if (lent.length === 0) held.reuse()
      expect(held.bytes).toBe(added.length - given.length)
    }
    given += text(held.next(Infinity))
    expect(given).toBe(added)
    expect(held.count).toBe(0)
  }
})

test("keeps a small buffer to fill it again, and no large one", () => {
  const held = new HeldOutput()
  const buffers = new Set<ArrayBufferLike>()
  const once = (length: number): void => {
    held.add(1, new Uint8Array(length))
    const piece = held.next(1)
    if (piece !== undefined) buffers.add(piece.buffer)
    held.reuse()
  }
  for (let i = 0; i < 100; i++) once(80)
  expect(buffers.size).toBe(1)
  once(5000)
  once(80)
  expect([...buffers].map(({ byteLength }) => byteLength)).toEqual([256, 5000, 256])
})
