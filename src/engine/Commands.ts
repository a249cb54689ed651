/**
 * Commands of an app's own, as layers.
 *
 *     const HELLO_WORLD = Commands.spec({ name: "helloworld", arity: 1, ... })
 *     const own = Commands.layer([Commands.command(HELLO_WORLD, (c) => c.out.simple("hello"))])
 *     Redix.layerServerWith({ port: 0 }).pipe(Layer.provide(own))
 *
 * They are in the table before a file is loaded, a master followed or a port open. From the declaration follow, as for
 * Redis's own, arity checks, COMMAND and its docs, keys, ACL categories and gates; rename-command knows their names, and
 * what they change is replicated. Layers add to each other, merged or provided one to another; a name that two of them
 * declare, or Redis has, ends the start.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Ref } from "../memory/Arena.js"
import { stringChunk, stringLength, stringOffset } from "../store/Entry.js"
import { stringEncoding } from "../store/types/StringValue.js"
import type { Database } from "../store/Database.js"
import type { Keyspace } from "../store/Keyspace.js"
import type { Session } from "./clients/Session.js"
import { type Command, command as makeCommand, container as makeContainer } from "./Command.js"
import type { CommandContext as WholeContext } from "./CommandContext.js"
import type { CommandSpec } from "./declare/CommandSpec.js"
import { Event } from "./KeyEvents.js"

export type { Command } from "./Command.js"
export { type CommandFacts, type CommandSpec, spec } from "./declare/CommandSpec.js"
export { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_STRING, TYPE_ZSET } from "../store/Entry.js"

type Lent =
  | "argLen"
  | "argOff"
  | "argc"
  | "blocking"
  | "buf"
  | "bytes"
  | "changed"
  | "command"
  | "denyBlocking"
  | "double"
  | "events"
  | "fail"
  | "int64"
  | "integer"
  | "is"
  | "notify"
  | "out"
  | "peek"
  | "propagation"
  | "pubsub"
  | "read"
  | "ready"
  | "refuse"
  | "remove"
  | "replicating"
  | "settings"
  | "stored"
  | "string"
  | "text"
  | "utf8"
  | "write"
  | "wrongType"

/**
 * What a handler works with: the command's words, its keys, the reply, and what to tell of changes. It is lent for the one
 * call, and nothing in it can be put in another's place.
 */
export interface CommandContext extends Readonly<Pick<WholeContext, Lent>> {
  /** All databases, and the arena that they lie in. */
  readonly keyspace: Readonly<Keyspace>
  /** The database that the client has selected. */
  readonly db: Readonly<Database>
  /** The client's session. */
  readonly session: Readonly<Session>
}

/**
 * Runs one command: reads its arguments from the context, appends exactly one reply to `c.out` and returns nothing. A
 * command that must wait appends nothing and returns an Effect of its reply's bytes.
 */
export type Handler = (c: CommandContext) => void | Effect.Effect<Uint8Array>

/** A command without subcommands. */
export const command: (declaration: CommandSpec, handler: Handler) => Command = makeCommand

/** A container of subcommands, which the second word names; `bare` runs it without one. */
export const container: (
  declaration: CommandSpec,
  subcommands: ReadonlyArray<Command>,
  bare?: Handler,
) => Command = makeContainer

/** What one layer adds. */
class Addition {
  constructor(readonly commands: ReadonlyArray<Command>) {}
}

/** Each layer's addition has a key of its own: layers that are merged would put one in place of the other. */
const KEY = "redix/engine/AppCommands/"
let layers = 0

const additions = Effect.map(Effect.context<never>(), ({ mapUnsafe }) =>
  [...mapUnsafe].filter(
    (entry): entry is [string, Addition] => entry[0].startsWith(KEY) && entry[1] instanceof Addition,
  ),
)

/** The commands of all layers that were provided. */
export const added: Effect.Effect<ReadonlyArray<Command>> = Effect.map(additions, (all) =>
  all.flatMap(([, { commands }]) => commands),
)

/** Adds commands to the servers that this layer is provided to. */
export const layer = (commands: ReadonlyArray<Command>): Layer.Layer<never> =>
  layerEffect(Effect.succeed(commands))

/** As `layer`, for commands that need services. */
export const layerEffect = <E, R>(
  commands: Effect.Effect<ReadonlyArray<Command>, E, R>,
): Layer.Layer<never, E, R> => {
  const key = `${KEY}${++layers}`
  return Layer.effectContext(
    Effect.gen(function* () {
      const own: [string, Addition] = [key, new Addition(yield* commands)]
      return Context.makeUnsafe<never>(new Map([...(yield* additions), own]))
    }),
  )
}

/** The bytes of a string that was just looked up: a view, valid until the keyspace changes. */
export const stringBytes = (c: CommandContext, ref: Ref): Uint8Array => {
  const { arena } = c.keyspace
  const start = stringOffset(arena, ref)
  return stringChunk(arena, ref).subarray(start, start + stringLength(arena, ref))
}

/**
 * Stores a string under the key in argument i, without expiry, and tells whoever must hear of it.
 * @param existing what `c.write(i)` answered
 */
export const storeString = (c: CommandContext, i: number, existing: Ref, bytes: Uint8Array): void => {
  const encoding = stringEncoding(bytes, 0, bytes.length)
  c.db.putString(existing, c.buf, c.argOff[i], c.argLen[i], bytes, 0, bytes.length, encoding, false)
  c.changed(i, Event.string, "set")
}
