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
  const aclLog = (): undefined => {
    engine.aclLog.max = values.acllogMaxLen
  }
  const verbose = (): undefined => {
    engine.verbose = values.loglevel === "verbose" || values.loglevel === "debug"
  }
  const watch = (): undefined => {
    engine.timer.watch(engine.measures.watchedFrom)
  }
  const track = (): undefined => {
    engine.timer.tracking = values.latencyTracking
    if (!values.latencyTracking) engine.timer.clear()
  }
  const limit = (): undefined => {
    engine.memoryLimit.configure()
    engine.gates.update()
    if (engine.keyspace.arena.usedBytes > engine.memoryLimit.threshold)
      engine.alarm.hurry(engine.clock.currentTimeMillisUnsafe())
  }
  watch()
  track()
  limit()
  events()
  aclLog()
  verbose()
  config.onChange("slowlog-log-slower-than", watch)
  config.onChange("latency-monitor-threshold", watch)
  config.onChange("latency-tracking", track)
  config.onChange("maxmemory", () => {
    const { used } = engine.memoryLimit
    if (values.maxmemory > 0 && values.maxmemory < used) {
      const text = `WARNING: the new maxmemory value set via CONFIG SET (${values.maxmemory}) is smaller than the current memory usage (${used}). This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.`
      engine.logger.warning(text)
    }
    return limit()
  })
  for (const name of [
    "maxmemory-policy",
    "lfu-log-factor",
    "lfu-decay-time",
    "replica-ignore-maxmemory",
  ] as const)
    config.onChange(name, limit)
  config.onChange("maxmemory-clients", () => {
    engine.stir()
    return undefined
  })
  config.onChange("loglevel", verbose)
  config.onChange("tracking-table-max-keys", () => {
    engine.tracking.limitChanged()
    return undefined
  })
  config.onChange("notify-keyspace-events", events)
  config.onChange("proto-max-bulk-len", bulk)
  config.onChange("requirepass", () => {
    engine.users.setDefaultPassword()
    return undefined
  })
  config.onChange("acllog-max-len", aclLog)
}
