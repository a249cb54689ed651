/**
 * Configuration files in redis.conf's syntax: a directive a line, its words parted by blanks, "#" comments, quotes (see
 * Words), and `include`, whose path may be a pattern. Included lines count where the `include` stands.
 */
import { systemReason } from "../bytes/SystemReason.js"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { fromByteText, lowerAscii, toByteText, trimLine } from "./ByteText.js"
import { ConfigFileError, InvalidConfigError } from "./ConfigErrors.js"
import { pathIn, resolveDirectory } from "./Directory.js"
import { isPattern, matchesPattern } from "./Pattern.js"
import { makeSetting, type Setting } from "./Settings.js"
import { splitWords } from "../bytes/Words.js"

/** More than this is an include that includes itself. Redis has no bound and ends out of file descriptors. */
const INCLUDE_DEPTH_MAX = 16

type FileError = ConfigFileError | InvalidConfigError

/** What the lines before a line mean for it. */
export interface Place {
  /** Where relative paths count from: what `dir` said last; "" is the working directory. */
  directory: string
  /**
   * Whether an include has ended: from there a `save` line replaces the points there are, as in redis-server, which takes
   * the rest of the file for no file any more.
   */
  afterInclude: boolean
}

export const firstPlace = (): Place => ({ directory: "", afterInclude: false })

const readText = (path: string): Effect.Effect<string, ConfigFileError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFile(path)).pipe(
    Effect.map(toByteText),
    Effect.mapError((error) => new ConfigFileError({ path, line: 0, reason: systemReason(error) })),
  )

/** The setting as its place makes it; a `dir` becomes absolute, and the place of what follows. */
export const settingIn = Effect.fnUntraced(function* (setting: Setting, place: Place) {
  const { entry, source, text } = setting
  if (entry.repeated === "save points" && place.afterInclude)
    return { ...setting, meets: "replaces" } satisfies Setting
  if (entry.name !== "dir") return setting
  const path = fromByteText(text)
  place.directory = yield* resolveDirectory(place.directory, path).pipe(
    Effect.mapError(({ reason }) => new InvalidConfigError({ source, key: "dir", value: path, reason })),
  )
  return { ...setting, text: toByteText(place.directory) }
})

const segmentMatches = Effect.fnUntraced(function* (bases: ReadonlyArray<string>, segment: string) {
  const fs = yield* FileSystem.FileSystem
  if (!isPattern(segment)) return bases.map((base) => base + segment)
  const found: Array<string> = []
  for (const base of bases) {
    const names = yield* fs.readDirectory(base === "" ? "." : base).pipe(Effect.orElseSucceed(() => []))
    for (const name of names.toSorted()) {
      const hidden = name.startsWith(".") && !segment.startsWith(".")
      if (!hidden && matchesPattern(segment, name, false)) found.push(base + name)
    }
  }
  return found
})

/** The files a pattern names, in order; a pattern that matches nothing is no error, a plain path must exist. */
const expandInclude = Effect.fnUntraced(function* (path: string) {
  if (!isPattern(path)) return [path]
  const fs = yield* FileSystem.FileSystem
  const segments = path.split("/")
  let found: ReadonlyArray<string> = [""]
  for (const [index, segment] of segments.entries()) {
    found = yield* segmentMatches(found, segment)
    if (index < segments.length - 1) found = found.map((base) => `${base}/`)
  }
  const existing: Array<string> = []
  for (const candidate of found) {
    if (yield* fs.exists(candidate).pipe(Effect.orElseSucceed(() => false))) existing.push(candidate)
  }
  return existing
})

/** The settings of a text, included files and all. `name` is what messages call it. */
export const parseConfigText = (
  text: string,
  name: string,
  place: Place,
  depth = 0,
): Effect.Effect<ReadonlyArray<Setting>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const settings: Array<Setting> = []
    for (const [index, raw] of text.split("\n").entries()) {
      const line = trimLine(raw)
      if (line === "" || line.startsWith("#")) continue
      const number = index + 1
      const words = splitWords(line)
      if (words === undefined)
        return yield* new ConfigFileError({
          path: name,
          line: number,
          reason: "Unbalanced quotes in configuration line",
        })
      const [key, ...rest] = words
      if (key === undefined) continue
      const [path] = rest
      if (lowerAscii(key) === "include" && rest.length === 1 && path !== undefined) {
        settings.push(...(yield* readIncluded(path, `${name} line ${number}`, place, depth)))
        continue
      }
      const setting = makeSetting(key, rest, `${name} line ${number}`)
      if (setting instanceof InvalidConfigError) return yield* setting
      const placed = yield* settingIn(setting, place)
      settings.push(depth === 0 ? placed : { ...placed, included: true })
    }
    return settings
  })

/** The settings of the files that `include` names; `source` is where it stands. */
export const readIncluded = (
  path: string,
  source: string,
  place: Place,
  depth = 0,
): Effect.Effect<ReadonlyArray<Setting>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const named = fromByteText(path)
    if (depth >= INCLUDE_DEPTH_MAX) {
      const reason = "it is nested too deeply"
      return yield* new InvalidConfigError({ source, key: "include", value: named, reason })
    }
    const settings: Array<Setting> = []
    for (const file of yield* expandInclude(pathIn(place.directory, named))) {
      place.afterInclude = false
      settings.push(...(yield* readConfigFile(file, place, depth + 1)))
    }
    place.afterInclude = true
    return settings
  })

/** The settings of a file. Included paths count from the directory the lines before have chosen, as in Redis. */
export const readConfigFile = (
  path: string,
  place: Place,
  depth = 0,
): Effect.Effect<ReadonlyArray<Setting>, FileError, FileSystem.FileSystem> =>
  Effect.flatMap(readText(path), (text) => parseConfigText(text, path, place, depth))
