/**
 * A master's snapshot takes the place of the data set. By repl-diskless-load it comes
 *
 *   from a file   the data set goes when the whole file is there and its load begins; clients hear -LOADING
 *   directly      into an empty data set, as the bytes come (on-empty-db); clients hear -LOADING
 *   beside        the present data set, as the bytes come, and replaces it in one turn (swapdb). A transfer that breaks
 *                 leaves the present one. Clients read it meanwhile if both belong to one history, else they hear -LOADING
 *
 * The history of the old data set ends in the turn in which it goes; until then sub-replicas stay, for a transfer may fail.
 */
import * as Effect from "effect/Effect"
import type { LoadOptions, LoadResult, RdbFiles } from "../../rdb/RdbPersistence.js"
import type { ReplicationLog } from "../ReplicationLog.js"
import type { Master } from "../master/ReplicationMaster.js"
import type { IncomingSnapshot } from "./SnapshotTransfer.js"
import type { MasterLinkError } from "./MasterStream.js"
import type { RdbError } from "../../rdb/format/RdbErrors.js"
import { announceReplaced } from "../../engine/clients/DataReplaced.js"
import type { Engine } from "../../engine/Engine.js"
import { doneLine, fieldLines } from "../../rdb/FileReport.js"

const LOADING = "MASTER <-> REPLICA sync: Loading DB in memory"

export interface SnapshotSettings {
  /** Where files are kept, "" = nowhere. */
  readonly dir: string
  readonly replDisklessLoad: "disabled" | "on-empty-db" | "swapdb"
}

type Loading = Effect.Effect<LoadResult, RdbError | MasterLinkError>

export class ReceivedSnapshot {
  constructor(
    private readonly engine: Engine,
    private readonly log: ReplicationLog,
    private readonly persistence: RdbFiles,
    private readonly settings: SnapshotSettings,
    private readonly master: Master,
  ) {}

  /** The stream goes on in the database that it had selected at the cut. */
  private loaded(result: LoadResult): void {
    this.log.masterSession.database = Math.max(0, result.replication?.streamDb ?? 0)
  }

  /** Without a directory there is nowhere to keep a file meanwhile. */
  private get way(): SnapshotSettings["replDisklessLoad"] {
    const { dir, replDisklessLoad } = this.settings
    return dir === "" && replDisklessLoad === "disabled" ? "swapdb" : replDisklessLoad
  }

  private say(text: string): void {
    this.engine.logger.notice(text)
  }

  private readonly onFields = (fields: ReadonlyMap<string, string>): void => {
    for (const line of fieldLines(fields, this.engine.clock.currentTimeMillisUnsafe())) this.say(line)
  }

  private endHistory(): void {
    this.master.dropReplicas()
    this.log.forget()
  }

  /** Replaces the data set by the file's; the history of the old data set ends in the turn in which it goes. */
  load(path: string): Loading {
    return this.into(this.persistence.loadFile(path, { flush: true, onFields: this.onFields }))
  }

  /**
   * As `load`, from the connection itself; undefined where the snapshot is to go to a file first.
   * @param sameHistory the snapshot belongs to the history of the present data set, which may be served meanwhile
   */
  loadStream(snapshot: IncomingSnapshot, sameHistory: boolean): Loading | undefined {
    const { way } = this
    const source = { path: "the master's snapshot", ...snapshot }
    if (way === "swapdb") {
      const options: LoadOptions = {
        beside: sameHistory ? "serve" : "refuse",
        onFields: this.onFields,
        onReplaced: () => {
          this.say("MASTER <-> REPLICA sync: Swapping active DB with loaded DB")
          this.endHistory()
          announceReplaced(this.engine)
          this.say("MASTER <-> REPLICA sync: Discarding old DB in background")
        },
      }
      this.say(LOADING)
      return Effect.tap(this.persistence.loadFrom(source, options), (result) => {
        this.loaded(result)
        return Effect.logInfo(doneLine(result))
      })
    }
    const empty = this.engine.keyspace.databases.every((db) => db.size === 0)
    if (way === "disabled" || !empty) return undefined
    return this.into(this.persistence.loadFrom(source, { flush: true, onFields: this.onFields }))
  }

  /** A load that begins by emptying the data set. */
  private into(loading: Loading): Loading {
    const { keyspace } = this.engine
    const begin = Effect.sync(() => {
      this.say("Discarding previously cached master state.")
      this.say("MASTER <-> REPLICA sync: Flushing old data")
      this.say(LOADING)
      this.endHistory()
      keyspace.expiryMode = "ignore"
    })
    return Effect.andThen(begin, loading).pipe(
      Effect.tap((result) => {
        this.loaded(result)
        return Effect.logInfo(doneLine(result))
      }),
      // Half a data set is none.
      Effect.onError(() => Effect.sync(() => void keyspace.flushAll())),
      Effect.ensuring(
        Effect.sync(() => {
          keyspace.expiryMode = this.log.following ? "hide" : "delete"
          announceReplaced(this.engine)
        }),
      ),
    )
  }
}
