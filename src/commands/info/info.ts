/** INFO, TIME, and MODULE: there are no modules, and none can be loaded. */
import { type Command, command, container } from "../../engine/Command.js"
import { replyHelp } from "../shared/Help.js"
import {
  MODULE,
  MODULE_HELP,
  MODULE_LIST,
  MODULE_LOAD,
  MODULE_LOADEX,
  MODULE_UNLOAD,
} from "../spec/configuration.js"
import * as spec from "../spec/server.js"
import { infoText } from "../../server/info/sections.js"
import type { Engine } from "../../engine/Engine.js"

const MODULE_WORDS: ReadonlyArray<string> = [
  "LIST",
  "    Return a list of loaded modules.",
  "LOAD <path> [<arg> ...]",
  "    Load a module library from <path>, passing to it any optional arguments.",
  "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
  "    Load a module library from <path>, while passing it module configurations and optional arguments.",
  "UNLOAD <name>",
  "    Unload a module.",
]

const LOAD = "ERR Error loading the extension. Please check the server logs."
const UNLOAD = "ERR Error unloading module: no such module with that name"

/** LOAD and its kin are refused before they run, as enable-module-command cannot be anything but "no". */
const moduleCommand = container(MODULE, [
  command(MODULE_LIST, (c) => c.out.emptyArray()),
  command(MODULE_LOAD, (c) => c.fail(LOAD)),
  command(MODULE_LOADEX, (c) => c.fail(LOAD)),
  command(MODULE_UNLOAD, (c) => c.fail(UNLOAD)),
  command(MODULE_HELP, (c) => replyHelp(c, "MODULE", MODULE_WORDS)),
])

export const infoCommands = (engine: Engine): ReadonlyArray<Command> => [
  command(spec.INFO, (c) => {
    const asked = new Set<string>()
    for (let i = 1; i < c.argc; i++) asked.add(c.text(i).toLowerCase())
    c.out.verbatim("txt", infoText(engine.info, asked))
  }),
  command(spec.TIME, (c) => {
    const micros = engine.clock.currentTimeNanosUnsafe() / 1000n
    c.out.array(2)
    c.out.bulkText(String(micros / 1_000_000n))
    c.out.bulkText(String(micros % 1_000_000n))
  }),
  moduleCommand,
]
