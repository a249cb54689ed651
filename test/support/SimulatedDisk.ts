/**
 * A disk below Effect's FileSystem that remembers what was synced. At a power cut each write that was not is kept, dropped
 * or garbled, sector by sector, and each name that was made, moved or removed without a sync of its directory may be as
 * before. Its steps can fail, too, or do half of what they were to do; pages that a failed sync was to write are lost
 * without a further word, as they are on Linux.
 *
 * It has one process at a time, begun by `boot`, which gives it its file system: after `kill` or `powerCut` every step of
 * that one fails, whatever it had open.
 */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { type PlatformError, systemError, type SystemErrorTag } from "effect/PlatformError"
import type { Random } from "./Random.js"

const SECTOR = 512

/** Bytes at a place, or a new size. */
type Change = { readonly at: number; readonly bytes: Uint8Array } | { readonly size: number }

const changed = (content: Buffer, change: Change): Buffer => {
  if ("size" in change) return Buffer.concat([content.subarray(0, change.size)], change.size)
  const end = change.at + change.bytes.length
  const next = end > content.length ? Buffer.concat([content], end) : content
  next.set(change.bytes, change.at)
  return next
}

class Inode {
  /** What a reader sees. */
  content: Buffer
  /** What is on the disk, and what is on its way there. */
  durable: Buffer
  pending: Array<Change> = []

  constructor(content: Buffer) {
    this.content = Buffer.from(content)
    this.durable = Buffer.from(content)
  }

  change(change: Change): void {
    this.content = changed(this.content, change)
    this.pending.push(change)
  }

  sync(): void {
    for (const change of this.pending) this.durable = changed(this.durable, change)
    this.pending = []
  }
}

type Names = Map<string, Inode | "directory">

/** A change of names, on the disk once one of its directories is synced. */
interface Renaming {
  readonly directories: ReadonlyArray<string>
  readonly apply: (names: Names) => void
}

const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/"

const TAGS: Readonly<Record<string, SystemErrorTag>> = { ENOENT: "NotFound" }

const failure = (method: string, path: string, code: string): PlatformError =>
  systemError({
    _tag: TAGS[code] ?? "Unknown",
    module: "FileSystem",
    method,
    pathOrDescriptor: path,
    description: `${code}: simulated`,
    cause: Object.assign(new Error(`${code}: simulated, ${method} '${path}'`), { code }),
  })

/** What a power cut leaves of bytes that were not synced: some whole sectors, or an uninterrupted part. */
export type Tearing = "sectors" | "prefix"

/** A step of the process on the disk. */
interface Step {
  readonly operation: string
  readonly path: string
}

export class SimulatedDisk {
  /** Steps that changed something or synced so far. */
  steps = 0
  /** The process has ended. */
  dead = false
  /** Called before each step; answers the code of the error it fails with, or how many bytes a write is cut to. */
  disturb: (step: Step) => string | number | undefined = () => undefined
  /** Hears of syncs as they begin; what it answers, of their success. */
  onSync: (path: string) => (() => void) | undefined = () => undefined
  private names: Names
  private durableNames: Names
  private renamings: Array<Renaming> = []
  private process = 0

  constructor(
    private readonly random: Random,
    directory: string,
  ) {
    this.names = new Map([[directory, "directory"]])
    this.durableNames = new Map(this.names)
  }

  /** What a file holds. */
  read(path: string): Buffer | undefined {
    const node = this.names.get(path)
    return node === undefined || node === "directory" ? undefined : node.content
  }

  get paths(): ReadonlyArray<string> {
    return [...this.names.keys()].sort()
  }

  /** Puts a file in place that has long been there; what a failed sync has dropped of it is only seen. */
  put(path: string, content: Uint8Array, dropped: Uint8Array = new Uint8Array(0)): void {
    const node = new Inode(Buffer.from(content))
    node.content = Buffer.concat([node.content, dropped])
    for (const names of [this.names, this.durableNames])
      names.set(directoryOf(path), "directory").set(path, node)
  }

