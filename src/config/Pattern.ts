/** Patterns of names: CONFIG GET's over directives, and `include`'s over the files of a folder. */
import { globMatch } from "../bytes/Glob.js"

/** Whether a name holds a pattern character at all. */
export const isPattern = (name: string): boolean => /[*?[]/.test(name)

/** Whether the pattern matches the whole name; `nocase` ignores the case of ASCII letters. */
export const matchesPattern = (pattern: string, name: string, nocase: boolean): boolean => {
  const p = Buffer.from(pattern)
  const s = Buffer.from(name)
  return globMatch(p, 0, p.length, s, 0, s.length, nocase)
}
