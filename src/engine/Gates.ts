/**
 * The states in which the server refuses commands, and the texts it refuses them with.
 *
 * `bits` holds the command bits that need a closer look in the present state; while it is 0, dispatch asks nothing. The
 * parts that own a state (replication, persistence, memory) set it here and call `update`.
 */
import type { AclGuard } from "./acl/AclGuard.js"
import { allows } from "./acl/Rights.js"
import { type Command, CommandBit, type TableCommand } from "./Command.js"
import type { CommandContext } from "./CommandContext.js"
import type { Session } from "./clients/Session.js"
import type { Settings } from "./Settings.js"
import * as Errors from "../resp/Errors.js"
import type { MemoryLimit } from "../store/eviction/MemoryLimit.js"

/** Whether a command is refused when memory is short: it uses memory, or would be queued, which uses some, too. */
const needsMemory = (bits: number, session: Session): boolean =>
  (bits & CommandBit.denyOom) !== 0 || (session.queue !== undefined && (bits & CommandBit.ending) === 0)

/** What gets a closer look in most states: commands that stand for others, and those whose arguments decide. */
const CLOSER = CommandBit.unqueued | CommandBit.judged

/** What may take memory: a write, or what may stand for one. */
const MAY_GROW = CommandBit.write | CommandBit.denyOom | CLOSER

type GateSettings = Pick<Settings, "enableDebugCommand" | "enableModuleCommand" | "replicaIgnoreMaxmemory">

const isLocal = ({ address, inProcess }: Session): boolean =>
  inProcess || address.startsWith("127.") || address.startsWith("[::1]") || address.startsWith("/")

export class Gates {
  bits: number = CommandBit.guarded
  /** It follows a master. */
  replica = false
  /** A replica that takes no writes from clients. */
  readOnlyReplica = false
  /** A data set is being loaded. */
  loading = false
  /** A data set is being loaded beside the present one, which is served. */
  asyncLoading = false
  /** A replica without its master that may not serve stale data. */
  masterDown = false
  /** The last background save failed and writes are to stop. */
  saveFailed = false
  /** Why the append-only file cannot be written, while it cannot. */
  aofFailure: string | undefined = undefined
  /** Fewer good replicas than min-replicas-to-write. */
  tooFewReplicas = false
  /** A script has been running for long: what others are told meanwhile. */
  busy: string | undefined = undefined
  /** Bits of the commands that CLIENT PAUSE holds back; see ClientPause. */
  pausedBits = 0
  /** More keys are remembered for clients that track than there may be: the next command sees to it. */
  crowded = false
  /** As of the last `update`: the arena gets no more memory. */
  strained = false

  /** @param memory makes room before a command, and knows whether there is any */
  constructor(
    readonly memory: MemoryLimit,
    private readonly settings: GateSettings,
    private readonly acl: AclGuard,
  ) {}

  /** What writes are told that stop because the disk takes nothing, while they do. */
  get diskRefusal(): string | undefined {
    if (this.saveFailed) return Errors.misconf
    return this.aofFailure === undefined ? undefined : Errors.misconfAof(this.aofFailure)
  }

  /** Must be called after any of the states changed. */
  update(): void {
    this.strained = this.memory.strained
    // What is being loaded, or stands still, is not to be evicted from.
    this.memory.setExempt(
      this.loading ||
        this.asyncLoading ||
        this.pausedBits !== 0 ||
        this.busy !== undefined ||
        (this.replica && this.settings.replicaIgnoreMaxmemory),
    )
    let bits = this.pausedBits | CommandBit.guarded
    // EXEC stands for what is queued, so it gets a closer look wherever a write does.
    if (this.readOnlyReplica || this.tooFewReplicas) bits |= CommandBit.write | CLOSER
    if (this.strained) bits |= CommandBit.denyOom | CLOSER
    if (this.pausedBits !== 0) bits |= CLOSER
    if (this.loading || this.asyncLoading || this.masterDown) bits |= CommandBit.any
    if (this.diskRefusal !== undefined) bits |= CommandBit.any
    if (this.busy !== undefined || this.crowded) bits |= CommandBit.any
    this.bits = bits
  }

