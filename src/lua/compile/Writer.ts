/**
 * The text of the JavaScript under way, its constants, and the names in it.
 *
 * Every name in the text is made here: a Lua variable `x` is `x$7` with its number, functions `f$3`, constants `s0`, `b0`,
 * temporaries `t0`. Texts of the source enter only as escaped string literals, so that nothing but the syntax tree decides
 * what is run.
 *
 * A temporary lives until the end of its statement.
 */
import { chunkName } from "../run/ChunkName.js"
import type { OperatorSite, Site } from "../run/Site.js"
import type { LuaFunction, LuaTable } from "../run/Value.js"
import type { FunctionNode, Variable } from "../syntax/Ast.js"

/** A function whose body is being written. */
export interface Frame {
  readonly node: FunctionNode
  readonly generator: boolean
  /** A twin's, see Twins.ts. */
  readonly twin: boolean
  /** The function around it. */
  readonly outer: Frame | undefined
  /** Its upvalues come in a record, `U3`, instead of by JavaScript's own closure. */
  readonly converted: boolean
  /** The names that the record must have. */
  readonly needs: Map<string, Home>
  temporaries: number
  highest: number
}

/** Where a name of the text can be seen: in its owner, and a function's own name inside itself. */
interface Home {
  readonly owner: FunctionNode | undefined
  readonly itself: FunctionNode | undefined
}

export class Writer {
  readonly sites: (Site | OperatorSite)[] = []
  /** Functions and tables of the library. */
  readonly objects: (LuaFunction | LuaTable)[] = []
  /** Functions that need nothing of a run are made once, in front of everything. */
  readonly hoisted: string[] = []
  frame: Frame
  private readonly chunk: string
  private readonly siteNames = new Map<string, string>()

  constructor(
    private readonly source: string,
    private readonly origin: object,
    main: FunctionNode,
  ) {
    this.frame = newFrame(main, false, undefined, false)
    this.chunk = chunkName(source)
  }

  /** How a name is reached from a frame: as it is, or through the record of the nearest converted function. */
  reach(name: string, home: Home, from: Frame = this.frame): string {
    let frame: Frame | undefined = from
    while (frame !== undefined && frame.node !== home.owner && frame.node !== home.itself) {
      if (frame.converted) {
        frame.needs.set(name, home)
        return `U${frame.node.id}.${name}`
      }
      frame = frame.outer
    }
    return name
  }

  /** The record of a converted function, as the frame around it makes it. */
  record(frame: Frame): string {
    const fields = [...frame.needs].map(([name, home]) => `${name}:${this.reach(name, home)}`)
    return `{${fields.join(",")}}`
  }

  temporary(): string {
    const { frame } = this
    const name = `t${frame.temporaries++}`
    frame.highest = Math.max(frame.highest, frame.temporaries)
    return name
  }

  /** The declaration of a function's temporaries. */
  declaration(frame: Frame): string {
    if (frame.highest === 0) return ""
    return `let ${Array.from({ length: frame.highest }, (_, i) => `t${i}`).join(",")};`
  }

  site(line: number, name: string, method: boolean, callee: string): string {
    const key = `${line} ${method} ${callee} ${name}`
    return this.named(key, {
      chunk: this.chunk,
      source: this.source,
      origin: this.origin,
      line,
      name,
      method,
      callee,
      memo: undefined,
    })
  }

  operatorSite(line: number, left = "", right = ""): string {
    return this.named(`${line} ${left}|${right}`, {
      chunk: this.chunk,
      source: this.source,
      line,
      name: "?",
      method: false,
      callee: "",
      memo: undefined,
      left,
      right,
    })
  }

  private named(key: string, site: Site | OperatorSite): string {
    const known = this.siteNames.get(key)
    if (known !== undefined) return known
    const name = `s${this.sites.push(site) - 1}`
    this.siteNames.set(key, name)
    return name
  }

  /** A function or table of the library, `b0`; `p0` is a function's plain form. */
  constant(object: LuaFunction | LuaTable): string {
    const index = this.objects.indexOf(object)
    return `b${index >= 0 ? index : this.objects.push(object) - 1}`
  }

  /** The declarations of all constants. */
  constants(): string {
    const names = [
      ...this.sites.map((_, i) => `s${i}=K[${i}]`),
      ...this.objects.map((_, i) => `b${i}=B[${i}],p${i}=b${i}.p`),
    ]
    return names.length === 0 ? "" : `const ${names.join(",")};\n`
  }
}

export const newFrame = (
  node: FunctionNode,
  generator: boolean,
  outer: Frame | undefined,
  converted: boolean,
  twin = false,
): Frame => ({
  node,
  generator,
  twin,
  outer,
  converted,
  needs: new Map(),
  temporaries: 0,
  highest: 0,
})

export const variableName = (variable: Variable): string => `${variable.name}$${variable.id}`

export const functionName = (node: FunctionNode): string => `f$${node.id}`

/** The plain form of a recursive function, and what calls it within its budget. */
export const twinName = (node: FunctionNode): string => `q$${node.id}`
export const attemptName = (node: FunctionNode): string => `a$${node.id}`

/** The Lua value of a function that is always the same. */
export const functionValue = (node: FunctionNode): string => `v$${node.id}`

const ESCAPED = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g

export const quoted = (text: string): string =>
  `"${text.replace(ESCAPED, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`

export const numeral = (n: number): string => {
  if (n !== n) return "NaN"
  if (Object.is(n, -0)) return "(-0)"
  return n < 0 ? `(${n})` : `${n}`
}
