/** Which arguments of a command hold users and passwords, by its declaration (`secrets`): no log shows them. */
import type { CommandContext } from "./CommandContext.js"

export const REDACTED = "(redacted)"

/** Indices of the secret arguments of the command in the context. */
export const secretArguments = (c: CommandContext): ReadonlySet<number> => {
  const secret = new Set<number>()
  const declared = c.command?.spec.secrets
  if (declared === undefined) return secret
  const { from, after, valuesOf } = declared
  for (let i = from; i < c.argc; i++) {
    if (after !== undefined) {
      const words = after[c.text(i).toLowerCase()] ?? 0
      for (let k = 1; k <= words; k++) secret.add(i + k)
      i += words
    } else if (valuesOf === undefined) secret.add(i)
    else {
      if (i + 1 < c.argc && valuesOf.includes(c.text(i).toLowerCase())) secret.add(i + 1)
      i++
    }
  }
  return secret
}
