/**
 * One sandbox at run time: its globals, the place of the call under way, and the fuel that decides when running code
 * gives others their turn.
 *
 * Functions of the library are made over a state (`builtin`) and find in it
 *
 *     at              the call they were called by; kept by those that call Lua and raise errors afterwards
 *     raise(text)     an error with the position of that call, as luaL_error makes it; to be thrown
 *     bare(text)      an error without a position, as the virtual machine makes it inside a library function
 *     badArgument     `bad argument #1 to 'x' (..)`
 *     take(bytes)     before much is allocated in one call; throws where there is no room
 *     charge(n)       pays for n operations of a loop; the turn is given up at the caller's next check
 *     call / callNow  call a Lua value, from a generator form and from a plain form
 *
 * Fuel: compiled code and generator forms pay for each round of a loop and each recursive call; below zero `tick` is
 * asked. It may throw (a kill, a limit of memory), and answers whether to yield.
 */
import { LuaError } from "./LuaError.js"
import { Segment, Yield } from "./Signal.js"
import { Task } from "./Task.js"
import { OUTSIDE, type Place, type Site } from "./Site.js"
import {
  Coroutine,
  LuaFunction,
  LuaTable,
  type LuaValue,
  type Results,
  type Steps,
  Userdata,
} from "./Value.js"

/** Operations between two looks at the clock. */
const FUEL_A_TICK = 10_000

/** Lua's limit of nested calls. */
const CALLS_MAX = 19_997

/**
 * Lua's limit of nested calls from C. The call that reaches it fails; a coroutine may be resumed up to it, and inside one
 * there is room, meant for the handlers of that error.
 */
export const C_LEVELS = 200
const C_LEVELS_OF_HANDLERS = 225
/** The host calls the script from C. */
export const C_CALLS_OF_HOST = 1

/** Nested calls after which the next goes on with a fresh JavaScript stack. */
const CALLS_A_SEGMENT = 128

/** Calls that the twin of a function may make, and how many of them cost as much as one call of a generator. */
const TWIN_CALLS_AN_OPERATION = 5
/** Operations of the library for which one call is paid. */
const OPERATIONS_A_CALL = 32
const GENERATOR_UNITS = 8

/** Whoever limits what programs take. */
export interface Watch {
  /**
   * Asked at every tick. It may throw `state.interrupt(text)`, to end the script; true asks for control to be given
   * back.
   */
  tick(state: LuaState): boolean
  /** Asked when `room` is gone, with the bytes that are wanted: sets it anew, or throws. */
  makeRoom(state: LuaState, bytes: number): void
}

/** Bytes between two such questions where nobody answers them. */
const ROOM = 16 << 20

/** The error of calls from C. */
export const TOO_DEEP = "C stack overflow"

/** Programs may take what they want. */
export const unwatched: Watch = {
  tick: () => false,
  makeRoom: (state) => void (state.room = ROOM),
}

/** Finds where a running program was called from: the compiler does. */
export interface Callers {
  /** The caller at a level above 1; undefined where that is no Lua code. */
  above(state: LuaState, level: number): Place | undefined
}

/** Of a state in which no code is compiled. */
const noCode: Callers = { above: () => undefined }

export class LuaState {
  at: Site = OUTSIDE
  fuel = FUEL_A_TICK
  /** Nested calls of Lua functions that can be nested without bound. */
  depth = 0
  /** Nested calls from library functions into Lua. */
  cDepth = 0
  running: Coroutine | undefined = undefined
  /** The metatable of strings. */
  strings: LuaTable | undefined = undefined
  /** Where the present run was first interrupted; looking is slow, and a script may catch the error many times. */
  interrupted: Place | undefined = undefined
  /** The check of compiled code that asks at present. */
  private ticking: Place | undefined = undefined
  /** Operations between two ticks; a test may have a tick at each. */
  fuelATick = FUEL_A_TICK
  /** Bytes that the library may allocate before the host is asked whether there are more. */
  room = ROOM
  /** What is left for the twin that is being tried, see compile/Twins.ts. */
  budget = 0
  /** Work that was done in vain by twins, less what generators have done since. */
  waste = 0
  /** Patterns of this run that took too long. */
  exhausted = 0
  readonly globals = new LuaTable()
  /** The globals that the main function of a library has, while it is loaded. */
  loading: LuaTable = this.globals
  /** Globals that the host sets anew for each run, and where in `slots` compiled code finds them. */
  readonly perRun = new Map<string, number>()
  readonly slots: LuaValue[] = []

