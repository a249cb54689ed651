/**
 * The command log: what the server's own commands have changed, as commands, for any number of readers. The replication
 * stream is one; a file that commands are appended to would be another, also on a replica, whose stream is its master's.
 *
 * A reader is handed each command as it is logged, encoded once for all. Which database was selected last, offsets and
 * identities are each reader's own. While nobody reads, `active` is false and a write costs nothing.
 */
import { type CommandArgument, encodeCommand } from "../resp/CommandEncoder.js"
import type { Session } from "./clients/Session.js"

/** Kinds of readers, as bits; a script may say which of them hear of what it does. */
export const TO_FILE = 1
export const TO_REPLICAS = 2
export const TO_ALL = TO_FILE | TO_REPLICAS

/** Called within the command that left something: must be quick, and must run no command. */
export interface LogReader {
  /** TO_FILE or TO_REPLICAS. */
  readonly kind: number
  /** Whether commands are wanted now; CommandLog.update must be called when it has changed. */
  readonly reading: boolean
  /** Takes one command in RESP, for a database (-1: any). The bytes are lent until it returns. */
  take(database: number, bytes: Uint8Array, off: number, len: number): void
  /** A session's command has run, and all that it left was taken. */
  ran(session: Session, changed: boolean): void
  /** A change broke off half way: what is in the data set now, the log does not tell. Comes to all, reading or not. */
  brokenOff(what: string): void
  /** Another data set has taken the place of the present one, without a command. Comes to all, reading or not. */
  replaced?(): void
}

export class CommandLog {
  /** Whether anybody reads. */
  active = false
  /** Kinds of those who read. */
  kinds = 0
  private all: ReadonlyArray<LogReader> = []
  private reading: ReadonlyArray<LogReader> = []
  private muted = false

  add(reader: LogReader): void {
    this.all = [...this.all, reader]
    this.update()
  }

  remove(reader: LogReader): void {
    this.all = this.all.filter((other) => other !== reader)
    this.update()
  }

  /** A reader wants commands that wanted none, or the other way round. */
  update(): void {
    this.reading = this.muted ? [] : this.all.filter((reader) => reader.reading)
    this.active = this.reading.length > 0
    this.kinds = this.reading.reduce((kinds, { kind }) => kinds | kind, 0)
  }

  /** Nobody hears of what commands change: they only repeat what all know, as a file that is loaded again does. */
  mute(on: boolean): void {
    this.muted = on
    this.update()
  }

  /** Logs one command for a database (-1: any), for readers of these kinds. */
  append(database: number, args: ReadonlyArray<CommandArgument>, kinds = TO_ALL): void {
    const bytes = encodeCommand(args)
    const { reading } = this
    for (let i = 0; i < reading.length; i++)
      if ((reading[i].kind & kinds) !== 0) reading[i].take(database, bytes, 0, bytes.length)
  }

  /** As `append`, a command that is encoded already, for all. */
  appendRaw(database: number, bytes: Uint8Array, off: number, len: number): void {
    const { reading } = this
    for (let i = 0; i < reading.length; i++) reading[i].take(database, bytes, off, len)
  }

  ran(session: Session, changed: boolean): void {
    const { reading } = this
    for (let i = 0; i < reading.length; i++) reading[i].ran(session, changed)
  }

  brokenOff(what: string): void {
    for (const reader of this.all) reader.brokenOff(what)
  }

  replaced(): void {
    for (const reader of this.all) reader.replaced?.()
  }
}
