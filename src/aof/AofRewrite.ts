/**
 * Rewrites an append-only file: a new base from the frozen view, while what is logged meanwhile goes to a new increment.
 *
 *     running   the increment is in the manifest before the cut, behind those that are there: at no moment is anything lost
 *     anew      the files that are there are void, or hold another data set: the increment waits under a temporary name
 *               until its base is there, and both take the place of all files in one step
 *     alone     no log is kept: the base is all
 *
 *     open the increment -> cut (in one turn) -> write the base -> switch the manifest -> remove the history
 *
 * Until the manifest is switched the files of before are whole, whatever fails and whenever the process dies.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Log } from "../engine/world/Log.js"
import type { RdbIoError } from "../rdb/format/RdbErrors.js"
import type { RdbFiles } from "../rdb/RdbPersistence.js"
import type { AofDirectory } from "./AofDirectory.js"
import type { AofIoError, ManifestError } from "./AofErrors.js"
import {
  type AofFile,
  baseNameOf,
  filesOf,
  incrementNameOf,
  type Manifest,
  tempIncrementNameOf,
} from "./Manifest.js"
import type { OpenIncrement } from "./OpenIncrement.js"
import type { Renewal } from "./Renewal.js"

export type RewriteKind = "running" | "anew" | "alone"
export type RewriteError = AofIoError | ManifestError | RdbIoError

export interface RewriteSettings {
  readonly aofUseRdbPreamble: boolean
  readonly aofTimestampEnabled: boolean
  readonly aofRewriteIncrementalFsync: boolean
  /** Files that are no longer needed stay. */
  readonly aofDisableAutoGc: boolean
}

interface RewriteOptions {
  readonly kind: RewriteKind
  /** The rewrite is under way: whoever asked for it may be told. */
  readonly begun: () => void
  /** In the turn of the cut: what is logged from now on goes to the increment. */
  readonly cut: (increment: OpenIncrement | undefined) => void
  /** The base is in the manifest. */
  readonly placed: Effect.Effect<void>
}

const NO_FILES: Manifest = { base: undefined, increments: [], history: [] }

const highest = (files: ReadonlyArray<{ readonly seq: number }>): number =>
  files.reduce((max, { seq }) => Math.max(max, seq), 0)

const bytesOf = (files: ReadonlyArray<{ readonly size: number }>): number =>
  files.reduce((sum, { size }) => sum + size, 0)

export class AofFiles {
  /** What the files are seen to hold is on the disk, too. */
  trusted = true
  /** Why not, where this process has found it out. */
  private whyNot: string | undefined = undefined
  /** As on the disk; undefined until it was read. */
  private manifest: Manifest | undefined = undefined
  private baseSeq = 0
  private incrementSeq = 0
  /** Files that were made and may be in no manifest: where writing one has failed, nobody knows which is there. */
  private strays: ReadonlyArray<AofFile> = []

  constructor(
    readonly directory: AofDirectory,
    private readonly rdb: RdbFiles,
    private readonly settings: RewriteSettings,
    private readonly logger: Log,
  ) {}

  /** The manifest as it stands, the single file of an older server taken over; undefined where nothing is there. */
  readonly read: Effect.Effect<Manifest | undefined, AofIoError | ManifestError> = Effect.gen(
    { self: this },
    function* () {
      const { directory } = this
      const manifest = yield* directory.takeOver(yield* directory.read)
      const { base, increments, history, distrusted } = manifest ?? NO_FILES
      // Where it was closed is void as soon as something is appended.
      this.manifest = { base, increments, history, ...(distrusted === true ? { distrusted } : {}) }
      // Names of history are not free before it is removed, and its lines do not say of which kind a file is.
      this.baseSeq = Math.max(this.baseSeq, base?.seq ?? 0, highest(history))
      this.incrementSeq = Math.max(this.incrementSeq, highest(increments), highest(history))
      if (this.isEmpty) yield* this.passOver(yield* directory.numbered)
      return manifest
    },
  )

