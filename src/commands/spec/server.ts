/** Declarations: the server itself: persistence, replication, information. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const BGREWRITEAOF = spec({
  name: "bgrewriteaof",
  arity: 1,
  group: "server",
  since: "1.0.0",
  summary: "Rewrites the append-only file in the background.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "no_async_loading"],
})

export const BGSAVE = spec({
  name: "bgsave",
  arity: -1,
  group: "server",
  since: "1.0.0",
  summary: "Saves the databases to disk in the background.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "no_async_loading"],
  args: "[SCHEDULE@3.2.2]",
  history: ["3.2.2 Took the option `SCHEDULE`."],
})

export const DBSIZE = spec({
  name: "dbsize",
  arity: 1,
  group: "server",
  since: "1.0.0",
  summary: "Counts the keys of the selected database.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  tips: ["request_policy:all_shards", "response_policy:agg_sum"],
  brief: 8,
})

export const DEBUG = spec({
  name: "debug",
  arity: -2,
  group: "server",
  since: "1.0.0",
  summary: "Groups subcommands for testing and inspecting the server.",
  complexity: "Set by the subcommand.",
  flags: ["admin", "noscript", "loading", "stale"],
  internal: true,
  guard: "enable-debug-command",
})

export const FAILOVER = spec({
  name: "failover",
  arity: -1,
  group: "server",
  since: "6.2.0",
  summary: "Hands the role of master over to one of the replicas.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "stale"],
  args: "[TO=target{host port:int [FORCE]}] [ABORT] [TIMEOUT=milliseconds:int]",
})

export const FLUSHALL = spec({
  name: "flushall",
  arity: -1,
  group: "server",
  since: "1.0.0",
  summary: "Empties every database.",
  complexity: "O(N) in the keys of all databases.",
  flags: ["write"],
  acl: ["keyspace", "dangerous"],
  args: "[async(ASYNC@4.0.0|SYNC@6.2.0)]",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  history: ["4.0.0 Took the option `ASYNC`.", "6.2.0 Took the option `SYNC`."],
})

export const FLUSHDB = spec({
  name: "flushdb",
  arity: -1,
  group: "server",
  since: "1.0.0",
  summary: "Empties the selected database.",
  complexity: "O(N) in the keys of the database.",
  flags: ["write"],
  acl: ["keyspace", "dangerous"],
  args: "[async(ASYNC@4.0.0|SYNC@6.2.0)]",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  history: ["4.0.0 Took the option `ASYNC`.", "6.2.0 Took the option `SYNC`."],
})

export const INFO = spec({
  name: "info",
  arity: -1,
  group: "server",
  since: "1.0.0",
  summary: "Reports facts and counters about the server, by section.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  acl: ["dangerous"],
  args: "[section...]",
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  history: ["7.0.0 Takes more than one section."],
  brief: 8,
})

export const LASTSAVE = spec({
  name: "lastsave",
  arity: 1,
  group: "server",
  since: "1.0.0",
  summary: "Tells the Unix time of the latest successful save.",
  complexity: "O(1)",
  flags: ["loading", "stale", "fast"],
  acl: ["admin", "dangerous"],
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const LOLWUT = spec({
  name: "lolwut",
  arity: -1,
  group: "server",
  since: "5.0.0",
  summary: "Draws a piece of computer art and prints the version.",
  flags: ["readonly", "fast"],
  args: "[VERSION=version:int]",
})

export const MONITOR = spec({
  name: "monitor",
  arity: 1,
  group: "server",
  since: "1.0.0",
  summary: "Streams every command the server runs to this connection.",
  flags: ["admin", "noscript", "loading", "stale"],
  replies: "any",
  changes: "session",
})

export const PSYNC = spec({
  name: "psync",
  arity: -3,
  group: "server",
  since: "2.8.0",
  summary: "Starts or resumes replication; sent by a replica.",
  flags: ["admin", "noscript", "no_async_loading", "no_multi"],
  args: "replicationid offset:int",
  replies: "any",
  changes: "link",
})

export const REPLCONF = spec({
  name: "replconf",
  arity: -1,
  group: "server",
  since: "3.0.0",
  summary: "Exchanges replication settings and progress between replica and master.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "loading", "stale", "allow_busy"],
  internal: true,
  replies: "any",
  changes: "link",
})

export const REPLICAOF = spec({
  name: "replicaof",
  arity: 3,
  group: "server",
  since: "5.0.0",
  summary: "Makes the server replicate another one, or makes it a master again.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "stale", "no_async_loading"],
  args: "args(host-port{host port:int}|no-one{NO ONE})",
})

export const RESTORE_ASKING = spec({
  name: "restore-asking",
  arity: -4,
  group: "server",
  since: "3.0.0",
  summary: "RESTORE as MIGRATE sends it to a slot that is being imported.",
  complexity:
    "O(1) for the key, then O(N*M) for N parts of mean size M, times log(N) for a sorted set; " +
    "O(1) for a short string.",
  flags: ["write", "denyoom", "asking"],
  acl: ["keyspace", "dangerous"],
  keys: "OW update @1",
  args:
    "key#0 ttl:int serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] " +
    "[IDLETIME=seconds:int@5.0.0] [FREQ=frequency:int@5.0.0]",
  history: [
    "3.0.0 Took the option `REPLACE`.",
    "5.0.0 Took the option `ABSTTL`.",
    "5.0.0 Took the options `IDLETIME` and `FREQ`.",
  ],
  internal: true,
  brief: 8,
})

export const ROLE = spec({
  name: "role",
  arity: 1,
  group: "server",
  since: "2.8.12",
  summary: "Tells whether the server is master, replica or sentinel, and the state of its links.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale", "fast"],
  acl: ["admin", "dangerous"],
  brief: 8,
})

export const SAVE = spec({
  name: "save",
  arity: 1,
  group: "server",
  since: "1.0.0",
  summary: "Saves the databases to disk while every client waits.",
  complexity: "O(N) in the keys of all databases.",
  flags: ["admin", "noscript", "no_async_loading", "no_multi"],
})

export const SHUTDOWN = spec({
  name: "shutdown",
  arity: -1,
  group: "server",
  since: "1.0.0",
  summary: "Saves if asked or configured, then ends the server.",
  complexity: "O(N) in the keys of all databases when it saves; O(1) when it does not.",
  flags: ["admin", "noscript", "loading", "stale", "no_multi", "allow_busy"],
  args: "[nosave_save(NOSAVE|SAVE)] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]",
  history: ["7.0.0 Took the options `NOW`, `FORCE` and `ABORT`."],
})

export const SLAVEOF = spec({
  name: "slaveof",
  arity: 3,
  group: "server",
  since: "1.0.0",
  summary: "Makes the server replicate another one (the old name of REPLICAOF).",
  complexity: "O(1)",
  flags: ["admin", "noscript", "stale", "no_async_loading"],
  args: "args(host-port{host port:int}|no-one{NO ONE})",
  deprecated: { since: "5.0.0", use: "`REPLICAOF`" },
})

export const SWAPDB = spec({
  name: "swapdb",
  arity: 3,
  group: "server",
  since: "4.0.0",
  summary: "Exchanges the contents of two databases.",
  complexity: "O(N) in the clients that watch keys of, or block on, either database.",
  flags: ["write", "fast"],
  acl: ["keyspace", "dangerous"],
  args: "index1:int index2:int",
})

export const SYNC = spec({
  name: "sync",
  arity: 1,
  group: "server",
  since: "1.0.0",
  summary: "Starts replication by a full copy; the old form of PSYNC.",
  flags: ["admin", "noscript", "no_async_loading", "no_multi"],
  replies: "any",
  changes: "link",
})

export const TIME = spec({
  name: "time",
  arity: 1,
  group: "server",
  since: "2.6.0",
  summary: "Tells the server's clock: Unix seconds and microseconds.",
  complexity: "O(1)",
  flags: ["loading", "stale", "fast"],
  tips: ["nondeterministic_output"],
  brief: 8,
})
