/** Methods of the group list. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Double, Gives, Integer, Kind, Many } from "../Kind.js"
import type { Word } from "../Values.js"

export interface ListMethods<T, K extends Kind> {
  /** Moves an element between two lists, waiting for one where the source is empty. */
  readonly blmove: (
    source: Word,
    destination: Word,
    wherefrom: "LEFT" | "RIGHT",
    whereto: "LEFT" | "RIGHT",
    timeout: Double,
  ) => Gives<K, T | null>

  /** Pops elements from the first list that has any, waiting where none has. */
  readonly blmpop: (
    timeout: Double,
    key: Many<Word>,
    where: "LEFT" | "RIGHT",
    options?: { readonly COUNT?: Integer | undefined },
  ) => Gives<K, readonly [T, ReadonlyArray<T>] | null>

  /** Pops the first element of the first list that has any, waiting where none has. */
  readonly blpop: (key: Many<Word>, timeout: Double) => Gives<K, readonly [T, T] | null>

  /** Pops the last element of the first list that has any, waiting where none has. */
  readonly brpop: (key: Many<Word>, timeout: Double) => Gives<K, readonly [T, T] | null>

  /** Moves the last element of one list to the front of another, waiting where the source is empty. Deprecated: use `BLMOVE` with the `RIGHT` and `LEFT` arguments. */
  readonly brpoplpush: (source: Word, destination: Word, timeout: Double) => Gives<K, T | null>

  /** Reads the element at an index. */
  readonly lindex: (key: Word, index: Integer) => Gives<K, T | null>

  /** Inserts an element before or after another. */
  readonly linsert: (key: Word, where: "BEFORE" | "AFTER", pivot: Word, element: Word) => Gives<K, number>

  /** Counts the elements of a list. */
  readonly llen: (key: Word) => Gives<K, number>

  /** Moves an element from an end of one list to an end of another. */
  readonly lmove: (
    source: Word,
    destination: Word,
    wherefrom: "LEFT" | "RIGHT",
    whereto: "LEFT" | "RIGHT",
  ) => Gives<K, T | null>

  /** Pops elements from the first list that has any. */
  readonly lmpop: (
    key: Many<Word>,
    where: "LEFT" | "RIGHT",
    options?: { readonly COUNT?: Integer | undefined },
  ) => Gives<K, readonly [T, ReadonlyArray<T>] | null>

  /** Pops elements from the front of a list. */
  readonly lpop: (key: Word, count?: Integer) => Gives<K, T | ReadonlyArray<T> | null>

  /** Finds the indexes at which an element stands. */
  readonly lpos: (
    key: Word,
    element: Word,
    options?: {
      readonly RANK?: Integer | undefined
      readonly COUNT?: Integer | undefined
      readonly MAXLEN?: Integer | undefined
    },
  ) => Gives<K, number | ReadonlyArray<number> | null>

  /** Puts elements in front of a list, creating it when missing. */
  readonly lpush: (key: Word, element: Many<Word>) => Gives<K, number>

  /** Puts elements in front of a list that exists. */
  readonly lpushx: (key: Word, element: Many<Word>) => Gives<K, number>

  /** Reads the elements between two indexes. */
  readonly lrange: (key: Word, start: Integer, stop: Integer) => Gives<K, ReadonlyArray<T>>

  /** Removes elements equal to the one given, from either end. */
  readonly lrem: (key: Word, count: Integer, element: Word) => Gives<K, number>

  /** Replaces the element at an index. */
  readonly lset: (key: Word, index: Integer, element: Word) => Gives<K, "OK">

  /** Cuts a list down to the elements between two indexes. */
  readonly ltrim: (key: Word, start: Integer, stop: Integer) => Gives<K, "OK">

  /** Pops elements from the back of a list. */
  readonly rpop: (key: Word, count?: Integer) => Gives<K, T | ReadonlyArray<T> | null>

  /** Moves the last element of one list to the front of another. Deprecated: use `LMOVE` with the `RIGHT` and `LEFT` arguments. */
  readonly rpoplpush: (source: Word, destination: Word) => Gives<K, T | null>

  /** Puts elements behind a list, creating it when missing. */
  readonly rpush: (key: Word, element: Many<Word>) => Gives<K, number>

  /** Puts elements behind a list that exists. */
  readonly rpushx: (key: Word, element: Many<Word>) => Gives<K, number>
}