  private get isEmpty(): boolean {
    const { base, increments, history } = this.manifest ?? NO_FILES
    return base === undefined && increments.length + history.length === 0
  }

  /** A manifest that has gone may come back: files that it may name keep their names. */
  private passOver(files: ReadonlyArray<AofFile>): Effect.Effect<void> {
    const seq = highest(files)
    if (seq <= this.baseSeq && seq <= this.incrementSeq) return Effect.void
    this.baseSeq = Math.max(this.baseSeq, seq)
    this.incrementSeq = Math.max(this.incrementSeq, seq)
    const names = files.map(({ name }) => name).join(", ")
    return Effect.logWarning(
      `No manifest names these files of the AOF directory, which are not loaded and stay as they are: ${names}`,
    )
  }

  /** The files of a manifest that were appended to, and their bytes. All of a base is on the disk before its name is. */
  private appended(manifest: Manifest) {
    const single = ({ name }: AofFile): boolean => name === this.directory.fileName
    return Effect.forEach(
      filesOf(manifest).filter((file) => file !== manifest.base || single(file)),
      (file) => Effect.map(this.directory.sizeOf(file), (size) => ({ file, size })),
    )
  }

  /**
   * Which files are to be written anew as they are loaded, so that all that is seen in them is on the disk as well. A sync may
   * have failed of which the process before did not live to tell: then the kernel shows what it has dropped for as long as
   * memory and power last, and no sync brings it back.
   */
  unsure(manifest: Manifest): Effect.Effect<ReadonlySet<AofFile>, AofIoError> {
    return Effect.map(this.appended(manifest), (appended) => {
      this.trusted = manifest.distrusted !== true
      if (!this.trusted || manifest.closedAt === bytesOf(appended)) return new Set()
      return new Set(appended.filter(({ size }) => size > 0).map(({ file }) => file))
    })
  }

  /** Begins to write a file anew; where the disk does not take it, the files are not trusted, and all goes on. */
  renewing(file: AofFile): Effect.Effect<Renewal | undefined, never, Scope.Scope> {
    const failed = ({ reason }: AofIoError): Effect.Effect<undefined> =>
      Effect.sync(() => {
        this.trusted = false
        this.whyNot = `The AOF file ${file.name} was not closed by its process, and could not be written anew: ${reason}. A new base and a new incr file take its place.`
        return undefined
      })
    const whileTrusted = (work: Effect.Effect<void, AofIoError>): Effect.Effect<void> =>
      Effect.suspend(() => (this.trusted ? Effect.catch(work, failed) : Effect.void))
    return Effect.suspend(() => {
      if (!this.trusted) return Effect.succeed(undefined)
      return Effect.matchEffect(this.directory.renewing(file), {
        onFailure: failed,
        onSuccess: ({ write, finish }) =>
          Effect.succeed({
            write: (bytes: Uint8Array) => whileTrusted(write(bytes)),
            finish: whileTrusted(finish),
          }),
      })
    })
  }

  /** Says why files that were loaded get successors. */
  get tellDistrust(): Effect.Effect<void> {
    return Effect.suspend(() => (this.whyNot === undefined ? Effect.void : Effect.logWarning(this.whyNot)))
  }

  /** Says in the manifest that all that was appended is on the disk. */
  get close(): Effect.Effect<void, AofIoError | ManifestError> {
    return Effect.gen({ self: this }, function* () {
      const manifest = yield* this.present
      yield* this.switchTo({ ...manifest, closedAt: bytesOf(yield* this.appended(manifest)) })
    })
  }

  /** As `read`; undefined also where nothing is in the files. */
  readonly toLoad = Effect.map(this.read, (manifest) =>
    manifest?.base === undefined && (manifest?.increments ?? []).length === 0 ? undefined : manifest,
  )

