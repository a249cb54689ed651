/** Declarations: keys of any type. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const COPY = spec({
  name: "copy",
  arity: -3,
  group: "generic",
  since: "6.2.0",
  summary: "Duplicates a key's value under another name.",
  complexity: "O(N) in the nested elements of a collection; O(1) for a string.",
  flags: ["write", "denyoom"],
  acl: ["keyspace"],
  keys: "RO access @1; OW update @2",
  args: "source#0 destination#1 [DB=destination-db:int] [REPLACE]",
})

export const DEL = spec({
  name: "del",
  arity: -2,
  group: "generic",
  since: "1.0.0",
  summary: "Deletes keys.",
  complexity: "O(N) in the keys deleted, plus O(M) in the elements of each collection among them.",
  flags: ["write"],
  acl: ["keyspace"],
  keys: "RM delete @1 ..-1",
  args: "key#0...",
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
})

export const DUMP = spec({
  name: "dump",
  arity: 2,
  group: "generic",
  since: "2.6.0",
  summary: "Serialises a key's value in the form RESTORE reads.",
  complexity: "O(1) to find the key, then O(N*M) for N parts of mean size M; O(1) for a short string.",
  flags: ["readonly"],
  acl: ["keyspace"],
  keys: "RO access @1",
  args: "key#0",
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const EXISTS = spec({
  name: "exists",
  arity: -2,
  group: "generic",
  since: "1.0.0",
  summary: "Counts how many of the named keys exist, repeats included.",
  complexity: "O(N) in the keys named.",
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  keys: "RO @1 ..-1",
  args: "key#0...",
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  history: ["3.0.3 Takes more than one `key`."],
  brief: 8,
})

export const KEYS = spec({
  name: "keys",
  arity: 2,
  group: "generic",
  since: "1.0.0",
  summary: "Lists every key name that matches a glob pattern.",
  complexity: "O(N) in the keys of the database, given names and a pattern of bounded length.",
  flags: ["readonly"],
  acl: ["keyspace", "dangerous"],
  args: "pattern:pattern",
  tips: ["request_policy:all_shards", "nondeterministic_output_order"],
})

export const MIGRATE = spec({
  name: "migrate",
  arity: -6,
  group: "generic",
  since: "2.6.0",
  summary: "Moves keys to another server in one atomic step.",
  complexity:
    "That of DUMP and DEL here and of RESTORE there for each key, plus O(N) for sending the " + "bytes.",
  flags: ["write", "movablekeys"],
  acl: ["keyspace", "dangerous"],
  keys: "RW access delete @3; RW access delete incomplete @KEYS>-2 ..-1",
  args:
    'host port:int key_or_empty_string(key#0|""=empty_string:token) destination-db:int ' +
    "timeout:int [COPY@3.0.0] [REPLACE@3.0.0] " +
    "[authentication([AUTH=password@4.0.7]|[AUTH2=username_password{username " +
    "password}@6.0.0])] [KEYS=key#1...@3.0.6]",
  tips: ["nondeterministic_output"],
  history: [
    "3.0.0 Took the options `COPY` and `REPLACE`.",
    "3.0.6 Took the option `KEYS`.",
    "4.0.7 Took the option `AUTH`.",
    "6.0.0 Took the option `AUTH2`.",
  ],
  secrets: { after: { auth: 1, auth2: 2 }, from: 2 },
  findKeys: "migrate",
})

export const MOVE = spec({
  name: "move",
  arity: 3,
  group: "generic",
  since: "1.0.0",
  summary: "Carries a key over to another database.",
  complexity: "O(1)",
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: "RW access update @1",
  args: "key#0 db:int",
  brief: 8,
})

export const OBJECT = spec({
  name: "object",
  arity: -2,
  group: "generic",
  since: "2.2.3",
  summary: "Groups the subcommands that look into how a key is stored.",
  complexity: "Set by the subcommand.",
})

export const OBJECT_ENCODING = spec({
  name: "object|encoding",
  arity: 3,
  group: "generic",
  since: "2.2.3",
  summary: "Names the internal representation of a key's value.",
  complexity: "O(1)",
  flags: ["readonly"],
  acl: ["keyspace"],
  keys: "RO @2",
  args: "key#0",
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const OBJECT_FREQ = spec({
  name: "object|freq",
  arity: 3,
  group: "generic",
  since: "4.0.0",
  summary: "Tells the logarithmic access counter of a key, kept under an LFU policy.",
  complexity: "O(1)",
  flags: ["readonly"],
  acl: ["keyspace"],
  keys: "RO @2",
  args: "key#0",
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const OBJECT_HELP = spec({
  name: "object|help",
  arity: 2,
  group: "generic",
  since: "6.2.0",
  summary: "Lists the OBJECT subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  acl: ["keyspace"],
  brief: 8,
})

export const OBJECT_IDLETIME = spec({
  name: "object|idletime",
  arity: 3,
  group: "generic",
  since: "2.2.3",
  summary: "Tells for how many seconds nobody has accessed a key.",
  complexity: "O(1)",
  flags: ["readonly"],
  acl: ["keyspace"],
  keys: "RO @2",
  args: "key#0",
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const OBJECT_REFCOUNT = spec({
  name: "object|refcount",
  arity: 3,
  group: "generic",
  since: "2.2.3",
  summary: "Tells how many references share a key's value.",
  complexity: "O(1)",
  flags: ["readonly"],
  acl: ["keyspace"],
  keys: "RO @2",
  args: "key#0",
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const RANDOMKEY = spec({
  name: "randomkey",
  arity: 1,
  group: "generic",
  since: "1.0.0",
  summary: "Names one key of the database, drawn at random.",
  complexity: "O(1)",
  flags: ["readonly"],
  acl: ["keyspace"],
  tips: ["request_policy:all_shards", "nondeterministic_output"],
  brief: 8,
})

export const RENAME = spec({
  name: "rename",
  arity: 3,
  group: "generic",
  since: "1.0.0",
  summary: "Gives a key another name, replacing a key that has it.",
  complexity: "O(1)",
  flags: ["write"],
  acl: ["keyspace"],
  keys: "RW access delete @1; OW update @2",
  args: "key#0 newkey#1",
  brief: 8,
})

export const RENAMENX = spec({
  name: "renamenx",
  arity: 3,
  group: "generic",
  since: "1.0.0",
  summary: "Gives a key another name unless that name is taken.",
  complexity: "O(1)",
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: "RW access delete @1; OW insert @2",
  args: "key#0 newkey#1",
  history: ["3.2.0 Equal old and new names are no longer an error."],
  brief: 8,
})

export const RESTORE = spec({
  name: "restore",
  arity: -4,
  group: "generic",
  since: "2.6.0",
  summary: "Creates a key from the bytes DUMP produced.",
  complexity:
    "O(1) for the key, then O(N*M) for N parts of mean size M, times log(N) for a sorted set; " +
    "O(1) for a short string.",
  flags: ["write", "denyoom"],
  acl: ["keyspace", "dangerous"],
  keys: "OW update @1",
  args:
    "key#0 ttl:int serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] " +
    "[IDLETIME=seconds:int@5.0.0] [FREQ=frequency:int@5.0.0]",
  history: [
    "3.0.0 Took the option `REPLACE`.",
    "5.0.0 Took the option `ABSTTL`.",
    "5.0.0 Took the options `IDLETIME` and `FREQ`.",
  ],
  brief: 8,
})

export const SCAN = spec({
  name: "scan",
  arity: -2,
  group: "generic",
  since: "2.8.0",
  summary: "Walks the key names of the database a step at a time.",
  complexity: "O(1) a call; O(N) over the whole walk of N keys.",
  flags: ["readonly"],
  acl: ["keyspace"],
  args: "cursor:int [MATCH=pattern:pattern] [COUNT=count:int] [TYPE=type@6.0.0]",
  tips: ["nondeterministic_output", "request_policy:special"],
  history: ["6.0.0 Took the option `TYPE`."],
  brief: 8,
})

export const SORT = spec({
  name: "sort",
  arity: -2,
  group: "generic",
  since: "1.0.0",
  summary: "Sorts a list, set or sorted set and returns or stores the result.",
  complexity: "O(N+M*log(M)) for N elements sorted and M returned; O(N) where sorting is switched off.",
  flags: ["write", "denyoom", "movablekeys"],
  acl: ["set", "sortedset", "list", "dangerous"],
  keys:
    "RO access @1; RO access @? -- The keys that BY and GET read: their names are made from " +
    "the sorted elements, so no position tells them.; OW update @? -- The key after STORE, " +
    "which may stand anywhere among the options.",
  args:
    "key#0 [BY=pattern:pattern#1] [LIMIT=offset_count{offset:int count:int}] " +
    "[GET=pattern:pattern#1...+] [order(ASC|DESC)] [ALPHA=sorting:token] " +
    "[STORE=destination#2]",
  findKeys: "sort",
})

export const SORT_RO = spec({
  name: "sort_ro",
  arity: -2,
  group: "generic",
  since: "7.0.0",
  summary: "Sorts a list, set or sorted set and returns the result; it cannot store.",
  complexity: "O(N+M*log(M)) for N elements sorted and M returned; O(N) where sorting is switched off.",
  flags: ["readonly", "movablekeys"],
  acl: ["set", "sortedset", "list", "dangerous"],
  keys:
    "RO access @1; RO access @? -- The keys that BY and GET read: their names are made from " +
    "the sorted elements, so no position tells them.",
  args:
    "key#0 [BY=pattern:pattern#1] [LIMIT=offset_count{offset:int count:int}] " +
    "[GET=pattern:pattern#1...+] [order(ASC|DESC)] [ALPHA=sorting:token]",
  findKeys: "first",
})

export const TOUCH = spec({
  name: "touch",
  arity: -2,
  group: "generic",
  since: "3.2.1",
  summary: "Marks keys as accessed now and counts those that exist.",
  complexity: "O(N) in the keys named.",
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  keys: "RO @1 ..-1",
  args: "key#0...",
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  brief: 8,
})

export const TYPE = spec({
  name: "type",
  arity: 2,
  group: "generic",
  since: "1.0.0",
  summary: "Names the data type of a key's value.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["keyspace"],
  keys: "RO @1",
  args: "key#0",
  brief: 8,
})

export const UNLINK = spec({
  name: "unlink",
  arity: -2,
  group: "generic",
  since: "4.0.0",
  summary: "Removes keys at once and frees their memory in the background.",
  complexity: "O(1) a key in the foreground; O(N) in the background for the N allocations freed.",
  flags: ["write", "fast"],
  acl: ["keyspace"],
  keys: "RM delete @1 ..-1",
  args: "key#0...",
  tips: ["request_policy:multi_shard", "response_policy:agg_sum"],
  brief: 8,
})

/** Of Redis 7.2. */
export const WAITAOF = spec({
  name: "waitaof",
  arity: 4,
  group: "generic",
  since: "7.2.0",
  summary:
    "Waits until the writes sent before on this connection are on the disk, here and on enough replicas.",
  complexity: "O(1)",
  flags: ["noscript"],
  acl: ["connection"],
  args: "numlocal:int numreplicas:int timeout:int",
  tips: ["request_policy:all_shards", "response_policy:agg_min"],
  waits: true,
})

export const WAIT = spec({
  name: "wait",
  arity: 3,
  group: "generic",
  since: "3.0.0",
  summary: "Waits until enough replicas have acknowledged the writes sent before on this connection.",
  complexity: "O(1)",
  flags: ["noscript"],
  acl: ["connection"],
  args: "numreplicas:int timeout:int",
  tips: ["request_policy:all_shards", "response_policy:agg_min"],
  waits: true,
})
