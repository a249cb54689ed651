/**
 * What a blocking pop has taken goes back to where it came from when the wait was interrupted before anybody had it: as with
 * Queue.take, who is interrupted has taken nothing. The pop was written to the log as it happened, and so is this: replicas
 * and files see an element go and come back, and others who wait for it get it.
 */
import { superuser } from "../engine/acl/User.js"
import type { Engine } from "../engine/Engine.js"
import type { Session } from "../engine/clients/Session.js"
import { type Call, DirectSession, type Prepared } from "./DirectSession.js"
import { asBytes } from "./ReplyDecoder.js"
import type { Value, Word } from "./Values.js"

type Taken = Value<Uint8Array>

const isWord = (value: unknown): value is Word =>
  typeof value === "string" || typeof value === "number" || value instanceof Uint8Array

const listOf = (value: Taken | undefined): ReadonlyArray<Taken> => (Array.isArray(value) ? value : [])

const wordsOf = (values: ReadonlyArray<Taken>): ReadonlyArray<Word> => values.filter(isWord)

/** Members and scores as ZADD takes them: the score before its member. */
const scored = (pairs: ReadonlyArray<ReadonlyArray<Taken>>): ReadonlyArray<Word> =>
  pairs.flatMap((pair) => wordsOf(pair.toReversed()))

/** Elements in the order in which they were popped; the last one is pushed first. */
const pushed = (elements: ReadonlyArray<Taken>): ReadonlyArray<Word> => wordsOf(elements.toReversed())

interface Inverse {
  readonly command: string
  readonly words: ReadonlyArray<Word>
}

/** Which end BLMPOP's words name: they stand behind the timeout, the number of keys, and the keys. */
const isLeft = (words: ReadonlyArray<Word>): boolean =>
  textOf(words[2 + Number(textOf(words[1]))]).toLowerCase() === "left"

const textOf = (word: Word | undefined): string =>
  word instanceof Uint8Array ? Buffer.from(word).toString("latin1") : String(word)

/** The command that undoes a pop, given what the pop answered after its key. */
const inverseOf = (
  name: string | undefined,
  called: ReadonlyArray<Word>,
  taken: ReadonlyArray<Taken>,
): Inverse | undefined => {
  switch (name) {
    case "blpop":
      return { command: "lpush", words: wordsOf(taken) }
    case "brpop":
      return { command: "rpush", words: wordsOf(taken) }
    case "blmpop":
      return { command: isLeft(called) ? "lpush" : "rpush", words: pushed(listOf(taken[0])) }
    case "bzpopmin":
    case "bzpopmax":
      return { command: "zadd", words: scored([taken]) }
    case "bzmpop":
      return { command: "zadd", words: scored(listOf(taken[0]).map(listOf)) }
    default:
      return undefined
  }
}

/** By its own name, whatever clients call it or may do. */
const own = (engine: Engine, name: string): Prepared => ({
  name: Buffer.from(name),
  text: name,
  command: engine.dispatcher.table.byId.find((one) => one.name === name),
  touches: "nothing",
})

/** Puts back what a call has taken whose wait in `session` was interrupted. */
export const giveBack = (engine: Engine, { untaken, database }: Session, { prepared, words }: Call): void => {
  if (untaken === undefined) return
  const [key, ...taken] = listOf(asBytes.whole(untaken))
  const inverse = inverseOf(prepared.command?.name, words, taken)
  if (inverse === undefined || !isWord(key)) return
  const run = (): void => {
    if (engine.occupied) return engine.turns.afterThis(run)
    // Nobody's session: neither rights nor CLIENT REPLY keep the element away.
    const session = new DirectSession(engine, { resp: 3, database })
    session.session.actAs(superuser)
    session.run(own(engine, inverse.command), [key, ...inverse.words], asBytes, true)
    if (session.failure !== undefined)
      engine.logger.warning(
        `What an interrupted ${prepared.text} had taken is lost: ${session.failure.message}`,
      )
    session.close()
  }
  run()
}
