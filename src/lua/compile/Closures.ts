/**
 * How functions reach variables of the functions around them.
 *
 * A function that needs nothing of a run (its free variables are constants or functions of the same kind) is made once,
 * in front of everything. A plain function that does is a JavaScript closure. A generator that does is converted: V8 takes
 * a microsecond for the first call of each new generator closure, so its code is made once as well, and each function
 * value carries a record of what it needs. A variable that is assigned and lies in such a record is kept in a box
 * (`{v: value}`) from its declaration on, so that all who share it see the assignments.
 */
import type { FunctionNode, Variable } from "../syntax/Ast.js"
import type { Classes } from "./Classes.js"
import type { Program } from "./Program.js"

export class Closures {
  private readonly boxes = new Set<Variable>()
  private readonly free = new Map<FunctionNode, boolean>()

  constructor(
    private readonly program: Program,
    private readonly classes: Classes,
  ) {
    for (const node of program.functions) {
      if (!this.isConverted(node)) continue
      for (const variable of node.upvalues) if (variable.assigned) this.boxes.add(variable)
    }
  }

  isFree(node: FunctionNode): boolean {
    const known = this.free.get(node)
    if (known !== undefined) return known
    const free = this.needsNothing(node, new Set())
    this.free.set(node, free)
    return free
  }

  private needsNothing(node: FunctionNode, seen: Set<FunctionNode>): boolean {
    if (seen.has(node)) return true
    seen.add(node)
    return node.upvalues.every((variable) => {
      const definition = this.program.definition(variable)
      return definition === undefined ? this.isConstant(variable) : this.needsNothing(definition, seen)
    })
  }

  isConstant(variable: Variable): boolean {
    return this.program.constant({ kind: "local", variable, upvalue: true }) !== undefined
  }

  isConverted(node: FunctionNode): boolean {
    return node.parent !== undefined && this.classes.isGenerator(node) && !this.isFree(node)
  }

  /** The value of a function that those before it may carry in their records already, as an empty box. */
  isAwaited(node: FunctionNode): boolean {
    return this.program.forward.has(node) && !this.isFree(node)
  }

  isBoxed(variable: Variable): boolean {
    return this.boxes.has(variable)
  }
}