  constructor(
    private readonly watch: Watch = unwatched,
    private readonly callers: Callers = noCode,
  ) {}

  // Errors -------------------------------------------------------------------------------------------------------------

  /** `chunk:line: `, or nothing where the caller is no Lua code. */
  where(site: Place = this.at): string {
    return site.line < 0 ? "" : `${site.chunk}:${site.line}: `
  }

  /** The position of a caller further up: level 2 is that of the function that made the call under way. */
  whereAbove(level: number): string {
    const found = this.callers.above(this, level)
    return found === undefined ? "" : this.where(found)
  }

  raise(text: string): LuaError {
    return new LuaError(this.where() + text, this.at)
  }

  /** One more call from C is to be made, as that of a metamethod or an iterator. */
  callFromC(place?: Place): void {
    const level = this.cDepth + 1
    if (level < C_LEVELS) return
    if (level >= C_LEVELS_OF_HANDLERS) throw this.bare("error in error handling")
    if (level > C_LEVELS) return
    throw new LuaError(place === undefined ? TOO_DEEP : this.where(place) + TOO_DEEP, place ?? this.at)
  }

  bare(text: string): LuaError {
    return new LuaError(text, this.at)
  }

  badArgument(position: number, what: string): LuaError {
    const { name, method } = this.at
    if (!method) return this.raise(`bad argument #${position} to '${name}' (${what})`)
    if (position === 1) return this.raise(`calling '${name}' on bad self (${what})`)
    return this.raise(`bad argument #${position - 1} to '${name}' (${what})`)
  }

  // Turns --------------------------------------------------------------------------------------------------------------

  charge(operations: number): void {
    this.fuel -= operations | 0
    this.budget -= (operations / OPERATIONS_A_CALL) | 0
  }

  /** Before the library allocates much at once, or often. */
  take(bytes: number): void {
    if ((this.room -= bytes) < 0) this.watch.makeRoom(this, bytes)
  }

  /** Joined texts take their room when they are first looked into, wherever that is. */
  long(text: string): string {
    this.take(text.length)
    return text
  }

  /**
   * After a tick that threw every check is one, so that pcall cannot keep a script alive that is to end.
   * @param here the check, where it is one of compiled code
   */
  tick(here?: Place): boolean {
    this.fuel = 0
    this.ticking = here
    const wanted = this.watch.tick(this)
    this.ticking = undefined
    this.fuel = this.fuelATick
    return wanted
  }

  // Twins --------------------------------------------------------------------------------------------------------------

  /** Gives a twin its budget; answers how deeply its calls may be nested. */
  attempt(): number {
    this.budget = this.fuelATick * TWIN_CALLS_AN_OPERATION
    return CALLS_MAX - this.depth
  }

  /** The twin has ended, or was given up: until about as much has been done by generators no other is tried. */
  spent(inVain: number): void {
    const units = this.fuelATick * TWIN_CALLS_AN_OPERATION - this.budget
    this.fuel -= units
    this.waste += inVain * units
  }

  /** A call for which no twin is tried. */
  skip(): void {
    this.waste -= GENERATOR_UNITS
  }

  /** An error that a tick throws: it has no position, but is raised where the program is. */
  interrupt(text: string): LuaError {
    this.interrupted ??= this.ticking ?? this.callers.above(this, 1) ?? this.at
    return new LuaError(text, this.interrupted)
  }

