/** Loads the files of an append-only file in order. Clients are told that the server loads for as long as that takes. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Scope from "effect/Scope"
import type { Engine } from "../engine/Engine.js"
import { fieldLines } from "../rdb/FileReport.js"
import type { RdbFiles } from "../rdb/RdbPersistence.js"
import { AofCommands } from "./AofCommands.js"
import type { AofDirectory } from "./AofDirectory.js"
import type { AofError } from "./AofErrors.js"
import { type AofLoadOptions, loadAofFile } from "./AofLoadFile.js"
import { type AofFile, filesOf, type Manifest } from "./Manifest.js"
import type { Renewal } from "./Renewal.js"

export interface LoadingParts {
  readonly fs: FileSystem.FileSystem
  readonly engine: Engine
  readonly rdb: RdbFiles
  readonly directory: AofDirectory
  /** aof-load-truncated: a torn end of the last file is cut off. */
  readonly cutsTornEnd: () => boolean
}

/** What writes a file anew while it is loaded. */
export type Renewing = Effect.Effect<Renewal | undefined, never, Scope.Scope>

export const NO_RENEWAL: Renewing = Effect.succeed(undefined)

/** Loads one file; answers how many seconds it took. */
const loadOne = (
  parts: LoadingParts,
  file: AofFile,
  options: Pick<AofLoadOptions, "torn" | "renewing">,
  onBytes: (bytes: number) => void,
) =>
  Effect.gen(function* () {
    const { fs, engine, rdb, directory } = parts
    const startedMs = engine.clock.currentTimeMillisUnsafe()
    const result = yield* loadAofFile(fs, rdb, new AofCommands(engine, file.name), {
      path: directory.pathOf(file.name),
      ...options,
      onProgress: onBytes,
      onFields: (fields) => {
        for (const line of fieldLines(fields, startedMs)) engine.logger.notice(line)
      },
      single: file.name === directory.fileName,
    })
    if (result.preamble !== undefined) onBytes(result.preamble.bytes)
    return { result, seconds: (engine.clock.currentTimeMillisUnsafe() - startedMs) / 1000 }
  })

/** Adds what the files of a manifest say to the data set. */
export const loadFiles = (
  parts: LoadingParts,
  manifest: Manifest,
  renewing: (file: AofFile) => Renewing = () => NO_RENEWAL,
): Effect.Effect<void, AofError> =>
  Effect.gen(function* () {
    const { engine, rdb, directory } = parts
    const { base } = manifest
    const files = filesOf(manifest)
    let totalBytes = 0
    // An increment that is in the manifest already gets nothing before the one in front of it is synced: until then
    // that is the last.
    let last = 0
    for (const [i, file] of files.entries()) {
      const size = yield* directory.sizeOf(file)
      totalBytes += size
      if (!(yield* directory.isEmpty(file, size))) last = i
    }
    const load = {
      startedMs: engine.clock.currentTimeMillisUnsafe(),
      totalBytes,
      loadedBytes: 0,
      usedMemory: 0,
      staged: false,
      serving: false,
    }
    const onBytes = (bytes: number): void => {
      // An RDB file that was loaded has had its own progress shown.
      rdb.state.load = load
      load.loadedBytes += bytes
    }
    onBytes(0)
    for (const [i, file] of files.entries()) {
      const kind = file === base ? "base" : "incr"
      const cut = i >= last ? "cut" : "not last"
      const { result, seconds } = yield* loadOne(
        parts,
        file,
        { torn: parts.cutsTornEnd() ? cut : "fail", renewing: renewing(file) },
        onBytes,
      )
      if (result.bytes > 0 || result.cutAt !== undefined)
        yield* Effect.logInfo(`DB loaded from ${kind} file ${file.name}: ${seconds.toFixed(3)} seconds`)
    }
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        parts.rdb.state.load = undefined
        for (const listener of [...parts.rdb.listeners]) listener.loadGoesOn(false)
      }),
    ),
  )

/** Runs a load with expiry as the files need it, and nobody told of the commands. */
export const asLoad = <A, E>(engine: Engine, loading: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    const { keyspace, log } = engine
    const mode = keyspace.expiryMode
    // What was still there when it was logged is still there for the commands that follow.
    keyspace.expiryMode = "ignore"
    log.mute(true)
    return Effect.ensuring(
      loading,
      Effect.sync(() => {
        keyspace.expiryMode = mode
        log.mute(false)
      }),
    )
  })
