/**
 * Effect's FileSystem over node:fs, with what Redix does with files: what the layers that ask for nothing stand on.
 * `@effect/platform-node` has a whole one, but it is 13 packages and refuses Node 20, which is too much to install for a
 * server in a test.
 *
 * Operations that Redix does not use are absent, as `makeNoop` has them; the layer is provided to Redix's own layers and
 * reaches no app. Results and errors are those of NodeFileSystem.
 */
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { badArgument, type PlatformError, systemError, type SystemErrorTag } from "effect/PlatformError"
import type * as Scope from "effect/Scope"

type Place = string | number
/** Node says null where nothing failed, Deno mostly undefined. */
type Failure = NodeJS.ErrnoException | null | undefined

const TAGS: Readonly<Record<string, SystemErrorTag>> = {
  ENOENT: "NotFound",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  EEXIST: "AlreadyExists",
  EISDIR: "BadResource",
  ENOTDIR: "BadResource",
  ELOOP: "BadResource",
  EBUSY: "Busy",
}

const module = "FileSystem"

const failed = (method: string, place: Place, cause: NodeJS.ErrnoException): PlatformError =>
  systemError({
    _tag: TAGS[cause.code ?? ""] ?? "Unknown",
    module,
    method,
    pathOrDescriptor: place,
    syscall: cause.syscall,
    cause,
  })

const refused = (method: string, description: string): PlatformError =>
  badArgument({ module, method, description })

/** Runs one call of node:fs; one that throws was given what no file can be called. */
const asked = <A>(
  method: string,
  place: Place,
  call: (done: (error: Failure, value: A) => void) => void,
): Effect.Effect<A, PlatformError> =>
  Effect.callback((resume) => {
    try {
      call((error, value) =>
        resume(error ? Effect.fail(failed(method, place, error)) : Effect.succeed(value)),
      )
    } catch (thrown) {
      resume(Effect.fail(refused(method, thrown instanceof Error ? thrown.message : String(thrown))))
    }
  })

/** As `asked`, for calls without a result. */
const done = (
  method: string,
  place: Place,
  call: (done: (error: Failure) => void) => void,
): Effect.Effect<void, PlatformError> =>
  asked<void>(method, place, (resume) => call((error) => resume(error, undefined)))

const typeOf = (stat: fs.BigIntStats): FileSystem.File.Type => {
  if (stat.isFile()) return "File"
  if (stat.isDirectory()) return "Directory"
  if (stat.isSymbolicLink()) return "SymbolicLink"
  if (stat.isBlockDevice()) return "BlockDevice"
  if (stat.isCharacterDevice()) return "CharacterDevice"
  if (stat.isFIFO()) return "FIFO"
  return stat.isSocket() ? "Socket" : "Unknown"
}

const infoOf = (stat: fs.BigIntStats): FileSystem.File.Info => ({
  type: typeOf(stat),
  mtime: Option.some(stat.mtime),
  atime: Option.some(stat.atime),
  birthtime: Option.some(stat.birthtime),
  dev: BigInt.asUintN(64, stat.dev),
  rdev: Option.some(BigInt.asUintN(64, stat.rdev)),
  ino: Option.some(BigInt.asUintN(64, stat.ino)),
  mode: Number(stat.mode),
  nlink: Option.some(stat.nlink),
  uid: Option.some(Number(stat.uid)),
  gid: Option.some(Number(stat.gid)),
  size: ByteSize.bytes(stat.size),
  blksize: Option.some(ByteSize.bytes(stat.blksize)),
  blocks: Option.some(stat.blocks),
})

class OpenFile implements FileSystem.File {
  readonly [FileSystem.FileTypeId]: typeof FileSystem.FileTypeId = FileSystem.FileTypeId
  private position = 0n

  constructor(
    private readonly fd: number,
    /** Writes go to the end, wherever this reads. */
    private readonly appends: boolean,
  ) {}

