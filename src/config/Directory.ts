/** Directories and the paths in them: `dir` is where relative paths of the configuration count from, as after a chdir. */
import { systemReason } from "../bytes/SystemReason.js"
import { isAbsolute, join } from "node:path"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { DirectoryError } from "./ConfigErrors.js"

/** The path as it is seen from `directory`; "" stays "". */
export const pathIn = (directory: string, path: string): string =>
  path === "" || directory === "" || isAbsolute(path) ? path : join(directory, path)

/** The absolute path of an existing directory. */
export const resolveDirectory = Effect.fnUntraced(function* (from: string, path: string) {
  const fs = yield* FileSystem.FileSystem
  const fail = (reason: string) => new DirectoryError({ path, reason })
  if (path === "") return yield* fail("No such file or directory")
  const resolved = yield* fs
    .realPath(pathIn(from, path))
    .pipe(Effect.mapError((error) => fail(systemReason(error))))
  const info = yield* fs.stat(resolved).pipe(Effect.mapError((error) => fail(systemReason(error))))
  return info.type === "Directory" ? resolved : yield* fail("Not a directory")
})
