/** A family of keys whose values have a schema and are kept as JSON. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Client } from "./Client.js"
import { type Failure, ValueError } from "./Failures.js"

/** Values by the part of their keys behind the prefix. */
export interface Keys<A> {
  /** The value, undefined where there is none. */
  readonly get: (id: string) => Effect.Effect<A | undefined, Failure | ValueError>
  /** The values of several, in one command. */
  readonly getMany: (
    ids: ReadonlyArray<string>,
  ) => Effect.Effect<ReadonlyArray<A | undefined>, Failure | ValueError>
  /** Stores a value, for as long as `ttl` says. */
  readonly set: (id: string, value: A) => Effect.Effect<void, Failure | ValueError>
  /** Whether there was one. */
  readonly remove: (id: string) => Effect.Effect<boolean, Failure>
}

/** How the values of a family of keys are kept. */
export interface KeysOptions {
  /** How long a value stays after it was set; default: for ever. */
  readonly ttl?: Duration.Input
}

/**
 * The values under the keys that begin with `prefix`.
 *
 *     const users = keys(yield* RedixClient, "user:", User, { ttl: "1 hour" })
 *     yield* users.set("1", new User({ name: "Ada" }))
 */
export const keys = <A, I>(
  client: Pick<Client, "get" | "mget" | "set" | "del">,
  prefix: string,
  schema: Schema.Codec<A, I>,
  { ttl }: KeysOptions = {},
): Keys<A> => {
  const json = Schema.fromJsonString(schema)
  const decode = Schema.decodeUnknownEffect(json)
  const encode = Schema.encodeEffect(json)
  const ms = ttl === undefined ? Infinity : Duration.toMillis(ttl)
  const options = ms === Infinity ? undefined : { PX: ms }
  const failure =
    (key: string) =>
    (cause: unknown): ValueError =>
      new ValueError({ key, cause })
  const read = (key: string, text: string | null): Effect.Effect<A | undefined, ValueError> =>
    text === null ? Effect.undefined : Effect.mapError(decode(text), failure(key))
  return {
    get: (id) => Effect.flatMap(client.get(prefix + id), (text) => read(prefix + id, text)),
    getMany: (ids) =>
      ids.length === 0
        ? Effect.succeed([])
        : Effect.flatMap(client.mget(ids.map((id) => prefix + id)), (texts) =>
            Effect.forEach(texts, (text, i) => read(prefix + ids[i], text)),
          ),
    set: (id, value) =>
      Effect.mapError(encode(value), failure(prefix + id)).pipe(
        Effect.flatMap((text) => client.set(prefix + id, text, options)),
        Effect.asVoid,
      ),
    remove: (id) => Effect.map(client.del(prefix + id), (removed) => removed > 0),
  }
}
