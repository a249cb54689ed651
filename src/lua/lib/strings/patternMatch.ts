/**
 * Matching of compiled patterns by backtracking, without recursion: since a pattern's items form a straight row, each
 * item leaves at most one frame to come back to, and the stack is never deeper than the pattern is long.
 *
 *     frame   MORE   at item i, from `s` down to `low`: give one character back
 *             LAZY   at item i: take one more character
 *             SKIP   at item i: go on without the optional character
 *             OPENED, CLOSED   undo a capture; not where no other frame is below, since then all captures go
 *
 * A match has a budget of steps that grows with the subject: what a pattern can burn beyond it (`.-.-.-x` on a long
 * text is cubic) raises an error where Lua would go on for minutes, since nothing can interrupt a match. A script that
 * catches the error has less the next time, so that it cannot keep others waiting by trying again and again.
 *
 * The captures of the last match stand in the machine until the next one. Callers read them before they run Lua code.
 */
import type { LuaError } from "../../run/LuaError.js"
import { LuaState } from "../../run/State.js"
import {
  ANY,
  AT_END,
  BACK_REFERENCE,
  BALANCE,
  CHAR,
  CLOSE,
  END,
  FAULT,
  faults,
  FRONTIER,
  LAZY,
  ONCE,
  OPEN,
  OPTIONAL,
  type PatternCode,
  PLUS,
  POSITION,
  SET,
} from "./patternCode.js"

const CAPTURES_MAX = 32
const UNFINISHED = -1
const POSITION_ONLY = -2

const MORE_FRAME = 0
const LAZY_FRAME = 1
const SKIP_FRAME = 2
const OPENED_FRAME = 3
const CLOSED_FRAME = 4
/** Numbers a frame: its kind, item, position in the subject, lower bound (or capture). */
const FRAME = 4

/** About a second on the machine this was written on, where Lua would take as long as it takes. */
const STEPS_BASE = 25_000_000
const STEPS_PER_CHARACTER = 20
/** With each failure a quarter is left, down to this. */
const STEPS_BASE_MIN = 100_000

/** Steps of a match that cost as much as one operation of compiled code. */
const STEPS_AN_OPERATION = 4

/** Characters that are passed over for the price of one step: in a loop of their own, and by indexOf. */
const PASSED_A_STEP = 2
const SEARCHED_A_STEP = 256

const characters: ReadonlyArray<string> = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))

class Machine {
  private ops: Uint8Array = new Uint8Array(0)
  private args: Int32Array = new Int32Array(0)
  private sets: ReadonlyArray<Uint8Array> = []
  private stack = new Int32Array(64 * FRAME)
  private top = 0
  private subject = ""
  private readonly starts = new Int32Array(CAPTURES_MAX)
  private readonly lengths = new Int32Array(CAPTURES_MAX)
  private level = 0
  private budget = 0
  private granted = 0
  private state = new LuaState()

  load(state: LuaState, code: PatternCode, subject: string): void {
    this.state = state
    this.ops = code.ops
    this.args = code.args
    this.sets = code.sets
    this.subject = subject
    const base = Math.max(STEPS_BASE_MIN, STEPS_BASE * 0.25 ** state.exhausted)
    this.budget = this.granted = base + STEPS_PER_CHARACTER * subject.length
    if (this.stack.length < (code.ops.length + 1) * FRAME) {
      this.stack = new Int32Array((code.ops.length + 1) * FRAME)
    }
  }

  /** Steps taken since the load. */
  get steps(): number {
    return this.granted - this.budget
  }

  /** Charges the steps since the load to the fuel. */
  pay(): void {
    this.state.charge(this.steps / STEPS_AN_OPERATION)
  }

  get captures(): number {
    return this.level
  }

  capture(index: number, start: number, end: number): string | number {
    if (index >= this.level) {
      if (index === 0) return this.subject.substring(start, end)
      throw this.state.raise("invalid capture index")
    }
    const from = this.starts[index]
    const length = this.lengths[index]
    if (length === POSITION_ONLY) return from + 1
    if (length === UNFINISHED) throw this.state.raise("unfinished capture")
    return this.subject.substring(from, from + length)
  }

  private pushFrame(kind: number, item: number, s: number, low: number): void {
    const { stack, top } = this
    stack[top] = kind
    stack[top + 1] = item
    stack[top + 2] = s
    stack[top + 3] = low
    this.top = top + FRAME
  }

