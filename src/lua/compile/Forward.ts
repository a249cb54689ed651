/**
 * Functions that are declared before they are defined, as those that call each other must be:
 *
 *     local odd
 *     local function even(n) return n == 0 or odd(n - 1) end
 *     function odd(n) return n ~= 0 and even(n - 1) end
 *
 * Where nothing can be called between the declaration and the only assignment, nobody sees the variable without its
 * function: it is one that is never assigned, and the assignment becomes the definition of a local function.
 */
import type { Expression, FunctionNode, Statement, Variable } from "../syntax/Ast.js"
import { blocks, children, walk } from "./Walk.js"

type Assignment = Statement & { kind: "assign" }

/** Rewrites such definitions; answers the functions. `quiet`: no operator can call anything. */
export const settleForward = (functions: ReadonlyArray<FunctionNode>, quiet: boolean): Set<FunctionNode> => {
  const counts = new Map<Variable, number>()
  for (const node of functions) {
    walk(node.body, {
      statement: (s) => {
        if (s.kind !== "assign") return
        for (const target of s.targets) {
          if (target.kind === "local") counts.set(target.variable, (counts.get(target.variable) ?? 0) + 1)
        }
      },
    })
  }
  const found = new Set<FunctionNode>()
  const settleBlock = (body: Statement[]): void => {
    body.forEach((s, i) => {
      if (s.kind === "local" && s.values.length === 0) {
        for (const variable of s.variables) {
          if (counts.get(variable) === 1) settle(body, i, variable, quiet, found)
        }
      }
      for (const inner of blocks(s)) settleBlock(inner)
    })
  }
  for (const node of functions) settleBlock(node.body)
  return found
}

const settle = (
  body: Statement[],
  declaration: number,
  variable: Variable,
  quiet: boolean,
  found: Set<FunctionNode>,
): void => {
  for (let i = declaration + 1; i < body.length; i++) {
    const s = body[i]
    const value = s.kind === "assign" && assigns(s, variable) ? s.values[0] : undefined
    if (value?.kind === "function") {
      variable.assigned = false
      variable.initial = value
      body[i] = { kind: "localFunction", variable, node: value.node }
      found.add(value.node)
      return
    }
    if (!callsNothing(s, variable, quiet)) return
  }
}

const assigns = (s: Assignment, variable: Variable): boolean => {
  const [target] = s.targets
  return (
    s.targets.length === 1 && s.values.length === 1 && target.kind === "local" && target.variable === variable
  )
}

const callsNothing = (s: Statement, variable: Variable, quiet: boolean): boolean => {
  if (s.kind === "localFunction") return true
  if (s.kind !== "local" && s.kind !== "assign") return false
  const parts = s.kind === "assign" ? [...s.targets, ...s.values] : s.values
  return parts.every((e) => isHarmless(e, variable, quiet))
}

/** Whether an expression calls nothing and does not read the variable. */
const isHarmless = (e: Expression, variable: Variable, quiet: boolean): boolean => {
  switch (e.kind) {
    case "function":
      return true
    case "local":
      return e.variable !== variable
    case "call":
    case "method":
      return false
    case "index":
    case "global":
    case "binary":
    case "unary":
      return quiet && children(e).every((child) => isHarmless(child, variable, quiet))
    default:
      return children(e).every((child) => isHarmless(child, variable, quiet))
  }
}
