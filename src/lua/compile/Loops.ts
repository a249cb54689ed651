/**
 * Loops as JavaScript. Each pass pays one unit of fuel, and where the fuel is gone asks whether to give up its turn.
 *
 * What lives across a `yield` V8 keeps in the generator, numbers in boxes of their own. A loop whose body has no `yield`
 * is therefore two: the inner one runs until the fuel is gone, and only the outer one may give up its turn. Before the
 * inner one starts, variables that are always numbers are made so for V8 as well, which else does not know what it had
 * kept. Where a pass costs little whatever happens, the inner loop counts the fuel in a variable.
 */
import type { Expression, GenericFor, NumericFor, Statement, Variable } from "../syntax/Ast.js"
import { Calls } from "./Calls.js"
import { isMultiple } from "./Operands.js"
import { NUMBER } from "./Types.js"
import { expressions, walk, walkExpression } from "./Walk.js"
import { numeral, variableName } from "./Writer.js"

type While = Statement & { kind: "while" | "repeat" }

/** A loop of JavaScript's, and what it was made from. */
interface Loop {
  readonly line: number
  readonly condition: string
  readonly step: string
  readonly body: string
  readonly statements: ReadonlyArray<Statement>
  readonly tests: ReadonlyArray<Expression>
  /** Names beside those of variables that hold numbers. */
  readonly counters: ReadonlyArray<string>
}

export abstract class Loops extends Calls {
  protected abstract block(statements: ReadonlyArray<Statement>): string

  protected abstract adjusted(values: ReadonlyArray<Expression>, count: number, before: string[]): string[]

  /** The check of a loop or function, with the line on which an interruption is reported. */
  protected turn(line: number): string {
    if (this.w.frame.twin) return "if(--S.budget<0)throw C;"
    return `if(--S.fuel<0&&${this.tick(line)})yield;`
  }

  /** The line stands there twice: for callers further up too, who are found by JavaScript's stack. */
  private tick(line: number): string {
    const shown = Math.max(line, 1)
    return `/*${shown}*/S.tick(${this.w.site(shown, "?", false, "")})`
  }

  /** The declaration of a variable. */
  protected declared(variable: Variable, value: string): string {
    const name = variableName(variable)
    return this.closures.isBoxed(variable) ? `const ${name}={v:${value}};` : `let ${name}=${value};`
  }

  protected whileLoop(s: While): string {
    const { line, body: statements } = s
    const tests = [s.condition]
    const shared = { line, step: "", statements, tests, counters: [] }
    if (s.kind === "while") {
      return this.loop({ ...shared, condition: this.condition(s.condition), body: this.block(s.body) })
    }
    const last = statements[statements.length - 1]
    const ends = last?.kind === "return" || last?.kind === "break"
    const body = this.block(statements)
    const end = ends ? "" : `if(${this.condition(s.condition)})break;`
    return this.loop({ ...shared, condition: "", body: body + end })
  }

  private loop(loop: Loop): string {
    const { condition, step, body, statements, tests } = loop
    if (this.w.frame.twin || `${condition}${body}`.includes("yield")) {
      return `for(;${condition};${step}){${this.turn(loop.line)}${body}}`
    }
    const numbers = [...loop.counters, ...this.numbers(statements, tests)]
    const start = numbers.map((name) => `${name}=+${name};`).join("")
    const test = condition === "" ? "" : `&&(${condition})`
    const inner = this.isCheap(statements, tests)
      ? `w=S.fuel;for(;--w>=0${test};${step}){${body}}S.fuel=w;}while(w<0)`
      : `for(;!(w=--S.fuel<0)${test};${step}){${body}}}while(w)`
    return `{let w;do{if(S.fuel<0&&${this.tick(loop.line)})yield;${start}${inner}}`
  }

  /** The variables from outside a loop that always hold numbers. */
  private numbers(statements: ReadonlyArray<Statement>, tests: ReadonlyArray<Expression>): string[] {
    const { node } = this.w.frame
    const inside = new Set<Variable>()
    const found = new Set<Variable>()
    const add = (e: Expression): void => {
      if (e.kind === "local") found.add(e.variable)
    }
    walk(statements, {
      statement: (s) => {
        if (s.kind === "local" || s.kind === "genericFor") for (const v of s.variables) inside.add(v)
        else if (s.kind === "numericFor" || s.kind === "localFunction") inside.add(s.variable)
      },
      expression: add,
    })
    for (const test of tests) walkExpression(test, { expression: add })
    return [...found]
      .filter(
        (v) => v.owner === node && v.kind !== "loop" && !inside.has(v) && this.types.variable(v) === NUMBER,
      )
      .filter((v) => !v.captured && !this.closures.isConstant(v))
      .map((v) => variableName(v))
  }

  /** Whether a pass costs little and has no way out but its end: it then need not pay at once. */
  private isCheap(statements: ReadonlyArray<Statement>, tests: ReadonlyArray<Expression>): boolean {
    let cheap = true
    walk(statements, {
      statement: (s) => {
        if (s.kind === "return") cheap = false
      },
    })
    return cheap && !statements.some((s) => this.callsIn(s)) && !tests.some((e) => this.calls(e))
  }

  private callsIn(s: Statement): boolean {
    let found = false
    walk([s], {
      statement: (inner) => {
        if (expressions(inner).some((e) => this.calls(e))) found = true
      },
    })
    return found
  }

