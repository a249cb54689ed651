/** XRANGE and XREVRANGE. */
import { StreamRange } from "../../memory/stream/Stream.js"
import { StreamId } from "../../bytes/StreamId.js"
import * as Errors from "../../resp/Errors.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/streams.js"
import { intervalEndArgument, intervalStartArgument, readStream, replyRange } from "./streamsSupport.js"

const start = new StreamId()
const end = new StreamId()
const range = new StreamRange()

/** XRANGE and XREVRANGE have one option: COUNT. */
const declared = options(spec.XRANGE)

const rangeCommand = (c: CommandContext, backwards: boolean): void => {
  const startArg = backwards ? 3 : 2
  const endArg = backwards ? 2 : 3
  if (!intervalStartArgument(c, startArg, start) || !intervalEndArgument(c, endArg, end)) return
  let count = -1
  for (let i = 4; i < c.argc; i += 2) {
    if (declared.at(c, i) === 0) return c.fail(Errors.syntax)
    count = c.integer(i + 1)
    if (count !== count) return c.fail(Errors.notInteger)
    if (count < 0) count = 0
  }
  const s = readStream(c, 1)
  if (s === -1) return
  if (s === 0) return c.out.emptyArray()
  if (count === 0) return c.out.nilArray()
  range.begin(c.keyspace.arena, s, start, end, backwards)
  replyRange(c.out, range, count < 0 ? 0 : count)
}

export const xrange = (c: CommandContext): void => rangeCommand(c, false)
export const xrevrange = (c: CommandContext): void => rangeCommand(c, true)
