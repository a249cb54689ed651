/** The string commands on many keys at once: MGET, MSET, MSETNX. */
import * as Errors from "../../resp/Errors.js"
import { entryType, TYPE_STRING } from "../../store/Entry.js"
import { stringEncoding } from "../../store/types/StringValue.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { Event } from "../../engine/KeyEvents.js"
import { foreseeKey } from "../shared/keyGroup.js"
import { replyString } from "./stringsReply.js"

export const mget = (c: CommandContext): void => {
  c.out.array(c.argc - 1)
  const arena = c.keyspace.arena
  for (let i = 1; i < c.argc; i++) {
    foreseeKey(c, i, 1)
    const ref = c.read(i)
    if (ref === 0 || entryType(arena, ref) !== TYPE_STRING) c.out.nil()
    else replyString(c, ref)
  }
}

const storePairs = (c: CommandContext): void => {
  const { buf, argOff, argLen, db } = c
  for (let i = 1; i < c.argc; i += 2) {
    const v = i + 1
    foreseeKey(c, i, 2)
    const existing = c.write(i)
    const encoding = stringEncoding(buf, argOff[v], argLen[v])
    db.putString(existing, buf, argOff[i], argLen[i], buf, argOff[v], argLen[v], encoding, false)
    if (existing === 0) c.notify(i, Event.new, "new")
    c.changed(i, Event.string, "set")
  }
}

export const mset = (c: CommandContext): void => {
  if ((c.argc & 1) === 0) return c.fail(Errors.wrongArguments("mset"))
  storePairs(c)
  c.out.ok()
}

/** Stores all or nothing; a key that comes twice gets its last value. */
export const msetNx = (c: CommandContext): void => {
  if ((c.argc & 1) === 0) return c.fail(Errors.wrongArguments("msetnx"))
  for (let i = 1; i < c.argc; i += 2) if (c.write(i) !== 0) return c.out.zero()
  storePairs(c)
  c.out.one()
}
