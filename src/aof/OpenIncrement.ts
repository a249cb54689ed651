/** A file of the append-only file that commands are appended to. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Scope from "effect/Scope"
import { AofIoError, ioError } from "./AofErrors.js"

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

  constructor(
    public path: string,
    private readonly fs: FileSystem.FileSystem,
    private readonly file: FileSystem.File,
    private readonly scope: Scope.Closeable,
    public size: number,
    /** The file's number, where the file system has such. */
    private readonly number: bigint | undefined = undefined,
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

  /**
   * Fails when there is no such file any more, or another in its place: what is written would be nowhere, though each write
   * and sync succeeds.
   */
  get present(): Effect.Effect<void, AofIoError> {
    const { path } = this
    return Effect.catch(this.found(path), (error) => {
      // It may have been given its new name while the old one was looked for.
      const other = this.path === path ? this.nextPath : this.path
      return other === undefined ? Effect.fail(error) : this.found(other)
    })
  }

  private found(path: string): Effect.Effect<void, AofIoError> {
    const { size, number } = this
    return Effect.flatMap(Effect.mapError(this.fs.stat(path), ioError(path, "stat", size)), ({ ino }) => {
      if (number === undefined || Option.isNone(ino) || ino.value === number) return Effect.void
      const reason = "another file is in its place"
      return Effect.fail(new AofIoError({ path, offset: size, operation: "stat", reason }))
    })
  }

  get close(): Effect.Effect<void> {
    return Effect.ignoreCause(Scope.close(this.scope, Exit.void))
  }
}
