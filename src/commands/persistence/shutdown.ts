/** SHUTDOWN: ends the server after what is to be done before the end. */
import * as Effect from "effect/Effect"
import { type Command, command } from "../../engine/Command.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/server.js"
import * as Errors from "../../resp/Errors.js"
import type { Engine } from "../../engine/Engine.js"

const declared = options(spec.SHUTDOWN)
const [NOSAVE, SAVE, NOW, FORCE, ABORT] = declared.bits("NOSAVE", "SAVE", "NOW", "FORCE", "ABORT")

export const shutdownCommands = (engine: Engine): ReadonlyArray<Command> => [
  command(spec.SHUTDOWN, (c) => {
    const found = declared.read(c, 1)
    const abort = (found & ABORT) !== 0
    if (found < 0 || (abort && c.argc > 2)) return c.fail(Errors.syntax)
    if (abort) return engine.lifecycle.abort() ? c.out.ok() : c.fail("ERR No shutdown in progress.")
    const { session } = c
    session.blocked = { timed: false, unblock: () => false }
    const words = {
      save: (found & SAVE) !== 0 ? true : (found & NOSAVE) !== 0 ? false : undefined,
      now: (found & NOW) !== 0,
      force: (found & FORCE) !== 0,
    }
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
