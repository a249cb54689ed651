#!/usr/bin/env node
/**
 * The program redix: `redix run -- npm test` lends a command a server of its own. It listens on a free port, which the
 * command finds in REDIS_URL, and is gone when the command has ended; its exit code or signal is this program's.
 */
import { type ChildProcess, spawn } from "node:child_process"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import { RedixConfig, urlPart } from "./config/index.js"
import { TcpServer } from "./net/TcpServer.js"
import { serverLayer } from "./Layers.js"
import { rawArguments } from "./program/RawStart.js"
import { standardSink } from "./program/StandardSink.js"
import { filesLayer } from "./server/Files.js"
import * as RedisLogger from "./server/RedisLogger.js"
import { REDIX_VERSION } from "./server/version.js"

const USAGE = `Usage: redix run [--directive value ...] -- <command> [argument ...]
       redix --version | --help

Runs the command with a server of its own on a free port of this machine, and ends the server when the command ends.
The command finds it in REDIS_URL (redis://127.0.0.1:<port>, with the password of --requirepass in it), REDIS_HOST and REDIS_PORT.

The directives are those of redis.conf, as redix-server takes them: --databases 4, --requirepass secret. Unless --dir
names a directory, no file is read or written. The log's warnings go to standard error.

Exit code: the command's; 1 if the server cannot start, 126 or 127 if the command cannot.

Examples:
  redix run -- npm test
  redix run --maxmemory 100mb -- node app.js
`

const NOT_FOUND = 127
const NOT_RUNNABLE = 126

class NotStarted extends Data.TaggedError("NotStarted")<{ readonly command: string; readonly code: string }> {
  override get message(): string {
    return `redix: cannot run '${this.command}': ${this.code === "ENOENT" ? "not found" : this.code}`
  }
}

type Ended = { readonly code: number } | { readonly signal: NodeJS.Signals }

/** One that a terminal sends goes to the command, too, which must not get it twice. */
const FORWARDED: ReadonlyArray<NodeJS.Signals> = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]
const ofTerminal = (signal: NodeJS.Signals): boolean => process.stdin.isTTY && signal !== "SIGTERM"

/** Passes this program's signals on, until what it returns is called. */
const forwardSignals = (child: ChildProcess): (() => void) => {
  const forward = (signal: NodeJS.Signals): void => {
    if (!ofTerminal(signal)) child.kill(signal)
  }
  for (const signal of FORWARDED) process.on(signal, forward)
  return () => FORWARDED.forEach((signal) => process.off(signal, forward))
}

const runCommand = (
  command: string,
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>,
): Effect.Effect<Ended, NotStarted> =>
  Effect.callback((resume) => {
    const child = spawn(command, args, { stdio: "inherit", env: { ...process.env, ...environment } })
    const release = forwardSignals(child)
    child.once("error", (error: NodeJS.ErrnoException) => {
      release()
      resume(Effect.fail(new NotStarted({ command, code: error.code ?? error.message })))
    })
    child.once("exit", (code, signal) => {
      release()
      resume(Effect.succeed(signal === null ? { code: code ?? 1 } : { signal }))
    })
    return Effect.sync(() => void child.kill())
  })

const environmentOf = (port: number, password: string): Readonly<Record<string, string>> => {
  // With the user's name: redis-cli takes a password alone for a user without one.
  const secret = password === "" ? "" : `default:${urlPart(password)}@`
  return {
    REDIS_URL: `redis://${secret}127.0.0.1:${port}`,
    REDIS_HOST: "127.0.0.1",
    REDIS_PORT: String(port),
  }
}

const errors = standardSink(2)

const lend = (options: ReadonlyArray<string>, command: string, args: ReadonlyArray<string>) => {
  const config = RedixConfig.layerStart({
    environment: {},
    args: rawArguments(options),
    defaults: { port: 0, save: "", dir: "", loglevel: "warning" },
  }).pipe(Layer.provide(NodeStdio.layer), Layer.provide(filesLayer()))
  const logging = Layer.unwrap(
    Effect.map(RedixConfig, ({ values }) =>
      RedisLogger.layerOf({ pid: process.pid, role: () => "M", settings: values, write: errors }),
    ),
  )
  const server = Layer.unwrap(
    Effect.map(RedixConfig, ({ values }) => serverLayer({ portZero: "free", load: values.dir !== "" })),
  )
  return Effect.gen(function* () {
    const { ports } = yield* TcpServer
    const { values } = yield* RedixConfig
    return yield* runCommand(command, args, environmentOf(ports[0] ?? 0, Redacted.value(values.requirepass)))
  }).pipe(
    Effect.provide(server),
    Effect.provide(logging),
    Effect.provide(config),
    Effect.provide(filesLayer()),
  )
}

/** As the command ended, so does this program. */
const end = (ended: Ended): void => {
  if ("signal" in ended) process.kill(process.pid, ended.signal)
  else process.exit(ended.code)
}

const codeOf = (failure: unknown): number => {
  if (!(failure instanceof NotStarted)) return 1
  return failure.code === "ENOENT" ? NOT_FOUND : NOT_RUNNABLE
}

const start = (words: ReadonlyArray<string>): void => {
  const apart = words.indexOf("--")
  const [command, ...args] = words.slice(apart + 1)
  if (words[0] !== "run" || apart < 0 || command === undefined) {
    errors(USAGE)
    process.exitCode = 1
    return
  }
  Effect.runCallback(lend(words.slice(1, apart), command, args), {
    onExit: (exit) => {
      if (Exit.isSuccess(exit)) return end(exit.value)
      const failure = Cause.squash(exit.cause)
      errors(`${failure instanceof Error ? failure.message : String(failure)}\n`)
      process.exit(codeOf(failure))
    },
  })
}

const words = process.argv.slice(2)
if (words[0] === "--help" || words[0] === "-h") standardSink(1)(USAGE)
else if (words[0] === "--version" || words[0] === "-v") standardSink(1)(`redix ${REDIX_VERSION}\n`)
else start(words)
