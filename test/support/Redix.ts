/** Starts a Redix in this process, on a free loopback port, for tests that speak to it over a socket. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { defaultSettings } from "../../src/commands/defaults.js"
import { dataCommands } from "../../src/commands/index.js"
import type { Settings } from "../../src/commands/Settings.js"
import { RespCodec } from "../../src/resp/RespCodec.js"
import { type Engine, EngineService } from "../../src/server/Engine.js"
import { TcpServer } from "../../src/server/TcpServer.js"
import { Store } from "../../src/store/Store.js"
import { RawClient } from "./RawClient.js"

export interface TestRedix {
  readonly port: number
  readonly engine: Engine
  readonly connect: () => Promise<RawClient>
  readonly stop: () => Promise<void>
}

/** Starts a server; `settings` override Redis's defaults. Call `stop` when done. */
export const startRedix = async (settings: Partial<Settings> = {}): Promise<TestRedix> => {
  const scope = Effect.runSync(Scope.make())
  const engine = EngineService.layerOf({ ...defaultSettings, ...settings }, () => dataCommands)
  const layer = TcpServer.layerOf([{ host: "127.0.0.1", port: 0, backlog: 511 }]).pipe(
    Layer.provideMerge(engine),
    Layer.provide(Store.layer),
    Layer.provide(RespCodec.layer),
  )
  const [port, built] = await Effect.runPromise(
    Layer.buildWithScope(layer, scope).pipe(
      Effect.flatMap((context) =>
        Effect.gen(function* () {
          const server = yield* TcpServer
          return [server.ports[0] ?? 0, yield* EngineService] as const
        }).pipe(Effect.provideContext(context)),
      ),
    ),
  )
  return {
    port,
    engine: built,
    connect: () => RawClient.connect({ host: "127.0.0.1", port }),
    stop: () => Effect.runPromise(Scope.close(scope, Exit.void)),
  }
}
