/**
 * The manifest of an append-only file of several parts: which files, in which order. Pure; the form is redis-server 7.0's.
 *
 *     file appendonly.aof.2.base.rdb seq 2 type b     at most one base
 *     file appendonly.aof.1.incr.aof seq 1 type h     history: no longer needed, to be removed
 *     file appendonly.aof.4.incr.aof seq 4 type i     increments, their numbers rising
 *
 * A line is pairs of a word and its value in any order; words unknown are passed over, a repeated one counts the last
 * time, and of a type only the first letter. A name with white space, quotes or unprintable bytes is quoted as in
 * redis.conf. Lines that begin with "#" are comments; of two Redix makes use ("#distrusted", "#closed 4711"). Limits: a line
 * of 1023 bytes and its end.
 */
import { latin1Text } from "../bytes/Latin1.js"
import { quoted } from "../bytes/Quoted.js"
import { decodeInline } from "../resp/InlineCommand.js"
import { ManifestError } from "./AofErrors.js"

export interface AofFile {
  /** Latin-1: a character a byte. */
  readonly name: string
  readonly seq: number
}

export interface Manifest {
  readonly base: AofFile | undefined
  readonly increments: ReadonlyArray<AofFile>
  /** Files whose data is in the base now, yet to be removed. */
  readonly history: ReadonlyArray<AofFile>
  /** A sync has failed: what the files are seen to hold need not be on the disk. Said in a comment. */
  readonly distrusted?: true
  /** Bytes of the files that were appended to, all of them on the disk: their process came to its end. Said in a comment. */
  readonly closedAt?: number
}

const LINE_BYTES_MAX = 1024
const WORDS_MIN = 6
const DISTRUSTED = "#distrusted\n"
const CLOSED = /^#closed (\d{1,15})\n$/

const NUL = 0
const LF = 10
const HASH = 35
/** What is trimmed from a line's ends. */
const trimmed = (byte: number): boolean => byte === 32 || byte === 9 || byte === 13 || byte === LF

interface Line {
  readonly file: AofFile
  readonly type: string
}

/** A number as C's atoll reads it, 0 for none. */
const leadingInteger = (text: string): number => Number(/^[ \t-\r]*([+-]?\d+)/.exec(text)?.[1] ?? "0")

/** What a line says, or why it says nothing. */
const readLine = (bytes: Uint8Array, from: number, to: number): Line | string => {
  const invalid = "Invalid AOF manifest file format"
  const words = from < to ? decodeInline(bytes, from, to) : null
  if (words === null || words.offsets.length < WORDS_MIN || words.offsets.length % 2 !== 0) return invalid
  const texts = words.offsets.map((at, i) => latin1Text(words.bytes, at, at + words.lengths[i]))
  let name: string | undefined
  let seq = 0
  let type = ""
  for (let i = 0; i < texts.length; i += 2) {
    const value = texts[i + 1]
    const word = texts[i].toLowerCase()
    if (word === "file") {
      if (/[/\\]/.test(value)) return "File can't be a path, just a filename"
      name = value
    } else if (word === "seq") seq = leadingInteger(value)
    else if (word === "type") type = value.slice(0, 1)
  }
  if (name === undefined || seq === 0 || type === "") return invalid
  return { file: { name, seq }, type }
}

