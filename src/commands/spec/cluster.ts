/** Declarations: Redis Cluster. */
import { spec } from "../../engine/declare/CommandSpec.js"

export const ASKING = spec({
  name: "asking",
  arity: 1,
  group: "cluster",
  since: "3.0.0",
  summary: "Lets the next command use a slot that is being imported.",
  complexity: "O(1)",
  flags: ["fast"],
  acl: ["connection"],
  brief: 8,
  changes: "session",
})

export const CLUSTER = spec({
  name: "cluster",
  arity: -2,
  group: "cluster",
  since: "3.0.0",
  summary: "Groups the subcommands of Redis Cluster.",
  complexity: "Set by the subcommand.",
})

export const CLUSTER_ADDSLOTS = spec({
  name: "cluster|addslots",
  arity: -3,
  group: "cluster",
  since: "3.0.0",
  summary: "Gives hash slots to this node.",
  complexity: "O(N) in the slots named.",
  flags: ["admin", "stale", "no_async_loading"],
  args: "slot:int...",
})

export const CLUSTER_ADDSLOTSRANGE = spec({
  name: "cluster|addslotsrange",
  arity: -4,
  group: "cluster",
  since: "7.0.0",
  summary: "Gives ranges of hash slots to this node.",
  complexity: "O(N) in the slots of the ranges.",
  flags: ["admin", "stale", "no_async_loading"],
  args: "start-slot_end-slot{start-slot:int end-slot:int}...",
})

export const CLUSTER_BUMPEPOCH = spec({
  name: "cluster|bumpepoch",
  arity: 2,
  group: "cluster",
  since: "3.0.0",
  summary: "Raises the configuration epoch of this node.",
  complexity: "O(1)",
  flags: ["admin", "stale", "no_async_loading"],
  tips: ["nondeterministic_output"],
})

export const CLUSTER_COUNT_FAILURE_REPORTS = spec({
  name: "cluster|count-failure-reports",
  arity: 3,
  group: "cluster",
  since: "3.0.0",
  summary: "Counts the nodes that report a node as failing.",
  complexity: "O(N) in the reports.",
  flags: ["admin", "stale"],
  args: "node-id",
  tips: ["nondeterministic_output"],
})

export const CLUSTER_COUNTKEYSINSLOT = spec({
  name: "cluster|countkeysinslot",
  arity: 3,
  group: "cluster",
  since: "3.0.0",
  summary: "Counts this node's keys in a hash slot.",
  complexity: "O(1)",
  flags: ["stale"],
  args: "slot:int",
  brief: 8,
})

export const CLUSTER_DELSLOTS = spec({
  name: "cluster|delslots",
  arity: -3,
  group: "cluster",
  since: "3.0.0",
  summary: "Takes hash slots from this node.",
  complexity: "O(N) in the slots named.",
  flags: ["admin", "stale", "no_async_loading"],
  args: "slot:int...",
})

export const CLUSTER_DELSLOTSRANGE = spec({
  name: "cluster|delslotsrange",
  arity: -4,
  group: "cluster",
  since: "7.0.0",
  summary: "Takes ranges of hash slots from this node.",
  complexity: "O(N) in the slots of the ranges.",
  flags: ["admin", "stale", "no_async_loading"],
  args: "start-slot_end-slot{start-slot:int end-slot:int}...",
})

export const CLUSTER_FAILOVER = spec({
  name: "cluster|failover",
  arity: -2,
  group: "cluster",
  since: "3.0.0",
  summary: "Makes this replica take over from its master.",
  complexity: "O(1)",
  flags: ["admin", "stale", "no_async_loading"],
  args: "[options(FORCE|TAKEOVER)]",
})

export const CLUSTER_FLUSHSLOTS = spec({
  name: "cluster|flushslots",
  arity: 2,
  group: "cluster",
  since: "3.0.0",
  summary: "Takes every hash slot from this node.",
  complexity: "O(1)",
  flags: ["admin", "stale", "no_async_loading"],
})

export const CLUSTER_FORGET = spec({
  name: "cluster|forget",
  arity: 3,
  group: "cluster",
  since: "3.0.0",
  summary: "Drops a node from this node's view of the cluster.",
  complexity: "O(1)",
  flags: ["admin", "stale", "no_async_loading"],
  args: "node-id",
})

