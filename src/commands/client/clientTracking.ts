/**
 * CLIENT TRACKING and its kin. Redix has no client-side caching: switching it on is refused once the words are right, and
 * the rest answers as a connection does that does not track.
 */
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import { CLIENT_TRACKING } from "../spec/connection.js"
import * as Errors from "../../resp/Errors.js"
import type { Engine } from "../../engine/Engine.js"

const declared = options(CLIENT_TRACKING)
const [REDIRECT, PREFIX, BCAST] = declared.bits("REDIRECT", "PREFIX", "BCAST")
const [OPTIN, OPTOUT] = declared.bits("OPTIN", "OPTOUT")
const statuses = declared.choice("status")
const [ON, OFF] = statuses.bits("ON", "OFF")

/** The options as bits; the error they met, if any. */
const parse = (c: CommandContext, engine: Engine): number | string => {
  let found = 0
  for (let i = 3, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === 0) return Errors.syntax
    found |= option
    if (option !== REDIRECT) continue
    const id = c.integer(i + 1)
    if (id !== id) return Errors.notInteger
    if (!engine.sessions.has(id)) return Errors.trackingRedirect
  }
  return found
}

export const clientTracking = (c: CommandContext, engine: Engine): void => {
  const found = parse(c, engine)
  if (typeof found === "string") return c.fail(found)
  const status = statuses.at(c, 2)
  if (status === OFF) return c.out.ok()
  if (status !== ON) return c.fail(Errors.syntax)
  const broadcast = (found & BCAST) !== 0
  const both = OPTIN | OPTOUT
  if ((found & PREFIX) !== 0 && !broadcast) return c.fail(Errors.trackingPrefixBcast)
  if (broadcast && (found & both) !== 0) return c.fail(Errors.trackingBcastOptin)
  if ((found & both) === both) return c.fail(Errors.trackingOptinOptout)
  c.fail(Errors.trackingUnavailable)
}

export const clientTrackingInfo = (c: CommandContext): void => {
  c.out.map(3)
  c.out.bulkText("flags")
  c.out.set(1)
  c.out.bulkText("off")
  c.out.bulkText("redirect")
  c.out.int(-1)
  c.out.bulkText("prefixes")
  c.out.emptyArray()
}
