/**
 * The states in which the server refuses commands, and the texts it refuses them with.
 *
 * `bits` holds the command bits that need a closer look in the present state; while it is 0, dispatch asks nothing. The
 * parts that own a state (replication, persistence, memory) set it here and call `update`.
 */
import { type Command, CommandBit } from "../commands/Command.js"
import type { Session } from "../commands/Session.js"
import * as Errors from "../resp/Errors.js"

export class Gates {
  bits = 0
  /** A replica that takes no writes from clients. */
  readOnlyReplica = false
  /** A data set is being loaded. */
  loading = false
  /** A replica without its master that may not serve stale data. */
  masterDown = false
  /** The last background save failed and writes are to stop. */
  saveFailed = false
  /** Fewer good replicas than min-replicas-to-write. */
  tooFewReplicas = false
  /** Answers whether a command that uses memory must be refused now; undefined = no limit is set. */
  outOfMemory: (() => boolean) | undefined = undefined

  /** Must be called after any of the states changed. */
  update(): void {
    let bits = 0
    if (this.readOnlyReplica || this.saveFailed || this.tooFewReplicas)
      bits |= CommandBit.write | CommandBit.mayReplicate
    if (this.outOfMemory !== undefined) bits |= CommandBit.denyOom
    if (this.loading || this.masterDown) bits |= CommandBit.any
    this.bits = bits
  }

  /** Why a command of this session is refused now, or undefined. */
  refusal(cmd: Command, session: Session): string | undefined {
    const bits = cmd.bits
    if (!session.authenticated && (bits & CommandBit.noAuth) === 0) return Errors.noAuth
    if (session.kind === "master") return undefined
    const state = this.stateRefusal(bits)
    if (state !== undefined) return state
    if (session.resp === 2 && session.subscriptions > 0 && (bits & CommandBit.whileSubscribed) === 0) {
      return Errors.subscribedClient(cmd.name)
    }
    if (this.masterDown && (bits & CommandBit.stale) === 0) return Errors.masterDown
    if (this.loading && (bits & CommandBit.loading) === 0) return Errors.loading
    return undefined
  }

  /** What may have become impossible between queueing and EXEC. */
  refusalInTransaction(cmd: Command, session: Session): string | undefined {
    if (this.bits === 0 || session.kind === "master") return undefined
    return this.stateRefusal(cmd.bits)
  }

  private stateRefusal(bits: number): string | undefined {
    if ((bits & CommandBit.denyOom) !== 0 && this.outOfMemory !== undefined && this.outOfMemory())
      return Errors.outOfMemory
    if ((bits & (CommandBit.write | CommandBit.mayReplicate)) === 0) return undefined
    if (this.saveFailed && !this.readOnlyReplica) return Errors.misconf
    if (this.tooFewReplicas && !this.readOnlyReplica) return Errors.noReplicas
    if (this.readOnlyReplica && (bits & CommandBit.write) !== 0) return Errors.readOnly
    return undefined
  }
}
