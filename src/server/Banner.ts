/** What the program says as it starts: the lines scripts wait for, in redis-server's words. */
import * as Effect from "effect/Effect"
import { REDIS_VERSION, REDIX_VERSION } from "./version.js"

export const startupLines = (facts: {
  readonly port: number
  readonly pid: number
  /** There were arguments. */
  readonly configured: boolean
}): ReadonlyArray<Effect.Effect<void>> => [
  Effect.logWarning("oO0OoO0OoO0Oo Redix is starting oO0OoO0OoO0Oo"),
  Effect.logWarning(
    `Redix version=${REDIX_VERSION}, Redis version=${REDIS_VERSION}, bits=64, pid=${facts.pid}, just started`,
  ),
  Effect.logWarning(
    facts.configured
      ? "Configuration loaded"
      : "Warning: no config file specified, using the default config. In order to specify a config file use redix-server /path/to/redix.conf",
  ),
  Effect.log(`Running mode=standalone, port=${facts.port}.`),
  Effect.log(`Port: ${facts.port}, PID: ${facts.pid}`),
  Effect.logWarning("Server initialized"),
]
