/** Methods of the group hash. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Double, Gives, Integer, Kind, Many, Pairs } from "../Kind.js"
import type { Word } from "../Values.js"

export interface HashMethods<T, K extends Kind> {
  /** Removes fields from a hash. */
  readonly hdel: (key: Word, field: Many<Word>) => Gives<K, number>

  /** Tells whether a hash has a field. */
  readonly hexists: (key: Word, field: Word) => Gives<K, 0 | 1>

  /** Reads a field's value. */
  readonly hget: (key: Word, field: Word) => Gives<K, T | null>

  /** Lists the fields of a hash with their values. */
  readonly hgetall: (key: Word) => Gives<K, ReadonlyMap<T, T>>

  /** Adds to a field's integer value, counting from 0 when missing. */
  readonly hincrby: (key: Word, field: Word, increment: Integer) => Gives<K, number | bigint>

  /** Adds a floating-point amount to a field's number, counting from 0 when missing. */
  readonly hincrbyfloat: (key: Word, field: Word, increment: Double) => Gives<K, T>

  /** Lists the fields of a hash. */
  readonly hkeys: (key: Word) => Gives<K, ReadonlyArray<T>>

  /** Counts the fields of a hash. */
  readonly hlen: (key: Word) => Gives<K, number>

  /** Reads the values of several fields. */
  readonly hmget: (key: Word, field: Many<Word>) => Gives<K, ReadonlyArray<T | null>>

  /** Writes several fields (the old form of HSET). Deprecated: use `HSET` with multiple field-value pairs. */
  readonly hmset: (key: Word, fieldValue: Pairs<Word, Word>) => Gives<K, "OK">

  /** Returns fields drawn at random, with their values if asked. */
  readonly hrandfield: (
    key: Word,
    options?: { readonly count: Integer; readonly WITHVALUES?: true | undefined },
  ) => Gives<K, T | ReadonlyArray<T> | ReadonlyArray<readonly [T, T]> | null>

  /** Walks the fields of a hash a step at a time. */
  readonly hscan: (
    key: Word,
    cursor: Word,
    options?: { readonly MATCH?: Word | undefined; readonly COUNT?: Integer | undefined },
  ) => Gives<K, readonly [T, ReadonlyArray<T>]>

  /** Writes fields of a hash, creating it when missing. */
  readonly hset: (key: Word, fieldValue: Pairs<Word, Word>) => Gives<K, number>

  /** Writes a field only if the hash lacks it. */
  readonly hsetnx: (key: Word, field: Word, value: Word) => Gives<K, 0 | 1>

  /** Counts the bytes of a field's value. */
  readonly hstrlen: (key: Word, field: Word) => Gives<K, number>

  /** Lists the values of a hash. */
  readonly hvals: (key: Word) => Gives<K, ReadonlyArray<T>>
}
