/** Methods of the group bitmap. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Gives, Integer, Kind, Many, OneOf, Pairs } from "../Kind.js"
import type { Word } from "../Values.js"

export interface BitmapMethods<K extends Kind> {
  /** Counts the one-bits of a string, or of a range of it. */
  readonly bitcount: (
    key: Word,
    index?: { readonly start: Integer; readonly end: Integer } & OneOf<{
      readonly BYTE: true
      readonly BIT: true
    }>,
  ) => Gives<K, number>

  /** Reads, writes and increments integers of any width inside a string. */
  readonly bitfield: (
    key: Word,
    operation?: Many<
      | { readonly GET: readonly [encoding: Word, offset: Integer] }
      | ({ readonly OVERFLOW?: "WRAP" | "SAT" | "FAIL" | undefined } & OneOf<{
          readonly SET: readonly [encoding: Word, offset: Integer, value: Integer]
          readonly INCRBY: readonly [encoding: Word, offset: Integer, increment: Integer]
        }>)
    >,
  ) => Gives<K, ReadonlyArray<number | bigint | null>>

  /** Reads integers of any width inside a string. */
  readonly bitfieldRo: (
    key: Word,
    options?: { readonly GET?: Pairs<Word, Integer> | undefined },
  ) => Gives<K, ReadonlyArray<number | bigint | null>>

  /** Combines strings bit by bit and stores the result. */
  readonly bitop: (operation: Word, destkey: Word, key: Many<Word>) => Gives<K, number>

  /** Finds the first bit that is one, or zero. */
  readonly bitpos: (
    key: Word,
    bit: Integer,
    index?: {
      readonly start: Integer
      readonly endIndex?:
        | ({ readonly end: Integer } & OneOf<{ readonly BYTE: true; readonly BIT: true }>)
        | undefined
    },
  ) => Gives<K, number>

  /** Reads one bit of a string. */
  readonly getbit: (key: Word, offset: Integer) => Gives<K, number>

  /** Writes one bit of a string and returns the bit it held. */
  readonly setbit: (key: Word, offset: Integer, value: Integer) => Gives<K, number>
}
