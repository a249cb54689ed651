/** How EVAL and FCALL begin: the keys and arguments, what refuses the script up front, and the run. */
import { CommandBit } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import type { Engine } from "../../engine/Engine.js"
import * as Errors from "../../resp/Errors.js"
import { LuaTable, type LuaValue } from "../../lua/run/Value.js"
import type { ScriptFlags } from "./Shebang.js"

/** Arguments before the first key: the command, the script, the number of keys. */
const BEFORE_KEYS = 3

/** The number of keys, or -1 after an error reply. */
export const readKeyCount = (c: CommandContext, notInteger: string): number => {
  const count = c.integer(2)
  if (count !== count) {
    c.fail(notInteger)
    return -1
  }
  if (count > c.argc - BEFORE_KEYS) {
    c.fail(Errors.numkeysTooMany)
    return -1
  }
  if (count < 0) c.fail(Errors.numkeysNegative)
  return count
}

/** Short lists at once: one that grows takes room for more than it gets. */
const texts = (c: CommandContext, from: number, to: number): LuaValue[] => {
  switch (to - from) {
    case 0:
      return []
    case 1:
      return [c.text(from)]
    case 2:
      return [c.text(from), c.text(from + 1)]
    case 3:
      return [c.text(from), c.text(from + 1), c.text(from + 2)]
    default: {
      const values: LuaValue[] = []
      for (let i = from; i < to; i++) values.push(c.text(i))
      return values
    }
  }
}

const list = (c: CommandContext, from: number, to: number): LuaTable => LuaTable.of(texts(c, from, to))

export const keysOf = (c: CommandContext, count: number): LuaTable =>
  list(c, BEFORE_KEYS, BEFORE_KEYS + count)

export const argumentsOf = (c: CommandContext, count: number): LuaTable =>
  list(c, BEFORE_KEYS + count, c.argc)

const DECIDED = CommandBit.stale | CommandBit.denyOom | CommandBit.write | CommandBit.mayReplicate

/** The bits of a command that runs a script of these flags; without flags those of the command. */
export const bitsWith = (bits: number, flags: ScriptFlags | undefined): number => {
  if (flags === undefined) return bits
  let own = bits & ~DECIDED
  if (!flags.noWrites) own |= CommandBit.write
  if (!flags.noWrites && !flags.allowOom) own |= CommandBit.denyOom
  if (flags.allowStale) own |= CommandBit.stale
  return own
}

/** Why a script may not run now, by its flags; scripts without flags are looked at call by call. */
export const refusal = (
  engine: Engine,
  c: CommandContext,
  flags: ScriptFlags | undefined,
  readOnly: boolean,
): string | undefined => {
  const { gates, memoryLimit } = engine
  if (flags === undefined) return gates.masterDown ? Errors.masterDown : undefined
  const writes = !flags.noWrites
  if (writes && !flags.allowOom && memoryLimit.short) return Errors.outOfMemory
  if (writes && !c.fromMaster) {
    if (gates.diskRefusal !== undefined) return gates.diskRefusal
    if (gates.tooFewReplicas && !gates.readOnlyReplica) return Errors.noReplicas
    if (gates.readOnlyReplica) return Errors.readOnly
  }
  if (gates.masterDown && !flags.allowStale) return Errors.masterDown
  return writes && readOnly ? Errors.scriptWriteFlag : undefined
}
