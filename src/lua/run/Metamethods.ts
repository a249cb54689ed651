/**
 * Operators on values for which JavaScript has no answer of its own: coercions, metatables, and the errors.
 *
 * A metamethod that is a function cannot be called from here, since it may have to be suspended. The operator then leaves
 * the call in `pending` and answers `CALL`; code that can be suspended finishes it by `yield* finish()`, plain code by
 * `finishNow()`. Chains of `__index` and `__newindex` through tables need none of this.
 */
import { parseNumber } from "../lib/numberParse.js"
import { numberText } from "../lib/numberText.js"
import { power } from "../lib/power.js"
import { LuaError } from "./LuaError.js"
import type { OperatorSite, Place, Site } from "./Site.js"
import { first, type LuaState, TOO_LONG, typeName } from "./State.js"
import { LuaFunction, LuaTable, type LuaValue, type Results, type Steps, Userdata } from "./Value.js"

/** Stands for a metamethod's result that is still to be had. */
export const CALL = new Userdata()

type Finish = "value" | "truth" | "falsehood"

interface Pending {
  readonly handler: LuaValue
  readonly args: LuaValue[]
  readonly finish: Finish
  readonly site: Site
}

const LOOPS_MAX = 100

const toNumber = (value: LuaValue): number | undefined =>
  typeof value === "number" ? value : typeof value === "string" ? parseNumber(value) : undefined

const toText = (value: LuaValue): string | undefined =>
  typeof value === "string" ? value : typeof value === "number" ? numberText(value) : undefined

export const modulo = (a: number, b: number): number => a - Math.floor(a / b) * b

const compute = (operator: string, a: number, b: number): number => {
  switch (operator) {
    case "+":
      return a + b
    case "-":
      return a - b
    case "*":
      return a * b
    case "/":
      return a / b
    case "%":
      return modulo(a, b)
    default:
      return power(a, b)
  }
}

const EVENTS: Readonly<Record<string, string>> = {
  "+": "__add",
  "-": "__sub",
  "*": "__mul",
  "/": "__div",
  "%": "__mod",
  "^": "__pow",
}

const isCallableTable = (value: LuaValue): value is LuaTable =>
  value instanceof LuaTable && value.metatable !== undefined

export class Metamethods {
  private pending: Pending | undefined

  constructor(protected readonly state: LuaState) {}

  // Errors -------------------------------------------------------------------------------------------------------------

  fail(text: string, place: Place): LuaError {
    return new LuaError(this.state.where(place) + text, place)
  }

  private wrongType(action: string, value: LuaValue, name: string, place: Place): LuaError {
    const type = typeName(value)
    const what = name === "" ? `a ${type} value` : `${name} (a ${type} value)`
    return this.fail(`attempt to ${action} ${what}`, place)
  }

  callFailure(value: LuaValue, name: string, place: Place): LuaError {
    return this.wrongType("call", value, name, place)
  }

  // Pending calls ------------------------------------------------------------------------------------------------------

  /** The result of a metamethod, or CALL. */
  protected wait(handler: LuaValue, args: LuaValue[], site: Site, finish: Finish = "value"): LuaValue {
    this.pending = { handler, args, finish, site }
    return CALL
  }

  private take(): Pending {
    const pending = this.pending
    if (pending === undefined) throw new Error("no metamethod is pending")
    this.pending = undefined
    return pending
  }

  *finish(): Steps {
    const { handler, args, finish, site } = this.take()
    this.state.callFromC(site)
    return finished(yield* this.state.callFrom(site, handler, args), finish)
  }

  /** The result of a handler that was called at once. */
  done: LuaValue = undefined

  /**
   * Begins the pending call of an operator that wants a value, as compiled code does: it goes through the steps and then
   * calls `leave` with the results. No steps: the call is over and its value in `done`.
   */
  enter(): Steps | undefined {
    const { state, pending } = this
    const handler = pending?.handler
    if (pending === undefined || !(handler instanceof LuaFunction) || handler.g === undefined) {
      this.done = this.finishNow()
      return undefined
    }
    this.pending = undefined
    state.callFromC(pending.site)
    state.at = pending.site
    state.cDepth++
    state.depth++
    const { args } = pending
    return args.length === 2 ? handler.g(args[0], args[1]) : handler.g(...args)
  }

