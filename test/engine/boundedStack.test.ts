/** What goes on by calling back goes on by way of a loop or of a turn: many steps need no deeper a stack than one. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { EventEmitter } from "node:events"
import { afterEach, beforeEach, expect, it } from "vitest"
import { DirectSession } from "../../src/client/DirectSession.js"
import { restarted } from "../../src/engine/Background.js"
import { MemorySocket } from "../../src/net/memory/MemorySocket.js"
import { Outlet } from "../../src/net/Outlet.js"
import type { Transport } from "../../src/net/Transport.js"
import { type MasterConnection, MasterStream } from "../../src/replication/replica/MasterStream.js"
import { TYPE_LIST as LIST } from "../../src/store/Entry.js"
import { startRedix, type TestRedix } from "../support/Redix.js"

/** More than twice as many as there is room for frames of the smallest function. */
const STEPS = 25_000

let redix: TestRedix
beforeEach(async () => {
  redix = await startRedix()
})
afterEach(() => redix.stop())

it("clients that wait, each of which makes the next one's key ready", async () => {
  const { blocking, context } = redix.engine
  const waits = Array.from({ length: STEPS }, (_, i) =>
    Effect.runPromise(
      blocking.wait({
        session: redix.engine.openSession(),
        database: 0,
        keys: [`n${i}`],
        type: LIST,
        hearsLoss: true,
        attempt: (c) => {
          const next = Buffer.from(`n${i + 1}`)
          c.blocking.signal(0, LIST, next, 0, next.length)
          c.out.ok()
          return true
        },
        onTimeout: (c) => c.out.nil(),
        timeoutMs: 0,
      }),
    ),
  )
  const first = Buffer.from("n0")
  context.blocking.signal(0, LIST, first, 0, first.length)
  context.blocking.serve()
  expect(new Set((await Promise.all(waits)).map(String))).toEqual(new Set(["+OK\r\n"]))
  expect(blocking.count).toBe(0)
})

it("callers in line for one session, each of which lets the next one in", async () => {
  const session = new DirectSession(redix.engine, { resp: 3, database: 0 })
  session.busy = true
  let served = 0
  const turns = Array.from({ length: STEPS }, () =>
    Effect.runPromise(
      Effect.andThen(
        session.turn,
        Effect.sync(() => {
          served++
          session.free()
        }),
      ),
    ),
  )
  session.free()
  await Promise.all(turns)
  expect(served).toBe(STEPS)
  expect(session.busy).toBe(false)
  session.close()
})

/** A socket that takes nothing at first, and then everything at once. */
class LateSocket extends EventEmitter implements Transport {
  readonly writable = true
  readonly writableLength = 0
  readonly writableNeedDrain = false
  readonly destroyed = false
  readonly closed = false
  readonly readableEnded = false
  readonly pause = (): void => {}
  readonly resume = (): void => {}
  readonly cork = (): void => {}
  readonly uncork = (): void => {}
  readonly end = (): void => {}
  readonly destroySoon = (): void => {}
  readonly destroy = (): void => {}
  readonly write = (): boolean => true
  taken = 0
  release: (() => void) | undefined = undefined

  _write(bytes: Uint8Array, _: "buffer", done: () => void): void {
    this.taken += bytes.length
    if (this.release === undefined) this.release = done
    else done()
  }
}

it("output kept for a peer that takes all of it at once", async () => {
  const socket = new LateSocket()
  const owner = {
    failed: (defect: unknown) => {
      throw defect
    },
    fallsBehind: () => {},
  }
  const outlet = new Outlet(socket, owner)
  const piece = new Uint8Array(16 * 1024)
  for (let i = 0; i < STEPS; i++) outlet.write(piece)
  expect(outlet.pendingCount).toBe(STEPS - 1)
  const drained = Effect.runPromise(outlet.drained)
  socket.release?.()
  await drained
  expect(socket.taken).toBe(STEPS * piece.length)
  await Effect.runPromise(Effect.forEach(Array(STEPS), () => outlet.drained, { discard: true }))
})

it("lines of a master that come in as many pieces, before and while they are read", async () => {
  let hear = (_: Uint8Array): void => {}
  const connection: MasterConnection = {
    listen: (data) => void (hear = data),
    write: () => {},
    pause: () => {},
    resume: () => {},
    address: "",
    localAddress: "",
    descriptor: -1,
  }
  const stream = new MasterStream(connection, Effect.runSync(Clock.Clock))
  const newline = Buffer.from("\n")
  for (let i = 0; i < STEPS / 10; i++) hear(newline)
  const line = Effect.runPromise(stream.line("test"))
  for (let i = 0; i < STEPS; i++) hear(newline)
  hear(Buffer.from("+OK\n"))
  expect(await line).toBe("+OK")
})

it("work that dies and begins anew", async () => {
  let begun = 0
  const work = Effect.suspend(() => (++begun < STEPS ? Effect.die("again") : Effect.void))
  await Effect.runPromise(Effect.provide(restarted("a test", Effect.void, work), Logger.layer([])))
  expect(begun).toBe(STEPS)
})

it("a client in memory that asks again whenever it is answered", async () => {
  const socket = new MemorySocket(redix.engine.turns, () => {}, 1)
  const { server } = socket
  let answers = 0
  server.on("data", () => server.write(Buffer.from("+PONG\r\n")))
  await new Promise<void>((resolve) => {
    socket.on("data", () => {
      if (++answers === STEPS) resolve()
      else socket.write("PING\r\n")
    })
    socket.write("PING\r\n")
  })
  expect(answers).toBe(STEPS)
  socket.destroy()
})
