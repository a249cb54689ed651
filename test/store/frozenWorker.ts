/** Worker thread: reads a frozen keyspace over and over and reports what it saw, until it is told to stop. */
import { createHash } from "node:crypto"
import { parentPort, workerData } from "node:worker_threads"
import type { SnapshotHandle } from "../../src/memory/Snapshot.js"
import { frozenLines } from "./frozenLines.js"

interface Task {
  readonly handle: SnapshotHandle
  readonly roots: ReadonlyArray<number>
  readonly passes: number
}

const { handle, roots, passes }: Task = workerData
const digests: Array<string> = []
for (let i = 0; i < passes; i++)
  digests.push(createHash("sha1").update(frozenLines(handle, roots).join("\n")).digest("hex"))
parentPort?.postMessage(digests)
