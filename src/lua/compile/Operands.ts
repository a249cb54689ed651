/**
 * Operands of expressions: variables and constants by their names, and values that are needed twice.
 *
 * What is needed twice is put into a temporary, unless it is a constant or a variable: `hold` answers the text to use and
 * notes what must run first. Lua reads a local variable of its own only when the instruction runs, after the other
 * operand; an upvalue is read at once, and is held where a call in between could assign it.
 */
import { LuaFunction, LuaTable } from "../run/Value.js"
import type { Expression, FunctionNode, Variable } from "../syntax/Ast.js"
import type { Classes } from "./Classes.js"
import { Closures } from "./Closures.js"
import type { Program } from "./Program.js"
import { Twins } from "./Twins.js"
import type { Types } from "./Types.js"
import { children } from "./Walk.js"
import { functionValue, numeral, quoted, variableName, type Writer } from "./Writer.js"

export const isMultiple = (e: Expression | undefined): boolean =>
  e?.kind === "call" || e?.kind === "method" || e?.kind === "vararg"

export abstract class Operands {
  private readonly calling = new Map<Expression, boolean>()
  protected readonly closures: Closures
  protected readonly twins: Twins

  constructor(
    protected readonly program: Program,
    protected readonly types: Types,
    protected readonly classes: Classes,
    protected readonly w: Writer,
  ) {
    this.closures = new Closures(program, classes)
    this.twins = new Twins(program, classes, this.closures)
  }

  /** Operators never leave a call pending. */
  protected get direct(): boolean {
    return !this.program.metatables || this.classes.direct
  }

  abstract value(e: Expression): string

  // Names ---------------------------------------------------------------------------------------------------------------

  protected variable(variable: Variable): string {
    const definition = this.program.definition(variable)
    if (definition !== undefined) return this.functionValue(definition)
    const constant = this.program.constant({ kind: "local", variable, upvalue: false })
    return this.constantText(constant?.value) ?? this.place(variable)
  }

  /** Where a variable is kept: for reading and for assigning. */
  protected place(variable: Variable): string {
    const name = this.w.reach(variableName(variable), { owner: variable.owner, itself: undefined })
    return this.closures.isBoxed(variable) ? `${name}.v` : name
  }

  /** The value of a function that is always the same. */
  protected functionValue(node: FunctionNode): string {
    const name = functionValue(node)
    if (!this.closures.isAwaited(node)) return this.functionName(node, name)
    return `${this.w.reach(name, { owner: node.parent, itself: undefined })}.v`
  }

  /** A name of a function that is always the same. */
  protected functionName(node: FunctionNode, name: string): string {
    return this.closures.isFree(node) ? name : this.w.reach(name, { owner: node.parent, itself: node })
  }

  protected constantText(value: unknown): string | undefined {
    if (typeof value === "number") return numeral(value)
    if (typeof value === "string") return quoted(value)
    return value instanceof LuaFunction || value instanceof LuaTable ? this.w.constant(value) : undefined
  }

  // Operands -----------------------------------------------------------------------------------------------------------

  /** Text that can stand several times; what must run before it is added to `before`. */
  protected hold(e: Expression, before: string[], later: ReadonlyArray<Expression> = []): string {
    if (this.isStable(e, later)) return literal(e) ? `(${this.value(e)})` : this.value(e)
    const text = this.value(e)
    const t = this.w.temporary()
    before.push(`${t}=${text}`)
    return t
  }

  private isStable(e: Expression, later: ReadonlyArray<Expression>): boolean {
    switch (e.kind) {
      case "nil":
      case "true":
      case "false":
      case "number":
      case "string":
        return true
      case "local":
        return !e.upvalue || !e.variable.assigned || !later.some((other) => this.calls(other))
      case "paren":
        return this.isStable(e.inner, later)
      default:
        return false
    }
  }

  /** Whether evaluating may run other Lua code, or a library function. */
  protected calls(e: Expression): boolean {
    const known = this.calling.get(e)
    if (known !== undefined) return known
    const operator = e.kind === "binary" || e.kind === "unary" || e.kind === "index" || e.kind === "global"
    const found =
      e.kind === "call" ||
      e.kind === "method" ||
      (operator && this.program.metatables) ||
      children(e).some((child) => this.calls(child))
    this.calling.set(e, found)
    return found
  }