  private get present(): Effect.Effect<Manifest, AofIoError | ManifestError> {
    return Effect.suspend(() =>
      this.manifest === undefined
        ? Effect.map(this.read, (manifest) => manifest ?? NO_FILES)
        : Effect.succeed(this.manifest),
    )
  }

  private switchTo(manifest: Manifest): Effect.Effect<void, AofIoError> {
    return Effect.map(this.directory.write(manifest), () => void (this.manifest = manifest))
  }

  private stray(...files: ReadonlyArray<AofFile>): Effect.Effect<void> {
    return Effect.sync(() => void (this.strays = [...this.strays, ...files]))
  }

  /** Bytes of all files of the manifest but the last increment. */
  get closedBytes(): Effect.Effect<number, AofIoError> {
    return Effect.suspend(() => {
      const { base, increments } = this.manifest ?? NO_FILES
      return Effect.map(
        Effect.forEach(filesOf({ base, increments: increments.slice(0, -1) }), (file) =>
          this.directory.sizeOf(file),
        ),
        (sizes) => sizes.reduce((sum, size) => sum + size, 0),
      )
    })
  }

  get baseBytes(): Effect.Effect<number, AofIoError> {
    return Effect.suspend(() => {
      const { base } = this.manifest ?? NO_FILES
      return base === undefined ? Effect.succeed(0) : this.directory.sizeOf(base)
    })
  }

  /** Opens the last increment to go on with, or a first one. */
  get openLast(): Effect.Effect<OpenIncrement, AofIoError | ManifestError> {
    return Effect.gen({ self: this }, function* () {
      const manifest = yield* this.present
      yield* this.directory.make
      const last = manifest.increments.at(-1)
      if (last !== undefined) {
        this.logger.notice(`Opening AOF incr file ${last.name} on server start`)
        return yield* this.directory.open(last.name, "present")
      }
      return yield* this.openNext(manifest, "on server start")
    })
  }

  /** Opens a new increment, which is in the manifest when this ends. */
  private openNext(manifest: Manifest, when: string): Effect.Effect<OpenIncrement, AofIoError> {
    const opened = Effect.gen({ self: this }, function* () {
      const { directory } = this
      const seq = ++this.incrementSeq
      const name = incrementNameOf(directory.fileName, seq)
      this.logger.notice(`Creating AOF incr file ${name} ${when}`)
      yield* directory.make
      const increment = yield* directory.open(name, "new")
      const next = { ...manifest, increments: [...manifest.increments, { name, seq }] }
      return yield* Effect.as(this.switchTo(next), increment).pipe(
        Effect.onError(() => Effect.andThen(this.stray({ name, seq }), increment.close)),
      )
    })
    return Effect.uninterruptible(opened)
  }

  /** Makes a base and a first increment for a data set of which there are no files, or none that can be trusted. */
  begin(cut: (increment: OpenIncrement) => void): Effect.Effect<void, RewriteError> {
    return Effect.gen({ self: this }, function* () {
      yield* this.directory.make
      const name = this.nextBase()
      this.logger.notice(`Creating AOF base file ${name} on server start`)
      yield* this.writeBase(name, { kind: "alone", begun: () => {}, cut: () => {}, placed: Effect.void })
      yield* this.finish("alone", { name, seq: this.baseSeq })
      cut(yield* this.openLast)
    })
  }

  /** Says in the manifest that the files are not to be trusted, for whoever reads them if their successors do not come to be. */
  get distrust(): Effect.Effect<void, AofIoError | ManifestError> {
    return Effect.flatMap(this.present, (manifest) =>
      manifest.distrusted === true ? Effect.void : this.switchTo({ ...manifest, distrusted: true }),
    )
  }

  private nextBase(): string {
    const form = this.settings.aofUseRdbPreamble ? "rdb" : "commands"
    return baseNameOf(this.directory.fileName, ++this.baseSeq, form)
  }

