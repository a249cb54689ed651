/**
 * Expressions as JavaScript, all but calls and functions.
 *
 * In programs without metatables every operator on numbers is JavaScript's own behind a test of the types, which falls
 * away where the types are known; the rest is a call of Metamethods. With metatables the rest may be a pending call.
 */
import type { BinaryExpression, Expression, TableExpression, UnaryExpression } from "../syntax/Ast.js"
import { isMultiple, Operands } from "./Operands.js"
import { BOOLEAN, NUMBER, STRING, TABLE } from "./Types.js"
import { numeral, quoted } from "./Writer.js"

const SWAPPED: Readonly<Record<string, "<" | "<=">> = { "<": "<", "<=": "<=", ">": "<", ">=": "<=" }

/** Characters of a text that may matter to memory by itself. */
const LONG = 4096

export abstract class Values extends Operands {
  protected abstract call(e: Expression): string
  protected abstract functionExpression(e: Expression): string
  /** The types of one call's result if it is known to be one value, else undefined. */
  protected abstract isSingle(e: Expression): boolean

  /** One value. */
  override value(e: Expression): string {
    switch (e.kind) {
      case "nil":
        return "undefined"
      case "true":
      case "false":
        return e.kind
      case "number":
        return numeral(e.value)
      case "string":
        return quoted(e.value)
      case "vararg":
        return "V[0]"
      case "function":
        return this.functionExpression(e)
      case "local":
        return this.variable(e.variable)
      case "global":
      case "index":
        return this.constantOr(e)
      case "call":
      case "method":
        return this.single(e)
      case "and":
      case "or":
        return this.logical(e.kind, e.left, e.right)
      case "not":
        return `!${this.condition(e.operand)}`
      case "paren":
        return this.value(e.inner)
      case "table":
        return this.table(e)
      case "unary":
        return this.unary(e)
      case "binary":
        return this.binary(e)
    }
  }

  private single(e: Expression): string {
    const text = this.call(e)
    if (this.isSingle(e)) return text
    const t = this.w.temporary()
    return `((${t}=${text})instanceof Array?${t}[0]:${t})`
  }

  /** A JavaScript condition. */
  condition(e: Expression): string {
    if (e.kind === "not") return `!${this.condition(e.operand)}`
    if (e.kind === "paren" && !isMultiple(e.inner)) return this.condition(e.inner)
    if (e.kind === "and") return `(${this.condition(e.left)}&&${this.condition(e.right)})`
    if (e.kind === "or") return `(${this.condition(e.left)}||${this.condition(e.right)})`
    if (e.kind === "nil") return "false"
    const types = this.types.of(e)
    if (types === BOOLEAN) return `(${this.value(e)})`
    const before: string[] = []
    const x = this.hold(e, before)
    return this.sequence(before, `${x}!==undefined&&${x}!==false`)
  }

  private logical(kind: "and" | "or", left: Expression, right: Expression): string {
    const before: string[] = []
    const x = this.hold(left, before)
    const other = this.value(right)
    const [yes, no] = kind === "and" ? [other, x] : [x, other]
    return this.sequence(before, `${x}!==undefined&&${x}!==false?${yes}:${no}`)
  }

  // Operators ----------------------------------------------------------------------------------------------------------

  private binary(e: BinaryExpression): string {
    switch (e.operator) {
      case "..":
        return this.concatenation(e)
      case "==":
      case "~=":
        return this.equality(e)
      case "<":
      case "<=":
      case ">":
      case ">=":
        return this.comparison(e)
      default:
        return this.arithmetic(e)
    }
  }

  /** The space keeps a division from making a comment with the mark of a call. */
  private compute(operator: string, a: string, b: string): string {
    if (operator === "%") return `modulo(${a},${b})`
    return operator === "^" ? `power(${a},${b})` : `${a}${operator} ${b}`
  }

  private arithmetic(e: BinaryExpression): string {
    const left = this.types.of(e.left) === NUMBER
    const right = this.types.of(e.right) === NUMBER
    if (left && right && !this.readLate(e.left, e.right)) {
      return `(${this.compute(e.operator, this.value(e.left), this.value(e.right))})`
    }
    const before: string[] = []
    const [a, b] = this.pair(e.left, e.right, before)
    const tests = [left ? "" : `typeof ${a}==="number"`, right ? "" : `typeof ${b}==="number"`].filter(
      (test) => test !== "",
    )
    const fast = this.compute(e.operator, a, b)
    if (tests.length === 0) return this.sequence(before, fast)
    const site = this.w.operatorSite(e.line, this.describe(e.left), this.describe(e.right))
    const slow = `M.arithmetic("${e.operator}",${a},${b},${site})`
    const rest = this.program.metatables ? this.finishedValue(slow, e.line) : `+${slow}`
    return this.sequence(before, `${tests.join("&&")}?${fast}:${rest}`)
  }

