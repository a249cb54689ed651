/**
 * The configuration service. Every way to it ends in one place: texts by directive name, checked by the directive table.
 *
 * - `RedixConfig.layer()` reads the ConfigProvider of its surroundings, so that an app can hand settings to Redix its own way.
 * - `RedixConfig.layerOf({ port: 0, save: "" })` is for embedding.
 * - `RedixConfig.layerStart({ environment })` is the program's: command line, environment, redis.conf, defaults.
 *
 * Hot code takes `(yield* RedixConfig).values` once and reads its fields.
 */
import { systemReason } from "../bytes/SystemReason.js"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { fromByteText, toByteText } from "./ByteText.js"
import { type Included, parseArgv } from "./CommandLine.js"
import { type ConfigFileError, InvalidConfigError } from "./ConfigErrors.js"
import {
  firstPlace,
  parseConfigText,
  type Place,
  readConfigFile,
  readIncluded,
  settingIn,
} from "./ConfigFile.js"
import {
  type ConfigSetOptions,
  type ConfigSetResult,
  ConfigState,
  type ConfigWarning,
} from "./ConfigState.js"
import {
  type Table,
  type ValueOf,
  entries,
  type Entry,
  findDirective,
  findStartDirective,
} from "./Directives.js"
import { splitWords } from "../bytes/Words.js"
import { pathIn, resolveDirectory } from "./Directory.js"
import {
  type Environment,
  environmentSettings,
  makeSetting,
  mergeSettings,
  overruled,
  type Setting,
  settingWarning,
} from "./Settings.js"

/** A value in an override: booleans are yes and no, a list is the words of a line, bytes are a secret that is no text. */
type Override = string | number | boolean | Uint8Array | Redacted.Redacted | ReadonlyArray<string | number>

type Unit = "b" | "k" | "kb" | "m" | "mb" | "g" | "gb" | "%"

/** What may be given for a directive whose value is an A: `port` takes no "abc", `maxmemory` takes "100mb". */
type OverrideOf<A> = [A] extends [number]
  ? number | `${number}` | `${number}${Unit | Uppercase<Unit>}`
  : [A] extends [boolean]
    ? boolean | "yes" | "no"
    : [A] extends [string]
      ? string extends A
        ? string | number | Uint8Array
        : A | ("yes" extends A ? boolean : never)
      : [A] extends [Redacted.Redacted]
        ? string | number | Uint8Array | Redacted.Redacted
        : Override

/** Directives by name, each with a value of its kind. */
export type Overrides = {
  readonly [Name in keyof Table]?: OverrideOf<ValueOf<Name>>
} & {
  /** As `dbfilename`, which is its name in redis.conf. */
  readonly filename?: string
}

/** What the sources gave, ready to be read. */
interface Gathered {
  readonly settings: ReadonlyArray<Setting>
  readonly warnings: ReadonlyArray<ConfigWarning>
  /** Absolute, or "". */
  readonly configFile: string
}

/** Where a program's settings come from. */
export interface StartOptions {
  /** The process's environment; bytes where a value is no UTF-8. */
  readonly environment: Environment
  /** The arguments, bytes where one is no UTF-8; those of Stdio when absent. */
  readonly args?: ReadonlyArray<string | Uint8Array>
  /** The weakest of the sources, in place of Redis's defaults. */
  readonly defaults?: Overrides
}

/** Why a start is refused. The program handles `--help` and `--version` by `parseArgv` before it builds the layer. */
export type ConfigStartError = InvalidConfigError | ConfigFileError

/** What an app sees of the configuration. */
export interface RedixConfigShape {
  /** By directive in camel case, as they are now. */
  readonly values: Readonly<ConfigState["values"]>
  /** What the sources at start had to say; for the log. */
  readonly warnings: ReadonlyArray<ConfigWarning>
  /** A directive's value as CONFIG GET shows it. */
  readonly text: ConfigState["text"]
  /** Names and values of the directives that match any of the patterns. */
  readonly configGet: ConfigState["configGet"]
  /** Sets all of the directives, or none. */
  readonly configSet: ConfigState["configSet"]
  /** Calls back when CONFIG SET has changed a directive. */
  readonly onChange: ConfigState["onChange"]
}

/** The configuration as a service: what directives are set to, as values, and as CONFIG GET and SET see them. */
export class RedixConfig extends Context.Service<RedixConfig, RedixConfigShape>()(
  "redix/config/RedixConfig",
) {
  /** Settings from the ConfigProvider of the surroundings, under the directives' names; else Redis's defaults. */
  static layer(): Layer.Layer<RedixConfig, InvalidConfigError> {
    return Layer.effect(
      RedixConfig,
      Effect.flatMap(Effect.suspend(providedTexts), (texts) => readState(texts, new Map())),
    )
  }

  /** Settings by name; what is not among them is Redis's default. */
  static layerOf(overrides: Overrides = {}): Layer.Layer<RedixConfig, InvalidConfigError> {
    return Layer.effect(
      RedixConfig,
      Effect.flatMap(overrideSettings(overrides), (settings) =>
        stateOf({ settings, warnings: [], configFile: "" }),
      ),
    )
  }

  /** Settings as a program gets them: command line, environment and file, the strongest first. */
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
  if (Redacted.isRedacted(value)) return [toByteText(Redacted.value(value))]
  if (value instanceof Uint8Array) return [toByteText(value)]
  if (typeof value === "object") return value.map((word) => toByteText(String(word)))
  return [toByteText(String(value))]
}

