/** The string commands that replace a value or its expiry: SET, SETNX, SETEX, PSETEX, GETSET, GETDEL, GETEX. */
import type { Ref } from "../../memory/Arena.js"
import * as Errors from "../../resp/Errors.js"
import { TYPE_STRING } from "../../store/Entry.js"
import { stringEncoding } from "../../store/types/StringValue.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { deadline, deadlineText, readDeadline } from "../shared/expiryOptions.js"
import { Event } from "../../engine/KeyEvents.js"
import { type Options, options } from "../../engine/Options.js"
import type { CommandArgument } from "../../resp/CommandEncoder.js"
import * as spec from "../spec/strings.js"

const setOptions = options(spec.SET)
const getExOptions = options(spec.GETEX)
const [NX, XX, GET, KEEPTTL] = setOptions.bits("NX", "XX", "GET", "KEEPTTL")
const [PERSIST] = getExOptions.bits("PERSIST")

/** The options that give a time: of seconds and milliseconds, from now and from 1970. */
const expiryBits = (declared: Options): ReadonlyArray<number> => declared.bits("EX", "PX", "EXAT", "PXAT")
const SET_EXPIRY = expiryBits(setOptions)
const GETEX_EXPIRY = expiryBits(getExOptions)

/** Reads the time of the expiry option into `deadline`; false after an error reply, undefined without one. */
const readExpiryOption = (
  c: CommandContext,
  declared: Options,
  bits: ReadonlyArray<number>,
  found: number,
): boolean | undefined => {
  for (let k = 0; k < bits.length; k++) {
    if ((found & bits[k]) !== 0)
      return readDeadline(c, declared.value(bits[k]), (k & 1) === 0 ? 1000 : 1, k < 2, true)
  }
  return undefined
}

/** Stores argument `v` under the key in argument i, just looked up, and says so. */
export const storeArgument = (
  c: CommandContext,
  i: number,
  existing: Ref,
  v: number,
  keepExpiry: boolean,
): void => {
  const { buf, argOff, argLen } = c
  const encoding = stringEncoding(buf, argOff[v], argLen[v])
  c.db.putString(existing, buf, argOff[i], argLen[i], buf, argOff[v], argLen[v], encoding, keepExpiry)
  c.stored(i, existing, Event.string, "set")
}

/** As `storeArgument` under argument 1, to expire at `deadline`. */
const storeExpiring = (c: CommandContext, existing: Ref, v: number): void => {
  const { buf, argOff, argLen } = c
  const encoding = stringEncoding(buf, argOff[v], argLen[v])
  const ref = c.db.putString(
    existing,
    buf,
    argOff[1],
    argLen[1],
    buf,
    argOff[v],
    argLen[v],
    encoding,
    false,
    true,
  )
  c.db.expireAt(ref, deadline.low, deadline.high)
  c.stored(1, existing, Event.string, "set")
  c.notify(1, Event.generic, "expire")
  if (c.replicating) c.propagation.instead(c.db.id, "SET", c.bytes(1), c.bytes(v), "PXAT", deadlineText())
}

export const set = (c: CommandContext): void => {
  if (c.argc > 3) return setWithOptions(c)
  storeArgument(c, 1, c.write(1), 2, false)
  c.out.ok()
}

const setWithOptions = (c: CommandContext): void => {
  const found = setOptions.read(c, 3)
  if (found < 0) return c.fail(Errors.syntax)
  const expires = readExpiryOption(c, setOptions, SET_EXPIRY, found)
  if (expires === false) return
  const get = (found & GET) !== 0
  const existing = get ? c.read(1) : c.write(1)
  if (get) {
    if (c.wrongType(existing, TYPE_STRING)) return
    if (existing === 0) c.out.nil()
    else c.string(existing)
    usedTwice(c, existing)
  }
  if (((found & NX) !== 0 && existing !== 0) || ((found & XX) !== 0 && existing === 0)) {
    if (!get) c.out.nil()
    return
  }
  if (expires === true) storeExpiring(c, existing, 2)
  else {
    storeArgument(c, 1, existing, 2, (found & KEEPTTL) !== 0)
    if (get && c.replicating) propagateWithoutGet(c)
  }
  if (!get) c.out.ok()
}

