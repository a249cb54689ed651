/**
 * The directory of the append-only file: its manifest, and the files that are opened, named and removed.
 *
 *     <dir>/<appenddirname>/<appendfilename>.manifest     which files, in which order (Manifest.ts)
 *
 * A manifest is switched by a rename, and is what counts: a file that it does not name is not part of the data. Each step
 * is on the disk, names included, before the next begins.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as FileSystem from "effect/FileSystem"
import * as Scope from "effect/Scope"
import { syncDirectory } from "../rdb/RdbFile.js"
import { AofIoError, ioError, type ManifestError } from "./AofErrors.js"
import { EMPTY_GROUP } from "./AofFormat.js"
import {
  type AofFile,
  formatManifest,
  type Manifest,
  manifestNameOf,
  numberOf,
  parseManifest,
  tempIncrementNameOf,
  tempManifestNameOf,
} from "./Manifest.js"
import { OpenIncrement } from "./OpenIncrement.js"

export interface DirectorySettings {
  /** "" = nowhere. */
  readonly dir: string
  readonly appenddirname: string
  readonly appendfilename: string
  readonly aofChecksum: boolean
}

/** A name of a manifest as the file system takes it. */
const nameOf = (latin1: string): string => Buffer.from(latin1, "latin1").toString("utf8")
const latin1Of = (name: string): string => Buffer.from(name, "utf8").toString("latin1")

const isManifestError = (thrown: unknown): thrown is ManifestError =>
  thrown instanceof Error && "_tag" in thrown && thrown._tag === "ManifestError"

export class AofDirectory {
  /** The directory's own name is on the disk: one that is there may have been made by a process that was killed. */
  private named = false

  constructor(
    private readonly fs: FileSystem.FileSystem,
    private readonly settings: DirectorySettings,
  ) {}

  /** `appendfilename` as manifests have it. */
  get fileName(): string {
    return latin1Of(this.settings.appendfilename)
  }

  get path(): string {
    return `${this.settings.dir}/${this.settings.appenddirname}`
  }

  /** Where a file of the manifest is. */
  pathOf(name: string): string {
    return `${this.path}/${nameOf(name)}`
  }

  /** The file of a server before Redis 7. */
  private get oldPath(): string {
    return `${this.settings.dir}/${this.settings.appendfilename}`
  }

  exists(path: string): Effect.Effect<boolean, AofIoError> {
    return Effect.mapError(this.fs.exists(path), ioError(path, "stat"))
  }

  /** Bytes of a file of the manifest. */
  sizeOf({ name }: AofFile): Effect.Effect<number, AofIoError> {
    const path = this.pathOf(name)
    return Effect.map(Effect.mapError(this.fs.stat(path), ioError(path, "length")), ({ size }) =>
      Number(size),
    )
  }

  /** What is in a file of the manifest. */
  contentOf({ name }: AofFile): Effect.Effect<Uint8Array, AofIoError> {
    const path = this.pathOf(name)
    return Effect.mapError(this.fs.readFile(path), ioError(path, "read"))
  }

  /** Whether a file of so many bytes has nothing but what it is begun with. */
  isEmpty(file: AofFile, size: number): Effect.Effect<boolean, AofIoError> {
    return size === EMPTY_GROUP.length
      ? Effect.map(this.contentOf(file), (content) => Buffer.compare(content, EMPTY_GROUP) === 0)
      : Effect.succeed(size === 0)
  }