  /** Ends the process; the kernel has all that it was given. */
  kill(): void {
    this.dead = true
  }

  /** Ends the process, and the power. */
  powerCut(tearing: Tearing): void {
    this.dead = true
    const names = new Map(this.durableNames)
    const luck = this.random.pick([0, 0.5, 0.5, 1])
    for (const renaming of this.renamings) if (this.random.chance(luck)) renaming.apply(names)
    const left = new Map<Inode, Inode>()
    for (const [path, node] of names) {
      if (node === "directory") continue
      const after = left.get(node) ?? new Inode(this.torn(node, tearing))
      left.set(node, after)
      names.set(path, after)
    }
    // A file whose directory never came to be is nowhere.
    for (const path of names.keys()) {
      const directory = directoryOf(path)
      if (directory !== "/" && names.get(directory) !== "directory") names.delete(path)
    }
    this.names = names
    this.durableNames = new Map(names)
    this.renamings = []
  }

  /** Begins a process. */
  boot(): Layer.Layer<FileSystem.FileSystem> {
    this.dead = false
    this.disturb = () => undefined
    return new Process(this, ++this.process).layer
  }

  isRunning(process: number): boolean {
    return !this.dead && process === this.process
  }

  private torn(node: Inode, tearing: Tearing): Buffer {
    const { random } = this
    let content: Buffer = Buffer.from(node.durable)
    if (tearing === "prefix") {
      let left = random.below(node.pending.length + 1)
      for (const change of node.pending) {
        if (left-- <= 0) {
          const part =
            "bytes" in change ? change.bytes.subarray(0, random.below(change.bytes.length + 1)) : undefined
          return part === undefined || !("at" in change)
            ? content
            : changed(content, { at: change.at, bytes: part })
        }
        content = changed(content, change)
      }
      return content
    }
    const kept = random.pick([0, 0.5, 0.9, 1])
    for (const change of node.pending) {
      if ("size" in change) {
        if (random.chance(kept)) content = changed(content, change)
        continue
      }
      for (let from = 0; from < change.bytes.length;) {
        const at = change.at + from
        const n = Math.min(change.bytes.length - from, SECTOR - (at % SECTOR))
        if (random.chance(kept))
          content = changed(content, { at, bytes: change.bytes.subarray(from, from + n) })
        else if (random.chance(0.5)) content = changed(content, { at, bytes: random.bytes(n) })
        from += n
      }
    }
    return content
  }

  // ---- for its process

  node(path: string): Inode | "directory" | undefined {
    return this.names.get(path)
  }

  turns(): number {
    return this.random.below(3)
  }

  /** Whether a process can write in its own turn, and sync without a fiber; as `server/Files.ts`, and unlike platform-node. */
  writesNow(): boolean {
    return this.random.chance(0.7)
  }

  renamed(directories: ReadonlyArray<string>, apply: (names: Names) => void): void {
    apply(this.names)
    this.renamings.push({ directories, apply })
  }

  syncDirectory(path: string): void {
    for (const renaming of this.renamings)
      if (renaming.directories.includes(path)) renaming.apply(this.durableNames)
    this.renamings = this.renamings.filter(({ directories }) => !directories.includes(path))
  }
}

/** The file system of one process. */
class Process {
  private readonly writesNow: boolean

  constructor(
    private readonly disk: SimulatedDisk,
    private readonly id: number,
  ) {
    this.writesNow = disk.writesNow()
  }

  private get alive(): boolean {
    return this.disk.isRunning(this.id)
  }

