/**
 * The declaration of a command: everything about it that is not its handler.
 *
 * One declaration a command and one a subcommand ("config|get"), written once in the file of its group with `spec`.
 * Arity checks, read-only and out-of-memory refusals, transactions, ACL, COMMAND and its subcommands, key extraction
 * and the coverage lists all read it. Source of the facts: what redis-server 7.0.15 answers to COMMAND and COMMAND DOCS.
 *
 * Two fields are small languages, parsed when first asked for, so that start-up pays nothing for them:
 *
 *     keys   where the key names stand            see KeySyntax.ts
 *     args   the arguments, for COMMAND DOCS      see ArgumentSyntax.ts
 *
 * Three facts are not written down because they follow from others: the legacy triple (first key, last key, step)
 * follows from the key specs, most ACL categories follow from the flags, the container follows from the name.
 */
import { parseArguments } from "./ArgumentSyntax.js"
import {
  firstKeyArgument,
  isForKeys,
  type KeySpec,
  legacyKeyRange,
  type LegacyKeyRange,
  parseKeySpecs,
} from "./KeySyntax.js"
import type { Argument } from "./ArgumentSyntax.js"

/** The flags COMMAND prints. */
type CommandFlag =
  | "readonly"
  | "write"
  | "denyoom"
  | "admin"
  | "pubsub"
  | "noscript"
  | "loading"
  | "stale"
  | "no_async_loading"
  | "no_multi"
  | "blocking"
  | "fast"
  | "no_auth"
  | "allow_busy"
  | "skip_monitor"
  | "skip_slowlog"
  | "asking"
  | "no_mandatory_keys"
  | "movablekeys"

/** Every ACL category, in the order COMMAND prints them. */
export const aclCategories = [
  "keyspace",
  "read",
  "write",
  "set",
  "sortedset",
  "list",
  "hash",
  "string",
  "bitmap",
  "hyperloglog",
  "geo",
  "stream",
  "pubsub",
  "admin",
  "fast",
  "slow",
  "blocking",
  "dangerous",
  "connection",
  "transaction",
  "scripting",
] as const

type AclCategory = (typeof aclCategories)[number]

/** Groups, named as COMMAND DOCS names them. */
type CommandGroup =
  | "string"
  | "generic"
  | "connection"
  | "bitmap"
  | "list"
  | "set"
  | "hash"
  | "sorted-set"
  | "stream"
  | "hyperloglog"
  | "geo"
  | "transactions"
  | "pubsub"
  | "scripting"
  | "server"
  | "cluster"

/** Hints to clients and proxies that spread commands over several servers. */
type CommandTip =
  | "nondeterministic_output"
  | "nondeterministic_output_order"
  | `request_policy:${"all_nodes" | "all_shards" | "multi_shard" | "special"}`
  | `response_policy:${
      | "one_succeeded"
      | "all_succeeded"
      | "agg_logical_and"
      | "agg_min"
      | "agg_sum"
      | "special"}`

