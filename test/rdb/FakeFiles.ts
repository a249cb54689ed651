/**
 * A file system in memory that fails at a chosen step, and knows what a crash would leave: bytes not synced are lost,
 * names not synced may be the old or the new ones.
 */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as PlatformError from "effect/PlatformError"

interface Inode {
  bytes: Uint8Array
  synced: Uint8Array
}

const failure = (method: string, code: string): PlatformError.PlatformError =>
  PlatformError.systemError({
    _tag: "Unknown",
    module: "FileSystem",
    method,
    description: `${code}: made to fail, ${method}`,
    cause: Object.assign(new Error(`${code}: made to fail, ${method}`), { code }),
  })

export class FakeFiles {
  readonly steps: Array<string> = []
  /** Step that fails, counted from 0; -1 = none. */
  failAt = -1
  code = "ENOSPC"
  /** Looks at the file system before each step, as a crash would find it. */
  beforeStep: () => void = () => {}
  private names = new Map<string, Inode>()
  private syncedNames = new Map<string, Inode>()

  /** Makes a file that has been there for long. */
  put(path: string, bytes: Uint8Array): void {
    const inode = { bytes, synced: bytes }
    this.names.set(path, inode)
    this.syncedNames.set(path, inode)
  }

  get paths(): ReadonlyArray<string> {
    return [...this.names.keys()].sort()
  }

  read(path: string): Uint8Array | undefined {
    return this.names.get(path)?.bytes
  }

  /** What the file may hold after a crash now: undefined for "not there". */
  afterCrash(path: string): ReadonlyArray<Uint8Array | undefined> {
    return [this.names.get(path)?.synced, this.syncedNames.get(path)?.synced]
  }

  private step<A>(name: string, action: () => A): Effect.Effect<A, PlatformError.PlatformError> {
    return Effect.suspend(() => {
      this.beforeStep()
      const index = this.steps.push(name) - 1
      if (index === this.failAt) return Effect.fail(failure(name, this.code))
      return Effect.succeed(action())
    })
  }

  private file(path: string, inode: Inode | undefined): FileSystem.File {
    let at = 0
    const write = (bytes: Uint8Array): number => {
      if (inode === undefined) throw new Error("a directory is written to")
      const grown = new Uint8Array(inode.bytes.length + bytes.length)
      grown.set(inode.bytes)
      grown.set(bytes, inode.bytes.length)
      inode.bytes = grown
      return bytes.length
    }
    const part: Partial<FileSystem.File> = {
      sync: this.step(inode === undefined ? "sync directory" : "sync", () => {
        if (inode === undefined) this.syncedNames = new Map(this.names)
        else inode.synced = inode.bytes
      }),
      write: (bytes) => this.step("write", () => write(bytes)),
      writeAll: (bytes) => this.step("write", () => void write(bytes)),
      read: (into) =>
        this.step("read", () => {
          const bytes = inode?.bytes.subarray(at, at + into.length) ?? new Uint8Array(0)
          into.set(bytes)
          at += bytes.length
          return bytes.length
        }),
    }
    const size = ByteSize.bytes(inode?.bytes.length ?? 0)
    const info: Partial<FileSystem.File.Info> = { type: "File", size }
    const stat = this.step("stat", () => info as FileSystem.File.Info)
    void path
    return Object.assign(part, { stat }) as FileSystem.File
  }

  readonly layer: Layer.Layer<FileSystem.FileSystem> = Layer.succeed(
    FileSystem.FileSystem,
    FileSystem.makeNoop({
      open: (path, options) =>
        this.step(`open ${options?.flag ?? "r"}`, () => {
          if (options?.flag !== "w") return this.file(path, this.names.get(path))
          const inode = { bytes: new Uint8Array(0), synced: new Uint8Array(0) }
          this.names.set(path, inode)
          return this.file(path, inode)
        }),
      rename: (from, to) =>
        this.step("rename", () => {
          const inode = this.names.get(from)
          if (inode === undefined) throw new Error(`${from} is not there`)
          this.names.delete(from)
          this.names.set(to, inode)
        }),
      remove: (path) => Effect.sync(() => void this.names.delete(path)),
    }),
  )
}
