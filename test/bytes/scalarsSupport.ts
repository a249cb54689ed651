/** What the tests of the scalar codecs share: bytes of latin1 text, replies by kind, and a client for one oracle. */
import { type OracleOptions, withOracle } from "../support/Oracle.js"
import type { RawClient } from "../support/RawClient.js"
import { type ReplyNode, parseReply } from "../support/RespFrames.js"

export const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1")

export const withClient = (
  options: OracleOptions,
  use: (client: RawClient) => Promise<void>,
): Promise<void> => withOracle(options, async (oracle) => use(await oracle.connect()))

/** A bulk reply's payload; a status, integer or error reply's whole line; undefined for null. */
export const valueOf = (reply: Buffer): Buffer | undefined => {
  const node = parseReply(reply)
  if (node.isNull) return undefined
  return node.type === "$" ? node.payload : reply.subarray(0, reply.length - 2)
}

export const textOf = (reply: Buffer): string | undefined => valueOf(reply)?.toString("latin1")

export const itemsOf = (node: ReplyNode): ReadonlyArray<ReplyNode> => node.items ?? []

/** An array's items as latin1 text. */
export const textsOf = (node: ReplyNode): string[] =>
  itemsOf(node).map((item) => item.payload.toString("latin1"))

/** Some lines of disagreement, short enough for an assertion's message. */
export class Differences {
  readonly lines: string[] = []
  count = 0

  check(same: boolean, line: () => string): void {
    if (same) return
    this.count++
    if (this.lines.length < 10) this.lines.push(line())
  }
}
