import { createRequire } from "node:module"
import { rolldown } from "rolldown"

/** What each directive means: a line of its doc comment in the declarations. */
const TEXT = `
acl-pubsub-default: Channels that a new ACL user may use: "allchannels" or "resetchannels".
acllog-max-len: Entries that ACL LOG keeps.
aclfile: File with the ACL users.
active-defrag-cycle-max: Most CPU, in percent, that defragmentation takes.
active-defrag-cycle-min: Least CPU, in percent, that defragmentation takes.
active-defrag-ignore-bytes: Wasted bytes below which nothing is defragmented.
active-defrag-max-scan-fields: Elements of a collection that defragmentation handles in one step.
active-defrag-threshold-lower: Fragmentation, in percent, at which defragmentation begins.
active-defrag-threshold-upper: Fragmentation, in percent, at which defragmentation works hardest.
active-expire-effort: How hard expired keys are looked for, 1 to 10.
activedefrag: Defragments memory while the server runs.
activerehashing: Spends idle time on growing hash tables.
always-show-logo: Prints Redis's logo at the start, also into files.
aof_rewrite_cpulist: CPUs on which the append-only file is rewritten.
bgsave_cpulist: CPUs on which snapshots are written.
bio_cpulist: CPUs of background threads.
server_cpulist: CPUs of the server.
aof-checksum: A line before each group of commands in the append-only file says its checksum.
aof-disable-auto-gc: Keeps append-only files that are no longer needed.
aof-load-truncated: Loads an append-only file that ends in the middle of a command, up to there.
aof-rewrite-incremental-fsync: Syncs a rewritten append-only file every 4 MB.
aof-timestamp-enabled: Notes the time in the append-only file.
aof-use-rdb-preamble: A rewritten append-only file begins with an RDB file.
appenddirname: Directory, within dir, of the append-only files.
appendfilename: First part of the names of append-only files.
appendfsync: When the append-only file is synced: "always", "everysec" or "no".
appendonly: Writes each change to an append-only file.
auto-aof-rewrite-min-size: Bytes below which an append-only file is not rewritten by itself.
auto-aof-rewrite-percentage: Growth, in percent, after which the append-only file is rewritten.
bind: Addresses to listen on; "-" before one lets it be missing, "*" is all.
bind-source-addr: Address that connections to a master come from.
busy-reply-threshold: Milliseconds after which a script that still runs makes other clients be answered BUSY.
client-output-buffer-limit: For each class of clients: bytes of pending output at which it is cut off at once, and those at which it is after so many seconds.
client-query-buffer-limit: Bytes of input that a client may have waiting.
cluster-allow-pubsubshard-when-down: Cluster: shard channels work while it is down.
cluster-allow-reads-when-down: Cluster: reads work while it is down.
cluster-allow-replica-migration: Cluster: replicas move to masters that have none.
cluster-announce-bus-port: Cluster: port of the bus that others are told.
cluster-announce-hostname: Cluster: host name that others are told.
cluster-announce-ip: Cluster: address that others are told.
cluster-announce-port: Cluster: port that others are told.
cluster-announce-tls-port: Cluster: TLS port that others are told.
cluster-config-file: Cluster: file with the nodes.
cluster-enabled: Runs as a node of a cluster.
cluster-link-sendbuf-limit: Cluster: bytes that a link may have waiting.
cluster-migration-barrier: Cluster: replicas that a master keeps when others move away.
cluster-node-timeout: Cluster: milliseconds after which a node that is not heard counts as failing.
cluster-port: Cluster: port of the bus.
cluster-preferred-endpoint-type: Cluster: how nodes are named to clients: "ip", "hostname" or "unknown-endpoint".
cluster-replica-no-failover: Cluster: replicas do not take over by themselves.
cluster-replica-validity-factor: Cluster: how old, in node timeouts, a replica's data may be if it is to take over.
cluster-require-full-coverage: Cluster: it is down where a slot has no node.
crash-log-enabled: Writes a report when the process crashes.
crash-memcheck-enabled: Tests memory when the process crashes.
daemonize: Goes into the background.
databases: Number of databases that SELECT knows.
dbfilename: Name of the RDB file in dir.
dir: Directory of data files; an embedded server without one reads and writes no file.
disable-thp: Turns transparent huge pages off for the process.
dynamic-hz: More periodic work where there are more clients.
enable-debug-command: Who may run DEBUG: "no" for nobody, "local" for clients of this machine, "yes" for all.
enable-module-command: Who may run MODULE: "no" for nobody, "local" for clients of this machine, "yes" for all.
enable-protected-configs: Who may set dir and dbfilename with CONFIG SET: "no", "local" or "yes".
hash-max-listpack-entries: Fields up to which a hash is stored as one packed block.
hash-max-listpack-value: Bytes of a field or value up to which a hash is stored as one packed block.
hll-sparse-max-bytes: Bytes up to which a HyperLogLog is stored sparsely.
hz: Rounds of periodic work a second.
ignore-warnings: Warnings about the system that do not stop the start.
include: Another file of directives, read at this place.
io-threads: Threads that read and write sockets.
io-threads-do-reads: These threads also read.
jemalloc-bg-thread: The allocator's background thread.
key-load-delay: For tests: microseconds to wait for each key that is loaded; negative, one for so many keys.
latency-monitor-threshold: Milliseconds from which an event is noted for LATENCY; 0 notes none.
latency-tracking: Keeps a histogram of each command's time.
latency-tracking-info-percentiles: Percentiles of these times that INFO shows.
lazyfree-lazy-eviction: Evicted values are freed later.
lazyfree-lazy-expire: Expired values are freed later.
lazyfree-lazy-server-del: Overwritten values are freed later.
lazyfree-lazy-user-del: DEL frees as UNLINK does.
lazyfree-lazy-user-flush: FLUSHALL and FLUSHDB free as with ASYNC.
lfu-decay-time: Minutes after which a key's count of accesses falls by one.
lfu-log-factor: How slowly a key's count of accesses grows.
list-compress-depth: Nodes at each end of a list that are not compressed; 0 compresses none.
list-max-listpack-size: Elements in a list's node, or, from -1 to -5, 4 to 64 kB a node.
list-max-ziplist-entries: Of old versions; read and without effect.
list-max-ziplist-value: Of old versions; read and without effect.
loading-process-events-interval-bytes: Bytes of a file that are loaded between two looks at clients.
loadmodule: A module to load.
log-format: Form of the log's lines: "text" as Redis's, or "json".
logfile: File of the log; "" is standard output.
loglevel: Least level of lines in the log: "debug", "verbose", "notice", "warning" or "nothing".
lua-enable-deprecated-api: Scripts may use functions that are deprecated.
lua-replicate-commands: Of old versions; read and without effect.
masterauth: Password for the master.
masteruser: User for the master; "" is the default user.
maxclients: Clients that may be connected at once.
maxmemory: Bytes of memory at which keys are evicted or writes refused; 0 is no limit.
maxmemory-clients: Bytes, or percent of maxmemory, that all clients together may take; 0 is no limit.
maxmemory-eviction-tenacity: How long evicting may hold up commands, 0 to 100.
maxmemory-policy: What is evicted at maxmemory; "noeviction" refuses writes.
maxmemory-samples: Keys among which the one to evict is chosen.
metrics-port: Port where Prometheus finds metrics, at /metrics; 0 is none. The program's only.
min-replicas-max-lag: Seconds within which a replica must have acknowledged to count.
min-replicas-to-write: Replicas that must count, or writes are refused; 0 asks for none.
no-appendfsync-on-rewrite: Does not sync the append-only file while another is written.
notify-keyspace-events: Classes of keyspace events that are published, as letters; "" publishes none.
oom-score-adj: Whether the kernel's order of processes to kill is changed.
oom-score-adj-values: Changes for a master, a replica and a child.
pidfile: File with the process's number.
port: TCP port. An embedded server takes a free one for 0, the program none.
proc-title-template: Form of the process's title.
propagation-error-behavior: What a replica does when a command of its master fails: "ignore", "panic" or "panic-on-replicas".
protected-mode: Refuses clients of other machines while no password and no address to listen on is set.
proto-max-bulk-len: Bytes of the longest string that a request may hold.
rdb-del-sync-files: A replica without persistence deletes the file that it got for a sync.
rdb-key-save-delay: For tests: microseconds to wait for each key that is saved; negative, one for so many keys.
rdb-save-incremental-fsync: Syncs a snapshot every 4 MB while it is written.
rdbchecksum: RDB files end with a checksum, which is checked when they are loaded.
rdbcompression: Long strings are compressed in RDB files.
rename-command: A command's new name; "" takes the command away.
repl-backlog-size: Bytes of the stream that are kept for replicas that come back.
repl-backlog-ttl: Seconds after the last replica has gone until the backlog is freed; 0 keeps it.
repl-disable-tcp-nodelay: Sends replicas fewer and larger packets.
repl-diskless-load: How a replica loads: "disabled" by a file, "on-empty-db" or "swapdb" straight from the socket.
repl-diskless-sync: Snapshots go to replicas straight, without a file.
repl-diskless-sync-delay: Seconds to wait for more replicas before a snapshot without a file begins.
repl-diskless-sync-max-replicas: Replicas at which it begins at once; 0 waits for the delay.
repl-ping-replica-period: Seconds between two PINGs to replicas.
repl-timeout: Seconds of silence after which a link of replication is given up.
replica-announce-ip: Address that the master is told; "" is that of the connection.
replica-announce-port: Port that the master is told; 0 is the one listened on.
replica-announced: Sentinel shows this replica.
replica-ignore-disk-write-errors: A replica goes on when it cannot write to disk.
replica-ignore-maxmemory: A replica evicts nothing itself.
replica-lazy-flush: A replica frees its old data later.
replica-priority: Sentinel prefers the replica with the lowest; 0 is never promoted.
replica-read-only: A replica refuses writes of clients.
replica-serve-stale-data: A replica whose link is down goes on answering.
replicaof: Host and port of the master.
requirepass: Password of the default user; "" asks for none.
sanitize-dump-payload: Whether what RESTORE and replicas bring is checked in depth: "no", "yes" or "clients".
save: Save points, seconds and changes in turn: a snapshot after so many seconds if there were so many changes; "" is none.
set-max-intset-entries: Members up to which a set of integers is stored as one packed block.
set-proc-title: Sets the process's title.
shutdown-on-sigint: What SIGINT does: "default", "save", "nosave", "now" and "force" together.
shutdown-on-sigterm: What SIGTERM does: "default", "save", "nosave", "now" and "force" together.
shutdown-timeout: Seconds that a shutdown waits for replicas.
slowlog-log-slower-than: Microseconds from which a command is noted in the slow log; negative notes none.
slowlog-max-len: Entries that the slow log keeps.
socket-mark-id: Mark of listening sockets, for packet filters.
stop-writes-on-bgsave-error: Refuses writes after a background save has failed.
stream-node-max-bytes: Bytes of a stream's node; 0 is no limit.
stream-node-max-entries: Entries of a stream's node; 0 is no limit.
supervised: How a supervisor is told of the start: "no", "upstart", "systemd" or "auto".
syslog-enabled: Logs to syslog, too.
syslog-facility: Facility there.
syslog-ident: Name there.
tcp-backlog: Connections that may wait to be accepted.
tcp-keepalive: Seconds of silence after which a connection is probed; 0 probes none.
timeout: Seconds of silence after which a client is closed; 0 closes none.
tls-auth-clients: Whether clients need a certificate: "yes", "no" or "optional".
tls-ca-cert-dir: Directory with certificates of authorities.
tls-ca-cert-file: File with certificates of authorities.
tls-cert-file: The server's certificate.
tls-ciphers: Ciphers up to TLS 1.2.
tls-ciphersuites: Ciphers of TLS 1.3.
tls-client-cert-file: Certificate for connections to a master.
tls-client-key-file: Key of that certificate.
tls-client-key-file-pass: Password of that key.
tls-cluster: TLS on the bus of a cluster.
tls-dh-params-file: Parameters for Diffie-Hellman.
tls-key-file: Key of the server's certificate.
tls-key-file-pass: Password of that key.
tls-port: Port for TLS; 0 is none.
tls-prefer-server-ciphers: The server's order of ciphers counts.
tls-protocols: Versions of TLS that are spoken; "" is 1.2 and 1.3.
tls-replication: TLS on the link to the master.
tls-session-cache-size: Sessions that are kept to be resumed.
tls-session-cache-timeout: Seconds for which they are kept.
tls-session-caching: Sessions may be resumed.
tracking-table-max-keys: Keys that are remembered for clients that cache; 0 is no limit.
unixsocket: Path of a unix socket to listen on; "" is none.
unixsocketperm: Mode of that socket, in octal digits; 0 is the default.
use-exit-on-panic: For tests: a panic ends the process without a core file.
user: An ACL user, as ACL SETUSER takes it.
watchdog-period: For tests: milliseconds after which work that does not return is reported; 0 is never.
zset-max-listpack-entries: Members up to which a sorted set is stored as one packed block.
zset-max-listpack-value: Bytes of a member up to which a sorted set is stored as one packed block.
`

