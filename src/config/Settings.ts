/**
 * Settings as the sources give them, before they are values: a directive, the words after it, and where they stood.
 *
 * Sources are read from the weakest: files, standard input, environment, command line; the last line counts. `save`,
 * `rename-command`, `user` and `client-output-buffer-limit` lines add up over all sources, as in Redis; an empty `save` clears.
 * After an `include` a `save` line replaces what stood before it, as it does there too. A save point that the environment
 * or the command line gives is not added twice: CONFIG REWRITE may have written it to the file.
 */
import { fromByteText, lowerAscii, toByteText } from "./ByteText.js"
import { InvalidConfigError } from "./ConfigErrors.js"
import { type Entry, findStartDirective, startNames } from "./Directives.js"
import type { ConfigWarning } from "./ConfigState.js"
import { quoteWordIfNeeded, splitWords } from "../bytes/Words.js"

export interface Setting {
  readonly entry: Entry
  /** The name as it was given. */
  readonly key: string
  /** The value as one text: several words joined by blanks. */
  readonly text: string
  /** Where it stood, for messages. */
  readonly source: string
  /** Whether it is from a file that another one includes. */
  readonly included?: boolean
  /** How it meets what earlier lines of a directive that adds up gave; default: it is added. */
  readonly meets?: "replaces" | "adds what is new"
}

const BAD_DIRECTIVE = "Bad directive or wrong number of arguments"

const invalid = (source: string, key: string, value: string, reason: string): InvalidConfigError =>
  new InvalidConfigError({ source, key: fromByteText(key), value: fromByteText(value), reason })

/** The value for a message: nothing where the directive holds a secret. */
const shownValue = (entry: Entry, text: string): string => (entry.secret ? "" : text)

/** A directive line's words after its name, checked; the error of a wrong name, number of words or value. */
export const makeSetting = (
  key: string,
  words: ReadonlyArray<string>,
  source: string,
): Setting | InvalidConfigError => {
  const entry = findStartDirective(key)
  if (entry === undefined || entry.name === "include")
    return invalid(source, key, words.join(" "), `${BAD_DIRECTIVE}${suggestion(key)}`)
  const several = entry.kind.words === "several"
  const quoted = entry.name === "rename-command" || entry.name === "user"
  const text = quoted ? words.map(quoteWordIfNeeded).join(" ") : words.join(" ")
  if (!several && words.length !== 1)
    return invalid(source, key, shownValue(entry, text), "wrong number of arguments")
  if (entry.name === "user" && words.length === 0) return invalid(source, key, "", BAD_DIRECTIVE)
  if (entry.name === "rename-command" && words.length !== 2) return invalid(source, key, text, BAD_DIRECTIVE)
  // A blank inside one of several words joins no two of them: the kind sees a character that no good word has.
  const apart =
    words.length > 1 && !entry.statement ? words.map((word) => word.replaceAll(" ", "\0")) : [text]
  const parsed = entry.kind.parse(apart.join(" "))
  if (!parsed.ok) return invalid(source, key, shownValue(entry, text), parsed.reason)
  if (entry.support === "refused" && text !== "")
    return invalid(source, key, shownValue(entry, text), "Redix has no modules")
  return { entry, key, text, source }
}

/** One wrong, missing or swapped letter away. */
const isNear = (a: string, b: string): boolean => {
  if (Math.abs(a.length - b.length) > 1 || a === b) return false
  let i = 0
  while (i < a.length && a.charAt(i) === b.charAt(i)) i++
  const [restA, restB] = [a.slice(i), b.slice(i)]
  const swapped = restA.charAt(0) === restB.charAt(1) && restA.charAt(1) === restB.charAt(0)
  return (
    restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    restA.slice(1) === restB.slice(1) ||
    (swapped && restA.slice(2) === restB.slice(2))
  )
}

const suggestion = (key: string): string => {
  const near = startNames.find((name) => isNear(name, lowerAscii(key)))
  return near === undefined ? "" : ` (is '${near}' meant?)`
}

/** One value a directive, ready for a ConfigProvider, and where it came from. */
interface MergedSetting {
  readonly entry: Entry
  readonly text: string
  readonly source: string
  /** Where each of the lines stood that the text is made of. */
  readonly sources: ReadonlyArray<string>
}

/** Pairs of words, such as save points. */
const pairsOf = (text: string): ReadonlyArray<string> => text.match(/\S+ \S+/g) ?? []

const addition = ({ entry, meets, text }: Setting, before: string): ReadonlyArray<string> => {
  if (entry.repeated !== "save points" || meets !== "adds what is new") return [text]
  const there = pairsOf(before)
  return pairsOf(text).filter((pair) => !there.includes(pair))
}

