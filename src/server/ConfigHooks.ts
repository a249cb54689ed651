/** What a changed setting changes at once, beside the values that everything reads anyway. */
import { eventFlags } from "../engine/KeyEvents.js"
import type { ConfigState } from "../config/ConfigState.js"
import type { Engine } from "../engine/Engine.js"

export const followConfig = (engine: Engine, config: ConfigState): void => {
  const { values } = config
  const events = (): undefined => {
    engine.events.flags = eventFlags(values.notifyKeyspaceEvents)
  }
  const bulk = (): undefined => {
    // New connections take the limit over by themselves; a master's stream has none.
    for (const session of engine.sessions.values())
      if (session.kind !== "master") session.limits.maxBulkLength = values.protoMaxBulkLen
  }
  const aclLog = (): undefined => {
    engine.aclLog.max = values.acllogMaxLen
  }
  events()
  aclLog()
  config.onChange("notify-keyspace-events", events)
  config.onChange("proto-max-bulk-len", bulk)
  config.onChange("acllog-max-len", aclLog)
}
