/** Which fields of INFO are metrics, and what redis_exporter, whose dashboards there are, calls them. */

export interface InfoMetric {
  readonly section: string
  readonly field: string
  readonly kind: "gauge" | "counter"
  readonly name: string
}

const of = (
  section: string,
  kind: InfoMetric["kind"],
  names: Readonly<Record<string, string>>,
): ReadonlyArray<InfoMetric> =>
  Object.entries(names).map(([field, name]) => ({ section, field, kind, name: `redis_${name}` }))

export const infoMetrics: ReadonlyArray<InfoMetric> = [
  ...of("server", "gauge", { uptime_in_seconds: "uptime_in_seconds", process_id: "process_id" }),
  ...of("clients", "gauge", {
    connected_clients: "connected_clients",
    blocked_clients: "blocked_clients",
    maxclients: "config_maxclients",
    client_recent_max_input_buffer: "client_recent_max_input_buffer_bytes",
    client_recent_max_output_buffer: "client_recent_max_output_buffer_bytes",
  }),
  ...of("memory", "gauge", {
    used_memory: "memory_used_bytes",
    used_memory_rss: "memory_used_rss_bytes",
    used_memory_peak: "memory_used_peak_bytes",
    used_memory_dataset: "memory_used_dataset_bytes",
    maxmemory: "memory_max_bytes",
    mem_fragmentation_ratio: "mem_fragmentation_ratio",
  }),
  ...of("persistence", "gauge", {
    loading: "loading_dump_file",
    rdb_changes_since_last_save: "rdb_changes_since_last_save",
    rdb_bgsave_in_progress: "rdb_bgsave_in_progress",
    rdb_last_save_time: "rdb_last_save_timestamp_seconds",
    rdb_last_bgsave_status: "rdb_last_bgsave_status",
    rdb_last_bgsave_time_sec: "rdb_last_bgsave_duration_sec",
    rdb_current_bgsave_time_sec: "rdb_current_bgsave_duration_sec",
  }),
  ...of("stats", "counter", {
    total_connections_received: "connections_received_total",
    total_commands_processed: "commands_processed_total",
    total_net_input_bytes: "net_input_bytes_total",
    total_net_output_bytes: "net_output_bytes_total",
    rejected_connections: "rejected_connections_total",
    expired_keys: "expired_keys_total",
    evicted_keys: "evicted_keys_total",
    keyspace_hits: "keyspace_hits_total",
    keyspace_misses: "keyspace_misses_total",
    total_error_replies: "total_error_replies",
  }),
  ...of("stats", "gauge", {
    instantaneous_ops_per_sec: "instantaneous_ops_per_sec",
    sync_full: "replica_resyncs_full",
    sync_partial_ok: "replica_partial_resync_accepted",
    sync_partial_err: "replica_partial_resync_denied",
    pubsub_channels: "pubsub_channels",
    pubsub_patterns: "pubsub_patterns",
  }),
  ...of("replication", "gauge", {
    connected_slaves: "connected_slaves",
    master_repl_offset: "master_repl_offset",
    repl_backlog_active: "repl_backlog_is_active",
    repl_backlog_size: "replication_backlog_bytes",
    repl_backlog_histlen: "repl_backlog_history_bytes",
    master_link_status: "master_link_up",
    master_last_io_seconds_ago: "master_last_io_seconds_ago",
    master_sync_in_progress: "master_sync_in_progress",
    slave_repl_offset: "slave_repl_offset",
  }),
  ...of("cpu", "counter", {
    used_cpu_sys: "cpu_sys_seconds_total",
    used_cpu_user: "cpu_user_seconds_total",
  }),
]

/** A metric of each of several things: the field of one tells them all, in words `name=value`. */
export interface ManyMetric {
  readonly section: string
  /** The field's name without what tells them apart. */
  readonly prefix: string
  readonly kind: InfoMetric["kind"]
  readonly name: string
  /** The word that is the value, and what it is divided by. */
  readonly word: string
  readonly divisor?: number
  /** The label that tells them apart. */
  readonly label: string
  /** Further labels, by the words that are their values. */
  readonly labels?: Readonly<Record<string, string>>
}

const commandstats = { section: "commandstats", prefix: "cmdstat_", kind: "counter", label: "cmd" } as const
const keyspace = { section: "keyspace", prefix: "db", kind: "gauge", label: "db" } as const
const replicas = {
  section: "replication",
  prefix: "slave",
  kind: "gauge",
  label: "slave_index",
  labels: { slave_ip: "ip", slave_port: "port", slave_state: "state" },
} as const

export const manyMetrics: ReadonlyArray<ManyMetric> = [
  { ...commandstats, name: "redis_commands_total", word: "calls" },
  { ...commandstats, name: "redis_commands_duration_seconds_total", word: "usec", divisor: 1e6 },
  { ...commandstats, name: "redis_commands_rejected_calls_total", word: "rejected_calls" },
  { ...commandstats, name: "redis_commands_failed_calls_total", word: "failed_calls" },
  {
    section: "errorstats",
    prefix: "errorstat_",
    kind: "counter",
    name: "redis_errors_total",
    word: "count",
    label: "err",
  },
  { ...keyspace, name: "redis_db_keys", word: "keys" },
  { ...keyspace, name: "redis_db_keys_expiring", word: "expires" },
  { ...keyspace, name: "redis_db_avg_ttl_seconds", word: "avg_ttl", divisor: 1000 },
  { ...replicas, name: "redis_connected_slave_lag_seconds", word: "lag" },
  { ...replicas, name: "redis_connected_slave_offset_bytes", word: "offset" },
]