/** What a group's file writes for one command. */
export interface CommandFacts {
  /** Lower case; a subcommand's name holds its container's: "config|get". */
  readonly name: string
  /** Words of the request, the command's own name (and the subcommand's) included; negative means "at least". */
  readonly arity: number
  /** Where COMMAND DOCS has it. */
  readonly group: CommandGroup
  /** The Redis version that brought it. */
  readonly since: string
  /** What it does, in a sentence. */
  readonly summary: string
  /** Absent where Redis gives none. */
  readonly complexity?: string
  /** In the order COMMAND prints them. */
  readonly flags?: ReadonlyArray<CommandFlag>
  /** Only the categories that do not follow from the flags; see `impliedCategories`. */
  readonly acl?: ReadonlyArray<AclCategory>
  /** Key specs, in the notation of KeySyntax.ts. */
  readonly keys?: string
  /** For what key specs cannot say (KeyExtraction.ts). */
  readonly findKeys?: KeyFinderName
  /** Which arguments are channels that the user needs to be allowed. */
  readonly channels?: ChannelArguments
  /** Arguments, in the notation of ArgumentSyntax.ts. */
  readonly args?: string
  /** Hints to clients and proxies that spread commands over several servers. */
  readonly tips?: ReadonlyArray<CommandTip>
  /** Changes since: a version, a space, what changed. */
  readonly history?: ReadonlyArray<string>
  /** Meant for other servers and for tests, not for users. */
  readonly internal?: boolean
  /** Since which version, and what takes its place. */
  readonly deprecated?: { readonly since: string; readonly use: string }
  /** True where a command that is no write may still have to reach the replicas; COMMAND does not print it. */
  readonly mayReplicate?: boolean
  /**
   * With at most so many words beyond its name its time does not grow with the data, so it may be timed by sample
   * (CommandTimer.ts); absent: it is timed each time.
   */
  readonly brief?: number
  /** Word that names a member or field in the collection under word 1, so that its memory can be brought near early. */
  readonly member?: number
  /** Inside MULTI it runs at once instead of being queued; "ends": and it ends the transaction. */
  readonly inMulti?: "runs" | "ends"
  /** Waits for what others do, as all that are `blocking` do: the wait is none of its own time. */
  readonly waits?: boolean
  /** Stands for the queued commands: refused wherever one of them would be. */
  readonly runsQueue?: boolean
  /** Allowed to a RESP2 client that has subscriptions. */
  readonly whileSubscribed?: boolean
  /** Refused unless this directive lets the client pass. */
  readonly guard?: GuardDirective
  /** Refused as writes are after a failed save, so that whoever watches the server hears of it. */
  readonly stopsOnFailedSave?: boolean
  /** "any": it answers by pushes, several times, or not at all. */
  readonly replies?: "any"
  /** Which words no log may show. */
  readonly secrets?: SecretWords
  /**
   * It changes the session it runs in, or makes a link of replication out of a connection: a client whose session all of a
   * program share does not run it.
   */
  readonly changes?: "session" | "link"
}

/** The first argument, all of them, or all of them as patterns of channels. */
type ChannelArguments = "first" | "all" | "patterns"

/** Ways to find keys that no key spec can tell. */
export type KeyFinderName = "set" | "bitfield" | "sort" | "first" | "migrate"

/** Directives that allow commands to nobody, to clients of this machine, or to everybody. */
type GuardDirective = "enable-debug-command" | "enable-module-command"

/** Secret words of a request from word `from` on: those behind certain words, the values of certain names, or all. */
interface SecretWords {
  readonly from: number
  /** How many words behind each of these, in lower case, are secret. */
  readonly after?: Readonly<Record<string, number>>
  /** Names, in lower case, whose values are secret where names and values take turns. */
  readonly valuesOf?: ReadonlyArray<string>
}

/** The categories that follow from the flags (scripts count as neither reads nor writes of their own accord). */
const impliedCategories = (facts: CommandFacts): ReadonlyArray<AclCategory> => {
  const flags = facts.flags ?? []
  const implied: AclCategory[] = [flags.includes("fast") ? "fast" : "slow"]
  if (flags.includes("write")) implied.push("write")
  if (flags.includes("readonly") && facts.acl?.includes("scripting") !== true) implied.push("read")
  if (flags.includes("admin")) implied.push("admin", "dangerous")
  if (flags.includes("pubsub")) implied.push("pubsub")
  if (flags.includes("blocking")) implied.push("blocking")
  return implied
}

const none: ReadonlyArray<never> = []

/** A declaration, with its flags spread out into fields that are cheap to test. */
export class CommandSpec {
  /** In lower case; a subcommand's holds its container's: "config|get". */
  readonly name: string
  /** The container's name for a subcommand ("config"), else undefined. */
  readonly container: string | undefined
  /** Words of a request, its names included; negative means "at least". */
  readonly arity: number
  /** Where COMMAND DOCS has it. */
  readonly group: CommandGroup
  /** The version that brought it. */
  readonly since: string
  /** What it does, in a sentence. */
  readonly summary: string
  /** How its time grows, in words; undefined where Redis says nothing. */
  readonly complexity: string | undefined
  /** As COMMAND prints them; the fields below are made of them. */
  readonly flags: ReadonlyArray<CommandFlag>
  /** Hints to clients and proxies. */
  readonly tips: ReadonlyArray<CommandTip>
  /** Changes since: a version, a space, what changed. */
  readonly history: ReadonlyArray<string>
  /** Meant for other servers and for tests, not for users. */
  readonly internal: boolean
  /** Since which version, and what takes its place. */
  readonly deprecated: { readonly since: string; readonly use: string } | undefined

