/**
 * Random programs, the same for the same seed. They loop only a few times and end; what they compute, and the errors that
 * they run into at random places, is written to one text that two interpreters must agree on.
 *
 * A program is a sequence of blocks, most of them called by pcall, whose results are collected; at the end the collection
 * is returned as one string, or an error is left to escape. No text depends on an address, and no order on one.
 */
import { Random } from "../support/Random.js"

/** Writes any value on one line; tables in the order of `pairs`. */
export const PRELUDE =
  "local function S(v,d) local k=type(v) d=d or 0 " +
  "if k=='string' then return 's'..#v..':'..v..';' end " +
  "if k=='number' then return 'n'..(v~=v and 'nan' or string.format('%.14g',v))..';' end " +
  "if k=='table' then if d>3 then return '{..};' end local o={'{#'..#v..' '} " +
  "for a,b in pairs(v) do o[#o+1]=S(a,d+1)..S(b,d+1) end o[#o+1]='};' return table.concat(o) end " +
  "if k=='boolean' or k=='nil' then return tostring(v)..';' end return k..';' end " +
  "local O={} local function W(...) local o={} for i=1,select('#',...) do o[#o+1]=S((select(i,...))) end " +
  "O[#O+1]=table.concat(o) end "

const NAMES = ["a", "b", "c", "x", "y", "t", "u", "f", "g"]
const FIELDS = ["a", "b", "key", "n", "value"]
const STRINGS = ['""', '"a"', '"abc"', '"10"', '"0x1f"', '" 5 "', '"hello world"', "'q'", '"1e2"', '"b.c"']
const NUMBERS = ["1", "2", "3", "7", "10", "0.5", "1.25", "100", "255", "1e3", "4", "5"]
const ARITHMETIC = ["+", "-", "*", "/", "%", "^"]
const COMPARISONS = ["==", "~=", "<", "<=", ">", ">="]
const METHODS = [
  ":upper()",
  ":len()",
  ":sub(2)",
  ":sub(1,2)",
  ":rep(2)",
  ":reverse()",
  ":byte()",
  ":find('b')",
  ":gsub('[ab]','<%0>')",
  ":gsub('%w',function(c) return c..c end)",
  ":format()",
  ":nope()",
]

export class ProgramMaker {
  private readonly random: Random
  private names: string[] = []
  private depth = 0
  private loops = 0
  private vararg = true
  private functions = 0

  constructor(
    seed: number,
    private readonly metatables: boolean,
  ) {
    this.random = new Random(seed)
  }

  program(): string {
    const opening = this.opening()
    const blocks: string[] = []
    const count = 2 + this.random.below(5)
    for (let i = 0; i < count; i++) blocks.push(this.topBlock())
    const end = this.random.below(6) === 0 ? this.statement() : ""
    return `${PRELUDE}${opening}\n${blocks.join("\n")}\n${end}\nreturn table.concat(O,'|')`
  }

  private opening(): string {
    this.names = ["a", "b", "t", "f", "m"]
    const meta = this.metatables ? this.metatable() : "{n=1}"
    return `local a,b,t=1,"bc",{1,2,3,key="v",n=5} local function f(x,...) return x,... end local m=${meta}`
  }

  private metatable(): string {
    const events = [
      "__add=function(p,q) return 'add' end",
      "__concat=function(p,q) return type(p)..type(q) end",
      "__eq=function(p,q) return true end",
      "__lt=function(p,q) return W('lt') end",
      "__le=function(p,q) return true end",
      "__call=function(self,p,q) return q,p end",
      "__unm=function(p) return p.n end",
      "__index=function(p,k) return k end",
      "__index={key='inherited',value=5}",
      "__newindex=function(p,k,v) rawset(p,k,v) W(k) end",
      "__mul=function() error('mul') end",
    ]
    const kept = events.filter(() => this.random.below(2) === 0)
    return `setmetatable({n=1},{${kept.join(",")}})`
  }

  private topBlock(): string {
    const outer = [...this.names]
    const body = this.block(1 + this.random.below(5))
    this.names = outer
    if (this.random.below(12) === 0) return `do\n${body}\nend`
    return `W(pcall(function(...)\n${body}\nend,${this.simple()}))`
  }

  private block(count: number): string {
    const outer = [...this.names]
    const statements: string[] = []
    for (let i = 0; i < count; i++) statements.push(this.statement())
    this.names = outer
    return statements.join("\n")
  }

  private pick<T>(list: ReadonlyArray<T>): T {
    return list[this.random.below(list.length)]
  }

  private name(): string {
    return this.pick(this.names)
  }

  private declare(): string {
    const name = this.pick(NAMES)
    this.names.push(name)
    return name
  }

  // Statements ---------------------------------------------------------------------------------------------------------

  private statement(): string {
    if (this.depth > 3) return `W(${this.expression(1)})`
    this.depth++
    const text = this.anyStatement()
    this.depth--
    return text
  }

