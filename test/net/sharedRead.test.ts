/** Input read into the buffer that connections share, on real sockets of this runtime. */
import { once } from "node:events"
import * as net from "node:net"
import { expect, it } from "vitest"
import { readShared } from "../../src/net/SharedRead.js"
import { untilTrue } from "../support/Patience.js"

const connected = async (): Promise<{ peer: net.Socket; socket: net.Socket; close: () => Promise<void> }> => {
  const server = net.createServer({ allowHalfOpen: true })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  const accepted = once(server, "connection")
  const peer = net.connect(address.port, "127.0.0.1")
  const [socket] = await accepted
  if (!(socket instanceof net.Socket)) throw new Error("no socket")
  return {
    peer,
    socket,
    close: async () => {
      for (const end of [peer, socket]) end.destroy()
      server.close()
      await once(server, "close")
    },
  }
}

it("gives all input, in order, also across a pause, then the end", async () => {
  const { peer, socket, close } = await connected()
  const pieces: Array<string> = []
  let views = 0
  const first = new Set<ArrayBufferLike>()
  const taken = readShared(socket, (chunk, length) => {
    views++
    first.add(chunk.buffer)
    pieces.push(Buffer.from(chunk.subarray(0, length)).toString("latin1"))
  })
  expect(taken).toBe(true)
  socket.on("data", () => pieces.push("(from the stream)"))
  socket.resume()
  const sent = Array.from({ length: 2000 }, (_, i) => `${i},`.repeat(60)).join("")
  peer.write(sent.slice(0, 100_000))
  await untilTrue(() => pieces.join("").length >= 100_000)
  socket.pause()
  peer.end(sent.slice(100_000))
  const ended = once(socket, "end")
  socket.resume()
  await ended
  expect(pieces.join("")).toBe(sent)
  expect(views).toBeGreaterThan(1)
  expect(first.size).toBe(1)
  await close()
})

it("leaves sockets alone that it does not know", () => {
  expect(readShared(new net.Socket(), () => undefined)).toBe(false)
  const other = new net.Socket()
  Object.defineProperty(other, "encrypted", { value: true })
  expect(readShared(other, () => undefined)).toBe(false)
})
