/** Declarations: strings. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const APPEND = spec({
  name: "append",
  arity: 3,
  group: "string",
  since: "2.0.0",
  summary: "Adds bytes to the end of a string, creating it when missing.",
  complexity: "O(1) amortised: the buffer grows in proportion, so short additions rarely copy.",
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: "RW insert @1",
  args: "key#0 value",
  brief: 8,
})

export const DECR = spec({
  name: "decr",
  arity: 2,
  group: "string",
  since: "1.0.0",
  summary: "Takes one from a key's integer value, counting from 0 when missing.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: "RW access update @1",
  args: "key#0",
  brief: 8,
})

export const DECRBY = spec({
  name: "decrby",
  arity: 3,
  group: "string",
  since: "1.0.0",
  summary: "Takes a given amount from a key's integer value, counting from 0 when missing.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: "RW access update @1",
  args: "key#0 decrement:int",
  brief: 8,
})

export const GET = spec({
  name: "get",
  arity: 2,
  group: "string",
  since: "1.0.0",
  summary: "Reads a key's string.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["string"],
  keys: "RO access @1",
  args: "key#0",
  brief: 8,
})

export const GETDEL = spec({
  name: "getdel",
  arity: 2,
  group: "string",
  since: "6.2.0",
  summary: "Reads a key's string and deletes the key.",
  complexity: "O(1)",
  flags: ["write", "fast"],
  acl: ["string"],
  keys: "RW access delete @1",
  args: "key#0",
  brief: 8,
})

export const GETEX = spec({
  name: "getex",
  arity: -2,
  group: "string",
  since: "6.2.0",
  summary: "Reads a key's string and sets or clears its expiry.",
  complexity: "O(1)",
  flags: ["write", "fast"],
  acl: ["string"],
  keys: "RW access update @1 -- An update because the expiry may change.",
  args:
    "key#0 " +
    "[expiration(EX=seconds:int|PX=milliseconds:int|EXAT=unix-time-seconds:time|PXAT=unix-time-milliseconds:time|PERSIST)]",
  brief: 8,
})

export const GETRANGE = spec({
  name: "getrange",
  arity: 4,
  group: "string",
  since: "2.4.0",
  summary: "Reads the part of a string between two offsets.",
  complexity: "O(N) in the bytes returned; practically O(1) for short parts.",
  flags: ["readonly"],
  acl: ["string"],
  keys: "RO access @1",
  args: "key#0 start:int end:int",
  brief: 8,
})

export const GETSET = spec({
  name: "getset",
  arity: 3,
  group: "string",
  since: "1.0.0",
  summary: "Stores a new string under a key and returns the old one.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: "RW access update @1",
  args: "key#0 value",
  deprecated: { since: "6.2.0", use: "`SET` with the `!GET` argument" },
  brief: 8,
})

export const INCR = spec({
  name: "incr",
  arity: 2,
  group: "string",
  since: "1.0.0",
  summary: "Adds one to a key's integer value, counting from 0 when missing.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: "RW access update @1",
  args: "key#0",
  brief: 8,
})

export const INCRBY = spec({
  name: "incrby",
  arity: 3,
  group: "string",
  since: "1.0.0",
  summary: "Adds a given amount to a key's integer value, counting from 0 when missing.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: "RW access update @1",
  args: "key#0 increment:int",
  brief: 8,
})

export const INCRBYFLOAT = spec({
  name: "incrbyfloat",
  arity: 3,
  group: "string",
  since: "2.6.0",
  summary: "Adds a floating-point amount to a key's number, counting from 0 when missing.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: "RW access update @1",
  args: "key#0 increment:double",
  brief: 8,
})

export const LCS = spec({
  name: "lcs",
  arity: -3,
  group: "string",
  since: "7.0.0",
  summary: "Computes the longest subsequence that two strings share.",
  complexity: "O(N*M), with the two strings' lengths N and M.",
  flags: ["readonly"],
  acl: ["string"],
  keys: "RO access @1 ..1",
  args: "key1#0 key2#0 [LEN] [IDX] [MINMATCHLEN=len:int] [WITHMATCHLEN]",
})

export const MGET = spec({
  name: "mget",
  arity: -2,
  group: "string",
  since: "1.0.0",
  summary: "Reads the strings of several keys in one step.",
  complexity: "O(N) in the keys read.",
  flags: ["readonly", "fast"],
  acl: ["string"],
  keys: "RO access @1 ..-1",
  args: "key#0...",
  tips: ["request_policy:multi_shard"],
})

export const MSET = spec({
  name: "mset",
  arity: -3,
  group: "string",
  since: "1.0.1",
  summary: "Stores several keys in one step.",
  complexity: "O(N) in the keys stored.",
  flags: ["write", "denyoom"],
  acl: ["string"],
  keys: "OW update @1 ..-1/2",
  args: "key_value{key#0 value}...",
  tips: ["request_policy:multi_shard", "response_policy:all_succeeded"],
})

export const MSETNX = spec({
  name: "msetnx",
  arity: -3,
  group: "string",
  since: "1.0.1",
  summary: "Stores several keys in one step, but only if none of them exists.",
  complexity: "O(N) in the keys stored.",
  flags: ["write", "denyoom"],
  acl: ["string"],
  keys: "OW insert @1 ..-1/2",
  args: "key_value{key#0 value}...",
  tips: ["request_policy:multi_shard", "response_policy:agg_min"],
})

export const PSETEX = spec({
  name: "psetex",
  arity: 4,
  group: "string",
  since: "2.6.0",
  summary: "Stores a string that expires after some milliseconds.",
  complexity: "O(1)",
  flags: ["write", "denyoom"],
  acl: ["string"],
  keys: "OW update @1",
  args: "key#0 milliseconds:int value",
  brief: 8,
})

export const SET = spec({
  name: "set",
  arity: -3,
  group: "string",
  since: "1.0.0",
  summary: "Stores a string under a key, whatever type it held, with optional conditions and expiry.",
  complexity: "O(1)",
  flags: ["write", "denyoom"],
  acl: ["string"],
  keys: "RW access update variable_flags @1 -- Reads the old value only where `GET` is given.",
  args:
    "key#0 value [condition(NX|XX)@2.6.12] [GET@6.2.0] " +
    "[expiration(EX=seconds:int@2.6.12|PX=milliseconds:int@2.6.12|EXAT=unix-time-seconds:time@6.2.0|PXAT=unix-time-milliseconds:time@6.2.0|KEEPTTL@6.0.0)]",
  history: [
    "2.6.12 Took the options `EX`, `PX`, `NX` and `XX`.",
    "6.0.0 Took the option `KEEPTTL`.",
    "6.2.0 Took the options `GET`, `EXAT` and `PXAT`.",
    "7.0.0 `NX` may be combined with `GET`.",
  ],
  brief: 8,
  findKeys: "set",
})

export const SETEX = spec({
  name: "setex",
  arity: 4,
  group: "string",
  since: "2.0.0",
  summary: "Stores a string that expires after some seconds.",
  complexity: "O(1)",
  flags: ["write", "denyoom"],
  acl: ["string"],
  keys: "OW update @1",
  args: "key#0 seconds:int value",
  brief: 8,
})

export const SETNX = spec({
  name: "setnx",
  arity: 3,
  group: "string",
  since: "1.0.0",
  summary: "Stores a string only where no key of that name exists.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: "OW insert @1",
  args: "key#0 value",
  brief: 8,
})

export const SETRANGE = spec({
  name: "setrange",
  arity: 4,
  group: "string",
  since: "2.2.0",
  summary: "Overwrites bytes of a string from an offset on, padding with zero bytes.",
  complexity: "O(1) for short values; in general O(M), with M the bytes written.",
  flags: ["write", "denyoom"],
  acl: ["string"],
  keys: "RW update @1",
  args: "key#0 offset:int value",
  brief: 8,
})

export const STRLEN = spec({
  name: "strlen",
  arity: 2,
  group: "string",
  since: "2.2.0",
  summary: "Counts the bytes of a string.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["string"],
  keys: "RO @1",
  args: "key#0",
  brief: 8,
})

export const SUBSTR = spec({
  name: "substr",
  arity: 4,
  group: "string",
  since: "1.0.0",
  summary: "Reads the part of a string between two offsets (the old name of GETRANGE).",
  complexity: "O(N) in the bytes returned; practically O(1) for short parts.",
  flags: ["readonly"],
  acl: ["string"],
  keys: "RO access @1",
  args: "key#0 start:int end:int",
  deprecated: { since: "2.0.0", use: "`GETRANGE`" },
  brief: 8,
})
