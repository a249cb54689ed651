/**
 * Expressions, by precedence climbing. Every error has the text and the line of Lua 5.1's own parser, and every node that
 * can fail has the line that Lua gives to its instruction: Lua reads a field or a global only when its value is wanted,
 * so its line is that of the last token consumed at that moment (`settle`).
 */
import type {
  BinaryOperator,
  CallExpression,
  Expression,
  FunctionNode,
  MethodExpression,
  TableItem,
} from "./Ast.js"
import { Lexer } from "./Lexer.js"
import { type Ids, Scope } from "./Scope.js"

/** Nested levels of syntax that Lua's parser takes. */
const LEVELS_MAX = 200

type Operator = BinaryOperator | "and" | "or"

/** How tightly an operator binds on its left and on its right. */
const PRIORITIES: ReadonlyMap<string, readonly [Operator, number, number]> = new Map(
  (
    [
      ["or", 1, 1],
      ["and", 2, 2],
      ["==", 3, 3],
      ["~=", 3, 3],
      ["<", 3, 3],
      ["<=", 3, 3],
      [">", 3, 3],
      [">=", 3, 3],
      ["..", 5, 4],
      ["+", 6, 6],
      ["-", 6, 6],
      ["*", 7, 7],
      ["/", 7, 7],
      ["%", 7, 7],
      ["^", 10, 9],
    ] as const
  ).map((entry) => [entry[0], entry]),
)

const UNARY_PRIORITY = 8

export abstract class Expressions {
  protected readonly lexer: Lexer
  protected scope: Scope
  private readonly ids: Ids = { next: 1 }

  constructor(
    source: string,
    chunk: string,
    /** Levels in use; those of C in which the parser runs are of the same kind. */
    private levels: number,
  ) {
    this.lexer = new Lexer(source, chunk)
    this.scope = new Scope(undefined, 0, this.lexer, this.ids)
  }

  /** The statements of a function, up to what ends it. */
  protected abstract block(): void

  // Tokens -------------------------------------------------------------------------------------------------------------

  protected accept(type: string): boolean {
    if (this.lexer.type !== type) return false
    this.lexer.next()
    return true
  }

  protected expect(type: string): void {
    if (this.lexer.type !== type) throw this.lexer.fault(`'${type}' expected`)
    this.lexer.next()
  }

  /** Expects what closes `opening` of line `line`. */
  protected close(type: string, opening: string, line: number): void {
    if (this.accept(type)) return
    if (line === this.lexer.line) throw this.lexer.fault(`'${type}' expected`)
    throw this.lexer.fault(`'${type}' expected (to close '${opening}' at line ${line})`)
  }

  protected name(): string {
    if (this.lexer.type !== "<name>") throw this.lexer.fault("'<name>' expected")
    const name = this.lexer.text
    this.lexer.next()
    return name
  }

  protected enter(): void {
    if (++this.levels > LEVELS_MAX) throw this.lexer.fault("chunk has too many syntax levels", null)
  }

  protected leave(): void {
    this.levels--
  }

  /** Levels that are left, which bounds the targets of one assignment. */
  protected get levelsLeft(): number {
    return LEVELS_MAX - this.levels
  }

  /** The value of `e` is wanted now. */
  protected settle(e: Expression): Expression {
    if ((e.kind === "index" || e.kind === "global") && e.line === 0) e.line = this.lexer.lastLine
    else if (e.kind === "number" && e.value === 0) e.value = this.scope.node.zero ??= e.value
    return e
  }

  // Expressions --------------------------------------------------------------------------------------------------------

  /** One or more; the last is not settled. */
  protected list(): Expression[] {
    const list = [this.expression()]
    while (this.accept(",")) {
      this.settle(list[list.length - 1])
      list.push(this.expression())
    }
    return list
  }

  protected expression(limit = 0): Expression {
    this.enter()
    let left = this.operand()
    let found = PRIORITIES.get(this.lexer.type)
    while (found !== undefined && found[1] > limit) {
      const operator = found[0]
      this.lexer.next()
      this.settle(left)
      const right = this.settle(this.expression(found[2]))
      const line = this.lexer.lastLine
      left =
        operator === "and" || operator === "or"
          ? { kind: operator, left, right }
          : { kind: "binary", operator, left, right, line }
      found = PRIORITIES.get(this.lexer.type)
    }
    this.leave()
    return left
  }

  private operand(): Expression {
    const operator = this.lexer.type
    if (operator !== "not" && operator !== "-" && operator !== "#") return this.simple()
    this.lexer.next()
    const inner = this.expression(UNARY_PRIORITY)
    if (operator === "-" && inner.kind === "number") return { kind: "number", value: -inner.value }
    const operand = this.settle(inner)
    if (operator === "not") return { kind: "not", operand }
    return { kind: "unary", operator, operand, line: this.lexer.lastLine }
  }

