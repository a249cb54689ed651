/**
 * Cost of the codec alone: parsing pipelined requests and writing their replies, in nanoseconds a command, with no store and
 * no socket. Chunks are 64 KiB cuts of the stream, as a socket delivers them, so nearly each cuts a command.
 *
 * Run: `npm run build:bench && node dist-bench/test/bench/resp.bench.js`. The figure is the best of several rounds; a hash of
 * the replies proves that the work was done.
 */
import { pathToFileURL } from "node:url"
import { ReplyWriter } from "../../src/resp/ReplyWriter.js"
import { ParseStatus, RequestParser } from "../../src/resp/RequestParser.js"

export interface RespBenchSize {
  readonly commands: number
  readonly rounds: number
}
export const tiny: RespBenchSize = { commands: 200, rounds: 2 }
export const real: RespBenchSize = { commands: 200_000, rounds: 15 }

export interface RespBenchFigure {
  readonly name: string
  /** Nanoseconds a command, best round. */
  readonly parse: number
  readonly parseAndWrite: number
  /** Of the replies of one round. */
  readonly hash: number
}

const chunkBytes = 65536
const pipeline = 100

const encode = (args: ReadonlyArray<string>): string =>
  `*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`

const cut = (bytes: Buffer, every: number): ReadonlyArray<Buffer> => {
  const chunks: Array<Buffer> = []
  for (let at = 0; at < bytes.length; at += every) chunks.push(Buffer.from(bytes.subarray(at, at + every)))
  return chunks
}

type Reply = (writer: ReplyWriter, parser: RequestParser) => void

const ok: Reply = (writer) => writer.ok()
/** As if the key's last bytes were the value. */
const echoKey: Reply = (writer, parser) => writer.bulk(parser.buf, parser.argOff[1], parser.argLen[1])

const round = (chunks: ReadonlyArray<Buffer>, reply: Reply | undefined): { ns: number; hash: number } => {
  const parser = new RequestParser({ maxBulkLength: 512 << 20, authenticated: true })
  const writer = new ReplyWriter()
  let hash = 0
  const start = process.hrtime.bigint()
  for (const chunk of chunks) {
    parser.feed(chunk)
    while (parser.next() === ParseStatus.Command) {
      if (reply !== undefined) reply(writer, parser)
      else hash += parser.argLen[1]
    }
    const out = writer.take()
    if (out.length > 0) hash = (Math.imul(hash, 31) + out.length + out[out.length - 3]) | 0
  }
  const ns = Number(process.hrtime.bigint() - start)
  return { ns, hash }
}

export const respBench = (size: RespBenchSize): ReadonlyArray<RespBenchFigure> => {
  const key = (i: number): string => `key:${String(i * 7919).padStart(12, "0")}`
  const streams: ReadonlyArray<readonly [string, (i: number) => ReadonlyArray<string>, Reply]> = [
    ["SET", (i) => ["SET", key(i), "xxx"], ok],
    ["GET", (i) => ["GET", key(i)], echoKey],
    ["SET 100 B", (i) => ["SET", key(i), "x".repeat(100)], ok],
    ["HSET 4 pairs", (i) => ["HSET", key(i), "f1", "v1", "f2", "v2", "f3", "v3", "f4", "v4"], ok],
  ]
  const figures: Array<RespBenchFigure> = []
  for (const [name, args, reply] of streams) {
    const commands = Array.from({ length: size.commands }, (_, i) => encode(args(i)))
    const bytes = Buffer.from(commands.join(""), "latin1")
    for (const [shape, every] of [
      ["64 KiB chunks", chunkBytes],
      [`pipeline ${pipeline}`, commands[0].length * pipeline],
    ] as const) {
      const chunks = cut(bytes, every)
      let parse = Infinity
      let both = Infinity
      let hash = 0
      for (let i = 0; i < size.rounds; i++) {
        parse = Math.min(parse, round(chunks, undefined).ns)
        const run = round(chunks, reply)
        both = Math.min(both, run.ns)
        hash = run.hash
      }
      figures.push({
        name: `${name}, ${shape}`,
        parse: parse / size.commands,
        parseAndWrite: both / size.commands,
        hash,
      })
    }
  }
  return figures
}

const main = process.argv[1]
if (main !== undefined && import.meta.url === pathToFileURL(main).href) {
  for (const { name, parse, parseAndWrite, hash } of respBench(real)) {
    console.log(
      `${name.padEnd(28)} parse ${parse.toFixed(1)} ns, parse + write ${parseAndWrite.toFixed(1)} ns  (${hash})`,
    )
  }
}
