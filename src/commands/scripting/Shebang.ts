/** The first line of a script, `#!lua flags=no-writes,allow-stale`, and of a library, `#!lua name=lib`. */
import * as Errors from "../../resp/Errors.js"

/** What the flags of a script or function say. */
export interface ScriptFlags {
  readonly noWrites: boolean
  readonly allowOom: boolean
  readonly allowStale: boolean
}

const FLAG_NAMES = ["no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys"] as const

export const flagsOf = (names: ReadonlySet<string>): ScriptFlags => ({
  noWrites: names.has("no-writes"),
  allowOom: names.has("allow-oom"),
  allowStale: names.has("allow-stale"),
})

export const isFlag = (name: string): boolean => FLAG_NAMES.some((flag) => flag === name)

const SPACE = /\s/
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" }

/** The quoted text that begins at `from`, and where it ends; undefined where it does not, or where more follows at once. */
const quoted = (line: string, from: number): readonly [text: string, end: number] | undefined => {
  const quote = line[from]
  let text = ""
  for (let i = from + 1; i < line.length; i++) {
    const char = line[i]
    if (char === quote) {
      const after = line[i + 1]
      return after === undefined || SPACE.test(after) ? [text, i + 1] : undefined
    }
    const hex = quote === '"' ? /^\\x([0-9a-fA-F]{2})/.exec(line.slice(i, i + 4)) : null
    if (hex !== null) {
      text += String.fromCharCode(parseInt(hex[1], 16))
      i += 3
    } else if (char === "\\" && quote === '"' && i + 1 < line.length) {
      const escaped = line[++i]
      text += ESCAPES[escaped] ?? escaped
    } else if (char === "\\" && line[i + 1] === "'") text += line[++i]
    else text += char
  }
  return undefined
}

/** The words of a line, as Redis splits command lines: quotes, also in the middle of a word, keep spaces. */
export const words = (line: string): string[] | undefined => {
  const found: string[] = []
  let i = 0
  for (;;) {
    while (i < line.length && SPACE.test(line[i])) i++
    if (i >= line.length) return found
    let word = ""
    while (i < line.length && !SPACE.test(line[i])) {
      if (line[i] === '"' || line[i] === "'") {
        const part = quoted(line, i)
        if (part === undefined) return undefined
        word += part[0]
        i = part[1]
      } else word += line[i++]
    }
    found.push(word)
  }
}

/** A script's flags; undefined for one without a shebang, a text for what is wrong with it. */
export const scriptFlags = (source: string): ScriptFlags | string | undefined => {
  if (!source.startsWith("#!")) return undefined
  const end = source.indexOf("\n")
  if (end < 0) return Errors.shebangInvalid
  const [engine, ...options] = words(source.slice(0, end)) ?? []
  if (engine === undefined) return Errors.shebangNoEngine
  if (engine !== "#!lua") return Errors.shebangEngine(engine)
  const names = new Set<string>()
  for (const option of options) {
    if (!option.startsWith("flags=")) return Errors.shebangOption(option)
    const list = option.slice("flags=".length)
    for (const flag of list === "" ? [] : list.split(",")) {
      if (!isFlag(flag)) return Errors.shebangFlag(flag)
      names.add(flag)
    }
  }
  return flagsOf(names)
}
