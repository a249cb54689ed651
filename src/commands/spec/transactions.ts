/** Declarations: transactions. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const DISCARD = spec({
  name: "discard",
  arity: 1,
  group: "transactions",
  since: "2.0.0",
  summary: "Drops the transaction being queued.",
  complexity: "O(N) in the queued commands.",
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  acl: ["transaction"],
  inMulti: "ends",
  changes: "session",
})

export const EXEC = spec({
  name: "exec",
  arity: 1,
  group: "transactions",
  since: "1.2.0",
  summary: "Runs the queued commands as one transaction.",
  complexity: "The sum over the queued commands.",
  flags: ["noscript", "loading", "stale", "skip_slowlog"],
  acl: ["transaction"],
  inMulti: "ends",
  runsQueue: true,
  replies: "any",
  changes: "session",
})

export const MULTI = spec({
  name: "multi",
  arity: 1,
  group: "transactions",
  since: "1.2.0",
  summary: "Begins a transaction: the commands that follow are queued.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  acl: ["transaction"],
  brief: 8,
  inMulti: "runs",
  changes: "session",
})

export const UNWATCH = spec({
  name: "unwatch",
  arity: 1,
  group: "transactions",
  since: "2.2.0",
  summary: "Stops watching every key.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  acl: ["transaction"],
  brief: 8,
  changes: "session",
})

export const WATCH = spec({
  name: "watch",
  arity: -2,
  group: "transactions",
  since: "2.2.0",
  summary: "Watches keys, so that EXEC gives up if one of them changes first.",
  complexity: "O(1) a key.",
  flags: ["noscript", "loading", "stale", "fast", "allow_busy"],
  acl: ["transaction"],
  keys: "RO @1 ..-1",
  args: "key#0...",
  brief: 8,
  inMulti: "runs",
  changes: "session",
})