  private writeBase(name: string, options: RewriteOptions, increment?: OpenIncrement) {
    const { settings, directory } = this
    return this.rdb.writeBase(directory.pathOf(name), {
      temp: directory.pathOf(this.tempBase),
      form: settings.aofUseRdbPreamble ? "rdb" : "commands",
      timestamp: settings.aofTimestampEnabled,
      incrementalSync: settings.aofRewriteIncrementalFsync,
      atCut: () => options.cut(increment),
      onOpen: options.begun,
    })
  }

  private get tempBase(): string {
    return `temp-${this.directory.fileName}.base`
  }

  /** The temporary increment of a rewrite anew. */
  private get tempIncrement(): string {
    return tempIncrementNameOf(this.directory.fileName)
  }

  /** One rewrite. */
  rewrite(options: RewriteOptions): Effect.Effect<void, RewriteError> {
    return Effect.gen({ self: this }, function* () {
      const before = yield* this.present
      yield* this.directory.make
      const { kind } = options
      let increment: OpenIncrement | undefined = undefined
      if (kind === "running") increment = yield* this.openNext(before, "on background rewrite")
      if (kind === "anew") {
        this.logger.notice(`Creating AOF incr file ${this.tempIncrement} on background rewrite`)
        increment = yield* this.directory.open(this.tempIncrement, "new")
      }
      let isCut = false
      const cut = (): void => {
        isCut = true
        options.cut(increment)
      }
      const base = this.nextBase()
      yield* this.writeBase(base, { ...options, cut }, increment).pipe(
        Effect.onError(() => {
          if (isCut || increment === undefined) return Effect.void
          // It is in the manifest behind the one that is written to, which must not stay so: a torn end is only let
          // pass in the last.
          if (kind === "running") return Effect.sync(() => options.cut(increment))
          return increment.close
        }),
      )
      this.logger.notice(`Successfully created the temporary AOF base file ${this.tempBase}`)
      this.logger.notice("Background AOF rewrite terminated with success")
      this.logger.notice(`Successfully renamed the temporary AOF base file ${this.tempBase} into ${base}`)
      yield* Effect.uninterruptible(
        Effect.andThen(this.finish(kind, { name: base, seq: this.baseSeq }, increment), options.placed),
      )
    })
  }

  /** Switches the manifest to the new base, and makes history of what it takes the place of. */
  private finish(
    kind: RewriteKind,
    made: AofFile,
    increment?: OpenIncrement,
  ): Effect.Effect<void, RewriteError> {
    return Effect.gen({ self: this }, function* () {
      const { base, increments, history } = yield* this.present
      let kept = kind === "running" ? increments.slice(-1) : []
      if (kind === "anew") {
        const seq = ++this.incrementSeq
        const name = incrementNameOf(this.directory.fileName, seq)
        kept = [{ name, seq }]
        yield* this.directory
          .renameIncrement(this.directory.pathOf(this.tempIncrement), this.directory.pathOf(name), increment)
          .pipe(Effect.onError(() => this.stray(...kept)))
        this.logger.notice(
          `Successfully renamed the temporary AOF incr file ${this.tempIncrement} into ${name}`,
        )
      }
      const { strays } = this
      const gone = [...increments.filter((one) => !kept.includes(one)), ...(base === undefined ? [] : [base])]
      yield* this.switchTo({ base: made, increments: kept, history: [...gone, ...strays, ...history] }).pipe(
        Effect.onError(() => this.stray(...(kind === "anew" ? kept : []))),
      )
      this.strays = []
    }).pipe(Effect.onError(() => this.stray(made)))
  }

  /** Removes files that are no longer needed. */
  get removeHistory(): Effect.Effect<void, AofIoError> {
    return Effect.gen({ self: this }, function* () {
      const { manifest } = this
      if (manifest === undefined || manifest.history.length === 0 || this.settings.aofDisableAutoGc) return
      for (const { name } of manifest.history)
        this.logger.notice(`Removing the history file ${name} in the background`)
      this.manifest = yield* this.directory.removeHistory(manifest)
    })
  }
}
