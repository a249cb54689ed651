/** Declarations: connections. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const AUTH = spec({
  name: "auth",
  arity: -2,
  group: "connection",
  since: "1.0.0",
  summary: "Logs the connection in with a password, or as a user.",
  complexity: "O(N) in the passwords the user has.",
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  acl: ["connection"],
  args: "[username@6.0.0] password",
  history: ["6.0.0 Takes a user name before the password."],
  secrets: { from: 1 },
  changes: "session",
})

export const CLIENT = spec({
  name: "client",
  arity: -2,
  group: "connection",
  since: "2.4.0",
  summary: "Groups the subcommands about connections.",
  complexity: "Set by the subcommand.",
})

export const CLIENT_CACHING = spec({
  name: "client|caching",
  arity: 3,
  group: "connection",
  since: "6.0.0",
  summary: "Says whether the next command's keys are to be tracked.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale"],
  acl: ["connection"],
  args: "mode(YES|NO)",
  brief: 8,
  changes: "session",
})

export const CLIENT_GETNAME = spec({
  name: "client|getname",
  arity: 2,
  group: "connection",
  since: "2.6.9",
  summary: "Tells the name this connection was given.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale"],
  acl: ["connection"],
  brief: 8,
})

export const CLIENT_GETREDIR = spec({
  name: "client|getredir",
  arity: 2,
  group: "connection",
  since: "6.0.0",
  summary: "Tells which client receives this connection's invalidations.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale"],
  acl: ["connection"],
  brief: 8,
})

export const CLIENT_HELP = spec({
  name: "client|help",
  arity: 2,
  group: "connection",
  since: "5.0.0",
  summary: "Lists the CLIENT subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  acl: ["connection"],
  brief: 8,
})

export const CLIENT_ID = spec({
  name: "client|id",
  arity: 2,
  group: "connection",
  since: "5.0.0",
  summary: "Tells this connection's number.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale"],
  acl: ["connection"],
  brief: 8,
})

export const CLIENT_INFO = spec({
  name: "client|info",
  arity: 2,
  group: "connection",
  since: "6.2.0",
  summary: "Describes this connection in one line.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale"],
  acl: ["connection"],
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const CLIENT_KILL = spec({
  name: "client|kill",
  arity: -3,
  group: "connection",
  since: "2.4.0",
  summary: "Closes connections by address, or by a filter.",
  complexity: "O(N) in the open connections.",
  flags: ["admin", "noscript", "loading", "stale"],
  acl: ["connection"],
  args: "filter('ip:port'@-2.8.12|new-format([ID=client-id:int@2.8.12]|[TYPE=normal_master_slave_pubsub(NORMAL|MASTER@3.2.0|SLAVE|REPLICA@5.0.0|PUBSUB)@2.8.12]|[USER=username]|[ADDR='ip:port']|[LADDR='ip:port'@6.2.0]|[SKIPME='yes/no'])...)",
  history: [
    "2.8.12 Took filters of name and value.",
    "2.8.12 Took the filter `ID`.",
    "3.2.0 `TYPE` knows `master`.",
    "5.0.0 `TYPE` calls a replica `replica`; `slave` still works.",
    "6.2.0 Took the filter `LADDR`.",
  ],
})

export const CLIENT_LIST = spec({
  name: "client|list",
  arity: -2,
  group: "connection",
  since: "2.4.0",
  summary: "Describes the open connections, a line each.",
  complexity: "O(N) in the open connections.",
  flags: ["admin", "noscript", "loading", "stale"],
  acl: ["connection"],
  args:
    "[TYPE=normal_master_replica_pubsub(NORMAL|MASTER|REPLICA|PUBSUB)@5.0.0] " +
    "[ID=id{client-id:int...}@6.2.0]",
  tips: ["nondeterministic_output"],
  history: [
    "2.8.12 Lines show the number `id`.",
    "5.0.0 Took the filter `TYPE`.",
    "6.0.0 Lines show `user`.",
    "6.2.0 Lines show `argv-mem`, `tot-mem`, `laddr` and `redir`; took the filter `ID`.",
    "7.0.0 Lines show `resp`, `multi-mem`, `rbs` and `rbp`.",
    "7.0.3 Lines show `ssub`.",
  ],
})

export const CLIENT_NO_EVICT = spec({
  name: "client|no-evict",
  arity: 3,
  group: "connection",
  since: "7.0.0",
  summary: "Protects this connection from client eviction, or no longer does.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "loading", "stale"],
  acl: ["connection"],
  args: "enabled(ON|OFF)",
  changes: "session",
})

export const CLIENT_PAUSE = spec({
  name: "client|pause",
  arity: -3,
  group: "connection",
  since: "2.9.50",
  summary: "Holds clients' commands back for some milliseconds.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "loading", "stale"],
  acl: ["connection"],
  args: "timeout:int [mode(WRITE|ALL)@6.2.0]",
  history: ["6.2.0 Took the `mode` argument, so that only writes can be held back."],
})

export const CLIENT_REPLY = spec({
  name: "client|reply",
  arity: 3,
  group: "connection",
  since: "3.2.0",
  summary: "Switches replies to this connection on or off.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale"],
  acl: ["connection"],
  args: "on_off_skip(ON|OFF|SKIP)",
  brief: 8,
  replies: "any",
  changes: "session",
})

export const CLIENT_SETNAME = spec({
  name: "client|setname",
  arity: 3,
  group: "connection",
  since: "2.6.9",
  summary: "Names this connection.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale"],
  acl: ["connection"],
  args: "connection-name",
  brief: 8,
  changes: "session",
})

export const CLIENT_TRACKING = spec({
  name: "client|tracking",
  arity: -3,
  group: "connection",
  since: "6.0.0",
  summary: "Switches tracking of read keys, for client-side caches, on or off.",
  complexity: "O(1); some options add work.",
  flags: ["noscript", "loading", "stale"],
  acl: ["connection"],
  args: "status(ON|OFF) [REDIRECT=client-id:int] [PREFIX=prefix...+] [BCAST] [OPTIN] [OPTOUT] " + "[NOLOOP]",
  brief: 8,
  changes: "session",
})

export const CLIENT_TRACKINGINFO = spec({
  name: "client|trackinginfo",
  arity: 2,
  group: "connection",
  since: "6.2.0",
  summary: "Shows how tracking is set up on this connection.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale"],
  acl: ["connection"],
  brief: 8,
})

export const CLIENT_UNBLOCK = spec({
  name: "client|unblock",
  arity: -3,
  group: "connection",
  since: "5.0.0",
  summary: "Wakes a client that waits in a blocking command.",
  complexity: "O(log N) in the open connections.",
  flags: ["admin", "noscript", "loading", "stale"],
  acl: ["connection"],
  args: "client-id:int [timeout_error(TIMEOUT|ERROR)]",
})

export const CLIENT_UNPAUSE = spec({
  name: "client|unpause",
  arity: 2,
  group: "connection",
  since: "6.2.0",
  summary: "Lets paused clients go on.",
  complexity: "O(N) in the paused clients.",
  flags: ["admin", "noscript", "loading", "stale"],
  acl: ["connection"],
})

export const ECHO = spec({
  name: "echo",
  arity: 2,
  group: "connection",
  since: "1.0.0",
  summary: "Answers with the bytes it was given.",
  complexity: "O(1)",
  flags: ["loading", "stale", "fast"],
  acl: ["connection"],
  args: "message",
  brief: 8,
})

export const HELLO = spec({
  name: "hello",
  arity: -1,
  group: "connection",
  since: "6.0.0",
  summary: "Chooses the protocol version, and can log in and name the connection.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  acl: ["connection"],
  args: "[arguments{protover:int [AUTH=username_password{username password}] [SETNAME=clientname]}]",
  history: ["6.2.0 The version may be left out, to only read the connection's state."],
  brief: 8,
  secrets: { after: { auth: 2 }, from: 2 },
  changes: "session",
})

export const PING = spec({
  name: "ping",
  arity: -1,
  group: "connection",
  since: "1.0.0",
  summary: "Answers PONG, or with the bytes it was given.",
  complexity: "O(1)",
  flags: ["fast"],
  acl: ["connection"],
  args: "[message]",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  brief: 8,
  whileSubscribed: true,
  stopsOnFailedSave: true,
})

export const QUIT = spec({
  name: "quit",
  arity: -1,
  group: "connection",
  since: "1.0.0",
  summary: "Closes this connection after the reply.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  acl: ["connection"],
  brief: 8,
  inMulti: "ends",
  whileSubscribed: true,
  changes: "session",
})

export const RESET = spec({
  name: "reset",
  arity: 1,
  group: "connection",
  since: "6.2.0",
  summary: "Puts the connection back into the state of a new one.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
  acl: ["connection"],
  brief: 8,
  inMulti: "ends",
  whileSubscribed: true,
  changes: "session",
})

export const SELECT = spec({
  name: "select",
  arity: 2,
  group: "connection",
  since: "1.0.0",
  summary: "Changes the database this connection works on.",
  complexity: "O(1)",
  flags: ["loading", "stale", "fast"],
  acl: ["connection"],
  args: "index:int",
  brief: 8,
  changes: "session",
})
