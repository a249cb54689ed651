/**
 * The real file system, of which a test holds or fails the writes and syncs of files whose path ends as it says: the end
 * of a slow, full or broken disk that a server sees.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { systemError, type PlatformError } from "effect/PlatformError"
import { filesLayer } from "../../src/server/Files.js"

type Operation = "write" | "sync" | "truncate"

export class GatedFiles {
  /** Operations that are held now, and how many were let through so far. */
  readonly held: Array<{ readonly operation: Operation; readonly go: () => void }> = []
  readonly done: Record<Operation, number> = { write: 0, sync: 0, truncate: 0 }
  private readonly shut = new Set<Operation>()
  private readonly failures = new Map<Operation, string>()
  private watchers: Array<() => void> = []
  private shortened: number | undefined = undefined

  /** @param suffix of the files that are watched */
  constructor(private readonly suffix = ".incr.aof") {}

  /** Holds operations from now on. */
  hold(...operations: ReadonlyArray<Operation>): void {
    for (const operation of operations) this.shut.add(operation)
  }

  /** Lets everything go, what is held first. */
  release(): void {
    this.shut.clear()
    for (const { go } of this.held.splice(0)) go()
  }

  /** Lets one held operation go. */
  releaseOne(): void {
    this.held.shift()?.go()
  }

  /** Fails operations with an error of the system from now on, undefined = no more. */
  fail(operation: Operation, code: string | undefined): void {
    if (code === undefined) this.failures.delete(operation)
    else this.failures.set(operation, code)
  }

  /** The next write writes so many bytes only, and the one after it fails for want of space. */
  shorten(bytes: number): void {
    this.shortened = bytes
  }

  private write(file: FileSystem.File, buffer: Uint8Array): Effect.Effect<number, PlatformError> {
    return Effect.suspend(() => {
      const { shortened } = this
      if (shortened === undefined) return this.passing("write", file.write(buffer))
      this.shortened = undefined
      this.fail("write", "ENOSPC")
      return file.write(buffer.subarray(0, shortened))
    })
  }

  /** Waits until so many operations are held. */
  async untilHeld(count: number): Promise<void> {
    while (this.held.length < count)
      await new Promise<void>((resolve) => {
        this.watchers.push(resolve)
      })
  }

  private passing<A>(
    operation: Operation,
    effect: Effect.Effect<A, PlatformError>,
  ): Effect.Effect<A, PlatformError> {
    const gate = Effect.callback<void>((resume) => {
      if (!this.shut.has(operation)) return resume(Effect.void)
      this.held.push({ operation, go: () => resume(Effect.void) })
      for (const look of this.watchers.splice(0)) look()
    })
    const run = Effect.suspend((): Effect.Effect<A, PlatformError> => {
      const code = this.failures.get(operation)
      if (code === undefined) {
        this.done[operation]++
        return effect
      }
      return Effect.fail(
        systemError({
          _tag: "Unknown",
          module: "FileSystem",
          method: operation,
          description: `${code}: made to fail`,
          cause: Object.assign(new Error(`${code}: made to fail, ${operation}`), { code }),
        }),
      )
    })
    return Effect.andThen(gate, run)
  }

  /** A write that would be held, cut or failed is left to `write`. */
  private writeNow(file: FileSystem.File, bytes: Uint8Array): number {
    if (!("writeNow" in file) || typeof file.writeNow !== "function") throw new Error("it cannot write now")
    if (this.shut.has("write") || this.failures.has("write") || this.shortened !== undefined)
      throw new Error("not now")
    this.done.write++
    return Number(file.writeNow(bytes))
  }

  private watched(file: FileSystem.File): FileSystem.File {
    const sync = Effect.suspend(() => this.passing("sync", file.sync))
    const watched = {
      [FileSystem.FileTypeId]: FileSystem.FileTypeId,
      stat: file.stat,
      seek: (offset, from) => file.seek(offset, from),
      sync,
      read: (buffer, options) => file.read(buffer, options),
      readAlloc: (size, options) => file.readAlloc(size, options),
      truncate: (length) => this.passing("truncate", file.truncate(length)),
      write: (buffer) => this.write(file, buffer),
      writeAll: (buffer) => this.passing("write", file.writeAll(buffer)),
      writeNow: (bytes: Uint8Array): number => this.writeNow(file, bytes),
      syncThen: (done: (error: PlatformError | undefined) => void): void => {
        Effect.runFork(Effect.match(sync, { onSuccess: () => done(undefined), onFailure: done }))
      },
    } satisfies FileSystem.File & { readonly writeNow: unknown; readonly syncThen: unknown }
    return watched
  }

  get layer(): Layer.Layer<FileSystem.FileSystem> {
    return Layer.effect(
      FileSystem.FileSystem,
      Effect.map(FileSystem.FileSystem, (fs) => ({
        ...fs,
        open: (path, options) =>
          Effect.map(fs.open(path, options), (file) =>
            path.endsWith(this.suffix) ? this.watched(file) : file,
          ),
      })),
    ).pipe(Layer.provide(filesLayer()))
  }
}
