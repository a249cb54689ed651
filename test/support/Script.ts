/**
 * Interleavings: a script of commands over several connections, played to Redis and to Redix, and everything each
 * connection is sent must be the same bytes after each step.
 *
 *     await compareScript(oracle, redix, [
 *       ["a", "SUBSCRIBE", "news"],
 *       ["b", "PUBLISH", "news", "hi"],     // a is sent the message, b the count
 *       cut("a"),                           // a's connection ends
 *       ["b", "CLIENT", "KILL", "ID", "<id:c>"],   // <addr:c> and <laddr:c>, too
 *     ])
 *
 * A step's output is complete when a connection of its own has had some requests answered: both servers serve connections one
 * after another and write what a turn produced before they read again. The requests are commands that do not exist, which
 * are answered in every state and shown to no MONITOR.
 */
import * as net from "node:net"
import { compared } from "./coverage/Compared.js"
import { PATIENCE_MS } from "./Patience.js"
import { type Argument, encodeCommand, formatCommand } from "./RawClient.js"
import { escapeBytes } from "./RespFrames.js"

/** Connection, then the command's words. Without words the connection is only opened. */
export type CommandStep = readonly [connection: string, ...words: ReadonlyArray<Argument>]
export interface CutStep {
  readonly cut: string
}
export interface RawStep {
  readonly raw: string
  readonly connection: string
}
/** What the clock brings about, with the commands that lead to it: it may come before the next of them is sent. */
export interface AwaitStep {
  readonly await: string
  readonly until: RegExp
  readonly commands: ReadonlyArray<CommandStep>
}
export type ScriptStep = CommandStep | CutStep | RawStep | AwaitStep

const isCommand = (step: ScriptStep): step is CommandStep =>
  !("cut" in step || "raw" in step || "await" in step)

/** Ends a connection from the client's side. */
export const cut = (connection: string): CutStep => ({ cut: connection })
/** Sends bytes as they are, several commands at once, say. */
export const raw = (connection: string, bytes: string): RawStep => ({ raw: bytes, connection })
/** Sends commands, and waits until a connection has been sent something that matches. */
export const awaiting = (
  connection: string,
  until: RegExp,
  ...commands: ReadonlyArray<CommandStep>
): AwaitStep => ({ await: connection, until, commands })

export interface ScriptServer {
  readonly host?: string
  readonly port: number
}

/** Replaces what cannot be the same: client ids, ports, times. */
export type Mask = (bytes: string) => string

export const usualMask: Mask = (bytes) =>
  bytes
    .replaceAll(/(\$2\r\nid\r\n):\d+/g, "$1:ID")
    .replaceAll(/(\$|=)\d+\r\n(txt:)?id=/g, "$1LENGTH\r\n$2id=")
    .replaceAll(
      /\b(id|addr|laddr|fd|age|idle|qbuf|qbuf-free|multi-mem|rbs|rbp|tot-mem)=\S+/g,
      (_all, name: string) => `${name}=?`,
    )
    .replaceAll(/\+\d{10}\.\d{6} \[(\d+) [^\]]+\]/g, "+TIME [$1 ADDRESS]")

const BARRIERS = 3

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

class Line {
  received = ""
  private waiters: Array<() => void> = []

  constructor(readonly socket: net.Socket) {
    const heard = (text: string): void => {
      this.received += text
      for (const waiter of this.waiters.splice(0)) waiter()
    }
    socket.on("data", (chunk) => heard(typeof chunk === "string" ? chunk : chunk.toString("latin1")))
    socket.on("end", () => heard("<END>"))
    socket.on("error", () => heard("<ERROR>"))
  }