  /** A local that a call in the other operand may change before it is read. */
  private readLate(left: Expression, right: Expression): boolean {
    return left.kind === "local" && left.variable.assigned && this.calls(right)
  }

  protected pair(left: Expression, right: Expression, before: string[]): [string, string] {
    const a = this.hold(left, before, [right])
    return [a, this.hold(right, before)]
  }

  private comparison(e: BinaryExpression): string {
    const operator = SWAPPED[e.operator]
    const both = this.types.of(e.left) | this.types.of(e.right)
    if ((both === NUMBER || both === STRING) && !this.readLate(e.left, e.right)) {
      return `(${this.value(e.left)}${e.operator}${this.value(e.right)})`
    }
    const before: string[] = []
    const [a, b] = this.pair(e.left, e.right, before)
    const [x, y] = operator === e.operator ? [a, b] : [b, a]
    const site = this.w.operatorSite(e.line)
    const slow = this.finished(`M.${operator === "<" ? "less" : "lessOrEqual"}(${x},${y},${site})`, e.line)
    return this.sequence(before, `typeof ${a}==="number"&&typeof ${b}==="number"?${x}${operator}${y}:${slow}`)
  }

  private equality(e: BinaryExpression): string {
    const same = this.equals(e)
    return e.operator === "==" ? same : `!${same}`
  }

  private equals(e: BinaryExpression): string {
    const basic = ~(TABLE | 64)
    const simple =
      !this.program.metatables ||
      (this.types.of(e.left) & ~basic) === 0 ||
      (this.types.of(e.right) & ~basic) === 0
    const before: string[] = []
    const [a, b] = this.pair(e.left, e.right, before)
    if (simple) return this.sequence(before, `${a}===${b}`)
    return this.sequence(
      before,
      `${a}===${b}||${this.finished(`M.equal(${a},${b},${this.w.operatorSite(e.line)})`, e.line)}`,
    )
  }

  /**
   * `a..b..c` is one instruction: all operands are read, then joined from the right. A number at the end becomes text only
   * with another text, since a metamethod must see it as it is.
   */
  private concatenation(e: BinaryExpression): string {
    const operands: Expression[] = [e.left]
    let line = e.line
    let rest = e.right
    while (rest.kind === "binary" && rest.operator === "..") {
      operands.push(rest.left)
      line = rest.line
      rest = rest.right
    }
    operands.push(rest)
    const before: string[] = []
    const texts = operands.map((operand, i) => this.holdNow(operand, before, operands.slice(i + 1)))
    const last = operands.length - 1
    let pending = this.program.metatables && this.types.of(operands[last]) === NUMBER
    let text = pending ? texts[last] : this.asText(texts[last], operands[last])
    let isText = this.types.of(operands[last]) === STRING || this.types.of(operands[last]) === NUMBER
    for (let i = last - 1; i >= 0; i--) {
      const right = i + 1 === last ? this.describe(operands[last]) : ""
      const types = this.types.of(operands[i])
      if (isText && (types === STRING || types === NUMBER)) {
        if (pending) text = this.asText(text, operands[last])
        pending = false
        text = `${this.asText(texts[i], operands[i])}+${text}`
        continue
      }
      text = this.join(texts[i], text, this.w.operatorSite(line, this.describe(operands[i]), right), line)
      isText = !this.program.metatables
      pending = false
    }
    return this.sequence(before, this.paid(text, isText))
  }

  /** A joined text that is long is paid for. */
  private paid(text: string, isText: boolean): string {
    const t = this.w.temporary()
    const test = isText ? "" : `typeof ${t}==="string"&&`
    return `(${t}=${text},${test}${t}.length>${LONG}?S.long(${t}):${t})`
  }

  private asText(text: string, e: Expression): string {
    return this.types.of(e) === NUMBER ? `numberText(${text})` : text
  }

  private join(left: string, right: string, site: string, line: number): string {
    const simple = /^\w[\w$]*$/.test(right)
    const t = simple ? right : this.w.temporary()
    const first = simple ? "" : `${t}=${right},`
    const slow = this.finishedValue(`M.concat(${left},${t},${site})`, line)
    return `(${first}typeof ${left}==="string"&&typeof ${t}==="string"?${left}+${t}:${slow})`
  }

  private unary(e: UnaryExpression): string {
    const types = this.types.of(e.operand)
    if (e.operator === "-" && types === NUMBER) return `(-${this.value(e.operand)})`
    if (e.operator === "#" && types === STRING) return `${this.value(e.operand)}.length`
    const before: string[] = []
    const x = this.hold(e.operand, before)
    const site = this.w.operatorSite(e.line, this.describe(e.operand), this.describe(e.operand))
    if (e.operator === "-") {
      const slow = this.finishedValue(`M.negate(${x},${site})`, e.line)
      const rest = this.program.metatables ? slow : `+${slow}`
      return this.sequence(before, `typeof ${x}==="number"?-${x}:${rest}`)
    }
    const slow = this.finishedValue(`M.length(${x},${site})`, e.line)
    return this.sequence(
      before,
      `${x} instanceof T?${x}.length():${this.program.metatables ? slow : `+${slow}`}`,
    )
  }

