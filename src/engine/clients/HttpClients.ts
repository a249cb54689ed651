/**
 * Clients that speak HTTP: a web page makes its reader's browser send commands here (cross-protocol scripting). Nothing
 * more of what such a client sent may run.
 */
import * as Effect from "effect/Effect"
import type { Run } from "../Background.js"
import type { Session } from "./Session.js"

/** How often the log tells of them at most. */
const LOG_EVERY_MS = 60_000

export class HttpClients {
  private loggedMs = -LOG_EVERY_MS

  constructor(private readonly background: Run) {}

  /** Cuts one off, with its replies. */
  cut(session: Session, now: number): undefined {
    if (now - this.loggedMs >= LOG_EVERY_MS) {
      this.loggedMs = now
      this.background(
        Effect.logWarning(
          `Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection aborted. (${session.address})`,
        ),
      )
    }
    session.control.kill()
    session.closing = true
    return undefined
  }
}
