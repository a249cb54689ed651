/** The string commands on many keys at once: MGET, MSET, MSETNX. */
import * as Errors from "../../resp/Errors.js"
import { entryType, TYPE_STRING } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { foreseeKey } from "../shared/keyGroup.js"
import { storeArgument } from "./stringsSet.js"

export const mget = (c: CommandContext): void => {
  c.out.array(c.argc - 1)
  const arena = c.keyspace.arena
  for (let i = 1; i < c.argc; i++) {
    foreseeKey(c, i, 1)
    const ref = c.read(i)
    if (ref === 0 || entryType(arena, ref) !== TYPE_STRING) c.out.nil()
    else c.string(ref)
  }
}

const storePairs = (c: CommandContext): void => {
  for (let i = 1; i < c.argc; i += 2) {
    foreseeKey(c, i, 2)
    storeArgument(c, i, c.write(i), i + 1, false)
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
