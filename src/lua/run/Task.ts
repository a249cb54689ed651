/**
 * Steps in progress: generators that wait for each other, each with a JavaScript stack of its own. `run` goes on until
 * the steps end, or until they give up their turn; then it may be called again at any time.
 */
import { LuaError } from "./LuaError.js"
import { Segment } from "./Signal.js"
import { OUTSIDE } from "./Site.js"
import type { Results, Steps } from "./Value.js"

export class Task {
  results: Results = undefined
  private readonly stack: Steps[]
  private failure: { readonly error: unknown } | undefined

  constructor(steps: Steps) {
    this.stack = [steps]
  }

  /** Whether the steps have ended; their results are then there. Throws what they threw. */
  run(): boolean {
    const { stack } = this
    while (stack.length > 0) {
      const top = stack[stack.length - 1]
      try {
        const step = this.step(top)
        if (step.done === true) {
          stack.pop()
          this.results = step.value
        } else if (step.value instanceof Segment) stack.push(step.value.steps)
        else return false
      } catch (error) {
        stack.pop()
        this.failure = { error: asLuaError(error) }
      }
    }
    const { failure } = this
    if (failure !== undefined) throw failure.error
    return true
  }

  private step(top: Steps): IteratorResult<unknown, Results> {
    const { failure, results } = this
    this.failure = undefined
    this.results = undefined
    return failure === undefined ? top.next(results) : top.throw(failure.error)
  }
}

/** The limits of JavaScript itself become errors of the script; any other error stays what it is. */
export const asLuaError = (error: unknown): unknown => {
  if (!(error instanceof RangeError)) return error
  return new LuaError(error.message.includes("call stack") ? "stack overflow" : "not enough memory", OUTSIDE)
}
