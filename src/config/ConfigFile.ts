/**
 * Configuration files in redis.conf's syntax: a directive a line, its words parted by blanks, "#" comments, quotes (see
 * Words), and `include`, whose path may be a pattern. Included lines count where the `include` stands.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import { ConfigFileError, InvalidConfigError } from "./ConfigErrors.js"
import { isPattern, patternToRegExp } from "./Pattern.js"
import { makeSetting, type Setting } from "./Settings.js"
import { splitWords } from "./Words.js"

/** More than this is an include that includes itself. Redis has no bound and ends out of file descriptors. */
export const INCLUDE_DEPTH_MAX = 16

const reasons: Readonly<Record<string, string>> = {
  NotFound: "No such file or directory",
  PermissionDenied: "Permission denied",
  BadResource: "Is a directory",
}

/** The operating system's reason in Redis's words where it has one. */
export const platformReason = (error: PlatformError): string => {
  const code = /\b(E[A-Z]{2,})\b/.exec(error.message)?.[1]
  return reasons[error.reason._tag] ?? code ?? error.reason._tag
}

type FileError = ConfigFileError | InvalidConfigError

const readText = (path: string): Effect.Effect<string, ConfigFileError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(path)).pipe(
    Effect.mapError((error) => new ConfigFileError({ path, line: 0, reason: platformReason(error) })),
  )

const segmentMatches = Effect.fnUntraced(function* (bases: ReadonlyArray<string>, segment: string) {
  const fs = yield* FileSystem.FileSystem
  if (!isPattern(segment)) return bases.map((base) => base + segment)
  const matcher = patternToRegExp(segment, "", "[^/]")
  const found: Array<string> = []
  for (const base of bases) {
    const names = yield* fs.readDirectory(base === "" ? "." : base).pipe(Effect.orElseSucceed(() => []))
    for (const name of names.toSorted()) {
      if (matcher.test(name) && (segment.startsWith(".") || !name.startsWith("."))) found.push(base + name)
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
  depth = 0,
): Effect.Effect<ReadonlyArray<Setting>, FileError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const settings: Array<Setting> = []
    for (const [index, raw] of text.split("\n").entries()) {
      const line = raw.trim()
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
      if (key.toLowerCase() === "include" && rest.length === 1 && path !== undefined) {
        settings.push(...(yield* readIncluded(path, name, number, depth)))
        continue
      }
      const setting = makeSetting(key, rest, `${name} line ${number}`)
      if (setting instanceof InvalidConfigError) return yield* setting
      settings.push(setting)
    }
    return settings
  })

const readIncluded = Effect.fnUntraced(function* (path: string, name: string, line: number, depth: number) {
  if (depth >= INCLUDE_DEPTH_MAX)
    return yield* new ConfigFileError({ path: name, line, reason: `include '${path}' is nested too deeply` })
  const settings: Array<Setting> = []
  for (const file of yield* expandInclude(path)) settings.push(...(yield* readConfigFile(file, depth + 1)))
  return settings
})

/** The settings of a file. Included paths are relative to the working directory, as in Redis. */
export const readConfigFile = (
  path: string,
  depth = 0,
): Effect.Effect<ReadonlyArray<Setting>, FileError, FileSystem.FileSystem> =>
  Effect.flatMap(readText(path), (text) => parseConfigText(text, path, depth))

/** The settings `--include` options give. */
export const readIncludes = (
  paths: ReadonlyArray<string>,
): Effect.Effect<ReadonlyArray<Setting>, FileError, FileSystem.FileSystem> =>
  Effect.map(
    Effect.forEach(paths, (path) => readIncluded(path, "command line", 0, 0)),
    (lists) => lists.flat(),
  )
