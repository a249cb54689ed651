/** What the tests of packed collections share: guarded buffers, text in and out, elements at the encodings' edges. */
import { expect } from "vitest"
import * as Listpack from "../../../src/bytes/packed/Listpack.js"
import { validate } from "../../../src/bytes/packed/ListpackValidate.js"
import type { Random } from "../../support/Random.js"

export const latin1 = (text: string): Buffer => Buffer.from(text, "latin1")

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** A listpack in the middle of a buffer of guard bytes, so that a write outside its extent is seen. */
export class Pack {
  static readonly guard = 0xa5
  readonly u8: Uint8Array
  constructor(
    readonly capacity = 1 << 17,
    readonly base = 13,
  ) {
    this.u8 = new Uint8Array(capacity + base + 64).fill(Pack.guard)
    Listpack.init(this.u8, base)
  }

  static of(texts: Iterable<string>, capacity?: number): Pack {
    const pack = new Pack(capacity)
    for (const text of texts) pack.append(text)
    return pack
  }

  append(text: string): number {
    const b = latin1(text)
    return Listpack.append(this.u8, this.base, b, 0, b.length)
  }

  insertBefore(p: number, text: string): number {
    const b = latin1(text)
    return Listpack.insertBefore(this.u8, this.base, p, b, 0, b.length)
  }

  insertAfter(p: number, text: string): number {
    const b = latin1(text)
    return Listpack.insertAfter(this.u8, this.base, p, b, 0, b.length)
  }

  replace(p: number, text: string): number {
    const b = latin1(text)
    return Listpack.replace(this.u8, this.base, p, b, 0, b.length)
  }

  find(from: number, text: string, skip = 0): number {
    const b = latin1(text)
    return Listpack.find(this.u8, from, b, 0, b.length, skip)
  }

  seek(index: number): number {
    return Listpack.seek(this.u8, this.base, index)
  }

  textAt(p: number): string {
    Listpack.get(this.u8, p)
    const { src, off, len } = Listpack.lpv
    return Buffer.from(src.subarray(off, off + len)).toString("latin1")
  }

  bytes(): Buffer {
    return Buffer.from(this.u8.subarray(this.base, this.base + Listpack.byteLength(this.u8, this.base)))
  }

  texts(): string[] {
    const out: string[] = []
    for (let p = Listpack.first(this.u8, this.base); p >= 0; p = Listpack.next(this.u8, p))
      out.push(this.textAt(p))
    return out
  }

  textsBackwards(): string[] {
    const out: string[] = []
    for (let p = Listpack.last(this.u8, this.base); p >= 0; p = Listpack.prev(this.u8, this.base, p))
      out.push(this.textAt(p))
    return out
  }

  /** The header, the bytes and both walks are those of this sequence. */
  expectIs(model: ReadonlyArray<string>, label = ""): void {
    expect(this.texts(), label).toEqual(model)
    expect(this.textsBackwards().reverse(), label).toEqual(model)
    expect(Listpack.count(this.u8, this.base), label).toBe(model.length)
    const total = Listpack.byteLength(this.u8, this.base)
    expect(validate(this.u8, this.base, total, true), label).toBe(true)
    expect(this.guardsWhole(), `${label}: bytes outside were written`).toBe(true)
  }

  /** Guards before the listpack and beyond its capacity are untouched. */
  guardsWhole(): boolean {
    const before = this.u8.subarray(0, this.base).every((b) => b === Pack.guard)
    return before && this.u8.subarray(this.base + this.capacity).every((b) => b === Pack.guard)
  }
}

/** Texts at the edges of every encoding, and texts that nearly are integers. */
export const edgeTexts: ReadonlyArray<string> = [
  [
    "",
    "a",
    "-",
    "+",
    "0",
    "-0",
    "00",
    "01",
    "+1",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "0x10",
    "--1",
    "-01",
    "\0",
    "1\0",
  ],
  ["inf", "nan", "-inf", "\xff", "\r\n", "1_0", "9a", "-9a", "123456789012345a", "-123456789012345a"],
  [7, 12, 15, 23, 31, 32, 33, 52, 53, 54, 62, 63].flatMap((bit) =>
    [-2n, -1n, 0n, 1n, 2n].flatMap((d) => [String(2n ** BigInt(bit) + d), String(-(2n ** BigInt(bit)) + d)]),
  ),
  [
    "1000000000000000",
    "9999999999999999",
    "999999999999999999",
    "9999999999999999999",
    "1000000000000000000",
  ],
  ["-1000000000000000000", "10000000000000000000", "-9999999999999999999", "123456789012345678"],
  ["18446744073709551615", "18446744073709551616", "99999999999999999999", "-99999999999999999999"],
  ["9007199254740993", "1000000000001000000", "4294967296000000", "-4294967296000000"],
  [4095, -4096, 4096, -4097, 127, 128, -1, -128, 1000, 12345678, -12345678].map(String),
  [62, 63, 64, 65, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 4094, 4095, 4096, 4097].map((n) =>
    "x".repeat(n),
  ),
].flat()

/** An element: mostly short, often at an edge, sometimes long or binary. */
export const randomText = (random: Random, lengthMax = 300): string => {
  switch (random.below(7)) {
    case 0:
      return random.pick(edgeTexts.filter((text) => text.length <= lengthMax))
    case 1:
      return String(random.between(-200, 200))
    case 2:
      return String(random.between(-10000, 10000))
    case 3:
      return String(
        BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.uint32())) >>
          BigInt(random.below(60)),
      )
    case 4:
      return random.bytes(random.below(20)).toString("latin1")
    case 5:
      return random.text(random.below(lengthMax + 1), "ab")
    default:
      return random.text(random.between(1, 3), "abc12")
  }
}
