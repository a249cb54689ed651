/** Declarations: streams. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const XACK = spec({
  name: "xack",
  arity: -4,
  group: "stream",
  since: "5.0.0",
  summary: "Marks messages as processed, so that a group no longer holds them pending.",
  complexity: "O(1) a message.",
  flags: ["write", "fast"],
  acl: ["stream"],
  keys: "RW update @1",
  args: "key#0 group id...",
  brief: 8,
})

export const XADD = spec({
  name: "xadd",
  arity: -5,
  group: "stream",
  since: "5.0.0",
  summary: "Appends an entry to a stream, creating it when missing.",
  complexity: "O(1), plus O(N) for N entries trimmed.",
  flags: ["write", "denyoom", "fast"],
  acl: ["stream"],
  keys: "RW update @1 -- An update rather than an insertion, as it may trim old entries.",
  args:
    "key#0 [NOMKSTREAM@6.2.0] [trim{strategy(MAXLEN|MINID@6.2.0) " +
    '[operator("="=equal:token|"~"=approximately:token)] threshold [LIMIT=count:int@6.2.0]}] ' +
    'id_or_auto("*"=auto_id:token|id) field_value{field value}...',
  tips: ["nondeterministic_output"],
  history: [
    "6.2.0 Took the options `NOMKSTREAM`, `MINID` and `LIMIT`.",
    "7.0.0 Takes ids of the form `<ms>-*`.",
  ],
  brief: 8,
})

export const XAUTOCLAIM = spec({
  name: "xautoclaim",
  arity: -6,
  group: "stream",
  since: "6.2.0",
  summary:
    "Hands messages that have been pending for long to another consumer, walking the pending " +
    "list in steps.",
  complexity: "O(1) under a small COUNT.",
  flags: ["write", "fast"],
  acl: ["stream"],
  keys: "RW delete @1",
  args: "key#0 group consumer min-idle-time start [COUNT=count:int] [JUSTID]",
  tips: ["nondeterministic_output"],
  history: [
    "7.0.0 The reply ends with the ids dropped from the pending list because their entries are gone.",
  ],
  brief: 8,
})

export const XCLAIM = spec({
  name: "xclaim",
  arity: -6,
  group: "stream",
  since: "5.0.0",
  summary: "Hands pending messages to another consumer.",
  complexity: "O(log N) in the group's pending messages.",
  flags: ["write", "fast"],
  acl: ["stream"],
  keys: "RW update @1",
  args:
    "key#0 group consumer min-idle-time id... [IDLE=ms:int] " +
    "[TIME=unix-time-milliseconds:time] [RETRYCOUNT=count:int] [FORCE] [JUSTID] [LASTID=id]",
  tips: ["nondeterministic_output"],
})

export const XDEL = spec({
  name: "xdel",
  arity: -3,
  group: "stream",
  since: "5.0.0",
  summary: "Deletes entries by id.",
  complexity: "O(1) an entry.",
  flags: ["write", "fast"],
  acl: ["stream"],
  keys: "RW delete @1",
  args: "key#0 id...",
  brief: 8,
})

export const XGROUP = spec({
  name: "xgroup",
  arity: -2,
  group: "stream",
  since: "5.0.0",
  summary: "Groups the subcommands for consumer groups.",
  complexity: "Set by the subcommand.",
})

export const XGROUP_CREATE = spec({
  name: "xgroup|create",
  arity: -5,
  group: "stream",
  since: "5.0.0",
  summary: "Creates a consumer group.",
  complexity: "O(1)",
  flags: ["write", "denyoom"],
  acl: ["stream"],
  keys: "RW insert @2",
  args: 'key#0 groupname id(id|"$"=new_id:token) [MKSTREAM] [ENTRIESREAD=entries_read:int]',
  history: ["7.0.0 Took the option `ENTRIESREAD`."],
  brief: 8,
})

export const XGROUP_CREATECONSUMER = spec({
  name: "xgroup|createconsumer",
  arity: 5,
  group: "stream",
  since: "6.2.0",
  summary: "Creates a consumer in a group.",
  complexity: "O(1)",
  flags: ["write", "denyoom"],
  acl: ["stream"],
  keys: "RW insert @2",
  args: "key#0 groupname consumername",
  brief: 8,
})

export const XGROUP_DELCONSUMER = spec({
  name: "xgroup|delconsumer",
  arity: 5,
  group: "stream",
  since: "5.0.0",
  summary: "Removes a consumer and what it holds pending.",
  complexity: "O(1)",
  flags: ["write"],
  acl: ["stream"],
  keys: "RW delete @2",
  args: "key#0 groupname consumername",
  brief: 8,
})

export const XGROUP_DESTROY = spec({
  name: "xgroup|destroy",
  arity: 4,
  group: "stream",
  since: "5.0.0",
  summary: "Removes a consumer group.",
  complexity: "O(N) in the group's pending messages.",
  flags: ["write"],
  acl: ["stream"],
  keys: "RW delete @2",
  args: "key#0 groupname",
})

export const XGROUP_HELP = spec({
  name: "xgroup|help",
  arity: 2,
  group: "stream",
  since: "5.0.0",
  summary: "Lists the XGROUP subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  acl: ["stream"],
  brief: 8,
})

export const XGROUP_SETID = spec({
  name: "xgroup|setid",
  arity: -5,
  group: "stream",
  since: "5.0.0",
  summary: "Sets the id from which on a group delivers entries.",
  complexity: "O(1)",
  flags: ["write"],
  acl: ["stream"],
  keys: "RW update @2",
  args: 'key#0 groupname id(id|"$"=new_id:token) [ENTRIESREAD=entries_read:int]',
  history: ["7.0.0 Took the option `ENTRIESREAD`."],
  brief: 8,
})

export const XINFO = spec({
  name: "xinfo",
  arity: -2,
  group: "stream",
  since: "5.0.0",
  summary: "Groups the subcommands that look into streams.",
  complexity: "Set by the subcommand.",
})

export const XINFO_CONSUMERS = spec({
  name: "xinfo|consumers",
  arity: 4,
  group: "stream",
  since: "5.0.0",
  summary: "Shows the consumers of a group.",
  complexity: "O(1)",
  flags: ["readonly"],
  acl: ["stream"],
  keys: "RO access @2",
  args: "key#0 groupname",
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const XINFO_GROUPS = spec({
  name: "xinfo|groups",
  arity: 3,
  group: "stream",
  since: "5.0.0",
  summary: "Shows the consumer groups of a stream.",
  complexity: "O(1)",
  flags: ["readonly"],
  acl: ["stream"],
  keys: "RO access @2",
  args: "key#0",
  history: ["7.0.0 Shows `entries-read` and `lag`."],
  brief: 8,
})

export const XINFO_HELP = spec({
  name: "xinfo|help",
  arity: 2,
  group: "stream",
  since: "5.0.0",
  summary: "Lists the XINFO subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  acl: ["stream"],
  brief: 8,
})

export const XINFO_STREAM = spec({
  name: "xinfo|stream",
  arity: -3,
  group: "stream",
  since: "5.0.0",
  summary: "Shows a stream's size, bounds and node counts, in full if asked.",
  complexity: "O(1)",
  flags: ["readonly"],
  acl: ["stream"],
  keys: "RO access @2",
  args: "key#0 [FULL=full{[COUNT=count:int]}]",
  history: [
    "6.0.0 Took the option `FULL`.",
    "7.0.0 Shows `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag`.",
  ],
  brief: 8,
})

export const XLEN = spec({
  name: "xlen",
  arity: 2,
  group: "stream",
  since: "5.0.0",
  summary: "Counts the entries of a stream.",
  complexity: "O(1)",
  flags: ["readonly", "fast"],
  acl: ["stream"],
  keys: "RO @1",
  args: "key#0",
  brief: 8,
})

export const XPENDING = spec({
  name: "xpending",
  arity: -3,
  group: "stream",
  since: "5.0.0",
  summary: "Shows what a group holds pending, as a summary or message by message.",
  complexity:
    "O(N) in the messages returned, O(M) in those scanned with IDLE; the summary is O(N) in " +
    "the consumers.",
  flags: ["readonly"],
  acl: ["stream"],
  keys: "RO access @1",
  args: "key#0 group [filters{[IDLE=min-idle-time:int@6.2.0] start end count:int [consumer]}]",
  tips: ["nondeterministic_output"],
  history: ["6.2.0 Took the option `IDLE` and exclusive bounds."],
})

export const XRANGE = spec({
  name: "xrange",
  arity: -4,
  group: "stream",
  since: "5.0.0",
  summary: "Lists the entries between two ids.",
  complexity: "O(N) in the entries listed, so O(1) under a fixed COUNT.",
  flags: ["readonly"],
  acl: ["stream"],
  keys: "RO access @1",
  args: "key#0 start end [COUNT=count:int]",
  history: ["6.2.0 Takes exclusive bounds."],
})

export const XREAD = spec({
  name: "xread",
  arity: -4,
  group: "stream",
  since: "5.0.0",
  summary: "Reads entries newer than given ids from streams, waiting for them if asked.",
  complexity:
    "O(N) a stream in the entries read, so O(1) under a fixed COUNT; an XADD pays O(M) for M " +
    "clients waiting.",
  flags: ["readonly", "blocking", "movablekeys"],
  acl: ["stream"],
  keys: "RO access @STREAMS>1 ..-1%2",
  args: "[COUNT=count:int] [BLOCK=milliseconds:int] STREAMS=streams{key#0... id...}",
})

export const XREADGROUP = spec({
  name: "xreadgroup",
  arity: -7,
  group: "stream",
  since: "5.0.0",
  summary: "Reads entries from streams as a consumer of a group, waiting for them if asked.",
  complexity:
    "O(M) a stream in the entries read, so O(1) under a fixed COUNT; an XADD pays O(N) for N " +
    "clients waiting.",
  flags: ["write", "blocking", "movablekeys"],
  acl: ["stream"],
  keys: "RO access @STREAMS>4 ..-1%2",
  args:
    "GROUP=group_consumer{group consumer} [COUNT=count:int] [BLOCK=milliseconds:int] [NOACK] " +
    "STREAMS=streams{key#0... id...}",
})

export const XREVRANGE = spec({
  name: "xrevrange",
  arity: -4,
  group: "stream",
  since: "5.0.0",
  summary: "Lists the entries between two ids, latest first.",
  complexity: "O(N) in the entries listed, so O(1) under a fixed COUNT.",
  flags: ["readonly"],
  acl: ["stream"],
  keys: "RO access @1",
  args: "key#0 end start [COUNT=count:int]",
  history: ["6.2.0 Takes exclusive bounds."],
})

export const XSETID = spec({
  name: "xsetid",
  arity: -3,
  group: "stream",
  since: "5.0.0",
  summary: "Sets a stream's last id; sent to replicas and written to files.",
  complexity: "O(1)",
  flags: ["write", "denyoom", "fast"],
  acl: ["stream"],
  keys: "RW update @1",
  args: "key#0 last-id [ENTRIESADDED=entries_added:int@7.0.0] " + "[MAXDELETEDID=max_deleted_entry_id@7.0.0]",
  history: ["7.0.0 Took the options `ENTRIESADDED` and `MAXDELETEDID`."],
  brief: 8,
})

export const XTRIM = spec({
  name: "xtrim",
  arity: -4,
  group: "stream",
  since: "5.0.0",
  summary: "Drops a stream's oldest entries, by length or by id.",
  complexity: "O(N) in the entries dropped; whole nodes go at once, so the constant is small.",
  flags: ["write"],
  acl: ["stream"],
  keys: "RW delete @1",
  args:
    "key#0 trim{strategy(MAXLEN|MINID@6.2.0) " +
    '[operator("="=equal:token|"~"=approximately:token)] threshold [LIMIT=count:int@6.2.0]}',
  tips: ["nondeterministic_output"],
  history: ["6.2.0 Took the options `MINID` and `LIMIT`."],
})