  get stat(): Effect.Effect<FileSystem.File.Info, PlatformError> {
    return Effect.map(
      asked<fs.BigIntStats>("stat", this.fd, (resume) => fs.fstat(this.fd, { bigint: true }, resume)),
      infoOf,
    )
  }

  get sync(): Effect.Effect<void, PlatformError> {
    return done("sync", this.fd, (resume) => fs.fsync(this.fd, resume))
  }

  seek(offset: bigint, from: FileSystem.SeekMode): Effect.Effect<bigint, PlatformError> {
    return Effect.suspend(() => {
      const position = from === "start" ? offset : this.position + offset
      if (position < 0n) return Effect.fail(refused("seek", "Cannot seek before the start of the file"))
      this.position = position
      return Effect.succeed(position)
    })
  }

  read(buffer: Uint8Array, options?: FileSystem.File.ReadOptions): Effect.Effect<number, PlatformError> {
    return this.readAt("read", buffer, options?.position)
  }

  readAlloc(
    size: number,
    options?: FileSystem.File.ReadOptions,
  ): Effect.Effect<Option.Option<Uint8Array>, PlatformError> {
    return Effect.suspend(() => {
      if (!Number.isInteger(size) || size < 0)
        return Effect.fail(refused("readAlloc", "size must be a non-negative integer"))
      const buffer = new Uint8Array(size)
      return Effect.map(this.readAt("readAlloc", buffer, options?.position), (n) =>
        n === 0 ? Option.none() : Option.some(buffer.slice(0, n)),
      )
    })
  }

  private readAt(method: string, buffer: Uint8Array, at: bigint | undefined) {
    return Effect.suspend(() => {
      const position = at ?? this.position
      if (position < 0n) return Effect.fail(refused(method, "Cannot read before the start of the file"))
      const reading = asked<number>(method, this.fd, (resume) =>
        fs.read(this.fd, buffer, 0, buffer.length, position, resume),
      )
      if (at !== undefined) return reading
      return Effect.map(reading, (n) => {
        this.position = position + BigInt(n)
        return n
      })
    })
  }

  truncate(length = 0): Effect.Effect<void, PlatformError> {
    return Effect.map(
      done("truncate", this.fd, (resume) => fs.ftruncate(this.fd, length, resume)),
      () => {
        if (!this.appends && this.position > length) this.position = BigInt(length)
      },
    )
  }

  write(buffer: Uint8Array): Effect.Effect<number, PlatformError> {
    return this.writeAs("write", buffer)
  }

  writeAll(buffer: Uint8Array): Effect.Effect<void, PlatformError> {
    if (buffer.length === 0) return Effect.void
    return Effect.flatMap(this.writeAs("writeAll", buffer), (n) => {
      if (n === buffer.length) return Effect.void
      if (n > 0) return this.writeAll(buffer.subarray(n))
      const description = "write returned 0 bytes written"
      const pathOrDescriptor = this.fd
      return Effect.fail(
        systemError({ _tag: "WriteZero", module, method: "writeAll", pathOrDescriptor, description }),
      )
    })
  }

  /**
   * Writes to the end as far as the kernel takes it at once, without a thread: answers how many bytes that were. Throws
   * what the system says.
   */
  writeNow(buffer: Uint8Array): number {
    return fs.writeSync(this.fd, buffer, 0, buffer.length, null)
  }

  /** As `sync`, for whom a fiber would cost more; of what says when the file changed it writes no more than it must. */
  syncThen(done: (error: PlatformError | undefined) => void): void {
    fs.fdatasync(this.fd, (error) => done(error ? failed("sync", this.fd, error) : undefined))
  }

  private writeAs(method: string, buffer: Uint8Array): Effect.Effect<number, PlatformError> {
    return Effect.suspend(() => {
      const position = this.appends ? null : Number(this.position)
      const writing = asked<number>(method, this.fd, (resume) =>
        fs.write(this.fd, buffer, 0, buffer.length, position, resume),
      )
      return Effect.map(writing, (n) => {
        if (!this.appends) this.position += BigInt(n)
        return n
      })
    })
  }
}

