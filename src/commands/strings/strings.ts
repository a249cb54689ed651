/** The string commands that read one value, and those on many keys; and the list of the whole family. */
import * as Errors from "../../resp/Errors.js"
import { entryType, stringChunk, stringLength, stringOffset, TYPE_STRING } from "../../store/Entry.js"
import { command } from "../../engine/Command.js"
import type { Command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import * as spec from "../spec/strings.js"
import { lcs } from "./stringsLcs.js"
import { append, setRange } from "./stringsEdit.js"
import { getDel, getEx, getSet, psetEx, set, setEx, setNx, storeArgument } from "./stringsSet.js"
import { foreseeKey } from "../shared/foreseeKeys.js"
import { decr, decrBy, incr, incrBy, incrByFloat } from "./stringsNumber.js"

const get = (c: CommandContext): void => {
  const ref = c.read(1)
  if (ref === 0) c.out.nil()
  else if (!c.wrongType(ref, TYPE_STRING)) c.string(ref)
}

const strlen = (c: CommandContext): void => {
  const ref = c.read(1)
  if (ref === 0) c.out.zero()
  else if (!c.wrongType(ref, TYPE_STRING)) c.out.int(stringLength(c.keyspace.arena, ref))
}

/** GETRANGE and its old name SUBSTR: bytes start to end, both included, negative ones from the end. */
const getRange = (c: CommandContext): void => {
  let start = c.integer(2)
  let end = c.integer(3)
  if (start !== start || end !== end) return c.fail(Errors.notInteger)
  const ref = c.read(1)
  if (ref === 0) return c.out.bulkText("")
  if (c.wrongType(ref, TYPE_STRING)) return
  const a = c.keyspace.arena
  const len = stringLength(a, ref)
  if (start < 0 && end < 0 && start > end) return c.out.bulkText("")
  if (start < 0) start = Math.max(0, start + len)
  if (end < 0) end = Math.max(0, end + len)
  if (end >= len) end = len - 1
  if (start > end || len === 0) return c.out.bulkText("")
  c.out.bulk(stringChunk(a, ref), stringOffset(a, ref) + start, end - start + 1)
}

const mget = (c: CommandContext): void => {
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

const mset = (c: CommandContext): void => {
  if ((c.argc & 1) === 0) return c.fail(Errors.wrongArguments("mset"))
  storePairs(c)
  c.out.ok()
}

/** Stores all or nothing; a key that comes twice gets its last value. */
const msetNx = (c: CommandContext): void => {
  if ((c.argc & 1) === 0) return c.fail(Errors.wrongArguments("msetnx"))
  for (let i = 1; i < c.argc; i += 2) if (c.write(i) !== 0) return c.out.zero()
  storePairs(c)
  c.out.one()
}

export const stringCommands: ReadonlyArray<Command> = [
  command(spec.GET, get),
  command(spec.SET, set),
  command(spec.SETNX, setNx),
  command(spec.SETEX, setEx),
  command(spec.PSETEX, psetEx),
  command(spec.GETSET, getSet),
  command(spec.GETDEL, getDel),
  command(spec.GETEX, getEx),
  command(spec.MGET, mget),
  command(spec.MSET, mset),
  command(spec.MSETNX, msetNx),
  command(spec.INCR, incr),
  command(spec.DECR, decr),
  command(spec.INCRBY, incrBy),
  command(spec.DECRBY, decrBy),
  command(spec.INCRBYFLOAT, incrByFloat),
  command(spec.APPEND, append),
  command(spec.SETRANGE, setRange),
  command(spec.GETRANGE, getRange),
  command(spec.SUBSTR, getRange),
  command(spec.STRLEN, strlen),
  command(spec.LCS, lcs),
]
