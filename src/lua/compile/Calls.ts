/**
 * Calls as JavaScript. Four kinds, by what is known of the callee:
 *
 *     a function of the chunk      f$3(a,b), or (yield* f$3(a,b)) for a generator; recursive ones count their depth
 *     a function of the library    (S.at=s1,p2(a,b)): the site is for its errors; or its generator form
 *     a method of a string         as the library's, behind a test that the object is one
 *     anything else                a test of the value at run time; in plain functions only where it cannot be otherwise
 *
 * Arguments that call something are put into temporaries first, so that `S.at` is set last.
 */
import type { CallExpression, Expression, FunctionNode, MethodExpression } from "../syntax/Ast.js"
import type { LuaFunction } from "../run/Value.js"
import { NUMBER, STRING } from "./Types.js"
import { isMultiple } from "./Operands.js"
import { Values } from "./Values.js"
import { attemptName, functionName, quoted, twinName } from "./Writer.js"

/** A call whose arguments are ready: what runs first, and their texts. */
interface Prepared {
  readonly before: string[]
  readonly args: string[]
}

export abstract class Calls extends Values {
  protected abstract writeFunction(node: FunctionNode): string

  protected override functionExpression(e: Expression): string {
    if (e.kind !== "function") throw new Error("not a function expression")
    return this.writeFunction(e.node)
  }

  protected override isSingle(e: Expression): boolean {
    if (e.kind === "call") {
      const known = this.program.known(e.callee)
      if (known !== undefined) return this.types.single(known)
      return this.program.builtin(e)?.info?.returns !== undefined
    }
    if (e.kind !== "method" || this.types.of(e.object) !== STRING) return false
    return this.program.stringMethod(e)?.info?.returns !== undefined
  }

  protected override call(e: Expression): string {
    if (e.kind === "call") {
      const known = this.program.known(e.callee)
      if (known !== undefined) return this.knownCall(e, known)
      const builtin = this.program.builtin(e)
      if (builtin !== undefined) return this.builtinCall(e, builtin)
      return this.dynamicCall(e)
    }
    if (e.kind === "method") return this.methodCall(e)
    throw new Error("not a call")
  }

  /** The call that a return statement hands on: the caller's frame is gone then. */
  protected tail: Expression | undefined

  /** Tells, for errors that name a caller's line, on which line the call that follows is. */
  private mark(e: CallExpression | MethodExpression): string {
    return `/*${e === this.tail ? 0 : e.line}*/`
  }

  // Arguments ----------------------------------------------------------------------------------------------------------

  /** The arguments as texts that run nothing, so that something may be put between them and the call. */
  private prepare(args: ReadonlyArray<Expression>, before: string[] = []): Prepared {
    const texts: string[] = []
    const running = args.some((arg) => this.calls(arg))
    for (const [i, arg] of args.entries()) {
      const later = args.slice(i + 1)
      if (i === args.length - 1 && isMultiple(arg)) {
        texts.push(arg.kind === "vararg" ? "...V" : `...${this.spreadHeld(arg, before)}`)
      } else if (!running) texts.push(this.value(arg))
      else texts.push(this.holdArgument(arg, before, later))
    }
    return { before, args: texts }
  }

  private spreadHeld(e: Expression, before: string[]): string {
    const t = this.w.temporary()
    before.push(`${t}=list(${this.multiple(e)})`)
    return t
  }

  /** Arguments are copied when they are met. */
  private holdArgument(e: Expression, before: string[], later: ReadonlyArray<Expression>): string {
    const changeable = e.kind === "local" && e.variable.assigned && later.some((other) => this.calls(other))
    if (!changeable) return this.hold(e, before, later)
    const t = this.w.temporary()
    before.push(`${t}=${this.value(e)}`)
    return t
  }

  private calleeName(e: CallExpression): string {
    const callee = e.callee
    switch (callee.kind) {
      case "local":
        return callee.variable.name
      case "global":
        return callee.name
      case "index":
        return callee.key.kind === "string" ? callee.key.value : "?"
      default:
        return "?"
    }
  }

