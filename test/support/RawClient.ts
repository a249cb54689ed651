/**
 * A RESP client that hides nothing: it sends the bytes it is told to and returns the exact bytes of each reply.
 *
 * Replies are read in order, whatever they mean. Push frames (`>`, RESP3) are not replies: they go to a queue of their
 * own, read with `readPush`. In RESP2 a published message is an ordinary array and is read with `readReply`.
 */
import * as net from "node:net"
import { PATIENCE_MS } from "./Patience.js"
import { escapeBytes, ReplyScanner } from "./RespFrames.js"

export type Argument = string | number | Uint8Array

export type Address =
  | { readonly path: string }
  | { readonly host?: string; readonly port: number; readonly path?: undefined }

export interface RawClientOptions {
  /** How long a read waits before it fails, in milliseconds. Default PATIENCE_MS. */
  readonly timeoutMs?: number
}

const PUSH = ">".charCodeAt(0)
const BUFFER_BYTES_MIN = 16_384

/** Something that takes its bytes from the front of the buffer, or says that it needs more. */
type Take = () => boolean

interface Waiter {
  readonly take: Take
  readonly fail: (error: Error) => void
}

export class RawClient {
  private buffer = Buffer.allocUnsafe(BUFFER_BYTES_MIN)
  private start = 0
  private end = 0
  private readonly scanner = new ReplyScanner()
  private readonly replies: Buffer[] = []
  private readonly pushes: Buffer[] = []
  private readonly waiters: Waiter[] = []
  private ended: Error | undefined
  private readonly onEnd: Promise<void>

  private constructor(
    readonly socket: net.Socket,
    readonly timeoutMs: number,
  ) {
    socket.on("data", (chunk) => {
      this.append(typeof chunk === "string" ? Buffer.from(chunk) : chunk)
      this.serve()
    })
    this.onEnd = new Promise((resolve) => {
      const finish = (error: Error) => {
        this.ended ??= error
        this.serve()
        for (const waiter of this.waiters.splice(0)) waiter.fail(this.ended)
        resolve()
      }
      socket.on("error", (error) => finish(error))
      socket.on("end", () => finish(new Error("the server closed the connection")))
      socket.on("close", () => finish(new Error("the connection is closed")))
    })
  }

