/**
 * A chunk of Lua 5.1 to its syntax tree, or to the text of the error that Lua would give.
 */
import type { Expression, FunctionNode, IfStatement, Statement, Variable } from "./Ast.js"
import { Expressions } from "./Expressions.js"
import { SyntaxFault } from "./Lexer.js"

const BLOCK_ENDS: ReadonlySet<string> = new Set(["else", "elseif", "end", "until", "<eof>"])

/** The main function of the chunk, parsed inside so many calls from C. Throws a SyntaxFault. */
export const parse = (source: string, chunk: string, cDepth: number): FunctionNode =>
  new Parser(source, chunk, cDepth).main()

export { SyntaxFault }

class Parser extends Expressions {
  main(): FunctionNode {
    const { node } = this.scope
    node.vararg = true
    this.lexer.next()
    this.block()
    if (this.lexer.type !== "<eof>") throw this.lexer.fault("'<eof>' expected")
    return node
  }

  protected override block(): void {
    this.scope.node.body = this.statements()
  }

  /** The statements of a block, which is not opened here. */
  private statements(): Statement[] {
    const statements: Statement[] = []
    this.enter()
    let last = false
    while (!last && !BLOCK_ENDS.has(this.lexer.type)) {
      last = this.lexer.type === "return" || this.lexer.type === "break"
      statements.push(this.statement())
      this.accept(";")
    }
    this.leave()
    return statements
  }

  private scoped(loop = false): Statement[] {
    const mark = this.scope.openBlock(loop)
    const statements = this.statements()
    this.scope.closeBlock(mark)
    return statements
  }

  private statement(): Statement {
    const { lexer } = this
    const line = lexer.line
    switch (lexer.type) {
      case "if":
        return this.ifStatement(line)
      case "while":
        return this.whileStatement(line)
      case "do": {
        lexer.next()
        const body = this.scoped()
        this.close("end", "do", line)
        return { kind: "do", body }
      }
      case "for":
        return this.forStatement(line)
      case "repeat":
        return this.repeatStatement(line)
      case "function":
        return this.functionStatement(line)
      case "local":
        lexer.next()
        return this.accept("function") ? this.localFunction() : this.localStatement()
      case "return":
        lexer.next()
        return this.returnStatement()
      case "break":
        lexer.next()
        if (!this.scope.inLoop) throw lexer.fault("no loop to break")
        return { kind: "break" }
      default:
        return this.expressionStatement()
    }
  }

  private condition(): Expression {
    return this.settle(this.expression())
  }

  private ifStatement(line: number): IfStatement {
    const clauses: IfStatement["clauses"] = []
    do {
      this.lexer.next()
      const condition = this.condition()
      this.expect("then")
      clauses.push({ condition, body: this.scoped() })
    } while (this.lexer.type === "elseif")
    const otherwise = this.accept("else") ? this.scoped() : undefined
    this.close("end", "if", line)
    return { kind: "if", clauses, otherwise }
  }

  private whileStatement(line: number): Statement {
    this.lexer.next()
    const condition = this.condition()
    this.expect("do")
    const body = this.scoped(true)
    this.close("end", "while", line)
    return { kind: "while", condition, body, line }
  }

  private repeatStatement(line: number): Statement {
    const mark = this.scope.openBlock(true)
    this.lexer.next()
    const body = this.statements()
    this.close("until", "repeat", line)
    const condition = this.condition()
    this.scope.closeBlock(mark)
    return { kind: "repeat", condition, body, line }
  }

  private forStatement(line: number): Statement {
    const { lexer, scope } = this
    const mark = scope.openBlock(true)
    lexer.next()
    const name = this.name()
    let statement: Statement
    if (lexer.type === "=") statement = this.numericFor(name)
    else if (lexer.type === "," || lexer.type === "in") statement = this.genericFor(name)
    else throw lexer.fault("'=' or 'in' expected")
    this.close("end", "for", line)
    scope.closeBlock(mark)
    return statement
  }

