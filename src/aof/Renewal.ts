/**
 * A file that is written anew, byte by byte, while it is loaded: read once, written beside the parsing of what was read, so
 * that a start takes hardly longer for it. What is loaded is what is written.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { LoadSource } from "../rdb/load/RdbLoadFile.js"

/** Cannot fail: who makes it knows what to do where the disk does not take it. */
export interface Renewal {
  /** Takes the file's next bytes, lent until it ends. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void>
  /** Has what was written take the file's place. */
  readonly finish: Effect.Effect<void>
}

/** The same source, whose bytes go to the renewal as well; all of them are there once it has given its last. */
export const alongside = <E>(source: LoadSource<E>, renewal: Renewal): LoadSource<E> => {
  let writing: Fiber.Fiber<void> | undefined
  const next = Effect.gen(function* () {
    // The source fills the memory anew of what it gave before.
    if (writing !== undefined) yield* Fiber.join(writing)
    writing = undefined
    const bytes = yield* source.next
    if (bytes !== undefined)
      writing = yield* Effect.forkChild(renewal.write(bytes), { startImmediately: true })
    return bytes
  })
  return { ...source, next }
}
