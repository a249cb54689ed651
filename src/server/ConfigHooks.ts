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
    for (const session of engine.sessions.values()) {
      if (session.kind === "master") continue
      session.limits.maxBulkLength = values.protoMaxBulkLen
      session.control.limitsChanged()
    }
  }
  const password = (): undefined => {
    for (const session of engine.sessions.values()) {
      session.limits.authenticated = session.authenticated || values.requirepass === ""
      session.control.limitsChanged()
    }
  }
  const aclLog = (): undefined => {
    engine.aclLog.max = values.acllogMaxLen
  }
  const verbose = (): undefined => {
    engine.verbose = values.loglevel === "verbose" || values.loglevel === "debug"
  }
  events()
  aclLog()
  verbose()
  config.onChange("loglevel", verbose)
  config.onChange("notify-keyspace-events", events)
  config.onChange("proto-max-bulk-len", bulk)
  config.onChange("requirepass", password)
  config.onChange("acllog-max-len", aclLog)
}