  /** Whether the character at `s` belongs to the item, whatever its quantifier. */
  private single(item: number, s: number): boolean {
    if (s >= this.subject.length) return false
    const kind = this.ops[item] & 3
    if (kind === CHAR) return this.subject.charCodeAt(s) === this.args[item]
    return kind === ANY || this.sets[this.args[item]][this.subject.charCodeAt(s)] === 1
  }

  /** The end of the longest run of the item's characters from `s` on. */
  private runEnd(item: number, s: number): number {
    const { subject } = this
    const length = subject.length
    const kind = this.ops[item] & 3
    let end = s
    if (kind === ANY) end = length
    else if (kind === CHAR) {
      const character = this.args[item]
      while (end < length && subject.charCodeAt(end) === character) end++
    } else {
      const set = this.sets[this.args[item]]
      while (end < length && set[subject.charCodeAt(end)] === 1) end++
    }
    this.budget -= end - s
    return end
  }

  private open(s: number, length: number): void {
    if (this.level >= CAPTURES_MAX) throw this.state.raise("too many captures")
    this.starts[this.level] = s
    this.lengths[this.level] = length
    this.level++
    if (this.top > 0) this.pushFrame(OPENED_FRAME, 0, 0, 0)
  }

  private close(s: number): void {
    let index = this.level - 1
    while (index >= 0 && this.lengths[index] !== UNFINISHED) index--
    if (index < 0) throw this.state.raise("invalid pattern capture")
    this.lengths[index] = s - this.starts[index]
    if (this.top > 0) this.pushFrame(CLOSED_FRAME, 0, 0, index)
  }

  private frontier(item: number, s: number): boolean {
    const set = this.sets[this.args[item]]
    const before = s === 0 ? 0 : this.subject.charCodeAt(s - 1)
    const here = s < this.subject.length ? this.subject.charCodeAt(s) : 0
    return set[before] === 0 && set[here] === 1
  }

  /** The end of what `%bxy` takes at `s`, or -1. */
  private balance(pair: number, s: number): number {
    const { subject } = this
    const opening = pair >> 8
    const closing = pair & 255
    if (s >= subject.length || subject.charCodeAt(s) !== opening) return -1
    let depth = 1
    for (let i = s + 1; i < subject.length; i++) {
      const c = subject.charCodeAt(i)
      if (c === closing) {
        if (--depth === 0) {
          this.budget -= i - s
          return i + 1
        }
      } else if (c === opening) depth++
    }
    this.budget -= subject.length - s
    return -1
  }

  /** The end of a repetition of capture `index` at `s`, or -1. */
  private repetition(index: number, s: number): number {
    if (index < 0 || index >= this.level || this.lengths[index] === UNFINISHED)
      throw this.state.raise("invalid capture index")
    const length = this.lengths[index]
    if (length === POSITION_ONLY || length > this.subject.length - s) return -1
    this.budget -= length
    return this.subject.startsWith(this.subject.substr(this.starts[index], length), s) ? s + length : -1
  }

  /** Items that are no plain characters: the position behind, or -1. */
  private special(item: number, s: number): number {
    switch (this.ops[item]) {
      case OPEN:
        this.open(s, UNFINISHED)
        return s
      case POSITION:
        this.open(s, POSITION_ONLY)
        return s
      case CLOSE:
        this.close(s)
        return s
      case BALANCE:
        return this.balance(this.args[item], s)
      case FRONTIER:
        return this.frontier(item, s) ? s : -1
      case BACK_REFERENCE:
        return this.repetition(this.args[item], s)
      case AT_END:
        return s === this.subject.length ? s : -1
      case FAULT:
        throw this.state.raise(faults[this.args[item]])
      default:
        throw new Error(`pattern item ${this.ops[item]} is unknown`)
    }
  }

  /** Takes one item at `s`: the position behind it, or -1 when it does not match here. */
  private take(item: number, s: number): number {
    const op = this.ops[item]
    if (op >= END) return this.special(item, s)
    switch (op & ~3) {
      case ONCE:
        return this.single(item, s) ? s + 1 : -1
      case OPTIONAL:
        if (!this.single(item, s)) return s
        this.pushFrame(SKIP_FRAME, item, s, 0)
        return s + 1
      case LAZY:
        this.pushFrame(LAZY_FRAME, item, s, 0)
        return s
      default: {
        const low = (op & ~3) === PLUS ? s + 1 : s
        const end = this.runEnd(item, s)
        if (end < low) return -1
        if (end > low) this.pushFrame(MORE_FRAME, item, end, low)
        return end
      }
    }
  }