  /** One step: some turns of the event loop, then what is to be done, unless something else is to happen. */
  private step<A>(
    operation: string,
    path: string,
    run: (most: number) => A | PlatformError,
    failed: () => void = () => {},
  ): Effect.Effect<A, PlatformError> {
    return Effect.callback((resume) => {
      const { disk } = this
      const fail = (code: string): void => resume(Effect.fail(failure(operation, path, code)))
      let turns = disk.turns()
      const act = (): void => {
        if (turns-- > 0) return void setImmediate(act)
        if (!this.alive) return fail("EIO")
        disk.steps++
        const disturbance = disk.disturb({ operation, path })
        if (!this.alive) return fail("EIO")
        if (typeof disturbance === "string") {
          failed()
          return fail(disturbance)
        }
        const result = run(disturbance ?? Infinity)
        resume(isFailure(result) ? Effect.fail(result) : Effect.succeed(result))
      }
      act()
    })
  }

  /** A write in the present turn. */
  private writeNow(path: string, run: (most: number) => number): number {
    const { disk } = this
    if (!this.alive) throw failure("write", path, "EIO")
    disk.steps++
    const disturbance = disk.disturb({ operation: "write", path })
    if (!this.alive) throw failure("write", path, "EIO")
    if (typeof disturbance === "string") throw failure("write", path, disturbance)
    return run(disturbance ?? Infinity)
  }

  private look<A>(
    method: string,
    path: string,
    use: (node: Inode | "directory") => A,
  ): Effect.Effect<A, PlatformError> {
    return Effect.suspend(() => {
      const node = this.disk.node(path)
      if (!this.alive) return Effect.fail(failure(method, path, "EIO"))
      return node === undefined ? Effect.fail(failure(method, path, "ENOENT")) : Effect.succeed(use(node))
    })
  }

  private open(path: string, flag: string): Effect.Effect<FileSystem.File, PlatformError> {
    if (flag === "r" || flag === "r+")
      return this.look("open", path, (node) => this.handle(path, node, false))
    const { disk } = this
    return this.step("open", path, () => {
      const directory = directoryOf(path)
      if (disk.node(directory) !== "directory") return failure("open", path, "ENOENT")
      let node = disk.node(path)
      if (node === "directory") return failure("open", path, "EISDIR")
      if (node === undefined) {
        const created = (node = new Inode(Buffer.alloc(0)))
        disk.renamed([directory], (names) => void names.set(path, created))
      } else if (flag.startsWith("w")) node.change({ size: 0 })
      return this.handle(path, node, flag.startsWith("a"))
    })
  }

  private handle(path: string, node: Inode | "directory", appends: boolean): FileSystem.File {
    let position = 0
    const inode = node === "directory" ? new Inode(Buffer.alloc(0)) : node
    const put = (bytes: Uint8Array, most: number): number => {
      const at = appends ? inode.content.length : position
      const part = Buffer.from(bytes.subarray(0, most))
      inode.change({ at, bytes: part })
      position = at + part.length
      return part.length
    }
    const write = (operation: string, bytes: Uint8Array): Effect.Effect<number, PlatformError> =>
      this.step(operation, path, (most) => put(bytes, most))
    const writeAll = (bytes: Uint8Array): Effect.Effect<void, PlatformError> =>
      bytes.length === 0
        ? Effect.void
        : Effect.flatMap(write("write", bytes), (n) => writeAll(bytes.subarray(n)))
    const read = (into: Uint8Array): number => {
      const part = inode.content.subarray(position, position + into.length)
      into.set(part)
      position += part.length
      return part.length
    }
    const file: FileSystem.File = {
      [FileSystem.FileTypeId]: FileSystem.FileTypeId,
      stat: Effect.sync(() => infoOf(node)),
      seek: (offset, from) =>
        Effect.sync(() => BigInt((position = Number(offset) + (from === "start" ? 0 : position)))),
      sync: Effect.suspend(() => {
        const synced = this.disk.onSync(path)
        const sync = (): void => {
          if (node === "directory") this.disk.syncDirectory(path)
          else inode.sync()
          synced?.()
        }
        // The kernel forgets what a failed sync was to write: it is seen until the end, and never gets to the disk.
        return this.step("sync", path, sync, () => void (inode.pending = []))
      }),
      read: (into) =>
        this.look("read", path, () => 0).pipe(Effect.ignore, Effect.andThen(Effect.sync(() => read(into)))),
      readAlloc: (size) =>
        Effect.sync(() => {
          const into = new Uint8Array(size)
          const n = read(into)
          return n === 0 ? Option.none() : Option.some(into.subarray(0, n))
        }),
      truncate: (length = 0) => this.step("truncate", path, () => inode.change({ size: length })),
      write: (bytes) => write("write", bytes),
      writeAll,
    }
    if (!this.writesNow) return file
    const writeNow = (bytes: Uint8Array): number => this.writeNow(path, (most) => put(bytes, most))
    const syncThen = (done: (error: PlatformError | undefined) => void): void => {
      Effect.runFork(Effect.match(file.sync, { onSuccess: () => done(undefined), onFailure: done }))
    }
    return Object.assign(file, { writeNow, syncThen })
  }

