/**
 * DEBUG LOADAOF: the data set as the files have it. Files that cannot be loaded change nothing: the data set is laid aside
 * until all of theirs is there.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { AofIoError, type AofError } from "./AofErrors.js"
import { asLoad, type LoadingParts, loadFiles } from "./AofLoading.js"
import { type Manifest, manifestNameOf } from "./Manifest.js"

/** Lays the data set and the libraries aside; answers how they come back, and how they go. */
const layAside = ({
  engine,
  rdb,
}: LoadingParts): { readonly restore: () => void; readonly drop: () => void } => {
  const { keyspace } = engine
  const { state, libraries } = rdb
  const { loadFailed } = state
  const { dirty } = keyspace
  const codes = libraries.dump()
  const databases = keyspace.stage()
  keyspace.exchange(databases)
  return {
    restore: () => {
      keyspace.exchange(databases)
      keyspace.discard(databases)
      libraries.clear()
      for (const code of codes) libraries.load(code)
      state.loadFailed = loadFailed
      keyspace.dirty = dirty
    },
    drop: () => {
      keyspace.discard(databases)
      state.loadFailed = false
      // Nothing that is in memory was changed since.
      keyspace.dirty = 0
    },
  }
}

export const reloadFiles = (
  parts: LoadingParts,
  manifest: Manifest | undefined,
): Effect.Effect<void, AofError> =>
  Effect.suspend(() => {
    const { directory } = parts
    if (manifest === undefined) {
      const path = directory.pathOf(manifestNameOf(directory.fileName))
      return Effect.fail(
        new AofIoError({ path, offset: 0, operation: "open", reason: "No such file or directory" }),
      )
    }
    const aside = layAside(parts)
    return Effect.onExit(asLoad(parts.engine, loadFiles(parts, manifest)), (exit) =>
      Effect.sync(Exit.isSuccess(exit) ? aside.drop : aside.restore),
    )
  })