  leave(results: Results): LuaValue {
    this.state.cDepth--
    this.state.depth--
    return first(results)
  }

  finishNow(): LuaValue {
    const { handler, args, finish, site } = this.take()
    this.state.callFromC(site)
    return finished(this.state.callNowFrom(site, handler, args), finish)
  }

  // Arithmetic ---------------------------------------------------------------------------------------------------------

  arithmetic(operator: string, a: LuaValue, b: LuaValue, site: OperatorSite): LuaValue {
    const x = toNumber(a)
    const y = toNumber(b)
    if (x !== undefined && y !== undefined) return compute(operator, x, y)
    const handler = this.binaryHandler(a, b, EVENTS[operator])
    if (handler !== undefined) return this.wait(handler, [a, b], site)
    return this.arithmeticFailure(a, b, site)
  }

  private arithmeticFailure(a: LuaValue, b: LuaValue, site: OperatorSite): never {
    const left = toNumber(a) === undefined
    throw this.wrongType("perform arithmetic on", left ? a : b, left ? site.left : site.right, site)
  }

  private binaryHandler(a: LuaValue, b: LuaValue, event: string): LuaValue {
    return this.state.metamethod(a, event) ?? this.state.metamethod(b, event)
  }

  negate(value: LuaValue, site: OperatorSite): LuaValue {
    const number = toNumber(value)
    if (number !== undefined) return -number
    const handler = this.state.metamethod(value, "__unm")
    if (handler !== undefined) return this.wait(handler, [value, value], site)
    return this.arithmeticFailure(value, value, site)
  }

  length(value: LuaValue, site: OperatorSite): LuaValue {
    if (value instanceof LuaTable) return value.length()
    if (typeof value === "string") return value.length
    const handler = this.state.metamethod(value, "__len")
    if (handler !== undefined) return this.wait(handler, [value, undefined], site)
    throw this.wrongType("get length of", value, site.left, site)
  }

  concat(a: LuaValue, b: LuaValue, site: OperatorSite): LuaValue {
    const x = toText(a)
    const y = toText(b)
    if (x !== undefined && y !== undefined) return x + y
    const handler = this.binaryHandler(a, b, "__concat")
    if (handler !== undefined) return this.wait(handler, [a, b], site)
    const left = x === undefined
    throw this.wrongType("concatenate", left ? a : b, left ? site.left : site.right, site)
  }

  // Comparison ---------------------------------------------------------------------------------------------------------

  less(a: LuaValue, b: LuaValue, site: Site): LuaValue {
    if (typeof a === "number" && typeof b === "number") return a < b
    if (typeof a === "string" && typeof b === "string") return a < b
    const handler = this.orderHandler(a, b, "__lt")
    if (handler !== undefined) return this.wait(handler, [a, b], site, "truth")
    return this.orderFailure(a, b, site)
  }

  lessOrEqual(a: LuaValue, b: LuaValue, site: Site): LuaValue {
    if (typeof a === "number" && typeof b === "number") return a <= b
    if (typeof a === "string" && typeof b === "string") return a <= b
    const handler = this.orderHandler(a, b, "__le")
    if (handler !== undefined) return this.wait(handler, [a, b], site, "truth")
    const reverse = this.orderHandler(b, a, "__lt")
    if (reverse !== undefined) return this.wait(reverse, [b, a], site, "falsehood")
    return this.orderFailure(a, b, site)
  }

  private orderHandler(a: LuaValue, b: LuaValue, event: string): LuaValue {
    if (typeName(a) !== typeName(b)) return undefined
    const handler = this.state.metamethod(a, event)
    return handler !== undefined && handler === this.state.metamethod(b, event) ? handler : undefined
  }

