/** Declarations: users and permissions (ACL). */
import { spec } from "../../engine/declare/CommandSpec.js"

export const ACL = spec({
  name: "acl",
  arity: -2,
  group: "server",
  since: "6.0.0",
  summary: "Groups the subcommands for users and their permissions.",
  complexity: "Set by the subcommand.",
})

export const ACL_CAT = spec({
  name: "acl|cat",
  arity: -2,
  group: "server",
  since: "6.0.0",
  summary: "Lists the command categories, or the commands of one.",
  complexity: "O(1): both sets are fixed.",
  flags: ["noscript", "loading", "stale"],
  args: "[categoryname]",
  brief: 8,
})

export const ACL_DELUSER = spec({
  name: "acl|deluser",
  arity: -3,
  group: "server",
  since: "6.0.0",
  summary: "Deletes users and closes their connections.",
  complexity: "O(1) amortised, for an ordinary user.",
  flags: ["admin", "noscript", "loading", "stale"],
  args: "username...",
})

export const ACL_DRYRUN = spec({
  name: "acl|dryrun",
  arity: -4,
  group: "server",
  since: "7.0.0",
  summary: "Checks whether a user may run a command, without running it.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "loading", "stale"],
  args: "username command [arg...]",
})

export const ACL_GENPASS = spec({
  name: "acl|genpass",
  arity: -2,
  group: "server",
  since: "6.0.0",
  summary: "Makes a random password of hexadecimal digits.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale"],
  args: "[bits:int]",
  brief: 8,
})

export const ACL_GETUSER = spec({
  name: "acl|getuser",
  arity: 3,
  group: "server",
  since: "6.0.0",
  summary: "Shows the rules of one user.",
  complexity: "O(N) in the user's passwords, command rules and patterns.",
  flags: ["admin", "noscript", "loading", "stale"],
  args: "username",
  history: [
    "6.2.0 Shows the channel patterns.",
    "7.0.0 Shows the selectors, and prints key and channel patterns as rules instead of lists.",
  ],
})

export const ACL_HELP = spec({
  name: "acl|help",
  arity: 2,
  group: "server",
  since: "6.0.0",
  summary: "Lists the ACL subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  brief: 8,
})

export const ACL_LIST = spec({
  name: "acl|list",
  arity: 2,
  group: "server",
  since: "6.0.0",
  summary: "Prints every user as a line of the ACL file.",
  complexity: "O(N) in the users defined.",
  flags: ["admin", "noscript", "loading", "stale"],
})

export const ACL_LOAD = spec({
  name: "acl|load",
  arity: 2,
  group: "server",
  since: "6.0.0",
  summary: "Replaces the users by those of the ACL file.",
  complexity: "O(N) in the users defined.",
  flags: ["admin", "noscript", "loading", "stale"],
})

export const ACL_LOG = spec({
  name: "acl|log",
  arity: -2,
  group: "server",
  since: "6.0.0",
  summary: "Shows or clears the latest events refused by the ACL.",
  complexity: "O(N) in the entries returned.",
  flags: ["admin", "noscript", "loading", "stale"],
  args: "[operation(count:int|RESET)]",
})

export const ACL_SAVE = spec({
  name: "acl|save",
  arity: 2,
  group: "server",
  since: "6.0.0",
  summary: "Writes the users into the ACL file.",
  complexity: "O(N) in the users defined.",
  flags: ["admin", "noscript", "loading", "stale"],
})

export const ACL_SETUSER = spec({
  name: "acl|setuser",
  arity: -3,
  group: "server",
  since: "6.0.0",
  summary: "Creates a user or changes one by rules.",
  complexity: "O(N) in the rules given.",
  flags: ["admin", "noscript", "loading", "stale"],
  args: "username [rule...]",
  history: [
    "6.2.0 Takes channel patterns.",
    "7.0.0 Takes selectors and key permissions for reading and writing.",
  ],
  secrets: { from: 2 },
})

export const ACL_USERS = spec({
  name: "acl|users",
  arity: 2,
  group: "server",
  since: "6.0.0",
  summary: "Lists the names of all users.",
  complexity: "O(N) in the users defined.",
  flags: ["admin", "noscript", "loading", "stale"],
})

export const ACL_WHOAMI = spec({
  name: "acl|whoami",
  arity: 2,
  group: "server",
  since: "6.0.0",
  summary: "Names the user this connection acts as.",
  complexity: "O(1)",
  flags: ["noscript", "loading", "stale"],
  brief: 8,
})
