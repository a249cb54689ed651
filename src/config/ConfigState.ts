/**
 * The configuration a running server holds: typed values for the code, texts for CONFIG GET, and the rules of CONFIG SET.
 *
 * `values` is one plain object that lives as long as the server and is changed in place, so that hot code reads
 * `values.protoMaxBulkLen` and is never told of a change. Invariant: for every directive, `values[field]` is what its kind
 * parses from `texts.get(name)`. Both change together, in `assign` only. Names and texts are byte texts (see ByteText).
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { lowerAscii } from "./ByteText.js"
import {
  type DirectiveName,
  entries,
  type Entry,
  findDirective,
  type RedixValues,
  runtimeNames,
} from "./Directives.js"
import type { Parsed } from "./Kinds.js"
import { isPattern, matchesPattern } from "./Pattern.js"
import { type OutputBufferLimits, parseOutputBufferLimits } from "./StructuredKinds.js"

export type ConfigSetResult =
  | {
      readonly ok: true
      /** Canonical names whose value is another now. */ readonly changed: ReadonlyArray<DirectiveName>
    }
  | { readonly ok: false; /** The whole error reply, without "-". */ readonly error: string }

/** Gets the new text of a directive; a text in return refuses the change and is its reason. */
type ChangeHook = (text: string) => string | undefined

/** Makes a change that takes time true; answers the reason of a refusal. It reads the values, and may be run again. */
type LaterHook = Effect.Effect<string | undefined>

export interface ConfigSetOptions {
  /** Whether the client is on the loopback or the unix socket, for `enable-protected-configs local`. */
  readonly local?: boolean
  /** The error reply for what may not change while a data set is loaded; undefined where none is. */
  readonly loading?: string | undefined
}

/** A note for the log at start: a setting that has no effect. */
export interface ConfigWarning {
  readonly source: string
  readonly key: string
  readonly reason: string
}

export const warningText = (warning: ConfigWarning): string =>
  `Configuration, ${warning.source}: '${warning.key}' ${warning.reason}`

const failed = (name: string, reason: string): ConfigSetResult => ({
  ok: false,
  error: `ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`,
})

interface Change {
  /** As the error names it. */
  readonly shown: string
  readonly entry: Entry
  readonly given: string
}

interface Defaults {
  readonly values: RedixValues
  readonly texts: ReadonlyMap<DirectiveName, string>
}

const parseDefaults = (): Defaults => {
  const values: Record<string, unknown> = {}
  const texts = new Map<DirectiveName, string>()
  for (const entry of entries) {
    const parsed = entry.kind.parse(entry.defaultText)
    if (!parsed.ok) throw new Error(`the default of ${entry.name} is refused: ${parsed.reason}`)
    values[entry.field] = parsed.value
    texts.set(entry.name, parsed.text)
  }
  if (!isComplete(values)) throw new Error("a directive has no value")
  // An object grown by two hundred fields is a hash table to V8; a copy has fast fields (0.7 ns a read instead of 4).
  return { values: { ...values }, texts }
}

const isComplete = (values: Record<string, unknown>): values is Record<string, unknown> & RedixValues =>
  entries.every((entry) => entry.field in values)

let parsedDefaults: Defaults | undefined

/** Parsed once, when the first server starts: it is a fifth of a start, and nobody changes a value in place. */
const defaults = (): Defaults => (parsedDefaults ??= parseDefaults())

/** The default of a directive, as CONFIG GET shows it. */
export const defaultText = (name: DirectiveName): string => defaults().texts.get(name) ?? ""

export class ConfigState {
  readonly values: RedixValues
  /** What the sources at start had to say; for the log. */
  readonly warnings: Array<ConfigWarning> = []
  /** The absolute path of the configuration file, "" without one. CONFIG REWRITE writes it. */
  configFile = ""
  /** Directives that files included by it give: CONFIG REWRITE must say what they are now, be it the default. */
  readonly fromIncludes = new Set<DirectiveName>()
  /** Where the directives stood that were given at the start: each line of those that add up. */
  readonly sources = new Map<DirectiveName, ReadonlyArray<string>>()
  /** Secrets among them: nothing that prints the state shows these. */
  readonly #texts = new Map<DirectiveName, string>()
  private readonly hooks = new Map<string, Array<ChangeHook>>()
  private readonly laterHooks = new Map<string, LaterHook>()
  private readonly later = Semaphore.makeUnsafe(1)
  /** Some listener goes by the addresses and ports of this configuration. */
  private placed = false

  constructor() {
    this.values = { ...defaults().values }
  }

  /** The text of a directive, by its canonical name, as CONFIG GET shows it. */
  text(name: DirectiveName): string {
    return this.#texts.get(name) ?? defaultText(name)
  }

