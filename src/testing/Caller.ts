/**
 * Commands of the test itself. All go through one connection, one behind the other, but those that wait for other clients:
 * each of them has a connection of its own, in the database that is selected.
 */
import type { MemorySocket } from "../net/memory/MemorySocket.js"
import { CommandBit } from "../engine/Command.js"
import type { Engine } from "../engine/Engine.js"
import { encodeCommand } from "../resp/CommandEncoder.js"
import { ReplyParser, RespPush } from "../resp/ReplyParser.js"
import type { Session } from "../engine/clients/Session.js"
import { ClosedError, ReplyError } from "./Errors.js"
import type { Value, Word } from "./Types.js"
import { valueOf } from "./Values.js"

interface Asked {
  readonly command: string
  readonly resolve: (value: Value) => void
  readonly reject: (error: Error) => void
}

/** They answer with messages for as long as the connection lasts. */
const STREAMING = /^(?:p|s)?(?:un)?subscribe$|^monitor$|^p?sync$/

class Line {
  private readonly asked: Array<Asked> = []
  private readonly parser = new ReplyParser()

  constructor(
    readonly session: Session,
    private readonly socket: MemorySocket,
    closed: () => void,
  ) {
    socket.on("data", (chunk: Uint8Array) => this.take(chunk))
    socket.on("close", () => {
      closed()
      for (const { command, reject } of this.asked.splice(0))
        reject(new ClosedError(`the connection was closed before ${command} was answered`))
    })
    socket.on("error", () => {})
  }

  ask(command: string, words: ReadonlyArray<Word>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const request = encodeCommand([command, ...words])
      this.asked.push({ command: command.toLowerCase(), resolve, reject })
      this.socket.write(request)
    })
  }

  end(): void {
    this.socket.destroy()
  }

  private take(chunk: Uint8Array): void {
    this.parser.feed(chunk)
    for (let reply = this.parser.next(); reply !== undefined; reply = this.parser.next()) {
      if (reply instanceof RespPush) continue
      const first = this.asked.shift()
      if (first === undefined) continue
      const value = valueOf(reply, first.command)
      if (value instanceof ReplyError) first.reject(value)
      else first.resolve(value)
    }
  }
}

export class Caller {
  private line: Line | undefined = undefined
  /** Connections of the test's, by the ids of their sessions. */
  readonly ids = new Set<number>()

  constructor(
    private readonly engine: Engine,
    private readonly open: () => MemorySocket,
  ) {}

  async call(command: string, words: ReadonlyArray<Word>): Promise<Value> {
    const name = command.toLowerCase()
    if (STREAMING.test(name))
      throw new Error(
        `${command} answers again and again: send it over a connection (server.connect(), or a client)`,
      )
    const line = (this.line ??= this.connect(() => (this.line = undefined)))
    const bits = this.engine.dispatcher.table.byName(name)?.bits ?? 0
    if ((bits & CommandBit.blocking) === 0 || line.session.queue !== undefined)
      return line.ask(command, words)
    const own = this.connect(() => {})
    own.session.database = line.session.database
    try {
      return await own.ask(command, words)
    } finally {
      own.end()
    }
  }

  close(): void {
    this.line?.end()
  }

  private connect(closed: () => void): Line {
    const socket = this.open()
    const address = `${socket.localAddress}:${socket.localPort}`
    const session = [...this.engine.sessions.values()].find((one) => one.address === address)
    if (session === undefined) throw new ClosedError("the server takes no connections")
    session.authenticated = session.limits.authenticated = true
    session.resp = 3
    this.ids.add(session.id)
    return new Line(session, socket, () => {
      this.ids.delete(session.id)
      closed()
    })
  }
}
