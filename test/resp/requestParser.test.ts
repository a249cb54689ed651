import { describe, expect, it } from "vitest"
import { ParseStatus, RequestParser } from "../../src/resp/RequestParser.js"
import { effort } from "../support/Effort.js"
import { encodeCommand } from "../support/RawClient.js"
import { Random } from "../support/Random.js"
import { byteByByte, defaultLimits, latin1, parseChunks, randomSplits, wholeChunk } from "./parserSupport.js"

const ping = "*1\r\n$4\r\nPING\r\n"

interface Case {
  readonly name: string
  readonly input: string
  readonly commands: ReadonlyArray<ReadonlyArray<string>>
  readonly error?: string
  readonly pending?: number
}

const commandCases: ReadonlyArray<Case> = [
  { name: "one command", input: ping, commands: [["PING"]] },
  { name: "a pipeline", input: ping.repeat(3), commands: [["PING"], ["PING"], ["PING"]] },
  { name: "an empty argument", input: "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", commands: [["ECHO", ""]] },
  { name: "CR, LF and NUL in an argument", input: "*1\r\n$5\r\n\r\n\0*$\r\n", commands: [["\r\n\0*$"]] },
  {
    name: "lengths of two and three digits",
    input: `*2\r\n$12\r\n${"a".repeat(12)}\r\n$345\r\n${"b".repeat(345)}\r\n`,
    commands: [["a".repeat(12), "b".repeat(345)]],
  },
  {
    name: "twelve arguments",
    input: `*12\r\n${"$1\r\nx\r\n".repeat(12)}`,
    commands: [Array<string>(12).fill("x")],
  },
  {
    name: "arrays of no element",
    input: `*0\r\n*-1\r\n*-10\r\n*-9223372036854775808\r\n${ping}*0\r\n`,
    commands: [["PING"]],
  },
  {
    name: "any byte after CR, any two after an argument",
    input: `*1\rX$4\rYPINGzz${ping}`,
    commands: [["PING"], ["PING"]],
  },
  { name: "LF alone ends no length", input: "*1\n$4\nPING\n", commands: [], pending: 11 },
  { name: "NUL hides the end of a length", input: "*1\r\n$4\0\r\nPING\r\n", commands: [], pending: 15 },
  { name: "a cut command stays pending", input: `${ping}*1\r\n$4\r\nPI`, commands: [["PING"]], pending: 10 },
]

const inlineCases: ReadonlyArray<Case> = [
  {
    name: "CRLF, LF, blanks, empty lines",
    input: "PING\r\n\r\n\nPING\n \t \n  PING  \r\n",
    commands: [["PING"], ["PING"], ["PING"]],
  },
  {
    name: "mixed with RESP",
    input: `PING\n${ping}ECHO a\n${ping}`,
    commands: [["PING"], ["PING"], ["ECHO", "a"], ["PING"]],
  },
  {
    name: "double quotes and escapes",
    input: 'ECHO "a b" "\\x41\\n\\r\\t\\b\\a\\q\\"\\\\" "\\x4" "\\xzz" "\\x4g" "\\X41"\n',
    commands: [["ECHO", "a b", 'A\n\r\t\b\x07q"\\', "x4", "xzz", "x4g", "X41"]],
  },
  {
    name: "single quotes",
    input: "ECHO 'a\\'b\\n' '' '\\\\x'\n",
    commands: [["ECHO", "a'b\\n", "", "\\\\x"]],
  },
  {
    name: "quotes inside a word",
    input: "ECHO a\"b c\" a'b' a''\n",
    commands: [["ECHO", "ab c", "ab", "a"]],
  },
  { name: "white space", input: "\x0bECHO\ta\rb\x0bc\x0cd\r\r\n", commands: [["ECHO", "a", "b\x0bc\x0cd"]] },
  { name: "bytes above 127", input: "ECHO \xe9\xa0\x85\n", commands: [["ECHO", "\xe9\xa0\x85"]] },
  { name: "65536 bytes without a line end wait", input: "x".repeat(65536), commands: [], pending: 65536 },
  { name: "NUL hides the end of the line", input: "PI\0NG\nPING\n", commands: [], pending: 11 },
]

