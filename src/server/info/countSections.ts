/** INFO's sections stats, commandstats, errorstats, latencystats and keyspace. */
import type { Ref } from "../../memory/Arena.js"
import type { Database } from "../../store/Database.js"
import { entryExpiry, NO_EXPIRY } from "../../store/Entry.js"
import type { InfoField } from "../../engine/InfoRegistry.js"
import type { Statistics } from "../Statistics.js"

const kilo = (bytes: number): string => (bytes / 1024).toFixed(2)

export const statsSection = (s: Statistics): ReadonlyArray<InfoField> => {
  const { engine } = s
  const { stats } = engine.keyspace
  const { pubsub } = engine.context
  const tracked = engine.tracking.counts
  return [
    ["total_connections_received", engine.traffic.connections],
    ["total_commands_processed", engine.dispatcher.commandsProcessed],
    ["instantaneous_ops_per_sec", Math.round(s.measures.operations.perSecond)],
    ["total_net_input_bytes", engine.traffic.inputBytes],
    ["total_net_output_bytes", engine.traffic.outputBytes],
    ["instantaneous_input_kbps", kilo(s.measures.input.perSecond)],
    ["instantaneous_output_kbps", kilo(s.measures.output.perSecond)],
    ["rejected_connections", engine.traffic.rejectedConnections],
    ["expired_keys", stats.expiredKeys],
    ["expired_stale_perc", "0.00"],
    ["expired_time_cap_reached_count", 0],
    ["expire_cycle_cpu_milliseconds", Math.round(engine.slices.spentMs)],
    ["evicted_keys", engine.memoryLimit.evictedKeys],
    ["evicted_clients", engine.clientEviction.evicted],
    ["total_eviction_exceeded_time", Math.floor(engine.memoryLimit.exceededTotalMs)],
    ["current_eviction_exceeded_time", Math.floor(engine.memoryLimit.exceededNowMs)],
    ["keyspace_hits", stats.keyspaceHits],
    ["keyspace_misses", stats.keyspaceMisses],
    ["pubsub_channels", pubsub.channels],
    ["pubsub_patterns", pubsub.patterns],
    ["pubsubshard_channels", pubsub.shardChannels],
    ["latest_fork_usec", 0],
    ["total_forks", 0],
    ...NOT_HERE,
    ...compactionFields(s),
    ["tracking_total_keys", tracked.keys],
    ["tracking_total_items", tracked.items],
    ["tracking_total_prefixes", tracked.prefixes],
    ["total_error_replies", s.measures.errors.total],
    ["dump_payload_sanitizations", 0],
    ["total_reads_processed", engine.traffic.batches],
    ["total_writes_processed", engine.traffic.writes],
    ["io_threaded_reads_processed", 0],
    ["io_threaded_writes_processed", 0],
    ["reply_buffer_shrinks", 0],
    ["reply_buffer_expands", 0],
  ]
}

/** Counters of what this server has not. */
const NOT_HERE: ReadonlyArray<InfoField> = [
  ["migrate_cached_sockets", 0],
  ["slave_expires_tracked_keys", 0],
]

/** Blocks and keys that were moved together, and those looked at that stayed. */
const compactionFields = ({ engine }: Statistics): ReadonlyArray<InfoField> => {
  const { pace } = engine.memoryLimit
  const { relocation, keysMoved, keysKept } = pace.compaction
  return [
    ["active_defrag_hits", relocation.moved],
    ["active_defrag_misses", relocation.looked - relocation.moved],
    ["active_defrag_key_hits", keysMoved],
    ["active_defrag_key_misses", keysKept],
    ["total_active_defrag_time", Math.floor(pace.activeMs)],
    ["current_active_defrag_time", Math.floor(pace.roundMs)],
  ]
}

export const commandstatsSection = (s: Statistics): ReadonlyArray<InfoField> => {
  const fields: Array<InfoField> = []
  const { timer } = s.engine
  const { counters } = timer
  for (const cmd of s.engine.dispatcher.table.byId) {
    const calls = counters.calls[cmd.id]
    const rejected = counters.rejected[cmd.id]
    const failed = counters.failed[cmd.id]
    if (calls === 0 && rejected === 0 && failed === 0) continue
    timer.latencies(cmd)
    const micros = counters.microseconds[cmd.id]
    const perCall = calls === 0 ? 0 : micros / calls
    fields.push([
      `cmdstat_${cmd.name}`,
      `calls=${calls},usec=${Math.floor(micros)},usec_per_call=${perCall.toFixed(2)},` +
        `rejected_calls=${rejected},failed_calls=${failed}`,
    ])
  }
  return fields
}

export const errorstatsSection = (s: Statistics): ReadonlyArray<InfoField> =>
  [...s.measures.errors.byCode]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, count]) => [`errorstat_${code}`, `count=${count}`] as const)

export const latencystatsSection = (s: Statistics): ReadonlyArray<InfoField> => {
  if (!s.config.values.latencyTracking) return []
  const percentiles = s.config.text("latency-tracking-info-percentiles").split(" ")
  const fields: Array<InfoField> = []
  for (const cmd of s.engine.dispatcher.table.byId) {
    const histogram = s.engine.timer.latencies(cmd)
    if (histogram === undefined || histogram.total === 0) continue
    const parts = percentiles
      .filter((p) => p !== "")
      .map((p) => `p${p}=${(histogram.percentile(Number(p)) / 1000).toFixed(3)}`)
    fields.push([`latency_percentiles_usec_${cmd.name}`, parts.join(",")])
  }
  return fields
}

const TTL_SAMPLES = 20
const BUCKETS_MAX = 500

/** Mean time to live of keys that expire, in milliseconds, from a few of them. */
const meanTtl = (db: Database, now: number): number => {
  if (db.expires === 0) return 0
  const { arena, random } = db.keyspace
  const buckets = db.table.bucketCount
  const start = random(buckets)
  let sum = 0
  let n = 0
  const visit = (ref: Ref): void => {
    const at = entryExpiry(arena, ref)
    if (at === NO_EXPIRY || n >= TTL_SAMPLES) return
    sum += Math.max(0, at - now)
    n++
  }
  for (let i = 0; i < Math.min(buckets, BUCKETS_MAX) && n < TTL_SAMPLES; i++)
    db.table.forEachInBucket((start + i) % buckets, visit)
  return n === 0 ? 0 : Math.round(sum / n)
}

export const keyspaceSection = (s: Statistics): ReadonlyArray<InfoField> => {
  const { keyspace } = s.engine
  return keyspace.databases
    .filter((db) => db.size > 0)
    .map((db) => [`db${db.id}`, `keys=${db.size},expires=${db.expires},avg_ttl=${meanTtl(db, keyspace.now)}`])
}
