/** INFO. */
import { type Command, command } from "../../commands/Command.js"
import * as spec from "../../commands/spec/server.js"
import { infoText } from "../info/sections.js"
import type { Engine } from "../Engine.js"

export const infoCommands = (engine: Engine): ReadonlyArray<Command> => [
  command(spec.INFO, (c) => {
    const asked = new Set<string>()
    for (let i = 1; i < c.argc; i++) asked.add(c.text(i).toLowerCase())
    c.out.verbatim("txt", infoText(engine.info, asked))
  }),
]