  /** Runs commands that nothing keeps from running: those of a file that is loaded. They come one after the other, in this turn. */
  opened(run: () => void): void {
    const { pausedBits } = this
    this.bits = CommandBit.guarded
    this.pausedBits = 0
    try {
      run()
    } finally {
      this.pausedBits = pausedBits
      this.update()
    }
  }

  /** Why the command in the context is refused now, or undefined; `own` are the bits of this call. */
  refusal(c: CommandContext, cmd: TableCommand, own: number): string | undefined {
    const { session } = c
    const bits = this.bitsFor(own, session)
    if ((cmd.bits & CommandBit.guarded) !== 0 && !this.unguarded(cmd, session))
      return Errors.guarded(cmd.name)
    if (!session.authenticated && (cmd.bits & CommandBit.noAuth) === 0 && this.acl.users.loginRequired)
      return Errors.noAuth
    if (session.kind === "master") return this.memoryRefusal(bits, session)
    if (session.queue !== undefined && (bits & CommandBit.noMulti) !== 0)
      return Errors.notAllowedInTransaction
    if (!allows(session.rights, cmd.id)) {
      const denied = this.acl.refusal(c, cmd)
      if (denied !== undefined) return denied
    }
    const state = this.memoryRefusal(bits, session) ?? this.stateRefusal(own, bits)
    if (state !== undefined) return state
    if (session.resp === 2 && session.subscribed && (bits & CommandBit.whileSubscribed) === 0) {
      return Errors.subscribedClient(cmd.name)
    }
    // What is queued must all be allowed now, whatever was when it was queued.
    const allowed = (own & CommandBit.queue) !== 0 ? own & session.queueShared : own
    if (this.masterDown && (allowed & CommandBit.stale) === 0) return Errors.masterDown
    if (this.loading && (allowed & CommandBit.loading) === 0) return Errors.loading
    if (this.asyncLoading && (bits & CommandBit.noAsyncLoading) !== 0) return Errors.loading
    if (this.busy !== undefined && (cmd.bits & CommandBit.allowBusy) === 0) return this.busy
    if (session.monitor || session.kind === "replica") {
      if ((bits & (CommandBit.write | CommandBit.readonly)) !== 0) return Errors.replicaKeyspace
    }
    return undefined
  }

  /** Whether the configuration lets this client run DEBUG or MODULE LOAD. */
  private unguarded(cmd: Command, session: Session): boolean {
    const { enableDebugCommand, enableModuleCommand } = this.settings
    const allowed = cmd.spec.guard === "enable-debug-command" ? enableDebugCommand : enableModuleCommand
    return allowed === "yes" || (allowed === "local" && isLocal(session))
  }

  /** A call's bits; those of EXEC are those of the queued commands, too. */
  bitsFor(own: number, session: Session): number {
    return (own & CommandBit.queue) !== 0 ? own | session.queueBits : own
  }

  private memoryRefusal(bits: number, session: Session): string | undefined {
    // Where more is to go than goes at once, those are held up who may take more; for all others the clock-driven work goes on.
    if (!this.memory.freeing || (bits & MAY_GROW) !== 0 || session.queue !== undefined) this.memory.makeRoom()
    return needsMemory(bits, session) && this.memory.short ? Errors.outOfMemory : undefined
  }

  private stateRefusal(own: number, bits: number): string | undefined {
    const stops = (bits & CommandBit.write) | (own & CommandBit.stopsOnFailedSave)
    if (stops !== 0 && this.diskRefusal !== undefined) return this.diskRefusal
    if ((bits & CommandBit.write) === 0) return undefined
    if (this.tooFewReplicas && !this.readOnlyReplica) return Errors.noReplicas
    return this.readOnlyReplica ? Errors.readOnly : undefined
  }
}