/** Users come in lines, a text of them as in a file; everything else is one line. */
const overrideLines = (
  name: string,
  value: Override | null | undefined,
): ReadonlyArray<ReadonlyArray<string>> => {
  const words = overrideWords(value)
  if (findStartDirective(name)?.name !== "user" || words.length !== 1) return [words]
  return words
    .join()
    .split("\n")
    .map((line) => splitWords(line) ?? [])
    .filter((words) => words.length > 0)
}

const overrideSettings = Effect.fnUntraced(function* (overrides: Overrides) {
  const settings: Array<Setting> = []
  for (const [name, value] of Object.entries(overrides)) {
    for (const words of overrideLines(name, value)) {
      const setting = makeSetting(name, words, "the options")
      if (setting instanceof InvalidConfigError) return yield* setting
      settings.push(setting)
    }
  }
  return settings
})

const invalid = (source: string, key: string, value: string, reason: string): InvalidConfigError =>
  new InvalidConfigError({ source, key, value: fromByteText(value), reason })

/** What the ConfigProvider of the surroundings has, under the directives' names or their aliases. */
const providedTexts = Effect.fnUntraced(function* () {
  const provider = yield* ConfigProvider.ConfigProvider
  const texts = new Map<string, string>()
  for (const { name, aliases, startAliases } of entries) {
    for (const path of [name, ...aliases, ...startAliases]) {
      const node = yield* provider
        .load([path])
        .pipe(Effect.mapError((error) => invalid("the configuration", name, "", error.message)))
      if (node?.value === undefined) continue
      texts.set(name, toByteText(node.value))
      break
    }
  }
  return texts
})

/** The state that the directives' texts make; `origins` says where a directive's text stood. */
const readState = (
  texts: ReadonlyMap<string, string>,
  origins: ReadonlyMap<string, string>,
): Effect.Effect<ConfigState, InvalidConfigError> => {
  const state = new ConfigState()
  // In the table's order, so that of several bad ones the same is told each time.
  for (const entry of entries) {
    const text = texts.get(entry.name)
    if (text === undefined) continue
    const source = origins.get(entry.name) ?? "the configuration"
    const shown = entry.secret ? "" : text
    if (entry.support === "refused" && text !== "")
      return Effect.fail(invalid(source, entry.name, shown, "Redix does not support this setting"))
    const given = state.assignAtStart(entry, text)
    if (!given.ok) return Effect.fail(invalid(source, entry.name, shown, given.reason))
    const warning = settingWarning({ entry, source }, given.text)
    if (warning !== undefined) state.warnings.push(warning)
  }
  return Effect.succeed(state)
}

const stateOf = Effect.fnUntraced(function* (gathered: Gathered) {
  const merged = mergeSettings(gathered.settings)
  const texts = new Map(merged.map(({ entry, text }) => [entry.name, text] as const))
  const origins = new Map(merged.map(({ entry, source }) => [entry.name, source] as const))
  const state = yield* readState(texts, origins)
  state.warnings.unshift(...gathered.warnings)
  state.configFile = gathered.configFile
  for (const { entry, sources } of merged) state.sources.set(entry.name, sources)
  for (const { entry, included } of gathered.settings)
    if (included === true) state.fromIncludes.add(entry.name)
  return state
})

/** As `stateOf`, with `dir`, where there is one, made absolute, and `logfile` tried: it must be there, or it is made. */
const startState = Effect.fnUntraced(function* (gathered: Gathered) {
  const state = yield* stateOf(gathered)
  if (state.values.dir !== "") {
    const absolute = yield* resolveDirectory("", state.values.dir).pipe(
      Effect.mapError(({ reason }) => invalid("the defaults", "dir", state.text("dir"), reason)),
    )
    state.assignText("dir", toByteText(absolute))
  }
  const { dir, logfile } = state.values
  if (logfile !== "") {
    const fs = yield* FileSystem.FileSystem
    const source = gathered.settings.findLast(({ entry }) => entry.name === "logfile")?.source
    yield* Effect.scoped(fs.open(pathIn(dir, logfile), { flag: "a" })).pipe(
      Effect.mapError((error) => {
        const reason = `Can't open the log file: ${systemReason(error)}`
        return invalid(source ?? "the defaults", "logfile", state.text("logfile"), reason)
      }),
    )
  }
  return state
})

