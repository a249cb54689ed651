/** A client of an engine in this process, without a socket: for tests on a clock of their own. */
import type { CommandLog, LogArgument } from "../../src/engine/Propagation.js"
import type { Session } from "../../src/engine/clients/Session.js"
import { ParseStatus } from "../../src/resp/RequestParser.js"
import type { Engine } from "../../src/engine/Engine.js"
import { type Argument, encodeCommand } from "./RawClient.js"

export interface LocalClient {
  readonly session: Session
  /** Runs one command that does not wait; answers the raw reply as latin1. */
  readonly run: (...args: ReadonlyArray<Argument>) => string
}

export const localClient = (engine: Engine): LocalClient => {
  const session = engine.openSession()
  const parser = engine.codec.makeParser(session.limits)
  const { out } = engine.context
  return {
    session,
    run: (...args) => {
      parser.feed(encodeCommand(args))
      engine.beginBatch(session)
      const mark = out.pos
      if (parser.next() !== ParseStatus.Command) throw new Error("the parser found no command")
      if (engine.dispatcher.run(parser, session) !== undefined) throw new Error(`${String(args[0])} waits`)
      const reply = out.buf.toString("latin1", mark, out.pos)
      out.truncate(mark)
      return reply
    },
  }
}

const word = (arg: LogArgument): string =>
  arg instanceof Uint8Array ? Buffer.from(arg).toString("latin1") : String(arg)

/** Records what reaches the command log as lines: "database: WORD word ...". */
export const recordLog = (engine: Engine): Array<string> => {
  const lines: Array<string> = []
  const log: CommandLog = {
    active: true,
    offset: 0,
    append: (database, args) => void lines.push(`${database}: ${args.map(word).join(" ")}`),
    appendRaw: (database, bytes, off, len) => {
      const words = Buffer.from(bytes.slice(off, off + len))
        .toString("latin1")
        .split("\r\n")
      lines.push(`${database}: ${words.filter((_, i) => i > 0 && i % 2 === 0).join(" ")}`)
    },
  }
  engine.context.propagation.log = log
  return lines
}

/** Switches all keyspace events on and records them as "database event key". */
export const recordEvents = (engine: Engine): Array<string> => {
  const lines: Array<string> = []
  engine.events.flags = 0xffff & ~1
  engine.events.publish = (channel, message) => {
    const [, database, event] = /^__keyevent@(\d+)__:(.*)$/.exec(channel) ?? []
    lines.push(`${database} ${event} ${Buffer.from(message).toString("latin1")}`)
  }
  return lines
}