  /** May change the data. */
  readonly isWrite: boolean
  /** Looks at keys and changes none. */
  readonly isReadOnly: boolean
  /** Refused when memory is over its limit and nothing can be evicted. */
  readonly denyOom: boolean
  /** Is for whoever runs the server. */
  readonly isAdmin: boolean
  /** Is about channels. */
  readonly isPubsub: boolean
  /** Scripts may not call it. */
  readonly noScript: boolean
  /** Allowed while a data set is being loaded. */
  readonly loading: boolean
  /** Allowed on a replica whose data is stale. */
  readonly stale: boolean
  /** Refused while a replica loads its new data set beside the old one. */
  readonly noAsyncLoading: boolean
  /** Refused inside MULTI. */
  readonly noMulti: boolean
  /** May have its client wait for others. */
  readonly blocking: boolean
  /** Takes constant or logarithmic time. */
  readonly fast: boolean
  /** Allowed before the connection has logged in. */
  readonly noAuth: boolean
  /** Allowed while a script has overrun its time. */
  readonly allowBusy: boolean
  /** MONITOR does not show it. */
  readonly skipMonitor: boolean
  /** The slow log does not keep it. */
  readonly skipSlowlog: boolean
  /** Answered in a cluster also for a slot that is being imported. */
  readonly asking: boolean
  /** May be called with no key at all though it has key specs. */
  readonly noMandatoryKeys: boolean
  /** The legacy triple does not name every key. */
  readonly movableKeys: boolean
  /** Is no write, and may still have to reach the replicas. */
  readonly mayReplicate: boolean
  /** With at most so many words beyond its name it may be timed by sample; 0 = never. */
  readonly brief: number
  /** Argument that is the first key; 0 for none, or where that depends on other words. */
  readonly key: number
  /** Word that names a member in the collection under word 1; 0 for none. */
  readonly member: number
  /** Whether MULTI queues it, or runs it at once, or that ends the transaction. */
  readonly inMulti: "queued" | "runs" | "ends"
  /** Waits for what others do: the wait is none of its own time. */
  readonly waits: boolean
  /** Stands for the queued commands: refused wherever one of them would be. */
  readonly runsQueue: boolean
  /** Allowed to a RESP2 client that has subscriptions. */
  readonly whileSubscribed: boolean
  /** The directive that has to let the client pass. */
  readonly guard: GuardDirective | undefined
  /** Refused as writes are after a failed save. */
  readonly stopsOnFailedSave: boolean
  /** "any": it answers by pushes, several times, or not at all. */
  readonly replies: "one" | "any"
  /** Which words no log may show. */
  readonly secrets: SecretWords | undefined
  /** What it does to its session or its connection, where it changes either. */
  readonly changes: "session" | "link" | undefined
  /** What Command.ts has made of it, once for all servers of the process; 0 = not yet. */
  bits = 0

  /** For what key specs cannot say (KeyExtraction.ts). */
  readonly findKeys: KeyFinderName | undefined
  /** Which arguments are channels that the user needs to be allowed. */
  readonly channels: ChannelArguments | undefined

  private readonly facts: CommandFacts
  private madeCategories: ReadonlyArray<AclCategory> | undefined
  private readonly keyText: string | undefined
  private readonly argumentText: string | undefined
  private parsedKeys: ReadonlyArray<KeySpec> | undefined
  private foundKeys: boolean | undefined
  private parsedRange: LegacyKeyRange | undefined
  private parsedArguments: ReadonlyArray<Argument> | undefined

