/** The end of a connection, as its server waits for it. */
import * as Effect from "effect/Effect"
import { type Turns, within } from "../engine/world/Turn.js"
import type { Transport } from "./Transport.js"

/** A connection still sending this long after its end was asked for is cut. */
const CLOSE_WAIT_MS = 500

/** Waits for a connection's end; a peer that reads nothing must not hold up the server, so it is cut after a while. */
export const closing = (raw: Transport, turns: Turns): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (raw.closed) return Effect.void
    const end = Effect.callback<void>((resume) => {
      const done = (): void => resume(Effect.void)
      raw.once("close", done)
      return Effect.sync(() => void raw.off("close", done))
    })
    // Nobody's reading can hold up what is destroyed; a race with the clock takes three fibers.
    if (raw.destroyed) return end
    const cut = Effect.sync(() => void raw.destroy())
    return within(turns, end, CLOSE_WAIT_MS, () => cut)
  })
