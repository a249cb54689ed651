/** Declarations: sets. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const SADD = spec({
  name: "sadd",
  arity: -3,
  group: "set",
  since: "1.0.0",
  summary: "Adds members to a set, creating it when missing.",
  complexity: "O(1) a member.",
  flags: ["write", "denyoom", "fast"],
  acl: ["set"],
  keys: "RW insert @1",
  args: "key#0 member...",
  history: ["2.4.0 Takes more than one `member`."],
  brief: 8,
  member: 2,
})

export const SCARD = spec({
  name: "scard",
  arity: 2,
  group: "set",
  since: "1.0.0",
  summary: "Counts the members of a set.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["set"],
  keys: "RO @1",
  args: "key#0",
  brief: 8,
})

export const SDIFF = spec({
  name: "sdiff",
  arity: -2,
  group: "set",
  since: "1.0.0",
  summary: "Lists the members of the first set that no other set has.",
  complexity: "O(N) in the members of all sets.",
  flags: ["readonly"],
  acl: ["set"],
  keys: "RO access @1 ..-1",
  args: "key#0...",
  tips: ["nondeterministic_output_order"],
})

export const SDIFFSTORE = spec({
  name: "sdiffstore",
  arity: -3,
  group: "set",
  since: "1.0.0",
  summary: "Stores the members of the first set that no other set has.",
  complexity: "O(N) in the members of all sets.",
  flags: ["write", "denyoom"],
  acl: ["set"],
  keys: "OW update @1; RO access @2 ..-1",
  args: "destination#0 key#1...",
})

export const SINTER = spec({
  name: "sinter",
  arity: -2,
  group: "set",
  since: "1.0.0",
  summary: "Lists the members that all sets share.",
  complexity: "At worst O(N*M) for N members in the smallest of M sets.",
  flags: ["readonly"],
  acl: ["set"],
  keys: "RO access @1 ..-1",
  args: "key#0...",
  tips: ["nondeterministic_output_order"],
})

export const SINTERCARD = spec({
  name: "sintercard",
  arity: -3,
  group: "set",
  since: "7.0.0",
  summary: "Counts the members that all sets share, up to a limit.",
  complexity: "At worst O(N*M) for N members in the smallest of M sets.",
  flags: ["readonly", "movablekeys"],
  acl: ["set"],
  keys: "RO access @1 numkeys",
  args: "numkeys:int key#0... [LIMIT=limit:int]",
})

export const SINTERSTORE = spec({
  name: "sinterstore",
  arity: -3,
  group: "set",
  since: "1.0.0",
  summary: "Stores the members that all sets share.",
  complexity: "At worst O(N*M) for N members in the smallest of M sets.",
  flags: ["write", "denyoom"],
  acl: ["set"],
  keys: "RW update @1; RO access @2 ..-1",
  args: "destination#0 key#1...",
})

export const SISMEMBER = spec({
  name: "sismember",
  arity: 3,
  group: "set",
  since: "1.0.0",
  summary: "Tells whether a set has a member.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["set"],
  keys: "RO @1",
  args: "key#0 member",
  brief: 8,
  member: 2,
})

export const SMEMBERS = spec({
  name: "smembers",
  arity: 2,
  group: "set",
  since: "1.0.0",
  summary: "Lists the members of a set.",
  complexity: "O(N) in the set's members.",
  flags: ["readonly"],
  acl: ["set"],
  keys: "RO access @1",
  args: "key#0",
  tips: ["nondeterministic_output_order"],
})

export const SMISMEMBER = spec({
  name: "smismember",
  arity: -3,
  group: "set",
  since: "6.2.0",
  summary: "Tells, for each member named, whether a set has it.",
  complexity: "O(N) in the members named.",
  flags: ["readonly", "fast"],
  acl: ["set"],
  keys: "RO access @1",
  args: "key#0 member...",
  brief: 8,
})

export const SMOVE = spec({
  name: "smove",
  arity: 4,
  group: "set",
  since: "1.0.0",
  summary: "Moves a member from one set to another.",
  complexity: "O(1)",
  flags: ["write", "fast"],
  acl: ["set"],
  keys: "RW access delete @1; RW insert @2",
  args: "source#0 destination#1 member",
  brief: 8,
})

export const SPOP = spec({
  name: "spop",
  arity: -2,
  group: "set",
  since: "1.0.0",
  summary: "Removes members drawn at random and returns them.",
  complexity: "O(1) without a count, O(N) with a count of N.",
  flags: ["write", "fast"],
  acl: ["set"],
  keys: "RW access delete @1",
  args: "key#0 [count:int@3.2.0]",
  tips: ["nondeterministic_output"],
  history: ["3.2.0 Took the argument `count`."],
  brief: 2,
})

export const SRANDMEMBER = spec({
  name: "srandmember",
  arity: -2,
  group: "set",
  since: "1.0.0",
  summary: "Returns members drawn at random.",
  complexity: "O(1) without a count, O(N) with a count of N or -N.",
  flags: ["readonly"],
  acl: ["set"],
  keys: "RO access @1",
  args: "key#0 [count:int@2.6.0]",
  tips: ["nondeterministic_output"],
  history: ["2.6.0 Took the argument `count`."],
  brief: 8,
})

export const SREM = spec({
  name: "srem",
  arity: -3,
  group: "set",
  since: "1.0.0",
  summary: "Removes members from a set.",
  complexity: "O(N) in the members named.",
  flags: ["write", "fast"],
  acl: ["set"],
  keys: "RW delete @1",
  args: "key#0 member...",
  history: ["2.4.0 Takes more than one `member`."],
  brief: 8,
  member: 2,
})

export const SSCAN = spec({
  name: "sscan",
  arity: -3,
  group: "set",
  since: "2.8.0",
  summary: "Walks the members of a set a step at a time.",
  complexity: "O(1) a call; O(N) over the whole walk of N members.",
  flags: ["readonly"],
  acl: ["set"],
  keys: "RO access @1",
  args: "key#0 cursor:int [MATCH=pattern:pattern] [COUNT=count:int]",
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const SUNION = spec({
  name: "sunion",
  arity: -2,
  group: "set",
  since: "1.0.0",
  summary: "Lists the members that any of the sets has.",
  complexity: "O(N) in the members of all sets.",
  flags: ["readonly"],
  acl: ["set"],
  keys: "RO access @1 ..-1",
  args: "key#0...",
  tips: ["nondeterministic_output_order"],
})

export const SUNIONSTORE = spec({
  name: "sunionstore",
  arity: -3,
  group: "set",
  since: "1.0.0",
  summary: "Stores the members that any of the sets has.",
  complexity: "O(N) in the members of all sets.",
  flags: ["write", "denyoom"],
  acl: ["set"],
  keys: "OW update @1; RO access @2 ..-1",
  args: "destination#0 key#1...",
})
