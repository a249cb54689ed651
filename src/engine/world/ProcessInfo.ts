/**
 * What the server knows of the process it runs in: identity, memory and processor time, and two blunt
 * instruments that only DEBUG uses. A reference with a live default, so that nobody has to provide it; tests and
 * programs with other means put their own in its place:
 *
 *     Layer.succeed(ProcessInfo, { ...liveProcessInfo, crash: undefined })
 */
import { readFileSync, readlinkSync } from "node:fs"
import * as node from "node:process"
import * as Context from "effect/Context"
import { hostname, machine, release, totalmem, type } from "node:os"
import { pressCollector } from "../../memory/CollectorPressure.js"
import { oldGenerationLimit } from "./HeapLimit.js"

interface ProcessMemory {
  /** Bytes resident in memory. */
  readonly rss: number
  /** Bytes of JavaScript objects, and of the heap that holds them. */
  readonly heapUsed: number
  readonly heapTotal: number
  /** Bytes of buffers outside the heap, the arena's chunks not counted. */
  readonly external: number
}

/** What a server knows of the process that it runs in. */
export interface ProcessFacts {
  /** The process's id. */
  readonly pid: number
  /** The machine, and the space of process ids on it: what the id does not tell. */
  readonly place: () => string
  /** Numbers the servers of the process, from 1. */
  readonly nextServer: () => number
  /** Operating system, release and machine: "Linux 6.1.0 x86_64". */
  readonly system: string
  /** Bits of an address: 64 or 32. */
  readonly archBits: number
  /** Runtime and version: "node v24.0.0". */
  readonly runtime: string
  /** Path of the runtime's program. */
  readonly executable: string
  /** Bytes of memory that the machine has. */
  readonly systemMemory: () => number
  /** Bytes that the process takes. */
  readonly memory: () => ProcessMemory
  /** Bytes of JavaScript objects, and what those that last may grow to. */
  readonly heap: () => { readonly used: number; readonly limit: number }
  /** How many files the process may have open; Infinity where nobody knows. */
  readonly openFilesMax: () => number
  /** Processor time used so far, in microseconds. */
  readonly processorTime: () => { readonly user: number; readonly system: number }
  /** The same of the thread that runs commands, where the runtime knows it, else of the process. */
  readonly threadTime: () => { readonly user: number; readonly system: number }
  /** Sets the mask of permissions that new files do not get, answers the one before; undefined where a thread may not. */
  readonly fileMask: ((mask: number) => number) | undefined
  /** Stops the whole thread for so many milliseconds. */
  readonly freeze: (ms: number) => void
  /** Makes the runtime find, now, what nothing refers to any more, and give its memory back. */
  readonly collectGarbage: () => void
  /** Makes the runtime begin to: it goes on beside other work, and stops the thread for a fraction of the time at the end. */
  readonly beginCollecting: () => void
  /** Ends the process at once, without any orderly end; undefined where the process is not the server's own. `why` is for people. */
  readonly crash: ((how: Crash, why: string) => void) | undefined
}

/** The ways the server may crash. */
export type Crash = "segfault" | "panic" | "assert" | "oom"

/** Newer runtimes tell the threads apart. */
const threadTimes: { readonly threadCpuUsage?: () => { readonly user: number; readonly system: number } } =
  node

/** Asked for where they are needed, for they take long to load. */
const v8 = () => node.getBuiltinModule("node:v8")
const threads = () => node.getBuiltinModule("node:worker_threads")

/** The runtime's collector, found when it is first needed: looking takes a millisecond. */
let collector: (() => void) | undefined

/**
 * The collector without arguments collects everything; what it takes as arguments differs between versions.
 * Runtimes show it only on request, and to new contexts; the request is withdrawn at once.
 */
const findCollector = (): (() => void) => {
  const { setFlagsFromString } = v8()
  setFlagsFromString("--expose-gc")
  const found: unknown = node.getBuiltinModule("node:vm").runInNewContext("gc")
  setFlagsFromString("--no-expose-gc")
  return typeof found === "function" ? () => void found() : () => {}
}

const beginCollecting = (): void => {
  if (!pressCollector()) liveProcessInfo.collectGarbage()
}

/** The limit as Linux tells it: a line "Max open files", then the soft limit. */
const readOpenFilesMax = (): number => {
  try {
    const found = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))
    return found === null ? Infinity : Number(found[1])
  } catch {
    return Infinity
  }
}

/** What numbers this process among others; empty where the system has only one such space. */
const pidNamespace = (): string => {
  try {
    return readlinkSync("/proc/self/ns/pid")
  } catch {
    return ""
  }
}

let servers = 0
let heapLimit: number | undefined = undefined

/** The facts of this process. */
export const liveProcessInfo: ProcessFacts = {
  pid: node.pid,
  place: () => `${hostname()} ${pidNamespace()}`,
  nextServer: () => ++servers,
  system: `${type()} ${release()} ${machine()}`,
  archBits: node.arch.includes("64") || node.arch === "s390x" ? 64 : 32,
  runtime: `node ${node.version}`,
  executable: node.execPath,
  systemMemory: totalmem,
  memory: node.memoryUsage,
  heap: () => {
    const { used_heap_size: used, heap_size_limit: limit } = v8().getHeapStatistics()
    return {
      used,
      limit: (heapLimit ??= oldGenerationLimit({
        limit,
        options: [node.env["NODE_OPTIONS"] ?? "", ...node.execArgv].join(" "),
        workerMb: threads().resourceLimits.maxOldGenerationSizeMb,
        v8: node.versions["v8"],
      })),
    }
  },
  openFilesMax: readOpenFilesMax,
  processorTime: node.cpuUsage,
  threadTime: () => (threadTimes.threadCpuUsage ?? node.cpuUsage)(),
  get fileMask() {
    return threads().isMainThread ? (mask: number) => node.umask(mask) : undefined
  },
  freeze: (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
  collectGarbage: () => (collector ??= findCollector())(),
  beginCollecting,
  crash: undefined,
}

/** The facts of the process that a server goes by; default: those of this one. */
export const ProcessInfo: Context.Reference<ProcessFacts> = Context.Reference<ProcessFacts>(
  "redix/engine/ProcessInfo",
  { defaultValue: () => liveProcessInfo },
)
