/** Listeners of a server in process: a unix socket's permissions, and who is told that the server loads. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { RedixConfig } from "../../src/config/index.js"
import { Redix } from "../../src/Redix.js"
import { PersistenceService } from "../../src/server/PersistenceService.js"
import { TcpServer } from "../../src/net/TcpServer.js"
import { RawClient } from "../support/RawClient.js"

let dir = ""
beforeAll(() => void (dir = fs.mkdtempSync(path.join(os.tmpdir(), "redix-listening-"))))
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

describe("a unix socket", () => {
  it("has its permissions before anybody can connect", async () => {
    const socket = path.join(dir, "x.sock")
    const seen: Array<number> = []
    /** Looks at the file when its permissions are set: they must be there already. */
    const watching = Layer.effect(
      FileSystem.FileSystem,
      Effect.map(FileSystem.FileSystem, (files) => ({
        ...files,
        chmod: (file: string, mode: number) =>
          Effect.andThen(
            Effect.sync(() => void seen.push(fs.statSync(file).mode & 0o777)),
            files.chmod(file, mode),
          ),
      })),
    ).pipe(Layer.provide(NodeFileSystem.layer))
    const before = process.umask()
    const config = RedixConfig.layerOf({ port: 0, save: "", dir, unixsocket: "x.sock", unixsocketperm: 700 })
    const server = Redix.layerServer({ portZero: "free", files: watching }).pipe(Layer.provide(config))
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          yield* Layer.build(server)
          const client = yield* Effect.promise(() => RawClient.connect({ path: socket }))
          expect(yield* Effect.promise(() => client.text("PING"))).toBe("+PONG\r\n")
          client.close()
        }),
      ),
    )
    expect(seen).toEqual([0o700])
    expect(process.umask()).toBe(before)
    expect(fs.existsSync(socket)).toBe(false)
  })
})

describe("clients that come before the file is loaded", () => {
  const firstReply = (file: string | undefined): Promise<string> =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const home = fs.mkdtempSync(path.join(dir, "data-"))
          if (file !== undefined) fs.writeFileSync(path.join(home, "dump.rdb"), file)
          const config = RedixConfig.layerOf({ port: 0, dir: home, save: "3600 1" })
          const options = { portZero: "free", load: "later" } as const
          const built = yield* Layer.build(
            Layer.mergeAll(Redix.layerServer(options)).pipe(Layer.provide(config)),
          )
          return yield* Effect.provideContext(
            Effect.gen(function* () {
              const port = (yield* TcpServer).ports[0] ?? 0
              const client = yield* Effect.promise(() => RawClient.connect({ port }))
              const reply = yield* Effect.promise(() => client.text("SET", "k", "v"))
              const set = yield* Effect.promise(() =>
                client.text("CONFIG", "SET", "repl-diskless-load", "disabled"),
              )
              expect(set).toBe(file === undefined ? "+OK\r\n" : reply)
              // A file that appears now is not read over what clients have written.
              if (file === undefined) fs.writeFileSync(path.join(home, "dump.rdb"), "no dump at all")
              const loaded = yield* Effect.result((yield* PersistenceService).loadAtStart)
              expect(loaded._tag).toBe(file === undefined ? "Success" : "Failure")
              if (file === undefined) fs.rmSync(path.join(home, "dump.rdb"))
              client.close()
              return reply
            }),
            built,
          )
        }),
      ),
    )

  it("are served where the append-only file is new, and what they write is in it", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const home = fs.mkdtempSync(path.join(dir, "log-"))
          const config = RedixConfig.layerOf({ port: 0, dir: home, appendonly: true })
          const options = { portZero: "free", load: "later" } as const
          const built = yield* Layer.build(
            Layer.mergeAll(Redix.layerServer(options)).pipe(Layer.provide(config)),
          )
          yield* Effect.provideContext(
            Effect.gen(function* () {
              const port = (yield* TcpServer).ports[0] ?? 0
              const client = yield* Effect.promise(() => RawClient.connect({ port }))
              expect(yield* Effect.promise(() => client.text("SET", "early", "v"))).toBe("+OK\r\n")
              const increment = path.join(home, "appendonlydir", "appendonly.aof.1.incr.aof")
              expect(fs.readFileSync(increment, "latin1")).toContain("early")
              yield* (yield* PersistenceService).loadAtStart
              expect(yield* Effect.promise(() => client.text("GET", "early"))).toBe("$1\r\nv\r\n")
              client.close()
            }),
            built,
          )
        }),
      ),
    ))

  it("are told so where there is a file, and served where there is none", async () => {
    expect(await firstReply("REDIS0010 and no more")).toBe(
      "-LOADING Redis is loading the dataset in memory\r\n",
    )
    expect(await firstReply(undefined)).toBe("+OK\r\n")
  })
})
