/** TIME: the server's clock. */
import { type Command, command } from "../../commands/Command.js"
import * as spec from "../../commands/spec/server.js"
import type { Engine } from "../Engine.js"

export const timeCommands = (engine: Engine): ReadonlyArray<Command> => [
  command(spec.TIME, (c) => {
    const micros = engine.clock.currentTimeNanosUnsafe() / 1000n
    c.out.array(2)
    c.out.bulkText(String(micros / 1_000_000n))
    c.out.bulkText(String(micros % 1_000_000n))
  }),
]