  private callSite(e: CallExpression): string {
    return this.w.site(e.line, this.calleeName(e), false, this.describe(e.callee))
  }

  // Functions of the chunk ---------------------------------------------------------------------------------------------

  private knownCall(e: CallExpression, node: FunctionNode): string {
    const mark = this.mark(e)
    if (this.twins.has(node)) {
      if (this.w.frame.twin) {
        const args = this.knownArguments(e.args, node)
        return `${twinName(node)}(D${args === "" ? "" : `,${args}`})`
      }
      return this.attemptedCall(e, node)
    }
    const text = `${this.knownCallee(node)}(${this.knownArguments(e.args, node)})`
    if (!this.classes.isGenerator(node)) return `${mark}${text}`
    if (!this.classes.isRecursive(node)) return `(${mark}yield* ${text})`
    return this.deepCall(text, this.callSite(e), mark)
  }

  /** The twin is tried first, unless too many attempts were in vain. */
  private attemptedCall(e: CallExpression, node: FunctionNode): string {
    const before: string[] = []
    const args: string[] = []
    for (const [i, arg] of e.args.entries()) {
      if (i === e.args.length - 1 && isMultiple(arg)) args.push(`...${this.spreadHeld(arg, before)}`)
      else args.push(this.holdArgument(arg, before, e.args.slice(i + 1)))
    }
    const list = args.join(",")
    const t = this.w.temporary()
    const steps = this.deepCall(`${functionName(node)}(${list})`, this.callSite(e), this.mark(e))
    return this.sequence(
      before,
      `(${t}=S.waste>0?(S.skip(),C):${attemptName(node)}(${list}))!==C?${t}:${steps}`,
    )
  }

  private knownCallee(node: FunctionNode): string {
    if (this.closures.isConverted(node)) return `${this.functionValue(node)}.g`
    return this.functionName(node, functionName(node))
  }

  private knownArguments(args: ReadonlyArray<Expression>, node: FunctionNode): string {
    if (node.vararg || args.length <= node.parameters.length) return this.listed(args)
    return args.map((arg) => this.value(arg)).join(",")
  }

  private deepCall(text: string, site: string, mark: string): string {
    const t = this.w.temporary()
    const before: string[] = []
    return this.sequence(
      before,
      `${t}=++S.depth&127?${mark}yield* ${text}:yield deepen(S,${text},${site}),S.depth--,${t}`,
    )
  }

  // Functions of the library -------------------------------------------------------------------------------------------

  private builtinCall(e: CallExpression, f: LuaFunction): string {
    const select = this.selectCall(e, f)
    if (select !== undefined) return select
    const { before, args } = this.prepare(e.args)
    return this.sequence(before, this.builtinText(f, args, this.callSite(e), e.args, this.mark(e)))
  }

  /** `select('#', ...)` and `select(n, ...)` need no call. */
  private selectCall(e: CallExpression, f: LuaFunction): string | undefined {
    const [what, rest] = e.args
    if (f.info?.name !== "select" || e.args.length !== 2 || rest.kind !== "vararg") return undefined
    return what.kind === "string" && what.value === "#" ? "V.length" : undefined
  }

  private builtinText(
    f: LuaFunction,
    args: ReadonlyArray<string>,
    site: string,
    sources: ReadonlyArray<Expression>,
    mark: string,
  ): string {
    const name = this.w.constant(f)
    const list = args.join(",")
    const plain = `${f.info?.calls === undefined ? "" : mark}${name.replace("b", "p")}(${list})`
    if (f.g === undefined || !this.classes.mayCallLua(f, sources)) return `S.at=${site},${plain}`
    if (f.info?.yields === true) return `S.at=${site},yield S.yielding([${list}])`
    const steps = `${mark}yield* ${name}.g(${list})`
    const through = f.info?.through
    if (through === undefined || args.some((arg) => arg.startsWith("..."))) return `S.at=${site},${steps}`
    const test = f.info?.once === true ? "needsSteps" : "mayCall"
    const tests = through.filter((i) => i < args.length).map((i) => `${test}(${args[i]})`)
    return tests.length === 0 ? `S.at=${site},${plain}` : `S.at=${site},${tests.join("||")}?${steps}:${plain}`
  }