  private remove(path: string, force: boolean): Effect.Effect<void, PlatformError> {
    return this.step("remove", path, () => {
      if (this.disk.node(path) === undefined) return force ? undefined : failure("remove", path, "ENOENT")
      this.disk.renamed([directoryOf(path)], (names) => void names.delete(path))
      return undefined
    })
  }

  private rename(from: string, to: string): Effect.Effect<void, PlatformError> {
    return this.step("rename", from, () => {
      const node = this.disk.node(from)
      if (node === undefined) return failure("rename", from, "ENOENT")
      this.disk.renamed([directoryOf(from), directoryOf(to)], (names) => {
        names.delete(from)
        names.set(to, node)
      })
      return undefined
    })
  }

  get layer(): Layer.Layer<FileSystem.FileSystem> {
    const { disk } = this
    const inDirectory = (path: string): Array<string> =>
      disk.paths.filter((other) => directoryOf(other) === path).map((other) => other.slice(path.length + 1))
    return Layer.succeed(
      FileSystem.FileSystem,
      FileSystem.makeNoop({
        access: (path) => this.look("access", path, () => undefined),
        exists: (path) => Effect.sync(() => disk.node(path) !== undefined),
        open: (path, options) => this.open(path, options?.flag ?? "r"),
        makeDirectory: (path) =>
          this.step("makeDirectory", path, () =>
            disk.renamed([directoryOf(path)], (names) => void names.set(path, "directory")),
          ),
        makeTempFileScoped: (options) => {
          const path = `${options?.directory ?? ""}/${options?.prefix ?? ""}${disk.steps}${options?.suffix ?? ""}`
          return Effect.acquireRelease(Effect.as(this.open(path, "w"), path), () =>
            Effect.ignore(this.remove(path, true)),
          )
        },
        readDirectory: (path) => this.look("readDirectory", path, () => inDirectory(path)),
        readFile: (path) =>
          this.look("readFile", path, (node) =>
            node === "directory" ? new Uint8Array(0) : Uint8Array.from(node.content),
          ),
        realPath: (path) => this.look("realPath", path, () => path),
        remove: (path, options) => this.remove(path, options?.force ?? false),
        rename: (from, to) => this.rename(from, to),
        stat: (path) => this.look("stat", path, infoOf),
      }),
    )
  }
}

const isFailure = (result: unknown): result is PlatformError =>
  result instanceof Error && "_tag" in result && result._tag === "PlatformError"

const infoOf = (node: Inode | "directory"): FileSystem.File.Info => ({
  type: node === "directory" ? "Directory" : "File",
  mtime: Option.none(),
  atime: Option.none(),
  birthtime: Option.none(),
  dev: 0n,
  rdev: Option.none(),
  ino: Option.none(),
  mode: 0o644,
  nlink: Option.none(),
  uid: Option.none(),
  gid: Option.none(),
  size: ByteSize.bytes(node === "directory" ? 0 : node.content.length),
  blksize: Option.none(),
  blocks: Option.none(),
})
