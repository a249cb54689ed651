/** Scripts of clients that are no Redis clients, or send what no client should, compared with redis-server step by step. */
import { raw, type ScriptStep } from "../support/Script.js"

/** What a browser can be made to send: POST and Host: end the connection, with the replies of the same chunk. */
export const httpScript: ReadonlyArray<ScriptStep> = [
  raw("a", "PING\r\n"),
  raw("a", "PING\r\nPOST / HTTP/1.1\r\nPING\r\n"),
  raw("b", "GET / HTTP/1.1\r\nHost: example\r\n\r\nSET stolen 1\r\n"),
  ["c", "hOsT:", "x"],
  ["d", "MULTI"],
  ["d", "SET", "stolen", "1"],
  ["d", "post"],
  ["e", "SUBSCRIBE", "news"],
  ["e", "POST"],
  ["f", "Host", "x"],
  ["f", "EXISTS", "stolen"],
]

/** Errors that echo bytes in which C strings end; words read as options of another command; times beyond 64 bits. */
export const oddWordsScript: ReadonlyArray<ScriptStep> = [
  ["a", "SET", "k", "v"],
  ["a", "EXPIRE", "k", "1", "x\0y"],
  ["a", "EXPIRE", "k", "1", "x\ny\r\n\n"],
  ["a", "CLIENT", "x\0y"],
  ["a", "CLIENT", "x".repeat(5000)],
  ["a", "x".repeat(300), "y".repeat(300), "z"],
  ["a", "nosuch", "a\0b", "c", "d".repeat(140), "e"],
  ["a", "nosuch", ...Array.from({ length: 2000 }, (_, i) => String(i))],
  ["a", "ZINCRBY", "z", "NX", "m"],
  ["a", "ZINCRBY", "z", "incr", "m"],
  ["a", "ZINCRBY", "k", "Ch", "m"],
  ["a", "ZINCRBY", "z", "1", "NX"],
  ["a", "CLIENT", "PAUSE", "9223372036854775807"],
  ["a", "CLIENT", "UNPAUSE"],
]
