/** Methods of the group scripting. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Gives, Kind, Many, OneOf } from "../Kind.js"
import type { Value, Word } from "../Values.js"

export interface ScriptingMethods<T, K extends Kind> {
  /** Runs a Lua script. */
  readonly eval: (script: Word, key?: Many<Word>, arg?: Many<Word>) => Gives<K, Value<T>>

  /** Runs a Lua script that may not write. */
  readonly evalRo: (script: Word, key?: Many<Word>, arg?: Many<Word>) => Gives<K, Value<T>>

  /** Runs a cached Lua script by its SHA-1. */
  readonly evalsha: (sha1: Word, key?: Many<Word>, arg?: Many<Word>) => Gives<K, Value<T>>

  /** Runs a cached Lua script, which may not write, by its SHA-1. */
  readonly evalshaRo: (sha1: Word, key?: Many<Word>, arg?: Many<Word>) => Gives<K, Value<T>>

  /** Calls a function of a loaded library. */
  readonly fcall: (function_: Word, key?: Many<Word>, arg?: Many<Word>) => Gives<K, Value<T>>

  /** Calls a function of a loaded library that may not write. */
  readonly fcallRo: (function_: Word, key?: Many<Word>, arg?: Many<Word>) => Gives<K, Value<T>>

  /** Removes a library and its functions. */
  readonly functionDelete: (libraryName: Word) => Gives<K, "OK">

  /** Serialises all libraries in the form FUNCTION RESTORE reads. */
  readonly functionDump: () => Gives<K, Value<T>>

  /** Removes all libraries. */
  readonly functionFlush: (options?: OneOf<{ readonly ASYNC: true; readonly SYNC: true }>) => Gives<K, "OK">

  /** Lists the FUNCTION subcommands with a line about each. */
  readonly functionHelp: () => Gives<K, Value<T>>

  /** Stops the function that is running, if it has not written. */
  readonly functionKill: () => Gives<K, "OK">

  /** Shows the libraries and their functions. */
  readonly functionList: (options?: {
    readonly LIBRARYNAME?: Word | undefined
    readonly WITHCODE?: true | undefined
  }) => Gives<K, ReadonlyArray<ReadonlyMap<T, Value<T>>>>

  /** Loads a library from source text. */
  readonly functionLoad: (
    functionCode: Word,
    options?: { readonly REPLACE?: true | undefined },
  ) => Gives<K, T>

  /** Loads libraries from the bytes FUNCTION DUMP produced. */
  readonly functionRestore: (
    serializedValue: Word,
    options?: OneOf<{ readonly FLUSH: true; readonly APPEND: true; readonly REPLACE: true }>,
  ) => Gives<K, "OK">

  /** Shows the function that is running and the engines at hand. */
  readonly functionStats: () => Gives<K, Value<T>>

  /** Chooses how EVAL debugs the scripts of this connection. */
  readonly scriptDebug: (mode: "YES" | "SYNC" | "NO") => Gives<K, Value<T>>

  /** Tells which SHA-1 digests name cached scripts. */
  readonly scriptExists: (sha1: Many<Word>) => Gives<K, ReadonlyArray<0 | 1>>

  /** Empties the cache of scripts. */
  readonly scriptFlush: (options?: OneOf<{ readonly ASYNC: true; readonly SYNC: true }>) => Gives<K, "OK">

  /** Lists the SCRIPT subcommands with a line about each. */
  readonly scriptHelp: () => Gives<K, Value<T>>

  /** Stops the script that is running, if it has not written. */
  readonly scriptKill: () => Gives<K, "OK">

  /** Puts a script into the cache and returns its SHA-1. */
  readonly scriptLoad: (script: Word) => Gives<K, T>
}
