/** A server that runs: as a process of its own, or the same program in this process, which starts in a tenth of the time. */
import { spawn } from "node:child_process"
import { rmSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Cause from "effect/Cause"
import { type EndSignal, runProgram } from "../../../src/Program.js"
import { countServer, watchWork } from "../Leaks.js"
import { supervised } from "./Supervised.js"

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Run {
  readonly pid: number
  readonly kill: (signal: NodeJS.Signals) => void
  /** Once it has ended and all that it wrote has been heard; fails when it leaves work behind. */
  readonly ended: Promise<Ending>
}

export interface RunOptions {
  readonly args: ReadonlyArray<string>
  readonly output: (text: string) => void
  readonly errors: (text: string) => void
  /** Default: of the tests, or none inside. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Sent to standard input, which is then closed. */
  readonly stdin?: string | undefined
}

interface ApartOptions extends RunOptions {
  readonly cwd?: string
  /** Its own process group, so that a signal reaches what it starts in turn. */
  readonly group?: boolean
}

export const runApart = (file: string, options: ApartOptions): Run => {
  const { args, cwd, env, errors, group = false, output, stdin } = options
  const child = supervised(
    spawn(file, args, {
      cwd,
      env,
      stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      detached: group,
    }),
    group,
  )
  child.stdout?.on("data", (chunk: Buffer) => output(chunk.toString()))
  child.stderr?.on("data", (chunk: Buffer) => errors(chunk.toString()))
  child.stdin?.end(stdin)
  const pid = child.pid ?? 0
  return {
    pid,
    kill: (signal) => {
      if (group) process.kill(-pid, signal)
      else child.kill(signal)
      if (signal === "SIGKILL") child.kill("SIGCONT")
    },
    ended: new Promise((resolve, reject) => {
      child.once("error", reject)
      // Not "exit": what it wrote last may still be on its way.
      child.once("close", (code, signal) => resolve({ code, signal }))
    }),
  }
}

/**
 * SIGKILL breaks the program off, with all it holds; what it had not written yet it still writes. Who wants to see that
 * lost, or a process that is stopped, runs it apart.
 */
export const runInside = ({ args, env = {}, errors, output, stdin = "" }: RunOptions): Run => {
  const listeners: Array<(signal: EndSignal) => void> = []
  const work = watchWork()
  const { gone } = countServer()
  const breakOff = (): void => fiber.interruptUnsafe()
  const program = runProgram({
    args,
    environment: env,
    output,
    errors,
    // The sources are not what a thread can load.
    snapshotWorker: new URL("../../../dist/snapshotWorker.js", import.meta.url),
    onSignal: (listener) => void listeners.push(listener),
    endNow: (file) => {
      if (file !== undefined) rmSync(file, { force: true })
      breakOff()
    },
  })
  const fiber = Effect.runFork(
    program.pipe(
      Effect.provide(work.layer),
      Effect.provide(Stdio.layerTest({ stdin: Stream.make(new TextEncoder().encode(stdin)) })),
    ),
  )
  const outcome = async (): Promise<Ending> => {
    const exit = await Effect.runPromise(Fiber.await(fiber))
    gone()
    const left = await work.left()
    if (left.length > 0) throw new Error(`the server has ended, and these go on: ${left.join(", ")}`)
    if (Exit.isSuccess(exit)) return { code: exit.value, signal: null }
    if (Cause.hasInterruptsOnly(exit.cause)) return { code: null, signal: "SIGKILL" }
    throw new Error(Cause.pretty(exit.cause))
  }
  return {
    pid: process.pid,
    kill: (signal) => {
      if (signal === "SIGKILL" || listeners.length === 0) breakOff()
      else if (signal === "SIGTERM" || signal === "SIGINT") for (const listener of listeners) listener(signal)
      else throw new Error(`${signal} is for a process of its own`)
    },
    ended: outcome(),
  }
}
