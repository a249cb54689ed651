/** SAVE, BGSAVE, LASTSAVE, and DEBUG RELOAD. */
import * as Effect from "effect/Effect"
import { type Command, command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import { options } from "../../engine/Options.js"
import * as spec from "../spec/server.js"
import * as Errors from "../../resp/Errors.js"
import type { RdbIoError } from "../../rdb/format/RdbErrors.js"
import type { AppendOnly } from "../../aof/AppendOnlyFile.js"
import type { ReloadError, ServerPersistence } from "../../server/Persistence.js"
import type { DebugSubcommand } from "../debug/DebugSubcommand.js"

const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1")
const OK = latin1("+OK\r\n")
const STARTED = latin1("+Background saving started\r\n")

/** The reply to a save that failed. redis-server says only "ERR" here and the rest in its log. */
const saveError = (error: RdbIoError): Uint8Array =>
  latin1(`-ERR Failed saving the DB: ${error.operation}: ${error.reason}\r\n`)

const replied = (effect: Effect.Effect<void, RdbIoError>, onSuccess: Uint8Array): Effect.Effect<Uint8Array> =>
  Effect.match(effect, { onSuccess: () => onSuccess, onFailure: saveError })

/** BGSAVE has one option: SCHEDULE. */
const bgsaveOptions = options(spec.BGSAVE)

const rewriteStarted = latin1("+Background append only file rewriting started\r\n")
const rewriteFailed = latin1(`-${Errors.rewriteNotStarted}\r\n`)

export const persistenceCommands = (
  persistence: ServerPersistence,
  aof: AppendOnly,
): ReadonlyArray<Command> => {
  const saving = (): boolean => {
    const { save } = persistence.state
    return save !== undefined && save.kind !== "base"
  }

  const save = (c: CommandContext): void | Effect.Effect<Uint8Array> => {
    if (saving()) return c.fail(Errors.saveInProgress)
    return replied(persistence.saveNow(), OK)
  }

  const bgsave = (c: CommandContext): void | Effect.Effect<Uint8Array> => {
    if (c.argc > 2 || (c.argc === 2 && bgsaveOptions.at(c, 1) === 0)) return c.fail(Errors.syntax)
    const p = persistence
    if (saving()) return c.fail(Errors.saveInProgress)
    if (aof.rewriting && c.argc === 1 && !c.denyBlocking) return c.fail(Errors.saveWhileRewriting)
    if (!c.denyBlocking && !aof.rewriting) return replied(p.startBackground(), STARTED)
    p.scheduled = true
    return c.out.simple("Background saving scheduled")
  }

  const bgrewriteaof = (c: CommandContext): void | Effect.Effect<Uint8Array> => {
    if (aof.rewriting) return c.fail(Errors.rewriteInProgress)
    if (!c.denyBlocking && !saving())
      return Effect.match(aof.startRewrite(), {
        onSuccess: () => rewriteStarted,
        onFailure: () => rewriteFailed,
      })
    aof.schedule()
    return c.out.simple("Background append only file rewriting scheduled")
  }

  return [
    command(spec.BGREWRITEAOF, bgrewriteaof),
    command(spec.SAVE, save),
    command(spec.BGSAVE, bgsave),
    command(spec.LASTSAVE, (c) => c.out.int(persistence.state.lastSaveSeconds)),
  ]
}

/** DEBUG RELOAD [MERGE] [NOFLUSH] [NOSAVE]. */
export const debugReload = (persistence: ServerPersistence): DebugSubcommand => ({
  name: "RELOAD",
  arguments: [0, Infinity],
  help: [
    "RELOAD [option ...]",
    "    Save the RDB on disk and reload it back to memory. Valid <option> values:",
    "    * MERGE: conflicting keys will be loaded from RDB.",
    "    * NOFLUSH: the existing database will not be removed before load, but",
    "      conflicting keys will generate an exception and kill the server.",
    "    * NOSAVE: the database will be loaded from an existing RDB file.",
  ],
  run: (c) => {
    const flags = { save: true, flush: true, merge: false }
    for (let i = 2; i < c.argc; i++) {
      if (c.is(i, "MERGE")) flags.merge = true
      else if (c.is(i, "NOFLUSH")) flags.flush = false
      else if (c.is(i, "NOSAVE")) flags.save = false
      else return c.fail("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
    }
    if (persistence.loading) return c.fail(Errors.loading)
    if (c.denyBlocking) return c.fail("ERR DEBUG RELOAD waits for the disk and cannot run in a transaction")
    return Effect.match(persistence.reload(flags), {
      onSuccess: () => OK,
      onFailure: ({ during }: ReloadError) =>
        latin1(
          during === "save"
            ? "-ERR Error trying to save the DB\r\n"
            : "-ERR Error trying to load the RDB dump\r\n",
        ),
    })
  },
})

/** DEBUG LOADAOF, and the sleep before the file is written. */
export const debugLog = (persistence: ServerPersistence, aof: AppendOnly): ReadonlyArray<DebugSubcommand> => [
  {
    name: "LOADAOF",
    arguments: [0, 0],
    help: ["LOADAOF", "    Flush the AOF buffers on disk and reload the AOF in memory."],
    run: (c) => {
      if (persistence.loading) return c.fail(Errors.loading)
      if (c.denyBlocking)
        return c.fail("ERR DEBUG LOADAOF waits for the disk and cannot run in a transaction")
      return Effect.match(persistence.reloadLog(), {
        onSuccess: () => OK,
        onFailure: () => latin1("-ERR Error trying to load the AOF files, check server logs.\r\n"),
      })
    },
  },
  {
    name: "AOF-FLUSH-SLEEP",
    arguments: [1, 1],
    help: [
      "AOF-FLUSH-SLEEP <microsec>",
      "    Server will sleep before flushing the AOF, this is used for testing.",
    ],
    run: (c) => {
      aof.writer.sleepMs = Math.max(0, parseInt(c.text(2), 10) || 0) / 1000
      c.out.ok()
    },
  },
]

/** DEBUG SET-SKIP-CHECKSUM-VALIDATION. */
export const debugChecksums = (persistence: ServerPersistence): DebugSubcommand => ({
  name: "SET-SKIP-CHECKSUM-VALIDATION",
  arguments: [1, 1],
  help: [
    "SET-SKIP-CHECKSUM-VALIDATION <0|1>",
    "    Enables or disables checksum checks for RDB files and RESTORE's payload.",
  ],
  run: (c) => {
    persistence.state.skipChecksum = (parseInt(c.text(2), 10) || 0) !== 0
    c.out.ok()
  },
})
