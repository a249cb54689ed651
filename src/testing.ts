/**
 * `redix/testing`: a server for a test suite, in the process of the tests.
 *
 *     await using server = await startRedix()
 *     const redis = new Redis(server.ioredis)
 *     await redis.set("greeting", "hello", "EX", 60)
 *     await server.advance(60_001)
 *     await redis.get("greeting") // null
 *
 * No port, no file, no thread, and time that the test moves. Types.ts says what a server can do.
 */
import * as Layer from "effect/Layer"
import { RedixConfig } from "./config/index.js"
import { TcpServer } from "./net/TcpServer.js"
import { engineLayer } from "./Layers.js"
import { filesLayer } from "./server/Files.js"
import type { Composition } from "./testing/Instance.js"
import { TestServer } from "./testing/TestServer.js"
import type { Options, Server } from "./testing/Types.js"

export { ClosedError, DataError, NotReachedError, ReplyError, StartError } from "./testing/Errors.js"
export type {
  Awaited,
  Call,
  Directives,
  Fault,
  Faults,
  LogLine,
  Match,
  Options,
  Recording,
  Server,
  Value,
  Word,
} from "./testing/Types.js"

const composition: Composition = {
  layer: (overrides) =>
    engineLayer({ snapshotWorker: "inline", load: (overrides.dir ?? "") !== "" }).pipe(
      Layer.provideMerge(RedixConfig.layerOf(overrides)),
      Layer.provide(filesLayer()),
    ),
  listener: (settings, ref) =>
    TcpServer.layerOf(settings, { portZero: settings.unixsocket === "" ? "free" : "off", ref }).pipe(
      Layer.provide(filesLayer()),
    ),
}

/** Starts a server; end it with `await server.close()`, or hold it with `await using`. */
export const startRedix = (options: Options = {}): Promise<Server> => TestServer.start(composition, options)