  /**
   * The greatest position from `from` down to `low` at which the item behind `item` may match; -1 when there is none.
   * Only where that is a plain character, positions are passed over.
   */
  private fewer(item: number, from: number, low: number): number {
    if (this.ops[item + 1] !== CHAR) return from
    const { subject } = this
    const wanted = this.args[item + 1]
    let at = from
    while (at >= low && subject.charCodeAt(at) !== wanted) at--
    this.budget -= (from - at) / PASSED_A_STEP
    return at < low ? -1 : at
  }

  /** The next position behind `from`, all characters up to it being the item's, at which the item behind it may match. */
  private more(item: number, from: number): number {
    if (!this.single(item, from)) return -1
    if (this.ops[item + 1] !== CHAR) return from + 1
    const { subject } = this
    const wanted = this.args[item + 1]
    if ((this.ops[item] & 3) === ANY) {
      const found = subject.indexOf(characters[wanted], from + 1)
      this.budget -= ((found < 0 ? subject.length : found) - from) / SEARCHED_A_STEP
      return found
    }
    let at = from + 1
    while (subject.charCodeAt(at) !== wanted && this.single(item, at)) at++
    this.budget -= (at - from) / PASSED_A_STEP
    return subject.charCodeAt(at) === wanted ? at : -1
  }

  /** The item to go on with after a failure, with `resumeAt` set; -1 when nothing is left to try. */
  private retreat(): number {
    const { stack } = this
    while (this.top > 0) {
      const frame = this.top - FRAME
      const item = stack[frame + 1]
      switch (stack[frame]) {
        case MORE_FRAME: {
          const at = this.fewer(item, stack[frame + 2] - 1, stack[frame + 3])
          if (at < 0) break
          this.resumeAt = stack[frame + 2] = at
          if (at === stack[frame + 3]) this.top = frame
          return item + 1
        }
        case LAZY_FRAME: {
          const at = this.more(item, stack[frame + 2])
          if (at < 0) break
          this.resumeAt = stack[frame + 2] = at
          return item + 1
        }
        case SKIP_FRAME:
          this.top = frame
          this.resumeAt = stack[frame + 2]
          return item + 1
        case OPENED_FRAME:
          this.level--
          break
        default:
          this.lengths[stack[frame + 3]] = UNFINISHED
      }
      this.top = frame
    }
    return -1
  }

  private tooComplex(): LuaError {
    this.state.exhausted++
    this.pay()
    return this.state.raise("pattern too complex")
  }

  private resumeAt = 0

  /** The end of a match that starts at `from`, or -1. */
  match(from: number): number {
    const { ops, args, sets, subject } = this
    const length = subject.length
    this.level = 0
    this.top = 0
    let s = from
    let item = 0
    let resumed = 0
    for (;;) {
      const op = ops[item]
      if (op === END) return s
      let next: number
      if (op === CHAR) next = s < length && subject.charCodeAt(s) === args[item] ? s + 1 : -1
      else if (op === SET) next = s < length && sets[args[item]][subject.charCodeAt(s)] === 1 ? s + 1 : -1
      else next = this.take(item, s)
      if (next >= 0) {
        s = next
        item++
        continue
      }
      this.budget -= 1 + item - resumed
      if (this.budget < 0) throw this.tooComplex()
      item = this.retreat()
      if (item < 0) return -1
      resumed = item
      s = this.resumeAt
    }
  }
}

/** The one matcher: load it, match, read its captures. */
export const machine = new Machine()

/** Where the first match at or behind `from` starts, with its end in `matchEnd`; -1 when there is none. */
export const search = (state: LuaState, code: PatternCode, subject: string, from: number): number => {
  machine.load(state, code, subject)
  return searchAgain(code, subject, from)
}

/** As `search`, with what is loaded. */
export const searchAgain = (code: PatternCode, subject: string, from: number): number => {
  if (code.anchored) return (matchEnd = machine.match(from)) < 0 ? -1 : from
  const { prefix, first } = code
  for (let s = from; s <= subject.length; s++) {
    if (prefix !== "") {
      s = subject.indexOf(prefix, s)
      if (s < 0) return -1
    } else if (first !== undefined) {
      while (s < subject.length && first[subject.charCodeAt(s)] === 0) s++
      if (s === subject.length) return -1
    }
    matchEnd = machine.match(s)
    if (matchEnd >= 0) return s
  }
  return -1
}

/** The end of the match that was found. */
export let matchEnd = 0
