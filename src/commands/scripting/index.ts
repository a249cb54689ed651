/** Scripts and functions: their sandboxes, their commands, and what INFO tells of them. */
import type { Command } from "../../engine/Command.js"
import type { Engine } from "../../engine/Engine.js"
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

export interface Scripting {
  readonly commands: ReadonlyArray<Command>
  readonly libraries: Libraries
}

const tell = (engine: Engine, scripts: Scripts, libraries: Libraries): void => {
  const { info } = engine
  const machines = (): number => 2 * SANDBOX_BYTES
  const kept = (): number => scripts.bytes + libraries.bytes
  info.field("used_memory_lua", () => SANDBOX_BYTES)
  info.field("used_memory_vm_eval", () => SANDBOX_BYTES)
  info.field("used_memory_lua_human", () => human(SANDBOX_BYTES))
  info.field("used_memory_scripts_eval", () => scripts.bytes)
  info.field("number_of_cached_scripts", () => scripts.count)
  info.field("number_of_functions", () => libraries.functionCount)
  info.field("number_of_libraries", () => libraries.count)
  info.field("used_memory_vm_functions", () => SANDBOX_BYTES)
  info.field("used_memory_vm_total", machines)
  info.field("used_memory_vm_total_human", () => human(machines()))
  info.field("used_memory_functions", () => libraries.bytes)
  info.field("used_memory_scripts", kept)
  info.field("used_memory_scripts_human", () => human(kept()))
}

export const scripting = (engine: Engine, options: ScriptingOptions): Scripting => {
  const host = new LuaHost(engine, options)
  const calls = new RedisCalls(engine)
  const scripts = new Scripts(host, calls)
  const libraries = new Libraries(host, calls)
  tell(engine, scripts, libraries)
  return {
    commands: [...evalCommands(engine, scripts), ...functionCommands(engine, libraries, options.compression)],
    libraries,
  }
}
