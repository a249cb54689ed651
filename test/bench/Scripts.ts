/**
 * What scripts cost the server: CPU time of one call beyond that of a PING in the same pipeline, Redix and redis-server in
 * turn, round by round.
 *
 * Equal work: both get the same bytes, and must answer the first unit of each case alike. CPU time is that of all threads
 * of the server, so collecting garbage and compiling count.
 */
import * as fs from "node:fs"
import * as net from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { type BenchServer, startServer } from "./Servers.js"
import { type ScriptCase, scriptCases } from "./ScriptCases.js"

const PIPELINE = 100
const UNDER_WAY = 8
/** The kernel adds a running thread's time up every few milliseconds only. */
const SETTLE_MS = 8
const MARK = "end-of-batch"
const MARKED = Buffer.from(`$${MARK.length}\r\n${MARK}\r\n`)

const encode = (words: ReadonlyArray<string>): string =>
  `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`

const MARKER = encode(["ECHO", MARK])

/** CPU time of all threads of a process, in microseconds. */
const threadMicros = async (pid: number): Promise<number> => {
  await sleep(SETTLE_MS)
  let ns = 0
  for (const id of fs.readdirSync(`/proc/${pid}/task`))
    ns += Number(fs.readFileSync(`/proc/${pid}/task/${id}/schedstat`, "latin1").split(" ")[0])
  return ns / 1000
}

/**
 * One connection. Several batches are under way at a time, so that neither side sleeps: waking a process that sleeps costs
 * more than a short script.
 */
class Line {
  private received: Buffer[] = []
  private ended = 0
  private tail = Buffer.alloc(0)
  private wake: (() => void) | undefined

  private constructor(
    readonly server: BenchServer,
    private readonly socket: net.Socket,
  ) {
    socket.on("data", (chunk: Buffer) => {
      this.received.push(chunk)
      const seen = Buffer.concat([this.tail, chunk])
      let at = seen.indexOf(MARKED)
      let end = 0
      for (; at >= 0; at = seen.indexOf(MARKED, end)) {
        this.ended++
        end = at + MARKED.length
      }
      this.tail = Buffer.from(seen.subarray(Math.max(end, seen.length - MARKED.length + 1)))
      this.wake?.()
    })
  }

  static open(server: BenchServer): Promise<Line> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port: server.port, host: "127.0.0.1", noDelay: true })
      socket.once("error", reject)
      socket.once("connect", () => resolve(new Line(server, socket)))
    })
  }

  private async until(ended: number): Promise<void> {
    while (this.ended < ended) await new Promise<void>((resolve) => void (this.wake = resolve))
  }

  /** Sends all batches; answers what came back. */
  async send(...batches: ReadonlyArray<string>): Promise<string> {
    this.received = []
    let sent = this.ended
    for (const batch of batches) {
      this.socket.write(Buffer.from(batch + MARKER, "latin1"))
      await this.until(++sent - UNDER_WAY + 1)
    }
    await this.until(sent)
    return Buffer.concat(this.received).toString("latin1").replaceAll(MARKED.toString(), "")
  }

  close(): void {
    this.socket.destroy()
  }
}

const checked = (text: string, what: string): string => {
  if (/^-|\n-/.test(text)) throw new Error(`${what}: ${text.slice(0, 200)}`)
  return text
}

/** One case on one server: its scripts loaded, its units counted. */
class Subject {
  private unit = 0
  private shas: ReadonlyArray<string> = []

  constructor(
    private readonly line: Line,
    private readonly load: ScriptCase,
  ) {}

  async begin(): Promise<string> {
    await this.line.send(encode(["FLUSHALL"]))
    for (const words of this.load.prepare ?? []) await this.line.send(encode(words))
    const shas: Array<string> = []
    for (const source of this.load.sources)
      shas.push(checked(await this.line.send(encode(["SCRIPT", "LOAD", source])), "LOAD").split("\r\n")[1])
    this.shas = shas
    return checked(await this.line.send(this.next()), this.load.name)
  }

  private next(): string {
    const all = this.load.words(++this.unit)
    return this.shas.map((sha, i) => encode(["EVALSHA", sha, ...all[i]])).join("")
  }

  /** The commands that one round sends, of scripts and of PINGs. */
  private async spend(units: number, text: () => string): Promise<number> {
    const { pid } = this.line.server
    const pipeline = this.load.pipeline ?? PIPELINE
    const batches: Array<string> = []
    for (let sent = 0; sent < units; sent += pipeline)
      batches.push(Array.from({ length: Math.min(pipeline, units - sent) }, text).join(""))
    const before = await threadMicros(pid)
    const replies = await this.line.send(...batches)
    const spent = (await threadMicros(pid)) - before
    checked(replies, this.load.name)
    return spent
  }

  /** Microseconds of one operation beyond a PING. */
  async round(): Promise<number> {
    const { units, operations = 1, sources } = this.load
    const ping = encode(["PING"]).repeat(sources.length)
    const idle = await this.spend(units, () => ping)
    const busy = await this.spend(units, () => this.next())
    return (busy - idle) / units / operations
  }
}

const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

export interface ScriptFigure {
  readonly name: string
  readonly redixMicros: number
  readonly redisMicros: number
}

const compareCase = async (
  lines: { readonly redix: Line; readonly redis: Line },
  load: ScriptCase,
  rounds: number,
): Promise<ScriptFigure> => {
  const redix = new Subject(lines.redix, load)
  const redis = new Subject(lines.redis, load)
  const [wanted, got] = [await redis.begin(), await redix.begin()]
  const { same = (reply: string) => reply } = load
  if (same(wanted) !== same(got)) throw new Error(`${load.name}: ${JSON.stringify({ wanted, got })}`)
  // Rounds that do not count, until what runs often is compiled.
  for (let i = 0; i < 3; i++) await redix.round()
  const redixRounds: Array<number> = []
  const redisRounds: Array<number> = []
  for (let i = 0; i < rounds; i++) {
    redisRounds.push(await redis.round())
    redixRounds.push(await redix.round())
  }
  return { name: load.name, redixMicros: median(redixRounds), redisMicros: median(redisRounds) }
}

/** Compares scripts on both servers; `only` names the cases, all if it is empty. */
export const scripts = async (
  only: ReadonlyArray<string>,
  rounds: number,
  tell: (figure: ScriptFigure) => void,
): Promise<void> => {
  const servers = { redix: await startServer("redix"), redis: await startServer("redis") }
  try {
    const lines = { redix: await Line.open(servers.redix), redis: await Line.open(servers.redis) }
    for (const load of scriptCases()) {
      if (only.length > 0 && !only.includes(load.name)) continue
      tell(await compareCase(lines, load, rounds))
    }
    lines.redix.close()
    lines.redis.close()
  } finally {
    await servers.redix.stop()
    await servers.redis.stop()
  }
}