/** CONFIG REWRITE says the users of included files anew, in the file that includes them. */
const latestUsers = (settings: ReadonlyArray<Setting>): ReadonlyArray<Setting> => {
  const nameOf = ({ text }: Setting): string | undefined => splitWords(text)?.[0]
  const again = (setting: Setting, i: number): boolean =>
    setting.included === true &&
    settings.slice(i + 1).some((later) => later.included !== true && nameOf(later) === nameOf(setting))
  return settings.filter((setting, i) => !again(setting, i))
}

const combine = (entry: Entry, settings: ReadonlyArray<Setting>): MergedSetting | undefined => {
  const last = settings.at(-1)
  if (last === undefined) return undefined
  const { source } = last
  if (entry.repeated === "last") return { entry, text: last.text, source, sources: [source] }
  const lines = entry.repeated === "users" ? latestUsers(settings) : settings
  const sources = lines.map((line) => line.source)
  if (entry.repeated === "users")
    return { entry, text: lines.map((line) => line.text).join("\n"), source, sources }
  let text = ""
  for (const setting of settings) {
    const replaces = entry.repeated === "save points" && (setting.text === "" || setting.meets === "replaces")
    if (replaces || text === "") text = setting.text
    else text = [text, ...addition(setting, text)].join(" ")
  }
  return { entry, text, source, sources }
}

/** `settings` in the order of reading, the weakest source first. */
export const mergeSettings = (settings: ReadonlyArray<Setting>): ReadonlyArray<MergedSetting> => {
  const groups = new Map<Entry, Array<Setting>>()
  for (const setting of settings) {
    const group = groups.get(setting.entry)
    if (group === undefined) groups.set(setting.entry, [setting])
    else group.push(setting)
  }
  const merged: Array<MergedSetting> = []
  for (const [entry, group] of groups) {
    const one = combine(entry, group)
    if (one !== undefined) merged.push(one)
  }
  return merged
}

/** A note where a setting is known and has no effect. */
export const settingWarning = (
  { entry, source }: { readonly entry: Entry; readonly source: string },
  text: string,
): ConfigWarning | undefined => {
  if (text === entry.defaultText || entry.statement) return undefined
  if (entry.support === "none")
    return { source, key: entry.name, reason: "is not supported by Redix and has no effect" }
  if (entry.support === "hint")
    return { source, key: entry.name, reason: "tunes a mechanism Redix does not have; it has no effect" }
  return undefined
}

const ENV_PREFIX = "REDIX_"

/** The environment variable of a directive: `proto-max-bulk-len` is REDIX_PROTO_MAX_BULK_LEN. */
const environmentName = (name: string): string => ENV_PREFIX + name.replaceAll("-", "_").toUpperCase()

const namesByVariable = new Map(startNames.map((name) => [environmentName(name), name] as const))

/** What the environment gives: text, or the bytes where they are no UTF-8. */
export type Environment = Readonly<Record<string, string | Uint8Array | undefined>>

/**
 * Settings of the environment. A directive of several words takes them in one variable (`REDIX_SAVE="900 1 60 100"`). A
 * REDIX_ variable that names no directive is only noted: other programs may use the prefix. So is a bad value of a
 * directive that `decided` has, because a stronger source gives it: Kubernetes sets REDIX_PORT=tcp://10.96.0.7:6379 for a
 * service that is called redix.
 */
export const environmentSettings = (
  environment: Environment,
  decided: ReadonlySet<Entry>,
):
  | { readonly settings: ReadonlyArray<Setting>; readonly warnings: ReadonlyArray<ConfigWarning> }
  | InvalidConfigError => {
  const settings: Array<Setting> = []
  const warnings: Array<ConfigWarning> = []
  for (const variable of Object.keys(environment).sort()) {
    const value = environment[variable]
    if (!variable.startsWith(ENV_PREFIX) || value === undefined) continue
    const source = `environment variable ${variable}`
    const key = namesByVariable.get(variable)
    if (key === undefined || key === "include") {
      warnings.push({ source, key: variable, reason: "names no directive and is ignored" })
      continue
    }
    const setting = variableSetting(key, toByteText(value), source)
    if (!(setting instanceof InvalidConfigError)) {
      settings.push({ ...setting, meets: "adds what is new" })
      continue
    }
    const entry = findStartDirective(key)
    if (entry === undefined || !decided.has(entry)) return setting
    warnings.push(overruled(setting))
  }
  return { settings, warnings }
}

const variableSetting = (key: string, value: string, source: string): Setting | InvalidConfigError => {
  const several = findStartDirective(key)?.kind.words === "several"
  const words = several ? splitWords(value) : [value]
  if (words === undefined) return invalid(source, key, value, "Unbalanced quotes in configuration line")
  return makeSetting(key, words, source)
}

/** A bad setting that a stronger source makes good. */
export const overruled = ({ source, key, reason }: InvalidConfigError): ConfigWarning => ({
  source,
  key,
  reason: `is ignored, the command line decides: ${reason}`,
})
