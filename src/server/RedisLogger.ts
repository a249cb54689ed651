/**
 * The server's log: redis-server's own line format, or JSON, as an Effect Logger.
 *
 *     4711:M 22 Nov 2026 15:11:55.123 * Ready to accept connections
 *     ^pid ^role              ^local time ^level, then the message
 *
 * Role: M a master, S a replica, C a child or the start before the configuration is read, X a sentinel. Level: "." debug,
 * "-" verbose, "*" notice, "#" warning. Effect's levels map onto these four: Trace and Debug are debug, `Effect.logInfo`
 * with the annotation `verboseLog` is verbose, Info is notice, Warn, Error and Fatal are warning.
 *
 * Every line ends with one newline; a message of several lines stays one log entry, its later lines as they are. Lines go
 * to standard output, or are appended to a file that is opened anew at each write: log rotation by renaming works, as in
 * Redis. Worked example: `layerTarget({ pid, role: () => "M", settings: config.values, logfile: "", stdout })`.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import type { PlatformError } from "effect/PlatformError"
import * as References from "effect/References"
import { FACTS, VERBOSE } from "../engine/world/Log.js"
import { fileSink } from "./LogSinks.js"

type RedisLogLevel = "debug" | "verbose" | "notice" | "warning"
/** Who writes a line: a master, a replica, a program before it is either, a sentinel. */
export type LogRole = "M" | "S" | "C" | "X"

/** What is logged, and how. */
export interface LogSettings {
  /** Changed by CONFIG SET loglevel; read at each message. */
  readonly loglevel: RedisLogLevel
  /** Redis's lines, or a JSON object a line. */
  readonly logFormat: "text" | "json"
}

interface RedisLoggerOptions {
  readonly pid: number
  /** Asked at each message: a replica that is promoted logs as a master from then on. */
  readonly role: () => LogRole
  readonly settings: LogSettings
  /** Gets whole lines with their newline. Must not throw. */
  readonly write: (line: string) => void
}

const marks: Readonly<Record<RedisLogLevel, string>> = { debug: ".", verbose: "-", notice: "*", warning: "#" }
const ranks: Readonly<Record<RedisLogLevel, number>> = { debug: 0, verbose: 1, notice: 2, warning: 3 }

const redisLevel = (level: LogLevel.LogLevel, verbose: boolean): RedisLogLevel => {
  if (level === "Trace" || level === "Debug") return "debug"
  if (level === "Warn" || level === "Error" || level === "Fatal") return "warning"
  return verbose ? "verbose" : "notice"
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

const padded = (value: number, width: number): string => String(value).padStart(width, "0")

/** "22 Nov 2026 15:11:55.123" in local time. */
export const redisTimestamp = (date: Date): string => {
  const day = `${padded(date.getDate(), 2)} ${months[date.getMonth()] ?? ""} ${date.getFullYear()}`
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => padded(part, 2))
    .join(":")
  return `${day} ${time}.${padded(date.getMilliseconds(), 3)}`
}

interface LogEntry {
  readonly pid: number
  readonly role: LogRole
  readonly date: Date
  readonly level: RedisLogLevel
  readonly message: string
  readonly annotations: Readonly<Record<string, unknown>>
}

/** The value, or its plain text where JSON has no form of it (circles, bigints): a line must not fail for what it says. */
const inJson = (value: unknown): unknown => {
  try {
    return JSON.stringify(value) === undefined ? String(value) : value
  } catch {
    return String(value)
  }
}

const shown = (value: unknown): string =>
  typeof value === "string" ? value : value instanceof Error ? value.message : jsonText(inJson(value))

const jsonText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value))

/** Redis's line, with annotations as ` name=value` after the message. Without the newline. */
export const formatTextLine = (entry: LogEntry): string => {
  const notes = Object.entries(entry.annotations).map(([name, value]) => ` ${name}=${shown(value)}`)
  const head = `${entry.pid}:${entry.role} ${redisTimestamp(entry.date)} ${marks[entry.level]}`
  return `${head} ${entry.message}${notes.join("")}`
}

