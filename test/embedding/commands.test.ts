/** Commands of an app's own: they are as Redis's to rename-command, COMMAND, ACL, replication and the gates. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { afterEach, expect, expectTypeOf, it } from "vitest"
import { Commands, EngineService, type Overrides, Redix, TcpServer } from "../../src/index.js"
import { RawClient } from "../support/RawClient.js"
import { until } from "../support/Nodes.js"

const stops: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const facts = {
  group: "string",
  since: "1.0.0",
  complexity: "O(1)",
} as const

const WHERE_FACTS = {
  ...facts,
  arity: 1,
  summary: "Says where it runs.",
  flags: ["readonly", "fast"],
  acl: ["string"],
} as const

/** Answers where the app runs. */
const WHERE = Commands.spec({ ...WHERE_FACTS, name: "where" })

/** SHOUT key: puts an exclamation mark behind a string. */
const SHOUT = Commands.spec({
  ...facts,
  name: "shout",
  arity: 2,
  summary: "Puts an exclamation mark behind a string.",
  flags: ["write", "denyoom", "fast"],
  acl: ["string"],
  keys: "RW access update @1",
  args: "key#0",
})

const shout = Commands.command(SHOUT, (c) => {
  const ref = c.write(1)
  if (c.wrongType(ref, Commands.TYPE_STRING)) return
  const before = ref === 0 ? new Uint8Array(0) : Commands.stringBytes(c, ref)
  Commands.storeString(c, 1, ref, Buffer.concat([before, Buffer.from("!")]))
  c.out.ok()
})

class Place extends Context.Service<Place, string>()("test/Place") {}

const own = Commands.layerEffect(
  Effect.map(Place, (place) => [Commands.command(WHERE, (c) => c.out.bulkText(place))]),
).pipe(Layer.provide(Commands.layer([shout])), Layer.provide(Layer.succeed(Place, "here")))

const start = async (
  overrides: Overrides = {},
  commands: Layer.Layer<never> = own,
): Promise<{ port: number; client: RawClient }> => {
  const scope = Effect.runSync(Scope.make())
  const layer = Redix.layerServerWith(overrides).pipe(Layer.provide(commands))
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  const port = Context.get(context, TcpServer).ports[0] ?? 0
  const client = await RawClient.connect({ host: "127.0.0.1", port })
  stops.push(async () => {
    client.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  })
  return { port, client }
}

it("run, may need services, and one layer adds to another", async () => {
  const { client } = await start()
  expect(await client.text("WHERE")).toBe("$4\r\nhere\r\n")
  expect(await client.text("where", "x")).toBe("-ERR wrong number of arguments for 'where' command\r\n")
  await client.command("SET", "k", "hello")
  expect(await client.text("SHOUT", "k")).toBe("+OK\r\n")
  expect(await client.text("GET", "k")).toBe("$6\r\nhello!\r\n")
})

const saying = (name: string) =>
  Commands.command(Commands.spec({ ...WHERE_FACTS, name }), (c) => c.out.bulkText(name))

it("layers that are merged all count, the same layer once", async () => {
  const one = Commands.layer([saying("one")])
  const both = Layer.mergeAll(one, Commands.layer([saying("two")]), one)
  const nested = Commands.layer([saying("four")]).pipe(Layer.provide(Commands.layer([saying("three")])))
  const { client } = await start({ "rename-command": ["two", "zwei"] }, Layer.mergeAll(both, nested))
  for (const name of ["one", "three", "four"]) expect(await client.text(name)).toContain(name)
  expect(await client.text("zwei")).toContain("two")
})

it("a name that is taken ends the start", async () => {
  for (const commands of [
    Commands.layer([saying("get")]),
    Layer.mergeAll(Commands.layer([saying("one")]), Commands.layer([saying("one")])),
  ])
    await expect(start({}, commands)).rejects.toThrow(/^command (get|one) is declared twice$/)
})

it("are found by rename-command", async () => {
  const renamed = (await start({ "rename-command": ["where", "whither"] })).client
  expect(await renamed.text("WHITHER")).toBe("$4\r\nhere\r\n")
  expect(await renamed.text("WHERE")).toContain("unknown command")
  const taken = (await start({ "rename-command": ["shout", ""] })).client
  expect(await taken.text("SHOUT", "k")).toContain("unknown command")
})
it("cannot be renamed where they are not", async () => {
  const failed = Redix.layerWith({ "rename-command": ["where", "whither"] })
  const exit = await Effect.runPromiseExit(Effect.provide(EngineService, failed))
  expect(Exit.isFailure(exit) && String(exit.cause)).toContain("No such command in rename-command")
})

it("have docs, keys, flags and ACL categories", async () => {
  const { client } = await start()
  expect(await client.text("COMMAND", "DOCS", "shout")).toContain("exclamation mark")
  expect(await client.text("COMMAND", "GETKEYS", "shout", "k")).toBe("*1\r\n$1\r\nk\r\n")
  expect(await client.text("COMMAND", "INFO", "where")).toContain("+@string")
  expect(await client.text("ACL", "CAT", "string")).toContain("shout")
  expect(await client.text("ACL", "CAT", "write")).toContain("shout")
  expect(await client.text("ACL", "CAT", "read")).toContain("where")
  expect(await client.text("ACL", "CAT", "write")).not.toContain("where")
})

it("run in transactions, and on replicas by their master's stream", async () => {
  const master = await start({ "repl-diskless-sync-delay": 0 })
  const replica = await start({ replicaof: `127.0.0.1 ${master.port}` })
  await until(
    async () => (await replica.client.text("INFO", "replication")).includes("master_link_status:up"),
    () => "the link is up",
  )
  await master.client.command("MULTI")
  await master.client.command("SHOUT", "k")
  await master.client.command("SHOUT", "k")
  expect(await master.client.text("EXEC")).toBe("*2\r\n+OK\r\n+OK\r\n")
  await master.client.command("WAIT", 1, 0)
  expect(await replica.client.text("GET", "k")).toBe("$2\r\n!!\r\n")
  expect(await replica.client.text("SHOUT", "k")).toContain("READONLY")
})

it("what a handler is lent cannot be replaced, nor pointed elsewhere", () => {
  type Lent = Commands.CommandContext
  expectTypeOf<Pick<Lent, "buf">>().toEqualTypeOf<{ readonly buf: Uint8Array }>()
  expectTypeOf<Pick<Lent["session"], "database">>().toEqualTypeOf<{ readonly database: number }>()
  expectTypeOf<Pick<Lent["keyspace"], "dirty">>().toEqualTypeOf<{ readonly dirty: number }>()
  expectTypeOf<Pick<Lent["db"], "id">>().toEqualTypeOf<{ readonly id: number }>()
  expectTypeOf<"save" | "restore" | "keepReply">()
    .exclude<keyof Lent>()
    .toEqualTypeOf<"save" | "restore" | "keepReply">()
  expectTypeOf<Parameters<Parameters<typeof Commands.command>[1]>>().toEqualTypeOf<[c: Lent]>()
})
