/**
 * What a running generator hands out to the driver below it.
 *
 *     undefined   others may have their turn; the driver resumes it with any value
 *     Segment     run this generator, on a fresh JavaScript stack, and resume with its results or its error
 *     Yield       only inside a coroutine: coroutine.yield's values, for the one who resumed it
 */
import type { LuaValue, Steps } from "./Value.js"

export class Segment {
  constructor(readonly steps: Steps) {}
}

export class Yield {
  constructor(readonly values: LuaValue[]) {}
}
