/**
 * How many clients the machine lets the process have: each is an open file, and the server needs some for itself.
 *
 * The runtime has raised the limit of open files as far as it may when it started, so a higher one cannot be asked for.
 */
import * as Effect from "effect/Effect"
import type { ConfigState } from "../config/ConfigState.js"
import type { ProcessFacts } from "../engine/world/ProcessInfo.js"

/**
 * Files kept for the server: about 22 of the runtime's own, the listeners, a snapshot's worker and file, links to master
 * and replicas being made, and clients that are being turned away (`REFUSED_MAX` in TcpServer.ts).
 */
const RESERVED_FILES = 64

/** Lowers maxclients to what is possible and says so; CONFIG SET is held to it. */
export const limitClients = (config: ConfigState, facts: ProcessFacts): Effect.Effect<void> =>
  Effect.gen(function* () {
    const files = facts.openFilesMax()
    const most = Math.max(1, files - RESERVED_FILES)
    config.onChange("maxclients", () =>
      config.values.maxclients > most
        ? `The operating system is not able to handle the specified number of clients, try with ${most}`
        : undefined,
    )
    const wanted = config.values.maxclients
    if (wanted <= most) return
    config.assignText("maxclients", String(most))
    yield* Effect.logWarning(
      `You requested maxclients of ${wanted} requiring at least ${wanted + RESERVED_FILES} max file descriptors.`,
    )
    yield* Effect.logWarning(
      `Current maximum open files is ${files}. maxclients has been reduced to ${most} to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.`,
    )
  })
