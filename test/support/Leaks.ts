/**
 * Shows that something ended with nothing left open: sockets, servers, timers, files, worker threads of this process.
 *
 *     const leaks = watchLeaks()
 *     ... start, use, stop ...
 *     expect(await leaks.left()).toEqual([])
 *
 * `watchWork` does it for one server: its fibers and its timers in real time, whatever else goes on in the process.
 */
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import { liveTurns, Turn } from "../../src/engine/world/Turn.js"
import { PATIENCE_MS } from "./Patience.js"

/** Kinds of open resources with their counts. Immediates and pending file operations end by themselves. */
const open = (): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind === "Immediate" || kind === "FSReqCallback" || kind === "FSReqPromise") continue
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return counts
}

const more = (before: ReadonlyMap<string, number>): ReadonlyArray<string> =>
  [...open()].flatMap(([kind, count]) =>
    Array.from({ length: Math.max(0, count - (before.get(kind) ?? 0)) }, () => kind),
  )

export interface Leaks {
  /** What is open beyond what was open at the start, once nothing closes any more or `waitMs` is over. */
  readonly left: (waitMs?: number) => Promise<ReadonlyArray<string>>
}

/** What `look` finds, once it finds nothing any more or the time is over. */
const lasting = async (
  look: () => ReadonlyArray<string>,
  waitMs = PATIENCE_MS,
): Promise<ReadonlyArray<string>> => {
  const until = liveTurns.now() + waitMs
  while (look().length > 0 && liveTurns.now() < until) await new Promise<void>(liveTurns.atEnd)
  return look()
}

/** @param kinds those to look at, all without it */
export const watchLeaks = (kinds?: ReadonlySet<string>): Leaks => {
  const before = open()
  const look = (): ReadonlyArray<string> =>
    more(before).filter((kind) => kinds === undefined || kinds.has(kind))
  return { left: (waitMs) => lasting(look, waitMs) }
}

/** Kinds of handles that servers hold. */
const OF_SERVERS: ReadonlySet<string> = new Set(["TCPServerWrap", "TCPSocketWrap", "MessagePort"])

/** How many servers there are in this process, and what was open before the first of them. */
let servers = 0
let handles: Leaks | undefined

export interface Counted {
  /** To be called once, at the server's end. */
  readonly gone: () => void
  /** What it and all others have left open; nothing as long as there are others. */
  readonly left: () => Promise<ReadonlyArray<string>>
}

export const countServer = (): Counted => {
  if (servers++ === 0) handles = watchLeaks(OF_SERVERS)
  return {
    gone: () => void servers--,
    left: async () => (servers === 0 ? ((await handles?.left()) ?? []) : []),
  }
}

export interface Work extends Leaks {
  /** Provided to a server, has its work counted. */
  readonly layer: Layer.Layer<never>
}

export const watchWork = (): Work => {
  let fibers = 0
  const timers = new Set<object>()
  const timer: typeof liveTurns.timer = (ms, idle, run) => {
    const inner = liveTurns.timer(ms, idle, () => {
      timers.delete(inner)
      run()
    })
    timers.add(inner)
    return {
      refresh: () => {
        timers.add(inner)
        inner.refresh()
      },
      clear: () => {
        timers.delete(inner)
        inner.clear()
      },
      hold: (on) => inner.hold(on),
    }
  }
  return {
    layer: Layer.merge(
      Layer.succeed(Turn, { ...liveTurns, timer }),
      Layer.succeed(Metric.FiberRuntimeMetrics, {
        recordFiberStart: () => void fibers++,
        recordFiberEnd: () => void fibers--,
      }),
    ),
    left: (waitMs) =>
      lasting(
        () => [
          ...Array.from({ length: Math.abs(fibers) }, () => "Fiber"),
          ...Array.from(timers, () => "Timer"),
        ],
        waitMs,
      ),
  }
}
