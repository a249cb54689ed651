/** Declarations: bits of strings. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const BITCOUNT = spec({
  name: "bitcount",
  arity: -2,
  group: "bitmap",
  since: "2.6.0",
  summary: "Counts the one-bits of a string, or of a range of it.",
  complexity: "O(N), N being the bytes examined.",
  flags: ["readonly"],
  acl: ["bitmap"],
  keys: "RO access @1",
  args: "key#0 [index{start:int end:int [index_unit(BYTE|BIT)@7.0.0]}]",
  history: ["7.0.0 Took the units `BYTE` and `BIT`."],
})

export const BITFIELD = spec({
  name: "bitfield",
  arity: -2,
  group: "bitmap",
  since: "3.2.0",
  summary: "Reads, writes and increments integers of any width inside a string.",
  complexity: "O(1) for every operation given.",
  flags: ["write", "denyoom"],
  acl: ["bitmap"],
  keys: "RW access update variable_flags @1 -- Reads or writes, depending on the operations given.",
  args:
    "key#0 [operation(GET=encoding_offset{encoding " +
    "offset:int}|write{[OVERFLOW=wrap_sat_fail(WRAP|SAT|FAIL)] " +
    "write_operation(SET=encoding_offset_value{encoding offset:int " +
    "value:int}|INCRBY=encoding_offset_increment{encoding offset:int increment:int})})...]",
  brief: 8,
  findKeys: "bitfield",
  makesKeysUnsaid: true,
})

export const BITFIELD_RO = spec({
  name: "bitfield_ro",
  arity: -2,
  group: "bitmap",
  since: "6.0.0",
  summary: "Reads integers of any width inside a string.",
  complexity: "O(1) for every operation given.",
  flags: ["readonly", "fast"],
  acl: ["bitmap"],
  keys: "RO access @1",
  args: "key#0 [GET=encoding_offset{encoding offset:int}...+]",
  brief: 8,
})

export const BITOP = spec({
  name: "bitop",
  arity: -4,
  group: "bitmap",
  since: "2.6.0",
  summary: "Combines strings bit by bit and stores the result.",
  complexity: "O(N), N being the bytes of the longest string.",
  flags: ["write", "denyoom"],
  acl: ["bitmap"],
  keys: "OW update @2; RO access @3 ..-1",
  args: "operation destkey#0 key#1...",
})

export const BITPOS = spec({
  name: "bitpos",
  arity: -3,
  group: "bitmap",
  since: "2.8.7",
  summary: "Finds the first bit that is one, or zero.",
  complexity: "O(N), N being the bytes examined.",
  flags: ["readonly"],
  acl: ["bitmap"],
  keys: "RO access @1",
  args: "key#0 bit:int [index{start:int [end_index{end:int [index_unit(BYTE|BIT)@7.0.0]}]}]",
  history: ["7.0.0 Took the units `BYTE` and `BIT`."],
})

export const GETBIT = spec({
  name: "getbit",
  arity: 3,
  group: "bitmap",
  since: "2.2.0",
  summary: "Reads one bit of a string.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["bitmap"],
  keys: "RO access @1",
  args: "key#0 offset:int",
  brief: 8,
})

export const SETBIT = spec({
  name: "setbit",
  arity: 4,
  group: "bitmap",
  since: "2.2.0",
  summary: "Writes one bit of a string and returns the bit it held.",
  complexity: "O(1)",
  flags: ["write", "denyoom"],
  acl: ["bitmap"],
  keys: "RW access update @1",
  args: "key#0 offset:int value:int",
  brief: 8,
})
