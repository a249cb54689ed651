/** Parser, writer and error texts against a running redis-server: raw bytes in, raw bytes out. */
import { expect, it } from "vitest"
import * as Errors from "../../src/resp/Errors.js"
import { formatDouble17 } from "../../src/bytes/FloatText.js"
import { ReplyWriter } from "../../src/resp/ReplyWriter.js"
import { describeOracle, type OracleServer, withOracle } from "../support/Oracle.js"
import { Random } from "../support/Random.js"
import { defaultLimits, latin1, parseChunks } from "./parserSupport.js"

/** What the server answers to bytes after which the client sends no more. */
const answer = async (server: OracleServer, bytes: Buffer): Promise<string> => {
  const client = await server.connect()
  try {
    client.sendRaw(bytes)
    client.endInput()
    return (await client.readToEnd()).toString("latin1")
  } finally {
    client.close()
  }
}

/** What a server of ECHO commands built on this codec answers. */
const ourAnswer = (bytes: Buffer, authenticated = true): string => {
  const parsed = parseChunks([bytes], { ...defaultLimits, authenticated })
  const writer = new ReplyWriter()
  for (const [name, ...args] of parsed.commands) {
    const command = name.toLowerCase()
    if (command !== "echo") writer.error(Errors.unknownCommand(name, args))
    else if (args.length !== 1) writer.error(Errors.wrongArguments(command))
    else writer.bulk(latin1(args[0]), 0, args[0].length)
  }
  if (parsed.error !== "") writer.error(parsed.error)
  return writer.take().toString("latin1")
}

const echo = "*2\r\n$4\r\nECHO\r\n$1\r\na\r\n"

const malformed: ReadonlyArray<string> = [
  ...["*", "*01", "*+1", "*-0", "*-01", "*00", "*1x", "*1 ", "* 1", "*2147483648", "*9223372036854775808"],
  ...["*-9223372036854775808", "*-9223372036854775809", "*99999999999999999999", "*-2147483649", "*0", "*-1"],
  ...["4", "", "\n", "\x07", "\xe9", "'", "\\", ":4", "*1"].map((line) => `*1\r\n${line}`),
  ...["-1", "", "04", "4x", "-0", " 4", "4 ", "+4", "536870913", "99999999999999999999"].map(
    (n) => `*2\r\n$4\r\nECHO\r\n$${n}`,
  ),
  ...["\0", "x\0", "$\0", "$4\0"].map((line) => `*1\r\n${line}`),
].map((line) => `${echo}${line}\r\n${echo}`)

