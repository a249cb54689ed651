/** Declarations: COMMAND and its subcommands. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const COMMAND = spec({
  name: "command",
  arity: -1,
  group: "server",
  since: "2.8.13",
  summary: "Describes the commands of this server; groups the subcommands that do so in detail.",
  complexity: "O(N) in the commands of the server.",
  flags: ["loading", "stale"],
  acl: ["connection"],
  tips: ["nondeterministic_output_order"],
})

export const COMMAND_COUNT = spec({
  name: "command|count",
  arity: 2,
  group: "server",
  since: "2.8.13",
  summary: "Counts the commands of this server.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  acl: ["connection"],
  brief: 8,
})

export const COMMAND_DOCS = spec({
  name: "command|docs",
  arity: -2,
  group: "server",
  since: "7.0.0",
  summary: "Prints the documentation of commands as data.",
  complexity: "O(N) in the commands asked about.",
  flags: ["loading", "stale"],
  acl: ["connection"],
  args: "[command-name...]",
  tips: ["nondeterministic_output_order"],
})

export const COMMAND_GETKEYS = spec({
  name: "command|getkeys",
  arity: -4,
  group: "server",
  since: "2.8.13",
  summary: "Picks the key names out of a full command line.",
  complexity: "O(N) in the arguments of that command line.",
  flags: ["loading", "stale"],
  acl: ["connection"],
})

export const COMMAND_GETKEYSANDFLAGS = spec({
  name: "command|getkeysandflags",
  arity: -4,
  group: "server",
  since: "7.0.0",
  summary: "Picks the key names out of a full command line, each with how it is used.",
  complexity: "O(N) in the arguments of that command line.",
  flags: ["loading", "stale"],
  acl: ["connection"],
})

export const COMMAND_HELP = spec({
  name: "command|help",
  arity: 2,
  group: "server",
  since: "5.0.0",
  summary: "Lists the COMMAND subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  acl: ["connection"],
  brief: 8,
})

export const COMMAND_INFO = spec({
  name: "command|info",
  arity: -2,
  group: "server",
  since: "2.8.13",
  summary: "Describes the named commands, or all of them.",
  complexity: "O(N) in the commands asked about.",
  flags: ["loading", "stale"],
  acl: ["connection"],
  args: "[command-name...]",
  tips: ["nondeterministic_output_order"],
  history: ["7.0.0 Names may be left out, to ask about every command."],
})

export const COMMAND_LIST = spec({
  name: "command|list",
  arity: -2,
  group: "server",
  since: "7.0.0",
  summary: "Lists command names, all or those that pass a filter.",
  complexity: "O(N) in the commands of the server.",
  flags: ["loading", "stale"],
  acl: ["connection"],
  args: "[FILTERBY=filterby(MODULE=module-name|ACLCAT=category|PATTERN=pattern:pattern)]",
  tips: ["nondeterministic_output_order"],
})
