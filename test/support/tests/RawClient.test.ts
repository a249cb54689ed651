import * as net from "node:net"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { encodeCommands, formatCommand, RawClient } from "../RawClient.js"
import { Random } from "../Random.js"
import { formatReply, parseReply, ReplyScanner, splitReplies } from "../RespFrames.js"

const replies: ReadonlyArray<string> = [
  "+OK\r\n",
  "-ERR no\r\n",
  ":-12\r\n",
  "$5\r\na\r\nbc\r\n",
  "$0\r\n\r\n",
  "$-1\r\n",
  "*-1\r\n",
  "*0\r\n",
  "*3\r\n*2\r\n:1\r\n*0\r\n$-1\r\n+x\r\n",
  "_\r\n",
  "#t\r\n",
  ",1.5\r\n",
  "(12345678901234567890\r\n",
  "!8\r\nERR a\r\nb\r\n",
  "=7\r\ntxt:a\r\n\r\n",
  "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n",
  "~2\r\n:1\r\n:2\r\n",
  "|1\r\n+ttl\r\n:5\r\n*1\r\n+x\r\n",
]

describe("reply frames", () => {
  it("are split whole, byte by byte, and at random cuts", () => {
    const all = Buffer.from(replies.join(""), "latin1")
    expect(splitReplies(all).map((reply) => reply.toString("latin1"))).toEqual(replies)
    for (const reply of replies) {
      const bytes = Buffer.from(reply, "latin1")
      const scanner = new ReplyScanner()
      for (let end = 0; end < bytes.length; end++) expect(scanner.scan(bytes, end)).toBe(-1)
      expect(scanner.scan(bytes, bytes.length)).toBe(bytes.length)
    }
  })

  it("are read into trees and printed", () => {
    for (const reply of replies)
      expect(parseReply(Buffer.from(reply, "latin1")).raw.toString("latin1")).toBe(reply)
    expect(formatReply(Buffer.from(replies[8] ?? "", "latin1"))).toBe(
      '*3\n  *2\n    :"1"\n    *0\n  $ (null)\n  +"x"',
    )
    expect(formatReply(Buffer.from("garbage"))).toBe('not RESP: "garbage"')
    expect(() => splitReplies(Buffer.from("*2\r\n:1\r\n"))).toThrow("cut off")
    expect(() => splitReplies(Buffer.from("$x\r\n"))).toThrow("bad length")
  })

  it("commands are encoded and printed", () => {
    expect(encodeCommands([["SET", "k", Buffer.from([0, 13])], ["GET"]]).toString("latin1")).toBe(
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\0\r\r\n*1\r\n$3\r\nGET\r\n",
    )
    expect(formatCommand(["SET", "k 1", Buffer.from([0, 13]), 5])).toBe('SET "k 1" "\\x00\\r" 5')
  })
})

describe("the raw client", () => {
  let server: net.Server
  let accepted: Promise<net.Socket>
  let client: RawClient

  beforeEach(async () => {
    server = net.createServer()
    accepted = new Promise((resolve) => server.once("connection", resolve))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const address = server.address()
    if (address === null || typeof address === "string") throw new Error("no port")
    client = await RawClient.connect({ port: address.port })
  })

  afterEach(async () => {
    client.close()
    ;(await accepted).destroy()
    server.close()
  })

  it("returns replies in order over any cuts, pushes apart", async () => {
    const random = Random.forTest("raw client cuts")
    const socket = await accepted
    const stream = Buffer.from([">2\r\n+a\r\n:1\r\n", ...replies, ">1\r\n+b\r\n"].join(""), "latin1")
    for (let at = 0; at < stream.length;) {
      const length = random.between(1, 20)
      socket.write(stream.subarray(at, at + length))
      at += length
    }
    const got = await client.readReplies(replies.length)
    expect(got.map((reply) => reply.toString("latin1"))).toEqual(replies)
    expect((await client.readPush()).toString()).toBe(">2\r\n+a\r\n:1\r\n")
    expect((await client.readPush()).toString()).toBe(">1\r\n+b\r\n")
    expect(client.unread).toEqual([])
  })

  it("reads lines and counted bytes outside of RESP, and large replies", async () => {
    const socket = await accepted
    const large = Buffer.alloc(20_000_000, "x")
    socket.write("+FULLRESYNC abc 0\r\n$5\r\nREDIS")
    socket.write(`$${large.length}\r\n`)
    socket.write(large)
    socket.write("\r\n")
    expect((await client.readLine()).toString()).toBe("+FULLRESYNC abc 0\r\n")
    expect((await client.readLine()).toString()).toBe("$5\r\n")
    expect((await client.readBytes(5)).toString()).toBe("REDIS")
    expect((await client.readReply()).length).toBe(large.length + 13)
  })

  it("says what it has when a reply does not come", async () => {
    const socket = await accepted
    socket.write("$5\r\nab")
    await expect(client.readReply(50)).rejects.toThrow(
      'no reply - nothing within 50 ms; unread: "$5\\r\\nab"',
    )
    const reading = client.readReply()
    socket.end()
    await expect(reading).rejects.toThrow('the server closed the connection; unread: "$5\\r\\nab"')
    expect((await client.readToEnd()).toString()).toBe("$5\r\nab")
  })
})
