/** Commands that are broken off by a defect inside other commands: what they leave behind is settled where they ran. */
import * as Effect from "effect/Effect"
import { afterEach, expect, it, vi } from "vitest"
import { KeptOutput } from "../../src/net/KeptOutput.js"
import type { CommandContext } from "../../src/engine/CommandContext.js"
import { until } from "../support/Nodes.js"
import type { RawClient } from "../support/RawClient.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { StreamTap } from "../support/StreamTap.js"
import { TO_ALL } from "../../src/engine/CommandLog.js"

interface Started extends TestRedix {
  readonly lines: Array<string>
  readonly client: RawClient
  readonly other: RawClient
}

const started: TestRedix[] = []

afterEach(async () => {
  vi.restoreAllMocks()
  for (const { stop } of started.splice(0)) await stop()
})

const start = async (): Promise<Started> => {
  const lines: string[] = []
  const redix = await startRedix({}, { "repl-diskless-sync-delay": 0 }, lines)
  started.push(redix)
  return { ...redix, lines, client: await redix.connect(), other: await redix.connect() }
}

/** From now on the command does its work and throws then. */
const breakAfterwards = ({ engine }: Started, name: string, error: Error): void => {
  const command = engine.dispatcher.table.byName(name)
  if (command === undefined) throw new Error(`no command ${name}`)
  const { handler } = command
  vi.spyOn(command, "handler").mockImplementation((c: CommandContext) => {
    handler(c)
    throw error
  })
}

const untilLogged = ({ lines }: Started, text: string): Promise<void> =>
  until(
    () => lines.some((line) => line.includes(text)),
    () => `"${text}" in the log:\n${lines.join("\n")}`,
  )

const watched = async ({ client }: Started, database: number): Promise<void> => {
  await client.command("SELECT", database)
  await client.command("WATCH", "k")
  await client.command("MULTI")
  await client.command("PING")
}

it("in a script that has chosen a database, watchers of that database hear of it", async () => {
  const server = await start()
  const tap = await StreamTap.attach(server.port)
  await watched(server, 3)
  breakAfterwards(server, "lpush", new Error("a bug in a handler"))
  const script = "redis.call('SELECT', 3) redis.call('LPUSH', 'k', 1)"
  await expect(server.other.text("EVAL", script, 0)).rejects.toThrow(/closed/)
  await untilLogged(server, "The command 'lpush' was broken off half way")
  expect((await server.client.command("EXEC")).toString()).toBe("*-1\r\n")
  tap.close()
})

it("in a transaction that has chosen a database, too", async () => {
  const server = await start()
  await watched(server, 3)
  breakAfterwards(server, "lpush", new Error("a bug in a handler"))
  for (const words of [["MULTI"], ["SELECT", 3], ["LPUSH", "k", 1]]) await server.other.command(...words)
  await expect(server.other.text("EXEC")).rejects.toThrow(/closed/)
  expect((await server.client.command("EXEC")).toString()).toBe("*-1\r\n")
})

it("in a script that sends nothing to replicas, later commands are sent to them", async () => {
  const server = await start()
  breakAfterwards(server, "lpush", new Error("a bug in a handler"))
  const script = "redis.set_repl(redis.REPL_NONE) redis.call('LPUSH', 'k', 1)"
  await expect(server.other.text("EVAL", script, 0)).rejects.toThrow(/closed/)
  expect(server.engine.context.propagation.kinds).toBe(TO_ALL)
})

it("in a script that catches it as an error, the history ends all the same", async () => {
  const server = await start()
  const tap = await StreamTap.attach(server.port)
  const { id } = server.replication.log
  breakAfterwards(server, "lpush", new RangeError("no memory for a buffer"))
  expect(await server.client.text("EVAL", "return redis.pcall('LPUSH', 'k', 1)['err']", 0)).toContain(
    "memory",
  )
  await untilLogged(server, "The command 'lpush' was broken off half way")
  expect(server.replication.log.id).not.toBe(id)
  tap.close()
})

it("the context points at the outer command again", async () => {
  const server = await start()
  const { context } = server.engine
  breakAfterwards(server, "lpush", new Error("a bug in a handler"))
  for (const words of [["MULTI"], ["LPUSH", "k", 1]]) await server.other.command(...words)
  await expect(server.other.text("EXEC")).rejects.toThrow(/closed/)
  expect(context.command?.name).toBe("exec")
  expect(context.denyBlocking).toBe(false)
})

it("in the service of a client that waits, those behind it are served", async () => {
  const server = await start()
  const { blocking, dispatcher } = server.engine
  const [first, second] = [await server.connect(), await server.connect()]
  const lost = expect(first.text("BLPOP", "k", 0)).rejects.toThrow(/closed/)
  await until(
    () => blocking.count === 1,
    () => "the first waits",
  )
  const served = second.text("BLPOP", "k", 0)
  await until(
    () => blocking.count === 2,
    () => "the second waits",
  )
  vi.spyOn(dispatcher.held, "served").mockImplementationOnce(() => {
    throw new Error("a bug in counting")
  })
  await expect(server.other.text("RPUSH", "k", "a", "b")).rejects.toThrow(/closed/)
  await lost
  expect(await served).toBe("*2\r\n$1\r\nk\r\n$1\r\nb\r\n")
})

it("at the end of a script that was suspended, who waits for that end goes on", async () => {
  const server = await start()
  const { blocking, dispatcher, scripts } = server.engine
  const waiting = await server.connect()
  const lost = expect(waiting.text("BLPOP", "k", 0)).rejects.toThrow(/closed/)
  await until(
    () => blocking.count === 1,
    () => "a client waits",
  )
  await server.client.command("CONFIG", "SET", "busy-reply-threshold", 1)
  const script = "redis.call('RPUSH', 'k', 1) for i = 1, 20000000 do end return 1"
  const answered = server.other.text("EVAL", script, 0)
  await until(
    () => scripts.suspended !== undefined,
    () => "the script is suspended",
  )
  const ended = Effect.runPromise(scripts.ended)
  vi.spyOn(dispatcher.held, "served").mockImplementationOnce(() => {
    throw new Error("a bug in counting")
  })
  await ended
  expect(await answered).toBe(":1\r\n")
  await lost
})

it("output that cannot be kept ends its connection, and no other's", async () => {
  const server = await start()
  const slow = await server.connect()
  slow.socket.pause()
  vi.spyOn(KeptOutput.prototype, "add").mockImplementation(() => {
    throw new RangeError("Array buffer allocation failed")
  })
  await server.client.command("SET", "k", Buffer.alloc(1_000_000, "m"))
  slow.sendRaw("GET k\r\n".repeat(30))
  await untilLogged(server, "Array buffer allocation failed")
  expect(await server.other.text("PING")).toBe("+PONG\r\n")
  slow.close()
})
