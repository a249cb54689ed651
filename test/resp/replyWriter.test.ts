import { describe, expect, it } from "vitest"
import { type AggregateKind, ReplyWriter } from "../../src/resp/ReplyWriter.js"
import { latin1 } from "./parserSupport.js"
import { Random } from "../support/Random.js"

const written = (resp: 2 | 3, write: (w: ReplyWriter) => void): string => {
  const writer = new ReplyWriter()
  writer.resp = resp
  write(writer)
  return writer.take().toString("latin1")
}

/** What is written, the bytes in RESP2, and in RESP3 where they differ. */
type Case = readonly [name: string, write: (w: ReplyWriter) => void, resp2: string, resp3?: string]

const cases: ReadonlyArray<Case> = [
  ["ok", (w) => w.ok(), "+OK\r\n"],
  ["queued", (w) => w.queued(), "+QUEUED\r\n"],
  ["nil", (w) => w.nil(), "$-1\r\n", "_\r\n"],
  ["nilArray", (w) => w.nilArray(), "*-1\r\n", "_\r\n"],
  ["emptyArray", (w) => w.emptyArray(), "*0\r\n"],
  ["zero and one", (w) => (w.zero(), w.one()), ":0\r\n:1\r\n"],
  ["bool", (w) => (w.bool(true), w.bool(false)), ":1\r\n:0\r\n", "#t\r\n#f\r\n"],
  ["bulk", (w) => w.bulk(latin1("xhelloy"), 1, 5), "$5\r\nhello\r\n"],
  [
    "bulkText",
    (w) => w.bulkText("h\u00e9llo \u{1f600}"),
    `$11\r\n${Buffer.from("h\u00e9llo \u{1f600}").toString("latin1")}\r\n`,
  ],
  ["simple", (w) => w.simple("Background saving started"), "+Background saving started\r\n"],
  ["error", (w) => w.error("ERR a\r\nb\xe9"), "-ERR a  b\xe9\r\n"],
  ["array", (w) => w.array(1234), "*1234\r\n"],
  ["map", (w) => w.map(7), "*14\r\n", "%7\r\n"],
  ["set", (w) => w.set(3), "*3\r\n", "~3\r\n"],
  ["push", (w) => w.push(3), "*3\r\n", ">3\r\n"],
  ["double", (w) => w.double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n"],
  [
    "doubles",
    (w) => [3, -12, 0.1, Infinity, -Infinity, -0, 1e20].forEach((x) => w.double(x)),
    "$1\r\n3\r\n$3\r\n-12\r\n$19\r\n0.10000000000000001\r\n$3\r\ninf\r\n$4\r\n-inf\r\n$2\r\n-0\r\n$5\r\n1e+20\r\n",
    ",3\r\n,-12\r\n,0.10000000000000001\r\n,inf\r\n,-inf\r\n,-0\r\n,1e+20\r\n",
  ],
  [
    "bigNumber",
    (w) => w.bigNumber("1234567999999999999999999999999999999"),
    "$37\r\n1234567999999999999999999999999999999\r\n",
    "(1234567999999999999999999999999999999\r\n",
  ],
  [
    "verbatim",
    (w) => w.verbatim("txt", "This is a verbatim\nstring"),
    "$25\r\nThis is a verbatim\nstring\r\n",
    "=29\r\ntxt:This is a verbatim\nstring\r\n",
  ],
  ["raw", (w) => (w.raw(latin1("a+PONG\r\n"), 1, 7), w.rawText("+\xff\r\n")), "+PONG\r\n+\xff\r\n"],
]

describe("ReplyWriter", () => {
  for (const [name, write, resp2, resp3] of cases) {
    it(name, () => {
      expect(written(2, write)).toBe(resp2)
      expect(written(3, write)).toBe(resp3 ?? resp2)
    })
  }

  it("writes attributes in RESP3 only", () => {
    expect(written(3, (w) => w.attribute(1))).toBe("|1\r\n")
    expect(() => new ReplyWriter().attribute(1)).toThrow("RESP2")
  })

  it("writes integers of every size", () => {
    const numbers = [
      0,
      1,
      9,
      10,
      99,
      100,
      12345,
      -1,
      -10,
      2 ** 31 - 1,
      2 ** 31,
      -(2 ** 31),
      2 ** 32,
      1e15,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
    ]
    for (let power = 1; power < 16; power++) numbers.push(10 ** power, 10 ** power - 1, -(10 ** power))
    const random = Random.forTest("integers")
    for (let i = 0; i < 2000; i++) numbers.push(Math.floor((random.uint32() - 2 ** 31) * 2 ** (i % 22)))
    for (const n of numbers) {
      expect(written(2, (w) => w.int(n))).toBe(`:${n}\r\n`)
      expect(written(2, (w) => w.bulkInt(n))).toBe(`$${String(n).length}\r\n${n}\r\n`)
    }
    for (const n of [2n ** 63n - 1n, -(2n ** 63n), 0n])
      expect(written(2, (w) => w.bigint(n))).toBe(`:${n}\r\n`)
  })

  it("copies bulks of every length, from any place", () => {
    const random = Random.forTest("bulks")
    const source = random.bytes(200_000)
    for (const len of [...Array(300).keys(), 999, 1000, 9999, 10000, 65535, 65536, 150_000]) {
      const off = random.below(source.length - len)
      const expected = `$${len}\r\n${source.toString("latin1", off, off + len)}\r\n`
      expect(written(2, (w) => w.bulk(source, off, len))).toBe(expected)
      const shared = new Uint8Array(new SharedArrayBuffer(len + 3))
      shared.set(source.subarray(off, off + len), 3)
      expect(written(2, (w) => w.bulk(shared, 3, len))).toBe(expected)
      expect(written(2, (w) => w.raw(source, off, len))).toBe(source.toString("latin1", off, off + len))
    }
  })

  it("inserts the header of an aggregate whose length was not known, also nested", () => {
    const heads: ReadonlyArray<readonly [AggregateKind, string, string]> = [
      ["array", "*", "*"],
      ["map", "*", "%"],
      ["set", "*", "~"],
      ["push", "*", ">"],
    ]
    for (const [kind, type2, type3] of heads) {
      for (const n of [0, 1, 4, 5, 9, 10, 99, 100, 1000]) {
        const write = (w: ReplyWriter): void => {
          w.array(2)
          const outer = w.deferredStart()
          for (let i = 0; i < n; i++) {
            const inner = w.deferredStart()
            w.int(i)
            w.deferredEnd(inner, "array", 1)
            if (kind === "map") w.ok()
          }
          w.deferredEnd(outer, kind, n)
          w.one()
        }
        const body = Array.from(
          { length: n },
          (_, i) => `*1\r\n:${i}\r\n${kind === "map" ? "+OK\r\n" : ""}`,
        ).join("")
        expect(written(2, write)).toBe(`*2\r\n${type2}${kind === "map" ? n * 2 : n}\r\n${body}:1\r\n`)
        expect(written(3, write)).toBe(`*2\r\n${type3}${n}\r\n${body}:1\r\n`)
      }
    }
  })

  it("rolls back", () => {
    expect(
      written(2, (w) => {
        w.ok()
        const mark = w.pos
        w.bulkText("x".repeat(5000))
        w.truncate(mark)
        w.one()
      }),
    ).toBe("+OK\r\n:1\r\n")
    const writer = new ReplyWriter()
    writer.ok()
    writer.reset()
    expect(writer.take().length).toBe(0)
  })

  it("hands over bytes that later replies do not touch, and lets go of huge buffers", () => {
    const writer = new ReplyWriter()
    const taken: Array<readonly [Buffer, string]> = []
    const random = Random.forTest("take")
    for (let i = 0; i < 300; i++) {
      const text = random.text(1, "abcdef").repeat(random.below(random.below(10) === 0 ? 300_000 : 3000))
      writer.rawText(text)
      const out = writer.take()
      expect(out.length).toBe(text.length)
      taken.push([out, text])
      expect(writer.pos).toBe(0)
      expect(writer.buf.length).toBeLessThanOrEqual(65536)
    }
    for (const [out, text] of taken) expect(out.toString("latin1")).toBe(text)
  })

  it("counts errors", () => {
    const writer = new ReplyWriter()
    writer.ok()
    expect(writer.errorCount).toBe(0)
    writer.error("WRONGTYPE x")
    expect([writer.errorCount, writer.lastError]).toEqual([1, "WRONGTYPE x"])
  })
})
