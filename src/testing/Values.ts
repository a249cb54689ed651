/** JavaScript's values as replies, and replies as JavaScript's values. */
import {
  type Reply,
  RespError,
  RespAttributed,
  RespBigNumber,
  RespDouble,
  RespMap,
  RespPush,
  RespSet,
  RespVerbatim,
} from "../resp/Reply.js"
import type { ReplyWriter } from "../resp/ReplyWriter.js"
import { ReplyError } from "./Errors.js"
import type { Value } from "./Types.js"

/** Writes a value as the reply to a command, in the client's protocol. */
export const writeValue = (out: ReplyWriter, value: Value): void => {
  if (value === null) return out.nil()
  if (typeof value === "string") return out.bulkText(value)
  if (typeof value === "bigint") return out.bigint(value)
  if (typeof value === "boolean") return out.bool(value)
  if (typeof value === "number") return Number.isSafeInteger(value) ? out.int(value) : out.double(value)
  if (value instanceof Error) return out.error(value.message)
  if (value instanceof Map) {
    out.map(value.size)
    for (const [key, item] of value) {
      writeValue(out, key)
      writeValue(out, item)
    }
    return
  }
  const items = [...value.values()]
  out.array(items.length)
  for (const item of items) writeValue(out, item)
}

/** @param command the command that was answered so */
export const valueOf = (reply: Reply, command: string): Value => {
  if (Buffer.isBuffer(reply)) return reply.toString()
  if (reply instanceof RespError) return new ReplyError(reply.message, command)
  if (reply instanceof RespDouble || reply instanceof RespBigNumber) return reply.value
  if (reply instanceof RespVerbatim) return reply.data.toString()
  if (reply instanceof RespAttributed) return valueOf(reply.reply, command)
  if (reply instanceof RespMap)
    return new Map(reply.entries.map(([key, item]) => [valueOf(key, command), valueOf(item, command)]))
  if (reply instanceof RespSet || reply instanceof RespPush)
    return reply.items.map((item) => valueOf(item, command))
  if (typeof reply === "object" && reply !== null) return reply.map((item) => valueOf(item, command))
  return reply
}
