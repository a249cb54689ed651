/** Which arguments of a command hold users and passwords: no log shows them. */
import type { CommandContext } from "./CommandContext.js"

export const REDACTED = "(redacted)"

const SECRET_DIRECTIVES = [
  "REQUIREPASS",
  "MASTERAUTH",
  "MASTERUSER",
  "TLS-KEY-FILE-PASS",
  "TLS-CLIENT-KEY-FILE-PASS",
]

/** Words after AUTH or AUTH2 that are secret. */
const wordsAfter = (c: CommandContext, i: number, hello: boolean): number => {
  if (c.is(i, "AUTH")) return hello ? 2 : 1
  return !hello && c.is(i, "AUTH2") ? 2 : 0
}

/** Indices of the secret arguments of the command in the context. */
export const secretArguments = (c: CommandContext): ReadonlySet<number> => {
  const secret = new Set<number>()
  switch (c.command?.name) {
    case "auth":
      for (let i = 1; i < c.argc; i++) secret.add(i)
      break
    case "acl|setuser":
      for (let i = 2; i < c.argc; i++) secret.add(i)
      break
    case "config|set":
      for (let i = 2; i + 1 < c.argc; i += 2)
        if (SECRET_DIRECTIVES.some((name) => c.is(i, name))) secret.add(i + 1)
      break
    case "hello":
    case "migrate":
      for (let i = 2; i < c.argc; i++) {
        const words = wordsAfter(c, i, c.command.name === "hello")
        for (let k = 1; k <= words; k++) secret.add(i + k)
        i += words
      }
      break
  }
  return secret
}
