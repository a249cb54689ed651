/**
 * The server's two sandboxes, one for EVAL and one for functions, as scripts find them: what they share, and when they
 * give control back or are ended.
 */
import type { LuaState } from "../../lua/run/State.js"
import { LuaError } from "../../lua/run/LuaError.js"
import { LuaRandom } from "../../lua/lib/random.js"
import type { Engine } from "../../engine/Engine.js"
import type { ProcessFacts } from "../../engine/world/ProcessInfo.js"
import * as Errors from "../../resp/Errors.js"
import { errorTable } from "./ReplyReader.js"

/** What scripting wants to know of the server beyond the engine. */
export interface ScriptingOptions {
  /** Read at each use. */
  readonly settings: {
    /** After so many milliseconds others are told that a script runs; 0 = never. */
    readonly busyReplyThreshold: number
    /** For FUNCTION DUMP. */
    readonly rdbcompression: boolean
  }
  readonly facts: Pick<ProcessFacts, "heap">
  /** REDIS_VERSION. */
  readonly version: string
}

/** How long the main chunk of a library may run. */
export const LOAD_MS_MAX = 500
/** How often the heap is looked at, in milliseconds. */
const HEAP_EVERY_MS = 10
/** Scripts may fill the runtime's heap up to this part. */
const HEAP_PART = 0.9

export class LuaHost {
  readonly random = new LuaRandom()
  /** Until when a library that is being loaded may run; undefined while none is. */
  loadDeadlineMs: number | undefined = undefined
  private heapLookedMs = 0

  constructor(
    readonly engine: Engine,
    readonly options: ScriptingOptions,
  ) {}

  /** Lets scripts of the state be suspended and ended. */
  watch(state: LuaState): void {
    state.onTick = (running) => this.tick(running)
  }

  private tick(state: LuaState): boolean {
    const now = this.engine.turns.now()
    this.lookAtHeap(state, now)
    if (this.loadDeadlineMs !== undefined) {
      if (now >= this.loadDeadlineMs) throw state.interrupt("FUNCTION LOAD timeout")
      return false
    }
    const run = this.engine.scripts.present
    if (run === undefined) return false
    if (run.killed) throw new LuaError(errorTable(Errors.scriptKilled), state.interrupt("").place)
    return run.tick(now, this.options.settings.busyReplyThreshold)
  }

  private lookAtHeap(state: LuaState, now: number): void {
    if (now - this.heapLookedMs < HEAP_EVERY_MS) return
    this.heapLookedMs = now
    const { used, limit } = this.options.facts.heap()
    if (used > limit * HEAP_PART) throw state.interrupt("not enough memory")
  }
}
