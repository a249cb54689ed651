/**
 * The configuration service. Every way to it ends in one place: text values by directive name in a ConfigProvider, read
 * through Effect's Config, checked by the directive table.
 *
 * - `RedixConfig.layer()` reads the ConfigProvider of its surroundings, so that an app can hand settings to Redix its own way.
 * - `RedixConfig.layerOf({ port: 0, save: "" })` is for embedding.
 * - `RedixConfig.layerStart({ environment })` is the program's: command line, environment, redis.conf, defaults.
 *
 * Hot code takes `(yield* RedixConfig).values` once and reads its fields.
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { parseArgv } from "./CommandLine.js"
import { type ConfigFileError, InvalidConfigError } from "./ConfigErrors.js"
import { parseConfigText, platformReason, readConfigFile, readIncludes } from "./ConfigFile.js"
import {
  type ConfigSetOptions,
  type ConfigSetResult,
  ConfigState,
  type ConfigWarning,
} from "./ConfigState.js"
import { type DirectiveName, entries, type Entry, findDirective } from "./Directives.js"
import { environmentSettings, makeSetting, mergeSettings, type Setting, settingWarning } from "./Settings.js"

/** A value for `layerOf`: booleans are yes and no, a list is the words of a line. */
export type Override = string | number | boolean | ReadonlyArray<string | number>

export type Overrides = { readonly [Name in DirectiveName | "filename"]?: Override }

/** What the sources gave, ready to be read. */
interface Gathered {
  readonly settings: ReadonlyArray<Setting>
  readonly warnings: ReadonlyArray<ConfigWarning>
  /** Absolute, or "". */
  readonly configFile: string
}

export interface StartOptions {
  /** The process's environment. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The arguments; those of Stdio when absent. */
  readonly args?: ReadonlyArray<string>
}

/** Why a start is refused. The program handles `--help` and `--version` by `parseArgv` before it builds the layer. */
export type ConfigStartError = InvalidConfigError | ConfigFileError

export class RedixConfig extends Context.Service<RedixConfig, ConfigState>()("redix/config/RedixConfig") {
  static layer(): Layer.Layer<RedixConfig, InvalidConfigError> {
    return Layer.effect(
      RedixConfig,
      Effect.suspend(() => readState(new Map())),
    )
  }

  static layerOf(overrides: Overrides = {}): Layer.Layer<RedixConfig, InvalidConfigError> {
    return Layer.effect(
      RedixConfig,
      Effect.suspend(() => {
        const settings: Array<Setting> = []
        for (const [name, value] of Object.entries(overrides)) {
          const setting = makeSetting(name, overrideWords(value), "the options")
          if (setting instanceof InvalidConfigError) return Effect.fail(setting)
          settings.push(setting)
        }
        return stateOf({ settings, warnings: [], configFile: "" })
      }),
    )
  }

  static layerStart(
    options: StartOptions,
  ): Layer.Layer<RedixConfig, ConfigStartError, FileSystem.FileSystem | Stdio.Stdio> {
    return Layer.effect(RedixConfig, Effect.flatMap(gather(options), startState))
  }
}

const overrideWords = (value: Override | null | undefined): ReadonlyArray<string> => {
  // From JavaScript: no value is a wrong number of arguments.
  if (value === null || value === undefined) return []
  if (typeof value === "boolean") return [value ? "yes" : "no"]
  if (typeof value === "object") return value.map(String)
  return [String(value)]
}

/** A provider of merged settings: one text a directive, empty texts included. */
const providerOf = (texts: ReadonlyMap<string, string>): ConfigProvider.ConfigProvider =>
  ConfigProvider.make((path) => {
    const [name] = path
    const text = path.length === 1 && typeof name === "string" ? texts.get(name) : undefined
    return Effect.succeed(text === undefined ? undefined : ConfigProvider.makeValue(text))
  })

/**
 * The text a ConfigProvider has under the directive's name or one of its aliases. It is asked first whether it has
 * anything there: to decode two hundred absent settings would be the longest part of a start in process.
 */
const readText = Effect.fnUntraced(function* (entry: Entry) {
  const provider = yield* ConfigProvider.ConfigProvider
  for (const name of [entry.name, ...entry.aliases, ...entry.startAliases]) {
    if ((yield* provider.load([name])) === undefined) continue
    const text = yield* Config.option(Config.String(name))
    if (Option.isSome(text)) return text.value
  }
  return undefined
})

const invalid = (source: string, key: string, value: string, reason: string): InvalidConfigError =>
  new InvalidConfigError({ source, key, value, reason })

/** Reads every directive through Config. `origins` says where a directive's value stood. */
const readState = Effect.fnUntraced(function* (origins: ReadonlyMap<string, string>) {
  const state = new ConfigState()
  for (const entry of entries) {
    const source = origins.get(entry.name) ?? "the configuration"
    const text = yield* readText(entry).pipe(
      Effect.mapError((error) => invalid(source, entry.name, "", error.message)),
    )
    if (text === undefined) continue
    const shown = entry.secret ? "" : text
    if (entry.support === "refused" && text !== "")
      return yield* invalid(source, entry.name, shown, "Redix does not support this setting")
    const reason = state.assignEntry(entry, text, true)
    if (reason !== undefined) return yield* invalid(source, entry.name, shown, reason)
    const warning = settingWarning({ entry, source }, state.text(entry.name))
    if (warning !== undefined) state.warnings.push(warning)
  }
  return state
})

