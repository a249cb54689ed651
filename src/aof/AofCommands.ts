/** Runs the commands of an append-only file as they are loaded, in the name of nobody. Nothing of their replies leaves. */
import type { CommandTable } from "../engine/CommandTable.js"
import type { Engine } from "../engine/Engine.js"
import type { Request } from "../engine/Lookahead.js"
import { Session } from "../engine/clients/Session.js"
import { latin1Text } from "../bytes/Latin1.js"
import type { Database } from "../store/Database.js"
import * as Errors from "../resp/Errors.js"
import type { AofTarget } from "./AofLoadFile.js"

export class AofCommands implements AofTarget {
  readonly commands: CommandTable
  private readonly session = new Session(0)

  constructor(
    private readonly engine: Engine,
    private readonly fileName: string,
  ) {
    this.commands = engine.dispatcher.table
    // No gate, right or limit keeps a master's commands from running.
    this.session.kind = "master"
  }

  database(): Database {
    return this.engine.keyspace.database(this.session.database)
  }

  discard(): void {
    this.session.dropQueue()
  }

  part(load: () => void): void {
    const { dispatcher, keyspace, clock } = this.engine
    // Nothing expires meanwhile, so that no command needs the time to be exact.
    keyspace.now = clock.currentTimeMillisUnsafe()
    dispatcher.loaded(load)
  }

  run(request: Request): string | undefined {
    const { dispatcher, context } = this.engine
    const { command } = request
    if (command === undefined) return this.unknown(request)
    const { out } = context
    const mark = out.pos
    const errors = out.errorCount
    try {
      dispatcher.runNamed(request, this.session, command)
    } catch (defect) {
      dispatcher.reset(defect)
      throw defect
    } finally {
      out.truncate(mark)
    }
    return out.errorCount === errors
      ? undefined
      : this.refused(request, command.name, out.errorCount - errors)
  }

  private unknown({ buf, argOff, argLen }: Request): string {
    const name = latin1Text(buf, argOff[0], argOff[0] + argLen[0])
    return `Unknown command '${name}' reading the append only file ${this.fileName}`
  }

  /** A command got errors. What no server can have logged so ends the load; of what else it is only the log tells. */
  private refused(request: Request, name: string, count: number): string | undefined {
    const { engine, fileName } = this
    const { lastError } = engine.context.out
    if (Errors.isUnknownSubcommand(lastError)) return this.unknown(request)
    if (Errors.isWrongArguments(lastError))
      return `Wrong number of arguments of command '${name}' reading the append only file ${fileName}`
    engine.unexpectedErrors += count
    engine.logger.warning(
      `== CRITICAL == This server is sending an error to its AOF-loading-client: '${Errors.logged(lastError)}' after processing the command '${name}'`,
    )
    return undefined
  }
}