describeOracle("the codec and Redis agree", () => {
  it("on malformed requests", () =>
    withOracle({}, async (server) => {
      for (const input of malformed) {
        const bytes = latin1(input)
        expect([input, ourAnswer(bytes)]).toEqual([input, await answer(server, bytes)])
      }
    }))

  it("on requests that are too long", () =>
    withOracle({}, async (server) => {
      for (const [head, fill] of [
        ["*", "1"],
        ["*1\r\n$", "1"],
        ["*1\r\n", "x"],
        ["", "x"],
      ]) {
        for (const length of [65535, 65536, 65537]) {
          const bytes = latin1(
            head + fill.repeat(Math.max(0, length - (head.endsWith("*") || head.endsWith("$") ? 1 : 0))),
          )
          expect([head, length, ourAnswer(bytes)]).toEqual([head, length, await answer(server, bytes)])
        }
      }
    }))

  it("on limits before authentication", () =>
    withOracle({ config: { requirepass: "secret" } }, async (server) => {
      for (const input of [
        "*10\r\n",
        "*11\r\n",
        "*1\r\n$16384\r\n",
        "*1\r\n$16385\r\n",
        "*1\r\n$536870913\r\n",
        "*1\r\nx\r\n",
      ]) {
        const bytes = latin1(input)
        expect([input, ourAnswer(bytes, false)]).toEqual([input, await answer(server, bytes)])
      }
    }))

  it("on inline commands of random quotes, escapes and spaces", () =>
    withOracle({}, async (server) => {
      const random = Random.forTest("inline commands")
      const pieces = [
        "'",
        "'",
        '"',
        '"',
        "\\",
        "\\x4",
        "\\x41",
        "\\n",
        "a",
        "b",
        " ",
        " ",
        "\t",
        "\r",
        "\x0b",
        "\xe9",
        "\\'",
        '\\"',
      ]
      for (let run = 0; run < 500; run++) {
        const line = `ECHO ${random.times(1 + random.below(9), () => random.pick(pieces)).join("")}`
        const bytes = latin1(`${line}\n${line} \r\nFOO ${line}\n`)
        expect([line, ourAnswer(bytes)]).toEqual([line, await answer(server, bytes)])
      }
    }))

  it("on the text for unknown commands, cut where Redis cuts it", () =>
    withOracle({}, async (server) => {
      const random = Random.forTest("unknown commands")
      for (let run = 0; run < 200; run++) {
        const args = random.times(1 + random.below(6), () =>
          random.text(random.below(run % 2 === 0 ? 20 : 160), "ab\n\r'x"),
        )
        if (random.below(5) === 0) args.push("a\0b")
        const words = [`X${random.text(random.below(140))}`, ...args]
        const bytes = latin1(
          `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`,
        )
        expect(ourAnswer(bytes)).toBe(await answer(server, bytes))
      }
    }))

  it("on doubles, in both protocols", () =>
    withOracle({ config: { "zset-max-listpack-entries": "0" } }, async (server) => {
      const random = Random.forTest("doubles")
      const numbers = [
        0,
        -0,
        1,
        0.1,
        1 / 3,
        1e15,
        1e16,
        1e17,
        1e18,
        123456789012345680,
        1e20,
        1e21,
        1e-4,
        1e-5,
        1e-300,
        5e-324,
        1.7976931348623157e308,
        Infinity,
        -Infinity,
        9007199254740992,
        99999999999999980,
      ]
      // Halfway between two results of 17 digits: C rounds to even.
      for (let i = 0; i < 40; i++)
        numbers.push(1e14 + i / 8, 123456789012345 + i / 8, (2 ** 49 + i * 2 + 1) / 8, 2 ** 60 + i * 256)
      const bits = new DataView(new ArrayBuffer(8))
      while (numbers.length < 2000) {
        bits.setUint32(0, random.uint32())
        bits.setUint32(4, random.uint32())
        const x =
          random.below(2) === 0 ? bits.getFloat64(0) : (random.uint32() - 2 ** 31) / 10 ** random.below(12)
        if (!Number.isNaN(x)) numbers.push(x)
      }
      const client = await server.connect()
      const third = await server.connect()
      try {
        await third.command("HELLO", 3)
        await client.pipeline(
          numbers.map((x, i) => [
            "ZADD",
            "z",
            Object.is(x, -0) ? "-0" : String(x).replace("Infinity", "inf"),
            `m${i}`,
          ]),
        )
        const get = numbers.map((_, i) => ["ZSCORE", "z", `m${i}`])
        const [resp2, resp3] = await Promise.all([client.pipeline(get), third.pipeline(get)])
        numbers.forEach((x, i) => {
          for (const [resp, reply] of [
            [2, resp2[i]],
            [3, resp3[i]],
          ] as const) {
            const writer = new ReplyWriter()
            writer.resp = resp
            writer.double(x)
            expect([x, writer.take().toString("latin1")]).toEqual([x, reply.toString("latin1")])
          }
        })
        expect(formatDouble17(NaN)).toBe("nan")
      } finally {
        client.close()
        third.close()
      }
    }))

  it("on the protocol samples of DEBUG PROTOCOL", () =>
    withOracle({}, async (server) => {
      const samples: Record<string, (w: ReplyWriter) => void> = {
        string: (w) => w.bulkText("Hello World"),
        integer: (w) => w.int(12345),
        double: (w) => w.double(3.141),
        null: (w) => w.nil(),
        array: (w) => (w.array(3), [0, 1, 2].forEach((n) => w.int(n))),
        set: (w) => (w.set(3), [0, 1, 2].forEach((n) => w.int(n))),
        map: (w) => (w.map(3), [0, 1, 2].forEach((n) => (w.int(n), w.bool(n === 1)))),
        bignum: (w) => w.bigNumber("1234567999999999999999999999999999999"),
        verbatim: (w) => w.verbatim("txt", "This is a verbatim\nstring"),
        true: (w) => w.bool(true),
        false: (w) => w.bool(false),
      }
      const client = await server.connect()
      try {
        for (const resp of [2, 3] as const) {
          await client.command("HELLO", resp)
          for (const [name, write] of Object.entries(samples)) {
            const writer = new ReplyWriter()
            writer.resp = resp
            write(writer)
            expect([resp, name, writer.take().toString("latin1")]).toEqual([
              resp,
              name,
              await client.text("DEBUG", "PROTOCOL", name),
            ])
          }
        }
      } finally {
        client.close()
      }
    }))
})
