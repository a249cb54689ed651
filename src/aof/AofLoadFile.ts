/**
 * Loads one file of an append-only file: commands, an RDB file, or an RDB file with commands after it, in slices between
 * which the event loop runs.
 *
 * A file that ends in the middle of a command, transaction or group is cut at the last whole one, or refused. So is one
 * whose last group is garbled, unless a later group says that the bad bytes had been on the disk (AofFormat.ts).
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Scope from "effect/Scope"
import type { CommandTable } from "../engine/CommandTable.js"
import type { Request } from "../engine/Lookahead.js"
import { fileSource, type LoadResult, type LoadSource } from "../rdb/load/RdbLoadFile.js"
import { ioError } from "../rdb/RdbFile.js"
import { doneLine } from "../rdb/FileReport.js"
import type { RdbFiles } from "../rdb/RdbPersistence.js"
import type { RdbError } from "../rdb/format/RdbErrors.js"
import type { Database } from "../store/Database.js"
import { AofDamageError, type AofError, AofIoError } from "./AofErrors.js"
import { AofReader, type AofTail } from "./AofReader.js"
import { Growth } from "./Growth.js"
import { LaterGroups } from "./LaterGroups.js"
import { alongside, type Renewal } from "./Renewal.js"

/** Bytes of commands run at a time: some milliseconds of work. */
const PIECE_BYTES = 128 * 1024
const PREAMBLE = Buffer.from("REDIS", "latin1")

/** Runs the commands. */
export interface AofTarget {
  readonly commands: CommandTable
  /** The one that is selected. */
  database(): Database
  /** Runs a part of the load that takes one turn; `run` is called within. */
  part(load: () => void): void
  /** Answers why the load must end, if it must. The request is lent. */
  run(request: Request): string | undefined
  /** Forgets a transaction that has begun. */
  discard(): void
}

interface AofFileResult {
  readonly commands: number
  /** Size of the file, after the cut. */
  readonly bytes: number
  readonly preamble: LoadResult | undefined
  /** Where it was cut. */
  readonly cutAt: number | undefined
}

export interface AofLoadOptions {
  readonly path: string
  /** What to do with a torn tail: cut the file there, or fail, because none is to be cut, or none but the last file's. */
  readonly torn: "cut" | "fail" | "not last"
  /** Begins to write the file anew beside its load, if that is to be. */
  readonly renewing: Effect.Effect<Renewal | undefined, never, Scope.Scope>
  /** Hears how many bytes were read since the last call; not of those of an RDB file, which has its own progress. */
  readonly onProgress: (bytes: number) => void
  /** Hears what an RDB file says of itself. */
  readonly onFields: (fields: ReadonlyMap<string, string>) => void
  /** The single file of an older server, of which an RDB file may be only the beginning. */
  readonly single: boolean
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** Runs a step that throws an AofDamageError; anything else it throws is a defect. */
const attempt = <A>(step: () => A): Effect.Effect<A, AofDamageError> =>
  Effect.try({
    try: step,
    catch: (thrown) => {
      if (thrown instanceof AofDamageError) return thrown
      throw thrown
    },
  })

/** The source's bytes again from their start, the first of them so many that a preamble shows. */
const peeked = Effect.fnUntraced(function* (source: LoadSource<RdbError>) {
  let head = yield* source.next
  while (head !== undefined && head.length < PREAMBLE.length) {
    const kept = head.slice()
    const more = yield* source.next
    if (more === undefined) {
      head = kept
      break
    }
    head = Buffer.concat([kept, more])
  }
  let first = head
  const next = Effect.suspend(() => {
    if (first === undefined) return source.next
    const bytes = first
    first = undefined
    return Effect.succeed(bytes)
  })
  return { head, source: { ...source, next } }
})

/** The file, written anew as it is read where that is to be; `ended` has what was written take its place. */
const opened = Effect.fnUntraced(function* (
  fs: FileSystem.FileSystem,
  { path, renewing }: Pick<AofLoadOptions, "path" | "renewing">,
) {
  const source = yield* fileSource(fs, path)
  const renewal = yield* renewing
  if (renewal === undefined) return { file: source, ended: Effect.void }
  const file = alongside(source, renewal)
  // What is behind a bad group was not read.
  const ended = Effect.gen(function* () {
    while ((yield* file.next) !== undefined);
    yield* renewal.finish
  })
  return { file, ended }
})

/** Fails when what follows a bad place says that it had been on the disk. */
const seeWhetherTorn = (
  fs: FileSystem.FileSystem,
  path: string,
  bad: number,
): Effect.Effect<void, AofError> =>
  Effect.gen(function* () {
    const source = yield* fileSource(fs, path, bad)
    const later = new LaterGroups(bad)
    for (let bytes = yield* source.next; bytes !== undefined; bytes = yield* source.next) {
      if (!later.feed(bytes)) continue
      const reason = "bytes that had been on the disk are not those that were written"
      return yield* new AofDamageError({ path, offset: bad, kind: "checksum", reason })
    }
  }).pipe(Effect.scoped)

const TORN: Readonly<Record<Exclude<AofTail, "whole">, string>> = {
  short: "short read",
  multi: "short read",
  group: "a group of commands that is not whole",
}

const cut = (
  fs: FileSystem.FileSystem,
  path: string,
  at: number,
  why: Exclude<AofTail, "whole">,
): Effect.Effect<void, AofError> =>
  Effect.gen(function* () {
    const name = nameOf(path)
    yield* Effect.logWarning(`!!! Warning: ${TORN[why]} while loading the AOF file ${name}!!!`)
    yield* Effect.logWarning(`!!! Truncating the AOF ${name} at offset ${at} !!!`)
    const file = yield* fs.open(path, { flag: "r+" }).pipe(Effect.mapError(ioError(path, "open")))
    yield* file.truncate(at).pipe(Effect.mapError(ioError(path, "truncate", at)))
    yield* file.sync.pipe(Effect.mapError(ioError(path, "fsync", at)))
    yield* Effect.logWarning(`AOF ${name} loaded anyway because aof-load-truncated is enabled`)
  }).pipe(Effect.scoped)

/** Reads the commands of a source into the target; answers how the file ends. */
class Commands {
  count = 0
  readonly reader: AofReader
  private bytes = 0
  private readonly growths = new Map<Database, Growth>()

