/** Methods of the group set. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Gives, Integer, Kind, Many } from "../Kind.js"
import type { Word } from "../Values.js"

export interface SetMethods<T, K extends Kind> {
  /** Adds members to a set, creating it when missing. */
  readonly sadd: (key: Word, member: Many<Word>) => Gives<K, number>

  /** Counts the members of a set. */
  readonly scard: (key: Word) => Gives<K, number>

  /** Lists the members of the first set that no other set has. */
  readonly sdiff: (key: Many<Word>) => Gives<K, ReadonlyArray<T>>

  /** Stores the members of the first set that no other set has. */
  readonly sdiffstore: (destination: Word, key: Many<Word>) => Gives<K, number>

  /** Lists the members that all sets share. */
  readonly sinter: (key: Many<Word>) => Gives<K, ReadonlyArray<T>>

  /** Counts the members that all sets share, up to a limit. */
  readonly sintercard: (
    key: Many<Word>,
    options?: { readonly LIMIT?: Integer | undefined },
  ) => Gives<K, number>

  /** Stores the members that all sets share. */
  readonly sinterstore: (destination: Word, key: Many<Word>) => Gives<K, number>

  /** Tells whether a set has a member. */
  readonly sismember: (key: Word, member: Word) => Gives<K, 0 | 1>

  /** Lists the members of a set. */
  readonly smembers: (key: Word) => Gives<K, ReadonlyArray<T>>

  /** Tells, for each member named, whether a set has it. */
  readonly smismember: (key: Word, member: Many<Word>) => Gives<K, ReadonlyArray<0 | 1>>

  /** Moves a member from one set to another. */
  readonly smove: (source: Word, destination: Word, member: Word) => Gives<K, 0 | 1>

  /** Removes members drawn at random and returns them. */
  readonly spop: (key: Word, count?: Integer) => Gives<K, T | ReadonlyArray<T> | null>

  /** Returns members drawn at random. */
  readonly srandmember: (key: Word, count?: Integer) => Gives<K, T | ReadonlyArray<T> | null>

  /** Removes members from a set. */
  readonly srem: (key: Word, member: Many<Word>) => Gives<K, number>

  /** Walks the members of a set a step at a time. */
  readonly sscan: (
    key: Word,
    cursor: Word,
    options?: { readonly MATCH?: Word | undefined; readonly COUNT?: Integer | undefined },
  ) => Gives<K, readonly [T, ReadonlyArray<T>]>

  /** Lists the members that any of the sets has. */
  readonly sunion: (key: Many<Word>) => Gives<K, ReadonlyArray<T>>

  /** Stores the members that any of the sets has. */
  readonly sunionstore: (destination: Word, key: Many<Word>) => Gives<K, number>
}
