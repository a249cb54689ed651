/**
 * Coroutines. A coroutine is a stack of generators of its own: `resume` drives it, hands a turn that is asked for further
 * down to its own driver, and ends when the coroutine yields values, returns or fails.
 *
 * Values can be yielded only where no library function stands between: `cDepth` must be what it was at the resume.
 */
import { coroutineArgument } from "../run/Arguments.js"
import { builtin, library } from "../run/Builtin.js"
import { LuaError } from "../run/LuaError.js"
import { Segment, Yield } from "../run/Signal.js"
import { C_LEVELS, listOf, type LuaState, runToEnd, TOO_DEEP } from "../run/State.js"
import { asLuaError } from "../run/Task.js"
import {
  Coroutine,
  LuaFunction,
  type LuaTable,
  type LuaValue,
  type Results,
  type Steps,
} from "../run/Value.js"

/** One step of the innermost generator, or of the one that waits for it if that has failed. */
const step = (co: Coroutine, input: Results, failure: { readonly error: unknown } | undefined) => {
  const top = co.stack[co.stack.length - 1]
  return failure === undefined ? top.next(input) : top.throw(failure.error)
}

const refusal = (state: LuaState, co: Coroutine): string | undefined => {
  if (co.status !== "suspended")
    return `cannot resume ${co === state.running ? "running" : co.status} coroutine`
  if (state.cDepth < C_LEVELS) return undefined
  // One that has not begun loses its function that way.
  if (!co.started) co.status = "dead"
  return TOO_DEEP
}

/** Known by its name to those who look for callers on JavaScript's stack. One generator does it all, since each has
 * its cost: a resume and its yield are two resumptions, which is why they take nearly twice redis-server's time. */
const runner = {
  /** Resumes a coroutine that may be resumed: runs until it ends or yields; turns are passed on. */
  *drive(state: LuaState, co: Coroutine, values: LuaValue[]): Steps {
    const { at, depth, cDepth, running } = state
    enter(state, co)
    try {
      if (!co.started) {
        co.started = true
        const { body } = co
        if (body.g === undefined) {
          co.status = "dead"
          return body.p(...values)
        }
        co.stack.push(body.g(...values))
      }
      let input: Results = values
      let failure: { readonly error: unknown } | undefined
      while (co.stack.length > 0) {
        try {
          const result: IteratorResult<unknown, Results> = step(co, input, failure)
          failure = undefined
          if (result.done === true) {
            co.stack.pop()
            input = result.value
          } else if (result.value instanceof Yield) {
            co.status = "suspended"
            return result.value.values
          } else if (result.value instanceof Segment) co.stack.push(result.value.steps)
          else yield undefined
        } catch (error) {
          co.stack.pop()
          failure = { error: asLuaError(error) }
        }
      }
      co.status = "dead"
      if (failure !== undefined) throw failure.error
      return input
    } finally {
      co.depth = state.depth
      state.at = at
      state.depth = depth
      state.cDepth = cDepth
      state.running = running
      if (running !== undefined) running.status = "running"
    }
  },
}

const enter = (state: LuaState, co: Coroutine): void => {
  const { running, cDepth } = state
  if (running !== undefined) running.status = "normal"
  state.running = co
  state.cDepth = co.floor = cDepth + 1
  state.depth = co.depth
  co.status = "running"
}

const creation = (state: LuaState): LuaFunction[] => {
  const make = (body: LuaValue): Coroutine => {
    if (!(body instanceof LuaFunction) || body.info !== undefined) {
      throw state.badArgument(1, "Lua function expected")
    }
    return new Coroutine(body)
  }
  return [
    builtin("create", (body) => make(body), { returns: "value" }),
    builtin(
      "wrap",
      (body) => {
        const co = make(body)
        const steps = (...values: LuaValue[]): Steps => resumeWrapped(state, co, values)
        return new LuaFunction((...values) => runToEnd(state, steps(...values)), steps, undefined, {
          name: "wrap",
          cost: 1,
          calls: "always",
        })
      },
      { returns: "value" },
    ),
  ]
}

function* resumeWrapped(state: LuaState, co: Coroutine, values: LuaValue[]): Steps {
  const refused = refusal(state, co)
  if (refused !== undefined) throw state.raise(refused)
  try {
    return yield* runner.drive(state, co, values)
  } catch (error) {
    if (!(error instanceof LuaError) || typeof error.value !== "string") throw error
    throw state.raise(error.value)
  }
}

function* resumeSafely(state: LuaState, target: LuaValue, values: LuaValue[]): Steps {
  const co = coroutineArgument(state, target, 1)
  const refused = refusal(state, co)
  if (refused !== undefined) return [false, refused]
  try {
    return [true, ...listOf(yield* runner.drive(state, co, values))]
  } catch (error) {
    if (error instanceof LuaError) return [false, error.value]
    throw error
  }
}

const exchange = (state: LuaState): LuaFunction[] => [
  builtin(
    "resume",
    (co, ...values) => runToEnd(state, resumeSafely(state, co, values)),
    { calls: "always" },
    (co, ...values) => resumeSafely(state, co, values),
  ),
  builtin("running", () => state.running, { returns: "value" }),
  builtin(
    "status",
    (target) => {
      const co = coroutineArgument(state, target, 1)
      return co.status
    },
    { returns: "string" },
  ),
]

const yielding = (state: LuaState): LuaFunction => {
  return builtin(
    "yield",
    () => {
      throw state.refusedYield()
    },
    { calls: "always", yields: true },
    function* (...values) {
      return yield state.yielding(values)
    },
  )
}

export const coroutineLibrary = (state: LuaState): LuaTable => {
  const [create, wrap] = creation(state)
  const [resumption, running, status] = exchange(state)
  return library([create, resumption, running, status, wrap, yielding(state)])
}
