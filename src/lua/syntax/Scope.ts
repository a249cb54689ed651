/**
 * Names to variables while a function is being parsed, and Lua's limits on how many there may be.
 */
import type { Expression, FunctionNode, Variable } from "./Ast.js"
import type { Lexer } from "./Lexer.js"

const LOCALS_MAX = 200
const UPVALUES_MAX = 60

/** Counts variables and functions of one chunk, so that each has an id of its own. */
export interface Ids {
  next: number
}

export class Scope {
  readonly node: FunctionNode
  /** Variables that can be seen, the innermost last; undefined stands for those a loop keeps hidden. */
  private readonly active: (Variable | undefined)[] = []
  /** Declared, but not to be seen yet. */
  private pending = 0
  /** For each open block whether it is a loop. */
  private readonly loops: boolean[] = []

  constructor(
    readonly parent: Scope | undefined,
    line: number,
    private readonly lexer: Lexer,
    private readonly ids: Ids,
  ) {
    this.node = {
      parent: parent?.node,
      id: ids.next++,
      line,
      parameters: [],
      vararg: false,
      argTable: undefined,
      usesVararg: false,
      zero: undefined,
      body: [],
      upvalues: [],
      children: [],
    }
    parent?.node.children.push(this.node)
  }

  /** A variable that will be seen once it is activated. */
  declare(name: string, kind: Variable["kind"]): Variable {
    this.reserve()
    return {
      name,
      id: this.ids.next++,
      owner: this.node,
      assigned: false,
      used: false,
      captured: false,
      initial: undefined,
      kind,
    }
  }

  /** Room for a variable without a name. */
  reserve(): void {
    this.pending++
    this.limit(this.active.length + this.pending, LOCALS_MAX, "local variables")
  }

  activate(variables: ReadonlyArray<Variable | undefined>): void {
    this.active.push(...variables)
    this.pending -= variables.length
  }

  openBlock(loop: boolean): number {
    this.loops.push(loop)
    return this.active.length
  }

  closeBlock(mark: number): void {
    this.loops.pop()
    this.active.length = mark
  }

  get inLoop(): boolean {
    return this.loops.includes(true)
  }

  resolve(name: string): Expression {
    const variable = this.find(name)
    if (variable === undefined) return { kind: "global", name, owner: this.node, line: 0 }
    variable.used = true
    return { kind: "local", variable, upvalue: variable.owner !== this.node }
  }

  private find(name: string): Variable | undefined {
    for (let i = this.active.length - 1; i >= 0; i--) {
      const variable = this.active[i]
      if (variable?.name === name) return variable
    }
    const variable = this.parent?.find(name)
    if (variable === undefined || this.node.upvalues.includes(variable)) return variable
    this.limit(this.node.upvalues.length + 1, UPVALUES_MAX, "upvalues")
    variable.captured = true
    this.node.upvalues.push(variable)
    return variable
  }

  private limit(count: number, max: number, what: string): void {
    if (count <= max) return
    const who = this.node.line === 0 ? "main function" : `function at line ${this.node.line}`
    throw this.lexer.fault(`${who} has more than ${max} ${what}`, null)
  }
}
