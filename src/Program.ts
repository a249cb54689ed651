/** What the program runs: the server from its command line to its exit code, whatever process it is in. */
import { systemReason } from "./bytes/SystemReason.js"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Stdio from "effect/Stdio"
import { startFailure } from "./aof/AofErrors.js"
import { type Environment, pathIn, RedixConfig, type ShutdownFlag } from "./config/index.js"
import { guarded } from "./engine/Background.js"
import type { ShutdownOptions } from "./engine/Lifecycle.js"
import { theEngine } from "./engine/EngineService.js"
import { ProcessInfo } from "./engine/world/ProcessInfo.js"
import { serverLayer } from "./Layers.js"
import { TcpServer } from "./net/TcpServer.js"
import { serveMetrics } from "./program/MetricsServer.js"
import { loadFailure } from "./rdb/FileReport.js"
import { RdbPersistence } from "./rdb/RdbPersistence.js"
import { startupLines } from "./server/Banner.js"
import { filesLayer } from "./server/Files.js"
import { fileSink, type LogSink } from "./server/LogSinks.js"
import { layerMetrics } from "./server/metrics/Metrics.js"
import { PersistenceService } from "./server/PersistenceService.js"
import * as RedisLogger from "./server/RedisLogger.js"

export type EndSignal = "SIGTERM" | "SIGINT"

/** What the program has of the process it is in. */
interface Surroundings {
  readonly args: ReadonlyArray<string | Uint8Array>
  readonly environment: Environment
  readonly output: LogSink
  readonly errors: LogSink
  /** Has the listener hear of the signals that end the server. */
  readonly onSignal: (listener: (signal: EndSignal) => void) => void
  /** Module of the thread that writes snapshots; default: the one beside the program. */
  readonly snapshotWorker?: URL | undefined
  /** Ends the process at once, without a file that is half written. */
  readonly endNow: (file: string | undefined) => void
}

/** Keeps the process id in the file that `pidfile` names, as long as the server runs. */
const pidFile = Effect.gen(function* () {
  const { values } = yield* RedixConfig
  const { pid } = yield* ProcessInfo
  const path = pathIn(values.dir, values.pidfile)
  if (path === "") return
  const fs = yield* FileSystem.FileSystem
  yield* fs
    .writeFileString(path, `${pid}\n`)
    .pipe(Effect.catch((error) => Effect.logWarning(`Failed to write PID file: ${systemReason(error)}`)))
  yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(path)))
})

/** What `shutdown-on-sigterm` and its like ask for. */
const shutdownOptions = (flags: ReadonlySet<ShutdownFlag>): ShutdownOptions => ({
  save: flags.has("save") ? true : flags.has("nosave") ? false : undefined,
  now: flags.has("now"),
  force: flags.has("force"),
})

/** Turns signals into an orderly shutdown. As in Redis a second SIGINT ends at once, a second SIGTERM waits with the first. */
const onSignals = Effect.fnUntraced(function* ({ endNow, onSignal }: Surroundings) {
  const engine = yield* theEngine
  const { values } = yield* RedixConfig
  const { state } = yield* RdbPersistence
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  let asked = false
  const log = (text: string) => fork(Effect.logWarning(text))
  onSignal((signal) => {
    const { stopping } = engine.lifecycle
    if (stopping && asked && signal === "SIGINT") {
      log("You insist... exiting now.")
      endNow(state.tempFile)
    }
    asked = true
    if (stopping) return
    const during = engine.gates.loading ? "shutdown signal during loading," : signal
    log(`Received ${during} scheduling shutdown${engine.gates.loading ? "." : "..."}`)
    const flags = signal === "SIGINT" ? values.shutdownOnSigint : values.shutdownOnSigterm
    const shutdown = engine.lifecycle
      .shutdown(shutdownOptions(flags))
      .pipe(Effect.catch(() => Effect.sync(() => void (asked = false))))
    fork(guarded(shutdown, () => void (asked = false)))
  })
})

