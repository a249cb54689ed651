/** Methods of the group generic. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Gives, Integer, Kind, Many, OneOf } from "../Kind.js"
import type { Value, Word } from "../Values.js"

export interface GenericMethods<T, K extends Kind> {
  /** Duplicates a key's value under another name. */
  readonly copy: (
    source: Word,
    destination: Word,
    options?: { readonly DB?: Integer | undefined; readonly REPLACE?: true | undefined },
  ) => Gives<K, 0 | 1>

  /** Deletes keys. */
  readonly del: (key: Many<Word>) => Gives<K, number>

  /** Serialises a key's value in the form RESTORE reads. */
  readonly dump: (key: Word) => Gives<K, T | null>

  /** Counts how many of the named keys exist, repeats included. */
  readonly exists: (key: Many<Word>) => Gives<K, number>

  /** Lets a key expire after some seconds. */
  readonly expire: (
    key: Word,
    seconds: Integer,
    options?: OneOf<{ readonly NX: true; readonly XX: true; readonly GT: true; readonly LT: true }>,
  ) => Gives<K, 0 | 1>

  /** Lets a key expire at a Unix time in seconds. */
  readonly expireat: (
    key: Word,
    unixTimeSeconds: Integer,
    options?: OneOf<{ readonly NX: true; readonly XX: true; readonly GT: true; readonly LT: true }>,
  ) => Gives<K, 0 | 1>

  /** Tells the Unix time, in seconds, at which a key expires. */
  readonly expiretime: (key: Word) => Gives<K, number | bigint>

  /** Lists every key name that matches a glob pattern. */
  readonly keys: (pattern: Word) => Gives<K, ReadonlyArray<T>>

  /** Carries a key over to another database. */
  readonly move: (key: Word, db: Integer) => Gives<K, 0 | 1>

  /** Names the internal representation of a key's value. */
  readonly objectEncoding: (key: Word) => Gives<K, T | null>

  /** Tells the logarithmic access counter of a key, kept under an LFU policy. */
  readonly objectFreq: (key: Word) => Gives<K, number | null>

  /** Lists the OBJECT subcommands with a line about each. */
  readonly objectHelp: () => Gives<K, Value<T>>

  /** Tells for how many seconds nobody has accessed a key. */
  readonly objectIdletime: (key: Word) => Gives<K, number | null>

  /** Tells how many references share a key's value. */
  readonly objectRefcount: (key: Word) => Gives<K, number | null>

  /** Takes away a key's expiry. */
  readonly persist: (key: Word) => Gives<K, 0 | 1>

  /** Lets a key expire after some milliseconds. */
  readonly pexpire: (
    key: Word,
    milliseconds: Integer,
    options?: OneOf<{ readonly NX: true; readonly XX: true; readonly GT: true; readonly LT: true }>,
  ) => Gives<K, 0 | 1>

  /** Lets a key expire at a Unix time in milliseconds. */
  readonly pexpireat: (
    key: Word,
    unixTimeMilliseconds: Integer,
    options?: OneOf<{ readonly NX: true; readonly XX: true; readonly GT: true; readonly LT: true }>,
  ) => Gives<K, 0 | 1>

  /** Tells the Unix time, in milliseconds, at which a key expires. */
  readonly pexpiretime: (key: Word) => Gives<K, number | bigint>

  /** Tells how many milliseconds a key has left. */
  readonly pttl: (key: Word) => Gives<K, number | bigint>

  /** Names one key of the database, drawn at random. */
  readonly randomkey: () => Gives<K, T | null>

  /** Gives a key another name, replacing a key that has it. */
  readonly rename: (key: Word, newkey: Word) => Gives<K, "OK">

  /** Gives a key another name unless that name is taken. */
  readonly renamenx: (key: Word, newkey: Word) => Gives<K, 0 | 1>

  /** Creates a key from the bytes DUMP produced. */
  readonly restore: (
    key: Word,
    ttl: Integer,
    serializedValue: Word,
    options?: {
      readonly REPLACE?: true | undefined
      readonly ABSTTL?: true | undefined
      readonly IDLETIME?: Integer | undefined
      readonly FREQ?: Integer | undefined
    },
  ) => Gives<K, "OK">

  /** Walks the key names of the database a step at a time. */
  readonly scan: (
    cursor: Word,
    options?: {
      readonly MATCH?: Word | undefined
      readonly COUNT?: Integer | undefined
      readonly TYPE?: Word | undefined
    },
  ) => Gives<K, readonly [T, ReadonlyArray<T>]>

  /** Sorts a list, set or sorted set and returns or stores the result. */
  readonly sort: (
    key: Word,
    options?: {
      readonly BY?: Word | undefined
      readonly LIMIT?: readonly [offset: Integer, count: Integer] | undefined
      readonly GET?: Many<Word> | undefined
      readonly ALPHA?: true | undefined
      readonly STORE?: Word | undefined
    } & OneOf<{ readonly ASC: true; readonly DESC: true }>,
  ) => Gives<K, number | ReadonlyArray<T | null>>

  /** Sorts a list, set or sorted set and returns the result; it cannot store. */
  readonly sortRo: (
    key: Word,
    options?: {
      readonly BY?: Word | undefined
      readonly LIMIT?: readonly [offset: Integer, count: Integer] | undefined
      readonly GET?: Many<Word> | undefined
      readonly ALPHA?: true | undefined
    } & OneOf<{ readonly ASC: true; readonly DESC: true }>,
  ) => Gives<K, ReadonlyArray<T | null>>

  /** Marks keys as accessed now and counts those that exist. */
  readonly touch: (key: Many<Word>) => Gives<K, number>

  /** Tells how many seconds a key has left. */
  readonly ttl: (key: Word) => Gives<K, number | bigint>

  /** Names the data type of a key's value. */
  readonly type: (key: Word) => Gives<K, T>

  /** Removes keys at once and frees their memory in the background. */
  readonly unlink: (key: Many<Word>) => Gives<K, number>

  /** Waits until enough replicas have acknowledged the writes sent before on this connection. */
  readonly wait: (numreplicas: Integer, timeout: Integer) => Gives<K, number>

  /** Waits until the writes sent before on this connection are on the disk, here and on enough replicas. */
  readonly waitaof: (numlocal: Integer, numreplicas: Integer, timeout: Integer) => Gives<K, Value<T>>
}
