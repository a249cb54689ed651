/** ACL LOAD and ACL SAVE. */
import * as Effect from "effect/Effect"
import { type Command, command } from "../../engine/Command.js"
import type { CommandContext } from "../../engine/CommandContext.js"
import type { Session } from "../../engine/clients/Session.js"
import type { Engine } from "../../engine/Engine.js"
import * as Errors from "../../resp/Errors.js"
import * as spec from "../spec/acl.js"

/** The file of users. Both answer what went wrong. */
export interface AclFile {
  readonly load: (running: Session) => Effect.Effect<string | undefined>
  readonly save: Effect.Effect<string | undefined>
}

const OK = Buffer.from("+OK\r\n", "latin1")

const errorReply = (text: string): Uint8Array => Buffer.from(`-${text}\r\n`, "latin1")

/** @param file undefined where the configuration names none */
export const aclFileCommands = (engine: Engine, file: AclFile | undefined): ReadonlyArray<Command> => {
  if (file === undefined) {
    const none = (c: CommandContext): void => c.fail(Errors.aclNoFile)
    return [command(spec.ACL_LOAD, none), command(spec.ACL_SAVE, none)]
  }
  const replied = (
    work: Effect.Effect<string | undefined>,
    failed: (reason: string) => string,
  ): Effect.Effect<Uint8Array> =>
    Effect.map(work, (reason) => (reason === undefined ? OK : errorReply(failed(reason))))
  const saved = replied(file.save, (reason) => {
    engine.logger.warning(`Saving the ACL file for ACL SAVE: ${reason}`)
    return Errors.aclNotSaved
  })
  const loaded = (running: Session): Effect.Effect<Uint8Array> =>
    replied(file.load(running), (reason) => {
      engine.logger.warning(`ACL LOAD: ${reason}`)
      return `ERR ${reason}`
    })
  /** Inside a transaction nothing waits: the file is used after it, and the log has what went wrong. */
  const waiting = (c: CommandContext, work: Effect.Effect<Uint8Array>): void | Effect.Effect<Uint8Array> => {
    if (!c.denyBlocking) return work
    engine.background(work)
    c.out.ok()
  }
  return [
    command(spec.ACL_LOAD, (c) => waiting(c, loaded(c.session))),
    command(spec.ACL_SAVE, (c) => waiting(c, saved)),
  ]
}
