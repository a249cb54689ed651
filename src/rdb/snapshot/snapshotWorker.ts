/**
 * Entry of the worker thread that writes snapshots, one after another, into rings. What it is sent is a SnapshotTask. Between
 * two it holds nothing of the arena, so that the machine has back what is let go meanwhile, and little of its own; where it
 * can't see to that it ends.
 */
import { platform, setPriority } from "node:os"
import { memoryUsage } from "node:process"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { parentPort } from "node:worker_threads"
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

let collector: (() => void) | undefined = undefined

/** V8 shows its collector on request, and to new contexts. */
const findCollector = (): (() => void) => {
  setFlagsFromString("--expose-gc")
  const found: unknown = runInNewContext("gc")
  setFlagsFromString("--no-expose-gc")
  if (typeof found !== "function") throw new Error("the runtime shows no collector")
  return () => void found()
}

const rest = (): void => {
  try {
    collector ??= findCollector()
    collector()
    // Copies of large values stay with what read them.
    if (memoryUsage().arrayBuffers > HELD_BYTES_MAX) parentPort?.close()
    else parentPort?.postMessage("idle")
  } catch {
    parentPort?.close()
  }
}

parentPort?.on("message", (task: unknown) => {
  if (!isTask(task)) throw new Error("the snapshot worker was sent something that is no task")
  if (task.standBack) standBack()
  run(task)
  // In another turn: this one still holds the task.
  setImmediate(rest)
})