  private orderFailure(a: LuaValue, b: LuaValue, site: Place): never {
    const left = typeName(a)
    const right = typeName(b)
    const what = left === right ? `two ${left} values` : `${left} with ${right}`
    throw this.fail(`attempt to compare ${what}`, site)
  }

  equal(a: LuaValue, b: LuaValue, site: Site): LuaValue {
    if (a === b) return true
    if (!isCallableTable(a) || !isCallableTable(b)) return false
    const handler = a.metatable?.getText("__eq")
    if (handler === undefined || handler !== b.metatable?.getText("__eq")) return false
    return this.wait(handler, [a, b], site, "truth")
  }

  // Indexing -----------------------------------------------------------------------------------------------------------

  /** `missed`: the key is not in the table itself, should it be a table. */
  index(start: LuaValue, key: LuaValue, site: OperatorSite, missed = false): LuaValue {
    let object = start
    for (let i = 0; i < LOOPS_MAX; i++) {
      let handler: LuaValue
      if (object instanceof LuaTable) {
        const value = missed && i === 0 ? undefined : object.get(key)
        if (value !== undefined || object.metatable === undefined) return value
        handler = object.metatable.inheritance
        if (handler === undefined) return undefined
      } else {
        handler = this.state.metamethod(object, "__index")
        if (handler === undefined) throw this.wrongType("index", object, i === 0 ? site.left : "", site)
      }
      if (handler instanceof LuaFunction) return this.wait(handler, [object, key], site)
      object = handler
    }
    throw this.fail("loop in gettable", site)
  }

  /** Answers undefined once it is done, or CALL. */
  setIndex(start: LuaValue, key: LuaValue, value: LuaValue, site: OperatorSite): LuaValue {
    let object = start
    for (let i = 0; i < LOOPS_MAX; i++) {
      let handler: LuaValue
      if (object instanceof LuaTable) {
        if (object.readonly) throw this.fail("Attempt to modify a readonly table", site)
        this.checkKey(key, site)
        const absent = object.metatable !== undefined && object.get(key) === undefined
        handler = absent ? object.metatable?.getText("__newindex") : undefined
        if (handler === undefined || key === undefined) {
          if (key !== undefined) object.set(key, value)
          return undefined
        }
        // Lua makes room for the key before it looks for a handler.
        object.reserve(key)
      } else {
        handler = this.state.metamethod(object, "__newindex")
        if (handler === undefined) throw this.wrongType("index", object, i === 0 ? site.left : "", site)
      }
      if (handler instanceof LuaFunction) return this.wait(handler, [object, key, value], site)
      object = handler
    }
    throw this.fail("loop in settable", site)
  }

  private checkKey(key: LuaValue, site: Place): void {
    if (key === undefined) throw this.fail("table index is nil", site)
    if (key !== key) throw this.fail("table index is NaN", site)
  }
}

/** Metamethod calls after which a plain function that makes so many asks for its turn. */
const DEBT_MAX = 200_000

/**
 * Operators of programs whose metamethods are all plain: they are called at once. A function that such operators keep
 * busy too long cannot be suspended in the middle, so that it fails.
 */
export class DirectMetamethods extends Metamethods {
  protected override wait(
    handler: LuaValue,
    args: LuaValue[],
    site: Site,
    finish: Finish = "value",
  ): LuaValue {
    const { state } = this
    state.callFromC(site)
    if (--state.fuel < -DEBT_MAX && state.tick()) throw state.bare(TOO_LONG)
    if (!(handler instanceof LuaFunction) || handler.g !== undefined) {
      return finished(state.callNowFrom(site, handler, args), finish)
    }
    const { at } = state
    state.at = site
    state.cDepth++
    const results = args.length === 2 ? handler.p(args[0], args[1]) : handler.p(args[0], args[1], args[2])
    state.cDepth--
    state.at = at
    return finished(results, finish)
  }
}

const finished = (results: Results, finish: Finish): LuaValue => {
  const value = first(results)
  if (finish === "value") return value
  const truth = value !== undefined && value !== false
  return finish === "truth" ? truth : !truth
}
