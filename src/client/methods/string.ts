/** Methods of the group string. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Double, Gives, Integer, Kind, Many, OneOf, Pairs } from "../Kind.js"
import type { Value, Word } from "../Values.js"

export interface StringMethods<T, K extends Kind> {
  /** Adds bytes to the end of a string, creating it when missing. */
  readonly append: (key: Word, value: Word) => Gives<K, number>

  /** Takes one from a key's integer value, counting from 0 when missing. */
  readonly decr: (key: Word) => Gives<K, number | bigint>

  /** Takes a given amount from a key's integer value, counting from 0 when missing. */
  readonly decrby: (key: Word, decrement: Integer) => Gives<K, number | bigint>

  /** Reads a key's string. */
  readonly get: (key: Word) => Gives<K, T | null>

  /** Reads a key's string and deletes the key. */
  readonly getdel: (key: Word) => Gives<K, T | null>

  /** Reads a key's string and sets or clears its expiry. */
  readonly getex: (
    key: Word,
    options?: OneOf<{
      readonly EX: Integer
      readonly PX: Integer
      readonly EXAT: Integer
      readonly PXAT: Integer
      readonly PERSIST: true
    }>,
  ) => Gives<K, T | null>

  /** Reads the part of a string between two offsets. */
  readonly getrange: (key: Word, start: Integer, end: Integer) => Gives<K, T>

  /** Stores a new string under a key and returns the old one. Deprecated: use `SET` with the `!GET` argument. */
  readonly getset: (key: Word, value: Word) => Gives<K, T | null>

  /** Adds one to a key's integer value, counting from 0 when missing. */
  readonly incr: (key: Word) => Gives<K, number | bigint>

  /** Adds a given amount to a key's integer value, counting from 0 when missing. */
  readonly incrby: (key: Word, increment: Integer) => Gives<K, number | bigint>

  /** Adds a floating-point amount to a key's number, counting from 0 when missing. */
  readonly incrbyfloat: (key: Word, increment: Double) => Gives<K, T>

  /** Computes the longest subsequence that two strings share. */
  readonly lcs: (
    key1: Word,
    key2: Word,
    options?: {
      readonly LEN?: true | undefined
      readonly IDX?: true | undefined
      readonly MINMATCHLEN?: Integer | undefined
      readonly WITHMATCHLEN?: true | undefined
    },
  ) => Gives<K, number | T | ReadonlyMap<T, Value<T>>>

  /** Reads the strings of several keys in one step. */
  readonly mget: (key: Many<Word>) => Gives<K, ReadonlyArray<T | null>>

  /** Stores several keys in one step. */
  readonly mset: (keyValue: Pairs<Word, Word>) => Gives<K, "OK">

  /** Stores several keys in one step, but only if none of them exists. */
  readonly msetnx: (keyValue: Pairs<Word, Word>) => Gives<K, 0 | 1>

  /** Stores a string that expires after some milliseconds. */
  readonly psetex: (key: Word, milliseconds: Integer, value: Word) => Gives<K, "OK">

  /** Stores a string under a key, whatever type it held, with optional conditions and expiry. */
  readonly set: (
    key: Word,
    value: Word,
    options?: { readonly GET?: true | undefined } & OneOf<{ readonly NX: true; readonly XX: true }> &
      OneOf<{
        readonly EX: Integer
        readonly PX: Integer
        readonly EXAT: Integer
        readonly PXAT: Integer
        readonly KEEPTTL: true
      }>,
  ) => Gives<K, "OK" | T | null>

  /** Stores a string that expires after some seconds. */
  readonly setex: (key: Word, seconds: Integer, value: Word) => Gives<K, "OK">

  /** Stores a string only where no key of that name exists. */
  readonly setnx: (key: Word, value: Word) => Gives<K, 0 | 1>

  /** Overwrites bytes of a string from an offset on, padding with zero bytes. */
  readonly setrange: (key: Word, offset: Integer, value: Word) => Gives<K, number>

  /** Counts the bytes of a string. */
  readonly strlen: (key: Word) => Gives<K, number>

  /** Reads the part of a string between two offsets (the old name of GETRANGE). Deprecated: use `GETRANGE`. */
  readonly substr: (key: Word, start: Integer, end: Integer) => Gives<K, T>
}
