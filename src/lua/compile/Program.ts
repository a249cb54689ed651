/**
 * What is known of a chunk before it runs.
 *
 * Its sandbox is readonly, so a global, a field of a library, and a local that is never assigned and holds one of these
 * are constants. A local that is never assigned and was declared with a function is that function: calls of it need no
 * look at the value.
 *
 * A library of functions is loaded with other globals than it is run with: the body of its main function has those of
 * `state.loading`, the functions in it those of the sandbox.
 *
 * `metatables`: the chunk can make metatables, by itself or by code it loads. The names that give the means (and `_G`,
 * through which any can be had) must then stand in its text. Without them no operator on its values calls Lua.
 */
import type { LuaState } from "../run/State.js"
import { LuaFunction, LuaTable, type LuaValue } from "../run/Value.js"
import type {
  CallExpression,
  Expression,
  FunctionNode,
  GlobalExpression,
  MethodExpression,
  Variable,
} from "../syntax/Ast.js"
import { settleForward } from "./Forward.js"
import { walk } from "./Walk.js"

const MEANS: ReadonlySet<string> = new Set(["setmetatable", "loadstring", "load", "_G", "getmetatable"])

const LOADERS: ReadonlySet<string> = new Set(["loadstring", "load", "_G"])

interface Constant {
  readonly value: LuaValue
}

export class Program {
  readonly functions: FunctionNode[] = []
  metatables = false
  /** It can load code of which nothing is known. */
  loads = false
  /** Functions that stand behind the declaration of their variable, see Forward.ts. */
  readonly forward: ReadonlySet<FunctionNode>
  /** Field names under which the chunk itself may store a function. */
  private readonly fields = new Set<string>()
  private readonly strings: LuaTable | undefined

  constructor(
    readonly main: FunctionNode,
    readonly state: LuaState,
    /** The body of the main function sees `state.loading` in place of the globals. */
    readonly library = false,
  ) {
    this.collect(main)
    for (const node of this.functions) this.look(node)
    this.forward = settleForward(this.functions, !this.metatables)
    const strings = state.strings?.getText("__index")
    this.strings = strings instanceof LuaTable && strings.readonly ? strings : undefined
  }

  private collect(node: FunctionNode): void {
    this.functions.push(node)
    for (const child of node.children) this.collect(child)
  }

  private look(node: FunctionNode): void {
    walk(node.body, {
      expression: (e) => {
        if (e.kind === "global") this.meet(e.name)
        else if (e.kind === "string") this.meet(e.value)
        else if (e.kind === "table") {
          for (const { key } of e.items) if (key?.kind === "string") this.fields.add(key.value)
        }
      },
      statement: (s) => {
        if (s.kind !== "assign") return
        for (const target of s.targets) {
          if (target.kind === "index" && target.key.kind === "string") this.fields.add(target.key.value)
        }
      },
    })
  }

  private meet(name: string): void {
    if (MEANS.has(name)) this.metatables = true
    if (LOADERS.has(name)) this.loads = true
  }

  /** The value that an expression always has. */
  constant(e: Expression): Constant | undefined {
    const { globals, perRun } = this.state
    switch (e.kind) {
      case "global":
        if (this.isLoading(e)) return undefined
        return globals.readonly && !perRun.has(e.name) ? present(globals.getText(e.name)) : undefined
      case "index": {
        const object = e.key.kind === "string" ? this.constant(e.object)?.value : undefined
        if (!(object instanceof LuaTable) || !object.readonly || e.key.kind !== "string") return undefined
        return present(object.getText(e.key.value))
      }
      case "local":
        return this.settled(e.variable) ? this.constant(e.variable.initial ?? NIL) : undefined
      case "paren":
        return this.constant(e.inner)
      default:
        return undefined
    }
  }

  /** Whether a global is read while a library is loaded. */
  isLoading(e: GlobalExpression): boolean {
    return this.library && e.owner === this.main
  }

  /** Whether an expression is a library of `state.loading`, which tells of what is not there. */
  isGuarded(e: Expression): boolean {
    if (e.kind === "local") return this.settled(e.variable) && this.isGuarded(e.variable.initial ?? NIL)
    return e.kind === "global" && this.isLoading(e)
  }

  private settled(variable: Variable): boolean {
    return !variable.assigned && variable.kind === "local" && variable.initial !== undefined
  }

  /** The function of the chunk that an expression always is. */
  known(e: Expression): FunctionNode | undefined {
    if (e.kind === "paren") return this.known(e.inner)
    if (e.kind !== "local" || e.variable.assigned) return undefined
    return this.definition(e.variable)
  }

  /** The function a variable always is. */
  definition(variable: Variable): FunctionNode | undefined {
    if (variable.assigned) return undefined
    return variable.initial?.kind === "function" ? variable.initial.node : undefined
  }

  /** The library function that a call always calls. */
  builtin(e: CallExpression | MethodExpression): LuaFunction | undefined {
    const value = e.kind === "call" ? this.constant(e.callee)?.value : undefined
    return value instanceof LuaFunction ? value : undefined
  }

  /** The string function that a method call calls when its object is a string, where it hardly can be anything else. */
  stringMethod(e: MethodExpression): LuaFunction | undefined {
    if (this.fields.has(e.name)) return undefined
    const value = this.strings?.getText(e.name)
    return value instanceof LuaFunction ? value : undefined
  }
}

const NIL: Expression = { kind: "nil" }

const present = (value: LuaValue): Constant | undefined => (value === undefined ? undefined : { value })