const open: FileSystem.FileSystem["open"] = (path, options) => {
  const flag = options?.flag ?? "r"
  return Effect.acquireRelease(
    asked<number>("open", path, (resume) => fs.open(path, flag, options?.mode, resume)),
    (fd) => Effect.orDie(done("open", fd, (resume) => fs.close(fd, resume))),
  ).pipe(Effect.map((fd) => new OpenFile(fd, flag.startsWith("a"))))
}

const access = (path: string): Effect.Effect<void, PlatformError> =>
  done("access", path, (resume) => fs.access(path, resume))

const exists = (path: string): Effect.Effect<boolean, PlatformError> =>
  Effect.as(access(path), true).pipe(
    Effect.catch((error) => (error.reason._tag === "NotFound" ? Effect.succeed(false) : Effect.fail(error))),
  )

const writeFile: FileSystem.FileSystem["writeFile"] = (path, data, options) =>
  done("writeFile", path, (resume) => fs.writeFile(path, data, { ...options }, resume))

interface Temporary {
  readonly directory?: string | undefined
  readonly prefix?: string | undefined
  readonly suffix?: string | undefined
}

/** A new directory, which goes with the scope and all that is in it. */
const temporaryDirectory = (
  method: string,
  { directory = tmpdir(), prefix = "" }: Temporary = {},
): Effect.Effect<string, PlatformError, Scope.Scope> => {
  const start = `${directory === "/" ? "" : directory}/${prefix}`
  return Effect.acquireRelease(
    asked<string>(method, start, (resume) => fs.mkdtemp(start, resume)),
    (path) =>
      Effect.orDie(done(method, path, (resume) => fs.rm(path, { recursive: true, force: true }, resume))),
  )
}

const makeTempFileScoped = (options?: Temporary): Effect.Effect<string, PlatformError, Scope.Scope> =>
  Effect.flatMap(temporaryDirectory("makeTempFileScoped", options), (directory) => {
    const path = `${directory}/file${options?.suffix ?? ""}`
    return Effect.as(writeFile(path, new Uint8Array(0)), path)
  })

/** A layer anew each time, as all of Redix's. */
export const filesLayer = (): Layer.Layer<FileSystem.FileSystem> =>
  Layer.succeed(
    FileSystem.FileSystem,
    FileSystem.makeNoop({
      access,
      exists,
      open,
      writeFile,
      makeTempFileScoped,
      makeDirectory: (path, { recursive = false, mode } = {}) =>
        done("makeDirectory", path, (resume) => fs.mkdir(path, { recursive, mode }, resume)),
      writeFileString: (path, text, options) => writeFile(path, new TextEncoder().encode(text), options),
      makeTempDirectoryScoped: (options) => temporaryDirectory("makeTempDirectoryScoped", options),
      chmod: (path, mode) => done("chmod", path, (resume) => fs.chmod(path, mode, resume)),
      readDirectory: (path) =>
        asked<Array<string>>("readDirectory", path, (resume) => fs.readdir(path, resume)),
      readFile: (path) => asked<Uint8Array>("readFile", path, (resume) => fs.readFile(path, resume)),
      realPath: (path) => asked<string>("realPath", path, (resume) => fs.realpath(path, resume)),
      remove: (path, { recursive = false, force = false } = {}) =>
        done("remove", path, (resume) => fs.rm(path, { recursive, force }, resume)),
      rename: (from, to) => done("rename", from, (resume) => fs.rename(from, to, resume)),
      stat: (path) =>
        Effect.map(
          asked<fs.BigIntStats>("stat", path, (resume) => fs.stat(path, { bigint: true }, resume)),
          infoOf,
        ),
    }),
  )
