/**
 * CLIENT TRACKING and its kin. Redix has no client-side caching: switching it on is refused once the words are right, and
 * the rest answers as a connection does that does not track.
 */
import type { CommandContext } from "../../engine/CommandContext.js"
import * as Errors from "../../resp/Errors.js"
import type { Engine } from "../../engine/Engine.js"

interface Options {
  broadcast: boolean
  optIn: boolean
  optOut: boolean
  prefixes: boolean
}

/** Reads the options; the error they met, if any. */
const parse = (c: CommandContext, engine: Engine): Options | string => {
  const options: Options = { broadcast: false, optIn: false, optOut: false, prefixes: false }
  for (let i = 3; i < c.argc; i++) {
    const more = i + 1 < c.argc
    if (c.is(i, "REDIRECT") && more) {
      const id = c.integer(++i)
      if (id !== id) return Errors.notInteger
      if (!engine.sessions.has(id)) return Errors.trackingRedirect
    } else if (c.is(i, "PREFIX") && more) {
      options.prefixes = true
      i++
    } else if (c.is(i, "BCAST")) options.broadcast = true
    else if (c.is(i, "OPTIN")) options.optIn = true
    else if (c.is(i, "OPTOUT")) options.optOut = true
    else if (!c.is(i, "NOLOOP")) return Errors.syntax
  }
  return options
}

export const clientTracking = (c: CommandContext, engine: Engine): void => {
  const options = parse(c, engine)
  if (typeof options === "string") return c.fail(options)
  if (c.is(2, "OFF")) return c.out.ok()
  if (!c.is(2, "ON")) return c.fail(Errors.syntax)
  if (options.prefixes && !options.broadcast) return c.fail(Errors.trackingPrefixBcast)
  if (options.broadcast && (options.optIn || options.optOut)) return c.fail(Errors.trackingBcastOptin)
  if (options.optIn && options.optOut) return c.fail(Errors.trackingOptinOptout)
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