  /** The texts of the directives that were ever given one, as they are now. All others have their defaults. */
  get givenTexts(): ReadonlyMap<DirectiveName, string> {
    return new Map(this.#texts)
  }

  /** Where a directive stood, or the line of it that is meant, for messages. */
  sourceOf(name: DirectiveName, line = 0): string {
    return this.sources.get(name)?.[line] ?? "the configuration"
  }

  isDefault(entry: Entry): boolean {
    return this.text(entry.name) === entry.defaultText
  }

  /** Calls `hook` at each change of a directive (by its canonical name) through CONFIG SET, in order of registration. */
  onChange(name: DirectiveName, hook: ChangeHook): void {
    const hooks = this.hooks.get(name)
    if (hooks === undefined) this.hooks.set(name, [hook])
    else hooks.push(hook)
  }

  /**
   * As `onChange`, for what takes time: such directives are set by `configSetLater`, and `hook` runs once for all that
   * have changed together. What is answered takes the hook off again.
   */
  onChangeLater(names: ReadonlyArray<DirectiveName>, hook: LaterHook): () => void {
    for (const name of names) this.laterHooks.set(name, hook)
    return () => {
      for (const name of names) if (this.laterHooks.get(name) === hook) this.laterHooks.delete(name)
    }
  }

  /** Whether the caller's listener is the one that goes by the addresses and ports of this configuration, for its scope. */
  readonly placing: Effect.Effect<boolean, never, Scope.Scope> = Effect.acquireRelease(
    Effect.sync(() => {
      const first = !this.placed
      this.placed = true
      return first
    }),
    (first) => Effect.sync(() => void (this.placed = this.placed && !first)),
  )

  /** Whether setting a directive, by whichever of its names, takes time. */
  takesTime(name: string): boolean {
    const entry = findDirective(name)
    return entry !== undefined && this.laterHooks.has(entry.name)
  }

  /**
   * Sets a directive for the server itself: at start, and where a command changes what the configuration shows (REPLICAOF
   * sets `replicaof`). No hook is called, immutable directives may change. Returns the reason of a refusal.
   */
  assignText(name: DirectiveName, text: string): string | undefined {
    const entry = findDirective(name)
    return entry === undefined ? `no such directive: ${name}` : this.assignEntry(entry, text, true)
  }

  assignEntry(entry: Entry, text: string, atStart: boolean): string | undefined {
    const parsed = this.parse(entry, text, atStart)
    if (!parsed.ok) return parsed.reason
    this.assign(entry, parsed)
    return undefined
  }

  /** CONFIG GET: names and values. An exact name comes back as it was typed; a pattern gives the names it matches. */
  configGet(patterns: ReadonlyArray<string>): Array<[name: string, value: string]> {
    const found = new Map<string, [string, string]>()
    for (const pattern of patterns) {
      if (!isPattern(pattern)) {
        const entry = findDirective(pattern)
        const key = lowerAscii(pattern)
        if (entry !== undefined && !found.has(key)) found.set(key, [pattern, this.text(entry.name)])
        continue
      }
      for (const [name, entry] of runtimeNames) {
        if (!entry.hidden && !found.has(name) && matchesPattern(pattern, name, true))
          found.set(name, [name, this.text(entry.name)])
      }
    }
    return [...found.values()]
  }

  /** CONFIG SET: all of the pairs or none. */
  configSet(
    pairs: ReadonlyArray<readonly [string, string]>,
    options: ConfigSetOptions = {},
  ): ConfigSetResult {
    const changes = this.changesOf(pairs, options)
    return Array.isArray(changes) ? this.apply(changes) : changes
  }

  /** As `configSet`, where changes may take time: one after another, each to its end. */
  configSetLater(
    pairs: ReadonlyArray<readonly [string, string]>,
    options: ConfigSetOptions = {},
  ): Effect.Effect<ConfigSetResult> {
    const set = Effect.suspend(() => {
      const changes = this.changesOf(pairs, options)
      return Array.isArray(changes) ? this.applyLater(changes) : Effect.succeed(changes)
    })
    return Effect.uninterruptible(this.later.withPermits(1)(set))
  }

  private applyLater(changes: ReadonlyArray<Change>): Effect.Effect<ConfigSetResult> {
    return Effect.gen({ self: this }, function* () {
      const { result, undo } = this.attempt(changes)
      if (!result.ok) return result
      const done: Array<LaterHook> = []
      for (const name of result.changed) {
        const hook = this.laterHooks.get(name)
        if (hook === undefined || done.includes(hook)) continue
        done.push(hook)
        const reason = yield* hook
        if (reason === undefined) continue
        undo()
        yield* Effect.logWarning(
          `Failed applying new configuration. Possibly related to new ${name} setting. Restoring previous settings.`,
        )
        for (const again of done) yield* again
        return failed(changes.find(({ entry }) => entry.name === name)?.shown ?? name, reason)
      }
      return result
    })
  }

  /** The refusal CONFIG SET gives before it looks at values, if any. */
  checkSet(
    pairs: ReadonlyArray<readonly [string, string]>,
    options: ConfigSetOptions,
  ): ConfigSetResult | undefined {
    const changes = this.changesOf(pairs, options)
    return Array.isArray(changes) ? undefined : changes
  }

  private changesOf(
    pairs: ReadonlyArray<readonly [string, string]>,
    options: ConfigSetOptions,
  ): Array<Change> | ConfigSetResult {
    const changes: Array<Change> = []
    const seen = new Set<string>()
    for (const [name, given] of pairs) {
      const entry = findDirective(name)
      if (entry === undefined)
        return { ok: false, error: `ERR Unknown option or number of arguments for CONFIG SET - '${name}'` }
      const shown = lowerAscii(name)
      const locked = this.lockedReason(entry, options.local === true)
      if (locked !== undefined) return failed(name, locked)
      if (entry.fixedWhileLoading && options.loading !== undefined)
        return { ok: false, error: options.loading }
      if (seen.has(shown)) return failed(name, "duplicate parameter")
      seen.add(shown)
      changes.push({ shown, entry, given })
    }
    return changes
  }

  private lockedReason(entry: Entry, local: boolean): string | undefined {
    if (entry.mutability === "immutable") return "can't set immutable config"
    if (entry.mutability === "mutable") return undefined
    const allowed = this.values.enableProtectedConfigs
    return allowed === "yes" || (allowed === "local" && local) ? undefined : "can't set protected config"
  }

  /**
   * As `assignEntry` at start; what has no effect is checked and not assigned. Answers the text it would have, or the
   * reason of a refusal.
   */
  assignAtStart(entry: Entry, text: string): Parsed<unknown> {
    const parsed = this.parse(entry, text, true)
    if (parsed.ok && entry.support !== "none") this.assign(entry, parsed)
    return parsed
  }

  private parse(entry: Entry, text: string, atStart: boolean): Parsed<unknown> {
    const parsed =
      entry.name === "client-output-buffer-limit"
        ? parseOutputBufferLimits(text, this.limits())
        : entry.kind.parse(text)
    if (!parsed.ok || entry.clamp === undefined || (atStart && !entry.clampAtStart)) return parsed
    return entry.kind.parse(entry.clamp(parsed.text))
  }

  private limits(): OutputBufferLimits {
    return this.values.clientOutputBufferLimit
  }

  private assign(entry: Entry, parsed: { readonly value: unknown; readonly text: string }): void {
    Object.assign(this.values, { [entry.field]: parsed.value })
    this.#texts.set(entry.name, parsed.text)
  }

  /** What Redix cannot do, said instead of answering OK. */
  private unableReason(entry: Entry, text: string): string | undefined {
    if (text === this.text(entry.name)) return undefined
    if (entry.support === "none" || entry.support === "refused") return "Redix does not support this setting"
    if (entry.needsHook && !this.hooks.has(entry.name) && !this.laterHooks.has(entry.name))
      return "Redix can't change this setting while it runs"
    return undefined
  }

  private apply(changes: ReadonlyArray<Change>): ConfigSetResult {
    const waits = changes.find(
      ({ entry, given }) => this.laterHooks.has(entry.name) && this.differs(entry, given),
    )
    if (waits !== undefined)
      return failed(waits.shown, "Redix can't change this setting inside a transaction")
    return this.attempt(changes).result
  }

  private differs(entry: Entry, given: string): boolean {
    const parsed = this.parse(entry, given, false)
    return parsed.ok && parsed.text !== this.text(entry.name)
  }

  /** Sets all or none of the values and calls their hooks; `undo` takes back what was set. */
  private attempt(changes: ReadonlyArray<Change>): { result: ConfigSetResult; undo: () => void } {
    const before = new Map<Entry, { readonly value: unknown; readonly text: string }>()
    const restore = () => {
      for (const [entry, old] of before) this.assign(entry, old)
    }
    for (const { shown, entry, given } of changes) {
      const parsed = this.parse(entry, given, false)
      const reason = parsed.ok ? this.unableReason(entry, parsed.text) : parsed.reason
      if (!parsed.ok || reason !== undefined) {
        restore()
        return { result: failed(shown, reason ?? ""), undo: restore }
      }
      if (!before.has(entry))
        before.set(entry, { value: this.values[entry.field], text: this.text(entry.name) })
      this.assign(entry, parsed)
    }
    const changed = [...before].filter(([entry, old]) => old.text !== this.text(entry.name))
    for (const [index, [entry]] of changed.entries()) {
      const reason = this.callHooks(entry)
      if (reason === undefined) continue
      restore()
      // Those that were told of the new values are told of the old ones; this one's own hooks may have half applied it.
      for (const [told] of changed.slice(0, index + 1)) this.callHooks(told)
      const shown = changes.find((change) => change.entry === entry)?.shown ?? entry.name
      return { result: failed(shown, reason), undo: restore }
    }
    const undo = (): void => {
      restore()
      for (const [entry] of changed) this.callHooks(entry)
    }
    return { result: { ok: true, changed: changed.map(([entry]) => entry.name) }, undo }
  }

  private callHooks(entry: Entry): string | undefined {
    for (const hook of this.hooks.get(entry.name) ?? []) {
      const reason = hook(this.text(entry.name))
      if (reason !== undefined) return reason
    }
    return undefined
  }
}
