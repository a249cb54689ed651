/**
 * A place in a program from which something is called, with all that an error's text says about it. The compiler makes
 * one for each call that can fail; before it calls a function of the library it stores it in the state (`at`), where
 * errors find it.
 */
export interface Place {
  /** The name of the chunk as errors print it: `user_script`, `[string "x = 1"]`. */
  readonly chunk: string
  /** The name the chunk was given: `@user_script`, or its source. */
  readonly source: string
  /** What is known of the chunk, kept here for as long as its code is. */
  readonly origin?: object
  /** -1 where the caller is no Lua code. */
  readonly line: number
}

export interface Site extends Place {
  /** The name by which the function is called, `?` where it has none. */
  readonly name: string
  /** Whether it is called as a method: then the first argument is not counted. */
  readonly method: boolean
  /** What is called, as in `attempt to call local 'f'`; empty where it has no name. */
  readonly callee: string
  /** What the function that is called here remembers of the last call. */
  memo: object | undefined
}

/** A place of an operator, from which metamethods are called: what its operands are called, as `local 'x'`, or empty. */
export interface OperatorSite extends Site {
  readonly left: string
  readonly right: string
}

/** The site of calls that come from the library or from the host. */
export const OUTSIDE: Site = {
  chunk: "",
  source: "=[C]",
  line: -1,
  name: "?",
  method: false,
  callee: "",
  memo: undefined,
}
