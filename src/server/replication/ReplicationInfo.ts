/** INFO's section on replication, and the fields of other sections that tell of it. */
import type { RedixValues } from "../../config/index.js"
import type { InfoField } from "../../engine/InfoRegistry.js"
import type { ReplicationParts } from "./ReplicationParts.js"

const replicaFields = (replication: ReplicationParts, values: RedixValues, now: number): Array<InfoField> => {
  const { replica, log } = replication
  const { master, transfer } = replica
  if (master === undefined) return []
  const up = replica.phase === "connected"
  const syncing = replica.phase === "transfer"
  const fields: Array<InfoField> = [
    ["master_host", master.host],
    ["master_port", master.port],
    ["master_link_status", up ? "up" : "down"],
    ["master_last_io_seconds_ago", up ? Math.floor((now - replica.heardAtMs) / 1000) : -1],
    ["master_sync_in_progress", syncing ? 1 : 0],
    ["slave_read_repl_offset", replica.readOffset],
    ["slave_repl_offset", log.offset],
  ]
  if (syncing) {
    const { read, lastMs } = transfer
    // A transfer up to a mark shows as one of no bytes, an unannounced one as one of -1.
    const total = transfer.total === -2 ? -1 : Math.max(0, transfer.total)
    fields.push(
      ["master_sync_total_bytes", total],
      ["master_sync_read_bytes", read],
      ["master_sync_left_bytes", total - read],
      ["master_sync_perc", total < 0 ? "-0.00" : total === 0 ? "0.00" : ((read / total) * 100).toFixed(2)],
      ["master_sync_last_io_seconds_ago", lastMs === 0 ? 0 : Math.floor((now - lastMs) / 1000)],
    )
  }
  if (!up) {
    const { downSinceMs } = replica
    const seconds = downSinceMs === 0 ? -1 : Math.floor((now - downSinceMs) / 1000)
    fields.push(["master_link_down_since_seconds", seconds])
  }
  fields.push(
    ["slave_priority", values.replicaPriority],
    ["slave_read_only", values.replicaReadOnly ? 1 : 0],
    ["replica_announced", values.replicaAnnounced ? 1 : 0],
  )
  return fields
}

const replicationFields = (replication: ReplicationParts, values: RedixValues): ReadonlyArray<InfoField> => {
  const { master, log, engine } = replication
  const now = engine.clock.currentTimeMillisUnsafe()
  const { attached } = master
  const { backlog } = log
  const fields: Array<InfoField> = [
    ["role", log.following ? "slave" : "master"],
    ...replicaFields(replication, values, now),
    ["connected_slaves", attached.length],
  ]
  if (values.minReplicasToWrite > 0 && values.minReplicasMaxLag > 0)
    fields.push(["min_slaves_good_slaves", master.goodReplicas])
  attached.forEach((link, i) => {
    const lag = link.state === "online" ? link.lagSeconds(now) : 0
    fields.push([
      `slave${i}`,
      `ip=${link.ip},port=${link.listeningPort},state=${link.stateName},offset=${link.ackOffset},lag=${lag}`,
    ])
  })
  fields.push(
    ["master_failover_state", replication.failover.state],
    ["master_replid", log.id],
    ["master_replid2", log.secondId],
    ["master_repl_offset", log.offset],
    ["second_repl_offset", log.secondOffset],
    ["repl_backlog_active", backlog === undefined ? 0 : 1],
    ["repl_backlog_size", values.replBacklogSize],
    ["repl_backlog_first_byte_offset", backlog?.first ?? 0],
    ["repl_backlog_histlen", backlog?.length ?? 0],
  )
  return fields
}

const kilo = (bytes: number): string => (bytes / 1024).toFixed(2)

/** Tells INFO of replication: its own section, and its fields among the counters. */
export const tellInfo = (replication: ReplicationParts, values: RedixValues): void => {
  const { engine, master } = replication
  const { info, measures, traffic } = engine
  const input = measures.rateOf(() => traffic.masterBytes)
  const output = measures.rateOf(() => master.stats.outputBytes)
  info.add("replication", () => replicationFields(replication, values))
  info.add(
    "stats",
    () => [
      ["total_net_repl_input_bytes", traffic.masterBytes],
      ["total_net_repl_output_bytes", master.stats.outputBytes],
    ],
    "total_net_output_bytes",
  )
  info.add(
    "stats",
    () => [
      ["instantaneous_input_repl_kbps", kilo(input.perSecond)],
      ["instantaneous_output_repl_kbps", kilo(output.perSecond)],
    ],
    "instantaneous_output_kbps",
  )
  info.add(
    "stats",
    () => [
      ["sync_full", master.stats.full],
      ["sync_partial_ok", master.stats.partialOk],
      ["sync_partial_err", master.stats.partialErr],
    ],
    "rejected_connections",
  )
  info.add("stats", () => [["unexpected_error_replies", engine.unexpectedErrors]], "tracking_total_prefixes")
}
