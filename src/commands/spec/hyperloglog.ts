/** Declarations: HyperLogLogs. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const PFADD = spec({
  name: "pfadd",
  arity: -2,
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Adds elements to a HyperLogLog, creating it when missing.",
  complexity: "O(1) an element.",
  flags: ["write", "denyoom", "fast"],
  acl: ["hyperloglog"],
  keys: "RW insert @1",
  args: "key#0 [element...]",
  brief: 8,
})

export const PFCOUNT = spec({
  name: "pfcount",
  arity: -2,
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Estimates how many different elements HyperLogLogs have seen together.",
  complexity: "O(1) for one key; O(N) for N keys, with a far larger constant.",
  flags: ["readonly"],
  acl: ["hyperloglog"],
  keys: "RW access @1 ..-1 -- A write because the cached count may be stored and sent to replicas.",
  args: "key#0...",
  mayReplicate: true,
  brief: 8,
})

export const PFDEBUG = spec({
  name: "pfdebug",
  arity: 3,
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Inspects or converts the registers of a HyperLogLog, for tests.",
  complexity: "Set by the subcommand.",
  flags: ["write", "denyoom", "admin"],
  acl: ["hyperloglog"],
  keys: "RW access @2",
  args: "subcommand key#0",
  internal: true,
})

export const PFMERGE = spec({
  name: "pfmerge",
  arity: -2,
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Merges HyperLogLogs into one.",
  complexity: "O(N) in the HyperLogLogs merged, with a large constant.",
  flags: ["write", "denyoom"],
  acl: ["hyperloglog"],
  keys: "RW access insert @1; RO access @2 ..-1",
  args: "destkey#0 sourcekey#1...",
})

export const PFSELFTEST = spec({
  name: "pfselftest",
  arity: 1,
  group: "hyperloglog",
  since: "2.8.9",
  summary: "Checks the HyperLogLog code of the server.",
  complexity: "Fixed, but long: it runs a whole test.",
  flags: ["admin"],
  acl: ["hyperloglog"],
  internal: true,
})