  /**
   * Begins to write every byte of a file anew; `finish` has them take its place, on the disk when it ends. By hand: what
   * copies within the kernel may share blocks of the disk with a file that they never got to.
   */
  renewing({ name }: AofFile) {
    return Effect.gen({ self: this }, function* () {
      const path = this.pathOf(name)
      const temp = this.pathOf(tempIncrementNameOf(this.fileName))
      let left = true
      yield* Effect.addFinalizer(() => (left ? Effect.ignore(this.remove(temp)) : Effect.void))
      const file = yield* this.fs
        .open(temp, { flag: "w", mode: 0o644 })
        .pipe(Effect.mapError(ioError(temp, "open")))
      const renamed = Effect.map(this.rename(temp, path), () => void (left = false))
      return {
        write: (bytes: Uint8Array) => Effect.mapError(file.writeAll(bytes), ioError(temp, "write")),
        finish: Effect.andThen(Effect.mapError(file.sync, ioError(temp, "fsync")), renamed),
      }
    })
  }

  /** Makes the directory, if it is not there, for good. */
  get make(): Effect.Effect<void, AofIoError> {
    const { path } = this
    return Effect.gen({ self: this }, function* () {
      if (this.settings.dir === "")
        return yield* new AofIoError({
          path: this.settings.appenddirname,
          offset: 0,
          operation: "open",
          reason: "no directory ('dir') is set",
        })
      const there = yield* this.exists(path)
      if (there && this.named) return
      this.named = false
      if (!there)
        yield* this.fs.makeDirectory(path, { mode: 0o755 }).pipe(Effect.mapError(ioError(path, "opendir")))
      yield* this.syncNames(this.settings.dir)
      this.named = true
    })
  }

  private syncNames(dir: string): Effect.Effect<void, AofIoError> {
    return Effect.mapError(syncDirectory(this.fs, dir), (error) => new AofIoError({ ...error }))
  }

  /** The manifest, undefined where there is none. */
  get read(): Effect.Effect<Manifest | undefined, AofIoError | ManifestError> {
    const path = this.pathOf(manifestNameOf(this.fileName))
    return Effect.gen({ self: this }, function* () {
      if (this.settings.dir === "") return undefined
      if (!(yield* Effect.mapError(this.fs.exists(path), ioError(this.path, "opendir")))) return undefined
      const bytes = yield* this.fs.readFile(path).pipe(Effect.mapError(ioError(path, "read")))
      return yield* Effect.try({
        try: () => parseManifest(bytes, path),
        catch: (thrown) => {
          if (isManifestError(thrown)) return thrown
          throw thrown
        },
      })
    })
  }

  /** The files in it that have names of bases and increments, whether or not a manifest names them. */
  get numbered(): Effect.Effect<ReadonlyArray<AofFile>> {
    return this.fs.readDirectory(this.path).pipe(
      Effect.map((names) =>
        names
          .map((name) => ({ name: latin1Of(name), seq: numberOf(this.fileName, latin1Of(name)) }))
          .filter(({ seq }) => seq > 0),
      ),
      Effect.orElseSucceed(() => []),
    )
  }

  /** Puts a manifest in place of the present one. */
  write(manifest: Manifest): Effect.Effect<void, AofIoError> {
    const name = this.fileName
    const temp = this.pathOf(tempManifestNameOf(name))
    const path = this.pathOf(manifestNameOf(name))
    const written = Effect.scoped(
      Effect.gen({ self: this }, function* () {
        const file = yield* this.fs
          .open(temp, { flag: "w", mode: 0o644 })
          .pipe(Effect.mapError(ioError(temp, "open")))
        yield* file.writeAll(formatManifest(manifest)).pipe(Effect.mapError(ioError(temp, "write")))
        yield* file.sync.pipe(Effect.mapError(ioError(temp, "fsync")))
      }),
    )
    return Effect.uninterruptible(Effect.andThen(written, this.rename(temp, path)))
  }

  /** Gives a file its name, for good. */
  rename(from: string, to: string): Effect.Effect<void, AofIoError> {
    return Effect.andThen(
      Effect.mapError(this.fs.rename(from, to), ioError(to, "rename")),
      this.syncNames(this.path),
    )
  }

