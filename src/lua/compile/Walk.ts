/**
 * Visits every expression and statement of a function's own body; functions inside are met as expressions, but not entered.
 */
import type { Expression, Statement } from "../syntax/Ast.js"

interface Visitor {
  expression?(e: Expression): void
  statement?(s: Statement): void
}

export const walkExpression = (e: Expression, visitor: Visitor): void => {
  visitor.expression?.(e)
  for (const child of children(e)) walkExpression(child, visitor)
}

/** The direct operands of an expression, in the order in which they are evaluated. */
export const children = (e: Expression): Expression[] => {
  switch (e.kind) {
    case "index":
      return [e.object, e.key]
    case "call":
      return [e.callee, ...e.args]
    case "method":
      return [e.object, ...e.args]
    case "binary":
    case "and":
    case "or":
      return [e.left, e.right]
    case "unary":
    case "not":
      return [e.operand]
    case "paren":
      return [e.inner]
    case "table":
      return e.items.flatMap((item) => (item.key === undefined ? [item.value] : [item.key, item.value]))
    default:
      return []
  }
}

export const walk = (statements: ReadonlyArray<Statement>, visitor: Visitor): void => {
  for (const s of statements) {
    visitor.statement?.(s)
    for (const e of expressions(s)) walkExpression(e, visitor)
    for (const block of blocks(s)) walk(block, visitor)
  }
}

/** The expressions that stand in a statement itself. A local function is met as its expression. */
export const expressions = (s: Statement): Expression[] => {
  switch (s.kind) {
    case "local":
      return s.values
    case "assign":
      return [...s.targets, ...s.values]
    case "call":
      return [s.call]
    case "while":
    case "repeat":
      return [s.condition]
    case "if":
      return s.clauses.map((clause) => clause.condition)
    case "numericFor":
      return s.step === undefined ? [s.start, s.limit] : [s.start, s.limit, s.step]
    case "genericFor":
    case "return":
      return s.values
    case "localFunction":
      return [{ kind: "function", node: s.node }]
    default:
      return []
  }
}

export const blocks = (s: Statement): Statement[][] => {
  switch (s.kind) {
    case "do":
    case "while":
    case "repeat":
    case "numericFor":
    case "genericFor":
      return [s.body]
    case "if": {
      const bodies = s.clauses.map((clause) => clause.body)
      return s.otherwise === undefined ? bodies : [...bodies, s.otherwise]
    }
    default:
      return []
  }
}
