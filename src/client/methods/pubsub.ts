/** Methods of the group pubsub. Generated from the declarations: REDIX_UPDATE_CLIENT=1 npx vitest run test/client/methods */
import type { Gives, Kind, Many } from "../Kind.js"
import type { Value, Word } from "../Values.js"

export interface PubsubMethods<T, K extends Kind> {
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
