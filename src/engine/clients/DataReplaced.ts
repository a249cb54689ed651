/** What is to be told when another data set has taken the place of the present one. */
import type { Engine } from "../Engine.js"

/** The log tells of another one, watched keys and copies may be out of date, and clients may wait for keys that are there. */
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
  events.flushed()
  if (blocking.pending) blocking.serve()
  engine.stir()
}
