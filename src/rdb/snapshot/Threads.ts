/**
 * Threads that write snapshots, as a service: a reference with the runtime's workers as default; a simulation, or a runtime
 * without threads, puts its own in its place.
 */
import node from "node:process"
import * as Context from "effect/Context"
import type { SnapshotMessage, SnapshotTask } from "./snapshotWorker.js"

/** Hears of a thread that was started. */
export interface ThreadListener {
  readonly message: (message: SnapshotMessage) => void
  readonly failed: (reason: string) => void
  /** It is gone, and reads nothing any more. */
  readonly exit: () => void
}

interface Thread {
  /** Ends it, wherever it is. */
  readonly end: () => void
}

/** What starts threads. */
export interface ThreadStarter {
  /** Starts the module's code with a task. Throws where no thread can be started. */
  readonly start: (module: URL, task: SnapshotTask, listener: ThreadListener) => Thread
}

/**
 * The small heap of a thread whose data lies in shared memory. Not on Deno, where a thread with limits ends the whole
 * process for want of memory.
 */
const limits = () =>
  "Deno" in globalThis ? {} : { resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 } }

const workers: ThreadStarter = {
  start: (module, task, { message, failed, exit }) => {
    const { Worker } = node.getBuiltinModule("node:worker_threads")
    const worker = new Worker(module, { workerData: task, ...limits() })
    worker.on("message", message)
    worker.on("error", (error) => failed(error.message))
    worker.on("exit", exit)
    return { end: () => void worker.terminate() }
  },
}

/** What starts the threads that write snapshots; default: the runtime's workers. */
export const Threads: Context.Reference<ThreadStarter> = Context.Reference<ThreadStarter>(
  "redix/rdb/Threads",
  { defaultValue: () => workers },
)
