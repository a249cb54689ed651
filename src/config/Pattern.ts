/**
 * Name patterns: CONFIG GET's over directive names and `include`'s over file names, both short ASCII text.
 *
 * The keyspace's matcher (memory/Glob) works on bytes; configuration is the layer that imports nothing, and a dozen
 * names a call need no speed, so a pattern becomes a regular expression here. Directive names hold only letters, digits,
 * "-" and "_", for which both matchers agree on `*`, `?`, `[a-c]`, `[^a]` and `\`.
 */

const literal = (char: string): string => (/[a-zA-Z0-9_]/.test(char) ? char : `\\${char}`)

/** One `[...]` class starting at `open`: its expression and the place after it. An unclosed class runs to the end. */
const classAt = (pattern: string, open: number): { readonly source: string; readonly next: number } => {
  let at = open + 1
  const negated = pattern.charAt(at) === "^"
  if (negated) at++
  let source = ""
  for (; at < pattern.length && pattern.charAt(at) !== "]"; at++) {
    if (pattern.charAt(at) === "\\" && at + 1 < pattern.length) {
      at++
      source += literal(pattern.charAt(at))
    } else if (pattern.charAt(at + 1) === "-" && at + 2 < pattern.length) {
      const [low, high] = [pattern.charAt(at), pattern.charAt(at + 2)].sort()
      source += `${literal(low ?? "")}-${literal(high ?? "")}`
      at += 2
    } else {
      source += literal(pattern.charAt(at))
    }
  }
  const empty = negated ? "[^]" : "(?!)"
  return { source: source === "" ? empty : `[${negated ? "^" : ""}${source}]`, next: at + 1 }
}

/** Whether a name holds a pattern character at all. */
export const isPattern = (name: string): boolean => /[*?[]/.test(name)

/** `starFor` is what a `*` may cross: everything for names, all but "/" for paths. */
export const patternToRegExp = (pattern: string, flags: "" | "i", starFor: "." | "[^/]" = "."): RegExp => {
  let source = ""
  let at = 0
  while (at < pattern.length) {
    const char = pattern.charAt(at)
    if (char === "*" || char === "?") {
      // A run of stars is one star: else matching could take time exponential in their number.
      while (char === "*" && pattern.charAt(at + 1) === "*") at++
      source += char === "*" ? `${starFor}*` : starFor
      at++
    } else if (char === "[") {
      const set = classAt(pattern, at)
      source += set.source
      at = set.next
    } else if (char === "\\" && at + 1 < pattern.length) {
      source += literal(pattern.charAt(at + 1))
      at += 2
    } else {
      source += literal(char)
      at++
    }
  }
  return new RegExp(`^${source}$`, `s${flags}`)
}
