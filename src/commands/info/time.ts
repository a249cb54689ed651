/** TIME: the server's clock. */
import { type Command, command } from "../../engine/Command.js"
import * as spec from "../spec/server.js"
import type { Engine } from "../../engine/Engine.js"

export const timeCommands = (engine: Engine): ReadonlyArray<Command> => [
  command(spec.TIME, (c) => {
    const micros = engine.clock.currentTimeNanosUnsafe() / 1000n
    c.out.array(2)
    c.out.bulkText(String(micros / 1_000_000n))
    c.out.bulkText(String(micros % 1_000_000n))
  }),
]
