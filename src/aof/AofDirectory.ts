/**
 * The directory of the append-only file: its manifest, and the increments that are written.
 *
 *     <dir>/<appenddirname>/<appendfilename>.manifest     which files, in which order (Manifest.ts)
 *
 * A manifest is switched by a rename, and is what counts: a file that it does not name is not part of the data. Each step
 * is on the disk, names included, before the next begins.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Scope from "effect/Scope"
import { ioReason, syncDirectory } from "../rdb/RdbFile.js"
import { AofIoError, type ManifestError } from "./AofErrors.js"
import { EMPTY_GROUP } from "./AofFormat.js"
import {
  type AofFile,
  formatManifest,
  type Manifest,
  manifestNameOf,
  parseManifest,
  tempManifestNameOf,
} from "./Manifest.js"
import { readNote, writeAgain, writeNote } from "./SyncedNote.js"

export interface DirectorySettings {
  /** "" = nowhere. */
  readonly dir: string
  readonly appenddirname: string
  readonly appendfilename: string
  readonly aofChecksum: boolean
}

const ioError =
  (path: string, operation: string, offset = 0) =>
  (error: PlatformError): AofIoError =>
    new AofIoError({ path, offset, operation, reason: ioReason(error) })

/** A file of a FileSystem that can also write in the present turn, and sync without a fiber, as `server/Files.ts`. */
interface DirectFile {
  readonly writeNow: (bytes: Uint8Array) => number
  readonly syncThen: (done: (error: PlatformError | undefined) => void) => void
}

const isDirect = (file: object): file is DirectFile =>
  "writeNow" in file &&
  typeof file.writeNow === "function" &&
  "syncThen" in file &&
  typeof file.syncThen === "function"

/** A file that commands are appended to. */
export class OpenIncrement {
  /** Bytes of whole groups, and how many of them are known to be on the disk. */
  synced: number
  /** Nothing that it holds is needed any more. */
  superseded = false
  /** The name it is being given. */
  nextPath: string | undefined = undefined
  /** Bytes behind `size`, of a write that is not whole. */
  private written = 0
  private readonly direct: DirectFile | undefined
  /** Bytes that were noted to be on the disk. */
  private noted = -1

  constructor(
    public path: string,
    private readonly notePath: string,
    private readonly fs: FileSystem.FileSystem,
    private readonly file: FileSystem.File,
    private readonly scope: Scope.Closeable,
    public size: number,
  ) {
    this.synced = size
    this.direct = isDirect(file) ? file : undefined
  }

  /** `appendNow` and `syncThen` are possible. */
  get isDirect(): boolean {
    return this.direct !== undefined
  }

  /** Appends bytes whole; after a failure some of them may be there, until `takeBack`. */
  append(bytes: Uint8Array): Effect.Effect<void, AofIoError> {
    return Effect.andThen(
      this.takeBack,
      Effect.suspend(() => this.rest(bytes)),
    )
  }

  /** As `append`, in this turn; answers whether that was possible. If not, `append` begins where this one did. */
  appendNow(bytes: Uint8Array): boolean {
    const { direct } = this
    if (this.written > 0 || direct === undefined) return false
    let count = 0
    try {
      count = direct.writeNow(bytes)
    } catch {
      return false
    }
    if (count < bytes.length) {
      this.written = count
      return false
    }
    this.size += count
    return true
  }

  private rest(bytes: Uint8Array): Effect.Effect<void, AofIoError> {
    const { path, size } = this
    return Effect.flatMap(
      Effect.mapError(this.file.write(bytes), (error) => ioError(path, "write", size)(error)),
      (count) => {
        const n = Number(count)
        this.written += n
        if (n === bytes.length) {
          this.size += this.written
          this.written = 0
          return Effect.void
        }
        if (n > 0) return this.rest(bytes.subarray(n))
        return Effect.fail(
          new AofIoError({ path, offset: size, operation: "write", reason: "nothing was written" }),
        )
      },
    )
  }

