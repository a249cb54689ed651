/** Runs the commands of an append-only file as they are loaded, in the name of nobody. Nothing of their replies leaves. */
import type { CommandTable } from "../engine/CommandTable.js"
import type { Engine } from "../engine/Engine.js"
import type { Request } from "../engine/Lookahead.js"
import { Session } from "../engine/clients/Session.js"
import { latin1Text } from "../bytes/Latin1.js"
import type { Database } from "../store/Database.js"
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
    if (command === undefined) {
      const name = latin1Text(request.buf, request.argOff[0], request.argOff[0] + request.argLen[0])
      return `Unknown command '${name}' reading the append only file ${this.fileName}`
    }
    const { out } = context
    const mark = out.pos
    try {
      dispatcher.runNamed(request, this.session, command)
    } catch (defect) {
      dispatcher.reset(defect)
      throw defect
    } finally {
      out.truncate(mark)
    }
    return undefined
  }
}
