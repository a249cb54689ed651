/** What arrives without being asked for, as Streams: messages of channels, events of keys. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Scope } from "effect/Scope"
import { globMatch } from "../bytes/Glob.js"
import type { Engine } from "../engine/Engine.js"
import type { Turns } from "../engine/world/Turn.js"
import { ClosedError } from "./Failures.js"

/** Where something arrives. */
interface Source<A> {
  readonly closed: boolean
  take(): ReadonlyArray<A>
  /** Who is told that there is something to take, or that there will be nothing more. */
  listen(reader: (() => void) | undefined): void
}

/** What a source gives, until it closes. */
export const arriving = <A, R>(
  open: Effect.Effect<Source<A>, never, R | Scope>,
): Stream.Stream<A, ClosedError, Exclude<R, Scope>> =>
  Stream.unwrap(
    Effect.map(open, (source) => {
      let wake: (() => void) | undefined = undefined
      source.listen(() => wake?.())
      const next = Effect.callback<ReadonlyArray<A>, ClosedError>((resume) => {
        const look = (): void => {
          const values = source.take()
          if (values.length === 0 && !source.closed) return
          wake = undefined
          resume(values.length > 0 ? Effect.succeed(values) : Effect.fail(new ClosedError({ command: "" })))
        }
        wake = look
        look()
      })
      return Stream.fromIterableEffectRepeat(next)
    }),
  )

/** Something that happened to a key. */
export interface KeyEvent {
  /** As keyspace events name it: "set", "del", "expired", "lpush", ... */
  readonly event: string
  /** The key it happened to. */
  readonly key: string
  /** The number of the database that holds the key. */
  readonly database: number
}

/** Whoever takes nothing while so many events wait is told of no more. */
const EVENTS_MAX = 1_000_000

class KeyEvents implements Source<KeyEvent> {
  closed = false
  private events: Array<KeyEvent> = []
  private reader: (() => void) | undefined = undefined
  private told = false

  constructor(private readonly turns: Turns) {}

  add(event: KeyEvent): void {
    if (this.closed) return
    if (this.events.length >= EVENTS_MAX) this.closed = true
    else this.events.push(event)
    if (this.told) return
    this.told = true
    this.turns.afterThis(() => {
      this.told = false
      this.reader?.()
    })
  }

  take(): ReadonlyArray<KeyEvent> {
    const { events } = this
    if (events.length > 0) this.events = []
    return events
  }

  listen(reader: (() => void) | undefined): void {
    this.reader = reader
  }
}

/** What happens to the keys of a pattern, in every database, whatever notify-keyspace-events says. */
export const keyEvents = (engine: Engine, pattern: string): Stream.Stream<KeyEvent, ClosedError> =>
  arriving(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => {
          const source = new KeyEvents(engine.turns)
          const glob = Buffer.from(pattern)
          const off = engine.events.observe((event, database, buf, start, len) => {
            if (!globMatch(glob, 0, glob.length, buf, start, len, false)) return
            const key = Buffer.from(buf.buffer, buf.byteOffset + start, len).toString()
            source.add({ event, key, database })
          })
          return { source, off }
        }),
        ({ off }) => Effect.sync(off),
      ),
      ({ source }) => source,
    ),
  )
