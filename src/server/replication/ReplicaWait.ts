/** SHUTDOWN's wait for replicas that lag: writes stand still, until all have everything or shutdown-timeout is over. */
import * as Effect from "effect/Effect"
import type { ReplicaLink } from "../../replication/master/ReplicaLink.js"
import { PAUSED_FOR_EVER } from "../../engine/clients/ClientPause.js"
import type { ReplicationParts } from "./ReplicationParts.js"

const STEP_MS = 10
/** Why writes are paused, until the server has ended or its shutdown is called off. */
export const SHUTDOWN_PAUSE = "shutdown"

const lagging = ({ master, log }: ReplicationParts): ReadonlyArray<ReplicaLink> =>
  master.attached.filter((link) => link.ackOffset < log.offset)

const wait = (replication: ReplicationParts, seconds: number): Effect.Effect<void> => {
  const { lifecycle, turns } = replication.engine
  return Effect.gen(function* () {
    const until = turns.now() + seconds * 1000
    yield* Effect.logInfo("Waiting for replicas before shutting down.")
    replication.engine.pause.pause(SHUTDOWN_PAUSE, "write", PAUSED_FOR_EVER)
    replication.master.askForAcks()
    lifecycle.waitsUntil = until
    lifecycle.waited = true
    while (lagging(replication).length > 0 && turns.now() < until) yield* turns.sleep(STEP_MS)
  }).pipe(Effect.ensuring(Effect.sync(() => void (lifecycle.waitsUntil = undefined))))
}

/** @param timeoutSeconds 0 = does not wait, and only says how far the replicas are */
export const waitForReplicas = (replication: ReplicationParts, timeoutSeconds: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { engine, master, log } = replication
    if (timeoutSeconds > 0 && lagging(replication).length > 0) yield* wait(replication, timeoutSeconds)
    const late = lagging(replication)
    for (const link of late) {
      const behind = log.offset - link.ackOffset
      yield* Effect.logWarning(
        `Lagging replica ${link.name} reported offset ${behind} behind master, lag=${link.lagSeconds(engine.clock.currentTimeMillisUnsafe())}, state=${link.state}.`,
      )
    }
    const n = master.attached.length
    if (n > 0) yield* Effect.logInfo(`${n - late.length} of ${n} replicas are in sync when shutting down.`)
  })
