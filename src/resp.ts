/**
 * `redix/resp`: the wire protocol without a server. Plain objects; nothing here runs an Effect.
 *
 *   encodeCommand     a command as a client sends it
 *   ReplyParser       what a server answers, in any cut, as values (`Reply`)
 *   RequestParser     what a client sends, in any cut; arguments are read in place
 *   ReplyWriter       replies in RESP2 and RESP3
 *   RespCodec         the three as a service
 */
export { type CommandArgument, encodeCommand } from "./resp/CommandEncoder.js"
export {
  type Reply,
  RespError,
  ReplyParser,
  ReplyProtocolError,
  RespAttributed,
  RespBigNumber,
  RespDouble,
  RespMap,
  RespPush,
  RespSet,
  RespVerbatim,
} from "./resp/ReplyParser.js"
export { type AggregateKind, ReplyOverflow, type ReplyOwner, ReplyWriter } from "./resp/ReplyWriter.js"
export { ParseStatus, type RequestLimits, RequestParser, type RequestView } from "./resp/RequestParser.js"
export { RespCodec } from "./resp/RespCodec.js"
