/**
 * Statements and functions as JavaScript.
 *
 * Each pass of a loop and each entry of a function that can be entered without bound pays one unit of fuel, and where the
 * fuel is gone asks whether to give up its turn. A function that needs nothing of a run is written in front of everything
 * (`hoisted`), so that it is made once.
 */
import type { Expression, FunctionNode, IfStatement, Statement, Variable } from "../syntax/Ast.js"
import { Loops } from "./Loops.js"
import { endsInReturn, NUMBER } from "./Types.js"
import { isMultiple } from "./Operands.js"
import {
  attemptName,
  type Frame,
  functionName,
  functionValue,
  newFrame,
  quoted,
  twinName,
  variableName,
} from "./Writer.js"

/** Arguments without names may be as many as the stack takes, at each level of a recursion. */
const VARARG_COST = "if(V.length>64)S.take(V.length*16);"

export class Statements extends Loops {
  // Functions ----------------------------------------------------------------------------------------------------------

  /** The text of `function f$1(..){..}`, generator or not, and the frame it was written in. */
  private code(node: FunctionNode, twin = false): { readonly text: string; readonly frame: Frame } {
    const outer = this.w.frame
    const generator = this.classes.isGenerator(node) && !twin
    const frame = newFrame(node, generator, outer, this.closures.isConverted(node), twin)
    this.w.frame = frame
    const body = this.block(node.body)
    const boxed = node.parameters.filter((parameter) => this.closures.isBoxed(parameter))
    const parameters = node.parameters.map((parameter) =>
      boxed.includes(parameter) ? `_${variableName(parameter)}` : variableName(parameter),
    )
    if (twin) parameters.unshift("D")
    if (node.vararg) parameters.push("...V")
    const boxes = boxed.map((parameter) => this.declared(parameter, `_${variableName(parameter)}`)).join("")
    const start = this.entry(node, frame) + boxes + (node.vararg ? VARARG_COST : "")
    const end = endsInReturn(node.body) ? "" : "return E;"
    this.w.frame = outer
    const star = generator ? "*" : ""
    const temporaries = this.w.declaration(frame)
    const name = twin ? twinName(node) : functionName(node)
    const text = `function${star} ${name}(${parameters.join(",")}){${temporaries}${start}${body}${end}}`
    return { text, frame }
  }

  /** The twin of a function, and the function that runs it within a budget: it answers C when that was in vain. */
  private twin(node: FunctionNode): void {
    if (!this.twins.has(node)) return
    const names = node.parameters.map((_, i) => `x${i}`)
    this.w.hoisted.push(
      this.code(node, true).text,
      `function ${attemptName(node)}(${names}){` +
        `try{const r=${twinName(node)}(${["S.attempt()", ...names].join(",")});S.spent(0);return r}` +
        `catch{S.spent(1);return C}}`,
    )
  }

  private entry(node: FunctionNode, frame: Frame): string {
    if (frame.twin) return `if((S.budget-=${this.twins.units(node)})<0||--D<0)throw C;`
    const bounded = !this.classes.isRecursive(node) && !this.types.escaping.has(node)
    const check = frame.generator && !bounded ? this.turn(node.line) : ""
    const itself = this.closures.isAwaited(node) ? "" : `${functionValue(node)}=this,`
    const record = frame.converted ? `const ${itself}U${node.id}=this.u;` : ""
    const arg = node.argTable
    if (arg === undefined || !arg.used) return record + check
    return record + check + this.declared(arg, node.usesVararg ? "undefined" : "argTable(V)")
  }

  protected override writeFunction(node: FunctionNode): string {
    const { text, frame } = this.code(node)
    const start = this.classes.isGenerator(node) ? "new F(none," : "new F("
    if (frame.converted) {
      this.w.hoisted.push(text)
      return `${start}${functionName(node)},${this.w.record(frame)})`
    }
    if (!this.closures.isFree(node)) return `${start}${text})`
    this.w.hoisted.push(text)
    return `${start}${functionName(node)})`
  }

