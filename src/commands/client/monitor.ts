/** MONITOR: shows this connection every command that the server runs. */
import { type Command, command } from "../../engine/Command.js"
import * as spec from "../spec/server.js"
import * as Errors from "../../resp/Errors.js"
import type { Engine } from "../../engine/Engine.js"

export const monitorCommands = (engine: Engine): ReadonlyArray<Command> => [
  command(spec.MONITOR, (c) => {
    if (c.denyBlocking) return c.fail(Errors.monitorDenyBlocking)
    // A replica's link carries the stream and nothing else; and who looks already is told nothing.
    if (c.session.kind !== "normal" || c.session.monitor) return
    engine.monitors.join(c.session)
    c.out.ok()
  }),
]
