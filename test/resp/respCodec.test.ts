import { expect, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { RespCodec } from "../../src/resp/RespCodec.js"
import { ParseStatus } from "../../src/resp/RequestParser.js"
import { defaultLimits, latin1 } from "./parserSupport.js"

layer(RespCodec.layer)("RespCodec", (it) => {
  it.effect("makes machines that understand each other", () =>
    Effect.gen(function* () {
      const codec = yield* RespCodec
      const parser = codec.makeParser(defaultLimits)
      parser.feed(latin1("*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n"))
      expect(parser.next()).toBe(ParseStatus.Command)
      const writer = codec.makeWriter()
      writer.bulk(parser.buf, parser.argOff[1], parser.argLen[1])
      const replies = codec.makeReplyParser()
      replies.feed(writer.take())
      expect(replies.next()).toEqual(latin1("hi"))
    }),
  )
})
