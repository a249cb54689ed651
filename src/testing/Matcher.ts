/** Commands as a rule or a recording sees them, and whether they are meant. */
import { Keys } from "../engine/declare/KeyExtraction.js"
import type { Session } from "../engine/clients/Session.js"
import type { TableCommand } from "../engine/Command.js"
import type { Engine } from "../engine/Engine.js"
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

const CONDITIONS: ReadonlySet<string> = new Set<keyof Match>([
  "command",
  "key",
  "client",
  "after",
  "times",
  "probability",
])

/** Whether a name is of a command of Redis's, or of one of a container's ("config get"), whether the server runs it or not. */
const isCommand = ({ dispatcher, users }: Engine, name: string): boolean => {
  const own = name.toLowerCase().replace(" ", "|")
  return dispatcher.table.declaration(own) !== undefined || users.commands.find(own) !== undefined
}

const counts = (name: keyof Match, amount: number, most = Infinity): void => {
  if (!(amount >= 0 && amount <= most)) throw new RangeError(`'${name}' cannot be ${String(amount)}`)
}

/** Refuses what would never be met, or be met by more than is meant: nobody would hear of it. */
export const checkMatch = (engine: Engine, match: Match): void => {
  for (const name of Object.keys(match))
    if (!CONDITIONS.has(name)) throw new TypeError(`'${name}' is no condition of a command`)
  const { command = [], after = 0, times = Infinity, probability = 1 } = match
  counts("after", after)
  counts("times", times)
  counts("probability", probability, 1)
  if (command instanceof RegExp) return
  for (const name of typeof command === "string" ? [command] : command) {
    if (isCommand(engine, name)) continue
    throw new TypeError(
      `Redis has no command '${name}'; one that it does not know is meant by a pattern: /^${name}$/`,
    )
  }
}

/** Whether a command is what `match` describes; how often that is to count is the caller's. */
export const isMeant = (sent: Sent, { command, key, client }: Match): boolean =>
  isNamed(sent, command) &&
  (key === undefined || sent.keys.some((one) => hits(one, key))) &&
  (client === undefined || client === sent.name)
