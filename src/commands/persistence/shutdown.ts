/** SHUTDOWN: ends the server after what is to be done before the end. */
import * as Effect from "effect/Effect"
import { type Command, command } from "../../engine/Command.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/server.js"
import * as Errors from "../../resp/Errors.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import type { Engine } from "../../engine/Engine.js"
import type { Session } from "../../engine/clients/Session.js"

const declared = options(spec.SHUTDOWN)
const [NOSAVE, SAVE, NOW, FORCE, ABORT] = declared.bits("NOSAVE", "SAVE", "NOW", "FORCE", "ABORT")

const REFUSED = "ERR Errors trying to SHUTDOWN. Check logs."

/** @param waiting who has asked for the shutdown under way */
const abortShutdown = (c: CommandContext, { lifecycle, dispatcher }: Engine, waiting: Set<Session>): void => {
  // In Redis their errors are counted with the ABORT, which therefore counts as failed, and they do not.
  if (!lifecycle.ended) for (const session of waiting) dispatcher.held.released(session, REFUSED)
  if (lifecycle.abort()) c.out.ok()
  else c.fail("ERR No shutdown in progress.")
}

export const shutdownCommands = (engine: Engine): ReadonlyArray<Command> => {
  const waiting = new Set<Session>()
  return [command(spec.SHUTDOWN, (c) => shutdown(c, engine, waiting))]
}

const shutdown = (
  c: CommandContext,
  engine: Engine,
  waiting: Set<Session>,
): void | Effect.Effect<Uint8Array> => {
  const found = declared.read(c, 1)
  const abort = (found & ABORT) !== 0
  if (found < 0 || (abort && c.argc > 2)) return c.fail(Errors.syntax)
  if (abort) return abortShutdown(c, engine, waiting)
  const { session } = c
  // What a suspended script has done so far must not be saved.
  if ((found & NOSAVE) === 0 && engine.gates.busy !== undefined) return c.fail(engine.gates.busy)
  const words = {
    save: (found & SAVE) !== 0 ? true : (found & NOSAVE) !== 0 ? false : undefined,
    now: (found & NOW) !== 0,
    force: (found & FORCE) !== 0,
  }
  waiting.add(session)
  session.blocked = { timed: false, unblock: () => false }
  return engine.lifecycle.shutdown(words).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        session.blocked = undefined
        waiting.delete(session)
      }),
    ),
    // The end of the server is the reply: the connection just closes.
    Effect.andThen(Effect.sync(() => void (session.closing = true))),
    Effect.as(new Uint8Array(0)),
    Effect.catch(() =>
      Effect.sync(() => {
        // A wait for replicas has taken the command's place: neither time nor failure is its own, as in Redis.
        if (engine.lifecycle.waited) engine.dispatcher.held.released(session, REFUSED)
        return Buffer.from(`-${REFUSED}\r\n`, "latin1")
      }),
    ),
  )
}
