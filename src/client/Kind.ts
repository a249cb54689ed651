/** The types that the methods of all commands are written in. */
import type * as Effect from "effect/Effect"
import type { Failure } from "./Failures.js"
import type { Word } from "./Values.js"

/** What calling a method gives, as a function of types from the reply: `Gives<InEffect, number>` is an Effect of a number. */
export interface Kind {
  /** Only a type: the reply that `gives` is made of. */
  readonly reply: unknown
  /** Only a type: what calling the method gives for it. */
  readonly gives: unknown
}

/** What a method of a kind gives for a reply. */
export type Gives<K extends Kind, Reply> = (K & {
  /** Only a type: the reply. */
  readonly reply: Reply
})["gives"]

/** An Effect of the reply. */
export interface InEffect extends Kind {
  /** An Effect, which runs the command when it is run. */
  readonly gives: Effect.Effect<this["reply"], Failure>
}

/** The reply, at once. */
export interface AtOnce extends Kind {
  /** The reply itself. */
  readonly gives: this["reply"]
}

/** A command for a transaction, whose reply comes with the others'. */
export interface Queued extends Kind {
  /** A place in the transaction, whose reply comes with the others'. */
  readonly gives: QueuedCommand<this["reply"]>
}

/** A command of a transaction; `Reply` is what it will answer. */
export interface QueuedCommand<Reply> {
  /** Its place among the transaction's commands, from 0. */
  readonly index: number
  /** Only a type: what the command will answer. */
  readonly reply?: Reply
}

/** A whole number, or its digits. */
export type Integer = number | bigint | `${number}`

/** A number, or its digits; where a command takes bounds also "(1.5" or "+inf". */
export type Double = number | string

/** One, or several. */
export type Many<A> = A | ReadonlyArray<A>

/** Pairs of words: [["a", 1], ["b", 2]], or where the first are text { a: 1, b: 2 } or a Map. */
export type Pairs<A extends Word, B extends Word> =
  | readonly [A, B]
  | ReadonlyArray<readonly [A, B]>
  | ReadonlyMap<A, B>
  | Readonly<Record<string, B>>

/** At most one of the fields. */
export type OneOf<Fields> = {
  readonly [K in keyof Fields]: { readonly [P in K]?: Fields[P] | undefined } & {
    readonly [P in Exclude<keyof Fields, K>]?: undefined
  }
}[keyof Fields]
