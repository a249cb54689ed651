/** Methods of the group stream. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Gives, Integer, Kind, Many, OneOf, Pairs } from "../Kind.js"
import type { Value, Word } from "../Values.js"

export interface StreamMethods<T, K extends Kind> {
  /** Marks messages as processed, so that a group no longer holds them pending. */
  readonly xack: (key: Word, group: Word, id: Many<Word>) => Gives<K, number>

  /** Appends an entry to a stream, creating it when missing. */
  readonly xadd: (
    key: Word,
    idOrAuto: "*" | Word,
    fieldValue: Pairs<Word, Word>,
    options?: {
      readonly NOMKSTREAM?: true | undefined
      readonly trim?:
        | ({
            readonly strategy: "MAXLEN" | "MINID"
            readonly threshold: Word
            readonly LIMIT?: Integer | undefined
          } & OneOf<{ readonly "=": true; readonly "~": true }>)
        | undefined
    },
  ) => Gives<K, T | null>

  /** Hands messages that have been pending for long to another consumer, walking the pending list in steps. */
  readonly xautoclaim: (
    key: Word,
    group: Word,
    consumer: Word,
    minIdleTime: Word,
    start: Word,
    options?: { readonly COUNT?: Integer | undefined; readonly JUSTID?: true | undefined },
  ) => Gives<
    K,
    readonly [
      T,
      ReadonlyArray<readonly [T, ReadonlyArray<T> | null] | null> | ReadonlyArray<T>,
      ReadonlyArray<T>,
    ]
  >

  /** Hands pending messages to another consumer. */
  readonly xclaim: (
    key: Word,
    group: Word,
    consumer: Word,
    minIdleTime: Word,
    id: Many<Word>,
    options?: {
      readonly IDLE?: Integer | undefined
      readonly TIME?: Integer | undefined
      readonly RETRYCOUNT?: Integer | undefined
      readonly FORCE?: true | undefined
      readonly JUSTID?: true | undefined
      readonly LASTID?: Word | undefined
    },
  ) => Gives<K, ReadonlyArray<readonly [T, ReadonlyArray<T> | null] | null> | ReadonlyArray<T>>

  /** Deletes entries by id. */
  readonly xdel: (key: Word, id: Many<Word>) => Gives<K, number>

  /** Creates a consumer group. */
  readonly xgroupCreate: (
    key: Word,
    groupname: Word,
    id: Word | "$",
    options?: { readonly MKSTREAM?: true | undefined; readonly ENTRIESREAD?: Integer | undefined },
  ) => Gives<K, "OK">

  /** Creates a consumer in a group. */
  readonly xgroupCreateconsumer: (key: Word, groupname: Word, consumername: Word) => Gives<K, number>

  /** Removes a consumer and what it holds pending. */
  readonly xgroupDelconsumer: (key: Word, groupname: Word, consumername: Word) => Gives<K, number>

  /** Removes a consumer group. */
  readonly xgroupDestroy: (key: Word, groupname: Word) => Gives<K, number>

  /** Lists the XGROUP subcommands with a line about each. */
  readonly xgroupHelp: () => Gives<K, Value<T>>

  /** Sets the id from which on a group delivers entries. */
  readonly xgroupSetid: (
    key: Word,
    groupname: Word,
    id: Word | "$",
    options?: { readonly ENTRIESREAD?: Integer | undefined },
  ) => Gives<K, "OK">

  /** Shows the consumers of a group. */
  readonly xinfoConsumers: (key: Word, groupname: Word) => Gives<K, ReadonlyArray<ReadonlyMap<T, Value<T>>>>

  /** Shows the consumer groups of a stream. */
  readonly xinfoGroups: (key: Word) => Gives<K, ReadonlyArray<ReadonlyMap<T, Value<T>>>>

  /** Lists the XINFO subcommands with a line about each. */
  readonly xinfoHelp: () => Gives<K, Value<T>>

  /** Shows a stream's size, bounds and node counts, in full if asked. */
  readonly xinfoStream: (
    key: Word,
    options?: { readonly FULL?: { readonly COUNT?: Integer | undefined } | undefined },
  ) => Gives<K, ReadonlyMap<T, Value<T>>>

  /** Counts the entries of a stream. */
  readonly xlen: (key: Word) => Gives<K, number>

  /** Shows what a group holds pending, as a summary or message by message. */
  readonly xpending: (
    key: Word,
    group: Word,
    filters?: {
      readonly IDLE?: Integer | undefined
      readonly start: Word
      readonly end: Word
      readonly count: Integer
      readonly consumer?: Word | undefined
    },
  ) => Gives<K, Value<T>>

  /** Lists the entries between two ids. */
  readonly xrange: (
    key: Word,
    start: Word,
    end: Word,
    options?: { readonly COUNT?: Integer | undefined },
  ) => Gives<K, ReadonlyArray<readonly [T, ReadonlyArray<T> | null] | null> | null>

  /** Reads entries newer than given ids from streams, waiting for them if asked. */
  readonly xread: (
    streams: readonly [key: Many<Word>, id: Many<Word>],
    options?: { readonly COUNT?: Integer | undefined; readonly BLOCK?: Integer | undefined },
  ) => Gives<K, ReadonlyMap<T, ReadonlyArray<readonly [T, ReadonlyArray<T> | null] | null>> | null>

  /** Reads entries from streams as a consumer of a group, waiting for them if asked. */
  readonly xreadgroup: (
    groupConsumer: readonly [group: Word, consumer: Word],
    streams: readonly [key: Many<Word>, id: Many<Word>],
    options?: {
      readonly COUNT?: Integer | undefined
      readonly BLOCK?: Integer | undefined
      readonly NOACK?: true | undefined
    },
  ) => Gives<K, ReadonlyMap<T, ReadonlyArray<readonly [T, ReadonlyArray<T> | null] | null>> | null>

  /** Lists the entries between two ids, latest first. */
  readonly xrevrange: (
    key: Word,
    end: Word,
    start: Word,
    options?: { readonly COUNT?: Integer | undefined },
  ) => Gives<K, ReadonlyArray<readonly [T, ReadonlyArray<T> | null] | null> | null>

  /** Sets a stream's last id; sent to replicas and written to files. */
  readonly xsetid: (
    key: Word,
    lastId: Word,
    options?: { readonly ENTRIESADDED?: Integer | undefined; readonly MAXDELETEDID?: Word | undefined },
  ) => Gives<K, "OK">

  /** Drops a stream's oldest entries, by length or by id. */
  readonly xtrim: (
    key: Word,
    trim: {
      readonly strategy: "MAXLEN" | "MINID"
      readonly threshold: Word
      readonly LIMIT?: Integer | undefined
    } & OneOf<{ readonly "=": true; readonly "~": true }>,
  ) => Gives<K, number>
}