  // Anything -----------------------------------------------------------------------------------------------------------

  private dynamicCall(e: CallExpression): string {
    const before: string[] = []
    const f = this.holdCallee(e.callee, e.args, before)
    const { args } = this.prepare(e.args, before)
    return this.sequence(before, this.dynamicText(f, args, this.callSite(e), this.mark(e)))
  }

  /** The callee is copied before the arguments run. */
  private holdCallee(e: Expression, args: ReadonlyArray<Expression>, before: string[]): string {
    if (e.kind === "local" && e.variable.assigned && args.some((arg) => this.calls(arg))) {
      const t = this.w.temporary()
      before.push(`${t}=${this.value(e)}`)
      return t
    }
    return this.hold(e, before, args)
  }

  /** `f` and the arguments must run nothing. */
  protected dynamicText(f: string, args: ReadonlyArray<string>, site: string, mark: string): string {
    const list = args.join(",")
    if (!this.w.frame.generator) return `S.at=${site},${mark}callPlain(${[f, site, ...args].join(",")})`
    const t = this.w.temporary()
    return (
      `S.at=${site},${f} instanceof F?${f}.g===undefined?${mark}${f}.p(${list}):` +
      `(${t}=++S.depth&127?${mark}yield* ${f}.g(${list}):yield deepen(S,${f}.g(${list}),${site}),S.depth--,${t}):` +
      this.callOfOther(f, args, site, mark)
    )
  }

  /** The call of what is no function: it fails, once the arguments have run, but for `__call`. */
  private callOfOther(f: string, args: ReadonlyArray<string>, site: string, mark: string): string {
    const t = this.w.temporary()
    const all = [f, ...args].join(",")
    const steps = `${mark}yield* callOther(${[f, site, ...args].join(",")})`
    const plain = `(${t}=plainHandler(${f}))!==undefined?${mark}${t}(${all})`
    return this.program.metatables ? `${plain}:${steps}` : steps
  }

  // Methods ------------------------------------------------------------------------------------------------------------

  private methodCall(e: MethodExpression): string {
    const before: string[] = []
    const object = this.holdCallee(e.object, e.args, before)
    const types = this.types.of(e.object)
    const builtin = (types & STRING) === 0 ? undefined : this.program.stringMethod(e)
    const site = this.w.site(e.line, e.name, true, `method '${e.name}'`)
    const sources = [e.object, ...e.args]
    if (builtin !== undefined && types === STRING) {
      const { args } = this.prepare(e.args, before)
      return this.sequence(before, this.builtinText(builtin, [object, ...args], site, sources, this.mark(e)))
    }
    const method = this.w.temporary()
    before.push(`${method}=${this.method(e, object)}`)
    const { args } = this.prepare(e.args, before)
    const dynamic = this.dynamicText(method, [object, ...args], site, this.mark(e))
    if (builtin === undefined || types === NUMBER) return this.sequence(before, dynamic)
    const direct = this.builtinText(builtin, [object, ...args], site, sources, this.mark(e))
    return this.sequence(before, `${method}===${this.w.constant(builtin)}?(${direct}):(${dynamic})`)
  }

  private method(e: MethodExpression, object: string): string {
    const name = quoted(e.name)
    const site = this.w.operatorSite(e.nameLine, this.describe(e.object))
    const t = this.w.temporary()
    const slow = this.program.metatables
      ? this.finishedValue(`M.index(${object},${name},${site},true)`, e.nameLine)
      : `M.index(${object},${name},${site})`
    return `${object} instanceof T&&(${t}=${object}.getText(${name}))!==undefined?${t}:${slow}`
  }
}
