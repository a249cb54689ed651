/**
 * Which functions are plain: those that end soon whatever happens. They have no loop, call only plain functions and such
 * library functions as never call Lua, do not call themselves, and cost little even with all they call. All others become
 * generators, which can hand back control in the middle.
 *
 * Where metatables can be made an operator may call Lua, so all functions are generators; but not in programs whose
 * metatables are written out, with plain functions for the events of operators, or tables for `__index` and `__newindex`,
 * as classes are. (An event whose name is put together at run time is still obeyed there, only that it cannot be
 * suspended.)
 */
import type { CallExpression, Expression, FunctionNode, MethodExpression } from "../syntax/Ast.js"
import type { LuaFunction } from "../run/Value.js"
import type { Program } from "./Program.js"
import { FUNCTION, TABLE, type Types } from "./Types.js"
import { walk } from "./Walk.js"

/** Operations that a plain function may cost, its callees included. */
const COST_MAX = 10_000

/** Events of metatables that no operator calls. */
const QUIET_EVENTS: ReadonlySet<string> = new Set(["__call", "__tostring", "__metatable", "__mode", "__gc"])

interface Facts {
  cost: number
  /** Has a loop, or a call of which nothing is known. */
  open: boolean
  readonly callees: FunctionNode[]
}

export class Classes {
  private readonly facts = new Map<FunctionNode, Facts>()
  private readonly generators = new Set<FunctionNode>()
  private readonly recursives = new Set<FunctionNode>()
  /** Operators may call functions, but only plain ones. */
  readonly direct: boolean

  constructor(
    private readonly program: Program,
    private readonly types: Types,
  ) {
    for (const node of program.functions) this.facts.set(node, this.gather(node))
    for (const node of program.functions) if (this.reaches(node, node)) this.recursives.add(node)
    const long = program.functions.filter((node) => this.total(node, new Map()) > COST_MAX)
    this.direct = program.metatables && this.handlersArePlain(new Set(long))
    const all = program.metatables && !this.direct
    for (const node of all ? program.functions : long) this.generators.add(node)
  }

  /** Whether whatever operators may call in this program is a plain function. */
  private handlersArePlain(long: ReadonlySet<FunctionNode>): boolean {
    const { program } = this
    if (program.loads) return false
    const harmless = new Set<Expression>()
    const setting = (key: Expression | undefined, value: Expression | undefined): void => {
      if (key?.kind !== "string" || value === undefined) return
      const inherits = key.value === "__index" || key.value === "__newindex"
      const table = inherits && this.types.of(value) === TABLE
      if (QUIET_EVENTS.has(key.value) || table || this.isPlainHandler(value, long)) harmless.add(key)
    }
    let plain = true
    for (const node of program.functions) {
      walk(node.body, {
        statement: (s) => {
          if (s.kind !== "assign") return
          s.targets.forEach((target, i) => {
            if (target.kind === "index") setting(target.key, s.values[i])
          })
        },
        expression: (e) => {
          if (e.kind === "table") for (const item of e.items) setting(item.key, item.value)
          if (e.kind === "string" && e.value.startsWith("__") && !harmless.has(e)) plain = false
        },
      })
    }
    return plain
  }

  private isPlainHandler(value: Expression, long: ReadonlySet<FunctionNode>): boolean {
    const node = value.kind === "function" ? value.node : this.program.known(value)
    return node !== undefined && !long.has(node)
  }

  isGenerator(node: FunctionNode): boolean {
    return this.generators.has(node)
  }

  isRecursive(node: FunctionNode): boolean {
    return this.recursives.has(node)
  }

  /** Operations that a call may cost, without those of recursive callees. */
  ownCost(node: FunctionNode): number {
    const facts = this.facts.get(node)
    if (facts === undefined) return 0
    const plain = facts.callees.filter((callee) => !this.generators.has(callee))
    return plain.reduce((cost, callee) => cost + this.total(callee, new Map()), facts.cost)
  }

  /** Whether a call of a library function may call Lua, which only generators may do. */
  mayCallLua(f: LuaFunction, args: ReadonlyArray<Expression>): boolean {
    const info = f.info
    if (info?.calls === undefined) return false
    if (info.calls === "metatables" && !this.program.metatables) return false
    if (info.through === undefined) return true
    return info.through.some((position) => this.mayBeCallable(args, position))
  }

  private mayBeCallable(args: ReadonlyArray<Expression>, position: number): boolean {
    const last = args[args.length - 1]
    const open = last?.kind === "vararg" || last?.kind === "call" || last?.kind === "method"
    if (position >= args.length) return open
    const harmless = this.program.metatables ? FUNCTION | TABLE : FUNCTION
    return (this.types.of(args[position]) & harmless) !== 0
  }

  private gather(node: FunctionNode): Facts {
    const facts: Facts = { cost: 0, open: false, callees: [] }
    walk(node.body, {
      expression: (e) => {
        facts.cost++
        if (e.kind === "call") this.call(e, facts)
        else if (e.kind === "method") this.method(e, facts)
      },
      statement: (s) => {
        facts.cost++
        if (s.kind.endsWith("For") || s.kind === "while" || s.kind === "repeat") facts.open = true
      },
    })
    return facts
  }

  private call(e: CallExpression, facts: Facts): void {
    const known = this.program.known(e.callee)
    const builtin = this.program.builtin(e)
    if (known !== undefined) facts.callees.push(known)
    else if (builtin?.info !== undefined && !this.mayCallLua(builtin, e.args)) facts.cost += builtin.info.cost
    else facts.open = true
  }

  private method(e: MethodExpression, facts: Facts): void {
    const f = this.program.stringMethod(e)
    if (f?.info !== undefined && !this.mayCallLua(f, [e.object, ...e.args])) facts.cost += f.info.cost
    else facts.open = true
  }

  private reaches(from: FunctionNode, to: FunctionNode, seen = new Set<FunctionNode>()): boolean {
    for (const callee of this.facts.get(from)?.callees ?? []) {
      if (callee === to) return true
      if (seen.has(callee)) continue
      seen.add(callee)
      if (this.reaches(callee, to, seen)) return true
    }
    return false
  }

  private total(node: FunctionNode, known: Map<FunctionNode, number>): number {
    const before = known.get(node)
    if (before !== undefined) return before
    const facts = this.facts.get(node)
    if (facts === undefined || facts.open || this.recursives.has(node)) return Infinity
    let cost = facts.cost
    known.set(node, Infinity)
    for (const callee of facts.callees) cost += this.total(callee, known)
    known.set(node, cost)
    return cost
  }
}