  private hideThree(): void {
    for (let i = 0; i < 3; i++) this.scope.reserve()
  }

  private numericFor(name: string): Statement {
    this.hideThree()
    const variable = this.scope.declare(name, "loop")
    this.lexer.next()
    const start = this.settle(this.expression())
    this.expect(",")
    const limit = this.settle(this.expression())
    const step = this.accept(",") ? this.settle(this.expression()) : undefined
    const { line, body } = this.loopBody([variable])
    return { kind: "numericFor", variable, start, limit, step, body, line }
  }

  private genericFor(name: string): Statement {
    this.hideThree()
    const variables = [this.scope.declare(name, "loop")]
    while (this.accept(",")) variables.push(this.scope.declare(this.name(), "loop"))
    this.expect("in")
    const line = this.lexer.line
    const values = this.list()
    this.settle(values[values.length - 1])
    const { body } = this.loopBody(variables)
    return { kind: "genericFor", variables, values, body, line }
  }

  private loopBody(variables: Variable[]): { readonly line: number; readonly body: Statement[] } {
    this.scope.activate([undefined, undefined, undefined])
    this.expect("do")
    const line = this.lexer.lastLine
    const mark = this.scope.openBlock(false)
    this.scope.activate(variables)
    const body = this.statements()
    this.scope.closeBlock(mark)
    return { line, body }
  }

  private functionStatement(line: number): Statement {
    this.lexer.next()
    let target = this.scope.resolve(this.name())
    while (this.lexer.type === ".") target = this.field(target)
    const method = this.lexer.type === ":"
    if (method) target = this.field(target)
    const node = this.functionBody(method, line)
    if (target.kind === "local") target.variable.assigned = true
    return { kind: "assign", targets: [target], values: [{ kind: "function", node }], line }
  }

  private localFunction(): Statement {
    const variable = this.scope.declare(this.name(), "function")
    this.scope.activate([variable])
    const node = this.functionBody(false, this.lexer.line)
    variable.initial = { kind: "function", node }
    return { kind: "localFunction", variable, node }
  }

  private localStatement(): Statement {
    const variables: Variable[] = []
    do variables.push(this.scope.declare(this.name(), "local"))
    while (this.accept(","))
    const values = this.accept("=") ? this.list() : []
    if (values.length > 0) this.settle(values[values.length - 1])
    for (let i = 0; i < variables.length && i < values.length; i++) variables[i].initial = values[i]
    this.scope.activate(variables)
    return { kind: "local", variables, values }
  }

  private returnStatement(): Statement {
    if (BLOCK_ENDS.has(this.lexer.type) || this.lexer.type === ";") return { kind: "return", values: [] }
    const values = this.list()
    this.settle(values[values.length - 1])
    return { kind: "return", values }
  }

  private expressionStatement(): Statement {
    const e = this.primary()
    if (e.kind === "call" || e.kind === "method") return { kind: "call", call: e }
    return this.assignment(e)
  }

  private assignment(start: Expression): Statement {
    const targets = [this.target(start)]
    while (this.accept(",")) {
      targets.push(this.target(this.primary()))
      if (targets.length > this.levelsLeft) {
        throw this.lexer.fault(this.tooManyTargets(), null)
      }
    }
    this.expect("=")
    const values = this.list()
    this.settle(values[values.length - 1])
    return { kind: "assign", targets, values, line: this.lexer.lastLine }
  }

  private tooManyTargets(): string {
    const { line } = this.scope.node
    const who = line === 0 ? "main function" : `function at line ${line}`
    return `${who} has more than ${this.levelsLeft} variables in assignment`
  }

  private target(e: Expression): Expression {
    if (e.kind === "local") e.variable.assigned = true
    else if (e.kind !== "global" && e.kind !== "index") throw this.lexer.fault("syntax error")
    return e
  }
}