  static connect(address: Address, options: RawClientOptions = {}): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket =
        address.path === undefined
          ? net.connect({ host: address.host ?? "127.0.0.1", port: address.port, noDelay: true })
          : net.connect({ path: address.path })
      socket.once("error", reject)
      socket.once("connect", () => {
        socket.off("error", reject)
        resolve(new RawClient(socket, options.timeoutMs ?? PATIENCE_MS))
      })
    })
  }

  /** Sends one command and returns the raw bytes of its reply. */
  command(...args: ReadonlyArray<Argument>): Promise<Buffer> {
    this.sendRaw(encodeCommand(args))
    return this.readReply()
  }

  /** Sends one command and returns its reply as a latin1 string of raw RESP: `"+OK\r\n"`. */
  async text(...args: ReadonlyArray<Argument>): Promise<string> {
    return (await this.command(...args)).toString("latin1")
  }

  /** Sends all commands in one write and returns their replies in order. */
  pipeline(commands: ReadonlyArray<ReadonlyArray<Argument>>): Promise<Buffer[]> {
    this.sendRaw(encodeCommands(commands))
    return this.readReplies(commands.length)
  }

  /** Sends bytes as they are. */
  sendRaw(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes)
  }

  /** Half-closes: the server sees the end of input, replies can still be read. */
  endInput(): void {
    this.socket.end()
  }

  async readReply(timeoutMs?: number): Promise<Buffer> {
    const replies = await this.readReplies(1, timeoutMs)
    return replies[0] ?? Buffer.alloc(0)
  }

  readReplies(count: number, timeoutMs?: number): Promise<Buffer[]> {
    const got: Buffer[] = []
    const take = (): boolean => {
      while (got.length < count) {
        const reply = this.replies.shift() ?? this.nextFrame(false)
        if (reply === undefined) return false
        got.push(reply)
      }
      return true
    }
    return this.wait(`reply ${count === 1 ? "" : `of ${count} `}`, take, () => got, timeoutMs)
  }

  /** The next push frame (RESP3): published messages, subscribe confirmations, invalidations. */
  readPush(timeoutMs?: number): Promise<Buffer> {
    let push: Buffer | undefined
    const take = (): boolean => {
      push = this.pushes.shift() ?? this.nextFrame(true)
      return push !== undefined
    }
    return this.wait("push ", take, () => push ?? Buffer.alloc(0), timeoutMs)
  }

  /** Reads up to and including the next LF, outside of RESP (replication's handshake, the inline protocol). */
  readLine(timeoutMs?: number): Promise<Buffer> {
    let line: Buffer | undefined
    const take = (): boolean => {
      const at = this.buffer.subarray(this.start, this.end).indexOf(10)
      if (at === -1) return false
      line = this.consume(at + 1)
      return true
    }
    return this.wait("line ", take, () => line ?? Buffer.alloc(0), timeoutMs)
  }

  /** Reads exactly `count` bytes, outside of RESP (an RDB file in a synchronization). */
  readBytes(count: number, timeoutMs?: number): Promise<Buffer> {
    let bytes: Buffer | undefined
    const take = (): boolean => {
      if (this.end - this.start < count) return false
      bytes = this.consume(count)
      return true
    }
    return this.wait(`${count} bytes `, take, () => bytes ?? Buffer.alloc(0), timeoutMs)
  }

  /** Waits until the server closes the connection and returns all bytes not read before that. */
  async readToEnd(timeoutMs?: number): Promise<Buffer> {
    await this.wait(
      "end ",
      () => this.ended !== undefined,
      () => undefined,
      timeoutMs,
    )
    return this.consume(this.end - this.start)
  }

  /** Replies and pushes that have arrived whole and were not read; proves that nothing came unasked. */
  get unread(): ReadonlyArray<Buffer> {
    return [...this.replies, ...this.pushes]
  }

  get isClosed(): boolean {
    return this.ended !== undefined
  }

  /** Resolves when either side has closed. */
  waitForClose(): Promise<void> {
    return this.onEnd
  }

  close(): void {
    this.socket.destroy()
  }

  private append(chunk: Buffer): void {
    if (this.end + chunk.length > this.buffer.length) {
      const live = this.end - this.start
      let size = Math.max(BUFFER_BYTES_MIN, this.buffer.length)
      while (size < live + chunk.length) size *= 2
      const grown = size > this.buffer.length ? Buffer.allocUnsafe(size) : this.buffer
      this.buffer.copy(grown, 0, this.start, this.end)
      this.buffer = grown
      this.start = 0
      this.end = live
    }
    chunk.copy(this.buffer, this.end)
    this.end += chunk.length
  }

  private consume(count: number): Buffer {
    const bytes = Buffer.from(this.buffer.subarray(this.start, this.start + count))
    this.start += count
    if (this.start === this.end) this.start = this.end = 0
    return bytes
  }

  /** The next whole frame of the wanted kind; frames of the other kind met on the way are queued. */
  private nextFrame(wantsPush: boolean): Buffer | undefined {
    for (;;) {
      const length = this.scanner.scan(this.buffer.subarray(this.start), this.end - this.start)
      if (length === -1) return undefined
      this.scanner.reset()
      const frame = this.consume(length)
      const isPush = frame[0] === PUSH
      if (isPush === wantsPush) return frame
      if (isPush) this.pushes.push(frame)
      else this.replies.push(frame)
    }
  }

  private serve(): void {
    for (let waiter = this.waiters[0]; waiter !== undefined; waiter = this.waiters[0]) {
      try {
        if (!waiter.take()) return
      } catch (error) {
        this.waiters.shift()
        waiter.fail(error instanceof Error ? error : new Error(String(error)))
        continue
      }
      this.waiters.shift()
    }
  }

  /** Readers are served in the order in which they asked. */
  private wait<A>(what: string, take: Take, result: () => A, timeoutMs = this.timeoutMs): Promise<A> {
    return new Promise((resolve, reject) => {
      const done = (): boolean => {
        if (!take()) return false
        clearTimeout(timer)
        resolve(result())
        return true
      }
      const fail = (error: Error) => {
        clearTimeout(timer)
        const rest = this.buffer.subarray(this.start, this.end)
        reject(new Error(`no ${what}- ${error.message}; unread: ${escapeBytes(rest, 200)}`))
      }
      const waiter: Waiter = { take: done, fail }
      const timer = setTimeout(() => {
        const at = this.waiters.indexOf(waiter)
        if (at !== -1) this.waiters.splice(at, 1)
        fail(new Error(`nothing within ${timeoutMs} ms`))
      }, timeoutMs)
      this.waiters.push(waiter)
      this.serve()
      if (this.ended !== undefined && this.waiters.includes(waiter)) {
        this.waiters.splice(this.waiters.indexOf(waiter), 1)
        fail(this.ended)
      }
    })
  }
}

const toBytes = (argument: Argument): Uint8Array =>
  typeof argument === "string" || typeof argument === "number" ? Buffer.from(String(argument)) : argument

/** A command as an array of bulk strings. Strings are sent as UTF-8; pass a Buffer for other bytes. */
export const encodeCommand = (args: ReadonlyArray<Argument>): Buffer => encodeCommands([args])

export const encodeCommands = (commands: ReadonlyArray<ReadonlyArray<Argument>>): Buffer => {
  const parts: Uint8Array[] = []
  let text = ""
  for (const args of commands) {
    text += `*${args.length}\r\n`
    for (const argument of args) {
      const bytes = toBytes(argument)
      parts.push(Buffer.from(`${text}$${bytes.length}\r\n`, "latin1"), bytes)
      text = "\r\n"
    }
  }
  parts.push(Buffer.from(text, "latin1"))
  return Buffer.concat(parts)
}

/** A command for people: `SET key "a\r\n"`. */
export const formatCommand = (args: ReadonlyArray<Argument>): string =>
  args
    .map((argument) => {
      const quoted = escapeBytes(toBytes(argument), 120)
      return /^"[\w.:*?@{}[\]()<>+=$-]+"$/.test(quoted) ? quoted.slice(1, -1) : quoted
    })
    .join(" ")
