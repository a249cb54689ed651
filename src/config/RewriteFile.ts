/**
 * CONFIG REWRITE on disk: the new text goes to a temporary file beside the old one, is synced, and takes its place by a
 * rename, so that a crash leaves either the old file or the new one.
 */
import { systemReason } from "../bytes/SystemReason.js"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { toByteText } from "./ByteText.js"
import { ConfigRewriteError } from "./ConfigErrors.js"
import { rewriteConfig, type RewriteOptions } from "./ConfigRewrite.js"
import type { ConfigState } from "./ConfigState.js"

const OWN_FILE_MODE = 0o644
const PERMISSION_BITS = 0o777

const lastSlash = (path: string): number => path.lastIndexOf("/")

/** Where CONFIG REWRITE cannot work, its error has the reply. */
export const rewriteConfigFile = (
  state: ConfigState,
  options: RewriteOptions = {},
): Effect.Effect<void, ConfigRewriteError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const path = state.configFile
    if (path === "") {
      const reason = "The server is running without a config file"
      return yield* new ConfigRewriteError({ reply: `ERR ${reason}`, path, reason })
    }
    yield* replaceFile(path, (old) => rewriteConfig(old, state, options)).pipe(
      Effect.mapError((error) => {
        const reason = systemReason(error)
        return new ConfigRewriteError({ reply: `ERR Rewriting config file: ${reason}`, path, reason })
      }),
    )
  })

/** Writes a file anew, by what was in it: a crash leaves either the old one or the new one. */
export const replaceFile = Effect.fnUntraced(function* (path: string, change: (old: string) => string) {
  const fs = yield* FileSystem.FileSystem
  const exists = yield* fs.exists(path)
  const target = exists ? yield* fs.realPath(path) : path
  const old = exists ? toByteText(yield* fs.readFile(target)) : ""
  const mode = exists ? (yield* fs.stat(target)).mode & PERMISSION_BITS : OWN_FILE_MODE
  const directory = target.slice(0, Math.max(lastSlash(target), 0)) || (target.startsWith("/") ? "/" : ".")
  yield* Effect.scoped(
    Effect.gen(function* () {
      const holder = yield* fs.makeTempDirectoryScoped({ directory, prefix: ".redix-rewrite-" })
      const temporary = `${holder}/${target.slice(lastSlash(target) + 1)}`
      const file = yield* fs.open(temporary, { flag: "w", mode })
      yield* file.writeAll(Buffer.from(change(old), "latin1"))
      yield* file.sync
      yield* fs.chmod(temporary, mode)
      yield* fs.rename(temporary, target)
    }),
  )
})