  protected sequence(before: ReadonlyArray<string>, text: string): string {
    return before.length === 0 ? `(${text})` : `(${before.join(",")},${text})`
  }

  /** The result of an operator that in a program with metatables may be a pending call; a value, not a truth. */
  protected finishedValue(text: string, line: number): string {
    if (this.direct || !this.w.frame.generator) return this.finished(text, line)
    const t = this.w.temporary()
    const steps = `/*${line}*/S.depth&127?yield* ${t}:yield deepen(S,${t})`
    return `((${t}=${text})!==C?${t}:(${t}=M.enter())===undefined?M.done:M.leave(${steps}))`
  }

  /** The same for operators whose result may be the truth or falsehood of a value. */
  protected finished(text: string, line: number): string {
    if (this.direct) return this.program.metatables ? `/*${line}*/${text}` : text
    const t = this.w.temporary()
    const rest = this.w.frame.generator ? `(/*${line}*/yield* M.finish())` : `/*${line}*/M.finishNow()`
    return `((${t}=${text})!==C?${t}:${rest})`
  }

  /** What an error calls an operand. */
  protected describe(e: Expression): string {
    switch (e.kind) {
      case "local":
        return `${e.variable.owner === this.w.frame.node ? "local" : "upvalue"} '${e.variable.name}'`
      case "index":
        return e.key.kind === "string" ? `field '${e.key.value}'` : "field '?'"
      case "and":
        return isTrue(e.left) ? this.describe(e.right) : ""
      case "or":
        return jumpsOver(e.left) ? this.describe(e.right) : ""
      case "paren":
        return isMultiple(e.inner) ? "" : this.describe(e.inner)
      default:
        return ""
    }
  }

  /** As `hold`, for operands that Lua copies at once. */
  protected holdNow(e: Expression, before: string[], later: ReadonlyArray<Expression>): string {
    const early = e.kind === "local" && e.variable.assigned && later.some((other) => this.calls(other))
    if (!early) return this.hold(e, before)
    const t = this.w.temporary()
    before.push(`${t}=${this.value(e)}`)
    return t
  }
}

/** Whether Lua knows at compile time that a value is true, so that it makes no jump for it. */
const isTrue = (e: Expression): boolean => {
  switch (e.kind) {
    case "number":
    case "string":
    case "true":
      return true
    case "paren":
      return isTrue(e.inner)
    case "binary":
      return isFolded(e)
    case "not":
      return isFalse(e.operand)
    default:
      return false
  }
}

/** The same for nil and false. */
const isFalse = (e: Expression): boolean => {
  if (e.kind === "paren") return isFalse(e.inner)
  return e.kind === "not" ? isTrue(e.operand) : e.kind === "nil" || e.kind === "false"
}

/**
 * Whether Lua, which looks for the last instruction that gave the value and follows the first jump it meets, is led from here
 * to what stands on the right of an `or`.
 */
const jumpsOver = (left: Expression): boolean => {
  switch (left.kind) {
    case "paren":
      return jumpsOver(left.inner)
    case "and":
      return !isTrue(left.left) || jumpsOver(left.right)
    case "or":
      return jumpsOver(left.left) && jumpsOver(left.right)
    default:
      return isFalse(left)
  }
}

/** Arithmetic on constants is done at compile time, unless it divides by zero. */
const isFolded = (e: Expression): boolean => {
  if (e.kind === "number") return true
  if (e.kind === "paren") return isFolded(e.inner)
  if (e.kind !== "binary" || !isArithmetic(e.operator)) return false
  const divides = e.operator === "/" || e.operator === "%"
  return (
    isFolded(e.left) && isFolded(e.right) && !(divides && e.right.kind === "number" && e.right.value === 0)
  )
}

const isArithmetic = (operator: string): boolean => "+-*/%^".includes(operator)

/** A number needs parentheses where a member follows. */
const literal = (e: Expression): boolean => e.kind === "number" || (e.kind === "paren" && literal(e.inner))
