/** Declarations: lists. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const BLMOVE = spec({
  name: "blmove",
  arity: 6,
  group: "list",
  since: "6.2.0",
  summary: "Moves an element between two lists, waiting for one where the source is empty.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "noscript", "blocking"],
  acl: ["list"],
  keys: "RW access delete @1; RW insert @2",
  args: "source#0 destination#1 wherefrom(LEFT|RIGHT) whereto(LEFT|RIGHT) timeout:double",
})

export const BLMPOP = spec({
  name: "blmpop",
  arity: -5,
  group: "list",
  since: "7.0.0",
  summary: "Pops elements from the first list that has any, waiting where none has.",
  complexity: "O(N+M) for N keys looked at and M elements popped.",
  flags: ["write", "blocking", "movablekeys"],
  acl: ["list"],
  keys: "RW access delete @2 numkeys",
  args: "timeout:double numkeys:int key#0... where(LEFT|RIGHT) [COUNT=count:int]",
})

export const BLPOP = spec({
  name: "blpop",
  arity: -3,
  group: "list",
  since: "2.0.0",
  summary: "Pops the first element of the first list that has any, waiting where none has.",
  complexity: "O(N) in the keys named.",
  flags: ["write", "noscript", "blocking"],
  acl: ["list"],
  keys: "RW access delete @1 ..-2",
  args: "key#0... timeout:double",
  history: ["6.0.0 `timeout` may have a fraction."],
})

export const BRPOP = spec({
  name: "brpop",
  arity: -3,
  group: "list",
  since: "2.0.0",
  summary: "Pops the last element of the first list that has any, waiting where none has.",
  complexity: "O(N) in the keys named.",
  flags: ["write", "noscript", "blocking"],
  acl: ["list"],
  keys: "RW access delete @1 ..-2",
  args: "key#0... timeout:double",
  history: ["6.0.0 `timeout` may have a fraction."],
})

export const BRPOPLPUSH = spec({
  name: "brpoplpush",
  arity: 4,
  group: "list",
  since: "2.2.0",
  summary:
    "Moves the last element of one list to the front of another, waiting where the source is " + "empty.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "noscript", "blocking"],
  acl: ["list"],
  keys: "RW access delete @1; RW insert @2",
  args: "source#0 destination#1 timeout:double",
  history: ["6.0.0 `timeout` may have a fraction."],
  deprecated: { since: "6.2.0", use: "`BLMOVE` with the `RIGHT` and `LEFT` arguments" },
})

export const LINDEX = spec({
  name: "lindex",
  arity: 3,
  group: "list",
  since: "1.0.0",
  summary: "Reads the element at an index.",
  complexity: "O(N) in the elements passed on the way to the index; O(1) at either end.",
  flags: ["readonly"],
  acl: ["list"],
  keys: "RO access @1",
  args: "key#0 index:int",
})

export const LINSERT = spec({
  name: "linsert",
  arity: 5,
  group: "list",
  since: "2.2.0",
  summary: "Inserts an element before or after another.",
  complexity:
    "O(N) in the elements passed before the pivot; O(1) where it is the first, O(N) where it " +
    "is the last.",
  flags: ["write", "denyoom"],
  acl: ["list"],
  keys: "RW insert @1",
  args: "key#0 where(BEFORE|AFTER) pivot element",
})

export const LLEN = spec({
  name: "llen",
  arity: 2,
  group: "list",
  since: "1.0.0",
  summary: "Counts the elements of a list.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["list"],
  keys: "RO @1",
  args: "key#0",
  brief: 8,
})

export const LMOVE = spec({
  name: "lmove",
  arity: 5,
  group: "list",
  since: "6.2.0",
  summary: "Moves an element from an end of one list to an end of another.",
  complexity: "O(1)",
  flags: ["write", "denyoom"],
  acl: ["list"],
  keys: "RW access delete @1; RW insert @2",
  args: "source#0 destination#1 wherefrom(LEFT|RIGHT) whereto(LEFT|RIGHT)",
  brief: 8,
})

export const LMPOP = spec({
  name: "lmpop",
  arity: -4,
  group: "list",
  since: "7.0.0",
  summary: "Pops elements from the first list that has any.",
  complexity: "O(N+M) for N keys looked at and M elements popped.",
  flags: ["write", "movablekeys"],
  acl: ["list"],
  keys: "RW access delete @1 numkeys",
  args: "numkeys:int key#0... where(LEFT|RIGHT) [COUNT=count:int]",
})

export const LPOP = spec({
  name: "lpop",
  arity: -2,
  group: "list",
  since: "1.0.0",
  summary: "Pops elements from the front of a list.",
  complexity: "O(N) in the elements popped.",
  flags: ["write", "fast"],
  acl: ["list"],
  keys: "RW access delete @1",
  args: "key#0 [count:int@6.2.0]",
  history: ["6.2.0 Took the argument `count`."],
  brief: 2,
})

export const LPOS = spec({
  name: "lpos",
  arity: -3,
  group: "list",
  since: "6.0.6",
  summary: "Finds the indexes at which an element stands.",
  complexity: "O(N) in the elements compared; near the end where the search starts, or with MAXLEN, O(1).",
  flags: ["readonly"],
  acl: ["list"],
  keys: "RO access @1",
  args: "key#0 element [RANK=rank:int] [COUNT=num-matches:int] [MAXLEN=len:int]",
})

export const LPUSH = spec({
  name: "lpush",
  arity: -3,
  group: "list",
  since: "1.0.0",
  summary: "Puts elements in front of a list, creating it when missing.",
  complexity: "O(1) an element.",
  flags: ["write", "denyoom", "fast"],
  acl: ["list"],
  keys: "RW insert @1",
  args: "key#0 element...",
  history: ["2.4.0 Takes more than one `element`."],
  brief: 8,
})

export const LPUSHX = spec({
  name: "lpushx",
  arity: -3,
  group: "list",
  since: "2.2.0",
  summary: "Puts elements in front of a list that exists.",
  complexity: "O(1) an element.",
  flags: ["write", "denyoom", "fast"],
  acl: ["list"],
  keys: "RW insert @1",
  args: "key#0 element...",
  history: ["4.0.0 Takes more than one `element`."],
  brief: 8,
})

export const LRANGE = spec({
  name: "lrange",
  arity: 4,
  group: "list",
  since: "1.0.0",
  summary: "Reads the elements between two indexes.",
  complexity:
    "O(S+N) for S elements from the start (in a long list, the nearer end) to the range and N " + "in it.",
  flags: ["readonly"],
  acl: ["list"],
  keys: "RO access @1",
  args: "key#0 start:int stop:int",
})

export const LREM = spec({
  name: "lrem",
  arity: 4,
  group: "list",
  since: "1.0.0",
  summary: "Removes elements equal to the one given, from either end.",
  complexity: "O(N+M) for N elements in the list and M removed.",
  flags: ["write"],
  acl: ["list"],
  keys: "RW delete @1",
  args: "key#0 count:int element",
})

export const LSET = spec({
  name: "lset",
  arity: 4,
  group: "list",
  since: "1.0.0",
  summary: "Replaces the element at an index.",
  complexity: "O(N) in the list's elements; O(1) at either end.",
  flags: ["write", "denyoom"],
  acl: ["list"],
  keys: "RW update @1",
  args: "key#0 index:int element",
})

export const LTRIM = spec({
  name: "ltrim",
  arity: 4,
  group: "list",
  since: "1.0.0",
  summary: "Cuts a list down to the elements between two indexes.",
  complexity: "O(N) in the elements cut off.",
  flags: ["write"],
  acl: ["list"],
  keys: "RW delete @1",
  args: "key#0 start:int stop:int",
})

export const RPOP = spec({
  name: "rpop",
  arity: -2,
  group: "list",
  since: "1.0.0",
  summary: "Pops elements from the back of a list.",
  complexity: "O(N) in the elements popped.",
  flags: ["write", "fast"],
  acl: ["list"],
  keys: "RW access delete @1",
  args: "key#0 [count:int@6.2.0]",
  history: ["6.2.0 Took the argument `count`."],
  brief: 2,
})

export const RPOPLPUSH = spec({
  name: "rpoplpush",
  arity: 3,
  group: "list",
  since: "1.2.0",
  summary: "Moves the last element of one list to the front of another.",
  complexity: "O(1)",
  flags: ["write", "denyoom"],
  acl: ["list"],
  keys: "RW access delete @1; RW insert @2",
  args: "source#0 destination#1",
  deprecated: { since: "6.2.0", use: "`LMOVE` with the `RIGHT` and `LEFT` arguments" },
  brief: 8,
})

export const RPUSH = spec({
  name: "rpush",
  arity: -3,
  group: "list",
  since: "1.0.0",
  summary: "Puts elements behind a list, creating it when missing.",
  complexity: "O(1) an element.",
  flags: ["write", "denyoom", "fast"],
  acl: ["list"],
  keys: "RW insert @1",
  args: "key#0 element...",
  history: ["2.4.0 Takes more than one `element`."],
  brief: 8,
})

export const RPUSHX = spec({
  name: "rpushx",
  arity: -3,
  group: "list",
  since: "2.2.0",
  summary: "Puts elements behind a list that exists.",
  complexity: "O(1) an element.",
  flags: ["write", "denyoom", "fast"],
  acl: ["list"],
  keys: "RW insert @1",
  args: "key#0 element...",
  history: ["4.0.0 Takes more than one `element`."],
  brief: 8,
})
