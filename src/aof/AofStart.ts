/**
 * How a server begins with the files that a process before has left.
 *
 *     closed by it                         loaded, and gone on with
 *     not closed (killed, a power cut)     written anew as they are loaded (`AofFiles.unsure`), and gone on with
 *     distrusted, or not to be written     loaded, and a new base and increment made; where that fails, the server starts all
 *                                          the same, takes no writes, and mends them when the disk lets it
 */
import * as Effect from "effect/Effect"
import type { RdbIoError } from "../rdb/format/RdbErrors.js"
import { type AofError, AofIoError, type ManifestError } from "./AofErrors.js"
import { asLoad, type LoadingParts, loadFiles, NO_RENEWAL, type Renewing } from "./AofLoading.js"
import type { AofFiles, RewriteError } from "./AofRewrite.js"
import type { AofStatus } from "./AofStatus.js"
import type { AofWriter } from "./AofWriter.js"
import type { AofFile } from "./Manifest.js"
import type { OpenIncrement } from "./OpenIncrement.js"

interface StartingFile {
  readonly files: AofFiles
  readonly writer: AofWriter
  readonly status: AofStatus
  readonly tidy: Effect.Effect<void>
  beginAtStart(): void
}

/** Loads the files; answers whether there were any. */
export const loadAtStart = (files: AofFiles, loading: LoadingParts): Effect.Effect<boolean, AofError> =>
  Effect.gen(function* () {
    const manifest = yield* files.toLoad
    if (manifest === undefined) return false
    const unsure = yield* files.unsure(manifest)
    const renewing = (file: AofFile): Renewing => (unsure.has(file) ? files.renewing(file) : NO_RENEWAL)
    yield* asLoad(loading.engine, loadFiles(loading, manifest, renewing))
    return true
  })

/** Makes new files; answers whether that went well. */
const renew = (
  aof: StartingFile,
  opened: (increment: OpenIncrement) => void,
): Effect.Effect<boolean, ManifestError> => {
  const mendLater = ({ path, reason }: AofIoError | RdbIoError): Effect.Effect<boolean> =>
    Effect.sync(() => {
      aof.beginAtStart()
      aof.writer.distrust(new AofIoError({ path, offset: 0, operation: "rewrite", reason }))
      return false
    })
  return Effect.as(Effect.andThen(aof.files.tellDistrust, aof.files.begin(opened)), true).pipe(
    Effect.catchTags({ AofIoError: mendLater, RdbIoError: mendLater }),
  )
}

/** Begins to log, behind the files that were loaded, or with new ones. */
export const openAtStart = (aof: StartingFile): Effect.Effect<void, RewriteError> =>
  Effect.gen(function* () {
    const { files } = aof
    const opened = (increment: OpenIncrement): void => {
      aof.writer.switchTo(increment)
      aof.beginAtStart()
    }
    if ((yield* files.read) === undefined) return yield* files.begin(opened)
    if (files.trusted) opened(yield* files.openLast)
    else if (!(yield* renew(aof, opened))) return
    yield* aof.tidy
    // What the process before has added counts as growth.
    aof.status.baseBytes = yield* files.baseBytes
  })
