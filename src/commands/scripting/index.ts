/** Scripts and functions: their sandboxes, their commands, and what INFO tells of them. */
import * as Context from "effect/Context"
import type { Command } from "../../engine/Command.js"
import type { Engine } from "../../engine/Engine.js"
import type { InfoField } from "../../engine/InfoRegistry.js"
import type { LibraryStore } from "../../rdb/RdbPersistence.js"
import { evalCommands } from "./eval.js"
import { functionCommands } from "./function.js"
import { Libraries } from "./Libraries.js"
import { LuaHost, type ScriptingOptions } from "./LuaHost.js"
import { RedisCalls } from "./RedisCalls.js"
import { Scripts } from "./Scripts.js"

/** What a sandbox takes before a script has run, about: Redis shows the memory of its Lua machines. */
const SANDBOX_BYTES = 400_000

const human = (bytes: number): string => {
  if (bytes < 1024) return `${bytes}B`
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(2)}K` : `${(bytes / 1024 / 1024).toFixed(2)}M`
}

interface Scripting {
  readonly commands: ReadonlyArray<Command>
  /** The libraries of functions, which go into RDB files. */
  readonly libraries: LibraryStore
}

export class ScriptingService extends Context.Service<ScriptingService, Scripting>()(
  "redix/commands/Scripting",
) {}

const tell = ({ info }: Engine, scripts: Scripts, libraries: Libraries): void => {
  const machines = 2 * SANDBOX_BYTES
  const fields = (): ReadonlyArray<InfoField> => {
    const kept = scripts.bytes + libraries.bytes
    return [
      ["used_memory_lua", SANDBOX_BYTES],
      ["used_memory_vm_eval", SANDBOX_BYTES],
      ["used_memory_lua_human", human(SANDBOX_BYTES)],
      ["used_memory_scripts_eval", scripts.bytes],
      ["number_of_cached_scripts", scripts.count],
      ["number_of_functions", libraries.functionCount],
      ["number_of_libraries", libraries.count],
      ["used_memory_vm_functions", SANDBOX_BYTES],
      ["used_memory_vm_total", machines],
      ["used_memory_vm_total_human", human(machines)],
      ["used_memory_functions", libraries.bytes],
      ["used_memory_scripts", kept],
      ["used_memory_scripts_human", human(kept)],
    ]
  }
  info.add("memory", fields, "total_system_memory_human")
}

export const scripting = (engine: Engine, options: ScriptingOptions): Scripting => {
  const host = new LuaHost(engine, options)
  const calls = new RedisCalls(engine, host)
  const scripts = new Scripts(host, calls)
  const libraries = new Libraries(host, calls)
  tell(engine, scripts, libraries)
  return {
    commands: [...evalCommands(engine, scripts), ...functionCommands(engine, libraries, options.settings)],
    libraries,
  }
}
