/** Declarations: hashes. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const HDEL = spec({
  name: "hdel",
  arity: -3,
  group: "hash",
  since: "2.0.0",
  summary: "Removes fields from a hash.",
  complexity: "O(N) in the fields named.",
  flags: ["write", "fast"],
  acl: ["hash"],
  keys: "RW delete @1",
  args: "key#0 field...",
  history: ["2.4.0 Takes more than one `field`."],
  brief: 8,
  member: 2,
})

export const HEXISTS = spec({
  name: "hexists",
  arity: 3,
  group: "hash",
  since: "2.0.0",
  summary: "Tells whether a hash has a field.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["hash"],
  keys: "RO @1",
  args: "key#0 field",
  brief: 8,
  member: 2,
})

export const HGET = spec({
  name: "hget",
  arity: 3,
  group: "hash",
  since: "2.0.0",
  summary: "Reads a field's value.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["hash"],
  keys: "RO access @1",
  args: "key#0 field",
  brief: 8,
  member: 2,
})

export const HGETALL = spec({
  name: "hgetall",
  arity: 2,
  group: "hash",
  since: "2.0.0",
  summary: "Lists the fields of a hash with their values.",
  complexity: "O(N) in the hash's fields.",
  flags: ["readonly"],
  acl: ["hash"],
  keys: "RO access @1",
  args: "key#0",
  tips: ["nondeterministic_output_order"],
})

export const HINCRBY = spec({
  name: "hincrby",
  arity: 4,
  group: "hash",
  since: "2.0.0",
  summary: "Adds to a field's integer value, counting from 0 when missing.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "fast"],
  acl: ["hash"],
  keys: "RW access update @1",
  args: "key#0 field increment:int",
  brief: 8,
  member: 2,
})

export const HINCRBYFLOAT = spec({
  name: "hincrbyfloat",
  arity: 4,
  group: "hash",
  since: "2.6.0",
  summary: "Adds a floating-point amount to a field's number, counting from 0 when missing.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "fast"],
  acl: ["hash"],
  keys: "RW access update @1",
  args: "key#0 field increment:double",
  brief: 8,
})

export const HKEYS = spec({
  name: "hkeys",
  arity: 2,
  group: "hash",
  since: "2.0.0",
  summary: "Lists the fields of a hash.",
  complexity: "O(N) in the hash's fields.",
  flags: ["readonly"],
  acl: ["hash"],
  keys: "RO access @1",
  args: "key#0",
  tips: ["nondeterministic_output_order"],
})

export const HLEN = spec({
  name: "hlen",
  arity: 2,
  group: "hash",
  since: "2.0.0",
  summary: "Counts the fields of a hash.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["hash"],
  keys: "RO @1",
  args: "key#0",
  brief: 8,
})

export const HMGET = spec({
  name: "hmget",
  arity: -3,
  group: "hash",
  since: "2.0.0",
  summary: "Reads the values of several fields.",
  complexity: "O(N) in the fields named.",
  flags: ["readonly", "fast"],
  acl: ["hash"],
  keys: "RO access @1",
  args: "key#0 field...",
  brief: 8,
})

export const HMSET = spec({
  name: "hmset",
  arity: -4,
  group: "hash",
  since: "2.0.0",
  summary: "Writes several fields (the old form of HSET).",
  complexity: "O(N) in the fields written.",
  flags: ["write", "denyoom", "fast"],
  acl: ["hash"],
  keys: "RW update @1",
  args: "key#0 field_value{field value}...",
  deprecated: { since: "4.0.0", use: "`HSET` with multiple field-value pairs" },
})

export const HRANDFIELD = spec({
  name: "hrandfield",
  arity: -2,
  group: "hash",
  since: "6.2.0",
  summary: "Returns fields drawn at random, with their values if asked.",
  complexity: "O(N) in the fields returned.",
  flags: ["readonly"],
  acl: ["hash"],
  keys: "RO access @1",
  args: "key#0 [options{count:int [WITHVALUES]}]",
  tips: ["nondeterministic_output"],
})

export const HSCAN = spec({
  name: "hscan",
  arity: -3,
  group: "hash",
  since: "2.8.0",
  summary: "Walks the fields of a hash a step at a time.",
  complexity: "O(1) a call; O(N) over the whole walk of N fields.",
  flags: ["readonly"],
  acl: ["hash"],
  keys: "RO access @1",
  args: "key#0 cursor:int [MATCH=pattern:pattern] [COUNT=count:int]",
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const HSET = spec({
  name: "hset",
  arity: -4,
  group: "hash",
  since: "2.0.0",
  summary: "Writes fields of a hash, creating it when missing.",
  complexity: "O(1) a field.",
  flags: ["write", "denyoom", "fast"],
  acl: ["hash"],
  keys: "RW update @1",
  args: "key#0 field_value{field value}...",
  history: ["4.0.0 Takes more than one `field` and `value`."],
  brief: 8,
  member: 2,
})

export const HSETNX = spec({
  name: "hsetnx",
  arity: 4,
  group: "hash",
  since: "2.0.0",
  summary: "Writes a field only if the hash lacks it.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "fast"],
  acl: ["hash"],
  keys: "RW insert @1",
  args: "key#0 field value",
  brief: 8,
  member: 2,
})

export const HSTRLEN = spec({
  name: "hstrlen",
  arity: 3,
  group: "hash",
  since: "3.2.0",
  summary: "Counts the bytes of a field's value.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["hash"],
  keys: "RO @1",
  args: "key#0 field",
  brief: 8,
})

export const HVALS = spec({
  name: "hvals",
  arity: 2,
  group: "hash",
  since: "2.0.0",
  summary: "Lists the values of a hash.",
  complexity: "O(N) in the hash's fields.",
  flags: ["readonly"],
  acl: ["hash"],
  keys: "RO access @1",
  args: "key#0",
  tips: ["nondeterministic_output_order"],
})
