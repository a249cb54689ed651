/**
 * Which types the variables, parameters and results of a chunk can have: bits, found by going over all assignments until
 * nothing changes. Each pass only adds bits, so it ends.
 *
 * A parameter is followed only where its function is called by name alone and never handed about as a value.
 */
import type { Expression, FunctionNode, Statement, Variable } from "../syntax/Ast.js"
import type { Program } from "./Program.js"
import { walk } from "./Walk.js"

export const NIL = 1
export const BOOLEAN = 2
export const NUMBER = 4
export const STRING = 8
export const TABLE = 16
export const FUNCTION = 32
const OTHER = 64
export const ANY = NIL | BOOLEAN | NUMBER | STRING | TABLE | FUNCTION | OTHER

const RETURNS = { number: NUMBER, string: STRING, boolean: BOOLEAN, value: ANY }

export class Types {
  private readonly variables = new Map<Variable, number>()
  private readonly results = new Map<FunctionNode, number>()
  /** Functions that are used as values, whose parameters can be anything. */
  readonly escaping = new Set<FunctionNode>()
  /** Functions that do not always return exactly one value. */
  private readonly manyValued = new Set<FunctionNode>()
  private changed = true

  constructor(private readonly program: Program) {
    for (const node of program.functions) this.findEscapes(node)
    for (const node of program.functions) this.findReturns(node)
    while (this.changed) {
      this.changed = false
      for (const node of program.functions) this.pass(node)
    }
  }

  /** Exactly one value comes back from every call. */
  single(node: FunctionNode): boolean {
    return !this.manyValued.has(node)
  }

  variable(variable: Variable): number {
    return this.variables.get(variable) ?? 0
  }

  private findEscapes(node: FunctionNode): void {
    const { program } = this
    const called = new Set<Expression>()
    walk(node.body, {
      expression: (e) => {
        if (e.kind === "call" && program.known(e.callee) !== undefined) called.add(e.callee)
        else if (e.kind === "paren" && called.has(e)) called.add(e.inner)
        else if (e.kind === "function") this.named(e.node)
        else if (!called.has(e)) {
          const known = program.known(e)
          if (known !== undefined) this.escaping.add(known)
        }
      },
    })
  }

  /** A function expression that is not the definition of a variable is a value. */
  private readonly defined = new Map<FunctionNode, boolean>()

  private named(node: FunctionNode): void {
    if (this.defined.size === 0) this.collectDefinitions()
    if (this.defined.get(node) !== true) this.escaping.add(node)
  }

  private collectDefinitions(): void {
    this.defined.set(this.program.main, false)
    for (const node of this.program.functions) {
      walk(node.body, {
        statement: (s) => {
          if (s.kind === "localFunction") this.defined.set(s.node, !s.variable.assigned)
          else if (s.kind === "local") {
            for (const variable of s.variables) {
              const definition = this.program.definition(variable)
              if (definition !== undefined) this.defined.set(definition, true)
            }
          }
        },
      })
    }
  }

  private findReturns(node: FunctionNode): void {
    if (!endsInReturn(node.body)) this.manyValued.add(node)
    walk(node.body, {
      statement: (s) => {
        if (s.kind !== "return") return
        const [value] = s.values
        const multiple = value?.kind === "vararg" || value?.kind === "call" || value?.kind === "method"
        if (s.values.length !== 1 || multiple) this.manyValued.add(node)
      },
    })
    if (node === this.program.main) this.manyValued.add(node)
  }

  private add(variable: Variable, bits: number): void {
    const before = this.variables.get(variable) ?? 0
    if ((before | bits) === before) return
    this.variables.set(variable, before | bits)
    this.changed = true
  }

