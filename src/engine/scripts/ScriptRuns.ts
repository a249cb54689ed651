/**
 * Scripts while they run: inside their command as long as they are quick, and in slices of their own when they are not.
 *
 * A script runs to its end in the handler of its command, like any command. Beyond `busy-reply-threshold` it gives
 * control back at its next tick: the handler answers an Effect, the gate refuses what is not `allow_busy`, and the script
 * goes on by a slice a turn of the event loop, so that connections are accepted and told that the server is busy. What
 * the script sees stands still meanwhile: its time, the keys (no cron runs, so none expires), and its unit of the command
 * log, which stays open. It goes on when its client leaves, as in Redis.
 *
 *     handler: begin -> go .. ended -> reply                             the usual case: no Effect
 *     handler: begin -> go .. not ended -> Effect     turn: slice, slice, .. ended -> reply -> the Effect's value
 *
 * EXEC takes a suspended script's end over by `whenEnded`, to go on with the commands behind it in the same turn.
 */
import * as Effect from "effect/Effect"
import type { Clock } from "effect/Clock"
import { CommandBit, type TableCommand } from "../Command.js"
import type { CommandContext } from "../CommandContext.js"
import type { Dispatcher } from "../Dispatcher.js"
import { ScriptArguments } from "./ScriptArguments.js"
import type { Log } from "../world/Log.js"
import type { Turns } from "../world/Turn.js"
import type { Run } from "../Background.js"
import { type Call, keptCall } from "../tracking/Call.js"
import type { Session } from "../clients/Session.js"
import * as Errors from "../../resp/Errors.js"

/** How long a suspended script runs before others have their turn, in milliseconds. */
const SLICE_MS = 2

const NO_WORDS: ReadonlyArray<Uint8Array> = []

export type ScriptKind = "script" | "function"

/** One run of a script. The owner of its language says how it goes on and what it replies. */
export abstract class ScriptRun {
  /** It has called a command that writes. */
  wrote = false
  /** It is to end with an error. */
  killed = false
  /** The protocol in which its commands answer. */
  resp: 2 | 3 = 2
  /** Real time at its first tick; -1 before. */
  startedMs = -1
  /** When it has to give control back; of the first stretch, how long it may take. */
  deadlineMs = 0
  private told: ((reply: Uint8Array | undefined) => void) | undefined = undefined
  session: Session | undefined = undefined
  database = 0
  /** The keyspace's time, which stands still. */
  nowMs = 0

  abstract readonly kind: ScriptKind
  /** What FUNCTION STATS calls it. */
  abstract readonly name: string
  /** The words of the command that runs it. */
  words: ReadonlyArray<Uint8Array> = NO_WORDS
  /** That command, once the script was suspended. */
  calledBy: Call | undefined = undefined

  /** Whoever asks last is told of the end with the reply, undefined where a defect was the end. */
  whenEnded(told: (reply: Uint8Array | undefined) => void): void {
    this.told = told
  }

  hasEnded(reply: Uint8Array | undefined): void {
    this.told?.(reply)
  }

  /** Goes on; answers whether it has ended. Throws nothing but defects. */
  abstract go(): boolean
  abstract reply(c: CommandContext): void

  /** Whether to give control back, at `now` in real time. */
  tick(now: number, thresholdMs: number): boolean {
    if (this.startedMs < 0) {
      this.startedMs = now
      this.deadlineMs = thresholdMs > 0 ? now + thresholdMs : Infinity
    }
    return now >= this.deadlineMs
  }
}

