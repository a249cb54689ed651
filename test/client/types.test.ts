/** What the types of the client say; the compiler holds them. */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import { expectTypeOf, it } from "vitest"
import type {
  Client,
  ClientSession,
  ClosedError,
  Failure,
  KeyEvent,
  Message,
  RefusedError,
  ReplyError,
  Value,
  WrongTypeError,
} from "../../src/client.js"

type Method<Name extends keyof Client> = Client[Name]

it("replies are those of the command, as text or as bytes", () => {
  expectTypeOf<ReturnType<Method<"get">>>().toEqualTypeOf<Effect.Effect<string | null, Failure>>()
  expectTypeOf<ReturnType<Client["bytes"]["get"]>>().toEqualTypeOf<
    Effect.Effect<Uint8Array | null, Failure>
  >()
  expectTypeOf<ReturnType<Client["sync"]["get"]>>().toEqualTypeOf<string | null>()
  expectTypeOf<ReturnType<Client["bytesSync"]["hgetall"]>>().toEqualTypeOf<
    ReadonlyMap<Uint8Array, Uint8Array>
  >()
  expectTypeOf<ReturnType<Method<"blpop">>>().toEqualTypeOf<
    Effect.Effect<readonly [string, string] | null, Failure>
  >()
})

it("failures are of their kinds", () => {
  expectTypeOf<Failure>().toEqualTypeOf<ReplyError | WrongTypeError | ClosedError>()
  expectTypeOf<Failure["_tag"]>().toEqualTypeOf<"ReplyError" | "WrongTypeError" | "ClosedError">()
  expectTypeOf<ReturnType<Method<"call">>>().toEqualTypeOf<Effect.Effect<Value, Failure | RefusedError>>()
})

it("options are Redis's, and those that exclude each other do", () => {
  type SetOptions = NonNullable<Parameters<Method<"set">>[2]>
  expectTypeOf<{ EX: 1; NX: true; GET: true }>().toExtend<SetOptions>()
  expectTypeOf<{ NX: true; XX: true }>().not.toExtend<SetOptions>()
  expectTypeOf<{ EX: 1; KEEPTTL: true }>().not.toExtend<SetOptions>()
  expectTypeOf<"MIDDLE">().not.toExtend<Parameters<Method<"lmove">>[2]>()
  expectTypeOf<{ name: "Ada"; born: 1815 }>().toExtend<Parameters<Method<"hset">>[1]>()
  expectTypeOf<readonly [1.5, "ann"]>().toExtend<Parameters<Method<"zadd">>[1]>()
})

it("what changes a session is for one of one's own", () => {
  expectTypeOf<Client>().not.toHaveProperty("select")
  expectTypeOf<ClientSession>().toHaveProperty("select")
  expectTypeOf<ReturnType<ClientSession["watch"]>>().toEqualTypeOf<Effect.Effect<"OK", Failure>>()
  expectTypeOf<ReturnType<Method<"watch">>>().toEqualTypeOf<Stream.Stream<KeyEvent, ClosedError>>()
  expectTypeOf<ReturnType<Method<"subscribe">>>().toEqualTypeOf<Stream.Stream<Message, ClosedError>>()
})

it("a transaction answers in the form its body gave", () => {
  const typed = (client: Client) => client.transaction((tx) => ({ n: tx.incr("n"), all: tx.hgetall("h") }))
  expectTypeOf<ReturnType<typeof typed>>().toEqualTypeOf<
    Effect.Effect<{ readonly n: number | bigint; readonly all: ReadonlyMap<string, string> }, Failure>
  >()
  const listed = (client: Client) => client.transaction((tx) => [tx.get("a"), tx.llen("l")])
  expectTypeOf<ReturnType<typeof listed>>().toEqualTypeOf<
    Effect.Effect<readonly [string | null, number], Failure>
  >()
})
