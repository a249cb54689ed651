/**
 * Where the bytes of a snapshot come from: a worker thread, or this thread in slices between which the event loop runs.
 *
 * The worker reads the arena's shared memory and costs this thread nothing but the taking of its buffers. Where none can
 * start (its file is not there, no memory for a thread), the snapshot is written here; the bytes are the same.
 */
import * as Effect from "effect/Effect"
import { brokenOff, type RdbIoError } from "../format/RdbErrors.js"
import { microsPerKey } from "./KeyDelay.js"
import type { SnapshotJob } from "./SnapshotJob.js"
import { makeRing, RingEmptier } from "./SnapshotRing.js"
import type { SnapshotTask } from "./snapshotWorker.js"
import { SnapshotWriter } from "./SnapshotWriter.js"
import type { ThreadListener, ThreadStarter } from "./Threads.js"

export interface SnapshotSource {
  /** Keys written so far. */
  readonly keys: () => number
  /** The next bytes, lent until `next` runs again; undefined at the end. Fails with the reason the writing broke off. */
  readonly next: Effect.Effect<Uint8Array | undefined, RdbIoError>
  /** Stops the writing; when it ends, nothing reads the arena any more. */
  readonly close: Effect.Effect<void>
}

const SLICE_BUFFER_BYTES = 64 * 1024
const SLICE_KEYS = 128
const SLICE_BYTES = 32 * 1024
/** How long a slice may sleep for its keys, with `rdb-key-save-delay`. */
const SLICE_DELAY_MICROS = 10_000

/** A source on this thread. */
export const inlineSource = (job: SnapshotJob): SnapshotSource => {
  const ready: Array<Uint8Array> = []
  const writer = new SnapshotWriter(job, new Uint8Array(SLICE_BUFFER_BYTES), (buffer, length) => {
    ready.push(buffer.slice(0, length))
    return buffer
  })
  const { keyDelay } = job
  const micros = keyDelay === 0 ? 0 : microsPerKey(keyDelay)
  const keys = Math.max(1, Math.floor(Math.min(SLICE_KEYS, SLICE_DELAY_MICROS / micros)))
  const slice = Effect.sync(() => writer.step(keys, SLICE_BYTES))
  const pause = keyDelay === 0 ? Effect.yieldNow : Effect.sleep(Math.ceil((keys * micros) / 1000))
  return {
    keys: () => writer.keys,
    next: Effect.gen(function* () {
      let more = true
      while (ready.length === 0 && more) {
        more = yield* slice
        yield* pause
      }
      return ready.shift()
    }),
    close: Effect.void,
  }
}

class ThreadRun {
  done = false
  failure: string | undefined = undefined
  /** The thread filled a buffer: from now on there is no starting over elsewhere. */
  produced = false
  private gone = false
  /** Something has happened while nobody waited for it. */
  private unheard = false
  private readonly wakes = new Set<() => void>()
  private readonly end: () => void

  /** Where no thread can be made, that is a failure before the first bytes. */
  constructor(threads: ThreadStarter, module: () => URL, task: SnapshotTask) {
    this.end = this.start(threads, module, task)
  }

  /** Answers what ends the thread. */
  private start(threads: ThreadStarter, module: () => URL, task: SnapshotTask): () => void {
    try {
      return threads.start(module(), task, this.listener).end
    } catch (thrown) {
      this.failure = thrown instanceof Error ? thrown.message : String(thrown)
      this.gone = true
      return () => undefined
    }
  }

  private readonly listener: ThreadListener = {
    message: (message) => {
      if (message === "done") this.done = true
      else this.produced = true
      this.wakeUp()
    },
    failed: (reason) => {
      this.failure = reason
      this.wakeUp()
    },
    exit: () => {
      this.gone = true
      if (!this.done) this.failure ??= "the snapshot's thread ended early"
      this.wakeUp()
    },
  }

  private wakeUp(): void {
    const woken = [...this.wakes]
    this.unheard = woken.length === 0
    this.wakes.clear()
    for (const wake of woken) wake()
  }

  /** Waits for the next message, error or exit that was not waited for. */
  readonly news = Effect.callback<void>((resume) => {
    if (this.unheard) {
      this.unheard = false
      return resume(Effect.void)
    }
    const wake = (): void => resume(Effect.void)
    this.wakes.add(wake)
    return Effect.sync(() => void this.wakes.delete(wake))
  })

  readonly stop = Effect.gen({ self: this }, function* () {
    if (!this.done) this.end()
    while (!this.gone) yield* this.news
  })
}

/**
 * A source on a worker thread, which may stand back behind this one. When the worker fails before its first bytes,
 * `instead` is told why, and this thread writes.
 */
export const workerSource = (
  job: SnapshotJob,
  threads: ThreadStarter,
  module: () => URL,
  standBack: boolean,
  instead: (reason: string) => Effect.Effect<void>,
): SnapshotSource => {
  const ring = makeRing()
  const emptier = new RingEmptier(ring)
  const run = new ThreadRun(threads, module, { job, ring, standBack })
  let lent = false
  let fallback: SnapshotSource | undefined
  const next: Effect.Effect<Uint8Array | undefined, RdbIoError> = Effect.gen(function* () {
    if (lent) emptier.release()
    lent = false
    for (;;) {
      if (fallback !== undefined) return yield* fallback.next
      const bytes = emptier.peek()
      if (bytes !== undefined) {
        lent = true
        return bytes
      }
      if (run.done) return undefined
      if (run.failure !== undefined) {
        if (run.produced) return yield* brokenOff(run.failure)
        yield* instead(run.failure)
        fallback = inlineSource(job)
      } else yield* run.news
    }
  })
  return {
    keys: () => fallback?.keys() ?? emptier.keys,
    next,
    close: Effect.suspend(() => {
      emptier.stop()
      return run.stop
    }),
  }
}

/** The worker's module beside this one, or beside the file that this one is bundled into. Throws where that has no place. */
export const workerBeside = (): URL => new URL("./snapshotWorker.js", import.meta.url)