  constructor(
    private readonly target: AofTarget,
    private readonly options: AofLoadOptions,
    private readonly from: number,
    private readonly totalBytes: number,
  ) {
    this.reader = new AofReader({ path: options.path, from, totalBytes, commands: target.commands })
  }

  private step(bytes: Uint8Array): void {
    this.reader.feed(bytes)
    this.target.part(() => this.runAll())
    this.grow(bytes.length)
    this.options.onProgress(bytes.length)
  }

  private grow(bytes: number): void {
    this.bytes += bytes
    const db = this.target.database()
    let growth = this.growths.get(db)
    if (growth === undefined) this.growths.set(db, (growth = new Growth(db, this.totalBytes - this.from)))
    growth.reached(this.bytes)
  }

  /** The file has no more. */
  ended(): void {
    for (const growth of this.growths.values()) growth.ended()
  }

  /** Runs the commands that are there. */
  private runAll(): void {
    const { reader, target } = this
    for (;;) {
      const request = reader.next(target.database())
      if (request === undefined) break
      const reason = target.run(request)
      if (reason !== undefined) {
        const { path } = this.options
        throw new AofDamageError({ path, offset: reader.startOf(request), kind: "command", reason })
      }
      this.count++
    }
  }

  /** Runs what a slice of the file has. */
  take(slice: Uint8Array): Effect.Effect<void, AofDamageError> {
    return Effect.gen({ self: this }, function* () {
      for (let at = 0; at < slice.length && !this.reader.torn; at += PIECE_BYTES) {
        yield* attempt(() => this.step(slice.subarray(at, at + PIECE_BYTES)))
        yield* Effect.yieldNow
      }
    })
  }
}

export const loadAofFile = (
  fs: FileSystem.FileSystem,
  rdb: Pick<RdbFiles, "loadFrom">,
  target: AofTarget,
  options: AofLoadOptions,
): Effect.Effect<AofFileResult, AofError> =>
  Effect.gen(function* () {
    const { path } = options
    const { file, ended } = yield* opened(fs, options)
    const { head, source } = yield* peeked(file)
    let preamble: LoadResult | undefined
    let rest: Uint8Array | undefined
    if (head !== undefined && PREAMBLE.equals(head.subarray(0, PREAMBLE.length))) {
      const { single, onFields } = options
      yield* Effect.logInfo(
        single ? "Reading RDB preamble from AOF file..." : "Reading RDB base file on AOF loading...",
      )
      const part = single ? "preamble of the AOF file" : "base file"
      preamble = yield* rdb
        .loadFrom(source, { onFields, onRest: (bytes) => void (rest = bytes) })
        .pipe(
          Effect.tapError(() =>
            Effect.logWarning(`Error reading the RDB ${part} ${nameOf(path)}, AOF loading aborted`),
          ),
        )
      yield* Effect.logInfo(doneLine(preamble))
      if (single) yield* Effect.logInfo("Reading the remaining AOF tail...")
    }
    const commands = new Commands(target, options, preamble?.bytes ?? 0, source.totalBytes)
    const { reader } = commands
    let bytes = rest ?? (yield* source.next)
    while (bytes !== undefined && !reader.torn) {
      yield* commands.take(bytes)
      bytes = yield* source.next
    }
    const tail = yield* attempt(() => reader.finish())
    commands.ended()
    const result = { commands: commands.count, preamble }
    if (tail === "whole") {
      yield* ended
      return { ...result, bytes: reader.validUpTo, cutAt: undefined }
    }
    target.discard()
    if (tail === "multi")
      yield* Effect.logWarning(`Revert incomplete MULTI/EXEC transaction in AOF file ${nameOf(path)}`)
    const offset = reader.validUpTo
    if (reader.grouped) yield* seeWhetherTorn(fs, path, offset)
    if (options.torn !== "cut") {
      const kind = options.torn === "fail" ? "truncated" : "not last"
      return yield* new AofDamageError({ path, offset, kind, reason: TORN[tail] })
    }
    yield* ended
    yield* cut(fs, path, offset, tail)
    return { ...result, bytes: offset, cutAt: offset }
  }).pipe(
    Effect.scoped,
    Effect.catchTag("RdbIoError", ({ offset, reason }) =>
      Effect.fail(new AofIoError({ path: options.path, offset, operation: "load", reason })),
    ),
  )
