import * as net from "node:net"
import { afterEach, expect, it } from "vitest"
import { awaiting, compareScript } from "./Script.js"

const servers: Array<net.Server> = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** Answers OK to a command in RESP, an error to a line; what SET brings about comes with the reply, or after as many errors. */
const eventAfter = async (barriers: number): Promise<{ readonly port: number }> => {
  let listener: net.Socket | undefined
  let left = -1
  const tell = (): void => void setTimeout(() => listener?.write("+expired\r\n"), barriers)
  const server = net.createServer((socket) => {
    socket.on("error", () => undefined)
    socket.on("data", (chunk) => {
      const text = chunk.toString()
      if (text.includes("SUBSCRIBE")) listener = socket
      if (text.includes("SET")) left = barriers
      if (left >= 0 && left-- === 0) tell()
      socket.write(text.startsWith("*") ? "+OK\r\n" : "-ERR\r\n")
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  return { port: typeof address === "object" && address !== null ? address.port : 0 }
}

it("what the clock brings may come with the reply at one server and later at the other", async () => {
  const [early, late] = [await eventAfter(0), await eventAfter(3)]
  const steps = [["a", "SUBSCRIBE"], awaiting("a", /expired/, ["b", "SET"])] as const
  expect(await compareScript(early, late, steps)).toBe(2)
  expect(await compareScript(late, early, steps)).toBe(2)
})