const bye = Effect.gen(function* () {
  const { pidfile, unixsocket } = (yield* RedixConfig).values
  if (pidfile !== "") yield* Effect.logInfo("Removing the pid file.")
  if (unixsocket !== "") yield* Effect.logInfo("Removing the unix socket file.")
  yield* Effect.logWarning("Redix is now ready to exit, bye bye...")
  return 0
})

const serve = Effect.fnUntraced(function* (
  surroundings: Surroundings,
  hasRole: (role: () => RedisLogger.LogRole) => void,
) {
  const engine = yield* theEngine
  const tcp = yield* TcpServer
  const { pid } = yield* ProcessInfo
  hasRole(() => (engine.role === "replica" ? "S" : "M"))
  yield* onSignals(surroundings)
  yield* pidFile
  const port = tcp.ports[0] ?? 0
  const configured = surroundings.args.length > 0
  for (const line of startupLines({ port, pid, configured })) yield* line
  const { awaitEnd } = engine.lifecycle
  const { values } = yield* RedixConfig
  yield* serveMetrics(values.metricsPort, values.bind)
  // Who ends the server while it loads does not wait for the rest of the file.
  yield* Effect.raceFirst((yield* PersistenceService).loadAtStart, awaitEnd)
  if (engine.lifecycle.ended) return yield* bye
  if (tcp.ports.length > 0) yield* Effect.log("Ready to accept connections")
  if (tcp.unixSocket !== "") {
    yield* Effect.log(`The server is now ready to accept connections at ${tcp.unixSocket}`)
  }
  yield* awaitEnd
  return yield* bye
})

/** Metrics are registered where somebody is to read them. */
const metered = ({ snapshotWorker }: Surroundings) =>
  Layer.unwrap(
    Effect.map(RedixConfig, ({ values }) =>
      (values.metricsPort === 0 ? Layer.empty : layerMetrics()).pipe(
        Layer.provideMerge(serverLayer({ portZero: "off", load: "later", snapshotWorker })),
      ),
    ),
  )

const logging = (output: LogSink, role: () => RedisLogger.LogRole) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { values } = yield* RedixConfig
      const { pid } = yield* ProcessInfo
      const write = values.logfile === "" ? output : yield* fileSink(() => pathIn(values.dir, values.logfile))
      return RedisLogger.layerOf({ pid, role, settings: values, write })
    }),
  ).pipe(Layer.provide(filesLayer()))

const told = (entries: ReadonlyArray<string>): Effect.Effect<number> =>
  Effect.as(
    Effect.forEach(entries, (entry) => Effect.logWarning(entry), { discard: true }),
    1,
  )

/**
 * Runs the server until it ends, and answers the exit code. Errors that keep it from starting leave as one line: on the log
 * where there is one, else on standard error.
 */
export const runProgram = (surroundings: Surroundings): Effect.Effect<number, never, Stdio.Stdio> => {
  const { args, environment, errors, output } = surroundings
  /** Who the log says this is; the engine knows once it is there. */
  let role: () => RedisLogger.LogRole = () => "M"
  return Effect.scoped(serve(surroundings, (known) => void (role = known))).pipe(
    Effect.provide(metered(surroundings)),
    Effect.catchTag("ListenError", (error) => Effect.as(Effect.logWarning(error.message), 1)),
    Effect.catchTag(["AofIoError", "AofDamageError", "ManifestError"], (error) => told(startFailure(error))),
    Effect.catchTag(["RdbCorruptError", "RdbVersionError", "RdbIoError"], (error) =>
      told(loadFailure(error)),
    ),
    Effect.provide(logging(output, () => role())),
    Effect.provide(RedixConfig.layerStart({ environment, args })),
    Effect.provide(filesLayer()),
    Effect.catch((error) => Effect.sync(() => errors(`${error.message}\n`)).pipe(Effect.as(1))),
  )
}
