/**
 * The server's two sandboxes, one for EVAL and one for functions, as scripts find them: what they share, and when they
 * give control back or are ended.
 */
import type { LuaState, Watch } from "../../lua/run/State.js"
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
  readonly facts: Pick<ProcessFacts, "heap" | "collectGarbage">
  /** REDIS_VERSION. */
  readonly version: string
}

/** How long the main chunk of a library may run. */
export const LOAD_MS_MAX = 500
/**
 * Scripts may fill the old generation of the runtime's heap up to this part. A table or a map that grows is copied into
 * one twice as large, so that beyond it one more key could be too much; and V8 gives up before it is full.
 */
const HEAP_PART = 0.5
/** How often the heap is looked at, at least; and what may be allocated in a millisecond. */
const HEAP_EVERY_MS = 10
const BYTES_A_MS = 1 << 20
/** Bytes that may be allocated without a look at the heap, and those that an operation of a script may need. */
const ROOM_MAX = 16 << 20
const BYTES_AN_OPERATION = 2048
/** What a collection must leave, so that the next is not due at once. */
const LEFT_MIN = 2 << 20
const FUEL_MIN = 500
const FUEL_MAX = 10_000

/** Lets scripts be suspended and ended: the watch of all sandboxes of a server. */
export class LuaHost implements Watch {
  readonly random = new LuaRandom()
  /** Until when a library that is being loaded may run; undefined while none is. */
  loadDeadlineMs: number | undefined = undefined
  private lookAtHeapMs = 0

  constructor(
    readonly engine: Engine,
    readonly options: ScriptingOptions,
  ) {}

  tick(state: LuaState): boolean {
    const now = this.engine.turns.now()
    if (now >= this.lookAtHeapMs) this.makeRoom(state, 0)
    if (this.loadDeadlineMs !== undefined) {
      if (now >= this.loadDeadlineMs) throw state.interrupt("FUNCTION LOAD timeout")
      return false
    }
    const run = this.engine.scripts.present
    if (run === undefined) return false
    if (run.killed) throw new LuaError(errorTable(Errors.scriptKilled), state.interrupt("").place)
    return run.tick(now, this.options.settings.busyReplyThreshold)
  }

  /**
   * Looks whether there is room for so many bytes more, and says when to look again: the sooner the less is left. What is
   * in use may be garbage, so it is collected before a script is ended.
   */
  makeRoom(state: LuaState, bytes: number): void {
    let left = this.bytesLeft() - bytes
    if (left < 0) {
      this.options.facts.collectGarbage()
      left = this.bytesLeft() - bytes - LEFT_MIN
    }
    if (left < 0) throw state.interrupt("not enough memory")
    state.room = Math.min(ROOM_MAX, Math.floor(left / 2))
    state.fuelATick = Math.max(FUEL_MIN, Math.min(FUEL_MAX, Math.floor(left / BYTES_AN_OPERATION)))
    this.lookAtHeapMs = this.engine.turns.now() + Math.min(HEAP_EVERY_MS, Math.floor(left / BYTES_A_MS / 4))
  }

  /** Bytes that the heap may hold. */
  get bytesMax(): number {
    return Math.floor(this.options.facts.heap().limit * HEAP_PART)
  }

  private bytesLeft(): number {
    const { used, limit } = this.options.facts.heap()
    return Math.floor(limit * HEAP_PART - used)
  }
}
