#!/usr/bin/env node
/** The program: reads the command line, starts the server, ends it on SHUTDOWN or a signal. */
import "./program/Signals.js"
import { rmSync } from "node:fs"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { setFlagsFromString } from "node:v8"
import { helpText, parseArgv, pathIn, RedixConfig, type ShutdownFlag, versionText } from "./config/index.js"
import { guarded } from "./engine/Background.js"
import { RdbPersistence } from "./rdb/RdbPersistence.js"
import { serverLayer } from "./Layers.js"
import { theEngine } from "./engine/EngineService.js"
import { startupLines } from "./server/Banner.js"
import { startFailure } from "./aof/AofErrors.js"
import { loadFailure } from "./rdb/FileReport.js"
import type { ShutdownOptions } from "./engine/Lifecycle.js"
import { PersistenceService } from "./server/PersistenceService.js"
import { filesLayer } from "./server/Files.js"
import { fileSink } from "./server/LogSinks.js"
import { type Crash, liveProcessInfo, ProcessInfo } from "./engine/world/ProcessInfo.js"
import { rawArguments, rawEnvironment } from "./program/RawStart.js"
import { standardSink } from "./program/StandardSink.js"
import { serveMetrics } from "./program/MetricsServer.js"
import { layerMetrics } from "./server/metrics/Metrics.js"
import * as RedisLogger from "./server/RedisLogger.js"
import { TcpServer } from "./net/TcpServer.js"
import { REDIS_VERSION, REDIX_VERSION } from "./server/version.js"

// The young generation stays at 1 MB a half: chunks of input die at once, and 16 MB of nursery would only be resident
// memory. Measured with 1 M keys: 130 MB resident instead of 152, throughput the same.
setFlagsFromString("--semi-space-growth-factor=1")
// And it is collected by this thread alone: with helpers it waits for the slowest, for which a busy machine may have no
// processor. Of 25 snapshots on two busy cores seven met a collection of 57 to 343 ms, now two; CPU a request is the same.
setFlagsFromString("--no-parallel-scavenge")
// A command's path is many small functions: with the usual budget some of them are called, not inlined. LPUSH at pipeline
// 100 took 0.36 us of CPU, now 0.32; GET 0.24, now 0.22.
setFlagsFromString("--max-inlined-bytecode-size-cumulative=3000")

const args = process.argv.slice(2)

const output = standardSink(1)
const errors = standardSink(2)

const config = RedixConfig.layerStart({
  environment: rawEnvironment(process.env),
  args: rawArguments(args),
}).pipe(Layer.provide(NodeStdio.layer), Layer.provide(filesLayer()))

/** Who the log says this is; the engine knows once it is there. */
let role: () => RedisLogger.LogRole = () => "M"

const logging = Layer.unwrap(
  Effect.gen(function* () {
    const { values } = yield* RedixConfig
    const write = values.logfile === "" ? output : yield* fileSink(() => pathIn(values.dir, values.logfile))
    return RedisLogger.layerOf({ pid: process.pid, role: () => role(), settings: values, write })
  }),
).pipe(Layer.provide(filesLayer()))

/** This process is the server's own, which may end it, as hard as Redis ends. */
const crash = (how: Crash, why: string): void => {
  errors(`Guru Meditation: ${why} (${how})\n`)
  if (how === "segfault") process.kill(process.pid, "SIGSEGV")
  process.abort()
}

const facts = Layer.succeed(ProcessInfo, { ...liveProcessInfo, crash })

/** Keeps the process id in the file that `pidfile` names, as long as the server runs. */
const pidFile = Effect.gen(function* () {
  const { values } = yield* RedixConfig
  const path = pathIn(values.dir, values.pidfile)
  if (path === "") return
  const fs = yield* FileSystem.FileSystem
  yield* fs
    .writeFileString(path, `${process.pid}\n`)
    .pipe(Effect.catch((error) => Effect.logWarning(`Failed to write PID file: ${error.message}`)))
  yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(path)))
})