  /** Removes what a failed `append` has left. */
  get takeBack(): Effect.Effect<void, AofIoError> {
    return Effect.suspend(() =>
      this.written === 0
        ? Effect.void
        : Effect.map(
            Effect.mapError(this.file.truncate(this.size), ioError(this.path, "truncate", this.size)),
            () => void (this.written = 0),
          ),
    )
  }

  get sync(): Effect.Effect<void, AofIoError> {
    return Effect.suspend(() => {
      const { size } = this
      return Effect.map(Effect.mapError(this.file.sync, ioError(this.path, "fsync", size)), () => {
        this.synced = Math.max(this.synced, size)
      })
    })
  }

  /** As `sync`, without a fiber. */
  syncThen(done: (error: AofIoError | undefined) => void): void {
    const { size, direct } = this
    if (direct === undefined) throw new Error("the file cannot be synced without a fiber")
    direct.syncThen((error) => {
      if (error !== undefined) return done(ioError(this.path, "fsync", size)(error))
      this.synced = Math.max(this.synced, size)
      done(undefined)
    })
  }

  /** Fails when there is no such file any more: what is written would be nowhere, though each write and sync succeeds. */
  get present(): Effect.Effect<void, AofIoError> {
    const { path } = this
    return Effect.catch(this.found(path), (error) => {
      // It may have been given its new name while the old one was looked for.
      const other = this.path === path ? this.nextPath : this.path
      return other === undefined ? Effect.fail(error) : this.found(other)
    })
  }

  /** Notes how much is on the disk (SyncedNote.ts). */
  get noteSynced(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { synced, path } = this
      if (synced === this.noted) return Effect.void
      this.noted = synced
      return writeNote(this.fs, this.notePath, path.slice(path.lastIndexOf("/") + 1), synced)
    })
  }

  private found(path: string): Effect.Effect<void, AofIoError> {
    return Effect.asVoid(Effect.mapError(this.fs.stat(path), ioError(path, "stat", this.size)))
  }

  get close(): Effect.Effect<void> {
    return Effect.ignoreCause(Scope.close(this.scope, Exit.void))
  }
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
    return Effect.map(Effect.mapError(this.fs.stat(path), ioError(path, "stat")), ({ size }) => Number(size))
  }

  /** What is in a file of the manifest. */
  contentOf({ name }: AofFile): Effect.Effect<Uint8Array, AofIoError> {
    const path = this.pathOf(name)
    return Effect.mapError(this.fs.readFile(path), ioError(path, "read"))
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
        yield* this.fs.makeDirectory(path, { mode: 0o755 }).pipe(Effect.mapError(ioError(path, "mkdir")))
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
      if (this.settings.dir === "" || !(yield* this.exists(path))) return undefined
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
      const { size } = yield* file.stat.pipe(Effect.mapError(ioError(path, "stat")))
      const increment = new OpenIncrement(path, this.notePath, this.fs, file, scope, Number(size))
      if (kind === "present") yield* increment.noteSynced
      return increment
    })
  }

  private get notePath(): string {
    return `${this.path}/${this.settings.appendfilename}.synced`
  }

  /**
   * Sees to it that what increments show is on the disk: what a process left that was killed may not be. Only the last of
   * them that has anything can be concerned, for the one before is synced first.
   */
  secure({ increments }: Manifest): Effect.Effect<void, AofIoError> {
    return Effect.gen({ self: this }, function* () {
      for (const file of [...increments].reverse()) {
        const path = this.pathOf(file.name)
        const size = yield* this.sizeOf(file)
        const synced = yield* readNote(this.fs, this.notePath, nameOf(file.name)).pipe(
          Effect.mapError(ioError(this.notePath, "read")),
        )
        if (synced < size)
          yield* Effect.mapError(writeAgain(this.fs, path, synced), ioError(path, "write", synced))
        if (size > EMPTY_GROUP.length) return
      }
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
