/** INFO's sections server, clients, memory and cpu. */
import type { InfoField } from "../../engine/InfoRegistry.js"
import { humanSize, reservedBytes } from "../MemoryReport.js"
import type { Statistics } from "../Statistics.js"
import { REDIS_VERSION, REDIX_VERSION } from "../version.js"

const DAY_SECONDS = 86400

export const serverSection = (s: Statistics): ReadonlyArray<InfoField> => {
  const { engine, config, facts } = s
  const now = engine.clock.currentTimeNanosUnsafe()
  const uptime = Math.max(0, Math.floor((Number(now / 1_000_000n) - engine.startedMs) / 1000))
  const lru = Number(now / 1_000_000_000n) & 0xffffff
  return [
    ["redis_version", REDIS_VERSION],
    ["redix_version", REDIX_VERSION],
    ["redis_git_sha1", "00000000"],
    ["redis_git_dirty", 0],
    ["redis_build_id", "0000000000000000"],
    ["redis_mode", "standalone"],
    ["os", facts.system],
    ["arch_bits", facts.archBits],
    ["monotonic_clock", "performance.now"],
    ["multiplexing_api", "libuv"],
    ["atomicvar_api", "js-atomics"],
    ["gcc_version", "0.0.0"],
    ["runtime", facts.runtime],
    ["process_id", facts.pid],
    ["process_supervised", "no"],
    ["run_id", s.runId],
    ["tcp_port", engine.listeningPort === 0 ? config.values.port : engine.listeningPort],
    ["server_time_usec", String(now / 1000n)],
    ["uptime_in_seconds", uptime],
    ["uptime_in_days", Math.floor(uptime / DAY_SECONDS)],
    ["hz", config.values.hz],
    ["configured_hz", config.values.hz],
    ["lru_clock", lru],
    ["executable", facts.executable],
    ["config_file", config.configFile],
    ["io_threads_active", 0],
    ...shutdownField(engine.lifecycle.waitsUntil, engine.turns.now()),
  ]
}

const shutdownField = (until: number | undefined, now: number): ReadonlyArray<InfoField> =>
  until === undefined ? [] : [["shutdown_in_milliseconds", Math.max(0, Math.floor(until - now))]]

export const clientsSection = (s: Statistics): ReadonlyArray<InfoField> => {
  const sessions = [...s.engine.sessions.values()]
  const recent = s.measures.recentBuffers
  return [
    [
      "connected_clients",
      sessions.filter((session) => session.kind === "normal").length + s.engine.traffic.handshakes,
    ],
    ["cluster_connections", 0],
    ["maxclients", s.config.values.maxclients],
    ["client_recent_max_input_buffer", recent.input],
    ["client_recent_max_output_buffer", recent.output],
    [
      "blocked_clients",
      sessions.filter((session) => session.blocked !== undefined || session.postponed).length,
    ],
    ["tracking_clients", s.engine.tracking.clients],
    ["clients_in_timeout_table", sessions.filter((session) => session.blocked?.timed === true).length],
  ]
}

const percent = (part: number, whole: number): string =>
  `${(whole > 0 ? (part / whole) * 100 : 0).toFixed(2)}%`
const ratio = (a: number, b: number): string => (b > 0 ? a / b : 0).toFixed(2)

const memoryUse = (s: Statistics): ReadonlyArray<InfoField> => {
  const m = s.memory.figures()
  const system = s.facts.systemMemory()
  return [
    ["used_memory", m.used],
    ["used_memory_human", humanSize(m.used)],
    ["used_memory_rss", m.rss],
    ["used_memory_rss_human", humanSize(m.rss)],
    ["used_memory_peak", m.peak],
    ["used_memory_peak_human", humanSize(m.peak)],
    ["used_memory_peak_perc", percent(m.used, m.peak)],
    ["used_memory_overhead", m.overhead],
    ["used_memory_startup", m.startup],
    ["used_memory_dataset", m.dataset],
    ["used_memory_dataset_perc", percent(m.dataset, Math.max(0, m.used - m.startup))],
    ["allocator_allocated", m.used],
    ["allocator_active", m.reserved],
    ["allocator_resident", m.reserved],
    ["total_system_memory", system],
    ["total_system_memory_human", humanSize(system)],
  ]
}

export const memorySection = (s: Statistics): ReadonlyArray<InfoField> => {
  const m = s.memory.figures()
  const { maxmemory, maxmemoryPolicy } = s.config.values
  const { keyspace } = s.engine
  return [
    ...memoryUse(s),
    ["maxmemory", maxmemory],
    ["maxmemory_human", humanSize(maxmemory)],
    ["maxmemory_policy", maxmemoryPolicy],
    ["allocator_frag_ratio", ratio(m.reserved, m.used)],
    ["allocator_frag_bytes", m.reserved - m.used],
    ["allocator_rss_ratio", "1.00"],
    ["allocator_rss_bytes", 0],
    ["rss_overhead_ratio", ratio(m.rss, m.reserved)],
    ["rss_overhead_bytes", m.rss - m.reserved],
    ["mem_fragmentation_ratio", ratio(m.rss, m.used)],
    ["mem_fragmentation_bytes", m.rss - m.used],
    ["mem_not_counted_for_evict", m.uncounted],
    ["mem_replication_backlog", m.backlog],
    ["mem_total_replication_buffers", m.uncounted - m.log],
    ["mem_clients_slaves", m.clientsReplicas],
    ["mem_clients_normal", m.clientsNormal],
    ["mem_cluster_links", 0],
    ["mem_aof_buffer", m.log],
    ["mem_allocator", "redix-arena"],
    ["mem_arena_reserved", reservedBytes(keyspace)],
    ["mem_runtime_heap", m.heap],
    ["mem_runtime_external", m.external],
    ["active_defrag_running", s.engine.memoryLimit.pace.percent],
    ["lazyfree_pending_objects", keyspace.lazyPending],
    ["lazyfreed_objects", keyspace.stats.lazyFreedObjects],
  ]
}

const seconds = (microseconds: number): string => (microseconds / 1e6).toFixed(6)

export const cpuSection = (s: Statistics): ReadonlyArray<InfoField> => {
  const all = s.facts.processorTime()
  const thread = s.facts.threadTime()
  return [
    ["used_cpu_sys", seconds(all.system)],
    ["used_cpu_user", seconds(all.user)],
    ["used_cpu_sys_children", seconds(0)],
    ["used_cpu_user_children", seconds(0)],
    ["used_cpu_sys_main_thread", seconds(thread.system)],
    ["used_cpu_user_main_thread", seconds(thread.user)],
  ]
}
