/** Runs one command for whoever owns the session: a connection, or a client in the same process. */
import type * as Effect from "effect/Effect"
import { ArenaFullError } from "../../memory/Arena.js"
import * as Errors from "../../resp/Errors.js"
import type { Session } from "./Session.js"
import type { TableCommand } from "../Command.js"
import type { Engine } from "../Engine.js"
import type { RequestView } from "../../resp/RequestParser.js"

/**
 * Where memory gives out the client is told; any other throw is a defect, of which the owner hears: what the command wrote
 * from `mark` on is dropped, so nobody else's replies are touched.
 */
export const runCommand = (
  engine: Engine,
  session: Session,
  request: RequestView,
  named: TableCommand | undefined,
  mark: number,
): void | Effect.Effect<Uint8Array> => {
  try {
    return engine.dispatcher.runNamed(request, session, named)
  } catch (cause) {
    const { out } = engine.context
    out.truncate(mark)
    engine.dispatcher.reset(cause)
    if (!(cause instanceof ArenaFullError)) throw cause
    out.error(Errors.outOfMemory)
  }
}
