/**
 * Refuses what a user may not do, in the words of the place where it was tried, and notes it in the log of ACL LOG. Asked
 * only where the user's bit does not allow a command at once.
 */
import { latin1Text } from "../../bytes/Latin1.js"
import type { CommandContext } from "../CommandContext.js"
import type { NumberedCommand } from "../CommandInfo.js"
import type { Session } from "../clients/Session.js"
import type { Arguments } from "../declare/KeyExtraction.js"
import * as Errors from "../../resp/Errors.js"
import { Access, ALLOWED, NO_COMMAND, NO_KEY, type Verdict } from "./Access.js"
import type { AclContext, AclLog } from "./AclLog.js"
import type { Users } from "./Users.js"

const REASONS = ["", "command", "key", "channel"] as const

const text = ({ buf, argOff, argLen }: Arguments, i: number): string =>
  latin1Text(buf, argOff[i], argOff[i] + argLen[i])

export class AclGuard {
  readonly access = new Access()

  constructor(
    readonly users: Users,
    private readonly log: AclLog,
  ) {}

  /** What a session's user may do with a command, with nothing noted. */
  check(session: Session, command: NumberedCommand, request: Arguments): Verdict {
    return this.access.check(session.user, command, request)
  }

  /** Of a command that a client has sent. */
  refusal(c: CommandContext, command: NumberedCommand): string | undefined {
    const verdict = this.judge(c, command, c, c.session.queue === undefined ? "toplevel" : "multi")
    if (verdict === ALLOWED) return undefined
    if (verdict === NO_COMMAND) return Errors.noPermCommand(command.name)
    return verdict === NO_KEY ? Errors.noPermKey : Errors.noPermChannel
  }

  /** Of a command that was queued. */
  refusalInExec(c: CommandContext, command: NumberedCommand): string | undefined {
    const verdict = this.judge(c, command, c, "multi")
    if (verdict === ALLOWED) return undefined
    if (verdict === NO_COMMAND) return Errors.noPermInExec(Errors.execNoCommand)
    return Errors.noPermInExec(verdict === NO_KEY ? Errors.execNoKey : Errors.execNoChannel)
  }

  /** Of a command that a script calls, with arguments that are not the context's yet. */
  refusalInScript(c: CommandContext, command: NumberedCommand, request: Arguments): string | undefined {
    const verdict = this.judge(c, command, request, "lua")
    if (verdict === ALLOWED) return undefined
    if (verdict === NO_COMMAND) return Errors.scriptNoCommandRight
    return verdict === NO_KEY ? Errors.scriptNoKeyRight : Errors.scriptNoChannelRight
  }

  private judge(
    c: CommandContext,
    command: NumberedCommand,
    request: Arguments,
    context: AclContext,
  ): Verdict {
    const { access } = this
    const verdict = access.check(c.session.user, command, request)
    if (verdict === ALLOWED) return verdict
    const object = verdict === NO_COMMAND ? command.name : text(request, access.argument)
    this.log.add(c, { reason: REASONS[verdict], context, object, username: c.session.user.name })
    return verdict
  }
}
