/**
 * Threads that write snapshots, as a service: a reference with the runtime's workers as default; a simulation, or a runtime
 * without threads, puts its own in its place.
 *
 * A worker that stands back is kept for the next snapshot, for what it runs has been compiled: compiling it took 330 to
 * 480 ms of the threads that all workers share, in which it wrote half a million keys, and took the processors from clients.
 */
import node from "node:process"
import * as timers from "node:timers"
import type { Worker } from "node:worker_threads"
import * as Context from "effect/Context"
import type { SnapshotMessage, SnapshotTask } from "./snapshotWorker.js"

/** Hears of a thread that was started. */
export interface ThreadListener {
  readonly message: (message: SnapshotMessage) => void
  readonly failed: (reason: string) => void
  /** It reads nothing any more, and may be gone. */
  readonly exit: () => void
}

interface Thread {
  /** Ends it, wherever it is. */
  readonly end: () => void
}

/** What starts threads. */
export interface ThreadStarter {
  /**
   * Has a thread that runs the module write a snapshot: it is sent the task as a message. Throws where none can be started.
   */
  readonly start: (module: URL, task: SnapshotTask, listener: ThreadListener) => Thread
  /** A server ends: threads kept for later snapshots are not needed for it. */
  readonly release?: () => void
}

/**
 * The small heap of a thread whose data lies in shared memory. Not on Deno, where a thread with limits ends the whole
 * process for want of memory.
 */
const limits = () =>
  "Deno" in globalThis ? {} : { resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 256 } }

// As they are before a test puts its own in their place.
const { setTimeout: timeout, clearTimeout: clear } = timers

/** For so long a worker waits for its next task: busy servers save every five minutes, by default. */
const KEPT_MS = 10 * 60_000

/** A worker, which has one task at a time. */
class WorkerThread {
  private readonly worker: Worker
  private listener: ThreadListener | undefined = undefined
  private ended = false

  constructor(
    readonly module: string,
    private readonly team: Team,
  ) {
    const workerThreads = node.getBuiltinModule("node:worker_threads")
    this.worker = new workerThreads.Worker(new URL(module), limits())
    this.worker.on("message", (message: SnapshotMessage | "idle") => this.said(message))
    this.worker.on("error", (error) => this.listener?.failed(error.message))
    this.worker.on("exit", () => {
      team.forget(this)
      this.over()
    })
  }

  run(task: SnapshotTask, listener: ThreadListener): Thread {
    this.listener = listener
    this.worker.ref()
    try {
      this.worker.postMessage(task)
    } catch (thrown) {
      this.end()
      throw thrown
    }
    return { end: this.end }
  }

  private said(message: SnapshotMessage | "idle"): void {
    if (this.ended) return
    if (message === "idle") return this.team.keep(this)
    this.listener?.message(message)
    if (message !== "done") return
    // Nobody waits for it from now on: the process may end.
    this.worker.unref()
    this.team.done(this)
    this.over()
  }

  private over(): void {
    const { listener } = this
    this.listener = undefined
    listener?.exit()
  }

  readonly end = (): void => {
    this.ended = true
    void this.worker.terminate()
  }
}

/** Workers without a task. */
interface Team {
  /** It has done its task, and may hold its memory still. */
  readonly done: (thread: WorkerThread) => void
  /** It holds nothing: it can be given another task. */
  readonly keep: (thread: WorkerThread) => void
  readonly forget: (thread: WorkerThread) => void
}

const resting = new Set<WorkerThread>()
let kept: WorkerThread | undefined = undefined
let patience: NodeJS.Timeout | undefined = undefined

const forget = (thread: WorkerThread): void => {
  resting.delete(thread)
  if (kept !== thread) return
  clear(patience)
  kept = patience = undefined
}

/** Ends the threads that have nothing to do. */
const release = (): void => {
  for (const thread of [...resting, ...(kept === undefined ? [] : [kept])]) {
    forget(thread)
    thread.end()
  }
}

/** Threads that stand back: one is kept. */
const standing: Team = {
  done: (thread) => void resting.add(thread),
  keep: (thread) => {
    if (!resting.delete(thread)) return
    if (kept !== undefined) return thread.end()
    kept = thread
    patience = timeout(release, KEPT_MS)
    patience.unref()
  },
  forget,
}

/** Threads with the priority of the one that serves clients, which none of the others is to have: they end. */
const passing: Team = { done: (thread) => thread.end(), keep: () => {}, forget: () => {} }

const workers: ThreadStarter = {
  start: (module, task, listener) => {
    let thread = kept
    if (task.standBack && thread?.module === module.href) forget(thread)
    else thread = new WorkerThread(module.href, task.standBack ? standing : passing)
    return thread.run(task, listener)
  },
  release,
}

/** What starts the threads that write snapshots; default: the runtime's workers. */
export const Threads: Context.Reference<ThreadStarter> = Context.Reference<ThreadStarter>(
  "redix/rdb/Threads",
  { defaultValue: () => workers },
)
