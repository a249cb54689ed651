/**
 * A command's declared arguments as the parameters of a method: what must be there comes one after another, then what may
 * be left out and has no word of its own, then one object of options, whose fields are the words that name them.
 *
 *     ZADD key [NX|XX] [GT|LT] [CH] [INCR] {score member}...     zadd(key, scoreMember, { NX, XX, GT, LT, CH, INCR })
 *     LPOP key [count]                                           lpop(key, count)
 *     ZUNION numkeys {key}... [WEIGHTS weight...] [WITHSCORES]   zunion(key, { WEIGHTS, WITHSCORES })
 *
 * How many keys there are (numkeys) is counted, not said. A block is a tuple; an object by its members' names where some
 * may be left out; of two plain members that repeat also a record, { field: value }. Of several alternatives the value
 * tells which: its token, an object { TOKEN: value }, or a value of the one that has no token.
 */
import type { Argument } from "../engine/declare/ArgumentSyntax.js"

/** Where a method finds an argument's value. */
type Place =
  | { readonly at: "position"; readonly index: number; readonly optional: boolean }
  | { readonly at: "options" }
  | { readonly at: "count"; readonly of: Argument }

interface Placed {
  readonly argument: Argument
  readonly place: Place
}

export interface Signature {
  /** In the order of the request. */
  readonly placed: ReadonlyArray<Placed>
  /** Parameters before the options. */
  readonly positions: number
  readonly hasOptions: boolean
  /** One word each and all of them needed: the parameters are the request. */
  readonly plain: boolean
}

export const isOptional = ({ flags }: Argument): boolean => flags.includes("optional")

export const isMultiple = ({ flags }: Argument): boolean => flags.includes("multiple")

const camel = (name: string): string =>
  name.replace(/[^a-zA-Z0-9]+(.)?/g, (_, next: string | undefined) => (next ?? "").toUpperCase())

/** "config|get" as configGet. */
export const methodName = (command: string): string => camel(command)

/** The name of a parameter, or of a field. */
export const argumentName = (argument: Argument): string => argument.token ?? camel(argument.name)

/**
 * One of several that all have tokens, itself none: each is a field of its own. Where one must be there, and all are only
 * words, its name is the field instead.
 */
export const isFields = (argument: Argument): boolean => {
  const { type, token, arguments: members } = argument
  if (type !== "oneof" || token !== undefined || members.some((member) => member.token === undefined))
    return false
  return isOptional(argument) || members.some(({ type }) => type !== "pure-token")
}

/** A block given as an object, because some of it may be left out. */
export const isObject = ({ type, arguments: members }: Argument): boolean =>
  type === "block" && members.some(isOptional)

/** A block that is nothing but words to be said: NO ONE. */
export const isPhrase = ({ type, arguments: members }: Argument): boolean =>
  type === "block" && members.every(({ type }) => type === "pure-token")

const isScalar = ({ type, arguments: members, token }: Argument): boolean =>
  members.length === 0 && type !== "pure-token" && token === undefined

/** A block of two plain members that repeats: it may be given as a record. */
export const isRecord = (argument: Argument): boolean => {
  const { type, arguments: members } = argument
  if (type !== "block" || !isMultiple(argument) || members.length !== 2) return false
  const [first, second] = members
  return (
    members.every((member) => isScalar(member) && !isMultiple(member) && !isOptional(member)) &&
    (first.type === "key" || first.type === "string") &&
    second.type !== "key"
  )
}

const counted = (args: ReadonlyArray<Argument>, i: number): Argument | undefined => {
  const next = args[i + 1]
  return args[i].name === "numkeys" && next !== undefined && isMultiple(next) ? next : undefined
}

/** A block that begins with a token's value is known by that token: BYRADIUS radius unit. */
const hoisted = (argument: Argument): Argument => {
  const members = argument.arguments.map(hoisted)
  const [first, ...others] = members
  const leads =
    argument.type === "block" &&
    argument.token === undefined &&
    first?.token !== undefined &&
    first.type !== "pure-token" &&
    !isOptional(first)
  if (!leads) return members.length === 0 ? argument : { ...argument, arguments: members }
  return { ...argument, token: first.token, arguments: [{ ...first, token: undefined }, ...others] }
}

export const signatureOf = (declared: ReadonlyArray<Argument>): Signature => {
  const args = declared.map(hoisted)
  const lastNeeded = args.findLastIndex(
    (argument, i) => !isOptional(argument) && counted(args, i) === undefined,
  )
  const isField = (argument: Argument, i: number): boolean =>
    isOptional(argument) && (argument.token !== undefined || isFields(argument) || i < lastNeeded)
  let positions = 0
  const places = new Map<Argument, Place>()
  for (const optional of [false, true])
    for (const [i, argument] of args.entries())
      if (isOptional(argument) === optional && counted(args, i) === undefined && !isField(argument, i))
        places.set(argument, { at: "position", index: positions++, optional })
  const placed = args.map((argument, i): Placed => {
    const of = counted(args, i)
    if (of !== undefined) return { argument, place: { at: "count", of } }
    return { argument, place: places.get(argument) ?? { at: "options" } }
  })
  return {
    placed,
    positions,
    hasOptions: placed.some(({ place }) => place.at === "options"),
    plain: args.every((argument) => isScalar(argument) && !isOptional(argument) && !isMultiple(argument)),
  }
}
