/**
 * Where the bytes of a snapshot come from: a worker thread, or this thread in slices between which the event loop runs.
 *
 * The worker reads the arena's shared memory and costs this thread nothing but the taking of its buffers. Where none can
 * start (its file is not there, no memory for a thread), the snapshot is written here; the bytes are the same.
 */
import { Worker } from "node:worker_threads"
import * as Effect from "effect/Effect"
import { microsPerKey } from "./KeyDelay.js"
import type { SnapshotJob } from "./SnapshotJob.js"
import { makeRing, RingEmptier } from "./SnapshotRing.js"
import type { SnapshotMessage, SnapshotTask } from "./snapshotWorker.js"
import { SnapshotWriter } from "./SnapshotWriter.js"

export interface SnapshotSource {
  /** Keys written so far. */
  readonly keys: () => number
  /** The next bytes, lent until `next` runs again; undefined at the end. Fails with the reason the writing broke off. */
  readonly next: Effect.Effect<Uint8Array | undefined, string>
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

/**
 * The small heap of a thread whose data lies in shared memory. Not on Deno, where a thread with limits ends the whole
 * process for want of memory.
 */
const workerLimits = () =>
  "Deno" in globalThis ? {} : { resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 } }

class WorkerRun {
  done = false
  failure: string | undefined = undefined
  /** The worker filled a buffer: from now on there is no starting over elsewhere. */
  produced = false
  private wake: (() => void) | undefined = undefined
  private readonly exited: Promise<void>
  private readonly worker: Worker | undefined

  /** Where no thread can be made, that is a failure before the first bytes. */
  constructor(module: () => URL, task: SnapshotTask) {
    try {
      this.worker = new Worker(module(), { workerData: task, ...workerLimits() })
      this.exited = this.follow(this.worker)
    } catch (thrown) {
      this.worker = undefined
      this.exited = Promise.resolve()
      this.failure = thrown instanceof Error ? thrown.message : String(thrown)
    }
  }

  /** Resolves when the thread has ended. */
  private follow(worker: Worker): Promise<void> {
    worker.on("message", (message: SnapshotMessage) => {
      if (message === "done") this.done = true
      else this.produced = true
      this.wakeUp()
    })
    worker.on("error", (error) => {
      this.failure = error.message
      this.wakeUp()
    })
    return new Promise((resolve) => {
      worker.on("exit", () => {
        if (!this.done) this.failure ??= "the snapshot's thread ended early"
        this.wakeUp()
        resolve()
      })
    })
  }

  private wakeUp(): void {
    const { wake } = this
    this.wake = undefined
    wake?.()
  }

  /** Waits for the next message, error or exit. */
  readonly news = Effect.callback<void>((resume) => {
    this.wake = () => resume(Effect.void)
    return Effect.sync(() => {
      this.wake = undefined
    })
  })

  readonly stop = Effect.promise(async () => {
    if (!this.done) await this.worker?.terminate()
    await this.exited
  })
}

/**
 * A source on a worker thread, which may stand back behind this one. When the worker fails before its first bytes,
 * `instead` is told why, and this thread writes.
 */
export const workerSource = (
  job: SnapshotJob,
  module: () => URL,
  standBack: boolean,
  instead: (reason: string) => Effect.Effect<void>,
): SnapshotSource => {
  const ring = makeRing()
  const emptier = new RingEmptier(ring)
  const run = new WorkerRun(module, { job, ring, standBack })
  let lent = false
  let fallback: SnapshotSource | undefined
  const next: Effect.Effect<Uint8Array | undefined, string> = Effect.gen(function* () {
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
        if (run.produced) return yield* Effect.fail(run.failure)
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
