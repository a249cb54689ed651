/** What the compiler may rely on when it meets a function of the library by its name. */
export interface BuiltinInfo {
  readonly name: string
  /**
   * When it may call Lua, so that its generator form must be taken: "always", or "metatables" only in programs that can
   * make metatables.
   */
  readonly calls?: "always" | "metatables"
  /** Positions of the arguments (from 0) through which alone it may call Lua: by a function, or by a metatable. */
  readonly through?: ReadonlyArray<number>
  /** It calls Lua once, so that its plain form will do where what it calls has only that. */
  readonly once?: boolean
  /** It is coroutine.yield, for which compiled code yields itself. */
  readonly yields?: boolean
  /** What it returns if it returns: exactly one value of this kind. Unset: anything. */
  readonly returns?: "number" | "string" | "boolean" | "value"
  /** About how many simple operations one call costs. */
  readonly cost: number
}
