/** Entry of the worker thread that writes one snapshot into a ring and ends. Its data is a SnapshotTask. */
import { platform, setPriority } from "node:os"
import { parentPort, workerData } from "node:worker_threads"
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

const run = (task: SnapshotTask): void => {
  const say = (message: SnapshotMessage): void => parentPort?.postMessage(message)
  const ring = new RingFiller(task.ring, () => say("filled"))
  const writer = new SnapshotWriter(task.job, ring.first, (_full, length) => ring.push(length))
  const delay = task.job.keyDelay === 0 ? undefined : new BlockingDelay(task.job.keyDelay)
  while (!ring.stopped && writer.step(delay === undefined ? KEYS_PER_STEP : 1)) {
    ring.noteKeys(writer.keys)
    delay?.afterKey()
  }
  ring.noteKeys(writer.keys)
  say("done")
}

const isTask = (data: unknown): data is SnapshotTask =>
  typeof data === "object" && data !== null && "job" in data && "ring" in data

if (!isTask(workerData)) throw new Error("the snapshot worker was started without its task")
if (workerData.standBack) standBack()
run(workerData)
