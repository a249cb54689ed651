/** Coordinates in replies. */
import { formatHumanDouble } from "../../bytes/Numbers.js"
import type { CommandContext } from "../../engine/CommandContext.js"

/** A coordinate: a bulk string, in RESP3 a double, both with at most 17 digits after the point. */
export const replyCoordinate = (c: CommandContext, degrees: number): void => {
  const text = formatHumanDouble(degrees)
  if (c.out.resp === 3) c.out.rawText(`,${text}\r\n`)
  else c.out.bulkText(text)
}
