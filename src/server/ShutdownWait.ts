/**
 * Before a master ends it waits for replicas that lag, up to `shutdown-timeout` seconds: what it acknowledged to clients
 * should not end with it. Writes are held back meanwhile. SHUTDOWN NOW does not wait, SHUTDOWN ABORT ends the wait.
 */
import * as Effect from "effect/Effect"
import type { RedixValues } from "../config/index.js"
import type { ReplicationLog } from "../replication/ReplicationLog.js"
import type { Master } from "../replication/ReplicationMaster.js"
import type { Engine } from "./Engine.js"

const LOOK_MS = 20
const ASK_MS = 1000
const PURPOSE = "shutdown"

export const waitForReplicasAtEnd = (
  engine: Engine,
  master: Master,
  log: ReplicationLog,
  settings: Pick<RedixValues, "shutdownTimeout">,
): void => {
  const lagging = (): number =>
    master.attached.filter((link) => link.state === "online" && link.ackOffset < log.offset).length
  const now = (): number => engine.clock.currentTimeMillisUnsafe()

  const wait = Effect.gen(function* () {
    const until = now() + settings.shutdownTimeout * 1000
    engine.pause.pause(PURPOSE, "write", until)
    yield* Effect.logInfo(`Waiting for ${lagging()} lagging replicas before shutting down.`)
    for (let askAt = 0; lagging() > 0 && now() < until;) {
      if (now() >= askAt) {
        askAt = now() + ASK_MS
        master.askForAcks()
      }
      yield* Effect.sleep(LOOK_MS)
    }
    if (lagging() > 0) yield* Effect.logWarning(`${lagging()} replicas still lag, shutting down anyway.`)
  })

  engine.lifecycle.addStep((options) =>
    Effect.suspend(() => {
      if (options.now || settings.shutdownTimeout === 0 || lagging() === 0) return Effect.void
      return Effect.onInterrupt(wait, () => Effect.sync(() => engine.pause.unpause(PURPOSE)))
    }),
  )
}
