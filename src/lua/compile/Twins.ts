/**
 * Recursive functions that only compute also get a plain form, their twin, which is several times as fast as the
 * generator. A twin cannot be suspended, so it has a budget, a few milliseconds at most, and a limit of nested calls,
 * `D`. When either is gone, or anything fails, it is abandoned: the generator then does the same call from its beginning.
 * That nobody can tell, because the function changes nothing: it assigns to variables of its own alone, and calls only
 * functions of the same kind and such of the library.
 */
import { LuaFunction, LuaTable } from "../run/Value.js"
import type { Expression, FunctionNode, Statement } from "../syntax/Ast.js"
import type { Classes } from "./Classes.js"
import type { Closures } from "./Closures.js"
import type { Program } from "./Program.js"
import { walk } from "./Walk.js"

/** Functions of the library that change nothing, by the table they are in. */
const PURE: Readonly<Record<string, string>> = {
  _G: "next rawequal rawget tonumber tostring type unpack",
  math: "abs acos asin atan atan2 ceil cos exp floor fmod ldexp max min modf pow sin sqrt tan",
  string: "byte char len lower reverse sub upper",
  bit: "arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex",
}

/** Operations for which one unit of the budget is paid. */
const COST_A_UNIT = 32

export class Twins {
  private readonly pure = new Map<FunctionNode, boolean>()
  private readonly library: ReadonlySet<LuaFunction>

  constructor(
    private readonly program: Program,
    private readonly classes: Classes,
    private readonly closures: Closures,
  ) {
    this.library = pureFunctions(program.state.globals)
  }

  has(node: FunctionNode): boolean {
    const { classes } = this
    return classes.isGenerator(node) && classes.isRecursive(node) && this.isPure(node)
  }

  /** What one call takes from the budget. */
  units(node: FunctionNode): number {
    return 1 + Math.floor(this.classes.ownCost(node) / COST_A_UNIT)
  }

  private isPure(node: FunctionNode): boolean {
    const known = this.pure.get(node)
    if (known !== undefined) return known
    const reached = new Set<FunctionNode>()
    const pure = this.changesNothing(node, reached)
    if (pure) for (const other of reached) this.pure.set(other, true)
    else this.pure.set(node, false)
    return pure
  }

  /** `reached` are functions of which the same is asked already, or known. */
  private changesNothing(node: FunctionNode, reached: Set<FunctionNode>): boolean {
    if (reached.has(node)) return true
    reached.add(node)
    const { program } = this
    if (program.metatables || program.library || node.vararg || !this.closures.isFree(node)) return false
    let pure = true
    walk(node.body, {
      statement: (s) => {
        if (!isOwn(s, node)) pure = false
      },
      expression: (e) => {
        if (pure && !this.isHarmless(e, reached)) pure = false
      },
    })
    return pure
  }

  private isHarmless(e: Expression, reached: Set<FunctionNode>): boolean {
    if (e.kind === "function" || e.kind === "method" || e.kind === "vararg") return false
    if (e.kind !== "call") return true
    const known = this.program.known(e.callee)
    if (known !== undefined) return this.canBeCalled(known) && this.changesNothing(known, reached)
    const builtin = this.program.builtin(e)
    return builtin !== undefined && this.library.has(builtin) && !this.classes.mayCallLua(builtin, e.args)
  }

  /** A generator without a twin cannot be called from one. */
  private canBeCalled(node: FunctionNode): boolean {
    return !this.classes.isGenerator(node) || this.classes.isRecursive(node)
  }
}

/** Whether a statement changes at most variables of the function. */
const isOwn = (s: Statement, node: FunctionNode): boolean => {
  if (s.kind === "genericFor" || s.kind === "localFunction") return false
  if (s.kind !== "assign") return true
  return s.targets.every((target) => target.kind === "local" && target.variable.owner === node)
}

const pureFunctions = (globals: LuaTable): ReadonlySet<LuaFunction> => {
  const found = new Set<LuaFunction>()
  for (const [name, functions] of Object.entries(PURE)) {
    const table = globals.getText(name)
    if (!(table instanceof LuaTable)) continue
    for (const f of functions.split(" ")) {
      const value = table.getText(f)
      if (value instanceof LuaFunction) found.add(value)
    }
  }
  return found
}
