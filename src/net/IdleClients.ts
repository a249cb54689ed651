/**
 * `timeout`: clients that have sent nothing for so many seconds are closed. Links to a master or a replica stay, and so do
 * clients that may be silent for a reason: those that wait in a blocking command, and subscribers. A TLS handshake must be
 * done within that time.
 */
import type { RedixValues } from "../config/index.js"
import type { Engine } from "../engine/Engine.js"
import type { Handshakes } from "./Handshakes.js"

/** How often the clients are looked at. */
const EVERY_MS = 1000

/** Looks at the clients as the engine's clock goes on. `settings` may change at run time. */
export const closeIdleClients = (
  engine: Engine,
  settings: Pick<RedixValues, "timeout">,
  handshakes: Handshakes,
): void => {
  let checkedMs = 0
  const cron = (now: number): number => {
    if (settings.timeout === 0) return Infinity
    if (now >= checkedMs && now - checkedMs < EVERY_MS) return checkedMs + EVERY_MS
    checkedMs = now
    handshakes.cut(now - settings.timeout * 1000)
    let next = engine.traffic.handshakes > 0 ? now : Infinity
    for (const session of engine.sessions.values()) {
      if (
        session.kind !== "normal" ||
        session.inProcess ||
        session.blocked !== undefined ||
        session.subscribed
      )
        continue
      const end = session.lastActiveMs + settings.timeout * 1000 + 1
      if (now < end) {
        next = Math.min(next, end)
        continue
      }
      engine.logger.verbose(`Closing idle client ${session.address}`, { client: session.id })
      session.control.kill()
    }
    return Math.max(next, now + EVERY_MS)
  }
  engine.parts.add({ cron })
}
