/**
 * CLIENT PAUSE: clients' commands are held back, all of them or those that may change data, until a time or CLIENT UNPAUSE.
 *
 * A held-back command waits in its connection's fiber and runs when the pause ends; others wait behind it there. While
 * clients are paused no key expires: replicas must be able to catch up with data that stands still. Several parts of the
 * server may pause for purposes of their own (CLIENT PAUSE, a failover, a shutdown); the strictest rules.
 *
 * The end of a pause is seen by the next command or by the engine's clock-driven work, whichever comes first.
 */
import * as Effect from "effect/Effect"
import { CommandBit } from "../Command.js"
import type { Keyspace } from "../../store/Keyspace.js"
import type { Gates } from "../Gates.js"
import type { Turns } from "../world/Turn.js"

type PauseMode = "write" | "all"

interface Pause {
  readonly mode: PauseMode
  /** Unix milliseconds. */
  readonly until: number
}

const NOTHING = new Uint8Array(0)
/** An `until` that never comes. */
export const PAUSED_FOR_EVER = Number.MAX_SAFE_INTEGER

export class ClientPause {
  private readonly pauses = new Map<string, Pause>()
  private readonly waiting = new Set<() => void>()

  constructor(
    private readonly gates: Gates,
    private readonly keyspace: Keyspace,
    private readonly turns: Turns,
    /** Called when a pause began or ended. */
    private readonly changed: () => void,
  ) {}

  /** Clients whose command is held back. */
  get waitingCount(): number {
    return this.waiting.size
  }

  /** Pauses for a purpose; a pause for the same purpose is extended and made stricter, never the opposite. */
  pause(purpose: string, mode: PauseMode, until: number): void {
    const old = this.pauses.get(purpose)
    this.pauses.set(purpose, {
      mode: mode === "all" || old?.mode === "all" ? "all" : "write",
      until: Math.max(until, old?.until ?? 0),
    })
    this.apply()
  }

  pausedFor(purpose: string): boolean {
    return this.pauses.has(purpose)
  }

  /** Ends the pause for a purpose. */
  unpause(purpose: string): void {
    if (this.pauses.delete(purpose)) this.apply()
  }

  /** Ends pauses whose time is over; answers when the next one is. */
  tick(now: number): number {
    let next = Infinity
    if (this.pauses.size === 0) return next
    for (const [purpose, { until }] of this.pauses) {
      if (now >= until) this.unpause(purpose)
      else if (until < PAUSED_FOR_EVER) next = Math.min(next, until)
    }
    return next
  }

  /** Whether a command with these bits is held back now. */
  holds(bits: number): boolean {
    this.tick(this.keyspace.now)
    return (bits & this.gates.pausedBits) !== 0
  }

  /** Waits until clients go on, or the pause changes; the caller asks `holds` again. */
  readonly wait: Effect.Effect<Uint8Array> = Effect.callback<Uint8Array>((resume) => {
    // Not at once: resuming would run this client in the middle of the batch of the one that ends the pause.
    const wake = (): void => this.turns.afterThis(() => resume(Effect.succeed(NOTHING)))
    this.waiting.add(wake)
    return Effect.sync(() => void this.waiting.delete(wake))
  })

  private apply(): void {
    let bits = 0
    for (const { mode } of this.pauses.values()) {
      bits |= mode === "all" ? CommandBit.any : CommandBit.write | CommandBit.mayReplicate
    }
    const eased = (this.gates.pausedBits & ~bits) !== 0
    this.gates.pausedBits = bits
    this.gates.update()
    this.keyspace.holdExpiry("clients are paused", bits !== 0)
    this.changed()
    if (!eased) return
    const woken = [...this.waiting]
    this.waiting.clear()
    for (const wake of woken) wake()
  }
}