/** @throws ManifestError */
export const parseManifest = (bytes: Uint8Array, path: string): Manifest => {
  const fail = (line: number, text: string, reason: string): never => {
    throw new ManifestError({ path, line, text, reason })
  }
  if (bytes.length === 0) fail(0, "", "Found an empty AOF manifest")
  let base: AofFile | undefined
  const increments: Array<AofFile> = []
  const history: Array<AofFile> = []
  let distrusted = false
  let closed: string | undefined
  let number = 0
  for (let at = 0, next = 0; at < bytes.length; at = next) {
    number++
    const lf = bytes.indexOf(LF, at)
    const whole = lf >= 0 && lf < at + LINE_BYTES_MAX
    next = whole ? lf + 1 : Math.min(at + LINE_BYTES_MAX, bytes.length)
    if (bytes[at] === HASH) {
      const comment = latin1Text(bytes, at, next)
      distrusted ||= comment === DISTRUSTED
      closed = CLOSED.exec(comment)?.[1] ?? closed
      continue
    }
    const nul = bytes.indexOf(NUL, at)
    if (!whole || (nul >= 0 && nul < lf)) fail(0, "", "The AOF manifest file contains too long line")
    let from = at
    let to = lf
    while (from < to && trimmed(bytes[from])) from++
    while (from < to && trimmed(bytes[to - 1])) to--
    const text = latin1Text(bytes, from, to)
    const line = readLine(bytes, from, to)
    if (typeof line === "string") return fail(number, text, line)
    if (line.type === "h") history.push(line.file)
    else if (line.type === "b") {
      if (base !== undefined) fail(number, text, "Found duplicate base file information")
      base = line.file
    } else if (line.type === "i") {
      const last = increments.at(-1)?.seq ?? 0
      if (line.file.seq <= last) fail(number, text, "Found a non-monotonic sequence number")
      increments.push(line.file)
    } else fail(number, text, "Unknown AOF file type")
  }
  return {
    base,
    increments,
    history,
    ...(distrusted ? { distrusted } : {}),
    ...(closed === undefined ? {} : { closedAt: Number(closed) }),
  }
}

/** The files that are loaded, in order. */
export const filesOf = ({
  base,
  increments,
}: Pick<Manifest, "base" | "increments">): ReadonlyArray<AofFile> =>
  base === undefined ? increments : [base, ...increments]

const bytesOf = (latin1: string): Uint8Array => Buffer.from(latin1, "latin1")

/** The name as it stands in a manifest. redis-server leaves an apostrophe bare, and cannot read its own file then. */
const nameText = (name: string): string => (/^[!#-&(-[\]-~]+$/.test(name) ? name : quoted(bytesOf(name)))

/** The base first, then the history, then the increments, as redis-server writes them. */
export const formatManifest = ({ base, increments, history, distrusted, closedAt }: Manifest): Uint8Array => {
  const line = (file: AofFile, type: string): string =>
    `file ${nameText(file.name)} seq ${file.seq} type ${type}\n`
  const lines = [
    ...(distrusted === true ? [DISTRUSTED] : []),
    ...(closedAt === undefined ? [] : [`#closed ${closedAt}\n`]),
    ...(base === undefined ? [] : [line(base, "b")]),
    ...history.map((file) => line(file, "h")),
    ...increments.map((file) => line(file, "i")),
  ]
  return bytesOf(lines.join(""))
}

// Names, from `appendfilename` as latin1 text.

export const manifestNameOf = (appendfilename: string): string => `${appendfilename}.manifest`

/** Where a manifest is written before it takes its place. */
export const tempManifestNameOf = (appendfilename: string): string => `temp-${manifestNameOf(appendfilename)}`

export const baseNameOf = (appendfilename: string, seq: number, form: "rdb" | "commands"): string =>
  `${appendfilename}.${seq}.base.${form === "rdb" ? "rdb" : "aof"}`

/** The number of a file that has the name of a base or an increment, 0 of another. */
export const numberOf = (appendfilename: string, name: string): number =>
  name.startsWith(`${appendfilename}.`)
    ? Number(
        /^(\d{1,15})\.(?:base\.rdb|base\.aof|incr\.aof)$/.exec(name.slice(appendfilename.length + 1))?.[1] ??
          0,
      )
    : 0

export const incrementNameOf = (appendfilename: string, seq: number): string =>
  `${appendfilename}.${seq}.incr.aof`

/** Where an increment is written before it takes the place of others. */
export const tempIncrementNameOf = (appendfilename: string): string => `temp-${appendfilename}.incr`