  private anyStatement(): string {
    switch (this.random.below(16)) {
      case 0:
      case 1: {
        const value = this.expression(3)
        return `local ${this.declare()} = ${value}`
      }
      case 2: {
        const values = this.expressions(3)
        return `local ${this.declare()}, ${this.declare()} = ${values}`
      }
      case 3:
        return `${this.name()} = ${this.expression(3)}`
      case 4:
        return `${this.target()}, ${this.target()} = ${this.expressions(3)}`
      case 5:
      case 6:
        return `${this.target()} = ${this.expression(3)}`
      case 7:
        return `if ${this.expression(3)} then\n${this.block(2)}\nelseif ${this.expression(2)} then\n${this.block(1)}\nelse\n${this.block(1)}\nend`
      case 8:
        return this.loop()
      case 9:
        return this.localFunction()
      case 10:
        return `W(${this.expressions(3)})`
      case 11:
        return this.call(2)
      case 12:
        return this.random.below(3) === 0
          ? `error(${this.pick([...STRINGS, ...NUMBERS])}${this.pick(["", ",0", ",1"])})`
          : `W(${this.name()})`
      case 13:
        return `W(pcall(${this.expression(1)},${this.expressions(2)}))`
      case 14:
        return this.coroutine()
      default:
        return this.libraryStatement()
    }
  }

  private libraryStatement(): string {
    const t = this.tableName()
    return this.pick([
      `table.insert(${t}, ${this.expression(2)})`,
      `table.insert(${t}, 1, ${this.expression(2)})`,
      `W(table.remove(${t}))`,
      `W(table.concat(${t}, ","))`,
      `table.sort(${t})`,
      `table.sort(${t}, function(p, q) return ${this.pick(["p < q", "p > q", "tostring(p) < tostring(q)", "#p < #q"])} end)`,
      `W(unpack(${t}))`,
      `W(next(${t}))`,
      `W(select(${this.expression(1)}, ${this.expressions(2)}))`,
      `W(string.format("%s %d", ${this.expressions(1)}, ${this.expression(1)}))`,
      `W(tonumber(${this.expression(1)}), type(${this.expression(1)}))`,
    ])
  }

  private coroutine(): string {
    const body = this.inFunction(() => this.block(2))
    const co = `co${this.functions++}`
    return (
      `local ${co} = coroutine.create(function(...)\n${body}\ncoroutine.yield(${this.expressions(2)})\n` +
      `return ${this.expressions(2)} end)\nW(coroutine.resume(${co}, 1))\nW(coroutine.resume(${co}))\nW(coroutine.status(${co}))`
    )
  }

  private inFunction(make: () => string): string {
    const { names, vararg, loops } = this
    this.names = [...names]
    this.vararg = true
    this.loops = 0
    const text = make()
    this.names = names
    this.vararg = vararg
    this.loops = loops
    return text
  }

  private loop(): string {
    if (this.loops >= 2) return `W(${this.expression(2)})`
    this.loops++
    const outer = [...this.names]
    const text = this.anyLoop()
    this.names = outer
    this.loops--
    return text
  }

  private anyLoop(): string {
    const stop = this.random.below(3) === 0 ? `\nif ${this.expression(2)} then break end` : ""
    switch (this.random.below(5)) {
      case 0: {
        const bounds = this.pick(["1,3", "3,1,-1", "0.5,2,0.5", `1,${this.pick(STRINGS)}`, '"1",2'])
        return `for ${this.declare()} = ${bounds} do\n${this.block(2)}${stop}\nend`
      }
      case 1: {
        const list = this.expression(2)
        const value = this.declare()
        return `for k, ${value} in pairs(${list}) do W(k)\n${this.block(1)}${stop}\nend`
      }
      case 2: {
        const list = this.expression(2)
        const counter = `n${this.functions++}`
        // A list that its own loop appends to has no end.
        const bound = `${counter} = ${counter} + 1 if ${counter} > 9 then break end`
        return `local ${counter} = 0\nfor ${this.declare()}, ${this.declare()} in ipairs(${list}) do ${bound}\n${this.block(1)}${stop}\nend`
      }
      case 3: {
        const counter = `n${this.functions++}`
        return `local ${counter} = 0\nwhile ${counter} < 3 do ${counter} = ${counter} + 1\n${this.block(2)}${stop}\nend`
      }
      default: {
        const counter = `n${this.functions++}`
        return `local ${counter} = 0\nrepeat ${counter} = ${counter} + 1\n${this.block(1)}${stop}\nuntil ${counter} > 2 or ${this.expression(1)}`
      }
    }
  }

  private localFunction(): string {
    const name = this.pick(["f", "g", "h"])
    const parameter = this.pick(NAMES)
    const varied = this.random.below(2) === 0
    const body = this.inFunction(() => {
      this.vararg = varied
      this.names.push(parameter)
      return `${this.block(2)}\nreturn ${this.expressions(2)}`
    })
    const text = this.pick([
      `local function ${name}(${parameter}${varied ? ", ..." : ""})\n${body}\nend`,
      `local ${name} = function(${parameter}${varied ? ", ..." : ""})\n${body}\nend`,
    ])
    this.names.push(name)
    return text
  }