export class ScriptRuns {
  /** The script that runs, or is suspended. */
  present: ScriptRun | undefined = undefined
  readonly args = new ScriptArguments()
  /** A suspended script goes on right now. */
  slicing = false
  private readonly waiting = new Set<() => void>()

  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly clock: Clock,
    private readonly turns: Turns,
    private readonly host: { readonly background: Run; readonly logger: Log },
    /** A script that was suspended has ended. */
    private readonly resumed: () => void,
  ) {}

  /** The script that others know of, because it has taken too long. */
  get suspended(): ScriptRun | undefined {
    return this.dispatcher.gates.busy === undefined ? undefined : this.present
  }

  /** The command that runs the script in progress. */
  get caller(): Call {
    return this.present?.calledBy ?? this.dispatcher.context.around
  }

  /** Waits until no script is suspended. */
  readonly ended: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.suspended === undefined) return resume(Effect.void)
    const wake = (): void => resume(Effect.void)
    this.waiting.add(wake)
    return Effect.sync(() => void this.waiting.delete(wake))
  })

  /** Runs a script for the command in progress: its reply is written, or the Effect yields it. */
  begin(run: ScriptRun): void | Effect.Effect<Uint8Array> {
    const c = this.dispatcher.context
    const { out } = c
    const mark = out.pos
    const bound = out.liftBound()
    this.present = run
    run.database = c.session.database
    c.save()
    c.denyBlocking = true
    c.propagation.beginUnit()
    let ended = false
    let broken = true
    try {
      ended = this.stretch(run, c)
      broken = false
    } finally {
      out.truncate(mark)
      out.setBound(bound)
      c.restore()
      if (ended || broken) {
        this.present = undefined
        c.propagation.endUnit()
      }
      // The commands are logged, not the script.
      if (c.replicating) c.propagation.nothing()
    }
    if (ended) return run.reply(c)
    return this.suspend(run, c)
  }

  /** One stretch of a script, in a context that is its own for so long. */
  private stretch(run: ScriptRun, c: CommandContext): boolean {
    const { session, out } = c
    const { database } = session
    const { resp } = out
    session.database = run.database
    out.resp = run.resp
    c.scripted = true
    try {
      return run.go()
    } finally {
      c.scripted = false
      run.database = session.database
      session.database = database
      out.resp = resp
    }
  }

  private suspend(run: ScriptRun, c: CommandContext): Effect.Effect<Uint8Array> {
    const { gates } = this.dispatcher
    run.session = c.session
    run.nowMs = c.keyspace.now
    run.words = Array.from({ length: c.argc }, (_, i) => Uint8Array.from(c.bytes(i)))
    run.calledBy = keptCall(c.command, run.words)
    const command = run.kind === "script" ? "SCRIPT KILL" : "FUNCTION KILL"
    const ms = Math.floor(this.turns.now() - run.startedMs)
    this.host.logger.warning(
      `Slow script detected: still in execution after ${ms} milliseconds. You can try killing the script using the ${command} command. Script name is: ${run.name}.`,
      { script: run.name, milliseconds: ms },
    )
    gates.busy = run.kind === "script" ? Errors.busyScript : Errors.busyFunction
    gates.update()
    let reply: Uint8Array | undefined = undefined
    let wake: ((reply: Uint8Array) => void) | undefined = undefined
    run.whenEnded((bytes) => {
      reply = bytes
      if (bytes !== undefined) wake?.(bytes)
    })
    this.host.background(this.slices(run))
    return Effect.callback<Uint8Array>((resume) => {
      wake = (bytes) => resume(Effect.succeed(bytes))
      if (reply !== undefined) wake(reply)
    })
  }

  private readonly nextTurn = Effect.callback<void>((resume) => this.turns.atEnd(() => resume(Effect.void)))

  private slices(run: ScriptRun): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      do yield* this.nextTurn
      while (!this.slice(run))
    })
  }

  /** Answers whether the script has ended. */
  private slice(run: ScriptRun): boolean {
    const { dispatcher } = this
    const { context: c, timer } = dispatcher
    const { session } = run
    if (session === undefined) throw new Error("a script without a session goes on")
    let ended = false
    let reply: Uint8Array | undefined = undefined
    timer.batch()
    run.deadlineMs = this.turns.now() + SLICE_MS
    c.keyspace.now = run.nowMs
    this.slicing = true
    try {
      reply = dispatcher.runFor(session, session.database, () => {
        const mark = c.out.pos
        ended = this.stretch(run, c)
        c.out.truncate(mark)
        if (!ended) return false
        c.propagation.endUnit()
        run.reply(c)
        return false
      })
    } catch (defect) {
      if (!ended) c.propagation.endUnit()
      dispatcher.reset(defect)
      this.end(run, undefined)
      throw defect
    } finally {
      this.slicing = false
      c.keyspace.now = this.clock.currentTimeMillisUnsafe()
    }
    if (ended) this.end(run, reply)
    return ended
  }

  private end(run: ScriptRun, reply: Uint8Array | undefined): void {
    const { context, gates } = this.dispatcher
    this.present = undefined
    gates.busy = undefined
    gates.update()
    run.hasEnded(reply)
    // The transaction behind it may have come to the next one.
    if (gates.busy !== undefined) return
    this.resumed()
    const woken = [...this.waiting]
    this.waiting.clear()
    for (const wake of woken) this.turns.afterThis(wake)
    // Last: a service that throws keeps nobody from being woken.
    if (context.blocking.pending) context.blocking.serve()
  }

  /** SCRIPT KILL and FUNCTION KILL: why the script cannot be killed, or undefined. */
  kill(kind: ScriptKind): string | undefined {
    const run = this.suspended
    if (run === undefined) return Errors.notBusy
    if (run.kind !== kind) return run.kind === "script" ? Errors.busyScript : Errors.busyFunction
    if (run.wrote) return Errors.unkillable
    run.killed = true
    this.host.logger.notice("Lua script killed by user with SCRIPT KILL.")
    return undefined
  }

  /** Runs a command that the script calls; notes what keeps the script from being killed. */
  call(inner: TableCommand): void {
    if ((inner.bits & CommandBit.write) !== 0 && this.present !== undefined) this.present.wrote = true
    this.dispatcher.runScripted(inner, this.args)
  }
}
