import { describe, expect, it } from "vitest"
import {
  type Reply,
  RespError,
  ReplyParser,
  ReplyProtocolError,
  RespAttributed,
  RespBigNumber,
  RespDouble,
  RespMap,
  RespPush,
  RespSet,
  RespVerbatim,
} from "../../src/resp/ReplyParser.js"
import { ReplyWriter } from "../../src/resp/ReplyWriter.js"
import { Random } from "../support/Random.js"
import { byteByByte, latin1, randomSplits, wholeChunk } from "./parserSupport.js"

const parse = (chunks: ReadonlyArray<Uint8Array>): ReadonlyArray<Reply> => {
  const parser = new ReplyParser()
  const replies: Array<Reply> = []
  for (const chunk of chunks) {
    parser.feed(chunk)
    for (let reply = parser.next(); reply !== undefined; reply = parser.next()) replies.push(reply)
  }
  expect(parser.pending).toBe(0)
  return replies
}

const bulk = (text: string): Buffer => latin1(text)

const cases: ReadonlyArray<readonly [input: string, value: Reply]> = [
  ["+OK\r\n", "OK"],
  ["+\r\n", ""],
  ["-WRONGTYPE bad\r\n", new RespError("WRONGTYPE bad")],
  ["!8\r\nERR a\r\nb\r\n", new RespError("ERR a\r\nb")],
  [":0\r\n", 0],
  [":-17\r\n", -17],
  [":9223372036854775807\r\n", 9223372036854775807n],
  ["$5\r\nhello\r\n", bulk("hello")],
  ["$0\r\n\r\n", bulk("")],
  ["$4\r\n\r\n\r\n\r\n", bulk("\r\n\r\n")],
  ["$-1\r\n", null],
  ["*-1\r\n", null],
  ["_\r\n", null],
  ["#t\r\n", true],
  ["#f\r\n", false],
  [",1.5\r\n", new RespDouble(1.5, "1.5")],
  [",-inf\r\n", new RespDouble(-Infinity, "-inf")],
  ["(12345678901234567890\r\n", new RespBigNumber(12345678901234567890n)],
  ["=8\r\ntxt:a\r\nb\r\n", new RespVerbatim("txt", bulk("a\r\nb"))],
  ["*0\r\n", []],
  ["*2\r\n*1\r\n:1\r\n*0\r\n", [[1], []]],
  ["*3\r\n$1\r\na\r\n$-1\r\n+b\r\n", [bulk("a"), null, "b"]],
  [
    "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n_\r\n",
    new RespMap([
      ["a", 1],
      ["b", [null]],
    ]),
  ],
  ["%0\r\n", new RespMap([])],
  ["~2\r\n:1\r\n:2\r\n", new RespSet([1, 2])],
  [">2\r\n+message\r\n:1\r\n", new RespPush(["message", 1])],
  ["|1\r\n+ttl\r\n:3\r\n$1\r\nv\r\n", new RespAttributed(new RespMap([["ttl", 3]]), bulk("v"))],
]

describe("ReplyParser", () => {
  for (const [input, value] of cases) {
    it(JSON.stringify(input), () => {
      const bytes = latin1(input)
      const random = Random.forTest(input)
      expect(parse(wholeChunk(bytes))).toEqual([value])
      expect(parse(byteByByte(bytes))).toEqual([value])
      for (let i = 0; i < 20; i++) expect(parse(randomSplits(bytes, random))).toEqual([value])
    })
  }

  it("all in one stream", () => {
    const bytes = latin1(
      cases
        .map(([input]) => input)
        .join("")
        .repeat(5),
    )
    const random = Random.forTest("stream")
    const values = Array.from({ length: 5 }, () => cases.map(([, value]) => value)).flat()
    expect(parse(byteByByte(bytes))).toEqual(values)
    for (let i = 0; i < 50; i++) expect(parse(randomSplits(bytes, random))).toEqual(values)
  })

  for (const bad of [
    "x\r\n",
    "\r\n",
    ":a\r\n",
    ":1.5\r\n",
    "$-2\r\n",
    "$x\r\n",
    "*-2\r\n",
    "%-1\r\n",
    "#x\r\n",
    ",a\r\n",
    "(1.5\r\n",
    "$1\r\nabc",
    "=2\r\nab\r\n",
    "$99999999999\r\n",
  ]) {
    it(`refuses ${JSON.stringify(bad)}, and all that follows`, () => {
      const parser = new ReplyParser()
      parser.feed(latin1(bad))
      expect(() => parser.next()).toThrow(ReplyProtocolError)
      parser.feed(latin1("+OK\r\n"))
      expect(() => parser.next()).toThrow(ReplyProtocolError)
    })
  }

  it("reads what is not RESP between replies", () => {
    const parser = new ReplyParser()
    parser.feed(latin1("\n\n+FULLRESYNC abc 1\r\n$EOF:0123\r\nREDIS0010 rest"))
    expect(parser.peek()).toBe(10)
    expect([parser.line(), parser.line(), parser.next(), parser.line()]).toEqual([
      "",
      "",
      "FULLRESYNC abc 1",
      "$EOF:0123",
    ])
    expect(parser.takeBytes(5).toString()).toBe("REDIS")
    expect(parser.takeBytes().toString()).toBe("0010 rest")
    expect([parser.takeBytes().length, parser.peek(), parser.line()]).toEqual([0, -1, undefined])
    parser.feed(latin1("par"))
    expect(parser.line()).toBeUndefined()
    parser.feed(latin1("t\n"))
    expect(parser.line()).toBe("part")
  })

  it("reads back whatever the writer wrote", () => {
    const random = Random.forTest("writer to parser")
    const value = (w: ReplyWriter, depth: number): Reply => {
      const resp3 = w.resp === 3
      const many = (n: number): ReadonlyArray<Reply> => Array.from({ length: n }, () => value(w, depth - 1))
      switch (random.below(depth > 0 ? 9 : 6)) {
        case 0:
          return (w.nil(), null)
        case 1: {
          const n = random.uint32() - 2 ** 31
          return (w.int(n), n)
        }
        case 2: {
          const bytes = random.bytes(random.below(200))
          return (w.bulk(bytes, 0, bytes.length), bytes)
        }
        case 3:
          return (w.error("ERR x"), new RespError("ERR x"))
        case 4: {
          const x = (random.uint32() - 2 ** 31) / 1024
          w.double(x)
          const text = resp3 ? new RespDouble(x, String(x)) : bulk(String(x))
          return text
        }
        case 5: {
          const b = random.below(2) === 0
          return (w.bool(b), resp3 ? b : b ? 1 : 0)
        }
        case 6: {
          const n = random.below(15)
          return (w.array(n), many(n))
        }
        case 7: {
          const n = random.below(15)
          const mark = w.deferredStart()
          const items = many(n)
          w.deferredEnd(mark, "set", n)
          return resp3 ? new RespSet(items) : items
        }
        default: {
          const n = random.below(8)
          const mark = w.deferredStart()
          const items = many(n * 2)
          w.deferredEnd(mark, "map", n)
          return resp3
            ? new RespMap(Array.from({ length: n }, (_, i) => [items[i * 2], items[i * 2 + 1]]))
            : items
        }
      }
    }
    for (let run = 0; run < 200; run++) {
      const writer = new ReplyWriter()
      writer.resp = run % 2 === 0 ? 2 : 3
      const values = Array.from({ length: 1 + random.below(5) }, () => value(writer, 3))
      expect(parse(randomSplits(writer.take(), random))).toEqual(values)
    }
  })
})
