/** What the log says of RDB files, in redis-server's words. */
import { RdbCorruptError, type RdbError, RdbIoError } from "./format/RdbErrors.js"
import type { LoadResult } from "./RdbPersistence.js"

const MEGABYTE = 1024 * 1024

/** Of a file's AUX fields. */
export const fieldLines = (fields: ReadonlyMap<string, string>, nowMs: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  const version = fields.get("redis-ver")
  const ctime = fields.get("ctime")
  const memory = fields.get("used-mem")
  if (version !== undefined) lines.push(`Loading RDB produced by version ${version}`)
  if (ctime !== undefined)
    lines.push(`RDB age ${Math.max(0, Math.floor(nowMs / 1000) - Number(ctime))} seconds`)
  if (memory !== undefined)
    lines.push(`RDB memory usage when created ${(Number(memory) / MEGABYTE).toFixed(2)} Mb`)
  if ((fields.get("aof-base") ?? "0") !== "0") lines.push("RDB is base AOF")
  return lines
}

export const doneLine = ({ keys, expired, empty }: LoadResult): string => {
  const skipped = empty > 0 ? `, empty keys skipped: ${empty}` : ""
  return `Done loading RDB, keys loaded: ${keys}, keys expired: ${expired}${skipped}.`
}

const split = (path: string): readonly [dir: string, name: string] => {
  const slash = path.lastIndexOf("/")
  return slash < 0 ? [".", path] : [path.slice(0, Math.max(1, slash)), path.slice(slash + 1)]
}

/** Of a save that failed. */
export const saveFailure = ({ operation, path, reason }: RdbIoError): string => {
  const [dir, name] = split(path)
  if (operation === "open")
    return `Failed opening the temp RDB file ${name} (in server root dir ${dir}) for saving: ${reason}`
  if (operation === "rename")
    return `Error moving temp DB file on the final destination ${name} (in server root dir ${dir}): ${reason}`
  return `Write error saving DB on disk(${operation}): ${reason}`
}

/** Of a file that cannot be loaded; the last line says what becomes of the server. */
export const loadFailure = (error: RdbError): ReadonlyArray<string> => {
  const fatal = (reason: string): string => `Fatal error loading the DB: ${reason}. Exiting.`
  if (error instanceof RdbIoError) return [fatal(error.message)]
  if (!(error instanceof RdbCorruptError))
    return [`Can't handle RDB format version ${error.version}`, fatal(error.message)]
  return [...damageLines(error), fatal(error.message)]
}

const damageLines = ({ kind, offset, reason, damage }: RdbCorruptError): ReadonlyArray<string> => {
  switch (kind) {
    case "signature":
      return ["Wrong signature trying to load DB from file", internalError(offset, damage ?? reason)]
    case "truncated":
      return [
        "Short read or OOM loading DB. Unrecoverable error, aborting now.",
        internalError(offset, "Unexpected EOF reading RDB file"),
      ]
    case "checksum":
      return [
        `Wrong RDB ${reason.slice("wrong ".length)}. Aborting now.`,
        internalError(offset, "RDB CRC error"),
      ]
    case "format":
      return [internalError(offset, damage ?? reason)]
  }
}

/** Damage in a file or a payload. redis-server names the line of its source, which does not exist here. */
export const internalError = (offset: number, reason: string): string =>
  `Internal error in RDB reading offset ${offset}, function at RdbDecoder -> ${reason}`
