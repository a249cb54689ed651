/**
 * Clients that speak HTTP: a web page makes its reader's browser send commands here (cross-protocol scripting). Nothing
 * more of what such a client sent may run.
 */
import type { Log } from "../world/Log.js"
import type { Session } from "./Session.js"

/** How often the log tells of them at most. */
const LOG_EVERY_MS = 60_000

export class HttpClients {
  private loggedMs = -LOG_EVERY_MS

  constructor(private readonly log: Log) {}

  /** Cuts one off, with its replies. */
  cut(session: Session, now: number): undefined {
    if (now - this.loggedMs >= LOG_EVERY_MS) {
      this.loggedMs = now
      this.log.warning(
        `Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection aborted. (${session.address})`,
        { client: session.id },
      )
    }
    session.control.kill()
    session.closing = true
    return undefined
  }
}
