/** Methods of the group sorted-set. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Double, Gives, Integer, Kind, Many, OneOf } from "../Kind.js"
import type { Word } from "../Values.js"

export interface SortedSetMethods<T, K extends Kind> {
  /** Pops members with the lowest or highest scores from the first sorted set that has any, waiting where none has. */
  readonly bzmpop: (
    timeout: Double,
    key: Many<Word>,
    where: "MIN" | "MAX",
    options?: { readonly COUNT?: Integer | undefined },
  ) => Gives<K, readonly [T, ReadonlyArray<readonly [T, number]>] | null>

  /** Pops the member with the highest score from the first sorted set that has any, waiting where none has. */
  readonly bzpopmax: (key: Many<Word>, timeout: Double) => Gives<K, readonly [T, T, number] | null>

  /** Pops the member with the lowest score from the first sorted set that has any, waiting where none has. */
  readonly bzpopmin: (key: Many<Word>, timeout: Double) => Gives<K, readonly [T, T, number] | null>

  /** Adds members with scores, or changes the scores of members. */
  readonly zadd: (
    key: Word,
    scoreMember: Many<readonly [score: Double, member: Word]>,
    options?: { readonly CH?: true | undefined; readonly INCR?: true | undefined } & OneOf<{
      readonly NX: true
      readonly XX: true
    }> &
      OneOf<{ readonly GT: true; readonly LT: true }>,
  ) => Gives<K, number | null>

  /** Counts the members of a sorted set. */
  readonly zcard: (key: Word) => Gives<K, number>

  /** Counts the members whose scores lie in a range. */
  readonly zcount: (key: Word, min: Double, max: Double) => Gives<K, number>

  /** Lists the members of the first sorted set that no other has. */
  readonly zdiff: (
    key: Many<Word>,
    options?: { readonly WITHSCORES?: true | undefined },
  ) => Gives<K, ReadonlyArray<T> | ReadonlyArray<readonly [T, number]>>

  /** Stores the members of the first sorted set that no other has. */
  readonly zdiffstore: (destination: Word, key: Many<Word>) => Gives<K, number>

  /** Adds to a member's score, counting from 0 when missing. */
  readonly zincrby: (key: Word, increment: Integer, member: Word) => Gives<K, number>

  /** Lists the members that all sorted sets share. */
  readonly zinter: (
    key: Many<Word>,
    options?: {
      readonly WEIGHTS?: Many<Integer> | undefined
      readonly AGGREGATE?: "SUM" | "MIN" | "MAX" | undefined
      readonly WITHSCORES?: true | undefined
    },
  ) => Gives<K, ReadonlyArray<T> | ReadonlyArray<readonly [T, number]>>

  /** Counts the members that all sorted sets share, up to a limit. */
  readonly zintercard: (
    key: Many<Word>,
    options?: { readonly LIMIT?: Integer | undefined },
  ) => Gives<K, number>

  /** Stores the members that all sorted sets share. */
  readonly zinterstore: (
    destination: Word,
    key: Many<Word>,
    options?: {
      readonly WEIGHTS?: Many<Integer> | undefined
      readonly AGGREGATE?: "SUM" | "MIN" | "MAX" | undefined
    },
  ) => Gives<K, number>

  /** Counts the members between two names, where scores are equal. */
  readonly zlexcount: (key: Word, min: Word, max: Word) => Gives<K, number>

  /** Pops members with the lowest or highest scores from the first sorted set that has any. */
  readonly zmpop: (
    key: Many<Word>,
    where: "MIN" | "MAX",
    options?: { readonly COUNT?: Integer | undefined },
  ) => Gives<K, readonly [T, ReadonlyArray<readonly [T, number]>] | null>

  /** Reads the scores of several members. */
  readonly zmscore: (key: Word, member: Many<Word>) => Gives<K, ReadonlyArray<number | null>>

  /** Pops the members with the highest scores. */
  readonly zpopmax: (
    key: Word,
    count?: Integer,
  ) => Gives<K, readonly [T, number] | readonly [] | ReadonlyArray<readonly [T, number]>>

  /** Pops the members with the lowest scores. */
  readonly zpopmin: (
    key: Word,
    count?: Integer,
  ) => Gives<K, readonly [T, number] | readonly [] | ReadonlyArray<readonly [T, number]>>

  /** Returns members drawn at random, with their scores if asked. */
  readonly zrandmember: (
    key: Word,
    options?: { readonly count: Integer; readonly WITHSCORES?: true | undefined },
  ) => Gives<K, T | ReadonlyArray<T> | ReadonlyArray<readonly [T, number]> | null>

  /** Lists the members in a range of ranks, scores or names, in either direction. */
  readonly zrange: (
    key: Word,
    start: Word,
    stop: Word,
    options?: {
      readonly REV?: true | undefined
      readonly LIMIT?: readonly [offset: Integer, count: Integer] | undefined
      readonly WITHSCORES?: true | undefined
    } & OneOf<{ readonly BYSCORE: true; readonly BYLEX: true }>,
  ) => Gives<K, ReadonlyArray<T> | ReadonlyArray<readonly [T, number]>>

  /** Lists the members between two names, where scores are equal. Deprecated: use `ZRANGE` with the `BYLEX` argument. */
  readonly zrangebylex: (
    key: Word,
    min: Word,
    max: Word,
    options?: { readonly LIMIT?: readonly [offset: Integer, count: Integer] | undefined },
  ) => Gives<K, ReadonlyArray<T>>

  /** Lists the members whose scores lie in a range. Deprecated: use `ZRANGE` with the `BYSCORE` argument. */
  readonly zrangebyscore: (
    key: Word,
    min: Double,
    max: Double,
    options?: {
      readonly WITHSCORES?: true | undefined
      readonly LIMIT?: readonly [offset: Integer, count: Integer] | undefined
    },
  ) => Gives<K, ReadonlyArray<T> | ReadonlyArray<readonly [T, number]>>

  /** Stores the members in a range of ranks, scores or names. */
  readonly zrangestore: (
    dst: Word,
    src: Word,
    min: Word,
    max: Word,
    options?: {
      readonly REV?: true | undefined
      readonly LIMIT?: readonly [offset: Integer, count: Integer] | undefined
    } & OneOf<{ readonly BYSCORE: true; readonly BYLEX: true }>,
  ) => Gives<K, number>

  /** Tells a member's rank, lowest score first. */
  readonly zrank: (key: Word, member: Word) => Gives<K, number | null>

  /** Removes members from a sorted set. */
  readonly zrem: (key: Word, member: Many<Word>) => Gives<K, number>

  /** Removes the members between two names, where scores are equal. */
  readonly zremrangebylex: (key: Word, min: Word, max: Word) => Gives<K, number>

  /** Removes the members in a range of ranks. */
  readonly zremrangebyrank: (key: Word, start: Integer, stop: Integer) => Gives<K, number>

  /** Removes the members whose scores lie in a range. */
  readonly zremrangebyscore: (key: Word, min: Double, max: Double) => Gives<K, number>

  /** Lists the members in a range of ranks, highest score first. Deprecated: use `ZRANGE` with the `REV` argument. */
  readonly zrevrange: (
    key: Word,
    start: Integer,
    stop: Integer,
    options?: { readonly WITHSCORES?: true | undefined },
  ) => Gives<K, ReadonlyArray<T> | ReadonlyArray<readonly [T, number]>>

  /** Lists the members between two names backwards, where scores are equal. Deprecated: use `ZRANGE` with the `REV` and `BYLEX` arguments. */
  readonly zrevrangebylex: (
    key: Word,
    max: Word,
    min: Word,
    options?: { readonly LIMIT?: readonly [offset: Integer, count: Integer] | undefined },
  ) => Gives<K, ReadonlyArray<T>>

  /** Lists the members whose scores lie in a range, highest score first. Deprecated: use `ZRANGE` with the `REV` and `BYSCORE` arguments. */
  readonly zrevrangebyscore: (
    key: Word,
    max: Double,
    min: Double,
    options?: {
      readonly WITHSCORES?: true | undefined
      readonly LIMIT?: readonly [offset: Integer, count: Integer] | undefined
    },
  ) => Gives<K, ReadonlyArray<T> | ReadonlyArray<readonly [T, number]>>

  /** Tells a member's rank, highest score first. */
  readonly zrevrank: (key: Word, member: Word) => Gives<K, number | null>

  /** Walks the members of a sorted set a step at a time. */
  readonly zscan: (
    key: Word,
    cursor: Word,
    options?: { readonly MATCH?: Word | undefined; readonly COUNT?: Integer | undefined },
  ) => Gives<K, readonly [T, ReadonlyArray<T>]>

  /** Reads a member's score. */
  readonly zscore: (key: Word, member: Word) => Gives<K, number | null>

  /** Lists the members that any of the sorted sets has. */
  readonly zunion: (
    key: Many<Word>,
    options?: {
      readonly WEIGHTS?: Many<Integer> | undefined
      readonly AGGREGATE?: "SUM" | "MIN" | "MAX" | undefined
      readonly WITHSCORES?: true | undefined
    },
  ) => Gives<K, ReadonlyArray<T> | ReadonlyArray<readonly [T, number]>>

  /** Stores the members that any of the sorted sets has. */
  readonly zunionstore: (
    destination: Word,
    key: Many<Word>,
    options?: {
      readonly WEIGHTS?: Many<Integer> | undefined
      readonly AGGREGATE?: "SUM" | "MIN" | "MAX" | undefined
    },
  ) => Gives<K, number>
}
