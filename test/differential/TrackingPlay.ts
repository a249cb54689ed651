/**
 * Plays of clients that track keys, acted out on redis-server and on Redix: each connection must receive the same bytes,
 * replies and messages in the same order.
 *
 * After each step every connection that answers says that it has received all: the answer to a PING stands behind what was
 * sent to it before. Ids of clients differ between the servers: `@2` in a command is the id of connection 2, and what
 * arrives is read with the ids of the play.
 */
import * as net from "node:net"
import { expect } from "vitest"
import { PATIENCE_MS } from "../support/Patience.js"
import { encodeCommands } from "../support/RawClient.js"

export type Words = ReadonlyArray<string>

/** One step: what a connection sends at once. */
export interface Step {
  readonly client: number
  readonly commands: ReadonlyArray<Words>
  /** It gets no answer in this step. */
  readonly waits?: boolean
  /** A connection that has waited gets its answer in this step. */
  readonly frees?: number
}

/** A connection, with all it has received. */
class Connection {
  received = ""
  id = 0
  waits = false
  private closed = false
  private wake: (() => void) | undefined = undefined

  private constructor(readonly socket: net.Socket) {
    socket.on("data", (chunk) => {
      this.received += chunk.toString("latin1")
      this.wake?.()
    })
    socket.on("error", () => {})
    socket.on("close", () => {
      this.closed = true
      this.wake?.()
    })
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: "127.0.0.1", port, noDelay: true })
      socket.once("error", reject)
      socket.once("connect", () => resolve(new Connection(socket)))
    })
  }

  send(commands: ReadonlyArray<Words>): void {
    this.socket.write(
      encodeCommands(commands.map((words) => words.map((word) => Buffer.from(word, "latin1")))),
    )
  }

  /** Everything up to the answer to a PING with this word, which is left out; or up to the end. */
  async upTo(word: string): Promise<string> {
    const answers = [
      `$${word.length}\r\n${word}\r\n`,
      `*2\r\n$4\r\npong\r\n$${word.length}\r\n${word}\r\n`,
    ].reverse()
    const until = Date.now() + PATIENCE_MS
    for (;;) {
      const answer = answers.find((text) => this.received.includes(text))
      if (answer !== undefined) {
        const at = this.received.indexOf(answer)
        const before = this.received.slice(0, at)
        this.received = this.received.slice(at + answer.length)
        return before
      }
      if (this.closed) return this.received
      if (Date.now() > until) throw new Error(`no answer to ${word}: ${JSON.stringify(this.received)}`)
      await new Promise<void>((resolve) => {
        this.wake = resolve
        setTimeout(resolve, 1000).unref()
      })
    }
  }
}

/** What stands for an id in what was received. */
const ID_FIELDS = /((?:redirect|tracking-redir-broken|id)\r\n:)(\d+)\r\n/g

/** All keys, told in the one protocol as in the other: see the README's differences. */
const NULL_FIELDS = /(invalidate\r\n)(?:_|\$-1)\r\n/g

const TOLD = /invalidate\r\n(?:\*|null)/g

/** A server with its connections. */
class Stage {
  readonly connections: Array<Connection> = []
  private readonly names = new Map<number, number>()

  constructor(readonly port: number) {}

  async open(): Promise<void> {
    const connection = await Connection.open(this.port)
    connection.send([
      ["CLIENT", "ID"],
      ["PING", "opened"],
    ])
    connection.id = Number((await connection.upTo("opened")).slice(1))
    this.names.set(connection.id, this.connections.length)
    this.connections.push(connection)
  }

  async act({ client, commands, waits, frees }: Step, mark: string): Promise<ReadonlyArray<string>> {
    const actor = this.connections[client]
    if (actor === undefined) throw new Error(`there is no client ${client}`)
    actor.send(commands.map((words) => words.map((word) => this.withId(word))))
    actor.waits = waits === true
    if (!actor.waits) {
      // What is told at the end of a turn stands between the answers.
      actor.send([["PING", `${mark}-1`]])
      await actor.upTo(`${mark}-1`).then((before) => (actor.received = before + actor.received))
    }
    const freed = frees === undefined ? undefined : this.connections[frees]
    if (freed !== undefined) freed.waits = false
    const received: Array<string> = []
    for (const connection of this.connections) {
      if (connection.waits) received.push("")
      else {
        connection.send([["PING", mark]])
        received.push(this.readable(await connection.upTo(mark)))
      }
    }
    return received
  }

  private withId(word: string): string {
    const [, name] = /^@(\d)$/.exec(word) ?? []
    return name === undefined ? word : String(this.connections[Number(name)]?.id ?? 0)
  }

  private readable(bytes: string): string {
    return bytes
      .replace(
        ID_FIELDS,
        (_, field: string, id: string) => `${field}@${this.names.get(Number(id)) ?? id}\r\n`,
      )
      .replace(NULL_FIELDS, "$1null\r\n")
  }

  close(): void {
    for (const { socket } of this.connections) socket.destroy()
  }
}

const shown = ({ client, commands }: Step): string =>
  `${client} ${commands.map((words) => words.map((word) => (word === "" ? '""' : word)).join(" ")).join("; ")}`

/** Acts the steps out with so many connections on both servers; answers how often a connection was told of keys. */
export const play = async (
  oraclePort: number,
  redixPort: number,
  clients: number,
  steps: Iterable<Step>,
  title: string,
): Promise<number> => {
  const stages = [new Stage(oraclePort), new Stage(redixPort)] as const
  const history: Array<string> = []
  let told = 0
  try {
    for (const stage of stages) for (let i = 0; i < clients; i++) await stage.open()
    let n = 0
    for (const step of steps) {
      history.push(shown(step))
      const mark = `mark${n++}`
      const [want, got] = await Promise.all(stages.map((stage) => stage.act(step, mark)))
      const same = JSON.stringify(want) === JSON.stringify(got)
      expect(got, same ? "" : `${title}\n${history.slice(-40).join("\n")}`).toEqual(want)
      told += (got ?? []).join("").match(TOLD)?.length ?? 0
    }
  } finally {
    for (const stage of stages) stage.close()
  }
  return told
}

/** A step from its text: the client's digit, commands with semicolons between, and whether it waits, or who is freed. */
export const step = (line: string): Step => {
  const [, client, rest, waits, frees] = /^(\d) (.*?)( \/waits)?(?: \/frees (\d))?$/.exec(line) ?? []
  if (client === undefined || rest === undefined) throw new Error(`no step: ${line}`)
  return {
    client: Number(client),
    commands: rest.split("; ").map((text) => text.split(" ").map((word) => (word === '""' ? "" : word))),
    waits: waits !== undefined,
    ...(frees === undefined ? {} : { frees: Number(frees) }),
  }
}
