/** Declarations: LATENCY, MEMORY and SLOWLOG with their subcommands. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const LATENCY = spec({
  name: "latency",
  arity: -2,
  group: "server",
  since: "2.8.13",
  summary: "Groups the subcommands of the latency monitor.",
  complexity: "Set by the subcommand.",
})

export const LATENCY_DOCTOR = spec({
  name: "latency|doctor",
  arity: 2,
  group: "server",
  since: "2.8.13",
  summary: "Explains the latency events recorded, in prose.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "loading", "stale"],
  tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
})

export const LATENCY_GRAPH = spec({
  name: "latency|graph",
  arity: 3,
  group: "server",
  since: "2.8.13",
  summary: "Draws the recorded latencies of an event as text.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "loading", "stale"],
  args: "event",
  tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
})

export const LATENCY_HELP = spec({
  name: "latency|help",
  arity: 2,
  group: "server",
  since: "2.8.13",
  summary: "Lists the LATENCY subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  brief: 8,
})

export const LATENCY_HISTOGRAM = spec({
  name: "latency|histogram",
  arity: -2,
  group: "server",
  since: "7.0.0",
  summary: "Shows how the latencies of commands are distributed.",
  complexity: "O(N) in the commands that have latencies recorded.",
  flags: ["admin", "noscript", "loading", "stale"],
  args: "[command...]",
  tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
})

export const LATENCY_HISTORY = spec({
  name: "latency|history",
  arity: 3,
  group: "server",
  since: "2.8.13",
  summary: "Lists the times and latencies recorded for an event.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "loading", "stale"],
  args: "event",
  tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
})

export const LATENCY_LATEST = spec({
  name: "latency|latest",
  arity: 2,
  group: "server",
  since: "2.8.13",
  summary: "Shows the latest and the worst latency of every event.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "loading", "stale"],
  tips: ["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"],
})

export const LATENCY_RESET = spec({
  name: "latency|reset",
  arity: -2,
  group: "server",
  since: "2.8.13",
  summary: "Forgets the latencies recorded, of all or of named events.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "loading", "stale"],
  args: "[event...]",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
})

export const MEMORY = spec({
  name: "memory",
  arity: -2,
  group: "server",
  since: "4.0.0",
  summary: "Groups the subcommands about memory use.",
  complexity: "Set by the subcommand.",
})

export const MEMORY_DOCTOR = spec({
  name: "memory|doctor",
  arity: 2,
  group: "server",
  since: "4.0.0",
  summary: "Looks for memory problems and explains them in prose.",
  complexity: "O(1)",
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  brief: 8,
})

export const MEMORY_HELP = spec({
  name: "memory|help",
  arity: 2,
  group: "server",
  since: "4.0.0",
  summary: "Lists the MEMORY subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  brief: 8,
})

export const MEMORY_MALLOC_STATS = spec({
  name: "memory|malloc-stats",
  arity: 2,
  group: "server",
  since: "4.0.0",
  summary: "Prints the allocator's own statistics.",
  complexity: "Grows with the memory allocated; may take long.",
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
})

export const MEMORY_PURGE = spec({
  name: "memory|purge",
  arity: 2,
  group: "server",
  since: "4.0.0",
  summary: "Asks the allocator to give unused memory back to the system.",
  complexity: "Grows with the memory allocated; may take long.",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
})

export const MEMORY_STATS = spec({
  name: "memory|stats",
  arity: 2,
  group: "server",
  since: "4.0.0",
  summary: "Breaks the server's memory use down into parts.",
  complexity: "O(1)",
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  brief: 8,
})

export const MEMORY_USAGE = spec({
  name: "memory|usage",
  arity: -3,
  group: "server",
  since: "4.0.0",
  summary: "Estimates how many bytes a key takes up.",
  complexity: "O(N) in the samples taken.",
  flags: ["readonly"],
  keys: "RO @2",
  args: "key#0 [SAMPLES=count:int]",
})

export const SLOWLOG = spec({
  name: "slowlog",
  arity: -2,
  group: "server",
  since: "2.2.12",
  summary: "Groups the subcommands of the log of slow commands.",
  complexity: "Set by the subcommand.",
})

export const SLOWLOG_GET = spec({
  name: "slowlog|get",
  arity: -2,
  group: "server",
  since: "2.2.12",
  summary: "Shows the latest entries of the slow log.",
  complexity: "O(N) in the entries returned.",
  flags: ["admin", "loading", "stale"],
  args: "[count:int]",
  tips: ["request_policy:all_nodes", "nondeterministic_output"],
  history: ["4.0.0 Entries show the client's address and name."],
})

export const SLOWLOG_HELP = spec({
  name: "slowlog|help",
  arity: 2,
  group: "server",
  since: "6.2.0",
  summary: "Lists the SLOWLOG subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  brief: 8,
})

export const SLOWLOG_LEN = spec({
  name: "slowlog|len",
  arity: 2,
  group: "server",
  since: "2.2.12",
  summary: "Counts the entries of the slow log.",
  complexity: "O(1)",
  flags: ["admin", "loading", "stale"],
  tips: ["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
})

export const SLOWLOG_RESET = spec({
  name: "slowlog|reset",
  arity: 2,
  group: "server",
  since: "2.2.12",
  summary: "Empties the slow log.",
  complexity: "O(N) in the entries dropped.",
  flags: ["admin", "loading", "stale"],
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
})
