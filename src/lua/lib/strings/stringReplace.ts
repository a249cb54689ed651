/**
 * `string.gsub` with a text, a table or a function.
 *
 * The plain form takes what cannot call Lua; the other forms run the same loop as a generator. The matcher is shared by
 * all, so after a call back it is loaded again.
 *
 * A replacement text is taken apart once a call: `%1` to `%9` are captures, `%0` is the match, `%` before anything else
 * is that character, and a `%` at the end gives the NUL byte that C finds there.
 */
import { integerArgument, stringArgument } from "../../run/Arguments.js"
import { builtin } from "../../run/Builtin.js"
import { CALL, Metamethods } from "../../run/Metamethods.js"
import { OUTSIDE, type OperatorSite } from "../../run/Site.js"
import { first, type LuaState, typeName } from "../../run/State.js"
import { LuaFunction, LuaTable, type LuaValue, type Results, type Steps } from "../../run/Value.js"
import { numberText } from "../numberText.js"
import { type PatternCode, patternCode } from "./patternCode.js"
import { machine, matchEnd, searchAgain } from "./patternMatch.js"
import { flat, PIECE_LENGTH, TEXT_LENGTH_MAX } from "./stringBasics.js"
import { captured } from "./stringFind.js"

/** What a byte of the result takes in memory until its piece is made flat. */
const BYTES_A_BYTE = 8

/** A replacement text: texts and, between them, captures (0 is the whole match). */
interface Template {
  readonly texts: ReadonlyArray<string>
  readonly captures: ReadonlyArray<number>
}

const templateOf = (replacement: string): Template => {
  const texts: string[] = []
  const captures: number[] = []
  let text = ""
  let at = 0
  for (;;) {
    const percent = replacement.indexOf("%", at)
    if (percent < 0) break
    text += replacement.slice(at, percent)
    const code = percent + 1 < replacement.length ? replacement.charCodeAt(percent + 1) : 0
    if (code >= 48 && code <= 57) {
      texts.push(text)
      captures.push(code - 48)
      text = ""
    } else text += String.fromCharCode(code)
    at = percent + 2
  }
  texts.push(text + replacement.slice(at))
  return { texts, captures }
}

const KEPT_MAX = 128
const KEPT_LENGTH_MAX = 256
const kept = new Map<string, Template>()

const keptTemplate = (replacement: string): Template => {
  const known = kept.get(replacement)
  if (known !== undefined) return known
  const template = templateOf(replacement)
  if (replacement.length <= KEPT_LENGTH_MAX) {
    if (kept.size >= KEPT_MAX) kept.clear()
    kept.set(replacement, template)
  }
  return template
}

const captureText = (index: number, start: number, end: number): string => {
  const value = machine.capture(index, start, end)
  return typeof value === "number" ? numberText(value) : value
}

const fill = (subject: string, template: Template, start: number, end: number): string => {
  const { texts, captures } = template
  let out = texts[0]
  for (let i = 0; i < captures.length; i++) {
    const index = captures[i]
    out += index === 0 ? subject.substring(start, end) : captureText(index - 1, start, end)
    out += texts[i + 1]
  }
  return out
}

/** One gsub under way: what was copied, and from where the next match is looked for. */
class Substitution {
  /** What was copied: made flat, and since then. */
  private done = ""
  private out = ""
  private copied = 0
  private from = 0
  private count = 0
  start = 0
  end = 0

  constructor(
    private readonly state: LuaState,
    readonly subject: string,
    private readonly code: PatternCode,
    private readonly limit: number,
  ) {}

  load(): void {
    machine.load(this.state, this.code, this.subject)
  }

  /** Finds the next match; false at the end. */
  next(): boolean {
    const { subject, code } = this
    if (this.count >= this.limit || this.from > subject.length || (code.anchored && this.from > 0))
      return false
    const start = searchAgain(code, subject, this.from)
    if (start < 0) return false
    this.start = start
    this.end = matchEnd
    this.count++
    // An empty match leaves the next character to be copied.
    this.from = this.end > start ? this.end : start + 1
    return true
  }

  put(text: string): void {
    const between = this.copied < this.start ? this.subject.substring(this.copied, this.start) : ""
    if (this.done.length + this.out.length + between.length + text.length > TEXT_LENGTH_MAX) {
      throw this.state.bare("not enough memory")
    }
    this.out += between + text
    this.copied = this.end
    if (this.out.length > PIECE_LENGTH) {
      this.state.take(this.out.length * BYTES_A_BYTE)
      this.done += flat(this.out)
      this.out = ""
    }
  }

