/** FUNCTION, FCALL and FCALL_RO. */
import type * as Effect from "effect/Effect"
import { type Command, command, container } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import type { Engine } from "../../engine/Engine.js"
import { options } from "../../engine/Options.js"
import * as Errors from "../../resp/Errors.js"
import { replyHelp } from "../shared/Help.js"
import * as spec from "../spec/scripting.js"
import { functionPayload, sourcesIn } from "./functionDump.js"
import { functionList } from "./functionList.js"
import type { Libraries } from "./Libraries.js"
import { LuaRun } from "./LuaRun.js"
import { argumentsOf, bitsWith, keysOf, readKeyCount, refusal } from "./runScript.js"

const loadOptions = options(spec.FUNCTION_LOAD)
const [REPLACE_LIBRARIES] = loadOptions.bits("REPLACE")
const policies = options(spec.FUNCTION_RESTORE)
const [FLUSH, REPLACE] = policies.bits("FLUSH", "REPLACE")
const flushModes = options(spec.FUNCTION_FLUSH)

const HELP: ReadonlyArray<string> = [
  "LOAD [REPLACE] <FUNCTION CODE>",
  "    Create a new library with the given library name and code.",
  "DELETE <LIBRARY NAME>",
  "    Delete the given library.",
  "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
  "    Return general information on all the libraries:",
  "    * Library name",
  "    * The engine used to run the Library",
  "    * Library description",
  "    * Functions list",
  "    * Library code (if WITHCODE is given)",
  "    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
  "STATS",
  "    Return information about the current function running:",
  "    * Function name",
  "    * Command used to run the function",
  "    * Duration in MS that the function is running",
  "    If no function is running, return nil",
  "    In addition, returns a list of available engines.",
  "KILL",
  "    Kill the current running function.",
  "FLUSH [ASYNC|SYNC]",
  "    Delete all the libraries.",
  "    When called without the optional mode argument, the behavior is determined by the",
  "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
  "    * ASYNC: Asynchronously flush the libraries.",
  "    * SYNC: Synchronously flush the libraries.",
  "DUMP",
  "    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command",
  "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
  "    Restore the libraries represented by the given payload, it is possible to give a restore policy to",
  "    control how to handle existing libraries (default APPEND):",
  "    * FLUSH: delete all existing libraries.",
  "    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
  "    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old",
  "      libraries with the new libraries (notice that even on this option there is a chance of failure",
  "      in case of functions name collision with another library).",
]

const fcall =
  (engine: Engine, libraries: Libraries, readOnly: boolean) =>
  (c: CommandContext): void | Effect.Effect<Uint8Array> => {
    engine.monitors.announce(c)
    const one = libraries.find(c.buf, c.argOff[1], c.argLen[1])
    if (one === undefined) return c.fail(Errors.functionNotFound)
    const count = readKeyCount(c, Errors.functionKeysNumber)
    if (count < 0) return undefined
    const refused = refusal(engine, c, one.means, readOnly)
    if (refused !== undefined) return c.fail(refused)
    const args = [keysOf(c, count), argumentsOf(c, count)]
    const rights = readOnly ? one.readingRights : one.rights
    return engine.scripts.begin(new LuaRun("function", one.name, rights, libraries.state, one.callback, args))
  }

/** What a call of FCALL or FCALL_RO may do, by its function. */
const judge =
  (libraries: Libraries) =>
  (c: CommandContext): number =>
    bitsWith(c.command?.bits ?? 0, libraries.find(c.buf, c.argOff[1], c.argLen[1])?.means)

/** Counts the change, so that it goes to replicas as it came. */
const changed = (c: CommandContext): void => void c.keyspace.dirty++

