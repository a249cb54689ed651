/** A session that is subscribed to channels, whose messages nobody misses. */
import * as Effect from "effect/Effect"
import type { Engine } from "../engine/Engine.js"
import type { Message } from "./Client.js"
import type { DirectSession } from "./DirectSession.js"
import { asText } from "./ReplyDecoder.js"
import type { Lookup } from "./Methods.js"
import { Runner, type Sessions } from "./Runner.js"
import type { Value } from "./Values.js"

const isText = (value: Value): value is string => typeof value === "string"

const isArray = (value: Value): value is ReadonlyArray<Value> => Array.isArray(value)

/** A subscriber's message, of a channel or of a pattern; undefined for anything else. */
export const messageOf = (value: Value): Message | undefined => {
  if (!isArray(value) || !value.every(isText)) return undefined
  if (value[0] === "message") return { channel: value[1], message: value[2] }
  if (value[0] === "pmessage") return { pattern: value[1], channel: value[2], message: value[3] }
  return undefined
}

/** Where there is one session and no other. */
export const oneSession = (session: DirectSession): Sessions => ({ idle: () => session, trim: () => {} })

/** Subscribes a session of its own, which keeps its messages from now on; where that is refused it is closed. */
export const subscribe = (
  engine: Engine,
  lookup: Lookup,
  session: DirectSession,
  command: "subscribe" | "psubscribe",
  names: ReadonlyArray<string>,
): Effect.Effect<void> => {
  session.mailbox.listen(() => {})
  const runner = new Runner(engine, oneSession(session), lookup)
  const prepared = lookup.of(lookup.table.calledName(command))
  return Effect.ignore(
    Effect.tapError(runner.call(prepared, names, asText), () => Effect.sync(() => session.close())),
  )
}