  /** What a table or a function answered: nil and false leave the match as it is. */
  putValue(value: LuaValue): void {
    if (typeof value === "string") this.put(value)
    else if (typeof value === "number") this.put(numberText(value))
    else if (value === undefined || value === false) this.put(this.subject.substring(this.start, this.end))
    else throw this.state.raise(`invalid replacement value (a ${typeName(value)})`)
  }

  results(): Results {
    machine.pay()
    const rest = this.copied < this.subject.length ? this.subject.substring(this.copied) : ""
    if (this.done.length + this.out.length + rest.length > TEXT_LENGTH_MAX) {
      throw this.state.bare("not enough memory")
    }
    return [this.done + this.out + rest, this.count]
  }

  /** The first capture, by which a table is asked. */
  key(): string | number {
    return machine.capture(0, this.start, this.end)
  }

  captures(): LuaValue[] {
    const values = captured(this.start, this.end)
    return Array.isArray(values) ? values : [values]
  }
}

const begin = (state: LuaState, args: ReadonlyArray<LuaValue>): Substitution => {
  const given = args.length
  const subject = stringArgument(state, args[0], 1, given)
  const pattern = stringArgument(state, args[1], 2, given)
  const limit = args[3] === undefined ? subject.length + 1 : integerArgument(state, args[3], 4, given)
  const replacement = args[2]
  const known =
    typeof replacement === "string" ||
    typeof replacement === "number" ||
    replacement instanceof LuaTable ||
    replacement instanceof LuaFunction
  if (!known) throw state.badArgument(3, "string/function/table expected")
  const substitution = new Substitution(state, subject, patternCode(pattern, true), limit)
  substitution.load()
  return substitution
}

const withTemplate = (substitution: Substitution, replacement: string): Results => {
  if (!replacement.includes("%")) {
    while (substitution.next()) substitution.put(replacement)
    return substitution.results()
  }
  const template = keptTemplate(replacement)
  while (substitution.next()) {
    substitution.put(fill(substitution.subject, template, substitution.start, substitution.end))
  }
  return substitution.results()
}

/** Tables are asked from within the library, where nothing has a name. */
const WITHIN: OperatorSite = { ...OUTSIDE, left: "", right: "" }

const plainForm = (state: LuaState, metamethods: Metamethods) =>
  function (...args: LuaValue[]): Results {
    const substitution = begin(state, args)
    const replacement = args[2]
    if (replacement instanceof LuaFunction) {
      while (substitution.next()) {
        const value = first(state.callNow(replacement, ...substitution.captures()))
        substitution.load()
        substitution.putValue(value)
      }
    } else if (replacement instanceof LuaTable) {
      while (substitution.next()) {
        let value = metamethods.index(replacement, substitution.key(), WITHIN)
        if (value === CALL) value = metamethods.finishNow()
        substitution.load()
        substitution.putValue(value)
      }
    } else return withTemplate(substitution, stringArgument(state, replacement, 3, args.length))
    return substitution.results()
  }

const generatorForm = (state: LuaState, metamethods: Metamethods) =>
  function* (...args: LuaValue[]): Steps {
    const substitution = begin(state, args)
    const replacement = args[2]
    const calls = replacement instanceof LuaFunction
    if (!calls && !(replacement instanceof LuaTable)) {
      return withTemplate(substitution, stringArgument(state, replacement, 3, args.length))
    }
    for (;;) {
      if (--state.fuel < 0 && state.tick()) yield undefined
      // Whoever had his turn, or was called, may have used the matcher.
      substitution.load()
      if (!substitution.next()) break
      let value: LuaValue
      if (calls) value = first(yield* state.call(replacement, ...substitution.captures()))
      else {
        value = metamethods.index(replacement, substitution.key(), WITHIN)
        if (value === CALL) value = first(yield* metamethods.finish())
      }
      substitution.putValue(value)
    }
    return substitution.results()
  }

export const stringReplace = (state: LuaState): LuaFunction => {
  const metamethods = new Metamethods(state)
  const plain = plainForm(state, metamethods)
  return builtin(
    "gsub",
    plain,
    { calls: "always", through: [2], cost: 200 },
    generatorForm(state, metamethods),
  )
}
