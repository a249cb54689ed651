/** SHUTDOWN: ends the server after what is to be done before the end. */
import * as Effect from "effect/Effect"
import { type Command, command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import * as spec from "../spec/server.js"
import * as Errors from "../../resp/Errors.js"
import type { Engine } from "../../engine/Engine.js"

interface Words {
  save: boolean | undefined
  now: boolean
  force: boolean
  abort: boolean
}

const parse = (c: CommandContext): Words | undefined => {
  const words: Words = { save: undefined, now: false, force: false, abort: false }
  for (let i = 1; i < c.argc; i++) {
    if (c.is(i, "NOSAVE") && words.save !== true) words.save = false
    else if (c.is(i, "SAVE") && words.save !== false) words.save = true
    else if (c.is(i, "NOW")) words.now = true
    else if (c.is(i, "FORCE")) words.force = true
    else if (c.is(i, "ABORT")) words.abort = true
    else return undefined
  }
  if (words.abort && c.argc > 2) return undefined
  return words
}

export const shutdownCommands = (engine: Engine): ReadonlyArray<Command> => [
  command(spec.SHUTDOWN, (c) => {
    const words = parse(c)
    if (words === undefined) return c.fail(Errors.syntax)
    if (words.abort) return engine.lifecycle.abort() ? c.out.ok() : c.fail("ERR No shutdown in progress.")
    // What a suspended script has done so far must not be saved.
    if (words.save !== false && engine.gates.busy !== undefined) return c.fail(engine.gates.busy)
    const { session } = c
    session.blocked = { unblock: () => false }
    return engine.lifecycle.shutdown(words).pipe(
      Effect.ensuring(Effect.sync(() => void (session.blocked = undefined))),
      // The end of the server is the reply: the connection just closes.
      Effect.andThen(Effect.sync(() => void (session.closing = true))),
      Effect.as(new Uint8Array(0)),
      Effect.catch(() =>
        Effect.succeed(Buffer.from("-ERR Errors trying to SHUTDOWN. Check logs.\r\n", "latin1")),
      ),
    )
  }),
]