  private simple(): Expression {
    const lexer = this.lexer
    switch (lexer.type) {
      case "<number>":
        return this.consumed({ kind: "number", value: lexer.number })
      case "<string>":
        return this.consumed({ kind: "string", value: lexer.string })
      case "nil":
      case "true":
      case "false":
        return this.consumed({ kind: lexer.type })
      case "...":
        if (!this.scope.node.vararg) throw lexer.fault("cannot use '...' outside a vararg function")
        this.scope.node.usesVararg = true
        return this.consumed({ kind: "vararg" })
      case "{":
        return this.table()
      case "function": {
        lexer.next()
        return { kind: "function", node: this.functionBody(false, lexer.line) }
      }
      default:
        return this.primary()
    }
  }

  private consumed(e: Expression): Expression {
    this.lexer.next()
    return e
  }

  private prefix(): Expression {
    const lexer = this.lexer
    if (lexer.type === "(") {
      const line = lexer.line
      lexer.next()
      const inner = this.expression()
      this.close(")", "(", line)
      return { kind: "paren", inner: this.settle(inner) }
    }
    if (lexer.type === "<name>") return this.scope.resolve(this.name())
    throw lexer.fault("unexpected symbol")
  }

  protected primary(): Expression {
    let e = this.prefix()
    for (;;) {
      switch (this.lexer.type) {
        case ".":
          e = this.field(e)
          break
        case "[": {
          this.settle(e)
          e = { kind: "index", object: e, key: this.bracketed(), line: 0 }
          break
        }
        case ":":
          e = this.method(e)
          break
        case "(":
        case "<string>":
        case "{":
          e = this.call(this.settle(e))
          break
        default:
          return e
      }
    }
  }

  /** `object.name`, at the dot or colon. */
  protected field(object: Expression): Expression {
    this.settle(object)
    this.lexer.next()
    return { kind: "index", object, key: { kind: "string", value: this.name() }, line: 0 }
  }

  private bracketed(): Expression {
    this.lexer.next()
    const key = this.settle(this.expression())
    this.expect("]")
    return key
  }

  private call(callee: Expression): CallExpression {
    const line = this.lexer.line
    return { kind: "call", callee, args: this.arguments(line), line }
  }

  private method(object: Expression): MethodExpression {
    this.lexer.next()
    const name = this.name()
    this.settle(object)
    const nameLine = this.lexer.lastLine
    const line = this.lexer.line
    return { kind: "method", object, name, args: this.arguments(line), line, nameLine }
  }

  private arguments(line: number): Expression[] {
    const lexer = this.lexer
    switch (lexer.type) {
      case "(": {
        if (line !== lexer.lastLine) throw lexer.fault("ambiguous syntax (function call x new statement)")
        lexer.next()
        return this.parenthesised(line)
      }
      case "{":
        return [this.table()]
      case "<string>":
        return [this.consumed({ kind: "string", value: lexer.string })]
      default:
        throw lexer.fault("function arguments expected")
    }
  }

  private parenthesised(line: number): Expression[] {
    const args = this.lexer.type === ")" ? [] : this.list()
    this.close(")", "(", line)
    if (args.length > 0) this.settle(args[args.length - 1])
    return args
  }

  private table(): Expression {
    const lexer = this.lexer
    const line = lexer.line
    this.expect("{")
    const items: TableItem[] = []
    while (lexer.type !== "}") {
      const last = items[items.length - 1]
      if (last !== undefined && last.key === undefined) this.settle(last.value)
      const keyed = lexer.type === "[" || (lexer.type === "<name>" && lexer.peek() === "=")
      items.push(keyed ? this.keyedItem() : { key: undefined, value: this.expression(), line: 0 })
      if (!this.accept(",") && !this.accept(";")) break
    }
    this.close("}", "{", line)
    const last = items[items.length - 1]
    if (last !== undefined) this.settle(last.value)
    return { kind: "table", items }
  }

  private keyedItem(): TableItem {
    const key: Expression =
      this.lexer.type === "[" ? this.bracketed() : { kind: "string", value: this.name() }
    this.expect("=")
    const value = this.settle(this.expression())
    return { key, value, line: this.lexer.lastLine }
  }

  // Functions ----------------------------------------------------------------------------------------------------------

  /** From the parameters to `end`. */
  protected functionBody(method: boolean, line: number): FunctionNode {
    const outer = this.scope
    const scope = new Scope(outer, line, this.lexer, this.ids)
    this.scope = scope
    this.expect("(")
    if (method) this.parameter("self")
    this.parameters()
    this.expect(")")
    this.block()
    this.close("end", "function", line)
    this.scope = outer
    return scope.node
  }

  private parameter(name: string): void {
    const variable = this.scope.declare(name, "parameter")
    this.scope.node.parameters.push(variable)
  }

  private parameters(): void {
    const { lexer, scope } = this
    const { node } = scope
    if (lexer.type !== ")") {
      do {
        if (lexer.type === "<name>") this.parameter(this.name())
        else if (this.accept("...")) {
          node.argTable = scope.declare("arg", "parameter")
          node.vararg = true
        } else throw lexer.fault("<name> or '...' expected")
      } while (!node.vararg && this.accept(","))
    }
    scope.activate(node.argTable === undefined ? node.parameters : [...node.parameters, node.argTable])
  }
}
