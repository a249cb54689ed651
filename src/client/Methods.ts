/**
 * The methods of a client: one a command, made from its declaration when it is first called.
 *
 * The objects that have them differ in what a call gives: an Effect, a value at once, or a command for a transaction.
 */
import type { CommandTable } from "../engine/CommandTable.js"
import type { CommandSpec } from "../engine/declare/CommandSpec.js"
import type { TableCommand } from "../engine/Command.js"
import type { Prepared } from "./DirectSession.js"
import { areWords, encode } from "./Encoder.js"
import type { RefusedError } from "./Failures.js"
import { methodName, type Signature, signatureOf } from "./Signature.js"
import type { Word } from "./Values.js"

/** Whether a client has a method for it. */
export const isMethod = (
  { container, arity, internal, changes }: CommandSpec,
  isContainer: boolean,
): boolean => !internal && changes !== "link" && (container !== undefined || !isContainer || arity === -1)

/** Runs a command; `name` is its declared one, with its container before it. */
export type Invoke<R> = (prepared: Prepared, words: ReadonlyArray<Word>, name: string) => R

type Method<R> = (...parameters: ReadonlyArray<unknown>) => R

/** Looks commands up by the names they are called by; those that are found are kept. */
export class Lookup {
  private readonly found = new Map<string, Prepared>()

  constructor(readonly table: CommandTable) {}

  of(name: string): Prepared {
    return this.found.get(name) ?? this.find(name)
  }

  private find(name: string): Prepared {
    const bytes = Buffer.from(name)
    const command = this.table.find(bytes, 0, bytes.length)
    const prepared = { name: bytes, text: name.toLowerCase(), command, touches: touchesOf(command) }
    if (command !== undefined) this.found.set(name, prepared)
    return prepared
  }
}

/** What running a command does to its session. */
const touchesOf = (command: TableCommand | undefined): Prepared["touches"] => {
  if (command === undefined) return "nothing"
  const { changes } = command.spec
  if (changes !== undefined) return changes
  for (const { spec } of command.subcommands?.values() ?? [])
    if (spec.changes !== undefined) return "sometimes"
  return "nothing"
}

/** Why a command is not to be run in a session that all share (or in one that is `own`). */
export const refusalOf = (
  { touches, command }: Prepared,
  words: ReadonlyArray<Word>,
  own: boolean,
): RefusedError["reason"] | undefined => {
  if (touches === "nothing") return undefined
  if (touches === "link") return "link"
  if (own) return undefined
  if (touches === "session") return "session"
  const sub = command?.subcommands?.get(String(words[0]).toLowerCase())
  return sub?.spec.changes
}

const methodOf = <R>(lookup: Lookup, declared: CommandSpec, invoke: Invoke<R>): Method<R> => {
  const { name, container } = declared
  const own = container ?? name
  const first = container === undefined ? undefined : name.slice(container.length + 1)
  let prepared: Prepared | undefined
  let signature: Signature | undefined
  return (...parameters) => {
    prepared ??= lookup.of(lookup.table.calledName(own))
    signature ??= signatureOf(declared.arguments)
    const words =
      signature.plain && parameters.length === signature.positions && areWords(parameters)
        ? parameters
        : encode(signature, parameters)
    return invoke(prepared, first === undefined ? words : [first, ...words], name)
  }
}

/** An object of all methods. */
export const methodsOf = <R>(lookup: Lookup, invoke: Invoke<R>): object => {
  const methods: Record<string, Method<R>> = {}
  for (const { spec, subcommands } of lookup.table.byId)
    if (isMethod(spec, subcommands !== undefined))
      methods[methodName(spec.name)] = methodOf(lookup, spec, invoke)
  // As the prototype of another the object's shape is known to the compiler, however many methods it has.
  return Object.create(methods)
}
