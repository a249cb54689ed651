#!/usr/bin/env node
/** The program: reads the command line, starts the server, ends it on SHUTDOWN or a signal. */
import "./program/Signals.js"
import { rmSync } from "node:fs"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { setFlagsFromString } from "node:v8"
import { helpText, parseArgv, versionText } from "./config/index.js"
import { type Crash, liveProcessInfo, ProcessInfo } from "./engine/world/ProcessInfo.js"
import { rawArguments, rawEnvironment } from "./program/RawStart.js"
import { standardSink } from "./program/StandardSink.js"
import { runProgram } from "./Program.js"
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

/** This process is the server's own, which may end it, as hard as Redis ends. */
const crash = (how: Crash, why: string): void => {
  errors(`Guru Meditation: ${why} (${how})\n`)
  if (how === "segfault") process.kill(process.pid, "SIGSEGV")
  process.abort()
}

const server = runProgram({
  args: rawArguments(args),
  environment: rawEnvironment(process.env),
  output,
  errors,
  onSignal: (listener) => {
    process.on("SIGTERM", () => listener("SIGTERM"))
    process.on("SIGINT", () => listener("SIGINT"))
  },
  endNow: (file) => {
    if (file !== undefined) rmSync(file, { force: true })
    process.exit(1)
  },
}).pipe(Effect.provideService(ProcessInfo, { ...liveProcessInfo, crash }), Effect.provide(NodeStdio.layer))

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
