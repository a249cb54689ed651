/**
 * MONITOR: clients that are sent every command the server runs, as a line each:
 *
 *     +1795369533.222505 [0 127.0.0.1:50123] "SET" "key" "a\x00b"
 *      ^seconds.micros    ^database and client, after the command ran
 *
 * Administrative commands are not shown, and passwords are masked. A line is made once, however many clients watch.
 */
import type * as Clock from "effect/Clock"
import { quoted } from "../../bytes/Quoted.js"
import { CommandBit } from "../Command.js"
import type { CommandContext } from "../CommandContext.js"
import type { Session } from "./Session.js"
import type { OwnPushes } from "./OwnPushes.js"
import { REDACTED, secretArguments } from "../Secrets.js"

const HIDDEN_BITS = CommandBit.admin | CommandBit.skipMonitor
const source = (session: Session): string =>
  session.address.startsWith("/") ? `unix:${session.address.replace(/:0$/, "")}` : session.address

export class Monitors {
  /** Somebody looks. */
  watching = false
  private readonly sessions = new Set<Session>()

  constructor(
    private readonly pushes: OwnPushes,
    private readonly clock: Clock.Clock,
  ) {}

  get count(): number {
    return this.sessions.size
  }

  join(session: Session): void {
    session.monitor = true
    this.sessions.add(session)
    this.watching = true
  }

  leave(session: Session): void {
    session.monitor = false
    this.sessions.delete(session)
    this.watching = this.sessions.size > 0
  }

  /** A command has run. */
  show(c: CommandContext): void {
    if (c.command === undefined || (c.command.bits & HIDDEN_BITS) !== 0) return
    this.tell(c)
  }

  /** A command that is not shown when it has run begins: a script, before the commands that it calls. */
  announce(c: CommandContext): void {
    if (this.watching) this.tell(c)
  }

  private tell(c: CommandContext): void {
    const line = this.line(c)
    for (const session of this.sessions) {
      if (session.muted) continue
      if (session === c.session) this.pushes.addLast(line)
      else session.control.push(line)
    }
  }

  private line(c: CommandContext): Uint8Array {
    const micros = this.clock.currentTimeNanosUnsafe() / 1000n
    const time = `${micros / 1_000_000n}.${String(micros % 1_000_000n).padStart(6, "0")}`
    const secret = secretArguments(c)
    let text = `+${time} [${c.session.database} ${c.scripted ? "lua" : source(c.session)}]`
    for (let i = 0; i < c.argc; i++) text += ` ${secret.has(i) ? `"${REDACTED}"` : quoted(c.bytes(i))}`
    return Buffer.from(`${text}\r\n`, "latin1")
  }
}
