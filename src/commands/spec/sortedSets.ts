/** Declarations: sorted sets. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const BZMPOP = spec({
  name: "bzmpop",
  arity: -5,
  group: "sorted-set",
  since: "7.0.0",
  summary:
    "Pops members with the lowest or highest scores from the first sorted set that has any, " +
    "waiting where none has.",
  complexity: "O(K)+O(M*log(N)) for K keys looked at and M of N members popped.",
  flags: ["write", "blocking", "movablekeys"],
  acl: ["sortedset"],
  keys: "RW access delete @2 numkeys",
  args: "timeout:double numkeys:int key#0... where(MIN|MAX) [COUNT=count:int]",
})

export const BZPOPMAX = spec({
  name: "bzpopmax",
  arity: -3,
  group: "sorted-set",
  since: "5.0.0",
  summary:
    "Pops the member with the highest score from the first sorted set that has any, waiting " +
    "where none has.",
  complexity: "O(log(N)) in the sorted set's members.",
  flags: ["write", "noscript", "blocking", "fast"],
  acl: ["sortedset"],
  keys: "RW access delete @1 ..-2",
  args: "key#0... timeout:double",
  history: ["6.0.0 `timeout` may have a fraction."],
})

export const BZPOPMIN = spec({
  name: "bzpopmin",
  arity: -3,
  group: "sorted-set",
  since: "5.0.0",
  summary:
    "Pops the member with the lowest score from the first sorted set that has any, waiting " +
    "where none has.",
  complexity: "O(log(N)) in the sorted set's members.",
  flags: ["write", "noscript", "blocking", "fast"],
  acl: ["sortedset"],
  keys: "RW access delete @1 ..-2",
  args: "key#0... timeout:double",
  history: ["6.0.0 `timeout` may have a fraction."],
})

export const ZADD = spec({
  name: "zadd",
  arity: -4,
  group: "sorted-set",
  since: "1.2.0",
  summary: "Adds members with scores, or changes the scores of members.",
  complexity: "O(log(N)) a member, N being the members of the sorted set.",
  flags: ["write", "denyoom", "fast"],
  acl: ["sortedset"],
  keys: "RW update @1",
  args:
    "key#0 [condition(NX|XX)@3.0.2] [comparison(GT|LT)@6.2.0] [CH=change:token@3.0.2] " +
    "[INCR=increment:token@3.0.2] score_member{score:double member}...",
  history: [
    "2.4.0 Takes more than one member.",
    "3.0.2 Took the options `XX`, `NX`, `CH` and `INCR`.",
    "6.2.0 Took the options `GT` and `LT`.",
  ],
  brief: 8,
  member: 3,
})

export const ZCARD = spec({
  name: "zcard",
  arity: 2,
  group: "sorted-set",
  since: "1.2.0",
  summary: "Counts the members of a sorted set.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["sortedset"],
  keys: "RO @1",
  args: "key#0",
  brief: 8,
})

export const ZCOUNT = spec({
  name: "zcount",
  arity: 4,
  group: "sorted-set",
  since: "2.0.0",
  summary: "Counts the members whose scores lie in a range.",
  complexity: "O(log(N)) in the sorted set's members.",
  flags: ["readonly", "fast"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 min:double max:double",
  brief: 8,
})

export const ZDIFF = spec({
  name: "zdiff",
  arity: -3,
  group: "sorted-set",
  since: "6.2.0",
  summary: "Lists the members of the first sorted set that no other has.",
  complexity: "At worst O(L+(N-K)*log(N)) for L members in all, N in the first and K in the result.",
  flags: ["readonly", "movablekeys"],
  acl: ["sortedset"],
  keys: "RO access @1 numkeys",
  args: "numkeys:int key#0... [WITHSCORES]",
})

export const ZDIFFSTORE = spec({
  name: "zdiffstore",
  arity: -4,
  group: "sorted-set",
  since: "6.2.0",
  summary: "Stores the members of the first sorted set that no other has.",
  complexity: "At worst O(L+(N-K)*log(N)) for L members in all, N in the first and K in the result.",
  flags: ["write", "denyoom", "movablekeys"],
  acl: ["sortedset"],
  keys: "OW update @1; RO access @2 numkeys",
  args: "destination#0 numkeys:int key#1...",
})

export const ZINCRBY = spec({
  name: "zincrby",
  arity: 4,
  group: "sorted-set",
  since: "1.2.0",
  summary: "Adds to a member's score, counting from 0 when missing.",
  complexity: "O(log(N)) in the sorted set's members.",
  flags: ["write", "denyoom", "fast"],
  acl: ["sortedset"],
  keys: "RW access update @1",
  args: "key#0 increment:int member",
  brief: 8,
  member: 3,
})

export const ZINTER = spec({
  name: "zinter",
  arity: -3,
  group: "sorted-set",
  since: "6.2.0",
  summary: "Lists the members that all sorted sets share.",
  complexity: "At worst O(N*K)+O(M*log(M)) for N members in the smallest of K inputs and M in the result.",
  flags: ["readonly", "movablekeys"],
  acl: ["sortedset"],
  keys: "RO access @1 numkeys",
  args: "numkeys:int key#0... [WEIGHTS=weight:int...] [AGGREGATE=aggregate(SUM|MIN|MAX)] [WITHSCORES]",
})

export const ZINTERCARD = spec({
  name: "zintercard",
  arity: -3,
  group: "sorted-set",
  since: "7.0.0",
  summary: "Counts the members that all sorted sets share, up to a limit.",
  complexity: "At worst O(N*K) for N members in the smallest of K inputs.",
  flags: ["readonly", "movablekeys"],
  acl: ["sortedset"],
  keys: "RO access @1 numkeys",
  args: "numkeys:int key#0... [LIMIT=limit:int]",
})

export const ZINTERSTORE = spec({
  name: "zinterstore",
  arity: -4,
  group: "sorted-set",
  since: "2.0.0",
  summary: "Stores the members that all sorted sets share.",
  complexity: "At worst O(N*K)+O(M*log(M)) for N members in the smallest of K inputs and M in the result.",
  flags: ["write", "denyoom", "movablekeys"],
  acl: ["sortedset"],
  keys: "OW update @1; RO access @2 numkeys",
  args: "destination#0 numkeys:int key#1... [WEIGHTS=weight:int...] " + "[AGGREGATE=aggregate(SUM|MIN|MAX)]",
})

export const ZLEXCOUNT = spec({
  name: "zlexcount",
  arity: 4,
  group: "sorted-set",
  since: "2.8.9",
  summary: "Counts the members between two names, where scores are equal.",
  complexity: "O(log(N)) in the sorted set's members.",
  flags: ["readonly", "fast"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 min max",
  brief: 8,
})

export const ZMPOP = spec({
  name: "zmpop",
  arity: -4,
  group: "sorted-set",
  since: "7.0.0",
  summary: "Pops members with the lowest or highest scores from the first sorted set that has any.",
  complexity: "O(K)+O(M*log(N)) for K keys looked at and M of N members popped.",
  flags: ["write", "movablekeys"],
  acl: ["sortedset"],
  keys: "RW access delete @1 numkeys",
  args: "numkeys:int key#0... where(MIN|MAX) [COUNT=count:int]",
})

export const ZMSCORE = spec({
  name: "zmscore",
  arity: -3,
  group: "sorted-set",
  since: "6.2.0",
  summary: "Reads the scores of several members.",
  complexity: "O(N) in the members named.",
  flags: ["readonly", "fast"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 member...",
  brief: 8,
})

export const ZPOPMAX = spec({
  name: "zpopmax",
  arity: -2,
  group: "sorted-set",
  since: "5.0.0",
  summary: "Pops the members with the highest scores.",
  complexity: "O(log(N)*M) for M of N members popped.",
  flags: ["write", "fast"],
  acl: ["sortedset"],
  keys: "RW access delete @1",
  args: "key#0 [count:int]",
  brief: 2,
})

export const ZPOPMIN = spec({
  name: "zpopmin",
  arity: -2,
  group: "sorted-set",
  since: "5.0.0",
  summary: "Pops the members with the lowest scores.",
  complexity: "O(log(N)*M) for M of N members popped.",
  flags: ["write", "fast"],
  acl: ["sortedset"],
  keys: "RW access delete @1",
  args: "key#0 [count:int]",
  brief: 2,
})

export const ZRANDMEMBER = spec({
  name: "zrandmember",
  arity: -2,
  group: "sorted-set",
  since: "6.2.0",
  summary: "Returns members drawn at random, with their scores if asked.",
  complexity: "O(N) in the members returned.",
  flags: ["readonly"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 [options{count:int [WITHSCORES]}]",
  tips: ["nondeterministic_output"],
})

export const ZRANGE = spec({
  name: "zrange",
  arity: -4,
  group: "sorted-set",
  since: "1.2.0",
  summary: "Lists the members in a range of ranks, scores or names, in either direction.",
  complexity: "O(log(N)+M) for M of N members listed.",
  flags: ["readonly"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args:
    "key#0 start stop [sortby(BYSCORE|BYLEX)@6.2.0] [REV@6.2.0] " +
    "[LIMIT=offset_count{offset:int count:int}@6.2.0] [WITHSCORES]",
  history: ["6.2.0 Took the options `REV`, `BYSCORE`, `BYLEX` and `LIMIT`."],
})

export const ZRANGEBYLEX = spec({
  name: "zrangebylex",
  arity: -4,
  group: "sorted-set",
  since: "2.8.9",
  summary: "Lists the members between two names, where scores are equal.",
  complexity: "O(log(N)+M) for M of N members listed, so O(log(N)) under a fixed LIMIT.",
  flags: ["readonly"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 min max [LIMIT=offset_count{offset:int count:int}]",
  deprecated: { since: "6.2.0", use: "`ZRANGE` with the `BYLEX` argument" },
})

export const ZRANGEBYSCORE = spec({
  name: "zrangebyscore",
  arity: -4,
  group: "sorted-set",
  since: "1.0.5",
  summary: "Lists the members whose scores lie in a range.",
  complexity: "O(log(N)+M) for M of N members listed, so O(log(N)) under a fixed LIMIT.",
  flags: ["readonly"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 min:double max:double [WITHSCORES@2.0.0] [LIMIT=offset_count{offset:int count:int}]",
  history: ["2.0.0 Took the option `WITHSCORES`."],
  deprecated: { since: "6.2.0", use: "`ZRANGE` with the `BYSCORE` argument" },
})

export const ZRANGESTORE = spec({
  name: "zrangestore",
  arity: -5,
  group: "sorted-set",
  since: "6.2.0",
  summary: "Stores the members in a range of ranks, scores or names.",
  complexity: "O(log(N)+M) for M of N members stored.",
  flags: ["write", "denyoom"],
  acl: ["sortedset"],
  keys: "OW update @1; RO access @2",
  args: "dst#0 src#1 min max [sortby(BYSCORE|BYLEX)] [REV] [LIMIT=offset_count{offset:int count:int}]",
})

export const ZRANK = spec({
  name: "zrank",
  arity: 3,
  group: "sorted-set",
  since: "2.0.0",
  summary: "Tells a member's rank, lowest score first.",
  complexity: "O(log(N))",
  flags: ["readonly", "fast"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 member",
  brief: 8,
  member: 2,
})

export const ZREM = spec({
  name: "zrem",
  arity: -3,
  group: "sorted-set",
  since: "1.2.0",
  summary: "Removes members from a sorted set.",
  complexity: "O(M*log(N)) for M members named of N.",
  flags: ["write", "fast"],
  acl: ["sortedset"],
  keys: "RW delete @1",
  args: "key#0 member...",
  history: ["2.4.0 Takes more than one member."],
  member: 2,
})

export const ZREMRANGEBYLEX = spec({
  name: "zremrangebylex",
  arity: 4,
  group: "sorted-set",
  since: "2.8.9",
  summary: "Removes the members between two names, where scores are equal.",
  complexity: "O(log(N)+M) for M of N members removed.",
  flags: ["write"],
  acl: ["sortedset"],
  keys: "RW delete @1",
  args: "key#0 min max",
})

export const ZREMRANGEBYRANK = spec({
  name: "zremrangebyrank",
  arity: 4,
  group: "sorted-set",
  since: "2.0.0",
  summary: "Removes the members in a range of ranks.",
  complexity: "O(log(N)+M) for M of N members removed.",
  flags: ["write"],
  acl: ["sortedset"],
  keys: "RW delete @1",
  args: "key#0 start:int stop:int",
})

export const ZREMRANGEBYSCORE = spec({
  name: "zremrangebyscore",
  arity: 4,
  group: "sorted-set",
  since: "1.2.0",
  summary: "Removes the members whose scores lie in a range.",
  complexity: "O(log(N)+M) for M of N members removed.",
  flags: ["write"],
  acl: ["sortedset"],
  keys: "RW delete @1",
  args: "key#0 min:double max:double",
})

export const ZREVRANGE = spec({
  name: "zrevrange",
  arity: -4,
  group: "sorted-set",
  since: "1.2.0",
  summary: "Lists the members in a range of ranks, highest score first.",
  complexity: "O(log(N)+M) for M of N members listed.",
  flags: ["readonly"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 start:int stop:int [WITHSCORES]",
  deprecated: { since: "6.2.0", use: "`ZRANGE` with the `REV` argument" },
})

export const ZREVRANGEBYLEX = spec({
  name: "zrevrangebylex",
  arity: -4,
  group: "sorted-set",
  since: "2.8.9",
  summary: "Lists the members between two names backwards, where scores are equal.",
  complexity: "O(log(N)+M) for M of N members listed, so O(log(N)) under a fixed LIMIT.",
  flags: ["readonly"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 max min [LIMIT=offset_count{offset:int count:int}]",
  deprecated: { since: "6.2.0", use: "`ZRANGE` with the `REV` and `BYLEX` arguments" },
})

export const ZREVRANGEBYSCORE = spec({
  name: "zrevrangebyscore",
  arity: -4,
  group: "sorted-set",
  since: "2.2.0",
  summary: "Lists the members whose scores lie in a range, highest score first.",
  complexity: "O(log(N)+M) for M of N members listed, so O(log(N)) under a fixed LIMIT.",
  flags: ["readonly"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 max:double min:double [WITHSCORES] [LIMIT=offset_count{offset:int count:int}]",
  history: ["2.1.6 Either bound may be exclusive."],
  deprecated: { since: "6.2.0", use: "`ZRANGE` with the `REV` and `BYSCORE` arguments" },
})

export const ZREVRANK = spec({
  name: "zrevrank",
  arity: 3,
  group: "sorted-set",
  since: "2.0.0",
  summary: "Tells a member's rank, highest score first.",
  complexity: "O(log(N))",
  flags: ["readonly", "fast"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 member",
  brief: 8,
})

export const ZSCAN = spec({
  name: "zscan",
  arity: -3,
  group: "sorted-set",
  since: "2.8.0",
  summary: "Walks the members of a sorted set a step at a time.",
  complexity: "O(1) a call; O(N) over the whole walk of N members.",
  flags: ["readonly"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 cursor:int [MATCH=pattern:pattern] [COUNT=count:int]",
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const ZSCORE = spec({
  name: "zscore",
  arity: 3,
  group: "sorted-set",
  since: "1.2.0",
  summary: "Reads a member's score.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["sortedset"],
  keys: "RO access @1",
  args: "key#0 member",
  brief: 8,
  member: 2,
})

export const ZUNION = spec({
  name: "zunion",
  arity: -3,
  group: "sorted-set",
  since: "6.2.0",
  summary: "Lists the members that any of the sorted sets has.",
  complexity: "O(N)+O(M*log(M)) for N members in all inputs and M in the result.",
  flags: ["readonly", "movablekeys"],
  acl: ["sortedset"],
  keys: "RO access @1 numkeys",
  args: "numkeys:int key#0... [WEIGHTS=weight:int...] [AGGREGATE=aggregate(SUM|MIN|MAX)] [WITHSCORES]",
})

export const ZUNIONSTORE = spec({
  name: "zunionstore",
  arity: -4,
  group: "sorted-set",
  since: "2.0.0",
  summary: "Stores the members that any of the sorted sets has.",
  complexity: "O(N)+O(M*log(M)) for N members in all inputs and M in the result.",
  flags: ["write", "denyoom", "movablekeys"],
  acl: ["sortedset"],
  keys: "OW update @1; RO access @2 numkeys",
  args: "destination#0 numkeys:int key#1... [WEIGHTS=weight:int...] " + "[AGGREGATE=aggregate(SUM|MIN|MAX)]",
})