  /** Gives the temporary increment its name, for good, and what writes to it, if anything does. */
  renameIncrement(
    from: string,
    to: string,
    increment: OpenIncrement | undefined,
  ): Effect.Effect<void, AofIoError> {
    return Effect.gen({ self: this }, function* () {
      if (increment !== undefined) increment.nextPath = to
      yield* this.rename(from, to)
      if (increment === undefined) return
      increment.path = to
      increment.nextPath = undefined
    })
  }

  /** Opens a file to append to: a new one, or one that is there already. */
  open(name: string, kind: "new" | "present"): Effect.Effect<OpenIncrement, AofIoError> {
    const path = this.pathOf(name)
    return Effect.uninterruptible(
      Effect.gen({ self: this }, function* () {
        // Not emptied: one that was written under this name before may still be open.
        if (kind === "new") yield* this.remove(path)
        const scope = yield* Scope.make()
        return yield* Effect.onError(this.opened(path, scope, kind), () => Scope.close(scope, Exit.void))
      }),
    )
  }

  private opened(
    path: string,
    scope: Scope.Closeable,
    kind: "new" | "present",
  ): Effect.Effect<OpenIncrement, AofIoError> {
    return Effect.gen({ self: this }, function* () {
      const file = yield* Scope.provide(this.fs.open(path, { flag: "a", mode: 0o644 }), scope).pipe(
        Effect.mapError(ioError(path, "open")),
      )
      if (kind === "new" && this.settings.aofChecksum)
        yield* file.writeAll(EMPTY_GROUP).pipe(Effect.mapError(ioError(path, "write")))
      // Of what a process left that was killed, nobody knows what is on the disk.
      yield* file.sync.pipe(Effect.mapError(ioError(path, "fsync")))
      yield* this.syncNames(this.path)
      const { size, ino } = yield* file.stat.pipe(Effect.mapError(ioError(path, "stat")))
      return new OpenIncrement(path, this.fs, file, scope, Number(size), Option.getOrUndefined(ino))
    })
  }

  remove(path: string): Effect.Effect<void, AofIoError> {
    return Effect.mapError(this.fs.remove(path, { force: true }), ioError(path, "remove"))
  }

  /** Empties the history of a manifest: the files go first, then their lines. */
  removeHistory(manifest: Manifest): Effect.Effect<Manifest, AofIoError> {
    if (manifest.history.length === 0) return Effect.succeed(manifest)
    const rest = { ...manifest, history: [] }
    return Effect.forEach(manifest.history, ({ name }) => this.remove(this.pathOf(name)), {
      discard: true,
    }).pipe(Effect.andThen(this.write(rest)), Effect.as(rest))
  }

  /**
   * Takes the single file of a server before Redis 7 over, as the base of a manifest. The manifest is written first, so a
   * power cut between the two steps is seen here again: a base of that name which is still in its old place.
   */
  takeOver(manifest: Manifest | undefined): Effect.Effect<Manifest | undefined, AofIoError> {
    return Effect.gen({ self: this }, function* () {
      const { oldPath, fileName: name } = this
      const begun = manifest?.base?.name === name && manifest.increments.length === 0
      if (this.settings.dir === "" || (manifest !== undefined && !begun)) return manifest
      if (begun && (yield* this.exists(this.pathOf(name)))) return manifest
      if (!(yield* this.exists(oldPath))) return manifest
      const { type } = yield* this.fs.stat(oldPath).pipe(Effect.mapError(ioError(oldPath, "stat")))
      if (type !== "File") return manifest
      yield* this.make
      const taken = { base: { name, seq: 1 }, increments: [], history: [] }
      if (!begun) yield* this.write(taken)
      yield* this.rename(oldPath, this.pathOf(name))
      yield* this.syncNames(this.settings.dir)
      const { appendfilename, appenddirname } = this.settings
      yield* Effect.logInfo(
        `Successfully migrated an old-style AOF file (${appendfilename}) into the AOF directory (${appenddirname}).`,
      )
      return taken
    })
  }
}
