/**
 * The texts of Redis 7.0's error replies, in one place: each without the leading "-" and the line end.
 *
 * Texts are latin1 strings (one character, one byte), as `ReplyWriter.error` takes them, so bytes a client sent can be echoed.
 * Constants are texts without a parameter; functions take what Redis prints in them.
 */

export const wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value"
export const syntax = "ERR syntax error"
export const notInteger = "ERR value is not an integer or out of range"
export const notFloat = "ERR value is not a valid float"
export const noSuchKey = "ERR no such key"
export const outOfRange = "ERR index out of range"
export const wrongArguments = (command: string): string =>
  `ERR wrong number of arguments for '${command}' command`
