/** Directories and the paths in them: `dir` is where relative paths of the configuration count from, as after a chdir. */
import { isAbsolute, join } from "node:path"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { platformReason } from "./ConfigErrors.js"

/** The path as it is seen from `directory`; "" stays "". */
export const pathIn = (directory: string, path: string): string =>
  path === "" || directory === "" || isAbsolute(path) ? path : join(directory, path)

/** The absolute path of an existing directory, or the reason there is none, in Redis's words. */
export const resolveDirectory = Effect.fnUntraced(function* (from: string, path: string) {
  const fs = yield* FileSystem.FileSystem
  if (path === "") return yield* Effect.fail("No such file or directory")
  const resolved = yield* fs.realPath(pathIn(from, path)).pipe(Effect.mapError(platformReason))
  const info = yield* fs.stat(resolved).pipe(Effect.mapError(platformReason))
  return info.type === "Directory" ? resolved : yield* Effect.fail("Not a directory")
})
