/**
 * A client that PINGs at a steady rate, whatever the replies do, in a thread of its own: what it waits is the server's
 * doing and not that of a busy bench. Stopped by any message, it answers with all latencies in milliseconds.
 */
import * as net from "node:net"
import { parentPort, workerData } from "node:worker_threads"

const EVERY_MS = 1
const PING = Buffer.from("*1\r\n$4\r\nPING\r\n")
const PONG_BYTES = "+PONG\r\n".length

const socket = net.connect({ port: Number(workerData), host: "127.0.0.1", noDelay: true })
/** Latencies; of what was not answered yet when it was sent. */
const times: Array<number> = []
let answered = 0
let bytes = 0

socket.on("data", (data) => {
  bytes += data.length
  const now = performance.now()
  for (; (answered + 1) * PONG_BYTES <= bytes; answered++) times[answered] = now - (times[answered] ?? now)
})
socket.on("connect", () => {
  const timer = setInterval(() => {
    times.push(performance.now())
    socket.write(PING)
  }, EVERY_MS)
  parentPort?.postMessage("begun")
  parentPort?.once("message", () => {
    clearInterval(timer)
    socket.destroy()
    parentPort?.postMessage(times.slice(0, answered))
  })
})