const texts = new Map(
  TEXT.trim()
    .split("\n")
    .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
)

const EFFECTS = { full: "", hint: " Kept, without effect.", none: " Not supported.", refused: " Refused." }

/** The table of directives, as the server has it. */
const readTable = async (source, options) => {
  const build = await rolldown({ ...options, input: source, external: /^node:/ })
  const { output } = await build.generate({ format: "cjs", codeSplitting: false })
  await build.close()
  const table = {}
  new Function("require", "exports", output[0].code)(createRequire(import.meta.url), table)
  return table.entries
}

/** What may be given for a directive, in types of JavaScript alone; `Count` and its like are in declarations.mjs. */
const plainType = ({ label, words }) => {
  if (label === "integer" || label === "octal") return "Count"
  if (label === "memory") return "Bytes"
  if (/^[\w-]+(?:\|[\w-]+)+$/.test(label)) {
    const choices = label.split("|")
    return [
      ...choices.map((word) => JSON.stringify(word)),
      ...(choices.includes("yes") ? ["boolean"] : []),
    ].join(" | ")
  }
  return words === "one" ? "Text" : "Words"
}

/** Each directive's doc comment and plain type; every directive has a text, and nothing else has. */
export const describeDirectives = async (source, options) => {
  const entries = await readTable(source, options)
  const unknown = new Set(texts.keys())
  const described = new Map()
  for (const { name, defaultText, support, kind } of entries) {
    const text = texts.get(name)
    if (text === undefined) throw new Error(`directive ${name} has no text in directiveTexts.mjs`)
    unknown.delete(name)
    const shown = defaultText === "" ? '""' : defaultText
    described.set(name, {
      comment: `${text} Default: \`${shown}\`.${EFFECTS[support]}`,
      type: plainType(kind),
    })
  }
  if (unknown.size > 0) throw new Error(`directiveTexts.mjs speaks of ${[...unknown].join(", ")}`)
  return described
}
