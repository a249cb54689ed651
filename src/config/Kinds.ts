/**
 * The kinds of plain directive values: what text each takes, the typed value, and the text CONFIG GET shows for it.
 *
 * A kind is pure. `parse` takes the value as one byte text (see ByteText); several words of a redis.conf line arrive
 * joined by blanks. The reasons are the texts redis-server 7.0 answers. Kinds with more structure are in StructuredKinds.
 */
import * as Redacted from "effect/Redacted"
import { fromByteText, isByteTextUtf8 } from "./ByteText.js"
import { quoteWord } from "../bytes/Words.js"

export type Parsed<A> =
  | { readonly ok: true; readonly value: A; /** As CONFIG GET shows it. */ readonly text: string }
  | { readonly ok: false; readonly reason: string }

export interface Kind<out A> {
  /** A short name for help and messages. */
  readonly label: string
  /** Whether a line of redis.conf may give several words; else exactly one. */
  readonly words: "one" | "several"
  readonly parse: (text: string) => Parsed<A>
  /** The words after the name in lines CONFIG REWRITE writes: none removes the directive from the file. */
  readonly lines: (text: string) => ReadonlyArray<string>
}

export const accepted = <A>(value: A, text: string): Parsed<A> => ({ ok: true, value, text })
export const refused = (reason: string): Parsed<never> => ({ ok: false, reason })

const plainLine = (text: string): ReadonlyArray<string> => [text]

export const INT32_MIN = "-2147483648"
export const INT32_MAX = "2147483647"
export const UINT32_MAX = "4294967295"
export const INT64_MAX = "9223372036854775807"
const UINT64_MAX = 18446744073709551615n

const outOfRange = (min: string, max: string): Parsed<never> =>
  refused(`argument must be between ${min} and ${max} inclusive`)

/** A decimal integer without leading zeros or "+". Values above 2^53 keep their exact text; the number is the nearest. */
export const integer = (min: string, max: string): Kind<number> => {
  const low = BigInt(min)
  const high = BigInt(max)
  return {
    label: "integer",
    words: "one",
    lines: plainLine,
    parse: (text) => {
      if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return refused("argument couldn't be parsed into an integer")
      const value = BigInt(text)
      if (value > BigInt(INT64_MAX) || value < -BigInt(INT64_MAX) - 1n)
        return refused("argument couldn't be parsed into an integer")
      if (value < low || value > high) return outOfRange(min, max)
      return accepted(Number(value), text)
    },
  }
}

/** An octal number, such as a socket file's mode. */
export const octal = (max: string): Kind<number> => ({
  label: "octal",
  words: "one",
  lines: plainLine,
  parse: (text) => {
    if (!/^[0-7]*$/.test(text)) return refused("argument couldn't be parsed as an octal number")
    const value = text === "" ? 0 : parseInt(text, 8)
    if (value > parseInt(max, 8)) return outOfRange("0", max)
    return accepted(value, value.toString(8))
  },
})

const units: Readonly<Record<string, bigint>> = {
  "": 1n,
  b: 1n,
  k: 1000n,
  kb: 1024n,
  m: 1000n ** 2n,
  mb: 1024n ** 2n,
  g: 1000n ** 3n,
  gb: 1024n ** 3n,
}

/** Bytes of "1gb", "5k", "100"; undefined where it is no memory value. Digits may be absent ("kb" is 0), as in Redis. */
export const parseBytes = (text: string): bigint | undefined => {
  const match = /^([0-9]*)([a-zA-Z]*)$/.exec(text)
  const unit = units[(match?.[2] ?? "?").toLowerCase()]
  if (match === null || unit === undefined) return undefined
  const digits = BigInt(match[1] === undefined || match[1] === "" ? "0" : match[1])
  return BigInt.asUintN(64, (digits > UINT64_MAX ? UINT64_MAX : digits) * unit)
}

/** Bytes with the largest unit that divides them: 2097152 is "2mb". */
export const humanBytes = (bytes: bigint): string => {
  for (const unit of ["gb", "mb", "kb"]) {
    const size = units[unit] ?? 1n
    if (bytes !== 0n && bytes % size === 0n) return `${bytes / size}${unit}`
  }
  return String(bytes)
}