  /** The definition of a function that has one variable for ever. */
  private define(node: FunctionNode): string {
    const value = functionValue(node)
    const place = this.closures.isAwaited(node) ? `${value}.v` : `const ${value}`
    if (this.closures.isConverted(node)) return `${place}=${this.writeFunction(node)};`
    let { text } = this.code(node)
    if (this.types.escaping.has(node)) {
      const start = this.classes.isGenerator(node) ? "new F(none," : "new F("
      text += `${place}=${start}${functionName(node)});`
    }
    if (!this.closures.isFree(node)) return text
    this.w.hoisted.push(text)
    this.twin(node)
    return ""
  }

  /** The definition where the variable is declared; only a box for it if the function comes later. */
  private begin(node: FunctionNode): string {
    if (!this.program.forward.has(node)) return this.define(node)
    return this.closures.isAwaited(node) ? `const ${functionValue(node)}={v:undefined};` : ""
  }

  // Blocks -------------------------------------------------------------------------------------------------------------

  protected override block(statements: ReadonlyArray<Statement>): string {
    return statements.map((s) => this.statement(s)).join("\n")
  }

  private statement(s: Statement): string {
    const { frame } = this.w
    const mark = frame.temporaries
    const text = this.text(s)
    frame.temporaries = mark
    return text
  }

  private text(s: Statement): string {
    switch (s.kind) {
      case "local":
        return this.local(s.variables, s.values)
      case "assign":
        return this.assign(s.targets, s.values, s.line)
      case "call":
        return `${this.call(s.call)};`
      case "do":
        return `{${this.block(s.body)}}`
      case "while":
      case "repeat":
        return this.whileLoop(s)
      case "if":
        return this.ifStatement(s)
      case "numericFor":
        return this.numericFor(s)
      case "genericFor":
        return this.genericFor(s)
      case "localFunction":
        return s.variable.assigned
          ? `${this.declared(s.variable, "undefined")}${this.place(s.variable)}=${this.writeFunction(s.node)};`
          : this.define(s.node)
      case "return":
        return this.returnStatement(s.values)
      case "break":
        return "break;"
    }
  }

  private ifStatement(s: IfStatement): string {
    const clauses = s.clauses.map((clause) => {
      const condition = this.condition(clause.condition)
      return `if(${condition}){${this.block(clause.body)}}`
    })
    const otherwise = s.otherwise === undefined ? "" : `else{${this.block(s.otherwise)}}`
    return clauses.join("else ") + otherwise
  }

  private returnStatement(values: ReadonlyArray<Expression>): string {
    if (values.length === 0) return "return E;"
    if (values.length > 1) return `return [${this.listed(values)}];`
    this.tail = values[0]
    return `return ${this.multiple(values[0])};`
  }

  // Assignments --------------------------------------------------------------------------------------------------------

  private local(variables: ReadonlyArray<Variable>, values: ReadonlyArray<Expression>): string {
    if (variables.length === 1 && values.length === 1) return this.localOne(variables[0], values[0])
    const before: string[] = []
    const definitions = variables.map((variable) => this.program.definition(variable))
    const texts = this.adjusted(values, variables.length, before, definitions)
    const declarations = variables
      .map((variable, i) => (definitions[i] === undefined ? this.declared(variable, texts[i]) : ""))
      .join("")
    const run = before.length === 0 ? "" : `${before.join(",")};`
    const defined = definitions.map((node) => (node === undefined ? "" : this.begin(node))).join("")
    return run + declarations + defined
  }

  private localOne(variable: Variable, value: Expression): string {
    const definition = this.program.definition(variable)
    if (definition !== undefined) return this.define(definition)
    return this.closures.isConstant(variable) ? "" : this.declared(variable, this.value(value))
  }