  private bound(e: Expression, what: string, line: number): string {
    const text = this.value(e)
    return this.types.of(e) === NUMBER ? text : `forNumber(${text},"${what}",${this.w.operatorSite(line)})`
  }

  /** Lua takes the step from the initial value first and adds it again, which can round. */
  protected numericFor(s: NumericFor): string {
    const { id } = s.variable
    const step = s.step ?? { kind: "number", value: 1 }
    const constant = stepOf(step)
    const exact =
      s.start.kind === "number" && Number.isSafeInteger(s.start.value) && Number.isSafeInteger(constant)
    const values = [`l${id}=${this.bound(s.limit, "limit", s.line)}`]
    if (constant === undefined) values.push(`d${id}=${this.bound(step, "step", s.line)}`)
    const counters = [`l${id}`, ...(constant === undefined ? [`d${id}`] : [])]
    const by = constant === undefined ? `d${id}` : numeral(constant)
    const from = `i${id}=${this.bound(s.start, "initial", s.line)}`
    const start = exact ? "" : `,j${id}=i${id}-${by}+${by}`
    const counter = exact ? `i${id}` : `j${id}`
    const test =
      constant === undefined
        ? `(d${id}>0?${counter}<=l${id}:${counter}>=l${id})`
        : `${counter}${constant > 0 ? "<=" : ">="}l${id}`
    const loop = this.loop({
      line: s.line,
      condition: test,
      step: `${counter}+=${by}`,
      body: this.declared(s.variable, counter) + this.block(s.body),
      statements: s.body,
      tests: [],
      counters: [counter, ...counters],
    })
    return `{let ${exact ? "" : `${from},`}${values.join(",")};let ${exact ? from : start.slice(1)};${loop}}`
  }

  protected genericFor(s: GenericFor): string {
    const [first] = s.values
    const builtin = first.kind === "call" && s.values.length === 1 ? this.program.builtin(first) : undefined
    const name = builtin?.info?.name
    if (first.kind === "call" && first.args.length === 1 && !isMultiple(first.args[0])) {
      if (name === "pairs") return this.pairsLoop(s, first)
      if (name === "ipairs") return this.ipairsLoop(s, first)
    }
    return this.iteratorLoop(s)
  }

  /** Lua calls iterators from C. */
  private callsFromC(line: number): string {
    return `S.callFromC(${this.w.operatorSite(line)});`
  }

  private variableDeclarations(variables: ReadonlyArray<Variable>, values: ReadonlyArray<string>): string {
    return variables.map((variable, i) => this.declared(variable, values[i] ?? "undefined")).join("")
  }

  private pairsLoop(s: GenericFor, call: Expression & { kind: "call" }): string {
    const { id } = s.variables[0]
    const site = this.w.site(call.line, "pairs", false, "")
    const table = `tableOf(${this.value(call.args[0])},${site})`
    const body = this.block(s.body)
    return (
      `{const o${id}=${table};${this.callsFromC(s.line)}let p${id}=-1,k${id};` +
      this.loop({
        ...plainLoop(s),
        condition: `(p${id}=o${id}.follow(p${id},k${id}))>=0`,
        body:
          `k${id}=o${id}.keyAt(p${id});` +
          this.variableDeclarations(s.variables, [`k${id}`, `o${id}.valueAt(p${id})`]) +
          body,
      }) +
      `if(p${id}===-2)throw lostKey(S);}`
    )
  }

  private ipairsLoop(s: GenericFor, call: Expression & { kind: "call" }): string {
    const { id } = s.variables[0]
    const site = this.w.site(call.line, "ipairs", false, "")
    const table = `tableOf(${this.value(call.args[0])},${site})`
    const body = this.block(s.body)
    return (
      `{const o${id}=${table};${this.callsFromC(s.line)}let i${id}=1,e${id};` +
      this.loop({
        ...plainLoop(s),
        condition: `(e${id}=o${id}.getNumber(i${id}))!==undefined`,
        step: `i${id}++`,
        body: this.variableDeclarations(s.variables, [`i${id}`, `e${id}`]) + body,
        counters: [`i${id}`],
      }) +
      "}"
    )
  }

  private iteratorLoop(s: GenericFor): string {
    const { id } = s.variables[0]
    const before: string[] = []
    const [f, state, control] = this.adjusted(s.values, 3, before)
    const site = this.w.site(s.line, "(for generator)", false, "")
    const call = this.dynamicText(`f${id}`, [`a${id}`, `c${id}`], site, `/*${s.line}*/`)
    const values = s.variables.map((_, i) => `r${id}[${i}]`)
    const body = this.block(s.body)
    return (
      `{${before.map((step) => `${step};`).join("")}let f${id}=${f},a${id}=${state},c${id}=${control},r${id};` +
      this.callsFromC(s.line) +
      this.loop({
        ...plainLoop(s),
        condition: "",
        body:
          `S.cDepth++;r${id}=list((${call}));S.cDepth--;if((c${id}=r${id}[0])===undefined)break;` +
          this.variableDeclarations(s.variables, values) +
          body,
      }) +
      "}"
    )
  }
}

const plainLoop = (s: GenericFor) => ({
  line: s.line,
  step: "",
  statements: s.body,
  tests: [],
  counters: [],
})

const stepOf = (e: Expression): number | undefined => (e.kind === "number" ? e.value : undefined)
