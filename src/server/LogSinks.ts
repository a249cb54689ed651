/**
 * Where log lines go, and the sink that is a file. A sink never throws, never ends the server and never holds it up: what
 * it cannot take is lost, and it takes the next line again when it can (a disk has room again, a pipe has a new reader).
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"

export type LogSink = (text: string) => void

/** What may wait for a reader or a disk that is slow; lines beyond it are lost. */
export const PENDING_CHARS_MAX = 1024 * 1024

/**
 * A sink that appends to the file `path` names, opened anew at each write, so that rotation by renaming works. Lines are
 * queued and written in order by a fiber of the scope; what is queued when the scope ends is written before it ends. A
 * file that cannot be opened at first fails here.
 */
export const fileSink = Effect.fnUntraced(function* (path: () => string) {
  const fs = yield* FileSystem.FileSystem
  const append = (text: string) => fs.writeFileString(path(), text, { flag: "a" })
  yield* Effect.scoped(fs.open(path(), { flag: "a" }))
  let pending = ""
  let wake: (() => void) | undefined
  const flush = Effect.suspend(() => {
    const text = pending
    pending = ""
    return text === "" ? Effect.void : Effect.ignore(append(text))
  })
  const waitForLines = Effect.callback<void>((resume) => {
    if (pending !== "") return resume(Effect.void)
    wake = () => {
      wake = undefined
      resume(Effect.void)
    }
    return Effect.sync(() => {
      wake = undefined
    })
  })
  yield* Effect.addFinalizer(() => flush)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(waitForLines, Effect.uninterruptible(flush))))
  return (text: string): void => {
    if (pending.length < PENDING_CHARS_MAX) pending += text
    wake?.()
  }
})