  constructor(facts: CommandFacts) {
    const bar = facts.name.indexOf("|")
    const flags = facts.flags ?? none
    this.facts = facts
    this.name = facts.name
    this.container = bar < 0 ? undefined : facts.name.slice(0, bar)
    this.arity = facts.arity
    this.group = facts.group
    this.since = facts.since
    this.summary = facts.summary
    this.complexity = facts.complexity
    this.flags = flags
    this.tips = facts.tips ?? none
    this.history = facts.history ?? none
    this.internal = facts.internal === true
    this.deprecated = facts.deprecated
    this.isWrite = flags.includes("write")
    this.isReadOnly = flags.includes("readonly")
    this.denyOom = flags.includes("denyoom")
    this.isAdmin = flags.includes("admin")
    this.isPubsub = flags.includes("pubsub")
    this.noScript = flags.includes("noscript")
    this.loading = flags.includes("loading")
    this.stale = flags.includes("stale")
    this.noAsyncLoading = flags.includes("no_async_loading")
    this.noMulti = flags.includes("no_multi")
    this.blocking = flags.includes("blocking")
    this.fast = flags.includes("fast")
    this.noAuth = flags.includes("no_auth")
    this.allowBusy = flags.includes("allow_busy")
    this.skipMonitor = flags.includes("skip_monitor")
    this.skipSlowlog = flags.includes("skip_slowlog")
    this.asking = flags.includes("asking")
    this.noMandatoryKeys = flags.includes("no_mandatory_keys")
    this.movableKeys = flags.includes("movablekeys")
    this.mayReplicate = facts.mayReplicate === true
    this.brief = facts.brief ?? 0
    this.key = facts.keys === undefined ? 0 : firstKeyArgument(facts.keys)
    this.member = facts.member ?? 0
    this.inMulti = facts.inMulti ?? "queued"
    this.waits = facts.waits === true || flags.includes("blocking")
    this.runsQueue = facts.runsQueue === true
    this.whileSubscribed = facts.whileSubscribed === true
    this.guard = facts.guard
    this.stopsOnFailedSave = facts.stopsOnFailedSave === true
    this.replies = facts.replies ?? "one"
    this.secrets = facts.secrets
    this.changes = facts.changes
    this.findKeys = facts.findKeys
    this.channels = facts.channels
    this.keyText = facts.keys
    this.argumentText = facts.args
  }

  /** Categories without "@", in printing order. */
  get acl(): ReadonlyArray<AclCategory> {
    if (this.madeCategories === undefined) {
      const { facts } = this
      const categories = new Set<AclCategory>([...impliedCategories(facts), ...(facts.acl ?? none)])
      this.madeCategories = aclCategories.filter((category) => categories.has(category))
    }
    return this.madeCategories
  }

  /** True where a request of `words` words, names included, has the right length. */
  arityAllows(words: number): boolean {
    return this.arity >= 0 ? words === this.arity : words >= -this.arity
  }

  /** Where its keys stand, compiled from `keys`. */
  get keySpecs(): ReadonlyArray<KeySpec> {
    return (this.parsedKeys ??= this.keyText === undefined ? none : parseKeySpecs(this.keyText))
  }

  /** Whether its words may name keys; channels that stand where keys do are none. */
  get hasKeys(): boolean {
    return (this.foundKeys ??= this.keySpecs.some(isForKeys))
  }

  private get keyRange(): LegacyKeyRange {
    return (this.parsedRange ??= legacyKeyRange(this.keySpecs))
  }

  /** Position of the first key, 0 without keys; counted as `arity` is. */
  get firstKey(): number {
    return this.keyRange.first
  }

  /** Position of the last key; negative counts from the end. */
  get lastKey(): number {
    return this.keyRange.last
  }

  /** Words from one key to the next, 0 without keys. */
  get keyStep(): number {
    return this.keyRange.step
  }

  /** Its arguments as COMMAND DOCS has them, compiled from `args`. */
  get arguments(): ReadonlyArray<Argument> {
    return (this.parsedArguments ??=
      this.argumentText === undefined ? none : parseArguments(this.argumentText))
  }
}

/** Declares a command. */
export const spec = (facts: CommandFacts): CommandSpec => new CommandSpec(facts)
