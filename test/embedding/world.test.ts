/** The world comes in through services: an app, or a simulation, puts its own in their place. */
import * as fs from "node:fs"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { TestClock } from "effect/testing"
import { expect, it } from "vitest"
import {
  Dial,
  liveProcessInfo,
  MasterLinkError,
  type Overrides,
  ProcessInfo,
  Redix,
  SecureRandom,
  TcpServer,
  Threads,
  Turn,
} from "../../src/index.js"
import { withTempDir } from "../rdb/PersistenceSupport.js"
import { RawClient } from "../support/RawClient.js"
import { untilTrue } from "../support/Patience.js"

/** A client of a server that lives in a world of the test's, and the lines it logs. */
const inWorld = <A>(
  world: Layer.Layer<never>,
  use: (client: RawClient, logged: ReadonlyArray<string>) => Promise<A>,
  overrides: Overrides = {},
): Promise<A> => {
  const logged: Array<string> = []
  const logger = Logger.make(({ message }) => void logged.push([message].flat().join(" ")))
  const program = Effect.gen(function* () {
    const port = (yield* TcpServer).ports[0] ?? 0
    const client = yield* Effect.acquireRelease(
      Effect.promise(() => RawClient.connect({ host: "127.0.0.1", port })),
      (open) => Effect.sync(() => open.close()),
    )
    return yield* Effect.promise(() => use(client, logged))
  })
  return program.pipe(
    Effect.scoped,
    Effect.provide(
      Redix.layerServerWith(overrides).pipe(Layer.provide(Layer.merge(world, Logger.layer([logger])))),
    ),
    Effect.runPromise,
  )
}

const field = async (client: RawClient, name: string): Promise<string | undefined> =>
  new RegExp(`^${name}:(.*)\r$`, "m").exec(await client.text("INFO", "everything"))?.[1]

it("replies leave at the end of the turns it is given", async () => {
  const live = Effect.runSync(Turn)
  let turns = 0
  const counted = {
    ...live,
    atEnd: (run: () => void) => {
      turns++
      live.atEnd(run)
    },
  }
  await inWorld(Layer.succeed(Turn, counted), async (client) => {
    const before = turns
    for (let i = 0; i < 5; i++) expect(await client.text("PING")).toBe("+PONG\r\n")
    expect(turns - before).toBe(5)
  })
})

it("identities are made of the random bytes it is given", async () => {
  const bytes = (count: number): Uint8Array => new Uint8Array(count).fill(0xab)
  await inWorld(Layer.succeed(SecureRandom, { bytes }), async (client) => {
    expect(await field(client, "master_replid")).toBe("ab".repeat(20))
    expect(await client.text("ACL", "GENPASS", "16")).toBe("$4\r\nabab\r\n")
  })
})

it("process and threads are those it is given", async () => {
  const facts = { ...liveProcessInfo, pid: 4711, place: () => "nowhere", nextServer: () => 3 }
  const refusing = {
    start: () => {
      throw new Error("no threads in this world")
    },
  }
  await withTempDir((dir) =>
    inWorld(
      Layer.merge(Layer.succeed(ProcessInfo, facts), Layer.succeed(Threads, refusing)),
      async (client, logged) => {
        expect(await field(client, "process_id")).toBe("4711")
        await client.command("DEBUG", "POPULATE", 1000, "key", 2000)
        await client.command("CONFIG", "SET", "rdb-key-save-delay", 1000)
        const saving = client.text("BGSAVE")
        const temporary = (): string | undefined =>
          fs.readdirSync(dir).find((name) => name.startsWith("temp-"))
        await untilTrue(() => temporary() !== undefined)
        expect(temporary()).toMatch(/^temp-4711\.[0-9a-f]{8}\.3\.rdb$/)
        expect(await saving).toBe("+Background saving started\r\n")
        await client.command("CONFIG", "SET", "rdb-key-save-delay", 0)
        while ((await field(client, "rdb_bgsave_in_progress")) === "1");
        expect(await field(client, "rdb_last_bgsave_status")).toBe("ok")
        expect(logged).toContain(
          "Snapshots are written without a thread of their own: no threads in this world",
        )
      },
      { dir, save: "", "enable-debug-command": "yes" },
    ),
  )
})

it("masters are dialled by the means it is given, again after a defect, though the clock stands still", async () => {
  const dialled: Array<string> = []
  const again = Deferred.makeUnsafe<void>()
  const dial: (typeof Dial)["Service"] = ({ host, port }) =>
    Effect.suspend(() => {
      dialled.push(`${host}:${port}`)
      if (dialled.length === 1) return Effect.die(new Error("a bug in the network"))
      Deferred.doneUnsafe(again, Exit.void)
      return Effect.fail(new MasterLinkError({ step: "Connecting", reason: "nobody is there" }))
    })
  const world = Layer.mergeAll(Layer.succeed(Dial, dial), TestClock.layer())
  await inWorld(world, async (client) => {
    expect(await client.text("REPLICAOF", "master.example", 7000)).toBe("+OK\r\n")
    await Effect.runPromise(Deferred.await(again))
    expect(dialled.slice(0, 2)).toEqual(["master.example:7000", "master.example:7000"])
  })
})
