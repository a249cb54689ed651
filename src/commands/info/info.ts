/** INFO. */
import { type Command, command } from "../../engine/Command.js"
import * as spec from "../spec/server.js"
import { infoText } from "../../server/info/sections.js"
import type { Engine } from "../../engine/Engine.js"

export const infoCommands = (engine: Engine): ReadonlyArray<Command> => [
  command(spec.INFO, (c) => {
    const asked = new Set<string>()
    for (let i = 1; i < c.argc; i++) asked.add(c.text(i).toLowerCase())
    c.out.verbatim("txt", infoText(engine.info, asked))
  }),
]
