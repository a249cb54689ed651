/** What a server leaves in its command log, as words, from Redix and from redis-server's append-only file. */
import * as fs from "node:fs"
import * as path from "node:path"
import type { CommandLog, LogArgument } from "../../src/engine/Propagation.js"

const text = (arg: LogArgument): string =>
  arg instanceof Uint8Array ? Buffer.from(arg).toString("latin1") : String(arg)

/** Commands in RESP, as words. */
const commandsIn = (bytes: Buffer): string[] => {
  const out: string[] = []
  for (let at = 0; at < bytes.length;) {
    const words: string[] = []
    const next = (): string => {
      const end = bytes.indexOf("\r\n", at)
      const line = bytes.toString("latin1", at + 1, end)
      at = end + 2
      return line
    }
    for (let n = Number(next()); n > 0; n--) {
      const length = Number(next())
      words.push(bytes.toString("latin1", at, at + length))
      at += length + 2
    }
    if (words[0] !== "SELECT") out.push(words.join(" "))
  }
  return out
}

/** A command log that keeps each command as its words. */
export class RecordingLog implements CommandLog {
  readonly active = true
  readonly offset = 0
  readonly commands: string[] = []
  append(_database: number, args: ReadonlyArray<LogArgument>): void {
    this.commands.push(args.map(text).join(" "))
  }
  appendRaw(_database: number, bytes: Uint8Array, off: number, len: number): void {
    this.commands.push(...commandsIn(Buffer.from(bytes.subarray(off, off + len))))
  }
}

/**
 * The commands in the append-only file of a redis-server that works in `dir`, started with
 * `appendonly yes`, `aof-use-rdb-preamble no` and `appendfsync always`; SELECT is left out.
 */
export const commandsInAof = (dir: string): string[] => {
  const aof = path.join(dir, "appendonlydir")
  const file = fs.readdirSync(aof).find((name) => name.endsWith(".incr.aof"))
  return commandsIn(fs.readFileSync(path.join(aof, file ?? "")))
}
