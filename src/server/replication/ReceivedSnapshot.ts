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
import type { LoadOptions, LoadResult, RdbPersistenceShape } from "../../rdb/RdbPersistence.js"
import type { ReplicationLog } from "../../replication/ReplicationLog.js"
import type { IncomingSnapshot } from "../../replication/replica/SnapshotTransfer.js"
import { announceReplaced } from "../../engine/clients/DataReplaced.js"
import type { Engine } from "../../engine/Engine.js"
import { doneLine, fieldLines } from "../FileReport.js"

const LOADING = "MASTER <-> REPLICA sync: Loading DB in memory"

type Loading = Effect.Effect<LoadResult, { readonly message: string }>

export class ReceivedSnapshot {
  constructor(
    private readonly engine: Engine,
    private readonly log: ReplicationLog,
    private readonly persistence: RdbPersistenceShape,
    /** Ends the links of sub-replicas. */
    private readonly dropReplicas: () => void,
    private readonly loaded: (result: LoadResult) => void,
  ) {}

  private say(text: string): void {
    this.engine.background(Effect.logInfo(text))
  }

  private readonly onFields = (fields: ReadonlyMap<string, string>): void => {
    for (const line of fieldLines(fields, this.engine.clock.currentTimeMillisUnsafe())) this.say(line)
  }

  private endHistory(): void {
    this.dropReplicas()
    this.log.forget()
  }

  load(path: string): Loading {
    return this.into(this.persistence.loadFile(path, { flush: true, onFields: this.onFields }))
  }

  /** Undefined where the snapshot is to go to a file first. */
  loadStream(
    snapshot: IncomingSnapshot,
    setting: "disabled" | "on-empty-db" | "swapdb",
    sameHistory: boolean,
  ): Loading | undefined {
    const source = { path: "the master's snapshot", ...snapshot }
    if (setting === "swapdb") {
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
    if (setting === "disabled" || !empty) return undefined
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
