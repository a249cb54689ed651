/**
 * Commands of an app's own, and families of commands as layers.
 *
 *     const HELLO_WORLD = Commands.spec({ name: "helloworld", arity: 1, ... })
 *     const own = Commands.layer([Commands.command(HELLO_WORLD, (c) => c.out.simple("hello"))])
 *     Redix.layerServerWith({ port: 0 }).pipe(Layer.provide(own))
 *
 * They are in the table before a file is loaded, a master followed or a port open. From the declaration follow, as for
 * Redis's own, arity checks, COMMAND and its docs, keys, ACL categories and gates; rename-command knows their names, and
 * what they change is replicated. A layer adds to those provided to it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Ref } from "../memory/Arena.js"
import { stringChunk, stringLength, stringOffset } from "../store/Entry.js"
import { stringEncoding } from "../store/types/StringValue.js"
import type { Command } from "./Command.js"
import type { CommandContext } from "./CommandContext.js"
import { Event } from "./KeyEvents.js"

export { type Command, command, container, type Handler } from "./Command.js"
export type { CommandContext } from "./CommandContext.js"
export { type CommandFacts, type CommandSpec, spec } from "./declare/CommandSpec.js"
export { TYPE_HASH, TYPE_LIST, TYPE_SET, TYPE_STREAM, TYPE_STRING, TYPE_ZSET } from "../store/Entry.js"

/** Commands that a server has beside Redis's. */
export const AppCommands: Context.Reference<ReadonlyArray<Command>> = Context.Reference<
  ReadonlyArray<Command>
>("redix/engine/AppCommands", { defaultValue: () => [] })

/** Adds commands to the servers that this layer is provided to. */
export const layer = (commands: ReadonlyArray<Command>): Layer.Layer<never> =>
  layerEffect(Effect.succeed(commands))

/** As `layer`, for commands that need services. */
export const layerEffect = <E, R>(
  commands: Effect.Effect<ReadonlyArray<Command>, E, R>,
): Layer.Layer<never, E, R> =>
  Layer.effect(
    AppCommands,
    Effect.gen(function* () {
      const before = yield* AppCommands
      return [...before, ...(yield* commands)]
    }),
  )

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
