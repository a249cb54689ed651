/** A server inside an app: how it ends, what it writes, what it says. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Engine } from "../../src/engine/Engine.js"
import { theEngine } from "../../src/engine/EngineService.js"
import { type Overrides, Redix, TcpServer } from "../../src/index.js"
import { RawClient } from "../support/RawClient.js"
import { untilTrue } from "../support/Patience.js"

interface App {
  readonly port: number
  readonly engine: Engine
  readonly logged: ReadonlyArray<string>
  readonly shutdown: Promise<void>
  readonly client: () => Promise<RawClient>
  readonly stop: () => Promise<void>
}

const stops: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const start = async (overrides: Overrides = {}): Promise<App> => {
  const logged: Array<string> = []
  const logger = Logger.make(({ message }) => void logged.push([message].flat().join(" ")))
  const scope = Effect.runSync(Scope.make())
  const layer = Redix.layerServerWith(overrides).pipe(Layer.provide(Logger.layer([logger])))
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope))
  const port = Context.get(context, TcpServer).ports[0] ?? 0
  const clients: Array<RawClient> = []
  const stop = async (): Promise<void> => {
    for (const client of clients) client.close()
    await Effect.runPromise(Scope.close(scope, Exit.void))
  }
  stops.push(stop)
  return {
    port,
    engine: await Effect.runPromise(Effect.provideContext(theEngine, context)),
    logged,
    shutdown: Effect.runPromise(Effect.provideContext(Redix.awaitShutdown, context)),
    client: async () => {
      const client = await RawClient.connect({ host: "127.0.0.1", port })
      clients.push(client)
      return client
    },
    stop,
  }
}

const failureOf = async (overrides: Overrides): Promise<string> => {
  const built = Effect.scoped(Layer.build(Redix.layerServerWith(overrides)))
  return Effect.runPromise(
    Effect.match(Effect.provide(built, Logger.layer([])), {
      onSuccess: () => "no failure",
      onFailure: (error) => `${error._tag}: ${error.message}`,
    }),
  )
}

describe("SHUTDOWN", () => {
  it("ends every connection and the port, and tells the app, which goes on", async () => {
    const app = await start()
    const [one, other] = [await app.client(), await app.client()]
    await other.command("PING")
    one.sendRaw("SHUTDOWN NOSAVE\r\n")
    await app.shutdown
    expect(await one.readToEnd()).toHaveLength(0)
    expect(await other.readToEnd()).toHaveLength(0)
    await untilTrue(() =>
      app.client().then(
        () => false,
        () => true,
      ),
    )
    await app.stop()
  })

  const waiting = async (): Promise<readonly [App, RawClient]> => {
    const app = await start({ "shutdown-timeout": 1000 })
    const asking = await app.client()
    // A replica whose snapshot is long in coming, and that lags meanwhile.
    const replica = await app.client()
    await asking.command("CONFIG", "SET", "repl-diskless-sync-delay", "1000")
    await replica.command("REPLCONF", "capa", "eof", "capa", "psync2")
    replica.sendRaw("PSYNC ? -1\r\n")
    await untilTrue(async () => (await asking.text("INFO", "replication")).includes("connected_slaves:1"))
    await asking.command("SET", "a", "1")
    return [app, asking]
  }

  const figure = async (client: RawClient, name: string): Promise<number> => {
    const text = await client.text("INFO", "everything")
    return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(text)?.[1] ?? "-1")
  }

  it("two wait together, and SHUTDOWN ABORT calls both off", async () => {
    const [app, asking] = await waiting()
    expect(await figure(asking, "shutdown_in_milliseconds")).toBe(-1)
    const [a, b] = [await app.client(), await app.client()]
    a.sendRaw("SHUTDOWN\r\n")
    await untilTrue(async () => (await figure(asking, "blocked_clients")) === 1)
    b.sendRaw("SHUTDOWN NOW FORCE\r\n")
    await untilTrue(async () => (await figure(asking, "blocked_clients")) === 2)
    const left = await figure(asking, "shutdown_in_milliseconds")
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(1_000_000)
    const paused = await app.client()
    paused.sendRaw("SET b 1\r\n")
    await untilTrue(async () => (await figure(asking, "blocked_clients")) === 3)
    expect(await asking.text("SHUTDOWN", "ABORT")).toBe("+OK\r\n")
    const refused = "-ERR Errors trying to SHUTDOWN. Check logs.\r\n"
    expect(String(await a.readReply())).toBe(refused)
    expect(String(await b.readReply())).toBe(refused)
    expect(String(await paused.readReply())).toBe("+OK\r\n")
    expect(await figure(asking, "blocked_clients")).toBe(0)
    expect(await figure(asking, "shutdown_in_milliseconds")).toBe(-1)
    expect(app.logged).toContain("Shutdown manually aborted.")
    // As in redis-server: both errors are counted, and it is the ABORT that failed.
    const counted = await asking.text("INFO", "everything")
    expect(counted).toMatch(/^cmdstat_shutdown:calls=3,.*,failed_calls=1\r$/m)
    expect(counted).toMatch(/^errorstat_ERR:count=2\r$/m)
    expect(await asking.text("SHUTDOWN", "ABORT")).toBe("-ERR No shutdown in progress.\r\n")
  })

  it("goes on when the client that asked has gone, and ends with the layer", async () => {
    const [app, asking] = await waiting()
    const a = await app.client()
    a.sendRaw("SHUTDOWN\r\n")
    await untilTrue(async () => (await figure(asking, "blocked_clients")) === 1)
    a.close()
    await untilTrue(async () => (await figure(asking, "blocked_clients")) === 0)
    expect(await figure(asking, "shutdown_in_milliseconds")).toBeGreaterThan(0)
    expect(app.engine.lifecycle.stopping).toBe(true)
    await app.stop()
    expect(app.engine.lifecycle.ended).toBe(false)
  })
})

describe("CLIENT PAUSE", () => {
  it("counts who is held back among the blocked", async () => {
    const app = await start()
    const [one, held] = [await app.client(), await app.client()]
    await one.command("CLIENT", "PAUSE", "100000", "WRITE")
    held.sendRaw("SET a 1\r\n")
    await untilTrue(async () => (await one.text("INFO", "clients")).includes("blocked_clients:1\r\n"))
    await one.command("CLIENT", "UNPAUSE")
    expect(String(await held.readReply())).toBe("+OK\r\n")
    expect(await one.text("INFO", "clients")).toContain("blocked_clients:0\r\n")
  })
})

describe("files", () => {
  let folder: string
  let before: string
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "redix-app-"))
    before = process.cwd()
    process.chdir(folder)
  })
  afterEach(() => {
    process.chdir(before)
    fs.rmSync(folder, { recursive: true, force: true })
  })

  it("none is written or read without a directory, whatever clients ask for", async () => {
    fs.writeFileSync(path.join(folder, "dump.rdb"), "no RDB file")
    const master = await start({ "repl-diskless-sync-delay": 0 })
    const app = await start()
    const [one, writer] = [await app.client(), await master.client()]
    expect(await one.text("CONFIG", "GET", "dir")).toBe("*2\r\n$3\r\ndir\r\n$0\r\n\r\n")
    await writer.command("SET", "a", "1")
    for (const words of [["SAVE"], ["BGSAVE"]]) expect(await one.text(...words)).toMatch(/^-ERR/)
    await one.command("FLUSHALL")
    await one.command("REPLICAOF", "127.0.0.1", String(master.port))
    await untilTrue(async () => (await one.text("GET", "a")) === "$1\r\n1\r\n")
    one.sendRaw("SHUTDOWN SAVE FORCE\r\n")
    await app.shutdown
    await app.stop()
    expect(fs.readdirSync(folder)).toEqual(["dump.rdb"])
    expect(fs.readFileSync("dump.rdb", "utf8")).toBe("no RDB file")
  })

  it("they lie in the directory, which is absolute and must be there", async () => {
    fs.mkdirSync("data")
    const app = await start({ dir: "data" })
    const one = await app.client()
    const real = fs.realpathSync(path.join(folder, "data"))
    expect(await one.text("CONFIG", "GET", "dir")).toContain(real)
    expect(await one.text("SAVE")).toBe("+OK\r\n")
    expect(fs.readdirSync(real)).toEqual(["dump.rdb"])
    const failed = await failureOf({ dir: "/nope" })
    expect(failed).toContain("InvalidConfigError")
    expect(failed).toContain("No such file or directory")
    expect(await failureOf({ dir: path.join(real, "dump.rdb") })).toContain("Not a directory")
    expect(await failureOf({ save: "900 1" })).toContain("Save points need a 'dir'")
    expect(await failureOf({ appendonly: true })).toContain("An append-only file needs a 'dir'")
  })
})

it("says which directives have no effect", async () => {
  const app = await start({ "syslog-enabled": true })
  const warnings = app.logged.filter((text) => text.includes("has no effect"))
  expect(warnings).toHaveLength(1)
  expect(warnings.join()).toContain("syslog-enabled")
})