/** Makes `dir` absolute: it must exist. Without one, no file is read or written, so none may be asked for. */
export const checkDirectory = Effect.fnUntraced(function* (
  state: ConfigState,
): Effect.fn.Return<void, InvalidConfigError, FileSystem.FileSystem> {
  const { dir, save, appendonly } = state.values
  if (dir === "") {
    if (appendonly)
      return yield* invalid("the options", "appendonly", "yes", "An append-only file needs a 'dir'")
    if (save.length === 0) return
    return yield* invalid("the options", "save", state.text("save"), "Save points need a 'dir'")
  }
  const resolved = yield* resolveDirectory("", dir).pipe(
    Effect.mapError(({ reason }) => invalid("the options", "dir", dir, reason)),
  )
  state.assignText("dir", toByteText(resolved))
})

const readStdin = Effect.fnUntraced(function* (place: Place) {
  const stdio = yield* Stdio.Stdio
  const chunks = yield* Stream.runCollect(stdio.stdin).pipe(
    Effect.mapError((error) => invalid("standard input", "-", "", systemReason(error))),
  )
  const text = chunks.map((chunk) => toByteText(chunk)).join("")
  return yield* parseConfigText(text, "standard input", place)
})

/** A bad `dir` of the environment stops nothing where the command line has one. */
const readEnvironment = Effect.fnUntraced(function* (
  given: Environment,
  decided: ReadonlySet<Entry>,
  place: Place,
) {
  const environment = environmentSettings(given, decided)
  if (environment instanceof InvalidConfigError) return yield* environment
  const warnings = [...environment.warnings]
  const settings: Array<Setting> = []
  for (const setting of environment.settings) {
    const placed = yield* Effect.result(settingIn(setting, place))
    if (placed._tag === "Success") settings.push(placed.success)
    else if (decided.has(setting.entry)) warnings.push(overruled(placed.failure))
    else return yield* placed.failure
  }
  return { settings, warnings }
})

const readOption = Effect.fnUntraced(function* (option: Setting | Included, place: Place) {
  if ("include" in option) {
    const found = yield* readIncluded(option.include, "command line", place)
    return found.map((setting): Setting => ({ ...setting, included: false }))
  }
  return [yield* settingIn(option, place)]
})

/** Everything the command line, the environment and the files say, the weakest source first. */
const gather = Effect.fnUntraced(function* (options: StartOptions) {
  const fs = yield* FileSystem.FileSystem
  const args = options.args ?? (yield* (yield* Stdio.Stdio).args)
  const line = parseArgv(args.map(toByteText))
  if (line.kind === "refused") return yield* line.error
  if (line.kind !== "run") return { settings: [], warnings: [], configFile: "" } satisfies Gathered
  const file = line.file === undefined ? undefined : fromByteText(line.file)
  const place = firstPlace()
  const fromFile = file === undefined ? [] : yield* readConfigFile(file, place)
  const configFile = file === undefined ? "" : yield* fs.realPath(file).pipe(Effect.orElseSucceed(() => file))
  const fromStdin = line.stdin ? yield* readStdin(place) : []
  const decided = new Set(line.options.flatMap((option) => ("entry" in option ? [option.entry] : [])))
  const environment = yield* readEnvironment(options.environment, decided, place)
  const defaults = yield* overrideSettings(options.defaults ?? {})
  const settings = [...defaults, ...fromFile, ...fromStdin, ...environment.settings]
  for (const option of line.options) settings.push(...(yield* readOption(option, place)))
  return { settings, warnings: environment.warnings, configFile } satisfies Gathered
})

/** CONFIG SET that may take time. A `dir` among the pairs must name an existing directory, which becomes absolute. */
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
    const path = yield* Effect.result(resolveDirectory(state.values.dir, fromByteText(value)))
    if (path._tag === "Failure") {
      const error = `ERR CONFIG SET failed (possibly related to argument 'dir') - ${path.failure.reason}`
      missing ??= { ok: false, error }
    }
    resolved.push([name, path._tag === "Success" ? toByteText(path.success) : value])
  }
  if (missing === undefined) return yield* state.configSetLater(resolved, options)
  // The other checks come first, as in Redis: with no `dir` to change, nothing else may change either.
  const others = state.checkSet(pairs, options)
  return others ?? missing
})

/** The configuration whole, for the server's own parts. */
export const configIn = (services: Context.Context<RedixConfig>): ConfigState => {
  const config = Context.get(services, RedixConfig)
  if (!(config instanceof ConfigState))
    throw new Error("the configuration is not one of this package's layers")
  return config
}

/** As `configIn`, where that is all a fiber asks for. */
export const theConfig: Effect.Effect<ConfigState, never, RedixConfig> = Effect.map(
  Effect.context<RedixConfig>(),
  configIn,
)
