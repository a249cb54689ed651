import { expect, test } from "vitest"
import { WordCopy } from "../../src/bytes/WordCopy.js"

const pattern = (length: number, step: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * step + 1) & 255)

test("copies every length from and to every alignment, and nothing beside it", () => {
  const words = new WordCopy()
  const source = pattern(700, 7)
  for (const target of [new Uint8Array(700), new Uint8Array(1024).subarray(3, 703)])
    for (let len = 0; len <= 300; len++) {
      const off = len % 13
      const at = len % 7
      target.fill(0)
      words.copy(source, off, len, target, at)
      expect(target.subarray(at, at + len)).toEqual(source.subarray(off, off + len))
      expect(target.subarray(0, at).every((byte) => byte === 0)).toBe(true)
      expect(target.subarray(at + len).every((byte) => byte === 0)).toBe(true)
    }
})

test("follows sources and targets as they change, and a source that is filled anew", () => {
  const words = new WordCopy()
  const sources = [pattern(64, 3), pattern(80, 5).subarray(8)]
  const targets = [new Uint8Array(64), new Uint8Array(72)]
  for (let i = 0; i < 40; i++) {
    const source = sources[i & 1] ?? new Uint8Array()
    const target = targets[(i >> 1) & 1] ?? new Uint8Array()
    source[5] = i
    for (let time = 0; time < 3; time++) words.copy(source, 4, 30, target, time)
    expect(target.subarray(2, 32)).toEqual(source.subarray(4, 34))
  }
  words.forget()
  const [source = new Uint8Array(), target = new Uint8Array()] = [sources[0], targets[0]]
  for (let time = 0; time < 3; time++) words.copy(source, 0, 9, target, 0)
  expect(target.subarray(0, 9)).toEqual(source.subarray(0, 9))
})