/** Bytes, with or without a unit. The number is in bytes. */
export const memory = (min: string, max: string = INT64_MAX): Kind<number> => ({
  label: "memory",
  words: "one",
  lines: (text) => [humanBytes(BigInt(text))],
  parse: (text) => {
    const bytes = parseBytes(text)
    if (bytes === undefined) return refused("argument must be a memory value")
    if (bytes < BigInt(min) || bytes > BigInt(max)) return outOfRange(min, max)
    return accepted(Number(bytes), String(bytes))
  },
})

/** `maxmemory`'s own bound. */
export const UINT64_MAX_TEXT = String(UINT64_MAX)

export const yesNo: Kind<boolean> = {
  label: "yes|no",
  words: "one",
  lines: plainLine,
  parse: (text) => {
    const word = text.toLowerCase()
    if (word !== "yes" && word !== "no") return refused("argument must be 'yes' or 'no'")
    return accepted(word === "yes", word)
  },
}

/** One of several words, in any case. `synonyms` maps further words to one of them, listed where Redis lists them. */
export const oneOf = <const W extends string>(
  words: ReadonlyArray<W>,
  synonyms: Readonly<Record<string, W>> = {},
  listed: ReadonlyArray<string> = words,
): Kind<W> => ({
  label: words.join("|"),
  words: "one",
  lines: plainLine,
  parse: (text) => {
    const lower = text.toLowerCase()
    const word = synonyms[lower] ?? words.find((candidate) => candidate === lower)
    if (word === undefined) return refused(`argument(s) must be one of the following: ${listed.join(", ")}`)
    return accepted(word, word)
  },
})

/** Any text. `optional` ones are unset when empty, and CONFIG REWRITE then drops their line. */
const stringKindOf = <A>(
  optional: boolean,
  check: (text: string) => string | undefined,
  valueOf: (text: string) => A,
): Kind<A> => ({
  label: "string",
  words: "one",
  lines: (text) => (optional && text === "" ? [] : [quoteWord(text)]),
  parse: (text) => {
    const reason = check(text)
    return reason === undefined ? accepted(valueOf(text), text) : refused(reason)
  },
})

const stringKind = (optional: boolean, check: (text: string) => string | undefined): Kind<string> =>
  stringKindOf(optional, check, fromByteText)

const anyText = (): undefined => undefined

export const string: Kind<string> = stringKind(false, anyText)
export const optionalString: Kind<string> = stringKind(true, anyText)

/** Any bytes, and the value is these: a byte text. */
export const optionalBytes: Kind<string> = stringKindOf(true, anyText, (text) => text)

/** As `optionalBytes` and `optionalString`, for passwords, which nothing prints by accident. */
export const secretBytes: Kind<Redacted.Redacted> = stringKindOf(true, anyText, (text) => Redacted.make(text))
export const secretString: Kind<Redacted.Redacted> = stringKindOf(true, anyText, (text) =>
  Redacted.make(fromByteText(text)),
)

/** Files are named in text; bytes that are none would open another file than the one meant. */
const notUtf8 = (path: string): string | undefined =>
  isByteTextUtf8(path) ? undefined : "Redix takes only paths in UTF-8"

export const path: Kind<string> = stringKind(false, notUtf8)
export const optionalPath: Kind<string> = stringKind(true, notUtf8)

/** The words of a line as they are. */
export const rawWords: Kind<string> = {
  label: "words",
  words: "several",
  parse: (text) => accepted(text, text),
  lines: plainLine,
}

/** A file name without a path. */
export const fileName = (
  directive: string,
  what: "filename" | "dirname",
  emptyAllowed: boolean,
): Kind<string> =>
  stringKind(false, (text) => {
    if (/[/\\]/.test(text)) return `${directive} can't be a path, just a ${what}`
    return text === "" && !emptyAllowed ? `${directive} can't be empty` : notUtf8(text)
  })

export const hostName: Kind<string> = stringKind(true, (text) => {
  if (text.length >= 256) return "Hostnames must be less than 256 characters"
  return /^[a-zA-Z0-9.-]*$/.test(text)
    ? undefined
    : "Hostnames may only contain alphanumeric characters, hyphens or dots"
})

const titleVariables = new Set([
  "title",
  "listen-addr",
  "server-mode",
  "port",
  "tls-port",
  "unixsocket",
  "config-file",
])

/** Text with {variables}, for the process title. */
export const titleTemplate: Kind<string> = stringKind(false, (text) => {
  const rest = text.replace(/\{([a-z-]+)\}/g, (all, name: string) => (titleVariables.has(name) ? "" : all))
  return text !== "" && !rest.includes("{")
    ? undefined
    : "template format is invalid or contains unknown variables"
})
