/** CLIENT TRACKING, TRACKINGINFO, CACHING and GETREDIR: how a connection's keys are tracked for a cache at its other end. */
import type { CommandContext } from "../../engine/CommandContext.js"
import type { Engine } from "../../engine/Engine.js"
import { options } from "../../engine/Options.js"
import { redirectOf } from "../../engine/clients/clientDescribe.js"
import { type ClientTracking, TrackingMode } from "../../engine/tracking/ClientTracking.js"
import * as Errors from "../../resp/Errors.js"
import * as spec from "../spec/connection.js"

const declared = options(spec.CLIENT_TRACKING)
const [REDIRECT, PREFIX, BCAST] = declared.bits("REDIRECT", "PREFIX", "BCAST")
const [OPTIN, OPTOUT, NOLOOP] = declared.bits("OPTIN", "OPTOUT", "NOLOOP")
const statuses = declared.choice("status")
const [ON, OFF] = statuses.bits("ON", "OFF")

/** What the words ask for. */
interface Wanted {
  modes: number
  redirect: number
  readonly prefixes: Array<string>
}

const modeOf = (option: number): number => {
  if (option === BCAST) return TrackingMode.broadcast
  if (option === OPTIN) return TrackingMode.optIn
  if (option === OPTOUT) return TrackingMode.optOut
  return option === NOLOOP ? TrackingMode.noLoop : 0
}

/** Reads the options; answers the error they met, if any. */
const read = (c: CommandContext, engine: Engine, wanted: Wanted): string | undefined => {
  for (let i = 3, option = 0; i < c.argc; i += declared.words(option)) {
    option = declared.at(c, i)
    if (option === 0) return Errors.syntax
    wanted.modes |= modeOf(option)
    if (option === PREFIX) wanted.prefixes.push(c.text(i + 1))
    if (option !== REDIRECT) continue
    if (wanted.redirect !== 0) return Errors.trackingOneRedirect
    const id = c.integer(i + 1)
    if (id !== id) return Errors.notInteger
    if (!engine.sessions.has(id)) return Errors.trackingRedirect
    wanted.redirect = id
  }
  return undefined
}

/** Why the modes do not go together, or not with those that are on. */
const conflict = ({ modes, prefixes }: Wanted, present: number): string | undefined => {
  const broadcast = modes & TrackingMode.broadcast
  if (prefixes.length > 0 && broadcast === 0) return Errors.trackingPrefixBcast
  if (present !== 0 && (present & TrackingMode.broadcast) !== broadcast) return Errors.trackingSwitchBcast
  const choice = modes & (TrackingMode.optIn | TrackingMode.optOut)
  if (broadcast !== 0 && choice !== 0) return Errors.trackingBcastOptin
  if (choice === (TrackingMode.optIn | TrackingMode.optOut)) return Errors.trackingOptinOptout
  const chosen = present & (TrackingMode.optIn | TrackingMode.optOut)
  return choice !== 0 && chosen !== 0 && choice !== chosen ? Errors.trackingSwitchOptin : undefined
}

const overlap = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)

/** A prefix as an error shows it: up to its first zero byte, as a string of C. */
const shown = (prefix: string): string => prefix.split("\0", 1)[0]

/** The error of the first prefix that overlaps with one the client has, or with one behind it. */
const collision = (given: ReadonlyArray<string>, present: Iterable<string>): string | undefined => {
  const existing = [...present].sort()
  for (const [i, prefix] of given.entries()) {
    const own = existing.find((other) => overlap(prefix, other))
    if (own !== undefined) return Errors.trackingPrefixExists(shown(prefix), shown(own))
    const other = given.slice(i + 1).find((later) => overlap(prefix, later))
    if (other !== undefined) return Errors.trackingPrefixTwice(shown(prefix), shown(other))
  }
  return undefined
}

export const clientTracking = (c: CommandContext, engine: Engine): void => {
  const { session } = c
  const wanted: Wanted = { modes: 0, redirect: 0, prefixes: [] }
  const problem = read(c, engine, wanted)
  if (problem !== undefined) return c.fail(problem)
  const status = statuses.at(c, 2)
  if (status === OFF) engine.tracking.stop(session)
  else if (status !== ON) return c.fail(Errors.syntax)
  else {
    const { tracking } = session
    const refusal =
      conflict(wanted, tracking?.modes ?? 0) ?? collision(wanted.prefixes, tracking?.prefixes ?? [])
    if (refusal !== undefined) return c.fail(refusal)
    engine.tracking.start(session, wanted.modes, wanted.redirect, wanted.prefixes)
  }
  c.out.ok()
}

const answers = options(spec.CLIENT_CACHING).choice("mode")
const [YES] = answers.bits("YES")

export const clientCaching = (c: CommandContext): void => {
  const { tracking } = c.session
  if (tracking === undefined || tracking.modes === 0) return c.fail(Errors.cachingWithoutTracking)
  const answer = answers.at(c, 2)
  if (answer === 0) return c.fail(Errors.syntax)
  const yes = answer === YES
  if (!tracking.has(yes ? TrackingMode.optIn : TrackingMode.optOut))
    return c.fail(yes ? Errors.cachingYes : Errors.cachingNo)
  tracking.caching = true
  c.out.ok()
}

/** The words for a client's modes, in the order of their telling. */
const flagsOf = (tracking: ClientTracking): ReadonlyArray<string> => {
  const flags = ["on"]
  if (tracking.has(TrackingMode.broadcast)) flags.push("bcast")
  if (tracking.has(TrackingMode.optIn)) flags.push("optin", ...(tracking.caching ? ["caching-yes"] : []))
  if (tracking.has(TrackingMode.optOut)) flags.push("optout", ...(tracking.caching ? ["caching-no"] : []))
  if (tracking.has(TrackingMode.noLoop)) flags.push("noloop")
  if (tracking.broken) flags.push("broken_redirect")
  return flags
}

export const clientTrackingInfo = (c: CommandContext): void => {
  const { out, session } = c
  const { tracking } = session
  const flags = tracking === undefined || tracking.modes === 0 ? ["off"] : flagsOf(tracking)
  const prefixes = [...(tracking?.prefixes ?? [])].sort()
  out.map(3)
  out.bulkText("flags")
  out.set(flags.length)
  for (const flag of flags) out.bulkText(flag)
  out.bulkText("redirect")
  out.int(redirectOf(session))
  out.bulkText("prefixes")
  out.array(prefixes.length)
  for (const prefix of prefixes) out.bulk(Buffer.from(prefix, "latin1"), 0, prefix.length)
}

export const clientGetRedir = (c: CommandContext): void => c.out.int(redirectOf(c.session))
