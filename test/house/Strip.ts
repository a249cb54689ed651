/**
 * Blanks comments and the contents of strings in TypeScript source, keeping every line and column where it was, so
 * that a rule which looks for `Date.now` does not trip over a sentence about it.
 *
 * A small scanner, not a parser: it knows strings, templates with their `${}` parts, both kinds of comment, and tells
 * a regular expression from a division by what stands before the slash.
 */

export interface StripOptions {
  /** Leave string contents in place (for rules on import paths). */
  readonly keepStrings?: boolean
}

const REGEX_BEFORE =
  /(?:^|[=(,:;!&|?{}[+\-*%<>~^]|=>|\b(?:return|typeof|case|in|of|do|else|void|yield|await))\s*$/

export const strip = (source: string, options: StripOptions = {}): string => {
  const keep = options.keepStrings === true
  let out = ""
  let at = 0
  const blank = (text: string): string => text.replace(/[^\n]/g, " ")

  /** Copies a quoted part up to and including its closing quote. */
  const quoted = (quote: string): void => {
    const from = at++
    while (at < source.length && source[at] !== quote && source[at] !== "\n")
      at += source[at] === "\\" ? 2 : 1
    at = Math.min(at + 1, source.length)
    const text = source.slice(from, at)
    out += keep || text.length < 2 ? text : text[0] + blank(text.slice(1, -1)) + (text.at(-1) ?? "")
  }

  const regex = (): void => {
    const from = at++
    let inClass = false
    while (at < source.length && source[at] !== "\n" && (inClass || source[at] !== "/")) {
      if (source[at] === "[") inClass = true
      if (source[at] === "]") inClass = false
      at += source[at] === "\\" ? 2 : 1
    }
    at++
    out += blank(source.slice(from, at))
  }

  const template = (): void => {
    out += source[at++]
    while (at < source.length && source[at] !== "`") {
      if (source.startsWith("${", at)) {
        out += "${"
        at += 2
        code("}")
        continue
      }
      const length = source[at] === "\\" ? 2 : 1
      const text = source.slice(at, at + length)
      out += keep ? text : blank(text)
      at += length
    }
    out += source[at++] ?? ""
  }

  /** Copies code until `until` closes the nesting it was called in, or to the end. */
  const code = (until: string): void => {
    let depth = 0
    while (at < source.length) {
      const c = source[at] ?? ""
      if (c === until && depth === 0) {
        out += c
        at++
        return
      }
      if (source.startsWith("//", at)) {
        const end = source.indexOf("\n", at)
        const to = end === -1 ? source.length : end
        out += blank(source.slice(at, to))
        at = to
      } else if (source.startsWith("/*", at)) {
        const end = source.indexOf("*/", at + 2)
        const to = end === -1 ? source.length : end + 2
        out += blank(source.slice(at, to))
        at = to
      } else if (c === '"' || c === "'") quoted(c)
      else if (c === "`") template()
      else if (c === "/" && REGEX_BEFORE.test(out.slice(-40))) regex()
      else {
        if (c === "{") depth++
        if (c === "}") depth--
        out += c
        at++
      }
    }
  }

  code("\0")
  return out
}
