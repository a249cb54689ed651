/** Starts a Redix in this process, on a free loopback port, for tests that speak to it over a socket. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { RedixConfig, type Overrides, type RedixValues } from "../../src/config/index.js"
import { Redix } from "../../src/Redix.js"
import type { AppendOnly } from "../../src/aof/AppendOnlyFile.js"
import type { Engine } from "../../src/engine/Engine.js"
import { theEngine } from "../../src/engine/EngineService.js"
import type { ServerPersistence } from "../../src/server/Persistence.js"
import { theAppendOnlyFile } from "../../src/server/AppendOnlyService.js"
import { thePersistence } from "../../src/server/PersistenceService.js"
import type { Replication } from "../../src/server/replication/Replication.js"
import { theReplication } from "../../src/server/replication/ReplicationService.js"
import { TcpServer } from "../../src/net/TcpServer.js"
import { listenInMemory } from "../../src/net/memory/MemoryListener.js"
import { intercept } from "../../src/testing/Intercept.js"
import { watchContract } from "../../src/engine/Contract.js"
import { countServer, watchWork } from "./Leaks.js"
import { stopHearing } from "./Local.js"
import { RawClient } from "./RawClient.js"

let overMemory = false

/** From now on connections to the servers that are started come in memory, whoever makes them. */
export const connectInMemory = (): void => {
  overMemory = true
}

export interface TestRedix {
  readonly port: number
  readonly engine: Engine
  readonly persistence: ServerPersistence
  readonly aof: AppendOnly
  readonly replication: Replication
  readonly connect: () => Promise<RawClient>
  readonly stop: () => Promise<void>
}

/** A server that has ended knows no client any more. */
const checkNobodyIsLeft = ({ sessions, blocking }: Engine): void => {
  const left = [...sessions.values()].map(
    ({ kind, address, lastCommand }) => `${kind} ${address} ${lastCommand}`,
  )
  if (left.length + blocking.count > 0)
    throw new Error(
      `the server has ended, ${blocking.count} clients wait, and these are left: ${left.join(", ")}`,
    )
}

/**
 * Starts a server; `settings` override Redis's defaults by field name (`hashMaxListpackEntries`), `directives` by
 * directive name. What it logs is added to `lines`; services of `world` take the place of the process's own. Call `stop`
 * when done: it checks every structure of the server, before and after its end, and that no block of memory, no client, no
 * fiber and no timer is left.
 */
export const startRedix = async (
  settings: Partial<RedixValues> = {},
  directives: Overrides = {},
  lines: Array<string> = [],
  world: Layer.Layer<never> = Layer.empty,
  files: Layer.Layer<FileSystem.FileSystem> = NodeFileSystem.layer,
): Promise<TestRedix> => {
  const scope = Effect.runSync(Scope.make())
  const config = Layer.effect(
    RedixConfig,
    Effect.map(RedixConfig, (state) => {
      Object.assign(state.values, settings)
      return state
    }),
  ).pipe(
    Layer.provide(
      RedixConfig.layerOf({
        save: "",
        port: 0,
        bind: "127.0.0.1",
        "enable-debug-command": true,
        ...directives,
      }),
    ),
  )
  const logger = Logger.make(({ message, cause }) => {
    lines.push([message, cause.reasons.length > 0 ? Cause.pretty(cause) : ""].flat().map(String).join(" "))
  })
  // Files are read only by tests that name a directory.
  const load = directives.dir !== undefined
  const work = watchWork()
  const counted = countServer()
  const layer = Redix.layerServer({ portZero: "free", load, files }).pipe(
    Layer.provide(Logger.layer([logger])),
    Layer.provide(config),
    Layer.provide(world),
    Layer.provide(work.layer),
  )
  const [port, engine, persistence, aof, replication, open] = await Effect.runPromise(
    Layer.buildWithScope(layer, scope).pipe(
      Effect.onError(() => Effect.andThen(Scope.close(scope, Exit.void), Effect.sync(counted.gone))),
      Effect.flatMap((context) =>
        Effect.gen(function* () {
          const server = yield* TcpServer
          return [
            server.ports[0] ?? 0,
            yield* theEngine,
            yield* thePersistence,
            yield* theAppendOnlyFile,
            yield* theReplication,
            yield* listenInMemory,
          ] as const
        }).pipe(Effect.provideContext(context), Scope.provide(scope)),
      ),
    ),
  )
  const taken = overMemory ? intercept(`127.0.0.1:${port}`, open) : undefined
  const offences: Array<string> = []
  watchContract(engine.dispatcher.table, (text) => offences.push(text))
  // A database takes memory from its first use on; tests compare what is used before and after something else.
  for (let id = 0; id < Math.min(16, engine.settings.databases); id++) engine.keyspace.database(id)
  return {
    port,
    engine,
    persistence,
    aof,
    replication,
    connect: () => RawClient.connect({ host: "127.0.0.1", port }),
    stop: async () => {
      stopHearing(engine)
      engine.checkInvariants()
      await Effect.runPromise(Scope.close(scope, Exit.void))
      taken?.[Symbol.dispose]()
      engine.checkInvariants()
      checkNobodyIsLeft(engine)
      counted.gone()
      const left = [...(await work.left()), ...(await counted.left())]
      if (left.length > 0) throw new Error(`the server has ended, and these go on: ${left.join(", ")}`)
      if (offences.length > 0)
        throw new Error(`handlers broke their contract:\n${offences.slice(0, 20).join("\n")}`)
    },
  }
}
