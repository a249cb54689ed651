/**
 * Arguments, as COMMAND DOCS prints them (redis-cli makes its hints from this), in a notation close to a manual page's:
 *
 *     list      = argument *( " " argument )
 *     argument  = "[" one "]" | one                     in brackets: optional
 *     one       = [ token "=" ] body [ "#" N ] [ "..." [ "+" ] ] [ "@-" version ] [ "@" version ]
 *               | TOKEN ...                             short for TOKEN=token:token, its name being the token in lower case
 *     body      = name [ ":" type ]                     without a type: "key" where "#N" follows, else "string"
 *               | name "(" one *( "|" one ) ")"         one of several
 *               | name "{" list "}"                     a block: all of them, in order
 *     type      = key | string | int | double | pattern | time | token
 *     token     = A-Z 0-9 _ - from a letter on, or any text in double quotes
 *     name      = a-z 0-9 _ - , or any text in single quotes
 *
 * "#N" ties a key to the N-th key spec. "..." may be repeated; "...+" repeats with its token each time. "@" gives the
 * version since which the argument exists, "@-" the one that deprecated it. The members of "(...)" may be optional too.
 *
 * Example, a part of SET: `key#0 value [condition(NX|XX)@2.6.12] [expiration(EX=seconds:int|KEEPTTL@6.0.0)]`.
 */

type ArgumentType =
  | "key"
  | "string"
  | "integer"
  | "double"
  | "pattern"
  | "unix-time"
  | "pure-token"
  | "oneof"
  | "block"

type ArgumentFlag = "optional" | "multiple" | "multiple_token"

export interface Argument {
  readonly name: string
  readonly type: ArgumentType
  readonly token: string | undefined
  readonly keySpecIndex: number | undefined
  readonly since: string | undefined
  readonly deprecatedSince: string | undefined
  readonly flags: ReadonlyArray<ArgumentFlag>
  /** Members of a "oneof" or a "block", else empty. */
  readonly arguments: ReadonlyArray<Argument>
}

const typeNames: ReadonlyMap<string, ArgumentType> = new Map<string, ArgumentType>([
  ["key", "key"],
  ["string", "string"],
  ["int", "integer"],
  ["double", "double"],
  ["pattern", "pattern"],
  ["time", "unix-time"],
  ["token", "pure-token"],
])

const quotedToken = /"([^"]*)"/y
const plainToken = /[A-Z][A-Z0-9_-]*/y
const quotedName = /'([^']*)'/y
const plainName = /[a-z0-9][a-z0-9_-]*/y
const version = /\d+\.\d+\.\d+/y
const digits = /\d+/y
const word = /[a-z]+/y

export const parseArguments = (text: string): ReadonlyArray<Argument> => new Parser(text).whole()

/** Recursive descent over the notation above; each method reads what its name says and moves `at` behind it. */
class Parser {
  private at = 0

  constructor(private readonly text: string) {}

  whole(): ReadonlyArray<Argument> {
    const list = this.list(" ")
    if (this.at !== this.text.length) this.fail("end")
    return list
  }

  private list(separator: string): ReadonlyArray<Argument> {
    const items = [this.argument()]
    while (this.accept(separator)) items.push(this.argument())
    return items
  }

  private argument(): Argument {
    if (!this.accept("[")) return this.one(false)
    const inner = this.one(true)
    this.expect("]")
    return inner
  }

  private one(optional: boolean): Argument {
    const token = this.match(plainToken) ?? this.match(quotedToken)
    const short = token !== undefined && !this.accept("=")
    const name = short ? token.toLowerCase() : (this.match(quotedName) ?? this.match(plainName))
    if (name === undefined) return this.fail("a name")
    let type: ArgumentType | undefined = short ? "pure-token" : undefined
    let members: ReadonlyArray<Argument> = []
    if (this.accept("(")) {
      type = "oneof"
      members = this.list("|")
      this.expect(")")
    } else if (this.accept("{")) {
      type = "block"
      members = this.list(" ")
      this.expect("}")
    } else if (this.accept(":")) {
      type = typeNames.get(this.match(word) ?? "") ?? this.fail("a type")
    }
    const keySpecIndex = this.accept("#") ? Number(this.match(digits)) : undefined
    type ??= keySpecIndex === undefined ? "string" : "key"
    const flags: ArgumentFlag[] = optional ? ["optional"] : []
    if (this.accept("...")) {
      flags.push("multiple")
      if (this.accept("+")) flags.push("multiple_token")
    }
    const deprecatedSince = this.accept("@-") ? this.match(version) : undefined
    const since = this.accept("@") ? this.match(version) : undefined
    return { name, type, token, keySpecIndex, since, deprecatedSince, flags, arguments: members }
  }

  private accept(mark: string): boolean {
    if (!this.text.startsWith(mark, this.at)) return false
    this.at += mark.length
    return true
  }

  private expect(mark: string): void {
    if (!this.accept(mark)) this.fail(`"${mark}"`)
  }

  /** The text of `pattern` here (its group, if it has one), or undefined. */
  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found === null) return undefined
    this.at = pattern.lastIndex
    return found[1] ?? found[0]
  }

  private fail(expected: string): never {
    throw new Error(`arguments "${this.text}": expected ${expected} at ${this.at}`)
  }
}
