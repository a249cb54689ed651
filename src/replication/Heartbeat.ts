/**
 * What replication does once a second, in real time, since the other ends are on the network. It beats only while one of
 * its parts has something to do, and ends by itself; whatever gives a part something to do calls `begin`.
 */
import * as Effect from "effect/Effect"
import type { Run } from "../engine/Background.js"
import type { Engine } from "../engine/Engine.js"

const BEAT_MS = 1000

export interface Beating {
  /** There is something to do once a second. */
  readonly busy: boolean
  /** The beats begin anew after a rest. */
  rested?(): void
  beat(): void
}

export class Heartbeat {
  private readonly parts: Array<Beating> = []
  private beating = false

  constructor(
    private readonly engine: Engine,
    private readonly background: Run,
  ) {}

  /** Adds a part; parts work in the order in which they were added. */
  add(part: Beating): void {
    this.parts.push(part)
  }

  private get busy(): boolean {
    return this.parts.some((part) => part.busy)
  }

  /** Starts to beat, if there is anything to do and it does not beat. */
  begin(): void {
    if (this.beating || !this.busy) return
    this.beating = true
    for (const part of this.parts) part.rested?.()
    // The last look and the end are one turn: who begins after it starts another loop.
    const loop = Effect.gen({ self: this }, function* () {
      while ((this.beating = this.busy)) {
        yield* this.engine.turns.sleep(BEAT_MS)
        if (!this.engine.cronPaused) for (const part of this.parts) part.beat()
      }
      this.engine.stir()
    })
    this.background(loop, () => {
      this.beating = false
      this.engine.stir()
      this.begin()
    })
  }
}
