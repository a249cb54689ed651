/** Words that go in and values that come out, as JavaScript has them. */
import type { ReplyFailure } from "./Failures.js"

/** A word of a command: text as UTF-8, numbers as their digits, bytes as they are. */
export type Word = string | number | bigint | Uint8Array

/**
 * A reply. Strings are `T`, text or bytes as the client was asked for; states ("OK") are always text. Integers are numbers,
 * beyond 2^53 bigints; maps are Maps, sets arrays, nulls of all kinds null. Inside an array an error is a value.
 */
export type Value<T = string> =
  | T
  | string
  | number
  | bigint
  | boolean
  | null
  | ReplyFailure
  | ReadonlyArray<Value<T>>
  | ReadonlyMap<Value<T>, Value<T>>