  // Coroutines ---------------------------------------------------------------------------------------------------------

  /** What the running coroutine hands out to yield values. */
  yielding(values: LuaValue[]): Yield {
    const co = this.running
    if (co === undefined || this.cDepth !== co.floor) throw this.refusedYield()
    return new Yield(values)
  }

  refusedYield(): LuaError {
    return this.bare("attempt to yield across metamethod/C-call boundary")
  }

  // Calls --------------------------------------------------------------------------------------------------------------

  /** Calls `f` from a generator form: `yield* state.call(f, a, b)`. */
  call(f: LuaValue, ...args: LuaValue[]): Steps {
    return this.callFrom(OUTSIDE, f, args)
  }

  *callFrom(site: Site, f: LuaValue, args: LuaValue[]): Steps {
    const { at, depth } = this
    this.callFromC()
    const target = this.callable(f, args)
    this.cDepth++
    this.depth++
    this.at = site
    const results =
      target.g === undefined
        ? target.p(...args)
        : this.depth % CALLS_A_SEGMENT === 0
          ? yield deepen(this, target.g(...args))
          : yield* target.g(...args)
    this.at = at
    this.depth = depth
    this.cDepth--
    return results
  }

  /** Calls `f` from a plain form. What can be suspended runs to its end here, its turns being given to nobody. */
  callNow(f: LuaValue, ...args: LuaValue[]): Results {
    return this.callNowFrom(OUTSIDE, f, args)
  }

  callNowFrom(site: Site, f: LuaValue, args: LuaValue[]): Results {
    const { at, depth } = this
    const target = this.enterNow(site, f, args)
    const results = target.g === undefined ? target.p(...args) : runToEnd(this, target.g(...args))
    this.at = at
    this.depth = depth
    this.cDepth--
    return results
  }

  /** Begins a call from a plain form that the caller makes himself; answers the function to call. */
  enterNow(site: Site, f: LuaValue, args: LuaValue[]): LuaFunction {
    this.callFromC()
    const target = this.callable(f, args)
    this.cDepth++
    this.at = site
    return target
  }

  /** The function behind a called value; a value with `__call` becomes the first of the arguments. */
  private callable(f: LuaValue, args: LuaValue[]): LuaFunction {
    if (f instanceof LuaFunction) return f
    const handler = this.metamethod(f, "__call")
    if (!(handler instanceof LuaFunction)) throw this.bare(`attempt to call a ${typeName(f)} value`)
    args.unshift(f)
    return handler
  }

  metamethod(value: LuaValue, event: string): LuaValue {
    if (value instanceof LuaTable) return value.metatable?.getText(event)
    return typeof value === "string" ? this.strings?.getText(event) : undefined
  }
}

/** Hands a call that is nested deeply to the driver, which goes on with it on a fresh stack. */
export const deepen = (state: LuaState, steps: Steps, site: Site = state.at): Segment => {
  if (state.depth >= CALLS_MAX) throw new LuaError(`${state.where(site)}stack overflow`, site)
  return new Segment(steps)
}

export const TOO_LONG = "script runs too long in a call that cannot be suspended"

/** Runs steps to their end. A turn that is asked for cannot be given, so it is an error. */
export const runToEnd = (state: LuaState, steps: Steps): Results => {
  const task = new Task(steps)
  if (!task.run()) throw state.bare(TOO_LONG)
  return task.results
}

export const typeName = (value: LuaValue): string => {
  if (value === undefined) return "nil"
  if (value instanceof LuaTable) return "table"
  if (value instanceof LuaFunction) return "function"
  if (value instanceof Coroutine) return "thread"
  if (value instanceof Userdata) return "userdata"
  return typeof value
}

/** The first of some results. */
export const first = (results: Results): LuaValue => (Array.isArray(results) ? results[0] : results)

export const listOf = (results: Results): LuaValue[] => (Array.isArray(results) ? results : [results])
