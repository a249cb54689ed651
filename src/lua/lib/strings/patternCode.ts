/**
 * A Lua pattern, compiled once: a row of items, each an operation and an argument. Patterns have no groups to repeat, so
 * the row is straight and a match walks it from left to right (patternMatch.ts).
 *
 *     "^(%w+)=%s*$"   anchored   OPEN, PLUS+SET %w, CLOSE, CHAR '=', STAR+SET %s, AT_END, END
 *
 * What is wrong with a pattern is an item too (FAULT): Lua reads a pattern while it matches and complains only about
 * what it reaches. A NUL byte ends a pattern, as C strings end.
 */

/** What a single character is compared with; `Quantifier + Single` is the operation of one item. */
export const CHAR = 0
export const ANY = 1
export const SET = 2

export const ONCE = 0
export const STAR = 4
export const PLUS = 8
export const LAZY = 12
export const OPTIONAL = 16

export const END = 20
export const OPEN = 21
export const POSITION = 22
export const CLOSE = 23
export const BALANCE = 24
export const FRONTIER = 25
export const BACK_REFERENCE = 26
export const AT_END = 27
export const FAULT = 28

export const faults: ReadonlyArray<string> = [
  "malformed pattern (ends with '%')",
  "malformed pattern (missing ']')",
  "unbalanced pattern",
  "missing '[' after '%f' in pattern",
]
const ENDS_WITH_ESCAPE = 0
const MISSING_BRACKET = 1
const UNBALANCED = 2
const NO_FRONTIER_SET = 3

const ESCAPE = 37
const CARET = 94
const DOLLAR = 36
const BRACKET = 91
const BRACKET_END = 93
const DASH = 45

/** A set of characters: one byte each, 1 where the character is in it. */
type CharacterSet = Uint8Array

export interface PatternCode {
  readonly ops: Uint8Array
  readonly args: Int32Array
  readonly sets: ReadonlyArray<CharacterSet>
  /** The pattern starts with `^`: `code` is without it. */
  readonly anchored: boolean
  /** Characters that every match starts with, "" when there is none. */
  readonly prefix: string
  /** What the first character of every match belongs to, where that is known. */
  readonly first: CharacterSet | undefined
}

const within = (c: number, low: number, high: number): boolean => c >= low && c <= high
const isLower = (c: number): boolean => within(c, 97, 122)
const isUpper = (c: number): boolean => within(c, 65, 90)
const isDigit = (c: number): boolean => within(c, 48, 57)
const isAlpha = (c: number): boolean => isLower(c) || isUpper(c)
const isPrintable = (c: number): boolean => within(c, 33, 126)

const classes: Readonly<Record<string, (c: number) => boolean>> = {
  a: isAlpha,
  c: (c) => c < 32 || c === 127,
  d: isDigit,
  l: isLower,
  p: (c) => isPrintable(c) && !isAlpha(c) && !isDigit(c),
  s: (c) => c === 32 || within(c, 9, 13),
  u: isUpper,
  w: (c) => isAlpha(c) || isDigit(c),
  x: (c) => isDigit(c) || within(c | 32, 97, 102),
  z: (c) => c === 0,
}

const classSets = new Map<number, CharacterSet>()

/** The set behind `%c` for the letter `c`; undefined when the letter stands for itself. */
const classSet = (c: number): CharacterSet | undefined => {
  const known = classSets.get(c)
  if (known !== undefined) return known
  const test = isAlpha(c) ? classes[String.fromCharCode(c | 32)] : undefined
  if (test === undefined) return undefined
  const inside = isLower(c)
  const set = new Uint8Array(256)
  for (let i = 0; i < 256; i++) set[i] = test(i) === inside ? 1 : 0
  classSets.set(c, set)
  return set
}

/** Index behind the bracket set that starts at `at`, or -1 when it is not closed. */
const bracketEnd = (text: string, at: number): number => {
  let i = at + 1
  if (text.charCodeAt(i) === CARET) i++
  do {
    if (i >= text.length) return -1
    if (text.charCodeAt(i++) === ESCAPE && i < text.length) i++
  } while (text.charCodeAt(i) !== BRACKET_END)
  return i + 1
}

/** The set written between `at` and `end`, brackets included. */
const bracketSet = (text: string, at: number, end: number): CharacterSet => {
  const set = new Uint8Array(256)
  const last = end - 1
  let i = at + 1
  const inverted = text.charCodeAt(i) === CARET
  if (inverted) i++
  for (; i < last; i++) {
    const c = text.charCodeAt(i)
    if (c === ESCAPE) {
      const letter = text.charCodeAt(++i)
      const named = classSet(letter)
      if (named === undefined) set[letter] = 1
      else for (let k = 0; k < 256; k++) set[k] |= named[k]
    } else if (text.charCodeAt(i + 1) === DASH && i + 2 < last) {
      i += 2
      for (let k = c; k <= text.charCodeAt(i); k++) set[k] = 1
    } else set[c] = 1
  }
  if (inverted) for (let k = 0; k < 256; k++) set[k] ^= 1
  return set
}

const quantifierAt = (text: string, at: number): number => {
  switch (text.charCodeAt(at)) {
    case 42:
      return STAR
    case 43:
      return PLUS
    case 45:
      return LAZY
    case 63:
      return OPTIONAL
    default:
      return ONCE
  }
}

class Compiler {
  readonly ops: number[] = []
  readonly args: number[] = []
  readonly sets: CharacterSet[] = []
  private at = 0

