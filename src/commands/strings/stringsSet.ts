/** The string commands that replace a value or its expiry: SET, SETNX, SETEX, PSETEX, GETSET, GETDEL, GETEX. */
import type { Ref } from "../../memory/Arena.js"
import * as Errors from "../../resp/Errors.js"
import { TYPE_STRING } from "../../store/Entry.js"
import { stringEncoding } from "../../store/types/StringValue.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { deadline, deadlineText, readDeadline } from "../shared/expiryOptions.js"
import { Event } from "../../engine/KeyEvents.js"
import type { CommandArgument } from "../../resp/CommandEncoder.js"
import { replyString } from "./stringsReply.js"

// Options of SET and GETEX, one bit each.
const NX = 1
const XX = 2
const GET = 4
const KEEPTTL = 8
const PERSIST = 16
const EX = 32
const PX = 64
const EXAT = 128
const PXAT = 256
const EXPIRY = EX | PX | EXAT | PXAT

/** Argument that holds the expiry time, set by `readOptions` along with an EXPIRY bit. */
let expiryArg = 0

/** The option an argument names, 0 when none. */
const optionAt = (c: CommandContext, i: number): number => {
  switch (c.argLen[i]) {
    case 2:
      if (c.is(i, "EX")) return EX
      if (c.is(i, "PX")) return PX
      if (c.is(i, "NX")) return NX
      return c.is(i, "XX") ? XX : 0
    case 3:
      return c.is(i, "GET") ? GET : 0
    case 4:
      if (c.is(i, "EXAT")) return EXAT
      return c.is(i, "PXAT") ? PXAT : 0
    case 7:
      if (c.is(i, "KEEPTTL")) return KEEPTTL
      return c.is(i, "PERSIST") ? PERSIST : 0
    default:
      return 0
  }
}

/** Options that an option given before rules out. An expiry may be given again in the same unit: the last counts. */
const conflictsOf = (option: number): number => {
  if (option === NX) return XX
  if (option === XX) return NX
  if (option === GET) return 0
  if (option === KEEPTTL || option === PERSIST) return (EXPIRY | KEEPTTL | PERSIST) & ~option
  return (EXPIRY | KEEPTTL | PERSIST) & ~option
}

/** Reads the options from argument `from` on; -1 when they are not of those allowed or contradict each other. */
const readOptions = (c: CommandContext, from: number, allowed: number): number => {
  let options = 0
  for (let i = from; i < c.argc; i++) {
    const option = optionAt(c, i)
    if ((option & allowed) === 0 || (conflictsOf(option) & options) !== 0) return -1
    options |= option
    if ((option & EXPIRY) !== 0) {
      if (++i === c.argc) return -1
      expiryArg = i
    }
  }
  return options
}

/** Reads the time of the EXPIRY option into `deadline`; false after an error reply. */
const readExpiryOption = (c: CommandContext, options: number): boolean =>
  readDeadline(c, expiryArg, (options & (EX | EXAT)) !== 0 ? 1000 : 1, (options & (EX | PX)) !== 0, true)

/** Stores argument `v` under the key in argument 1, just looked up, and says so. */
const store = (c: CommandContext, existing: Ref, v: number, keepExpiry: boolean): void => {
  const { buf, argOff, argLen } = c
  const encoding = stringEncoding(buf, argOff[v], argLen[v])
  c.db.putString(existing, buf, argOff[1], argLen[1], buf, argOff[v], argLen[v], encoding, keepExpiry)
  if (existing === 0) c.notify(1, Event.new, "new")
  c.changed(1, Event.string, "set")
}

/** As `store`, to expire at `deadline`. */
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
  if (existing === 0) c.notify(1, Event.new, "new")
  c.changed(1, Event.string, "set")
  c.notify(1, Event.generic, "expire")
  if (c.replicating) c.propagation.instead(c.db.id, "SET", c.bytes(1), c.bytes(v), "PXAT", deadlineText())
}

export const set = (c: CommandContext): void => {
  if (c.argc > 3) return setWithOptions(c)
  store(c, c.write(1), 2, false)
  c.out.ok()
}

const SET_ALLOWED = NX | XX | GET | KEEPTTL | EXPIRY

const setWithOptions = (c: CommandContext): void => {
  const options = readOptions(c, 3, SET_ALLOWED)
  if (options < 0) return c.fail(Errors.syntax)
  const expires = (options & EXPIRY) !== 0
  if (expires && !readExpiryOption(c, options)) return
  const get = (options & GET) !== 0
  const existing = get ? c.read(1) : c.write(1)
  if (get) {
    if (c.wrongType(existing, TYPE_STRING)) return
    if (existing === 0) c.out.nil()
    else replyString(c, existing)
  }
  if (((options & NX) !== 0 && existing !== 0) || ((options & XX) !== 0 && existing === 0)) {
    if (!get) c.out.nil()
    return
  }
  if (expires) storeExpiring(c, existing, 2)
  else {
    store(c, existing, 2, (options & KEEPTTL) !== 0)
    if (get && c.replicating) propagateWithoutGet(c)
  }
  if (!get) c.out.ok()
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
  store(c, existing, 2, false)
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
  else replyString(c, existing)
  store(c, existing, 2, false)
  if (c.replicating) c.propagation.instead(c.db.id, "SET", c.bytes(1), c.bytes(2))
}

export const getDel = (c: CommandContext): void => {
  const existing = c.read(1)
  if (existing === 0) return c.out.nil()
  if (c.wrongType(existing, TYPE_STRING)) return
  replyString(c, existing)
  c.remove(existing)
  c.changed(1, Event.generic, "del")
  if (c.replicating) {
    c.propagation.instead(c.db.id, c.settings.lazyfreeLazyUserDel ? "UNLINK" : "DEL", c.bytes(1))
  }
}

const GETEX_ALLOWED = PERSIST | EXPIRY

export const getEx = (c: CommandContext): void => {
  const options = readOptions(c, 2, GETEX_ALLOWED)
  if (options < 0) return c.fail(Errors.syntax)
  const existing = c.read(1)
  if (existing === 0) return c.out.nil()
  if (c.wrongType(existing, TYPE_STRING)) return
  const expires = (options & EXPIRY) !== 0
  if (expires && !readExpiryOption(c, options)) return
  replyString(c, existing)
  if (expires) expireRead(c, existing)
  else if ((options & PERSIST) !== 0 && c.db.persist(existing)) {
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