const protocolError = (reason: string): string => `ERR Protocol error: ${reason}`

const errorCases: ReadonlyArray<Case> = [
  ...[
    "*\r\n",
    "*01\r\n",
    "*+1\r\n",
    "*-0\r\n",
    "*00\r\n",
    "*1x\r\n",
    "*1 \r\n",
    "* 1\r\n",
    "*2147483648\r\n",
    "*9223372036854775808\r\n",
    "*-9223372036854775809\r\n",
    "*99999999999999999999\r\n",
    `*${"1".repeat(60000)}\r\n`,
  ].map((input) => ({
    name: `multibulk ${JSON.stringify(input.slice(0, 30))}`,
    input: ping + input + ping,
    commands: [["PING"]],
    error: protocolError("invalid multibulk length"),
  })),
  ...["$-1", "$", "$04", "$4x", "$-0", "$ 4", "$4 ", "$+4", "$536870913", "$99999999999999999999"].map(
    (line) => ({
      name: `bulk ${line}`,
      input: `*2\r\n$1\r\na\r\n${line}\r\nPING\r\n`,
      commands: [],
      error: protocolError("invalid bulk length"),
    }),
  ),
  ...(
    [
      ["4\r\n", "4"],
      ["\r\n", " "],
      ["\n\r\n", " "],
      ["*1\r\n", "*"],
      ["\xe9\r\n", "\xe9"],
      ["'\r\n", "'"],
    ] as const
  ).map(([line, got]) => ({
    name: `no dollar but ${JSON.stringify(got)}`,
    input: `*1\r\n${line}`,
    commands: [],
    error: protocolError(`expected '$', got '${got}'`),
  })),
  {
    name: "a length line too long",
    input: `*${"1".repeat(65536)}`,
    commands: [],
    error: protocolError("too big mbulk count string"),
  },
  {
    name: "a bulk length line too long",
    input: `*1\r\n$${"1".repeat(65536)}`,
    commands: [],
    error: protocolError("too big bulk count string"),
  },
  {
    name: "an inline command too long",
    input: "x".repeat(65537),
    commands: [],
    error: protocolError("too big inline request"),
  },
  ...[
    'ECHO "a',
    "ECHO 'a",
    'ECHO "a"b',
    "ECHO 'a'b",
    'ECHO a"b"c',
    'ECHO "a\\',
    'ECHO "a\\"',
    "ECHO 'a\\'",
    "ECHO '\\\\'",
    "ECHO \"a\"'b'",
  ].map((line) => ({
    name: `inline ${line}`,
    input: `PING\n${line}\r\nPING\n`,
    commands: [["PING"]],
    error: protocolError("unbalanced quotes in request"),
  })),
]

const expectCase = (c: Case, chunks: ReadonlyArray<Buffer>, drainAfter?: (i: number) => boolean): void => {
  const parsed = parseChunks(chunks, defaultLimits, drainAfter)
  expect(parsed.commands).toEqual(c.commands)
  expect(parsed.error).toBe(c.error ?? "")
  if (c.error !== undefined) return
  expect(parsed.pending).toBe(c.pending ?? 0)
  expect(parsed.consumed).toBe(c.input.length - parsed.pending)
  parsed.raw.forEach((raw, i) => {
    if (parsed.inline[i]) expect(raw).toBe(encodeCommand(c.commands[i].map(latin1)).toString("latin1"))
  })
}