export const CLUSTER_GETKEYSINSLOT = spec({
  name: "cluster|getkeysinslot",
  arity: 4,
  group: "cluster",
  since: "3.0.0",
  summary: "Lists some of this node's keys in a hash slot.",
  complexity: "O(log(N)) in the keys asked for.",
  flags: ["stale"],
  args: "slot:int count:int",
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const CLUSTER_HELP = spec({
  name: "cluster|help",
  arity: 2,
  group: "cluster",
  since: "5.0.0",
  summary: "Lists the CLUSTER subcommands with a line about each.",
  complexity: "O(1)",
  flags: ["loading", "stale"],
  brief: 8,
})

export const CLUSTER_INFO = spec({
  name: "cluster|info",
  arity: 2,
  group: "cluster",
  since: "3.0.0",
  summary: "Reports the state of the cluster as this node sees it.",
  complexity: "O(1)",
  flags: ["stale"],
  tips: ["nondeterministic_output"],
  brief: 8,
})

export const CLUSTER_KEYSLOT = spec({
  name: "cluster|keyslot",
  arity: 3,
  group: "cluster",
  since: "3.0.0",
  summary: "Tells the hash slot of a key name.",
  complexity: "O(N) in the bytes of the name.",
  flags: ["stale"],
  args: "key",
})

export const CLUSTER_LINKS = spec({
  name: "cluster|links",
  arity: 2,
  group: "cluster",
  since: "7.0.0",
  summary: "Shows the bus connections to the other nodes.",
  complexity: "O(N) in the nodes.",
  flags: ["stale"],
  tips: ["nondeterministic_output"],
})

export const CLUSTER_MEET = spec({
  name: "cluster|meet",
  arity: -4,
  group: "cluster",
  since: "3.0.0",
  summary: "Joins a node to the cluster.",
  complexity: "O(1)",
  flags: ["admin", "stale", "no_async_loading"],
  args: "ip port:int [cluster_bus_port:int@4.0.0]",
  history: ["4.0.0 Took the argument `cluster_bus_port`."],
})

export const CLUSTER_MYID = spec({
  name: "cluster|myid",
  arity: 2,
  group: "cluster",
  since: "3.0.0",
  summary: "Tells this node's id.",
  complexity: "O(1)",
  flags: ["stale"],
  brief: 8,
})

export const CLUSTER_NODES = spec({
  name: "cluster|nodes",
  arity: 2,
  group: "cluster",
  since: "3.0.0",
  summary: "Describes the nodes of the cluster, a line each.",
  complexity: "O(N) in the nodes.",
  flags: ["stale"],
  tips: ["nondeterministic_output"],
})

export const CLUSTER_REPLICAS = spec({
  name: "cluster|replicas",
  arity: 3,
  group: "cluster",
  since: "5.0.0",
  summary: "Describes the replicas of a master.",
  complexity: "O(1)",
  flags: ["admin", "stale"],
  args: "node-id",
  tips: ["nondeterministic_output"],
})

export const CLUSTER_REPLICATE = spec({
  name: "cluster|replicate",
  arity: 3,
  group: "cluster",
  since: "3.0.0",
  summary: "Makes this node a replica of a master.",
  complexity: "O(1)",
  flags: ["admin", "stale", "no_async_loading"],
  args: "node-id",
})

export const CLUSTER_RESET = spec({
  name: "cluster|reset",
  arity: -2,
  group: "cluster",
  since: "3.0.0",
  summary: "Makes this node forget the cluster.",
  complexity: "O(N) in the nodes known, plus that of FLUSHALL on a replica.",
  flags: ["admin", "noscript", "stale"],
  args: "[hard_soft(HARD|SOFT)]",
})

export const CLUSTER_SAVECONFIG = spec({
  name: "cluster|saveconfig",
  arity: 2,
  group: "cluster",
  since: "3.0.0",
  summary: "Writes the cluster's state to the node's file.",
  complexity: "O(1)",
  flags: ["admin", "stale", "no_async_loading"],
})

export const CLUSTER_SET_CONFIG_EPOCH = spec({
  name: "cluster|set-config-epoch",
  arity: 3,
  group: "cluster",
  since: "3.0.0",
  summary: "Sets the configuration epoch of a fresh node.",
  complexity: "O(1)",
  flags: ["admin", "stale", "no_async_loading"],
  args: "config-epoch:int",
})

export const CLUSTER_SETSLOT = spec({
  name: "cluster|setslot",
  arity: -4,
  group: "cluster",
  since: "3.0.0",
  summary: "Binds a hash slot to a node, or marks it as moving.",
  complexity: "O(1)",
  flags: ["admin", "stale", "no_async_loading"],
  args: "slot:int subcommand(IMPORTING=node-id|MIGRATING=node-id|NODE=node-id|STABLE)",
})

export const CLUSTER_SHARDS = spec({
  name: "cluster|shards",
  arity: 2,
  group: "cluster",
  since: "7.0.0",
  summary: "Describes the shards: their slots and nodes.",
  complexity: "O(N) in the nodes.",
  flags: ["stale"],
  tips: ["nondeterministic_output"],
})

export const CLUSTER_SLAVES = spec({
  name: "cluster|slaves",
  arity: 3,
  group: "cluster",
  since: "3.0.0",
  summary: "Describes the replicas of a master (the old name of CLUSTER REPLICAS).",
  complexity: "O(1)",
  flags: ["admin", "stale"],
  args: "node-id",
  tips: ["nondeterministic_output"],
  deprecated: { since: "5.0.0", use: "`CLUSTER REPLICAS`" },
})

export const CLUSTER_SLOTS = spec({
  name: "cluster|slots",
  arity: 2,
  group: "cluster",
  since: "3.0.0",
  summary: "Lists the ranges of slots with the nodes that serve them.",
  complexity: "O(N) in the nodes.",
  flags: ["stale"],
  tips: ["nondeterministic_output"],
  history: ["4.0.0 Shows the ids of nodes.", "7.0.0 Shows further network facts of nodes."],
  deprecated: { since: "7.0.0", use: "`CLUSTER SHARDS`" },
})

export const READONLY = spec({
  name: "readonly",
  arity: 1,
  group: "cluster",
  since: "3.0.0",
  summary: "Allows reads of possibly stale data from this replica of a cluster.",
  complexity: "O(1)",
  flags: ["loading", "stale", "fast"],
  acl: ["connection"],
  brief: 8,
  changes: "session",
})

export const READWRITE = spec({
  name: "readwrite",
  arity: 1,
  group: "cluster",
  since: "3.0.0",
  summary: "Ends what READONLY allowed.",
  complexity: "O(1)",
  flags: ["loading", "stale", "fast"],
  acl: ["connection"],
  brief: 8,
  changes: "session",
})
