/** Broken requests in the words of the log, which are not always those of the reply. */

/** What is wrong with a line of text where only RESP may come. */
export const INLINE_IN_STREAM = "Master using the inline protocol. Desync?"

const PREFIX = "ERR Protocol error: "
const LOGGED: Readonly<Record<string, string>> = {
  "invalid multibulk length": "invalid mbulk count",
  "unauthenticated multibulk length": "unauth mbulk count",
  "unauthenticated bulk length": "unauth bulk length",
  "unbalanced quotes in request": "unbalanced quotes in inline request",
}

/** The line for an error of the request parser; `client` as CLIENT LIST shows it. */
export const protocolErrorLine = (error: string, client: string): string => {
  const stated = error.slice(PREFIX.length)
  const reason = stated.startsWith("expected '$'")
    ? "expected $ but got something else"
    : (LOGGED[stated] ?? stated)
  return `Protocol error (${reason}) from client: ${client}.`
}
