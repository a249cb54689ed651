/** redis.register_function: what a library says of its functions, by position or by name. */
import { builtin } from "../../lua/run/Builtin.js"
import { LuaError } from "../../lua/run/LuaError.js"
import type { LuaState } from "../../lua/run/State.js"
import { plainText } from "../../lua/run/Text.js"
import { LuaFunction, LuaTable, type LuaValue } from "../../lua/run/Value.js"
import * as Errors from "../../resp/Errors.js"
import { isFlag } from "./Shebang.js"

/** A function as its library declares it. */
export interface Declared {
  readonly name: string
  readonly callback: LuaFunction
  readonly flags: ReadonlySet<string>
  readonly description: string | undefined
}

const NAME = /^[A-Za-z0-9_]+$/

/** Whether a library or a function may be called so. */
export const isName = (name: string): boolean => NAME.test(name)

const textOf = (value: LuaValue): string | undefined =>
  typeof value === "string" || typeof value === "number" ? plainText(value) : undefined

/** Why a declaration is refused. */
class Refusal {
  constructor(readonly text: string) {}
}

const flagsIn = (value: LuaValue): ReadonlySet<string> => {
  if (!(value instanceof LuaTable)) throw new Refusal(Errors.registerFlags)
  const flags = new Set<string>()
  for (let i = 1; value.getNumber(i) !== undefined; i++) {
    const flag = value.getNumber(i)
    if (typeof flag !== "string" || !isFlag(flag)) throw new Refusal(Errors.registerUnknownFlag)
    flags.add(flag)
  }
  return flags
}

/** Named arguments, in the order of the table. */
const named = (table: LuaTable): Declared => {
  let name: string | undefined
  let callback: LuaFunction | undefined
  let flags: ReadonlySet<string> = new Set()
  let description: string | undefined
  for (let p = table.advance(-1); p >= 0; p = table.advance(p)) {
    const key = textOf(table.keyAt(p))
    const value = table.valueAt(p)
    if (key === undefined) throw new Refusal(Errors.registerKey)
    if (key === "function_name") {
      name = textOf(value)
      if (name === undefined) throw new Refusal(Errors.registerNameType)
    } else if (key === "description") {
      description = textOf(value)
      if (description === undefined) throw new Refusal(Errors.registerDescription)
    } else if (key === "callback") {
      if (!(value instanceof LuaFunction)) throw new Refusal(Errors.registerCallbackType)
      callback = value
    } else if (key === "flags") flags = flagsIn(value)
    else throw new Refusal(Errors.registerUnknown)
  }
  if (name === undefined) throw new Refusal(Errors.registerNoName)
  if (callback === undefined) throw new Refusal(Errors.registerNoCallback)
  return { name, callback, flags, description }
}

const declared = (args: ReadonlyArray<LuaValue>): Declared => {
  if (args.length < 1 || args.length > 2) throw new Refusal(Errors.registerArguments)
  const [first, callback] = args
  if (args.length === 1) {
    if (!(first instanceof LuaTable)) throw new Refusal(Errors.registerNoTable)
    return named(first)
  }
  const name = textOf(first)
  if (name === undefined) throw new Refusal(Errors.registerFirst)
  if (!(callback instanceof LuaFunction)) throw new Refusal(Errors.registerSecond)
  return { name, callback, flags: new Set(), description: undefined }
}

/** The function of the library; `functions` takes what it is told. */
export const registerFunction = (state: LuaState, functions: () => Map<string, Declared>): LuaFunction =>
  builtin("register_function", (...args) => {
    try {
      const one = declared(args)
      if (!isName(one.name)) throw new Refusal(Errors.libraryNameInvalid)
      if (functions().has(one.name)) throw new Refusal(Errors.registerTwice)
      functions().set(one.name, one)
      return []
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const table = new LuaTable(0, 1)
      table.setText("err", error.text)
      throw new LuaError(table, state.at)
    }
  })