const stateOf = Effect.fnUntraced(function* (gathered: Gathered) {
  const merged = mergeSettings(gathered.settings)
  const texts = new Map(merged.map(({ entry, text }) => [entry.name, text] as const))
  const origins = new Map(merged.map(({ entry, source }) => [entry.name, source] as const))
  const state = yield* readState(origins).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, providerOf(texts)),
  )
  state.warnings.unshift(...gathered.warnings)
  state.configFile = gathered.configFile
  return state
})

/** As `stateOf`, with `dir` made absolute: it must exist. So must `logfile`, or it is made: it must take lines. */
const startState = Effect.fnUntraced(function* (gathered: Gathered) {
  const state = yield* stateOf(gathered)
  const given = gathered.settings.findLast(({ entry }) => entry.name === "dir")
  const dir = state.values.dir
  const resolved = yield* resolveDirectory(dir).pipe(
    Effect.mapError((reason) => invalid(given?.source ?? "the defaults", "dir", dir, reason)),
  )
  state.assignText("dir", resolved)
  const { logfile } = state.values
  if (logfile !== "") {
    const fs = yield* FileSystem.FileSystem
    const source = gathered.settings.findLast(({ entry }) => entry.name === "logfile")?.source
    yield* fs.writeFileString(logfile, "", { flag: "a" }).pipe(
      Effect.mapError((error) => {
        const reason = `Can't open the log file: ${platformReason(error)}`
        return invalid(source ?? "the defaults", "logfile", logfile, reason)
      }),
    )
  }
  return state
})

/** The absolute path of an existing directory, or the reason there is none, in Redis's words. */
const resolveDirectory = Effect.fnUntraced(function* (path: string) {
  const fs = yield* FileSystem.FileSystem
  if (path === "") return yield* Effect.fail("No such file or directory")
  const resolved = yield* fs.realPath(path).pipe(Effect.mapError(platformReason))
  const info = yield* fs.stat(resolved).pipe(Effect.mapError(platformReason))
  return info.type === "Directory" ? resolved : yield* Effect.fail("Not a directory")
})

/** Makes `dir` absolute: it must exist. Without one, no file is read or written, so none may be asked for. */
export const checkDirectory = Effect.fnUntraced(function* (
  state: ConfigState,
): Effect.fn.Return<void, InvalidConfigError, FileSystem.FileSystem> {
  const { dir, save } = state.values
  if (dir === "") {
    if (save.length === 0) return
    return yield* invalid("the options", "save", state.text("save"), "Save points need a 'dir'")
  }
  const resolved = yield* resolveDirectory(dir).pipe(
    Effect.mapError((reason) => invalid("the options", "dir", dir, reason)),
  )
  state.assignText("dir", resolved)
})

const readStdin = Effect.fnUntraced(function* () {
  const stdio = yield* Stdio.Stdio
  const text = yield* Stream.mkString(Stream.decodeText(stdio.stdin)).pipe(
    Effect.mapError((error) => invalid("standard input", "-", "", platformReason(error))),
  )
  return yield* parseConfigText(text, "standard input")
})

/** Everything the command line, the environment and the files say, the weakest source first. */
const gather = Effect.fnUntraced(function* (options: StartOptions) {
  const fs = yield* FileSystem.FileSystem
  const args = options.args ?? (yield* (yield* Stdio.Stdio).args)
  const line = parseArgv(args)
  if (line.kind === "refused") return yield* line.error
  if (line.kind !== "run") return { settings: [], warnings: [], configFile: "" } satisfies Gathered
  const { file } = line
  const fromFile = file === undefined ? [] : yield* readConfigFile(file)
  const fromStdin = line.stdin ? yield* readStdin() : []
  const environment = environmentSettings(options.environment)
  if (environment instanceof InvalidConfigError) return yield* environment
  const included = yield* readIncludes(line.includes)
  const configFile = file === undefined ? "" : yield* fs.realPath(file).pipe(Effect.orElseSucceed(() => file))
  return {
    settings: [...fromFile, ...fromStdin, ...environment.settings, ...included, ...line.settings],
    warnings: environment.warnings,
    configFile,
  } satisfies Gathered
})

/** CONFIG SET where a `dir` among the pairs must name an existing directory, which becomes absolute. */
export const configSet = Effect.fnUntraced(function* (
  state: ConfigState,
  pairs: ReadonlyArray<readonly [string, string]>,
  options: ConfigSetOptions = {},
): Effect.fn.Return<ConfigSetResult, never, FileSystem.FileSystem> {
  const resolved: Array<readonly [string, string]> = []
  let missing: ConfigSetResult | undefined
  for (const [name, value] of pairs) {
    if (findDirective(name)?.name !== "dir") {
      resolved.push([name, value])
      continue
    }
    const path = yield* Effect.result(resolveDirectory(value))
    if (path._tag === "Failure") {
      const error = `ERR CONFIG SET failed (possibly related to argument 'dir') - ${path.failure}`
      missing ??= { ok: false, error }
    }
    resolved.push([name, path._tag === "Success" ? path.success : value])
  }
  if (missing === undefined) return state.configSet(resolved, options)
  // The other checks come first, as in Redis: with no `dir` to change, nothing else may change either.
  const others = state.checkSet(pairs, options)
  return others ?? missing
})