const load = (libraries: Libraries, c: CommandContext): void => {
  let at = 2
  let replace = false
  for (; at < c.argc - 1; at++) {
    if (loadOptions.at(c, at) !== REPLACE_LIBRARIES) return c.fail(Errors.functionLoadOption(c.text(at)))
    replace = true
  }
  const added = libraries.add(c.text(at), replace)
  if (typeof added === "string") return c.fail(added)
  changed(c)
  c.out.bulkText(added.name)
}

const restore = (libraries: Libraries, c: CommandContext): void => {
  if (c.argc > 4) return c.fail(Errors.unknownSubcommandOrArguments("function", c.text(1)))
  const policy = c.argc === 4 ? policies.at(c, 3) : 0
  if (c.argc === 4 && policy === 0) return c.fail(Errors.functionRestorePolicy)
  const codes = sourcesIn(c.bytes(2))
  if (typeof codes === "string") return c.fail(codes)
  const reason = libraries.atomically(() => {
    if (policy === FLUSH) libraries.clear()
    for (const code of codes) {
      const added = libraries.add(code, policy === REPLACE, Errors.libraryRestored)
      if (typeof added === "string") return added
    }
    return undefined
  })
  if (reason !== undefined) return c.fail(reason)
  changed(c)
  c.out.ok()
}

const flush = (libraries: Libraries, c: CommandContext): void => {
  if (c.argc > 3) return c.fail(Errors.unknownSubcommandOrArguments("function", c.text(1)))
  if (c.argc === 3 && flushModes.at(c, 2) === 0) return c.fail(Errors.functionFlushMode)
  libraries.clear()
  changed(c)
  c.out.ok()
}

const stats = (engine: Engine, libraries: Libraries, c: CommandContext): void => {
  const { out } = c
  const { suspended } = engine.scripts
  if (suspended?.kind === "script") return c.fail(Errors.busyScript)
  out.map(2)
  out.bulkText("running_script")
  if (suspended === undefined) out.nil()
  else {
    out.map(3)
    out.bulkText("name")
    out.bulkText(suspended.name)
    out.bulkText("command")
    out.array(suspended.words.length)
    for (const word of suspended.words) out.bulk(word, 0, word.length)
    out.bulkText("duration_ms")
    out.int(Math.round(engine.turns.now() - suspended.startedMs))
  }
  out.bulkText("engines")
  out.map(1)
  out.bulkText("LUA")
  out.map(2)
  out.bulkText("libraries_count")
  out.int(libraries.count)
  out.bulkText("functions_count")
  out.int(libraries.functionCount)
}

export const functionCommands = (
  engine: Engine,
  libraries: Libraries,
  settings: { readonly rdbcompression: boolean },
): ReadonlyArray<Command> => [
  command(spec.FCALL, fcall(engine, libraries, false), judge(libraries)),
  command(spec.FCALL_RO, fcall(engine, libraries, true), judge(libraries)),
  container(spec.FUNCTION, [
    command(spec.FUNCTION_DELETE, (c) => {
      if (!libraries.remove(c.text(2))) return c.fail(Errors.libraryNotFound)
      changed(c)
      c.out.ok()
    }),
    command(spec.FUNCTION_DUMP, (c) => {
      const payload = functionPayload(libraries.dump(), settings.rdbcompression)
      c.out.bulk(payload, 0, payload.length)
    }),
    command(spec.FUNCTION_FLUSH, (c) => flush(libraries, c)),
    command(spec.FUNCTION_HELP, (c) => replyHelp(c, "FUNCTION", HELP)),
    command(spec.FUNCTION_KILL, (c) => {
      const refused = engine.scripts.kill("function")
      if (refused !== undefined) return c.fail(refused)
      c.out.ok()
    }),
    command(spec.FUNCTION_LIST, (c) => functionList(libraries, c)),
    command(spec.FUNCTION_LOAD, (c) => load(libraries, c)),
    command(spec.FUNCTION_RESTORE, (c) => restore(libraries, c)),
    command(spec.FUNCTION_STATS, (c) => stats(engine, libraries, c)),
  ]),
]