  private target(): string {
    const table = this.tableName()
    return this.pick([this.name(), `${table}.${this.pick(FIELDS)}`, `${table}[${this.key()}]`])
  }

  private key(): string {
    return this.pick([
      this.pick(NUMBERS),
      this.pick(STRINGS),
      `#${this.name()}`,
      `${this.pick(NUMBERS)}+1`,
      "nil",
    ])
  }

  /** Mostly what an operator wants, so that programs do not end at once. */
  private numeric(depth: number): string {
    if (this.random.below(5) === 0) return this.expression(depth)
    if (depth <= 0 || this.random.below(3) === 0) return this.pick(["a", "#b", "#t", "t.n", ...NUMBERS])
    return `(${this.numeric(depth - 1)}${this.pick(ARITHMETIC)}${this.numeric(depth - 1)})`
  }

  private textual(depth: number): string {
    if (this.random.below(6) === 0) return this.expression(depth)
    return this.pick(["b", "a", "t.key", "f(b)", ...STRINGS, ...NUMBERS])
  }

  private tableName(): string {
    return this.random.below(4) === 0 ? this.name() : this.pick(["t", "m"])
  }

  // Expressions --------------------------------------------------------------------------------------------------------

  private expressions(depth: number): string {
    const list: string[] = []
    const count = 1 + this.random.below(3)
    for (let i = 0; i < count; i++) list.push(this.expression(depth))
    return list.join(this.random.below(4) === 0 ? ",\n" : ", ")
  }

  private simple(): string {
    switch (this.random.below(8)) {
      case 0:
      case 1:
        return this.pick(NUMBERS)
      case 2:
        return this.pick(STRINGS)
      case 3:
        return this.pick(["nil", "true", "false", "{}"])
      default:
        return this.name()
    }
  }

  expression(depth: number): string {
    if (depth <= 0) return this.simple()
    const next = depth - 1
    const space = this.random.below(5) === 0 ? "\n" : " "
    switch (this.random.below(18)) {
      case 0:
      case 1:
        return `${this.numeric(next)}${space}${this.pick(ARITHMETIC)} ${this.numeric(next)}`
      case 2:
        return `${this.numeric(next)} ${this.pick(COMPARISONS)}${space}${this.numeric(next)}`
      case 3:
        return `${this.textual(next)} ..${space}${this.textual(next)}`
      case 4:
        return `${this.expression(next)} ${this.pick(["and", "or"])} ${this.expression(next)}`
      case 5:
        return `${this.pick(["not ", "#", "- "])}${this.name()}`
      case 6:
        return `(${this.expression(next)})`
      case 7:
        return `{${this.items(next)}}`
      case 8:
        return `${this.tableName()}.${this.pick(FIELDS)}`
      case 9:
        return `${this.tableName()}[${this.key()}]`
      case 10:
        return this.call(next)
      case 11:
        return `(${this.simple()})${this.pick(METHODS)}`
      case 12:
        return this.functionLiteral(next)
      case 13:
        return this.vararg ? this.pick(["...", "(...)", "select('#',...)"]) : this.simple()
      default:
        return this.simple()
    }
  }

  private functionLiteral(depth: number): string {
    if (this.depth > 2) return this.simple()
    this.depth++
    const text = this.inFunction(() => {
      const parameter = this.declare()
      return `function(${parameter}, ...) ${this.random.below(2) === 0 ? this.statement() : ""} return ${this.expression(depth)} end`
    })
    this.depth--
    return text
  }

  private items(depth: number): string {
    const items: string[] = []
    const count = this.random.below(4)
    for (let i = 0; i < count; i++) {
      items.push(
        this.pick([
          this.expression(depth),
          `${this.pick(FIELDS)}=${this.expression(depth)}`,
          `[${this.key()}]=${this.expression(depth)}`,
        ]),
      )
    }
    return items.join(this.pick([",", ";", ",\n"]))
  }

  private call(depth: number): string {
    const name = this.random.below(3) === 0 ? this.name() : this.pick(["f", "t", "m"])
    return this.pick([
      `${name}(${this.expressions(depth)})`,
      `f(${this.expressions(depth)})`,
      `${name}.${this.pick(FIELDS)}(${this.expression(depth)})`,
      `${name}:${this.pick(FIELDS)}(${this.expression(depth)})`,
      `tostring(${this.pick([...NUMBERS, ...STRINGS, "nil", "true"])})`,
      `math.floor(${this.expression(depth)})`,
      `string.rep(${this.expression(depth)}, 2)`,
      `math.max(${this.expressions(depth)})`,
      `f(${name})`,
    ])
  }
}
