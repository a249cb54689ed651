/**
 * The syntax tree, with names already resolved: a variable is an object that all its uses share.
 *
 * `line` of a node is the line that Lua gives to the instruction which can fail there, not where the node begins.
 */
export interface Variable {
  readonly name: string
  /** Unique within a chunk. */
  readonly id: number
  readonly owner: FunctionNode
  /** Assigned anywhere after its declaration. */
  assigned: boolean
  used: boolean
  /** Used by a function inside its owner. */
  captured: boolean
  /** What it is declared with, where that is one expression. */
  initial: Expression | undefined
  readonly kind: "local" | "parameter" | "loop" | "function"
}

export interface FunctionNode {
  readonly parent: FunctionNode | undefined
  readonly id: number
  readonly line: number
  readonly parameters: Variable[]
  vararg: boolean
  /** The old `arg` table is made, because the function is vararg and nowhere uses `...`. */
  argTable: Variable | undefined
  usesVararg: boolean
  /** The first constant that is zero: Lua keeps one constant for zeros of either sign. */
  zero: number | undefined
  body: Statement[]
  /** Variables of enclosing functions, in the order of their first use. */
  readonly upvalues: Variable[]
  readonly children: FunctionNode[]
}

export type Expression =
  | { readonly kind: "nil" | "true" | "false" | "vararg" }
  | { readonly kind: "number"; value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "function"; readonly node: FunctionNode }
  | { readonly kind: "local"; readonly variable: Variable; readonly upvalue: boolean }
  | GlobalExpression
  | IndexExpression
  | CallExpression
  | MethodExpression
  | BinaryExpression
  | UnaryExpression
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "not"; readonly operand: Expression }
  | { readonly kind: "paren"; readonly inner: Expression }
  | TableExpression

export interface GlobalExpression {
  readonly kind: "global"
  readonly name: string
  /** The function in whose body it stands. */
  readonly owner: FunctionNode
  line: number
}

interface IndexExpression {
  readonly kind: "index"
  readonly object: Expression
  readonly key: Expression
  line: number
}

export interface CallExpression {
  readonly kind: "call"
  readonly callee: Expression
  readonly args: Expression[]
  readonly line: number
}

export interface MethodExpression {
  readonly kind: "method"
  readonly object: Expression
  readonly name: string
  readonly args: Expression[]
  readonly line: number
  /** The line of the name, on which the method is looked up. */
  readonly nameLine: number
}

type ArithmeticOperator = "+" | "-" | "*" | "/" | "%" | "^"
type ComparisonOperator = "==" | "~=" | "<" | "<=" | ">" | ">="
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | ".."

export interface BinaryExpression {
  readonly kind: "binary"
  readonly operator: BinaryOperator
  readonly left: Expression
  readonly right: Expression
  readonly line: number
}

export interface UnaryExpression {
  readonly kind: "unary"
  readonly operator: "-" | "#"
  readonly operand: Expression
  readonly line: number
}

/** Items in the order of the text; an item without a key is the next of the list. */
export interface TableItem {
  readonly key: Expression | undefined
  readonly value: Expression
  readonly line: number
}

export interface TableExpression {
  readonly kind: "table"
  readonly items: TableItem[]
}

export type Statement =
  | { readonly kind: "local"; readonly variables: Variable[]; readonly values: Expression[] }
  | {
      readonly kind: "assign"
      readonly targets: Expression[]
      readonly values: Expression[]
      readonly line: number
    }
  | { readonly kind: "call"; readonly call: CallExpression | MethodExpression }
  | { readonly kind: "do"; readonly body: Statement[] }
  | {
      readonly kind: "while"
      readonly condition: Expression
      readonly body: Statement[]
      readonly line: number
    }
  | {
      readonly kind: "repeat"
      readonly condition: Expression
      readonly body: Statement[]
      readonly line: number
    }
  | IfStatement
  | NumericFor
  | GenericFor
  | { readonly kind: "localFunction"; readonly variable: Variable; readonly node: FunctionNode }
  | { readonly kind: "return"; readonly values: Expression[] }
  | { readonly kind: "break" }

export interface IfStatement {
  readonly kind: "if"
  readonly clauses: { readonly condition: Expression; readonly body: Statement[] }[]
  readonly otherwise: Statement[] | undefined
}

export interface NumericFor {
  readonly kind: "numericFor"
  readonly variable: Variable
  readonly start: Expression
  readonly limit: Expression
  readonly step: Expression | undefined
  readonly body: Statement[]
  readonly line: number
}

export interface GenericFor {
  readonly kind: "genericFor"
  readonly variables: Variable[]
  readonly values: Expression[]
  readonly body: Statement[]
  readonly line: number
}