  private pass(node: FunctionNode): void {
    if (this.escaping.has(node) || node === this.program.main) {
      for (const parameter of node.parameters) this.add(parameter, ANY)
    }
    if (node.argTable !== undefined) this.add(node.argTable, NIL | TABLE)
    walk(node.body, {
      statement: (s) => this.statement(s, node),
      expression: (e) => {
        const known = e.kind === "call" ? this.program.known(e.callee) : undefined
        if (known !== undefined && e.kind === "call") this.assign(known.parameters, e.args)
      },
    })
  }

  private statement(s: Statement, node: FunctionNode): void {
    switch (s.kind) {
      case "local":
        this.assign(s.variables, s.values)
        break
      case "assign":
        this.assign(
          s.targets.map((target) => (target.kind === "local" ? target.variable : undefined)),
          s.values,
        )
        break
      case "numericFor":
        this.add(s.variable, NUMBER)
        break
      case "genericFor":
        for (const variable of s.variables) this.add(variable, ANY)
        break
      case "localFunction":
        this.add(s.variable, FUNCTION)
        break
      case "return": {
        const bits = s.values.length === 0 ? NIL : this.of(s.values[0])
        const before = this.results.get(node) ?? 0
        if ((before | bits) !== before) {
          this.results.set(node, before | bits)
          this.changed = true
        }
        break
      }
      default:
    }
  }

  private assign(variables: ReadonlyArray<Variable | undefined>, values: ReadonlyArray<Expression>): void {
    const last = values[values.length - 1]
    const open = last?.kind === "call" || last?.kind === "method" || last?.kind === "vararg"
    variables.forEach((variable, i) => {
      if (variable === undefined) return
      if (i < values.length) this.add(variable, this.of(values[i]))
      else this.add(variable, open ? ANY : NIL)
    })
  }

  /** The types of an expression's (first) value. */
  of(e: Expression): number {
    switch (e.kind) {
      case "nil":
        return NIL
      case "true":
      case "false":
      case "not":
        return BOOLEAN
      case "number":
        return NUMBER
      case "string":
        return STRING
      case "function":
        return FUNCTION
      case "table":
        return TABLE
      case "local":
        return this.variable(e.variable)
      case "paren":
        return this.of(e.inner)
      case "and":
        return (this.of(e.left) & (NIL | BOOLEAN)) | this.of(e.right)
      case "or":
        return (this.of(e.left) & ~NIL) | this.of(e.right)
      case "binary":
        return this.ofBinary(e.operator, this.of(e.left) | this.of(e.right))
      case "unary":
        if (this.program.metatables && this.of(e.operand) !== NUMBER && this.of(e.operand) !== STRING)
          return ANY
        return NUMBER
      case "call":
        return this.ofCall(e)
      case "index":
      case "global":
        return this.ofConstant(e)
      default:
        return ANY
    }
  }

  private ofBinary(operator: string, operands: number): number {
    if (operator === "==" || operator === "~=" || operator.startsWith("<") || operator.startsWith(">"))
      return BOOLEAN
    const basic = (operands & ~(NUMBER | STRING)) === 0
    if (this.program.metatables && !basic) return ANY
    return operator === ".." ? STRING : NUMBER
  }

  private ofCall(e: Expression & { kind: "call" }): number {
    const known = this.program.known(e.callee)
    if (known !== undefined) {
      return (this.results.get(known) ?? 0) | (this.single(known) ? 0 : ANY)
    }
    const returns = this.program.builtin(e)?.info?.returns
    return returns === undefined ? ANY : RETURNS[returns]
  }

  private ofConstant(e: Expression): number {
    const value = this.program.constant(e)?.value
    return typeof value === "number" ? NUMBER : typeof value === "string" ? STRING : ANY
  }
}

const endsInReturn = (body: ReadonlyArray<Statement>): boolean => {
  const last = body[body.length - 1]
  if (last === undefined) return false
  if (last.kind === "return") return true
  if (last.kind === "do") return endsInReturn(last.body)
  if (last.kind !== "if" || last.otherwise === undefined) return false
  return last.clauses.every((clause) => endsInReturn(clause.body)) && endsInReturn(last.otherwise)
}

export { endsInReturn }