describe("RequestParser", () => {
  for (const [group, cases] of [
    ["commands", commandCases],
    ["inline commands", inlineCases],
    ["protocol errors", errorCases],
  ] as const) {
    describe(group, () => {
      for (const c of cases) {
        const bytes = latin1(c.input)
        it(`${c.name}, whole`, () => expectCase(c, wholeChunk(bytes)))
        it(`${c.name}, byte by byte`, () => expectCase(c, byteByByte(bytes)))
        it(`${c.name}, at random splits`, () => {
          const random = Random.forTest(c.name)
          for (let run = 0; run < (bytes.length > 10000 ? 5 : 60); run++) {
            expectCase(c, randomSplits(bytes, random))
            expectCase(c, randomSplits(bytes, random), () => random.below(3) === 0)
          }
        })
      }
    })
  }

  it("finds what was encoded, however it is cut and however late it is asked for", () => {
    const random = Random.forTest("round trip")
    for (let run = 0; run < effort(30); run++) {
      const commands = random.times(1 + random.below(40), () =>
        random.times(1 + random.below(random.below(10) === 0 ? 300 : 5), () =>
          random.bytes(random.below(random.below(20) === 0 ? 20000 : 120)),
        ),
      )
      const encoded = commands.map((args) => encodeCommand(args))
      const bytes = Buffer.concat(encoded)
      const lag = 1 + random.below(4)
      const parsed = parseChunks(randomSplits(bytes, random), defaultLimits, () => random.below(lag) === 0)
      expect(parsed.error).toBe("")
      expect(parsed.pending).toBe(0)
      expect(parsed.commands).toEqual(commands.map((args) => args.map((arg) => arg.toString("latin1"))))
      expect(parsed.raw).toEqual(encoded.map((raw) => raw.toString("latin1")))
    }
  })

  it("does not copy a command that lies whole in its chunk", () => {
    const parser = new RequestParser(defaultLimits)
    const chunk = latin1(ping + ping + "*1\r\n$4\r\nPI")
    parser.feed(chunk)
    expect([parser.next(), parser.buf === chunk]).toEqual([ParseStatus.Command, true])
    expect([parser.next(), parser.buf === chunk, parser.rawStart]).toEqual([ParseStatus.Command, true, 14])
    expect(parser.next()).toBe(ParseStatus.NeedMore)
    const second = latin1("NG\r\n" + ping.repeat(50))
    parser.feed(second)
    expect([parser.next(), parser.buf === second]).toEqual([ParseStatus.Command, false])
    for (let i = 0; i < 50; i++)
      expect([parser.next(), parser.buf === second]).toEqual([ParseStatus.Command, true])
    expect([parser.next(), parser.pending]).toEqual([ParseStatus.NeedMore, 0])
  })

  it("keeps views of the first arguments through the growth of its buffers", () => {
    const args = Array.from({ length: 3000 }, (_, i) => `argument-${i}-${"x".repeat(i % 50)}`)
    const parsed = parseChunks(byteByByte(encodeCommand(args)))
    expect(parsed.commands).toEqual([args])
  })

  it("takes a large argument without giving room to what was only announced", () => {
    const parser = new RequestParser(defaultLimits)
    const before = process.memoryUsage().arrayBuffers
    parser.feed(latin1("*2\r\n$4\r\nECHO\r\n$500000000\r\nabc"))
    expect(parser.next()).toBe(ParseStatus.NeedMore)
    parser.feed(Buffer.alloc(65536, 97))
    expect(parser.next()).toBe(ParseStatus.NeedMore)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20)

    const size = 40_000_000
    const other = new RequestParser(defaultLimits)
    const bytes = encodeCommand(["ECHO", Buffer.alloc(size, "pattern")])
    for (let at = 0; at < bytes.length; at += 65536) {
      expect(other.next()).toBe(ParseStatus.NeedMore)
      other.feed(bytes.subarray(at, at + 65536))
    }
    expect(other.next()).toBe(ParseStatus.Command)
    const from = other.argOff[1]
    expect(Buffer.compare(other.buf.subarray(from, from + size), Buffer.alloc(size, "pattern"))).toBe(0)
    expect([other.next(), other.buf.length, other.pending]).toEqual([ParseStatus.NeedMore, 0, 0])
  })

  it("lends the room of a large request to the next, whosever it is", () => {
    const random = Random.forTest("lends the room of a large request")
    const clients = Array.from(
      { length: 4 },
      (): { parser: RequestParser; words: Array<string>; rest: Buffer } => ({
        parser: new RequestParser(defaultLimits),
        words: new Array<string>(),
        rest: Buffer.alloc(0),
      }),
    )
    let large = 0
    const play = (): void => {
      const client = clients[random.below(clients.length)]
      if (client === undefined) throw new Error("no client")
      const { parser } = client
      if (client.rest.length === 0) {
        const [count, width] = random.pick([
          [3, 20_000],
          [300, 300],
          [6000, 20],
          [2, 700_000],
          [2, 1500],
        ] as const)
        client.words = Array.from({ length: count }, () => `${random.below(1e9)}:`.padEnd(width, "x"))
        client.rest = encodeCommand(client.words)
        large++
      }
      const length = 1 + random.below(65_536)
      parser.feed(Buffer.from(client.rest.subarray(0, length)))
      client.rest = client.rest.subarray(length)
      const whole = client.rest.length === 0
      expect(parser.next()).toBe(whole ? ParseStatus.Command : ParseStatus.NeedMore)
      if (!whole) return
      const { buf, argOff, argLen } = parser
      const got = Array.from({ length: parser.argc }, (_, i) =>
        Buffer.from(buf.subarray(argOff[i], argOff[i] + argLen[i])).toString("latin1"),
      )
      expect(got).toEqual(client.words)
      expect(parser.next()).toBe(ParseStatus.NeedMore)
    }
    while (large < 400) play()
  })

  it("leaves no garbage of one large request after another", () => {
    const parser = new RequestParser(defaultLimits)
    const bytes = encodeCommand(["SADD", "set", ...Array.from({ length: 5000 }, (_, i) => `member:${i}`)])
    const run = (): void => {
      for (let at = 0; at < bytes.length; at += 65_536) {
        parser.feed(bytes.subarray(at, at + 65_536))
        expect(parser.next()).toBe(at + 65_536 < bytes.length ? ParseStatus.NeedMore : ParseStatus.Command)
      }
      expect(parser.next()).toBe(ParseStatus.NeedMore)
    }
    run()
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 100; i++) run()
    // 32 MB where each has memory of its own.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 << 20)
  })

  it("limits clients that have not authenticated, and reads its limits at each use", () => {
    const limits = { maxBulkLength: 1 << 20, authenticated: false }
    const errorOf = (input: string): string => parseChunks([latin1(input)], limits).error
    expect(errorOf("*10\r\n")).toBe("")
    expect(errorOf("*11\r\n")).toBe(protocolError("unauthenticated multibulk length"))
    expect(errorOf("*1\r\n$16384\r\n")).toBe("")
    expect(errorOf("*1\r\n$16385\r\n")).toBe(protocolError("unauthenticated bulk length"))
    expect(errorOf("*1\r\n$1048577\r\n")).toBe(protocolError("invalid bulk length"))
    expect(errorOf("*1\r\n4\r\n")).toBe(protocolError("expected '$', got '4'"))
    limits.authenticated = true
    expect(errorOf("*11\r\n$16385\r\n")).toBe("")
    expect(errorOf("*1\r\n$1048577\r\n")).toBe(protocolError("invalid bulk length"))
    limits.maxBulkLength = 2 << 20
    expect(errorOf("*1\r\n$1048577\r\n")).toBe("")
  })

  it("refuses input after a failure", () => {
    const parser = new RequestParser(defaultLimits)
    parser.feed(latin1("*x\r\n"))
    expect(parser.next()).toBe(ParseStatus.ProtocolError)
    parser.feed(latin1(ping))
    expect([parser.next(), parser.pending, parser.error]).toEqual([
      ParseStatus.ProtocolError,
      0,
      protocolError("invalid multibulk length"),
    ])
  })

  it("refuses a command whose offsets would not fit 32 bits", () => {
    const limits = { maxBulkLength: Infinity, authenticated: true }
    expect(parseChunks([latin1("*1\r\n$2147483648\r\n")], limits).error).toBe(
      protocolError("too big request"),
    )
  })
})
