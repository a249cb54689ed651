/** What is to be told when another data set has taken the place of the present one. */
import type { Engine } from "../Engine.js"

/** The log tells of another one, watched keys may have changed, and clients may wait for keys that are there now. */
export const announceReplaced = (engine: Engine): void => {
  const { keyspace, events, blocking, log } = engine
  log.replaced()
  for (const db of keyspace.databases) {
    events.replaced(
      db.id,
      () => "alive",
      () => "alive",
    )
    blocking.signalDatabase(db)
  }
  if (blocking.pending) blocking.serve()
  engine.stir()
}
