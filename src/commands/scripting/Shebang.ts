/** The first line of a script, `#!lua flags=no-writes,allow-stale`, and of a library, `#!lua name=lib`. */
import * as Errors from "../../resp/Errors.js"

/** What the flags of a script or function say. */
export interface ScriptFlags {
  readonly noWrites: boolean
  readonly allowOom: boolean
  readonly allowStale: boolean
}

export const FLAG_NAMES = [
  "no-writes",
  "allow-oom",
  "allow-stale",
  "no-cluster",
  "allow-cross-slot-keys",
] as const

export const flagsOf = (names: ReadonlySet<string>): ScriptFlags => ({
  noWrites: names.has("no-writes"),
  allowOom: names.has("allow-oom"),
  allowStale: names.has("allow-stale"),
})

export const isFlag = (name: string): boolean => FLAG_NAMES.some((flag) => flag === name)

/** The words of a line, as Redis splits command lines: quotes keep spaces. */
export const words = (line: string): string[] | undefined => {
  const found: string[] = []
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\')*)'|([^\s"']+))(?=\s|$)/gy
  let at = 0
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
    at = pattern.lastIndex
    found.push(match[1] ?? match[2] ?? match[3])
    pattern.lastIndex = at
  }
  return line.slice(at).trim() === "" ? found : undefined
}

/** A script's flags; undefined for one without a shebang, a text for what is wrong with it. */
export const scriptFlags = (source: string): ScriptFlags | string | undefined => {
  if (!source.startsWith("#!")) return undefined
  const end = source.indexOf("\n")
  if (end < 0) return Errors.shebangInvalid
  const parts = words(source.slice(0, end)) ?? []
  const [engine, ...options] = parts
  if (engine === undefined) return Errors.shebangInvalid
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
