/**
 * What a replica does about commands of its master's stream that it refuses, or must not take.
 *
 *   unknown command     the link ends and a snapshot is asked for, which holds what the command did
 *   any other error     is logged and counted, and the replica goes on, as Redis does
 *   either of them      ends the process where propagation-error-behavior is panic or panic-on-replicas
 *   a write while       ends the process unless replica-ignore-disk-write-errors; where the process is not the server's
 *   saving fails        own the link ends instead, and comes back when saving works again
 *
 * Bytes that are no commands end the link, and a snapshot is asked for.
 *
 * Source: the comments on these directives in Redis 7.0's redis.conf.
 */
import { quoted } from "../../bytes/Quoted.js"
import { type Command, CommandBit } from "../../engine/Command.js"
import * as Errors from "../../resp/Errors.js"
import { INLINE_IN_STREAM, protocolErrorLine } from "../../resp/ProtocolErrors.js"
import type { StreamTrouble } from "./StreamVerdicts.js"
import type { Engine } from "../../engine/Engine.js"
import type { ProcessFacts } from "../../engine/world/ProcessInfo.js"
import type { ReplicationLog } from "../ReplicationLog.js"

/** Between two lines of the log on writes that are not saved. */
const LOG_EVERY_MS = 10_000
/** What the log shows of the stream before a refused command. */
const SHOWN_BYTES = 256

export interface RefusalSettings {
  readonly propagationErrorBehavior: "ignore" | "panic" | "panic-on-replicas"
  readonly replicaIgnoreDiskWriteErrors: boolean
}

export class StreamRefusals {
  private loggedMs = -LOG_EVERY_MS

  constructor(
    private readonly engine: Engine,
    private readonly log: ReplicationLog,
    private readonly settings: RefusalSettings,
    private readonly crash: ProcessFacts["crash"],
  ) {}

  /** A command got an error; `command` is undefined for an unknown one. */
  refused(command: Command | undefined, name: string, error: string): StreamTrouble | undefined {
    this.engine.unexpectedErrors++
    const text = this.tell(Errors.logged(error), command?.name)
    if (this.settings.propagationErrorBehavior !== "ignore") this.crash?.("panic", text)
    if (command !== undefined && !Errors.isUnknownSubcommand(error)) return undefined
    return { reason: `unknown command in the stream: ${name}, which a snapshot makes up for`, lost: true }
  }

  /** The stream breaks the protocol; `describe` names the link as CLIENT LIST does. */
  broken(error: string, describe: () => string): void {
    if (error.endsWith(INLINE_IN_STREAM))
      this.warn(
        "WARNING: Receiving inline protocol from master, master stream corruption? Closing the master connection and discarding the cached master.",
      )
    else {
      this.engine.unexpectedErrors++
      this.tell(error.replace(/^ERR /, ""))
    }
    this.warn(protocolErrorLine(error, describe()))
  }

  private warn(text: string): void {
    this.engine.logger.warning(text)
  }

  /** A client of this kind gets no reply, so the log gets it. */
  private tell(error: string, command = "<unknown>"): string {
    const text = `This replica is sending an error to its master: '${error}' after processing the command '${command}'`
    this.warn(`== CRITICAL == ${text}`)
    const before = this.log.backlog?.latest(SHOWN_BYTES)
    if (before !== undefined && before.length > 0) this.warn(`Latest backlog is: '${quoted(before)}'`)
    return text
  }

  /** The last save failed, and writes are to stop for that. */
  unsaved(command: Command): StreamTrouble | undefined {
    if ((command.bits & CommandBit.write) === 0) return undefined
    if (!this.settings.replicaIgnoreDiskWriteErrors) {
      const reason = "Replica was unable to write command to disk."
      this.crash?.("panic", reason)
      return { reason, lost: false }
    }
    const now = this.engine.clock.currentTimeMillisUnsafe()
    if (now - this.loggedMs < LOG_EVERY_MS) return undefined
    this.loggedMs = now
    this.warn("Replica is applying a command even though it is unable to write to disk.")
    return undefined
  }
}
