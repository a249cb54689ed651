/**
 * Applies a master's stream, from one link. Bytes go on to this server's own log unchanged, after the commands in them were
 * applied, so that the offset says what is applied, and sub-replicas see the same stream. A transaction counts when its
 * EXEC was applied; cut in the middle it is asked for again.
 */
import type { Engine } from "../../engine/Engine.js"
import type { RequestView } from "../../resp/RequestParser.js"
import type { ReplicationLog } from "../ReplicationLog.js"
import { MasterCommands } from "./MasterCommands.js"
import type { Verdict } from "./MasterStream.js"
import type { StreamRefusals } from "./StreamRefusals.js"
import type { StreamHold, StreamTrouble } from "./StreamVerdicts.js"

const NEWLINE = 10
const GIVEN_UP = "the link was given up"

export class StreamApplier {
  private readonly commands: MasterCommands
  /** The offset at which the stream began. */
  private readonly base: number
  /** Bytes of the open transaction's commands. */
  private held: Array<Uint8Array> = []
  private heldBytes = 0
  private givenUp = false

  constructor(
    engine: Engine,
    private readonly log: ReplicationLog,
    refusals: StreamRefusals,
  ) {
    this.commands = new MasterCommands(engine, log, refusals)
    this.base = log.offset
  }

  /** Bytes read that do not count yet: of an open transaction, and of a command that is not whole. */
  get pendingBytes(): number {
    return this.heldBytes + this.commands.pending
  }

  /** The link has been given up, by a client or by a command of the stream: no further command is run. */
  giveUp(): void {
    this.givenUp = true
  }

  /** Runs the commands of a chunk; answers what the link must wait for, or why it must end. */
  take(chunk: Uint8Array): Verdict {
    const { commands, log } = this
    commands.feed(chunk)
    for (let request = commands.next(); request !== undefined; request = commands.next()) {
      if (this.givenUp) return GIVEN_UP
      const trouble = this.applyOne(request)
      if (trouble === undefined) continue
      if ("wait" in trouble) return trouble.wait
      if (trouble.lost) log.continues = false
      return trouble.reason
    }
    if (this.givenUp) return GIVEN_UP
    const { broken } = commands
    if (broken !== undefined) {
      log.continues = false
      commands.tellBroken(broken)
    }
    // Empty lines and empty commands count: the master has sent them, so its offset and ours have passed them.
    const empty = this.base + commands.consumed - log.offset - this.heldBytes
    if (empty > 0 && broken === undefined) this.pass(Buffer.alloc(empty, NEWLINE))
    return broken
  }

  /** The master's transaction is open. */
  private get inTransaction(): boolean {
    return this.log.masterSession.queue !== undefined
  }

  private applyOne({ buf, rawStart, rawEnd }: RequestView): StreamTrouble | StreamHold | undefined {
    const trouble = this.commands.run()
    if (trouble !== undefined) return trouble
    if (this.inTransaction || this.held.length > 0) this.pass(Buffer.from(buf.subarray(rawStart, rawEnd)))
    else this.log.feed(buf, rawStart, rawEnd - rawStart)
    return undefined
  }

  /** Bytes of the stream that were applied: those of a transaction count when it is whole. */
  private pass(bytes: Uint8Array): void {
    this.held.push(bytes)
    this.heldBytes += bytes.length
    if (this.inTransaction) return
    const { held } = this
    this.held = []
    this.heldBytes = 0
    for (const part of held) this.log.feed(part, 0, part.length)
  }
}
