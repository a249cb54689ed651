/**
 * What it takes to write a frozen keyspace as an RDB file: plain data and shared memory, so a worker thread can do it.
 * It is made in one turn with the opening of the arena's snapshot, and stands for that instant.
 */
import type { Ref } from "../../memory/Arena.js"
import type { SnapshotHandle } from "../../memory/Snapshot.js"
import type { Keyspace } from "../../store/Keyspace.js"

/** The maxmemory policy's family: what is written of each key's use. */
export type AccessPolicy = "none" | "lru" | "lfu"

/** Where the replication stream stood, for the AUX fields that let a replica go on from the file. */
export interface ReplicationPosition {
  /** Database the stream has selected, -1 for none. */
  readonly streamDb: number
  readonly id: string
  readonly offset: number
}

/** What of the data set a snapshot holds. */
export type SnapshotPart = "all" | "libraries" | "nothing"

export interface SnapshotDatabase {
  readonly id: number
  /** Header block of the table of keys. */
  readonly table: Ref
  readonly keys: number
  readonly expires: number
}

/** What the bytes are: an RDB file, or the commands that make the data set. */
export type SnapshotForm = "rdb" | "commands"

export interface SnapshotJob {
  readonly form: SnapshotForm
  /** Commands begin with a line that says when they were written. */
  readonly timestamp: boolean
  readonly handle: SnapshotHandle
  /** Databases that hold keys, by number. */
  readonly databases: ReadonlyArray<SnapshotDatabase>
  /** AUX fields in order; latin1 text. */
  readonly aux: ReadonlyArray<readonly [string, string]>
  /** Source of each function library. */
  readonly libraries: ReadonlyArray<Uint8Array>
  readonly compression: boolean
  readonly checksum: boolean
  readonly access: AccessPolicy
  /** lfu-decay-time. */
  readonly countDecay: number
  /** `rdb-key-save-delay` (KeyDelay.ts). */
  readonly keyDelay: number
  /** Unix milliseconds of the instant. */
  readonly now: number
}

interface JobOptions {
  readonly compression: boolean
  readonly checksum: boolean
  readonly access: AccessPolicy
  /** Default: 0. */
  readonly keyDelay?: number | undefined
  readonly replication: ReplicationPosition | undefined
  readonly libraries: ReadonlyArray<Uint8Array>
  /** Default: all. */
  readonly part?: SnapshotPart | undefined
  /** Default: rdb. */
  readonly form?: SnapshotForm | undefined
  /** Default: false. */
  readonly timestamp?: boolean | undefined
  /** Commands follow: it is the base of an append-only file. */
  readonly aofBase?: boolean | undefined
}

/** Version this server says it is in the files it writes. */
const REDIS_VERSION_WRITTEN = "7.0.15"

/** Opens the arena's snapshot and describes it. The caller closes it when the job is done. */
export const openJob = (keyspace: Keyspace, options: JobOptions): SnapshotJob => {
  const { arena, now } = keyspace
  const aux: Array<readonly [string, string]> = [
    ["redis-ver", REDIS_VERSION_WRITTEN],
    ["redis-bits", "64"],
    ["ctime", String(Math.floor(now / 1000))],
    ["used-mem", String(arena.usedBytes)],
  ]
  const { replication, part = "all" } = options
  if (replication !== undefined) {
    aux.push(["repl-stream-db", String(replication.streamDb)])
    aux.push(["repl-id", replication.id])
    aux.push(["repl-offset", String(replication.offset)])
  }
  aux.push(["aof-base", options.aofBase === true ? "1" : "0"])
  const databases = keyspace.databases
    .filter((db) => db.size > 0 && part === "all")
    .map((db) => ({ id: db.id, table: db.table.ref, keys: db.size, expires: db.expires }))
  return {
    form: options.form ?? "rdb",
    timestamp: options.timestamp ?? false,
    handle: arena.openSnapshot().handle,
    databases,
    aux,
    libraries: part === "nothing" ? [] : options.libraries,
    compression: options.compression,
    checksum: options.checksum,
    access: options.access,
    countDecay: keyspace.frequencyDecay,
    keyDelay: options.keyDelay ?? 0,
    now,
  }
}
