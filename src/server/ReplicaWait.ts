/** SHUTDOWN's wait for replicas that lag: writes stand still, until all have everything or shutdown-timeout is over. */
import * as Effect from "effect/Effect"
import type { Replication } from "./Replication.js"

const STEP_MS = 10
const PURPOSE = "shutdown"

export const waitForReplicas = (
  replication: Replication,
  timeoutSeconds: number,
  now: () => number,
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { master, log, engine } = replication
    const lagging = () => master.attached.filter((link) => link.ackOffset < log.offset)
    if (timeoutSeconds === 0 || lagging().length === 0) return
    const until = now() + timeoutSeconds * 1000
    yield* Effect.logInfo("Waiting for replicas before shutting down.")
    engine.pause.pause(PURPOSE, "write", Number.MAX_SAFE_INTEGER)
    master.askForAcks()
    while (lagging().length > 0 && now() < until) yield* Effect.sleep(STEP_MS)
    const late = lagging()
    for (const link of late) {
      const behind = log.offset - link.ackOffset
      yield* Effect.logWarning(
        `Lagging replica ${link.name} reported offset ${behind} behind master, lag=${link.lagSeconds(now())}, state=${link.state}.`,
      )
    }
    const n = master.attached.length
    if (n > 0) yield* Effect.logInfo(`${n - late.length} of ${n} replicas are in sync when shutting down.`)
  }).pipe(Effect.onInterrupt(() => Effect.sync(() => replication.engine.pause.unpause(PURPOSE))))