  // Indexing -----------------------------------------------------------------------------------------------------------

  private constantOr(e: Expression & { kind: "global" | "index" }): string {
    const text = this.constantText(this.program.constant(e)?.value)
    if (text !== undefined) return text
    if (e.kind === "index") return this.index(e)
    const t = this.w.temporary()
    const globals = this.program.isLoading(e) ? "S.loading" : "G"
    const slow = this.finishedAlways(
      `M.index(${globals},${quoted(e.name)},${this.w.operatorSite(e.line)})`,
      e.line,
    )
    return `((${t}=${this.globalText(e.name, globals)})!==undefined?${t}:${slow})`
  }

  private globalText(name: string, globals: string): string {
    const slot = globals === "G" ? this.program.state.perRun.get(name) : undefined
    return slot === undefined ? `${globals}.getText(${quoted(name)})` : `S.slots[${slot}]`
  }

  /** The globals have a metatable in every program. */
  private finishedAlways(text: string, line: number): string {
    return this.direct ? `/*${line}*/${text}` : this.finishedValue(text, line)
  }

  private getter(key: Expression, text: string, t: string): string {
    if (key.kind === "string") return `${t}.getText(${text})`
    return this.types.of(key) === NUMBER ? `${t}.getNumber(${text})` : `${t}.get(${text})`
  }

  private index(e: Expression & { kind: "index" }): string {
    const before: string[] = []
    const [object, key] = this.pair(e.object, e.key, before)
    const site = this.w.operatorSite(e.line, this.describe(e.object))
    const raw = this.getter(e.key, key, object)
    const mayMiss = this.program.metatables || this.program.isGuarded(e.object)
    const slow = this.finishedAlways(`M.index(${object},${key},${site}${mayMiss ? ",true" : ""})`, e.line)
    if (!mayMiss) return this.sequence(before, `${object} instanceof T?${raw}:${slow}`)
    const t = this.w.temporary()
    return this.sequence(
      before,
      `${object} instanceof T&&((${t}=${raw})!==undefined||${object}.plain)?${t}:${slow}`,
    )
  }

  // Tables -------------------------------------------------------------------------------------------------------------

  private table(e: TableExpression): string {
    const list = e.items.filter((item) => item.key === undefined)
    const keyed = e.items.length - list.length
    if (e.items.length === 0) return "new T()"
    const last = e.items[e.items.length - 1]
    const open = last.key === undefined && isMultiple(last.value)
    const sizes = `${roundedSize(open ? list.length - 1 : list.length)},${roundedSize(keyed)}`
    if (keyed === 0) return `T.of([${this.listed(list.map((item) => item.value))}],${sizes})`
    const t = this.w.temporary()
    const steps = [`${t}=new T(${sizes})`]
    const values: string[] = []
    for (const item of e.items) {
      if (item.key === undefined) {
        values.push(this.listItem(item.value, steps, item === last && open))
        continue
      }
      this.keyedItem(t, item.key, item.value, item.line, steps)
    }
    if (values.length > 0) steps.push(`${t}.fill([${values.join(",")}])`)
    return `(${steps.join(",")},${t})`
  }

  private listItem(e: Expression, steps: string[], open: boolean): string {
    const t = this.w.temporary()
    steps.push(`${t}=${open ? this.multiple(e) : this.value(e)}`)
    return open ? `...list(${t})` : t
  }

  private keyedItem(t: string, key: Expression, value: Expression, line: number, steps: string[]): void {
    if (key.kind === "string") {
      steps.push(`${t}.setText(${quoted(key.value)},${this.value(value)})`)
      return
    }
    const k = this.hold(key, steps, [value])
    const v = this.value(value)
    steps.push(`M.setIndex(${t},${k},${v},${this.w.operatorSite(line)})`)
  }

  /** The text of all values of a list, the last one's spread. */
  protected listed(list: ReadonlyArray<Expression>): string {
    const last = list[list.length - 1]
    const texts = list.map((e) => (e === last && isMultiple(e) ? this.spread(e) : this.value(e)))
    return texts.join(",")
  }

  protected spread(e: Expression): string {
    if (e.kind === "vararg") return "...V"
    return this.isSingle(e) ? this.value(e) : `...list(${this.multiple(e)})`
  }

  /** All values: one as itself, none or several as an array. */
  protected multiple(e: Expression): string {
    return e.kind === "vararg" ? "V" : isMultiple(e) ? this.call(e) : this.value(e)
  }
}

/** Sizes in a constructor's instruction have four bits of precision, rounded up. */
const roundedSize = (n: number): number => {
  let x = n
  let exponent = 0
  while (x >= 16) {
    x = (x + 1) >> 1
    exponent++
  }
  return x * 2 ** exponent
}
