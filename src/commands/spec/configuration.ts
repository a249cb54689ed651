/** Declarations: CONFIG and MODULE with their subcommands. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const CONFIG = spec({
  name: "config",
  arity: -2,
  group: "server",
  since: "2.0.0",
  summary: "Groups the subcommands for the server's settings.",
  complexity: "Set by the subcommand.",
})

export const CONFIG_GET = spec({
  name: "config|get",
  arity: -3,
  group: "server",
  since: "2.0.0",
  summary: "Reads the settings whose names match.",
  complexity: "O(N) in the patterns given.",
  flags: ["admin", "noscript", "loading", "stale"],
  args: "parameter{parameter}...",
  history: ["7.0.0 Takes more than one pattern."],
})

export const CONFIG_HELP = spec({
  name: "config|help",
  arity: 2,
  group: "server",
  since: "5.0.0",
  summary: "Lists the CONFIG subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  brief: 8,
})

export const CONFIG_RESETSTAT = spec({
  name: "config|resetstat",
  arity: 2,
  group: "server",
  since: "2.0.0",
  summary: "Sets the counters that INFO shows back to zero.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "loading", "stale"],
})

export const CONFIG_REWRITE = spec({
  name: "config|rewrite",
  arity: 2,
  group: "server",
  since: "2.8.0",
  summary: "Writes the current settings into the configuration file.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "loading", "stale"],
})

export const CONFIG_SET = spec({
  name: "config|set",
  arity: -4,
  group: "server",
  since: "2.0.0",
  summary: "Changes settings while the server runs.",
  complexity: "O(N) in the settings given.",
  flags: ["admin", "noscript", "loading", "stale"],
  args: "parameter_value{parameter value}...",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  history: ["7.0.0 Takes more than one setting."],
  secrets: {
    valuesOf: ["requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"],
    from: 2,
  },
})

export const MODULE = spec({
  name: "module",
  arity: -2,
  group: "server",
  since: "4.0.0",
  summary: "Groups the subcommands for loadable modules.",
  complexity: "Set by the subcommand.",
})

export const MODULE_HELP = spec({
  name: "module|help",
  arity: 2,
  group: "server",
  since: "5.0.0",
  summary: "Lists the MODULE subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  brief: 8,
})

export const MODULE_LIST = spec({
  name: "module|list",
  arity: 2,
  group: "server",
  since: "4.0.0",
  summary: "Lists the modules that are loaded.",
  complexity: "O(N) in the loaded modules.",
  flags: ["admin", "noscript"],
  tips: ["nondeterministic_output_order"],
})

export const MODULE_LOAD = spec({
  name: "module|load",
  arity: -3,
  group: "server",
  since: "4.0.0",
  summary: "Loads a module from a file.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "no_async_loading"],
  args: "path [arg...]",
  guard: "enable-module-command",
})

export const MODULE_LOADEX = spec({
  name: "module|loadex",
  arity: -3,
  group: "server",
  since: "7.0.0",
  summary: "Loads a module from a file with settings of its own.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "no_async_loading"],
  args: "path [CONFIG=configs{name value}...+] [ARGS=args{arg}...]",
  guard: "enable-module-command",
})

export const MODULE_UNLOAD = spec({
  name: "module|unload",
  arity: 3,
  group: "server",
  since: "4.0.0",
  summary: "Removes a loaded module.",
  complexity: "O(1)",
  flags: ["admin", "noscript", "no_async_loading"],
  args: "name",
  guard: "enable-module-command",
})
