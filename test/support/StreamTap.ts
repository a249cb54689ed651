/** Attaches to a server as a replica of the old kind (SYNC) and collects the commands of its replication stream. */
import * as net from "node:net"
import { until } from "./Nodes.js"

export class StreamTap {
  /** Commands so far; latin1 words. PING is left out. */
  readonly commands: Array<ReadonlyArray<string>> = []
  private bytes: Buffer = Buffer.alloc(0)
  private snapshotLeft = -1

  private constructor(private readonly socket: net.Socket) {
    socket.on("data", (chunk: Buffer) => this.take(chunk))
    socket.on("error", () => socket.destroy())
  }

  static async attach(port: number): Promise<StreamTap> {
    const socket = net.connect({ port, host: "127.0.0.1" })
    const tap = new StreamTap(socket)
    socket.write("SYNC\r\n")
    await until(
      () => tap.snapshotLeft === 0,
      () => `a snapshot from ${port}`,
    )
    return tap
  }

  private take(chunk: Buffer): void {
    this.bytes = Buffer.concat([this.bytes, chunk])
    if (this.snapshotLeft < 0) {
      const text = this.bytes.toString("latin1")
      const head = /^\n*\$(\d+)\r\n/.exec(text)
      if (head === null) return
      this.snapshotLeft = Number(head[1])
      this.bytes = this.bytes.subarray(head[0].length)
    }
    const n = Math.min(this.snapshotLeft, this.bytes.length)
    this.snapshotLeft -= n
    this.bytes = this.bytes.subarray(n)
    while (this.snapshotLeft === 0 && this.takeCommand());
  }

  private takeCommand(): boolean {
    const { bytes } = this
    let at = 0
    const line = (): number => {
      const end = bytes.indexOf("\r\n", at)
      if (end < 0) return -1
      const n = Number(bytes.toString("latin1", at + 1, end))
      at = end + 2
      return n
    }
    const count = line()
    if (count < 0) return false
    const words: string[] = []
    for (let i = 0; i < count; i++) {
      const length = line()
      if (length < 0 || at + length + 2 > bytes.length) return false
      words.push(bytes.toString("latin1", at, at + length))
      at += length + 2
    }
    this.bytes = bytes.subarray(at)
    if (words[0]?.toLowerCase() !== "ping") this.commands.push(words)
    return true
  }

  /** Commands up to, and without, the PUBLISH of a mark; they are taken off. */
  async upTo(mark: string): Promise<ReadonlyArray<ReadonlyArray<string>>> {
    const find = (): number => this.commands.findIndex((words) => words[0] === "PUBLISH" && words[1] === mark)
    await until(
      () => find() >= 0,
      () => `${mark} in the stream; last: ${JSON.stringify(this.commands.at(-1))}`,
    )
    const taken = this.commands.splice(0, find() + 1)
    return taken.slice(0, -1)
  }

  close(): void {
    this.socket.destroy()
  }
}
