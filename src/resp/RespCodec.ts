/**
 * The codec of Redis's wire protocol as a service: it makes the parsers and writers that speak it. These are plain objects;
 * no Effect runs per command.
 */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import { ReplyParser } from "./ReplyParser.js"
import { type ReplyOwner, ReplyWriter } from "./ReplyWriter.js"
import { RequestParser, type RequestLimits } from "./RequestParser.js"

/** The wire protocol as a service: it makes parsers and writers, which run no Effect. */
export class RespCodec extends Context.Service<
  RespCodec,
  {
    /** A parser of requests for one connection. */
    readonly makeParser: (limits: RequestLimits) => RequestParser
    /** A buffer of replies, in RESP2 at first. */
    readonly makeWriter: (owner?: ReplyOwner) => ReplyWriter
    /** A parser of replies for one outgoing connection. */
    readonly makeReplyParser: () => ReplyParser
  }
>()("redix/resp/RespCodec") {
  /** The protocol as Redis speaks it. */
  static readonly standard: RespCodec["Service"] = {
    makeParser: (limits) => new RequestParser(limits),
    makeWriter: (owner) => new ReplyWriter(owner),
    makeReplyParser: () => new ReplyParser(),
  }

  /** The protocol as Redis speaks it; it needs nothing. */
  static readonly layer = Layer.succeed(RespCodec, this.standard)
}
