/** A client of an engine in this process, without a socket: for tests on a clock of their own. */
import { detached, type Session } from "../../src/engine/clients/Session.js"
import { ParseStatus } from "../../src/resp/RequestParser.js"
import type { Engine } from "../../src/engine/Engine.js"
import { RecordingLines } from "./CommandLogs.js"
import { type Argument, encodeCommand } from "./RawClient.js"
import { parseReply } from "./RespFrames.js"

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

/** Records what reaches the command log as lines: "database: WORD word ...". */
export const recordLog = (engine: Engine): Array<string> => {
  const log = new RecordingLines()
  engine.log.add(log)
  return log.commands
}

const listeners = new WeakMap<Engine, Array<() => void>>()

/** Ends all listening to messages of the engine's. */
export const stopHearing = (engine: Engine): void => {
  for (const stop of listeners.get(engine) ?? []) stop()
}

/** Hears every message that is published, until the answered function is called. */
export const hearMessages = (
  engine: Engine,
  heard: (channel: string, message: string) => void,
): (() => void) => {
  const { pubsub } = engine.context
  const session = engine.openSession()
  session.control = {
    ...detached,
    push: (bytes) => {
      const [, , channel, message] = parseReply(Buffer.from(bytes)).items ?? []
      heard(channel?.payload.toString("latin1") ?? "", message?.payload.toString("latin1") ?? "")
    },
  }
  pubsub.patternSubscribe(session, "*")
  const stop = (): void => pubsub.leave(session)
  listeners.set(engine, [...(listeners.get(engine) ?? []), stop])
  return stop
}

/** Switches all keyspace events on and records them as "database event key". */
export const recordEvents = (engine: Engine): Array<string> => {
  const lines: Array<string> = []
  engine.events.flags = 0xffff & ~1
  hearMessages(engine, (channel, message) => {
    const [, database, event] = /^__keyevent@(\d+)__:(.*)$/.exec(channel) ?? []
    lines.push(`${database} ${event} ${message}`)
  })
  return lines
}
