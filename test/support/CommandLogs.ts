/** What a server leaves in its command log, as words, from Redix and from redis-server's append-only file. */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Session } from "../../src/engine/clients/Session.js"
import { type LogReader, TO_REPLICAS } from "../../src/engine/CommandLog.js"

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

/** A reader of the command log that keeps each command as its words. */
export class RecordingLog implements LogReader {
  readonly kind = TO_REPLICAS
  readonly reading: boolean = true
  readonly commands: string[] = []

  take(_database: number, bytes: Uint8Array, off: number, len: number): void {
    this.commands.push(...commandsIn(Buffer.from(bytes.subarray(off, off + len))))
  }
  ran(_session: Session, _changed: boolean): void {}
  brokenOff(_what: string): void {}
}

/** As RecordingLog, each command behind its database: "0: SET k v"; without one where it does not matter. */
export class RecordingLines extends RecordingLog {
  override take(database: number, bytes: Uint8Array, off: number, len: number): void {
    const before = this.commands.length
    super.take(database, bytes, off, len)
    if (database < 0) return
    for (let i = before; i < this.commands.length; i++) this.commands[i] = `${database}: ${this.commands[i]}`
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