/** One JSON object a line: time (ISO 8601, UTC), pid, role, level, message, and the annotations and facts. */
const formatJsonLine = (entry: LogEntry): string => {
  const notes = Object.entries(entry.annotations).map(([name, value]) => [name, inJson(value)] as const)
  return JSON.stringify({
    time: entry.date.toISOString(),
    pid: entry.pid,
    role: entry.role,
    level: entry.level,
    message: entry.message,
    ...(notes.length > 0 ? { annotations: Object.fromEntries(notes) } : {}),
  })
}

const messageText = (message: unknown, cause: Cause.Cause<unknown>): string => {
  const parts = (Array.isArray(message) ? message : [message]).map(shown)
  if (cause.reasons.length > 0) parts.push(Cause.pretty(cause))
  return parts.join(" ")
}

/** What a line shows beside its text, of which the facts are a part already: only what reads JSON wants them again. */
const shownAnnotations = (
  annotations: Readonly<Record<string, unknown>>,
  json: boolean,
): Readonly<Record<string, unknown>> => {
  if (!(VERBOSE in annotations || FACTS in annotations)) return annotations
  const { [VERBOSE]: _mark, [FACTS]: facts, ...rest } = annotations
  return json && typeof facts === "object" ? { ...rest, ...facts } : rest
}

type Heard = Pick<LogEntry, "date" | "level" | "message" | "annotations">

/** A logger that hands its entries over, those of the level and above. */
export const makeHeard = (options: {
  /** The least level that is handed over; read at each message. */
  readonly loglevel: RedisLogLevel
  /** Whether the facts of a message stand among its annotations, too. */
  readonly facts: boolean
  /** Gets each entry, within the call that logs it. Must not throw. */
  readonly heard: (entry: Heard) => void
}): Logger.Logger<unknown, void> =>
  Logger.make(({ cause, date, fiber, logLevel, message }) => {
    const annotations = fiber.getRef(References.CurrentLogAnnotations)
    const level = redisLevel(logLevel, annotations[VERBOSE] === true)
    if (ranks[level] < ranks[options.loglevel]) return
    options.heard({
      date,
      level,
      message: messageText(message, cause),
      annotations: shownAnnotations(annotations, options.facts),
    })
  })

/** An Effect Logger that writes redis-server's lines. */
export const make = (options: RedisLoggerOptions): Logger.Logger<unknown, void> =>
  makeHeard({
    get loglevel() {
      return options.settings.loglevel
    },
    get facts() {
      return options.settings.logFormat === "json"
    },
    heard: (heard) => {
      const entry: LogEntry = { pid: options.pid, role: options.role(), ...heard }
      const line = options.settings.logFormat === "json" ? formatJsonLine(entry) : formatTextLine(entry)
      options.write(`${line}
`)
    },
  })

/**
 * Replaces the loggers of the app below. Effect's own minimum level is opened to all: `settings.loglevel` decides, and may
 * change while the server runs.
 */
export const layerOf = (options: RedisLoggerOptions): Layer.Layer<never> =>
  Layer.merge(Logger.layer([make(options)]), Layer.succeed(References.MinimumLogLevel, "All"))

interface LogTarget extends Omit<RedisLoggerOptions, "write"> {
  /** A path to append to; "" is standard output. */
  readonly logfile: string
  readonly stdout: (line: string) => void
}

/** The logger over the sink the configuration names. */
export const layerTarget = (target: LogTarget): Layer.Layer<never, PlatformError, FileSystem.FileSystem> =>
  target.logfile === ""
    ? layerOf({ ...target, write: target.stdout })
    : Layer.unwrap(
        Effect.map(
          fileSink(() => target.logfile),
          (write) => layerOf({ ...target, write }),
        ),
      )
