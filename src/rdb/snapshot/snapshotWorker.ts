/**
 * Entry of the worker thread that writes snapshots, one after another, into rings. What it is sent is a SnapshotTask. Between
 * two it holds nothing of the arena, so that the machine has back what is let go meanwhile, and little of its own; where it
 * can't see to that it ends.
 */
import { platform, setPriority } from "node:os"
import { memoryUsage } from "node:process"
// No fiber that could sleep: this thread runs no effects.
import { setTimeout as later } from "node:timers"
import { parentPort } from "node:worker_threads"
import { pressCollector } from "../../memory/CollectorPressure.js"
import { BlockingDelay } from "./KeyDelay.js"
import type { SnapshotJob } from "./SnapshotJob.js"
import { RingFiller, type RingHandle } from "./SnapshotRing.js"
import { SnapshotWriter } from "./SnapshotWriter.js"

export interface SnapshotTask {
  readonly job: SnapshotJob
  readonly ring: RingHandle
  /** Leave the processor to the thread that serves clients. */
  readonly standBack: boolean
}

/** What the worker says: a buffer is full, or the file is complete. */
export type SnapshotMessage = "filled" | "done"

const KEYS_PER_STEP = 1000

/** How much the thread stands back behind the one that serves clients, as nice(1) counts. */
const NICENESS = 10

/** Elsewhere than on Linux the priority is the whole process's. */
const standBack = (): void => {
  if (platform() !== "linux") return
  try {
    setPriority(0, NICENESS)
  } catch {
    // A system that forbids it: the snapshot is written all the same.
  }
}

/**
 * The writer of this task or the last, alone: as long as there is one of its kind, and of what it uses, the runtime keeps the code
 * that it has compiled for them.
 */
const last = new Set<SnapshotWriter>()

const run = (task: SnapshotTask): void => {
  const say = (message: SnapshotMessage): void => parentPort?.postMessage(message)
  const ring = new RingFiller(task.ring, () => say("filled"))
  const writer = new SnapshotWriter(task.job, ring.first, (_full, length) => ring.push(length))
  last.clear()
  last.add(writer)
  const delay = task.job.keyDelay === 0 ? undefined : new BlockingDelay(task.job.keyDelay)
  while (!ring.stopped && writer.step(delay === undefined ? KEYS_PER_STEP : 1)) {
    ring.noteKeys(writer.keys)
    delay?.afterKey()
  }
  ring.noteKeys(writer.keys)
  say("done")
  writer.letGo()
}

const isTask = (data: unknown): data is SnapshotTask =>
  typeof data === "object" && data !== null && "job" in data && "ring" in data

/** A thread that holds more is not worth keeping. */
const HELD_BYTES_MAX = 4 * 1024 * 1024

/** A collection that has not ended by then was not begun. */
const COLLECTED_MS = 2000

const SETTLING_MS = 20

const end = (): void => parentPort?.close()

let startedMs = 0
let patience: NodeJS.Timeout | undefined = undefined

/** Nothing of the arena is held: what else was let go is freed beside this thread, but copies of large values stay. */
const settle = (): void => {
  clearTimeout(patience)
  if (memoryUsage().arrayBuffers <= HELD_BYTES_MAX) parentPort?.postMessage("idle")
  else if (performance.now() - startedMs < COLLECTED_MS) patience = later(settle, SETTLING_MS)
  else end()
}

let resting = false
let released = false

/** Hears that a task's view of the arena was collected, which may be before `rest` asks for it. */
const collected = new FinalizationRegistry<undefined>(() => {
  released = true
  if (resting) settle()
})

/**
 * Has what the task held collected. Not by the collector that V8 shows on request: the flag for that is the whole process's,
 * which fell when it was set while another thread made a context or ended.
 */
const rest = (): void => {
  resting = true
  startedMs = performance.now()
  if (released) return settle()
  patience = later(end, COLLECTED_MS)
  if (!pressCollector()) end()
}

parentPort?.on("message", (task: unknown) => {
  if (!isTask(task)) throw new Error("the snapshot worker was sent something that is no task")
  if (task.standBack) standBack()
  resting = released = false
  collected.register(task.job.handle, undefined)
  run(task)
  // In another turn: this one still holds the task.
  setImmediate(rest)
})
