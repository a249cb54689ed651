/** What INFO and LASTSAVE tell of persistence. Plain data, written by RdbPersistence, read by anybody. */

export type SnapshotKind = "file" | "stream" | "base"

/** A snapshot that is being written. */
interface RunningSave {
  /** To a file, to replicas, or to the base of an append-only file. */
  readonly kind: SnapshotKind
  readonly startedMs: number
  readonly keysTotal: number
  /** Keys written so far. */
  readonly keys: () => number
}

/** A file, or a master's snapshot as it comes, that is being loaded. */
interface RunningLoad {
  readonly startedMs: number
  /** Size of the file, 0 when it is not known. */
  readonly totalBytes: number
  loadedBytes: number
  /** Memory the data took where the file was made, as the file says. */
  usedMemory: number
  /** It goes beside the data set and takes its place at the end, instead of into it. */
  readonly staged: boolean
  /** The present data set is served meanwhile. */
  readonly serving: boolean
}

export class PersistenceState {
  /** DEBUG SET-SKIP-CHECKSUM-VALIDATION: checksums of files and payloads are not looked at. */
  skipChecksum = false
  save: RunningSave | undefined = undefined
  /** The file that a save is writing, before it takes its place. */
  tempFile: string | undefined = undefined
  load: RunningLoad | undefined = undefined
  /** Unix seconds of the last good save to a file; the start of the server before the first. */
  lastSaveSeconds = 0
  /** Unix seconds of the last attempt. */
  lastTrySeconds = 0
  lastStatus: "ok" | "err" = "ok"
  /** Why the last save failed. */
  lastError: string | undefined = undefined
  /** Seconds the last background save to a file took, -1 before the first. */
  lastDurationSeconds = -1
  /** Saves that a SAVE, a BGSAVE or a save point began, whatever came of them. */
  begun = 0
  /** Good saves to files. */
  saves = 0
  /** Bytes of pre-images the last snapshot needed. */
  lastCowBytes = 0
  /** Bytes of pre-images that the last base of an append-only file needed. */
  lastBaseCowBytes = 0
  /** The most pre-images any snapshot needed. */
  cowBytesPeak = 0
  lastLoadKeys = 0
  lastLoadExpired = 0
  /** A load failed: what is in memory is not what the file holds, so the file must not be overwritten. */
  loadFailed = false
}