  /** Exactly `count` values, as texts that run nothing once `before` has run. */
  protected override adjusted(
    values: ReadonlyArray<Expression>,
    count: number,
    before: string[],
    definitions: ReadonlyArray<FunctionNode | undefined> = [],
  ): string[] {
    const texts: string[] = []
    for (const [i, e] of values.entries()) {
      if (i === values.length - 1 && i < count - 1 && isMultiple(e)) {
        const t = this.w.temporary()
        before.push(`${t}=${e.kind === "vararg" ? "V" : `list(${this.multiple(e)})`}`)
        for (let j = 0; j < count - i; j++) texts.push(`${t}[${j}]`)
      } else if (definitions[i] !== undefined) texts.push("")
      else {
        const t = this.w.temporary()
        before.push(`${t}=${this.value(e)}`)
        if (i < count) texts.push(t)
      }
    }
    while (texts.length < count) texts.push("undefined")
    return texts
  }

  private assign(
    targets: ReadonlyArray<Expression>,
    values: ReadonlyArray<Expression>,
    line: number,
  ): string {
    if (targets.length === 1 && values.length === 1) return this.assignOne(targets[0], values[0], line)
    const before: string[] = []
    const places = targets.map((target, i) => this.targetPlace(target, targets.slice(i + 1), before))
    const texts = this.adjusted(values, targets.length, before)
    const stores = targets.map((target, i) => this.store(target, places[i], texts[i], line)).reverse()
    return `${before.map((text) => `${text};`).join("")}${stores.join("")}`
  }

  /** A local of its own is read when the value is stored, unless a later target is that local; upvalues at once. */
  private targetPlace(
    target: Expression,
    later: ReadonlyArray<Expression>,
    before: string[],
  ): [string, string] {
    if (target.kind !== "index") return ["", ""]
    const isEarly = (variable: Variable): boolean =>
      variable.owner !== this.w.frame.node ||
      later.some((other) => other.kind === "local" && other.variable === variable)
    const copy = (e: Expression): string => {
      if (e.kind === "local" && e.variable.assigned && isEarly(e.variable)) {
        const t = this.w.temporary()
        before.push(`${t}=${this.value(e)}`)
        return t
      }
      return this.hold(e, before)
    }
    return [copy(target.object), copy(target.key)]
  }

  private assignOne(target: Expression, value: Expression, line: number): string {
    if (target.kind === "local") return `${this.place(target.variable)}=${this.value(value)};`
    const before: string[] = []
    if (target.kind !== "index") {
      const text = this.hold(value, before)
      return `${before.map((step) => `${step};`).join("")}${this.store(target, ["", ""], text, line)}`
    }
    const object = this.hold(target.object, before, [target.key, value])
    const key = this.hold(target.key, before, [value])
    const text = this.hold(value, before)
    return `${before.map((step) => `${step};`).join("")}${this.store(target, [object, key], text, line)}`
  }

  private store(target: Expression, place: readonly [string, string], value: string, line: number): string {
    if (target.kind === "local") return `${this.place(target.variable)}=${value};`
    if (target.kind === "global")
      return this.slowStore(
        this.program.isLoading(target) ? "S.loading" : "G",
        quoted(target.name),
        value,
        this.w.operatorSite(line),
        line,
      )
    if (target.kind !== "index") return ""
    const [object, key] = place
    const site = this.w.operatorSite(line, this.describe(target.object))
    const slow = this.slowStore(object, key, value, site, line)
    if (target.key.kind === "string") {
      const replaces = this.program.metatables
        ? `(${object}.plain||${object}.replaces(${key}))`
        : `${object}.plain`
      return `if(${object} instanceof T&&${replaces})${object}.setText(${key},${value});else ${slow}`
    }
    if (this.types.of(target.key) === NUMBER) {
      return `if(${object} instanceof T&&${object}.plain&&${key}===${key})${object}.setNumber(${key},${value});else ${slow}`
    }
    return `if(${object} instanceof T&&${object}.plain&&typeof ${key}==="string")${object}.setText(${key},${value});else ${slow}`
  }

  private slowStore(object: string, key: string, value: string, site: string, line: number): string {
    const text = `M.setIndex(${object},${key},${value},${site})`
    if (this.direct) return `/*${line}*/${text};`
    const rest = this.w.frame.generator ? `/*${line}*/yield* M.finish()` : `/*${line}*/M.finishNow()`
    return `{if(${text}===C)${rest};}`
  }
}
