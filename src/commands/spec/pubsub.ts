/** Declarations: publishing and subscribing. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const PSUBSCRIBE = spec({
  name: "psubscribe",
  arity: -2,
  group: "pubsub",
  since: "2.0.0",
  summary: "Subscribes to the channels that match patterns.",
  complexity: "O(N) in the patterns this connection has already.",
  flags: ["pubsub", "noscript", "loading", "stale"],
  args: "pattern{pattern:pattern}...",
  channels: "patterns",
  whileSubscribed: true,
  replies: "any",
  changes: "session",
})

export const PUBLISH = spec({
  name: "publish",
  arity: 3,
  group: "pubsub",
  since: "2.0.0",
  summary: "Sends a message to a channel.",
  complexity: "O(N+M) for N subscribers of the channel and M patterns of all clients.",
  flags: ["pubsub", "loading", "stale", "fast"],
  args: "channel message",
  channels: "first",
  mayReplicate: true,
})

export const PUBSUB = spec({
  name: "pubsub",
  arity: -2,
  group: "pubsub",
  since: "2.8.0",
  summary: "Groups the subcommands that look into subscriptions.",
  complexity: "Set by the subcommand.",
})

export const PUBSUB_CHANNELS = spec({
  name: "pubsub|channels",
  arity: -2,
  group: "pubsub",
  since: "2.8.0",
  summary: "Lists the channels that have subscribers.",
  complexity: "O(N) in the channels, given names and a pattern of bounded length.",
  flags: ["pubsub", "loading", "stale"],
  args: "[pattern:pattern]",
})

export const PUBSUB_HELP = spec({
  name: "pubsub|help",
  arity: 2,
  group: "pubsub",
  since: "6.2.0",
  summary: "Lists the PUBSUB subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  brief: 8,
})

export const PUBSUB_NUMPAT = spec({
  name: "pubsub|numpat",
  arity: 2,
  group: "pubsub",
  since: "2.8.0",
  summary: "Counts the different patterns subscribed to.",
  complexity: "O(1)",
  flags: ["pubsub", "loading", "stale"],
  brief: 8,
})

export const PUBSUB_NUMSUB = spec({
  name: "pubsub|numsub",
  arity: -2,
  group: "pubsub",
  since: "2.8.0",
  summary: "Counts the subscribers of channels.",
  complexity: "O(N) in the channels named.",
  flags: ["pubsub", "loading", "stale"],
  args: "[channel...]",
  brief: 8,
})

export const PUBSUB_SHARDCHANNELS = spec({
  name: "pubsub|shardchannels",
  arity: -2,
  group: "pubsub",
  since: "7.0.0",
  summary: "Lists the shard channels that have subscribers.",
  complexity: "O(N) in the shard channels, given names and a pattern of bounded length.",
  flags: ["pubsub", "loading", "stale"],
  args: "[pattern:pattern]",
})

export const PUBSUB_SHARDNUMSUB = spec({
  name: "pubsub|shardnumsub",
  arity: -2,
  group: "pubsub",
  since: "7.0.0",
  summary: "Counts the subscribers of shard channels.",
  complexity: "O(N) in the shard channels named.",
  flags: ["pubsub", "loading", "stale"],
  args: "[shardchannel...]",
})

export const PUNSUBSCRIBE = spec({
  name: "punsubscribe",
  arity: -1,
  group: "pubsub",
  since: "2.0.0",
  summary: "Ends subscriptions to patterns.",
  complexity: "O(N+M) for N patterns of this connection and M of all clients.",
  flags: ["pubsub", "noscript", "loading", "stale"],
  args: "[pattern:pattern...]",
  whileSubscribed: true,
  replies: "any",
  changes: "session",
})

export const SPUBLISH = spec({
  name: "spublish",
  arity: 3,
  group: "pubsub",
  since: "7.0.0",
  summary: "Sends a message to a shard channel.",
  complexity: "O(N) in the subscribers of the shard channel.",
  flags: ["pubsub", "loading", "stale", "fast"],
  keys: "not_key @1",
  args: "shardchannel message",
  channels: "first",
  mayReplicate: true,
})

export const SSUBSCRIBE = spec({
  name: "ssubscribe",
  arity: -2,
  group: "pubsub",
  since: "7.0.0",
  summary: "Subscribes to shard channels.",
  complexity: "O(N) in the shard channels named.",
  flags: ["pubsub", "noscript", "loading", "stale"],
  keys: "not_key @1 ..-1",
  args: "shardchannel...",
  channels: "all",
  whileSubscribed: true,
  replies: "any",
  changes: "session",
})

export const SUBSCRIBE = spec({
  name: "subscribe",
  arity: -2,
  group: "pubsub",
  since: "2.0.0",
  summary: "Subscribes to channels.",
  complexity: "O(N) in the channels named.",
  flags: ["pubsub", "noscript", "loading", "stale"],
  args: "channel...",
  channels: "all",
  brief: 8,
  whileSubscribed: true,
  replies: "any",
  changes: "session",
})

export const SUNSUBSCRIBE = spec({
  name: "sunsubscribe",
  arity: -1,
  group: "pubsub",
  since: "7.0.0",
  summary: "Ends subscriptions to shard channels.",
  complexity: "O(N) in the subscribers of the shard channels.",
  flags: ["pubsub", "noscript", "loading", "stale"],
  keys: "not_key @1 ..-1",
  args: "[shardchannel...]",
  whileSubscribed: true,
  replies: "any",
  changes: "session",
})

export const UNSUBSCRIBE = spec({
  name: "unsubscribe",
  arity: -1,
  group: "pubsub",
  since: "2.0.0",
  summary: "Ends subscriptions to channels.",
  complexity: "O(N) in the subscribers of the channels.",
  flags: ["pubsub", "noscript", "loading", "stale"],
  args: "[channel...]",
  whileSubscribed: true,
  replies: "any",
  changes: "session",
})