/** What `shutdown-on-sigterm` and its like ask for. */
const shutdownOptions = (flags: ReadonlySet<ShutdownFlag>): ShutdownOptions => ({
  save: flags.has("save") ? true : flags.has("nosave") ? false : undefined,
  now: flags.has("now"),
  force: flags.has("force"),
})

/** Turns signals into an orderly shutdown. As in Redis a second SIGINT ends at once, a second SIGTERM waits with the first. */
const onSignals = Effect.gen(function* () {
  const engine = yield* theEngine
  const { values } = yield* RedixConfig
  const { state } = yield* RdbPersistence
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  let asked = false
  const log = (text: string) => fork(Effect.logWarning(text))
  const endNow = (): never => {
    log("You insist... exiting now.")
    if (state.tempFile !== undefined) rmSync(state.tempFile, { force: true })
    process.exit(1)
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    const { stopping } = engine.lifecycle
    if (stopping && asked && signal === "SIGINT") endNow()
    asked = true
    if (stopping) return
    const during = engine.gates.loading ? "shutdown signal during loading," : signal
    log(`Received ${during} scheduling shutdown${engine.gates.loading ? "." : "..."}`)
    const flags = signal === "SIGINT" ? values.shutdownOnSigint : values.shutdownOnSigterm
    const shutdown = engine.lifecycle
      .shutdown(shutdownOptions(flags))
      .pipe(Effect.catch(() => Effect.sync(() => void (asked = false))))
    fork(guarded(shutdown, () => void (asked = false)))
  }
  process.on("SIGTERM", onSignal)
  process.on("SIGINT", onSignal)
})

const bye = Effect.gen(function* () {
  const { pidfile, unixsocket } = (yield* RedixConfig).values
  if (pidfile !== "") yield* Effect.logInfo("Removing the pid file.")
  if (unixsocket !== "") yield* Effect.logInfo("Removing the unix socket file.")
  yield* Effect.logWarning("Redix is now ready to exit, bye bye...")
  return 0
})

const program = Effect.gen(function* () {
  const engine = yield* theEngine
  const tcp = yield* TcpServer
  role = () => (engine.role === "replica" ? "S" : "M")
  yield* onSignals
  yield* pidFile
  const port = tcp.ports[0] ?? 0
  const configured = args.length > 0
  for (const line of startupLines({ port, pid: process.pid, configured })) yield* line
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
const metered = Layer.unwrap(
  Effect.map(RedixConfig, ({ values }) =>
    (values.metricsPort === 0 ? Layer.empty : layerMetrics()).pipe(
      Layer.provideMerge(serverLayer({ portZero: "off", load: "later" })),
    ),
  ),
)

const told = (entries: ReadonlyArray<string>): Effect.Effect<number> =>
  Effect.as(
    Effect.forEach(entries, (entry) => Effect.logWarning(entry), { discard: true }),
    1,
  )

/** Errors that keep the server from starting leave as one line: on the log where there is one, else on standard error. */
const server = Effect.scoped(program).pipe(
  Effect.provide(metered),
  Effect.catchTag("ListenError", (error) => Effect.as(Effect.logWarning(error.message), 1)),
  Effect.catchTag(["AofIoError", "AofDamageError", "ManifestError"], (error) => told(startFailure(error))),
  Effect.catchTag(["RdbCorruptError", "RdbVersionError", "RdbIoError"], (error) => told(loadFailure(error))),
  Effect.provide(facts),
  Effect.provide(logging),
  Effect.provide(config),
  Effect.provide(filesLayer()),
  Effect.catch((error) => Effect.sync(() => errors(`${error.message}\n`)).pipe(Effect.as(1))),
)

const line = parseArgv(args)
if (line.kind === "help") {
  output(helpText)
} else if (line.kind === "version") {
  output(`${versionText({ redix: REDIX_VERSION, redis: REDIS_VERSION })}\n`)
} else {
  Effect.runCallback(server, {
    onExit: (exit) => {
      if (Exit.isFailure(exit)) errors(`${Cause.pretty(exit.cause)}\n`)
      process.exit(Exit.isSuccess(exit) ? exit.value : 1)
    },
  })
}
