/** Declarations: scripts and functions. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const EVAL = spec({
  name: "eval",
  arity: -3,
  group: "scripting",
  since: "2.6.0",
  summary: "Runs a Lua script.",
  complexity: "That of the script.",
  flags: ["noscript", "stale", "skip_monitor", "no_mandatory_keys", "movablekeys"],
  acl: ["scripting"],
  keys:
    "RW access update @2 numkeys -- Taken as written: the script decides what it does with " + "its keys.",
  args: "script numkeys:int [key#0...] [arg...]",
  mayReplicate: true,
})

export const EVAL_RO = spec({
  name: "eval_ro",
  arity: -3,
  group: "scripting",
  since: "7.0.0",
  summary: "Runs a Lua script that may not write.",
  complexity: "That of the script.",
  flags: ["readonly", "noscript", "stale", "skip_monitor", "no_mandatory_keys", "movablekeys"],
  acl: ["scripting"],
  keys: "RO access @2 numkeys -- Taken as read in full: the script decides what it does with its " + "keys.",
  args: "script numkeys:int [key#0...] [arg...]",
})

export const EVALSHA = spec({
  name: "evalsha",
  arity: -3,
  group: "scripting",
  since: "2.6.0",
  summary: "Runs a cached Lua script by its SHA-1.",
  complexity: "That of the script.",
  flags: ["noscript", "stale", "skip_monitor", "no_mandatory_keys", "movablekeys"],
  acl: ["scripting"],
  keys: "RW access update @2 numkeys",
  args: "sha1 numkeys:int [key#0...] [arg...]",
  mayReplicate: true,
})

export const EVALSHA_RO = spec({
  name: "evalsha_ro",
  arity: -3,
  group: "scripting",
  since: "7.0.0",
  summary: "Runs a cached Lua script, which may not write, by its SHA-1.",
  complexity: "That of the script.",
  flags: ["readonly", "noscript", "stale", "skip_monitor", "no_mandatory_keys", "movablekeys"],
  acl: ["scripting"],
  keys: "RO access @2 numkeys",
  args: "sha1 numkeys:int [key#0...] [arg...]",
})

export const FCALL = spec({
  name: "fcall",
  arity: -3,
  group: "scripting",
  since: "7.0.0",
  summary: "Calls a function of a loaded library.",
  complexity: "That of the function.",
  flags: ["noscript", "stale", "skip_monitor", "no_mandatory_keys", "movablekeys"],
  acl: ["scripting"],
  keys:
    "RW access update @2 numkeys -- Taken as written: the function decides what it does with " + "its keys.",
  args: "function numkeys:int [key#0...] [arg...]",
  mayReplicate: true,
})

export const FCALL_RO = spec({
  name: "fcall_ro",
  arity: -3,
  group: "scripting",
  since: "7.0.0",
  summary: "Calls a function of a loaded library that may not write.",
  complexity: "That of the function.",
  flags: ["readonly", "noscript", "stale", "skip_monitor", "no_mandatory_keys", "movablekeys"],
  acl: ["scripting"],
  keys:
    "RO access @2 numkeys -- Taken as read in full: the function decides what it does with " + "its keys.",
  args: "function numkeys:int [key#0...] [arg...]",
})

export const FUNCTION = spec({
  name: "function",
  arity: -2,
  group: "scripting",
  since: "7.0.0",
  summary: "Groups the subcommands for function libraries.",
  complexity: "Set by the subcommand.",
})

export const FUNCTION_DELETE = spec({
  name: "function|delete",
  arity: 3,
  group: "scripting",
  since: "7.0.0",
  summary: "Removes a library and its functions.",
  complexity: "O(1)",
  flags: ["write", "noscript"],
  acl: ["scripting"],
  args: "library-name",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  brief: 8,
})

export const FUNCTION_DUMP = spec({
  name: "function|dump",
  arity: 2,
  group: "scripting",
  since: "7.0.0",
  summary: "Serialises all libraries in the form FUNCTION RESTORE reads.",
  complexity: "O(N) in the functions.",
  flags: ["noscript"],
  acl: ["scripting"],
})

export const FUNCTION_FLUSH = spec({
  name: "function|flush",
  arity: -2,
  group: "scripting",
  since: "7.0.0",
  summary: "Removes all libraries.",
  complexity: "O(N) in the functions removed.",
  flags: ["write", "noscript"],
  acl: ["scripting"],
  args: "[async(ASYNC|SYNC)]",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
})

export const FUNCTION_HELP = spec({
  name: "function|help",
  arity: 2,
  group: "scripting",
  since: "7.0.0",
  summary: "Lists the FUNCTION subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  acl: ["scripting"],
  brief: 8,
})

export const FUNCTION_KILL = spec({
  name: "function|kill",
  arity: 2,
  group: "scripting",
  since: "7.0.0",
  summary: "Stops the function that is running, if it has not written.",
  complexity: "O(1)",
  flags: ["noscript", "allow_busy"],
  acl: ["scripting"],
  tips: ["request_policy:all_shards", "response_policy:one_succeeded"],
  brief: 8,
})

export const FUNCTION_LIST = spec({
  name: "function|list",
  arity: -2,
  group: "scripting",
  since: "7.0.0",
  summary: "Shows the libraries and their functions.",
  complexity: "O(N) in the functions.",
  flags: ["noscript"],
  acl: ["scripting"],
  args: "[LIBRARYNAME=library-name-pattern] [WITHCODE]",
  tips: ["nondeterministic_output_order"],
})

export const FUNCTION_LOAD = spec({
  name: "function|load",
  arity: -3,
  group: "scripting",
  since: "7.0.0",
  summary: "Loads a library from source text.",
  complexity: "O(1), not counting the compiler's work.",
  flags: ["write", "denyoom", "noscript"],
  acl: ["scripting"],
  args: "[REPLACE] function-code",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
  brief: 8,
})

export const FUNCTION_RESTORE = spec({
  name: "function|restore",
  arity: -3,
  group: "scripting",
  since: "7.0.0",
  summary: "Loads libraries from the bytes FUNCTION DUMP produced.",
  complexity: "O(N) in the functions restored.",
  flags: ["write", "denyoom", "noscript"],
  acl: ["scripting"],
  args: "serialized-value [policy(FLUSH|APPEND|REPLACE)]",
  tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
})

export const FUNCTION_STATS = spec({
  name: "function|stats",
  arity: 2,
  group: "scripting",
  since: "7.0.0",
  summary: "Shows the function that is running and the engines at hand.",
  complexity: "O(1)",
  flags: ["noscript", "allow_busy"],
  acl: ["scripting"],
  tips: ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
  brief: 8,
})

export const SCRIPT = spec({
  name: "script",
  arity: -2,
  group: "scripting",
  since: "2.6.0",
  summary: "Groups the subcommands for Lua scripts.",
  complexity: "Set by the subcommand.",
})

export const SCRIPT_DEBUG = spec({
  name: "script|debug",
  arity: 3,
  group: "scripting",
  since: "3.2.0",
  summary: "Chooses how EVAL debugs the scripts of this connection.",
  complexity: "O(1)",
  flags: ["noscript"],
  acl: ["scripting"],
  args: "mode(YES|SYNC|NO)",
  brief: 8,
})

export const SCRIPT_EXISTS = spec({
  name: "script|exists",
  arity: -3,
  group: "scripting",
  since: "2.6.0",
  summary: "Tells which SHA-1 digests name cached scripts.",
  complexity: "O(N) in the digests named.",
  flags: ["noscript"],
  acl: ["scripting"],
  args: "sha1...",
  tips: ["request_policy:all_shards", "response_policy:agg_logical_and"],
  brief: 8,
})

export const SCRIPT_FLUSH = spec({
  name: "script|flush",
  arity: -2,
  group: "scripting",
  since: "2.6.0",
  summary: "Empties the cache of scripts.",
  complexity: "O(N) in the cached scripts.",
  flags: ["noscript"],
  acl: ["scripting"],
  args: "[async(ASYNC|SYNC)@6.2.0]",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  history: ["6.2.0 Took the options `ASYNC` and `SYNC`."],
})

export const SCRIPT_HELP = spec({
  name: "script|help",
  arity: 2,
  group: "scripting",
  since: "5.0.0",
  summary: "Lists the SCRIPT subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  acl: ["scripting"],
  brief: 8,
})

export const SCRIPT_KILL = spec({
  name: "script|kill",
  arity: 2,
  group: "scripting",
  since: "2.6.0",
  summary: "Stops the script that is running, if it has not written.",
  complexity: "O(1)",
  flags: ["noscript", "allow_busy"],
  acl: ["scripting"],
  tips: ["request_policy:all_shards", "response_policy:one_succeeded"],
  brief: 8,
})

export const SCRIPT_LOAD = spec({
  name: "script|load",
  arity: 3,
  group: "scripting",
  since: "2.6.0",
  summary: "Puts a script into the cache and returns its SHA-1.",
  complexity: "O(N) in the bytes of the script.",
  flags: ["noscript", "stale"],
  acl: ["scripting"],
  args: "script",
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
})
