/** The faults that a test may have a server make. */
import * as Effect from "effect/Effect"
import type { Session } from "../engine/clients/Session.js"
import { liveTurns } from "../engine/world/Turn.js"
import type { Action, Intercepted, Interception, Outcome, Rule } from "./Interception.js"
import type { Sent } from "./Matcher.js"
import type { Call, Fault, Faults, Match, Recording } from "./Types.js"
import { amountOf } from "./TimeTravel.js"
import { writeValue } from "./Values.js"

class FaultRule implements Rule {
  seen = 0
  readonly calls: Array<Sent> = []
  private readonly waiting: Array<{ readonly n: number; readonly resolve: (call: Call) => void }> = []

  constructor(
    readonly match: Match,
    readonly acts: Action,
    readonly notQueued: boolean,
  ) {}

  readonly noted = (sent: Sent): void => {
    this.calls.push(sent)
    for (const { n, resolve } of this.waiting) if (n === this.calls.length) resolve(sent)
  }

  met(n: number): Promise<Call> {
    const call = this.calls[n - 1]
    if (call !== undefined) return Promise.resolve(call)
    return new Promise((resolve) => this.waiting.push({ n, resolve }))
  }
}

/** Does something with the bytes of a command's reply, when they are there. */
const withReply = (
  { engine, proceed }: Intercepted,
  then: (bytes: Uint8Array) => Effect.Effect<Uint8Array> | undefined,
): Outcome => {
  const { out } = engine.context
  const mark = out.pos
  const outcome = proceed()
  if (outcome !== undefined) return Effect.flatMap(outcome, (bytes) => then(bytes) ?? Effect.succeed(bytes))
  const bytes = Buffer.from(out.buf.subarray(mark, out.pos))
  const instead = bytes.length > 0 ? then(bytes) : undefined
  if (instead !== undefined) out.truncate(mark)
  return instead
}

const cut = (session: Session): void => {
  session.control.kill()
  session.closing = true
}

const drop = (when: "before" | "after" | { readonly bytes: number }): Action => {
  if (when !== "before" && when !== "after" && !(when.bytes >= 0))
    throw new TypeError(`a connection is not lost ${JSON.stringify(when)}`)
  return (command) => {
    const { session, proceed } = command
    if (when === "before") return cut(session)
    if (when === "after") {
      const outcome = proceed()
      if (session.postponed) return outcome
      if (outcome === undefined) return cut(session)
      return Effect.tap(outcome, () => Effect.sync(() => cut(session)))
    }
    return withReply(command, (bytes) => {
      if (session.postponed) return undefined
      session.closing = true
      return Effect.succeed(bytes.subarray(0, when.bytes))
    })
  }
}

/** A trickling reply goes out in so many pieces a second. */
const PIECES_PER_SECOND = 20

const trickle = (session: Session, bytes: Uint8Array, perSecond: number): Effect.Effect<Uint8Array> =>
  Effect.gen(function* () {
    const size = Math.max(1, Math.ceil(perSecond / PIECES_PER_SECOND))
    let at = 0
    for (;;) {
      const piece = bytes.subarray(at, at + size)
      yield* liveTurns.sleep((piece.length * 1000) / perSecond)
      at += piece.length
      if (at >= bytes.length) return piece
      session.control.push(piece)
    }
  })

const slow =
  (perSecond: number): Action =>
  (command) =>
    withReply(command, (bytes) =>
      command.session.postponed || command.session.muted
        ? undefined
        : trickle(command.session, bytes, perSecond),
    )

export const faultsOf = (interception: Interception): Faults => {
  const rules = new Set<FaultRule>()
  const add = (match: Match, action: Action, notQueued = false): Fault => {
    const rule = new FaultRule(match, action, notQueued)
    const remove = (): void => {
      rules.delete(rule)
      interception.remove(rule)
    }
    interception.add(rule)
    rules.add(rule)
    return {
      get hits() {
        return rule.calls.length
      },
      met: (n = 1) => rule.met(n),
      remove,
      [Symbol.dispose]: remove,
    }
  }
  return {
    error: (match, reply) =>
      add(match, ({ engine, session, named }) => engine.dispatcher.refuse(session, reply, named)),
    delay: (match, ms, on = "system") => {
      const pause = amountOf("a time in milliseconds", ms)
      return add(match, (command) =>
        interception.postpone(command, on === "system" ? liveTurns.sleep(pause) : Effect.sleep(pause)),
      )
    },
    hang: (match) => add(match, () => Effect.never),
    drop: (match, when) => add(match, drop(when)),
    reply: (match, value) =>
      add(
        match,
        ({ engine, sent }) =>
          writeValue(engine.context.out, typeof value === "function" ? value(sent) : value),
        true,
      ),
    slow: (match, bytesPerSecond) => add(match, slow(amountOf("bytes a second", bytesPerSecond))),
    clear: () => {
      for (const rule of rules) interception.remove(rule)
      rules.clear()
    },
  }
}

/** Commands noted, from when it is made until it is disposed. */
export const recordingOf = (interception: Interception, match: Match): Recording => {
  const calls: Array<Sent> = []
  const rule: Rule = {
    match,
    seen: 0,
    acts: undefined,
    noted: (sent) => void calls.push(sent),
    notQueued: false,
  }
  interception.add(rule)
  return {
    calls,
    of: (command: string) => calls.filter((call) => call.command === command.toLowerCase()),
    clear: () => void (calls.length = 0),
    [Symbol.dispose]: () => interception.remove(rule),
  }
}
