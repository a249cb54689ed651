/**
 * What can be wrong with an append-only file. Each error says which file and where; `message` is what redis-server's log
 * says of it, where it has words for it.
 */
import * as Data from "effect/Data"
import type { PlatformError } from "effect/PlatformError"
import { systemReason } from "../bytes/SystemReason.js"
import type { RdbError } from "../rdb/format/RdbErrors.js"

const fileName = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** The file system refused: `operation` names the step, `reason` is the system's own message. */
export class AofIoError extends Data.TaggedError("AofIoError")<{
  /** The file or the directory. */
  readonly path: string
  /** How far it had been read, in bytes; 0 where that says nothing. */
  readonly offset: number
  /** The step that failed: "open", "write", "fsync", "load", ... */
  readonly operation: string
  /** The system's own message. */
  readonly reason: string
}> {
  override get message(): string {
    const { path, operation, reason } = this
    switch (operation) {
      case "length":
        return `Unable to obtain the AOF file ${fileName(path)} length. stat: ${reason}`
      case "load":
        return `Unrecoverable error reading the append only file ${fileName(path)}: ${reason}`
      case "opendir":
        return `Can't open or create append-only dir ${fileName(path)}: ${reason}`
      default:
        return `${path}: ${operation}: ${reason}`
    }
  }
}

export const ioError =
  (path: string, operation: string, offset = 0) =>
  (error: PlatformError): AofIoError =>
    new AofIoError({ path, offset, operation, reason: systemReason(error) })

/**
 * What kind of damage: bytes that are no command ("format"), an end that came too early ("truncated"), a group whose
 * bytes are not those that were written ("checksum"), a command that cannot be run ("command"). An end that came too early
 * is cut off where it is the last file's, so of another's it is said that it is "not last".
 */
type AofDamage = "format" | "truncated" | "not last" | "checksum" | "command"

/** A file of the append-only file is damaged, at a byte, and so is not loaded. */
export class AofDamageError extends Data.TaggedError("AofDamageError")<{
  /** The damaged file. */
  readonly path: string
  /** Where the damage begins, in bytes from the beginning of the file. */
  readonly offset: number
  /** What is wrong with it. */
  readonly kind: AofDamage
  /** What was found in place of what was due. */
  readonly reason: string
}> {
  override get message(): string {
    const name = fileName(this.path)
    switch (this.kind) {
      case "format":
        return `Bad file format reading the append only file ${name}: make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest> (at byte ${this.offset}: ${this.reason})`
      case "truncated":
        return `Unexpected end of file reading the append only file ${name}. You can: 1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server. (at byte ${this.offset}: ${this.reason})`
      case "not last":
        return `Unexpected end of file reading the append only file ${name} (at byte ${this.offset}: ${this.reason})\nFatal error: the truncated file is not the last file`
      case "checksum":
        return `Damage in the middle of the append only file ${name} at byte ${this.offset}: ${this.reason}. Nothing after it was loaded, and the file was left as it is: restore it, or see with redix-check-aof what a cut there would lose`
      default:
        return `${this.reason} (at byte ${this.offset})`
    }
  }
}

/** The manifest makes no sense. `line` counts from 1; 0 stands for the whole file. */
export class ManifestError extends Data.TaggedError("ManifestError")<{
  /** The manifest. */
  readonly path: string
  /** Counted from 1; 0 is the manifest as a whole. */
  readonly line: number
  /** The line as it stands there. */
  readonly text: string
  /** What is wrong with it, in redis-server's words. */
  readonly reason: string
}> {
  /** Several lines, as redis-server's. */
  override get message(): string {
    const where =
      this.line === 0 ? "" : `Reading the manifest file, at line ${this.line}\n>>> '${this.text}'\n`
    return `\n*** FATAL AOF MANIFEST FILE ERROR ***\n${where}${this.reason}`
  }
}

/** What the log says before a start that fails ends, in entries. */
export const startFailure = (error: AofIoError | AofDamageError | ManifestError): ReadonlyArray<string> => {
  if (!(error instanceof ManifestError)) return error.message.split("\n")
  const [empty = "", title = "", ...lines] = error.message.split("\n")
  return [`${empty}\n${title}`, ...lines].map((entry) => `${entry}\n`)
}

/** Why an append-only file was not loaded. */
export type AofError = AofIoError | AofDamageError | ManifestError | RdbError

/** What the log says when the file that is written to fails. */
export const failureText = ({ operation, reason }: AofIoError, distrusted: boolean): string => {
  if (operation === "stat") return `The AOF file has gone: ${reason}`
  if (operation === "rewrite") return `A new AOF base could not be made: ${reason}`
  if (operation === "fsync") return `Fail to fsync the AOF file: ${reason}`
  if (distrusted)
    return `Could not remove short write from the append-only file. The AOF file is left behind. ftruncate: ${reason}`
  return `Error writing to the AOF file: ${reason}`
}

/** Files are asked for that lack what the disk did not take. */
export const notOnDisk = (path: string): AofIoError =>
  new AofIoError({ path, offset: 0, operation: "write", reason: "not all that was logged is in the files" })
