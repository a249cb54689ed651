/** Puts the parameters of a method (Signature.ts) into the words of its command. */
import type { Argument } from "../engine/declare/ArgumentSyntax.js"
import {
  argumentName,
  isFields,
  isMultiple,
  isObject,
  isPhrase,
  isRecord,
  type Signature,
} from "./Signature.js"
import type { Word } from "./Values.js"

type Fields = Readonly<Record<string, unknown>>

const isFieldsObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

const isWord = (value: unknown): value is Word =>
  typeof value === "string" ||
  typeof value === "number" ||
  typeof value === "bigint" ||
  value instanceof Uint8Array

export const areWords = (values: ReadonlyArray<unknown>): values is ReadonlyArray<Word> => {
  for (let i = 0; i < values.length; i++) if (!isWord(values[i])) return false
  return true
}

const isList = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

/** What was given for an argument cannot be it: a mistake of the caller's, which the types had refused. */
const misfit = ({ name }: Argument, value: unknown): never => {
  throw new TypeError(
    `${name}: cannot be ${typeof value === "object" ? JSON.stringify(value) : String(value)}`,
  )
}

/** The values of an argument that may be repeated. */
const listOf = (argument: Argument, value: unknown): ReadonlyArray<unknown> => {
  if (isRecord(argument)) {
    if (value instanceof Map) return [...value]
    if (isFieldsObject(value)) return Object.entries(value)
  }
  if (!isList(value)) return [value]
  // A single tuple, where tuples are wanted.
  const isTuple = argument.type === "block" && !isObject(argument) && argument.arguments.length > 1
  return isTuple && value.length > 0 && !isList(value[0]) ? [value] : value
}

const given = (value: unknown): boolean => value !== undefined && value !== false

class Encoder {
  readonly words: Array<Word> = []

  /** An argument with its token, once or as often as it is given. */
  put(argument: Argument, value: unknown): void {
    if (!given(value)) return
    const { token } = argument
    if (argument.type === "pure-token") return this.token(argument)
    if (!isMultiple(argument)) {
      if (token !== undefined) this.token(argument)
      return this.one(argument, value)
    }
    const each = argument.flags.includes("multiple_token")
    if (token !== undefined && !each) this.token(argument)
    for (const item of listOf(argument, value)) {
      if (token !== undefined && each) this.token(argument)
      this.one(argument, item)
    }
  }

  /** From an object's fields: the argument's own, or those of its alternatives. */
  field(argument: Argument, fields: Fields): void {
    if (!isFields(argument)) return this.put(argument, fields[argumentName(argument)])
    for (const member of argument.arguments) this.put(member, fields[argumentName(member)])
  }

  private token({ token }: Argument): void {
    if (token !== undefined && token !== "") this.words.push(token)
  }

  private one(argument: Argument, value: unknown): void {
    if (argument.type === "oneof") this.alternative(argument, value)
    else if (argument.type === "block") this.block(argument, value)
    else if (isWord(value)) this.words.push(value)
    else misfit(argument, value)
  }

  private block(argument: Argument, value: unknown): void {
    const { arguments: members } = argument
    if (isPhrase(argument)) for (const member of members) this.token(member)
    else if (isObject(argument)) {
      if (!isFieldsObject(value)) return misfit(argument, value)
      for (const member of members) this.field(member, value)
    } else if (members.length === 1) this.put(members[0], value)
    else {
      if (!isList(value)) return misfit(argument, value)
      let i = 0
      for (const member of members) this.put(member, member.type === "pure-token" ? true : value[i++])
    }
  }

  /** The value tells which of the alternatives it is. */
  private alternative(argument: Argument, value: unknown): void {
    const { arguments: members } = argument
    const named = members.find((member) =>
      member.type === "pure-token"
        ? member.token === value
        : isPhrase(member)
          ? phraseOf(member) === value
          : member.token !== undefined && isFieldsObject(value) && given(value[member.token]),
    )
    if (named?.token !== undefined && named.type !== "pure-token" && isFieldsObject(value))
      return this.put(named, value[named.token])
    if (named !== undefined) return this.put(named, true)
    const wanted = isList(value) || isFieldsObject(value)
    const other = members.find((member) => {
      const composed = member.arguments.length > 0 || isMultiple(member)
      return member.token === undefined && !isPhrase(member) && composed === wanted
    })
    if (other === undefined) return misfit(argument, value)
    this.put(other, value)
  }
}

const phraseOf = ({ arguments: members }: Argument): string => members.map(({ token }) => token).join(" ")

/** The words behind a command's name. */
export const encode = (signature: Signature, parameters: ReadonlyArray<unknown>): ReadonlyArray<Word> => {
  const encoder = new Encoder()
  const options = parameters[signature.positions]
  const valueOf = (argument: Argument): unknown => {
    const place = signature.placed.find((one) => one.argument === argument)?.place
    return place?.at === "position" ? parameters[place.index] : undefined
  }
  for (const { argument, place } of signature.placed) {
    if (place.at === "position") encoder.put(argument, parameters[place.index])
    else if (place.at === "count") {
      const value = valueOf(place.of)
      encoder.words.push(given(value) ? listOf(place.of, value).length : 0)
    } else if (isFieldsObject(options)) encoder.field(argument, options)
  }
  return encoder.words
}
