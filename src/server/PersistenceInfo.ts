/** INFO's section on persistence. */
import type { PersistenceState } from "../rdb/PersistenceState.js"
import type { InfoField } from "../engine/InfoRegistry.js"
import type { Keyspace } from "../store/Keyspace.js"

const loadingFields = (state: PersistenceState, nowMs: number): ReadonlyArray<InfoField> => {
  const { load } = state
  if (load === undefined) return []
  const elapsed = Math.max(0, (nowMs - load.startedMs) / 1000)
  const { loadedBytes, totalBytes } = load
  const perc = totalBytes === 0 ? 0 : (loadedBytes / totalBytes) * 100
  const eta = loadedBytes === 0 ? 1 : Math.floor((elapsed * (totalBytes - loadedBytes)) / loadedBytes)
  return [
    ["loading_start_time", Math.floor(load.startedMs / 1000)],
    ["loading_total_bytes", totalBytes],
    ["loading_rdb_used_mem", load.usedMemory],
    ["loading_loaded_bytes", loadedBytes],
    ["loading_loaded_perc", perc.toFixed(2)],
    ["loading_eta_seconds", eta],
  ]
}

/** The fields of the section, without its heading. */
export const persistenceInfo = (
  state: PersistenceState,
  keyspace: Keyspace,
  nowMs: number,
  aof: ReadonlyArray<InfoField>,
): ReadonlyArray<InfoField> => {
  const { save } = state
  const saving = save !== undefined && save.kind !== "base"
  const keys = save === undefined ? 0 : save.keys()
  const total = save?.keysTotal ?? 0
  const cow = keyspace.arena.snapshot?.logBytes ?? 0
  const age = !saving ? -1 : Math.floor((nowMs - save.startedMs) / 1000)
  return [
    ["loading", state.load === undefined || state.load.serving ? 0 : 1],
    ["async_loading", state.load?.serving === true ? 1 : 0],
    ["current_cow_peak", save === undefined ? 0 : cow],
    ["current_cow_size", cow],
    ["current_cow_size_age", 0],
    ["current_fork_perc", total === 0 ? "0.00" : ((keys / total) * 100).toFixed(2)],
    ["current_save_keys_processed", keys],
    ["current_save_keys_total", total],
    ["rdb_changes_since_last_save", keyspace.dirty],
    ["rdb_bgsave_in_progress", saving ? 1 : 0],
    ["rdb_last_save_time", state.lastSaveSeconds],
    ["rdb_last_bgsave_status", state.lastStatus],
    ["rdb_last_bgsave_time_sec", state.lastDurationSeconds],
    ["rdb_current_bgsave_time_sec", age],
    ["rdb_saves", state.begun],
    ["rdb_last_cow_size", state.lastCowBytes],
    ["rdb_last_load_keys_expired", state.lastLoadExpired],
    ["rdb_last_load_keys_loaded", state.lastLoadKeys],
    ...aof,
    ...loadingFields(state, nowMs),
  ]
}
