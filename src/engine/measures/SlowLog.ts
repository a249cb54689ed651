/**
 * SLOWLOG: the latest commands that took slowlog-log-slower-than microseconds or more, newest first.
 *
 * An entry keeps at most ARGUMENTS_MAX arguments of ARGUMENT_BYTES_MAX bytes each, the last one telling what is missing.
 */
import type { CommandContext } from "../CommandContext.js"
import { REDACTED, secretArguments } from "../Secrets.js"

const ARGUMENTS_MAX = 32
const ARGUMENT_BYTES_MAX = 128

export interface SlowEntry {
  readonly id: number
  /** Unix seconds. */
  readonly time: number
  readonly microseconds: number
  readonly args: ReadonlyArray<Uint8Array>
  readonly address: string
  readonly name: string
}

export class SlowLog {
  private readonly list: Array<SlowEntry> = []
  private nextId = 0

  /** Newest first. */
  get entries(): ReadonlyArray<SlowEntry> {
    return this.list
  }

  /** Adds the command in the context and drops the oldest entries beyond `max`. */
  add(c: CommandContext, microseconds: number, max: number): void {
    this.list.unshift({
      id: this.nextId++,
      time: Math.floor(c.keyspace.now / 1000),
      microseconds: Math.floor(microseconds),
      args: argumentsOf(c),
      // A script's commands come from no client.
      address: c.scripted ? "?:0" : c.session.address,
      name: c.scripted ? "" : c.session.name,
    })
    if (this.list.length > max) this.list.length = max
  }

  clear(): void {
    this.list.length = 0
  }
}

const text = (s: string): Uint8Array => Buffer.from(s, "latin1")

const argumentsOf = (c: CommandContext): ReadonlyArray<Uint8Array> => {
  const secret = secretArguments(c)
  const shown = c.argc > ARGUMENTS_MAX ? ARGUMENTS_MAX - 1 : c.argc
  const args: Array<Uint8Array> = []
  for (let i = 0; i < shown; i++) args.push(secret.has(i) ? text(REDACTED) : shortened(c.bytes(i)))
  if (shown < c.argc) args.push(text(`... (${c.argc - shown} more arguments)`))
  return args
}

const shortened = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length <= ARGUMENT_BYTES_MAX) return Uint8Array.from(bytes)
  const rest = text(`... (${bytes.length - ARGUMENT_BYTES_MAX} more bytes)`)
  return Buffer.concat([bytes.subarray(0, ARGUMENT_BYTES_MAX), rest])
}