  static open(server: ScriptServer): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: server.host ?? "127.0.0.1", port: server.port, noDelay: true })
      socket.once("error", reject)
      socket.once("connect", () => {
        socket.off("error", reject)
        resolve(new Line(socket))
      })
    })
  }

  async until(condition: (received: string) => boolean): Promise<void> {
    const end = performance.now() + PATIENCE_MS
    while (!condition(this.received)) {
      if (performance.now() > end)
        throw new Error(`waited in vain; received ${escapeBytes(Buffer.from(this.received, "latin1"))}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PATIENCE_MS)
        this.waiters.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  take(): string {
    const text = this.received
    this.received = ""
    return text
  }
}

/** A server under a script: its named connections and the one that tells when a step is over. */
export class Player {
  private readonly lines = new Map<string, Line>()

  private constructor(
    private readonly server: ScriptServer,
    private readonly barrier: Line,
  ) {}

  static async start(server: ScriptServer): Promise<Player> {
    return new Player(server, await Line.open(server))
  }

  private async line(name: string): Promise<Line> {
    const known = this.lines.get(name)
    if (known !== undefined) return known
    const line = await Line.open(this.server)
    this.lines.set(name, line)
    await this.settle()
    return line
  }

  /** Words with the ids and addresses of named connections put in, as this server knows them. */
  private async resolve(words: ReadonlyArray<Argument>): Promise<ReadonlyArray<Argument>> {
    const resolved: Array<Argument> = []
    for (const word of words) {
      const [, field, name] = (typeof word === "string" ? /^<(id|addr|laddr):(\w+)>$/.exec(word) : null) ?? []
      resolved.push(field === undefined || name === undefined ? word : await this.fieldOf(field, name))
    }
    return resolved
  }

  private async fieldOf(field: string, name: string): Promise<string> {
    const { localAddress, localPort } = (await this.line(name)).socket
    this.barrier.socket.write("CLIENT LIST\r\n")
    await this.barrier.until((received) => received.endsWith("\n\r\n"))
    const list = this.barrier.take().split("\n")
    const client = list.find((line) => line.includes(` addr=${localAddress}:${localPort} `))
    const value = client === undefined ? undefined : new RegExp(`(?:^| )${field}=(\\S+)`).exec(client)?.[1]
    if (value === undefined) throw new Error(`no ${field} of ${name} in ${list.join("\n")}`)
    return value
  }

  private async settle(): Promise<void> {
    for (let i = 0; i < BARRIERS; i++) {
      this.barrier.socket.write("BARRIER\r\n")
      await this.barrier.until((received) => received.endsWith("\r\n"))
      this.barrier.take()
      await turn()
    }
  }

  private async send([name, ...words]: CommandStep): Promise<void> {
    const line = await this.line(name)
    if (words.length > 0 && line.socket.writable) line.socket.write(encodeCommand(await this.resolve(words)))
  }

  /** Plays one step and gives what every connection was sent since the last, by name. */
  async play(step: ScriptStep): Promise<ReadonlyMap<string, string>> {
    if ("cut" in step) {
      const line = await this.line(step.cut)
      const closed = new Promise((resolve) => line.socket.once("close", resolve))
      line.socket.destroy()
      await closed
      this.lines.delete(step.cut)
    } else if ("await" in step) {
      const line = await this.line(step.await)
      for (const command of step.commands) {
        await this.send(command)
        await this.settle()
      }
      await line.until((received) => step.until.test(received))
    } else if ("raw" in step) {
      const line = await this.line(step.connection)
      line.socket.write(step.raw, "latin1")
    } else await this.send(step)
    await this.settle()
    const sent = new Map<string, string>()
    for (const [name, line] of [...this.lines].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const text = line.take()
      if (text !== "") sent.set(name, text)
      // A connection the server has closed is opened anew at its next use.
      if (!text.endsWith("<END>") && !text.endsWith("<ERROR>")) continue
      line.socket.destroy()
      this.lines.delete(name)
    }
    return sent
  }

  stop(): void {
    for (const line of this.lines.values()) line.socket.destroy()
    this.barrier.socket.destroy()
  }
}

export const formatStep = (step: ScriptStep): string => {
  if ("cut" in step) return `${step.cut}: (cut)`
  if ("await" in step)
    return [...step.commands.map(formatStep), `${step.await}: (await ${String(step.until)})`].join("\n")
  if ("raw" in step) return `${step.connection}: (raw) ${escapeBytes(Buffer.from(step.raw, "latin1"))}`
  const [name, ...words] = step
  return `${name}: ${formatCommand(words)}`
}

const show = (sent: ReadonlyMap<string, string>, mask: Mask): string =>
  [...sent]
    .map(([name, text]) => `  ${name} <- ${escapeBytes(Buffer.from(mask(text), "latin1"), 4000)}`)
    .join("\n")

/** The steps that led to a difference, for the report. */
const STEPS_SHOWN = 40

/**
 * Plays the script to both and fails at the first step after which any connection was sent something else. Answers how many
 * steps brought anybody anything.
 */
export const compareScript = async (
  oracle: ScriptServer,
  subject: ScriptServer,
  steps: Iterable<ScriptStep>,
  mask: Mask = usualMask,
): Promise<number> => {
  const [theirs, ours] = [await Player.start(oracle), await Player.start(subject)]
  const log: Array<string> = []
  let count = 0
  try {
    for (const step of steps) {
      const [expected, got] = await Promise.all([theirs.play(step), ours.play(step)]).catch(
        (cause: unknown) => {
          const played = log.slice(-STEPS_SHOWN).join("\n")
          throw new Error(`${played}\n${formatStep(step)}\n${String(cause)}`, { cause })
        },
      )
      if (expected.size > 0) count++
      const [a, b] = [show(expected, mask), show(got, mask)]
      log.push(`${formatStep(step)}${a === "" ? "" : `\n${a}`}`)
      if (a !== b) {
        const before = log.slice(-STEPS_SHOWN, -1).join("\n")
        throw new Error(`${before}\n${formatStep(step)}\nRedis:\n${a}\nRedix:\n${b}`)
      }
      if (isCommand(step)) compared(step.slice(1), expected.get(String(step[0])) ?? "")
    }
    return count
  } finally {
    theirs.stop()
    ours.stop()
  }
}
