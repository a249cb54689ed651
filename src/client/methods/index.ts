/** All commands as methods. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Gives, Integer, Kind, Many, OneOf, Pairs } from "../Kind.js"
import type { Value, Word } from "../Values.js"
import type { ConnectionMethods } from "./connection.js"
import type { GenericMethods } from "./generic.js"
import type { GeoMethods } from "./geo.js"
import type { HashMethods } from "./hash.js"
import type { ListMethods } from "./list.js"
import type { ScriptingMethods } from "./scripting.js"
import type { ServerMethods } from "./server.js"
import type { SetMethods } from "./set.js"
import type { SortedSetMethods } from "./sorted-set.js"
import type { StreamMethods } from "./stream.js"
import type { StringMethods } from "./string.js"

interface BitmapMethods<K extends Kind> {
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

interface HyperloglogMethods<K extends Kind> {
  /** Adds elements to a HyperLogLog, creating it when missing. */
  readonly pfadd: (key: Word, element?: Many<Word>) => Gives<K, 0 | 1>

  /** Estimates how many different elements HyperLogLogs have seen together. */
  readonly pfcount: (key: Many<Word>) => Gives<K, number>

  /** Merges HyperLogLogs into one. */
  readonly pfmerge: (destkey: Word, sourcekey: Many<Word>) => Gives<K, "OK">
}

interface PubsubMethods<T, K extends Kind> {
  /** Sends a message to a channel. */
  readonly publish: (channel: Word, message: Word) => Gives<K, number>

  /** Lists the channels that have subscribers. */
  readonly pubsubChannels: (pattern?: Word) => Gives<K, ReadonlyArray<T>>

  /** Lists the PUBSUB subcommands with a line about each. */
  readonly pubsubHelp: () => Gives<K, Value<T>>

  /** Counts the different patterns subscribed to. */
  readonly pubsubNumpat: () => Gives<K, number>

  /** Counts the subscribers of channels. */
  readonly pubsubNumsub: (channel?: Many<Word>) => Gives<K, ReadonlyArray<T | number>>

  /** Lists the shard channels that have subscribers. */
  readonly pubsubShardchannels: (pattern?: Word) => Gives<K, ReadonlyArray<T>>

  /** Counts the subscribers of shard channels. */
  readonly pubsubShardnumsub: (shardchannel?: Many<Word>) => Gives<K, ReadonlyArray<T | number>>

  /** Sends a message to a shard channel. */
  readonly spublish: (shardchannel: Word, message: Word) => Gives<K, number>
}

export type { SessionMethods } from "./session.js"

/** `T` is what strings come as, `K` what a call gives. */
export interface Methods<T, K extends Kind>
  extends
    BitmapMethods<K>,
    ConnectionMethods<T, K>,
    GenericMethods<T, K>,
    GeoMethods<T, K>,
    HashMethods<T, K>,
    HyperloglogMethods<K>,
    ListMethods<T, K>,
    PubsubMethods<T, K>,
    ScriptingMethods<T, K>,
    ServerMethods<T, K>,
    SetMethods<T, K>,
    SortedSetMethods<T, K>,
    StreamMethods<T, K>,
    StringMethods<T, K> {}
