/** The string commands. */
import { isCanonicalInt64 } from "../memory/Numbers.js"
import * as Errors from "../resp/Errors.js"
import {
  STRING_EMBSTR,
  STRING_INT,
  STRING_RAW,
  stringChunk,
  stringLength,
  stringOffset,
  TYPE_STRING,
} from "../store/Entry.js"
import { command } from "./Command.js"
import type { Command } from "./Command.js"
import type { CommandContext } from "./CommandContext.js"
import { Event } from "./KeyEvents.js"
import * as spec from "./spec/strings.js"

/** Longest string that OBJECT ENCODING calls embstr. */
const EMBSTR_BYTES_MAX = 44

/** Encoding a fresh string value gets. */
export const stringEncoding = (buf: Uint8Array, off: number, len: number): number =>
  len <= 20 && isCanonicalInt64(buf, off, len)
    ? STRING_INT
    : len <= EMBSTR_BYTES_MAX
      ? STRING_EMBSTR
      : STRING_RAW

/** Answers the string value of an entry as a bulk. */
export const replyString = (c: CommandContext, ref: number): void => {
  const a = c.keyspace.arena
  c.out.bulk(stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref))
}

const get = (c: CommandContext): void => {
  const ref = c.read(1)
  if (ref === 0) c.out.nil()
  else if (!c.wrongType(ref, TYPE_STRING)) replyString(c, ref)
}

const set = (c: CommandContext): void => {
  if (c.argc !== 3) return c.fail(Errors.syntax)
  const { buf, argOff, argLen } = c
  const existing = c.write(1)
  const encoding = stringEncoding(buf, argOff[2], argLen[2])
  c.db.putString(existing, buf, argOff[1], argLen[1], buf, argOff[2], argLen[2], encoding, false)
  c.changed(1, Event.string, "set")
  c.out.ok()
}

export const stringCommands: ReadonlyArray<Command> = [command(spec.GET, get), command(spec.SET, set)]
