/** MODULE: there are none, and none can be loaded. */
import { type Command, command, container } from "../../engine/Command.js"
import { replyHelp } from "../shared/Help.js"
import * as spec from "../spec/configuration.js"

const HELP: ReadonlyArray<string> = [
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
export const moduleCommands: ReadonlyArray<Command> = [
  container(spec.MODULE, [
    command(spec.MODULE_LIST, (c) => c.out.emptyArray()),
    command(spec.MODULE_LOAD, (c) => c.fail(LOAD)),
    command(spec.MODULE_LOADEX, (c) => c.fail(LOAD)),
    command(spec.MODULE_UNLOAD, (c) => c.fail(UNLOAD)),
    command(spec.MODULE_HELP, (c) => replyHelp(c, "MODULE", HELP)),
  ]),
]
