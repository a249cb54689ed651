/**
 * What can be wrong with an RDB file. Each error says which file (`path`, or a name such as "replication stream"), where
 * (`offset`, in bytes from the start) and why; `key` is set when a key had been read, with unprintable bytes escaped.
 */
import * as Data from "effect/Data"

/**
 * What a place is damaged in, where redis-server has words of its own for it (RdbDamage.ts): the file as a whole, a packed
 * form, or an element of a value.
 */
export type Damage =
  | "signature"
  | "truncated"
  | "checksum"
  | "packed"
  | "compression"
  | "member of a set"
  | "field of a hash"
  | "member of a sorted set"
  | "score"
  | "list node"
  | "ID of a stream's node"

/** The bytes are not a valid RDB file, or hold a value that cannot be represented. */
export class RdbCorruptError extends Data.TaggedError("RdbCorruptError")<{
  /** The file, or a name of what is none: "replication stream". */
  readonly path: string
  /** Where it was found, in bytes from the beginning. */
  readonly offset: number
  /** It does not begin as RDB files do, it ends too early, its checksum is another, or a part of it makes no sense. */
  readonly kind: "signature" | "truncated" | "checksum" | "format"
  /** What was found in place of what was due. */
  readonly reason: string
  /** The reason in redis-server's words, where it has some. */
  readonly damage?: string | undefined
  /** The key that was read last, unprintable bytes as \xhh; undefined before the first. */
  readonly key: string | undefined
}> {
  override get message(): string {
    const key = this.key === undefined ? "" : ` (key "${this.key}")`
    return `${this.path}: at byte ${this.offset}: ${this.reason}${key}`
  }
}

/** A well-formed header of a version this decoder does not read. */
export class RdbVersionError extends Data.TaggedError("RdbVersionError")<{
  /** The file, or a name of what is none: "replication stream". */
  readonly path: string
  /** Where the header stands, in bytes: 0. */
  readonly offset: number
  /** What is wrong with the version. */
  readonly reason: string
  /** The version that the header says. */
  readonly version: number
}> {
  override get message(): string {
    return `${this.path}: ${this.reason}`
  }
}

/** The file system refused: `operation` names the step, `reason` is the system's own message. */
export class RdbIoError extends Data.TaggedError("RdbIoError")<{
  /** The file, or a name of what is none: "snapshot". */
  readonly path: string
  /** How far it had been read or written, in bytes. */
  readonly offset: number
  /** The system's own message. */
  readonly reason: string
  /** The step that failed: "open", "write", "fsync", "rename", ... */
  readonly operation: string
  /** The system's code ("ENOENT"), where it is the system that failed. */
  readonly code?: string | undefined
}> {
  override get message(): string {
    return `${this.path}: ${this.operation}: ${this.reason}`
  }
}

/** Why an RDB file was not read: it is damaged, of a version that is too new, or the file system failed. */
export type RdbError = RdbCorruptError | RdbVersionError | RdbIoError

/**
 * Thrown by validators, value steps and sinks; the decoder turns it into an RdbCorruptError with path, offset and key.
 * A sink throws it (through `corrupt`) for what only it can see, such as a repeated member.
 */
export class CorruptValue {
  constructor(
    readonly reason: string,
    readonly damage?: Damage,
  ) {}
}

export const corrupt = (reason: string, damage?: Damage): never => {
  throw new CorruptValue(reason, damage)
}

/** Bytes as printable ASCII, others as \xhh, cut after 64 bytes. */
export const printable = (bytes: Uint8Array, offset = 0, length = bytes.length): string => {
  let text = ""
  const shown = Math.min(length, 64)
  for (let i = 0; i < shown; i++) {
    const byte = bytes[offset + i]
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`
  }
  return shown < length ? `${text}...` : text
}

/** A snapshot that goes to no file of its own was broken off. */
export const brokenOff = (reason: string): RdbIoError =>
  new RdbIoError({ path: "snapshot", offset: 0, operation: "write", reason })