/** What reads and writes a key counts as two uses; a second one in the same moment is seen only where uses are counted. */
const usedTwice = (c: CommandContext, existing: Ref): void => {
  if (existing !== 0 && c.keyspace.frequencies) c.write(1)
}

/** SET ... GET is a plain SET to a replica. */
const propagateWithoutGet = (c: CommandContext): void => {
  const args: Array<CommandArgument> = []
  for (let i = 0; i < c.argc; i++) if (i < 3 || !c.is(i, "GET")) args.push(c.bytes(i))
  c.propagation.instead(c.db.id, ...args)
}

export const setNx = (c: CommandContext): void => {
  const existing = c.write(1)
  if (existing !== 0) return c.out.zero()
  storeArgument(c, 1, existing, 2, false)
  c.out.one()
}

export const setEx = (c: CommandContext): void => setExpiring(c, 1000)
export const psetEx = (c: CommandContext): void => setExpiring(c, 1)

const setExpiring = (c: CommandContext, unitMs: number): void => {
  if (!readDeadline(c, 2, unitMs, true, true)) return
  storeExpiring(c, c.write(1), 3)
  c.out.ok()
}

export const getSet = (c: CommandContext): void => {
  const existing = c.read(1)
  if (c.wrongType(existing, TYPE_STRING)) return
  if (existing === 0) c.out.nil()
  else c.string(existing)
  usedTwice(c, existing)
  storeArgument(c, 1, existing, 2, false)
  if (c.replicating) c.propagation.instead(c.db.id, "SET", c.bytes(1), c.bytes(2))
}

export const getDel = (c: CommandContext): void => {
  const existing = c.read(1)
  if (existing === 0) return c.out.nil()
  if (c.wrongType(existing, TYPE_STRING)) return
  c.string(existing)
  c.remove(existing)
  c.changed(1, Event.generic, "del")
  if (c.replicating) {
    c.propagation.instead(c.db.id, c.settings.lazyfreeLazyUserDel ? "UNLINK" : "DEL", c.bytes(1))
  }
}

export const getEx = (c: CommandContext): void => {
  const found = getExOptions.read(c, 2)
  if (found < 0) return c.fail(Errors.syntax)
  const existing = c.read(1)
  if (existing === 0) return c.out.nil()
  if (c.wrongType(existing, TYPE_STRING)) return
  const expires = readExpiryOption(c, getExOptions, GETEX_EXPIRY, found)
  if (expires === false) return
  c.string(existing)
  if (expires === true) expireRead(c, existing)
  else if ((found & PERSIST) !== 0 && c.db.persist(existing)) {
    c.changed(1, Event.generic, "persist")
    if (c.replicating) c.propagation.instead(c.db.id, "PERSIST", c.bytes(1))
  }
}

/** Gives the key just read its deadline; one that has passed deletes it (not on a replica, nor from a master). */
const expireRead = (c: CommandContext, existing: Ref): void => {
  if (deadline.ms <= c.keyspace.now && c.keyspace.expiryMode === "delete" && !c.fromMaster) {
    c.db.remove(existing, c.settings.lazyfreeLazyExpire)
    c.changed(1, Event.generic, "del")
    if (c.replicating) {
      c.propagation.instead(c.db.id, c.settings.lazyfreeLazyExpire ? "UNLINK" : "DEL", c.bytes(1))
    }
    return
  }
  c.db.expireAt(existing, deadline.low, deadline.high)
  c.changed(1, Event.generic, "expire")
  if (c.replicating) c.propagation.instead(c.db.id, "PEXPIREAT", c.bytes(1), deadlineText())
}
