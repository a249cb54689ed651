/** Declarations: expiry of keys. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const EXPIRE = spec({
  name: "expire",
  arity: -3,
  group: "generic",
  since: "1.0.0",
  summary: "Lets a key expire after some seconds.",
  complexity: "O(1)",
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: "RW update @1",
  args: "key#0 seconds:int [condition(NX|XX|GT|LT)@7.0.0]",
  history: ["7.0.0 Took the conditions `NX`, `XX`, `GT` and `LT`."],
  brief: 8,
})

export const EXPIREAT = spec({
  name: "expireat",
  arity: -3,
  group: "generic",
  since: "1.2.0",
  summary: "Lets a key expire at a Unix time in seconds.",
  complexity: "O(1)",
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: "RW update @1",
  args: "key#0 unix-time-seconds:time [condition(NX|XX|GT|LT)@7.0.0]",
  history: ["7.0.0 Took the conditions `NX`, `XX`, `GT` and `LT`."],
  brief: 8,
})

export const EXPIRETIME = spec({
  name: "expiretime",
  arity: 2,
  group: "generic",
  since: "7.0.0",
  summary: "Tells the Unix time, in seconds, at which a key expires.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  keys: "RO access @1",
  args: "key#0",
  brief: 8,
})

export const PERSIST = spec({
  name: "persist",
  arity: 2,
  group: "generic",
  since: "2.2.0",
  summary: "Takes away a key's expiry.",
  complexity: "O(1)",
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: "RW update @1",
  args: "key#0",
  brief: 8,
})

export const PEXPIRE = spec({
  name: "pexpire",
  arity: -3,
  group: "generic",
  since: "2.6.0",
  summary: "Lets a key expire after some milliseconds.",
  complexity: "O(1)",
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: "RW update @1",
  args: "key#0 milliseconds:int [condition(NX|XX|GT|LT)@7.0.0]",
  history: ["7.0.0 Took the conditions `NX`, `XX`, `GT` and `LT`."],
  brief: 8,
})

export const PEXPIREAT = spec({
  name: "pexpireat",
  arity: -3,
  group: "generic",
  since: "2.6.0",
  summary: "Lets a key expire at a Unix time in milliseconds.",
  complexity: "O(1)",
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: "RW update @1",
  args: "key#0 unix-time-milliseconds:time [condition(NX|XX|GT|LT)@7.0.0]",
  history: ["7.0.0 Took the conditions `NX`, `XX`, `GT` and `LT`."],
  brief: 8,
})

export const PEXPIRETIME = spec({
  name: "pexpiretime",
  arity: 2,
  group: "generic",
  since: "7.0.0",
  summary: "Tells the Unix time, in milliseconds, at which a key expires.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  keys: "RO access @1",
  args: "key#0",
  brief: 8,
})

export const PTTL = spec({
  name: "pttl",
  arity: 2,
  group: "generic",
  since: "2.6.0",
  summary: "Tells how many milliseconds a key has left.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  keys: "RO access @1",
  args: "key#0",
  tips: ["nondeterministic_output"],
  history: ["2.8.0 Answers -2 for a missing key."],
  brief: 8,
})

export const TTL = spec({
  name: "ttl",
  arity: 2,
  group: "generic",
  since: "1.0.0",
  summary: "Tells how many seconds a key has left.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  keys: "RO access @1",
  args: "key#0",
  tips: ["nondeterministic_output"],
  history: ["2.8.0 Answers -2 for a missing key."],
  brief: 8,
})
