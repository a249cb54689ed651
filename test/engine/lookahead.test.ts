/** Lookahead hands out exactly the commands of the stream, however it is cut, and forgets none that was cut itself. */
import { expect, it } from "vitest"
import { CommandTable } from "../../src/engine/CommandTable.js"
import { dataCommands } from "../../src/commands/index.js"
import { foreseenHash, forgetForeseen } from "../../src/memory/table/Foresight.js"
import { hashBytes } from "../../src/bytes/SipHash.js"
import { ParseStatus, RequestParser } from "../../src/resp/RequestParser.js"
import { Lookahead, type Request } from "../../src/engine/Lookahead.js"
import { Keyspace } from "../../src/store/Keyspace.js"
import { Random } from "../support/Random.js"
import { encodeCommand } from "../support/RawClient.js"

const keyspace = new Keyspace({ databases: 1, now: 1_000, random: () => 0 })
const table = new CommandTable(dataCommands)

const words = (request: Request): Array<string> =>
  Array.from({ length: request.argc }, (_, i) =>
    Buffer.from(
      request.buf.slice(request.argOff[i], (request.argOff[i] ?? 0) + (request.argLen[i] ?? 0)),
    ).toString("latin1"),
  )

const drain = (input: Lookahead): Array<Array<string>> => {
  const found: Array<Array<string>> = []
  for (;;) {
    const request = input.next(keyspace.database(0))
    if (request === undefined) return found
    found.push(words(request))
  }
}

it("gives the commands of a stream cut at random", () => {
  const random = Random.forTest("lookahead")
  for (let round = 0; round < 200; round++) {
    const commands = Array.from({ length: random.between(1, 60) }, () =>
      Array.from({ length: random.between(1, 6) }, (_, i) =>
        i === 0 ? random.pick(["GET", "set", "SADD", "nosuch"]) : "x".repeat(random.pick([0, 1, 16, 300])),
      ),
    )
    const stream = Buffer.concat(commands.map((args) => encodeCommand(args)))
    const input = new Lookahead(new RequestParser({ maxBulkLength: 1 << 20, authenticated: true }), table)
    const found: Array<Array<string>> = []
    for (let at = 0; at < stream.length;) {
      const n = random.pick([1, 7, 64, 500, 5000])
      input.feed(Buffer.from(stream.subarray(at, at + n)))
      at += n
      found.push(...drain(input))
      expect(input.status).toBe(ParseStatus.NeedMore)
    }
    expect(found).toEqual(commands)
    expect(input.pending).toBe(0)
  }
})

it("foresees nothing from a command without a key: a later key may lie where an earlier one lay", () => {
  const random = Random.forTest("lookahead foresight")
  const buffer = new Uint8Array(64 * 1024)
  const input = new Lookahead(new RequestParser({ maxBulkLength: 1 << 20, authenticated: true }), table)
  let checked = 0
  for (let round = 0; round < 3000; round++) {
    // Small sizes, so that keys of one chunk often lie where those of the one before lay.
    const commands = Array.from({ length: random.between(15, 20) }, () =>
      random.pick([
        ["EXEC"],
        ["GET", "k".repeat(random.between(2, 9))],
        ["ZINTERCARD", "1", "k".repeat(random.between(2, 9))],
        ["ECHO", "k".repeat(random.between(2, 9))],
      ]),
    )
    const stream = Buffer.concat(commands.map((args) => encodeCommand(args)))
    buffer.set(stream)
    forgetForeseen()
    input.feed(buffer, stream.length)
    for (let i = 0; i < commands.length; i++) {
      const request = input.next(keyspace.database(0))
      if (request === undefined) throw new Error("a command is missing")
      expect(words(request)).toEqual(commands[i])
      const key = commands[i][0] === "ZINTERCARD" ? 2 : 1
      if (request.argc <= key) continue
      const off = request.argOff[key]
      const len = request.argLen[key]
      expect(foreseenHash(request.buf, off, len)).toBe(hashBytes(request.buf, off, len))
      checked++
    }
    expect(input.next(keyspace.database(0))).toBe(undefined)
  }
  expect(checked).toBeGreaterThan(10_000)
})

it("runs what came before a protocol error, then reports it", () => {
  const input = new Lookahead(new RequestParser({ maxBulkLength: 1 << 20, authenticated: true }), table)
  input.feed(Buffer.from("*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n*1\r\n!\r\n"))
  expect(drain(input)).toEqual([["GET", "a"], ["PING"]])
  expect(input.status).toBe(ParseStatus.ProtocolError)
  expect(input.parser.error).toContain("expected '$', got '!'")
})

it("takes nothing ahead of a client that has not authenticated, so that its limits change in time", () => {
  const limits = { maxBulkLength: 1 << 20, authenticated: false }
  const input = new Lookahead(new RequestParser(limits), table)
  const big = "x".repeat(20_000)
  input.feed(Buffer.concat([encodeCommand(["AUTH", "secret"]), encodeCommand(["SET", "a", big])]))
  const first = input.next(keyspace.database(0))
  expect(first === undefined ? [] : words(first)).toEqual(["AUTH", "secret"])
  limits.authenticated = true
  expect(drain(input)).toEqual([["SET", "a", big]])
})