  constructor(private readonly text: string) {}

  run(): void {
    while (this.at < this.text.length) if (!this.item()) return
    this.add(END, 0)
  }

  private add(op: number, arg: number): void {
    this.ops.push(op)
    this.args.push(arg)
  }

  private addSet(op: number, set: CharacterSet): void {
    this.add(op, this.sets.length)
    this.sets.push(set)
  }

  /** Nothing behind a fault is ever reached. */
  private fault(which: number): false {
    this.add(FAULT, which)
    return false
  }

  private item(): boolean {
    const { text, at } = this
    switch (text.charCodeAt(at)) {
      case 40:
        if (text.charCodeAt(at + 1) === 41) {
          this.add(POSITION, 0)
          this.at += 2
        } else {
          this.add(OPEN, 0)
          this.at++
        }
        return true
      case 41:
        this.add(CLOSE, 0)
        this.at++
        return true
      case DOLLAR:
        if (at + 1 < text.length) return this.single()
        this.add(AT_END, 0)
        this.at++
        return true
      case ESCAPE:
        return this.escape()
      default:
        return this.single()
    }
  }

  private escape(): boolean {
    const { text, at } = this
    const letter = text.charCodeAt(at + 1)
    if (letter === 98) {
      if (at + 3 >= text.length) return this.fault(UNBALANCED)
      this.add(BALANCE, (text.charCodeAt(at + 2) << 8) | text.charCodeAt(at + 3))
      this.at += 4
      return true
    }
    if (letter === 102) {
      if (text.charCodeAt(at + 2) !== BRACKET) return this.fault(NO_FRONTIER_SET)
      const end = bracketEnd(text, at + 2)
      if (end < 0) return this.fault(MISSING_BRACKET)
      this.addSet(FRONTIER, bracketSet(text, at + 2, end))
      this.at = end
      return true
    }
    if (isDigit(letter)) {
      this.add(BACK_REFERENCE, letter - 49)
      this.at += 2
      return true
    }
    return this.single()
  }

  /** One character, class or set with its quantifier. */
  private single(): boolean {
    const { text, at } = this
    const c = text.charCodeAt(at)
    let end = at + 1
    let set: CharacterSet | undefined
    let character = c
    if (c === ESCAPE) {
      if (end >= text.length) return this.fault(ENDS_WITH_ESCAPE)
      character = text.charCodeAt(end++)
      set = classSet(character)
    } else if (c === BRACKET) {
      end = bracketEnd(text, at)
      if (end < 0) return this.fault(MISSING_BRACKET)
      set = bracketSet(text, at, end)
    }
    const quantifier = quantifierAt(text, end)
    this.at = quantifier === ONCE ? end : end + 1
    if (set !== undefined) this.addSet(quantifier + SET, set)
    else if (c === 46) this.add(quantifier + ANY, 0)
    else this.add(quantifier + CHAR, character)
    return true
  }
}

const prefixOf = (ops: ReadonlyArray<number>, args: ReadonlyArray<number>): string => {
  let prefix = ""
  for (let i = 0; ops[i] === ONCE + CHAR; i++) prefix += String.fromCharCode(args[i])
  return prefix
}

const OPENINGS_MAX = 32

/** Behind opening captures, of which no more than allowed, the first item must take a character. */
const firstOf = (compiler: Compiler): CharacterSet | undefined => {
  const { ops, args, sets } = compiler
  let item = 0
  while (item < OPENINGS_MAX && (ops[item] === OPEN || ops[item] === POSITION)) item++
  const op = ops[item]
  if (op === ONCE + SET || op === PLUS + SET) return sets[args[item]]
  if (op !== ONCE + CHAR && op !== PLUS + CHAR) return undefined
  const set = new Uint8Array(256)
  set[args[item]] = 1
  return set
}

const compile = (pattern: string, anchors: boolean): PatternCode => {
  const nul = pattern.indexOf("\0")
  const text = nul < 0 ? pattern : pattern.slice(0, nul)
  const anchored = anchors && text.charCodeAt(0) === CARET
  const compiler = new Compiler(anchored ? text.slice(1) : text)
  compiler.run()
  const { ops, args, sets } = compiler
  return {
    ops: Uint8Array.from(ops),
    args: Int32Array.from(args),
    sets,
    anchored,
    prefix: prefixOf(ops, args),
    first: firstOf(compiler),
  }
}

/** Compiled patterns kept, and the longest that are worth it: scripts have few and short ones. */
const KEPT_MAX = 512
const KEPT_LENGTH_MAX = 1024

const kept = new Map<string, PatternCode>()
const keptUnanchored = new Map<string, PatternCode>()

/** The code of a pattern; `anchors` is false for gmatch, to which `^` is a character like others. */
export const patternCode = (pattern: string, anchors: boolean): PatternCode => {
  const cache = anchors ? kept : keptUnanchored
  const known = cache.get(pattern)
  if (known !== undefined) return known
  const code = compile(pattern, anchors)
  if (pattern.length <= KEPT_LENGTH_MAX) {
    if (cache.size >= KEPT_MAX) cache.clear()
    cache.set(pattern, code)
  }
  return code
}

const SPECIALS = /[\^$*+?.([%-]/

/** Whether find may look for the text itself: no special character stands before the first NUL. */
export const isPlainText = (pattern: string): boolean => {
  const nul = pattern.indexOf("\0")
  return !SPECIALS.test(nul < 0 ? pattern : pattern.slice(0, nul))
}
