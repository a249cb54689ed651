/** Strings as replies. */
import type { Ref } from "../../memory/Arena.js"
import { stringChunk, stringLength, stringOffset } from "../../store/Entry.js"
import type { CommandContext } from "../../engine/CommandContext.js"

/** Answers the string value of an entry as a bulk. */
export const replyString = (c: CommandContext, ref: Ref): void => {
  const a = c.keyspace.arena
  c.out.bulk(stringChunk(a, ref), stringOffset(a, ref), stringLength(a, ref))
}
