/** A master that says what it is told to: politely what is not scripted, and the given bytes for the commands that are. */
import * as net from "node:net"
import { freePort } from "./OracleServer.js"

type Send = (bytes: string | Uint8Array) => void

/** What to do on a command, by its name in capitals. */
export type MasterScript = Readonly<Record<string, (send: Send, words: ReadonlyArray<string>) => void>>

const polite: MasterScript = {
  PING: (send) => send("+PONG\r\n"),
  REPLCONF: (send, words) => {
    if (words[1] !== "ACK") send("+OK\r\n")
  },
}

/** The first whole command of the text and its length; undefined while it is not whole. */
const commandIn = (text: string): readonly [ReadonlyArray<string>, number] | undefined => {
  const head = /^\*(\d+)\r\n/.exec(text)
  if (head === null) return undefined
  let at = head[0].length
  const words: string[] = []
  for (let n = Number(head[1]); n > 0; n--) {
    const length = /^\$(\d+)\r\n/.exec(text.slice(at))
    if (length === null) return undefined
    at += length[0].length
    const end = at + Number(length[1])
    if (text.length < end + 2) return undefined
    words.push(text.slice(at, end))
    at = end + 2
  }
  return [words, at]
}

export class ScriptedMaster {
  /** Connections so far. */
  dials = 0
  /** Names of commands heard so far. */
  readonly heard = new Set<string>()
  private readonly sockets = new Set<net.Socket>()

  private constructor(
    readonly port: number,
    private readonly server: net.Server,
    script: MasterScript,
  ) {
    server.on("connection", (socket) => {
      this.dials++
      this.sockets.add(socket)
      socket.on("error", () => undefined)
      let text = ""
      socket.on("data", (chunk) => {
        text = (text + chunk.toString("latin1")).replace(/^\n+/, "")
        for (let found = commandIn(text); found !== undefined; found = commandIn(text)) {
          const [words, length] = found
          text = text.slice(length).replace(/^\n+/, "")
          const name = String(words[0]).toUpperCase()
          this.heard.add(name)
          const act = script[name] ?? polite[name]
          act?.(
            (bytes) => void socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes),
            words,
          )
        }
      })
    })
  }

  static async start(script: MasterScript): Promise<ScriptedMaster> {
    const port = await freePort()
    const server = net.createServer()
    const master = new ScriptedMaster(port, server, script)
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
    return master
  }

  /** Ends all connections. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy()
    this.sockets.clear()
  }

  async stop(): Promise<void> {
    this.cut()
    await new Promise<void>((resolve) => this.server.close(() => resolve()))
  }
}
