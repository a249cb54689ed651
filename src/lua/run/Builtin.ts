/**
 * How a function of the library is declared.
 *
 *     builtin("len", (s) => ..., { returns: "number" })            never calls Lua
 *     builtin("sort", plain, { calls: "always", through: [1] }, *steps)   may call Lua
 *
 * The plain form gets the arguments one by one and tells a missing one from nil by `arguments.length` (so it is a
 * `function`, not an arrow) or by a rest parameter. The second form calls Lua by `yield* state.call(..)`, and pays for
 * its loops by `if (--state.fuel < 0 && state.tick()) yield undefined`; its `this` is of no use to it.
 */
import {
  type BuiltinInfo,
  type GeneratorForm,
  LuaFunction,
  LuaTable,
  type LuaValue,
  type PlainForm,
} from "./Value.js"

export const builtin = (
  name: string,
  p: PlainForm,
  options: Omit<Partial<BuiltinInfo>, "name"> = {},
  g?: GeneratorForm,
): LuaFunction => new LuaFunction(p, g, undefined, { cost: 1, ...options, name })

/** A library's table, its functions entered in the order given, under the names they are declared with. */
export const library = (
  functions: ReadonlyArray<LuaFunction>,
  others: Iterable<[string, LuaValue]> = [],
): LuaTable => {
  const table = new LuaTable(0, functions.length)
  for (const f of functions) if (f.info !== undefined) table.setText(f.info.name, f)
  for (const [name, value] of others) table.setText(name, value)
  return table
}
