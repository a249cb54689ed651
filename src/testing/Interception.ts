/**
 * What stands between a test server's clients and its commands: rules that do something in a command's place, or to its
 * reply, and recordings.
 *
 * It is put before dispatch only while there is a rule or a recording, so that a server without them pays one test of a
 * field. Rules are asked in the order in which they were made; the first that means the command acts. A command that a
 * rule delays comes a second time, and then runs.
 */
import * as Effect from "effect/Effect"
import type { Session } from "../engine/clients/Session.js"
import type { TableCommand } from "../engine/Command.js"
import type { Interceptor } from "../engine/Dispatcher.js"
import type { Engine } from "../engine/Engine.js"
import type { RequestView } from "../resp/RequestParser.js"
import { checkMatch, describeCommand, isMeant, type Sent } from "./Matcher.js"
import type { Match } from "./Types.js"

export type Outcome = void | Effect.Effect<Uint8Array>

/** A command in the hands of a rule. */
export interface Intercepted {
  readonly engine: Engine
  readonly session: Session
  readonly named: TableCommand | undefined
  readonly sent: Sent
  /** Runs the command. */
  readonly proceed: () => Outcome
}

/** What a rule does with a command that it means. */
export type Action = (command: Intercepted) => Outcome

/** Notes commands, or does something with them. */
export interface Rule {
  readonly match: Match
  /** Commands it has meant, those it let pass included. */
  seen: number
  readonly acts: Action | undefined
  /** Hears of each command that it acts on. */
  readonly noted: (sent: Sent) => void
  /** It does not concern commands that a transaction queues. */
  readonly notQueued: boolean
}

/** A command that has been looked at, and what is to be done with it. */
interface Seen {
  readonly sent: Sent
  readonly action: Action | undefined
}

const NOTHING = new Uint8Array(0)
/** Steps of a probability. */
const DRAWS = 1_000_000
const ERROR_MARK = 45

/** The text of an error reply. */
const errorIn = (bytes: Uint8Array): string | undefined =>
  bytes[0] === ERROR_MARK ? Buffer.from(bytes.subarray(1, -2)).toString() : undefined

/** Its reply will not be the command's, but that it is in a queue. */
const isQueued = (session: Session, named: TableCommand | undefined): boolean =>
  session.queue !== undefined && named?.spec.inMulti === "queued"

export class Interception implements Interceptor {
  private engine: Engine | undefined = undefined
  private rules: ReadonlyArray<Rule> = []
  /** Commands that have been seen and come a second time: held back by a rule, or by CLIENT PAUSE. */
  private readonly heldBack = new WeakMap<Session, Seen>()

  /** From now on this server's clients are meant. */
  attach(engine: Engine): void {
    this.engine = engine
    this.place()
  }

  /** Throws where the rule could not mean what it says. */
  add(rule: Rule): void {
    if (this.engine !== undefined) checkMatch(this.engine, rule.match)
    this.rules = [...this.rules, rule]
    this.place()
  }

  remove(rule: Rule): void {
    this.rules = this.rules.filter((other) => other !== rule)
    this.place()
  }

  clear(): void {
    this.rules = []
    this.place()
  }

  private place(): void {
    if (this.engine !== undefined)
      this.engine.dispatcher.interceptor = this.rules.length > 0 ? this : undefined
  }

  run(request: RequestView, session: Session, named: TableCommand | undefined): Outcome {
    const { engine } = this
    if (engine === undefined) return
    const proceed = (): Outcome => engine.dispatcher.proceed(request, session, named)
    const seen = this.heldBack.get(session) ?? this.look(engine, request, session, named)
    this.heldBack.delete(session)
    const { sent, action } = seen
    const { out } = engine.context
    const mark = out.pos
    const outcome = action === undefined ? proceed() : action({ engine, session, named, sent, proceed })
    if (out.pos > mark) sent.error = errorIn(out.buf.subarray(mark, out.pos))
    if (session.postponed && !this.heldBack.has(session)) this.heldBack.set(session, seen)
    if (outcome === undefined || session.postponed) return outcome
    return Effect.map(outcome, (bytes) => {
      sent.error = errorIn(bytes)
      return bytes
    })
  }

  /** Holds a command back until `wait` ends; then it runs. */
  postpone({ session, sent }: Intercepted, wait: Effect.Effect<void>): Effect.Effect<Uint8Array> {
    session.postponed = true
    this.heldBack.set(session, { sent, action: undefined })
    return Effect.as(wait, NOTHING)
  }

  private look(
    engine: Engine,
    request: RequestView,
    session: Session,
    named: TableCommand | undefined,
  ): Seen {
    const sent = describeCommand(request, session, named, engine.clock.currentTimeMillisUnsafe())
    const queued = isQueued(session, named)
    let action: Action | undefined
    for (const rule of this.rules) {
      if (rule.acts !== undefined && action !== undefined) continue
      if (!this.applies(rule, sent, queued)) continue
      rule.noted(sent)
      action ??= rule.acts
    }
    return { sent, action }
  }

  private applies(rule: Rule, sent: Sent, queued: boolean): boolean {
    const { match } = rule
    if ((queued && rule.notQueued) || !isMeant(sent, match)) return false
    const { after = 0, times = Infinity, probability = 1 } = match
    if (rule.seen >= after + times) return false
    if (probability < 1 && this.drawn() >= probability) return false
    return rule.seen++ >= after
  }

  /** A number from 0 to 1 of the server's own randomness. */
  private drawn(): number {
    return (this.engine?.keyspace.random(DRAWS) ?? 0) / DRAWS
  }
}
