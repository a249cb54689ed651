/** Commands as a rule or a recording sees them, and whether they are meant. */
import { Keys } from "../engine/declare/KeyExtraction.js"
import type { Session } from "../engine/clients/Session.js"
import type { TableCommand } from "../engine/Command.js"
import type { RequestView } from "../resp/RequestParser.js"
import type { Call, Match } from "./Types.js"

/** A command that is about to run. */
export interface Sent extends Call {
  error: string | undefined
  readonly keys: ReadonlyArray<string>
}

const keys = new Keys()

const word = ({ buf, argOff, argLen }: RequestView, i: number): string =>
  Buffer.from(buf.buffer, buf.byteOffset + argOff[i], argLen[i]).toString()

export const describeCommand = (
  request: RequestView,
  session: Session,
  named: TableCommand | undefined,
  at: number,
): Sent => {
  const words = Array.from({ length: request.argc }, (_, i) => word(request, i))
  const [first = "", ...args] = words
  const sub = named?.subcommands?.get(args[0]?.toLowerCase() ?? "")
  const declared = sub ?? named
  const found = declared === undefined ? 0 : keys.find(declared.spec, request)
  return {
    command: (named?.name ?? first.toLowerCase()) + (sub === undefined ? "" : ` ${args[0]?.toLowerCase()}`),
    args,
    database: session.database,
    client: session.id,
    name: session.name,
    at,
    error: undefined,
    keys: Array.from({ length: found }, (_, i) => words[keys.index[i]] ?? ""),
  }
}

const hits = (text: string, pattern: string | RegExp): boolean => {
  if (typeof pattern === "string") return text === pattern
  // A pattern that remembers where it stopped would miss every second one.
  pattern.lastIndex = 0
  return pattern.test(text)
}

const isNamed = ({ command }: Sent, wanted: Match["command"]): boolean => {
  if (wanted === undefined) return true
  if (wanted instanceof RegExp) return hits(command, wanted)
  const names = typeof wanted === "string" ? [wanted] : wanted
  return names.some((name) => {
    const lower = name.toLowerCase()
    return command === lower || command.startsWith(`${lower} `)
  })
}

/** Whether a command is what `match` describes; how often that is to count is the caller's. */
export const isMeant = (sent: Sent, { command, key, client }: Match): boolean =>
  isNamed(sent, command) &&
  (key === undefined || sent.keys.some((one) => hits(one, key))) &&
  (client === undefined || client === sent.name)
