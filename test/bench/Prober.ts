/**
 * Clients that ask at a steady rate, whatever the replies do, in a thread of their own: what they wait is the server's
 * doing and not that of a busy bench. Stopped by any message, it answers with all latencies in milliseconds.
 */
import * as net from "node:net"
import { parentPort, workerData } from "node:worker_threads"

export interface Probing {
  readonly port: number
  readonly connections: number
  /** Connections that ask in each millisecond, by turns. */
  readonly askers: number
  readonly request: string
  /** Of each reply. */
  readonly replyBytes: number
}

const EVERY_MS = 1

/** One connection; a request goes out when it is due, answered or not the one before. */
class Asker {
  /** Latencies; of what was not answered yet when it was sent. */
  private readonly times: Array<number> = []
  private answered = 0
  private bytes = 0

  private constructor(
    private readonly socket: net.Socket,
    private readonly request: Buffer,
    replyBytes: number,
  ) {
    socket.on("data", (data) => {
      this.bytes += data.length
      const now = performance.now()
      for (; (this.answered + 1) * replyBytes <= this.bytes; this.answered++)
        this.times[this.answered] = now - (this.times[this.answered] ?? now)
    })
  }

  static connect({ port, request, replyBytes }: Probing): Promise<Asker> {
    const socket = net.connect({ port, host: "127.0.0.1", noDelay: true })
    const asker = new Asker(socket, Buffer.from(request), replyBytes)
    return new Promise((resolve) => socket.once("connect", () => resolve(asker)))
  }

  ask(): void {
    this.times.push(performance.now())
    this.socket.write(this.request)
  }

  end(): ReadonlyArray<number> {
    this.socket.destroy()
    return this.times.slice(0, this.answered)
  }
}

const probing = workerData as Probing
const askers = await Promise.all(Array.from({ length: probing.connections }, () => Asker.connect(probing)))
let next = 0
const timer = setInterval(() => {
  for (let n = 0; n < probing.askers; n++) askers[next++ % askers.length]?.ask()
}, EVERY_MS)
parentPort?.postMessage("begun")
parentPort?.once("message", () => {
  clearInterval(timer)
  parentPort?.postMessage(askers.flatMap((asker) => asker.end()))
})
