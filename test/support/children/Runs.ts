/** A server that runs: as a process of its own, or the same program in this process, which starts in a tenth of the time. */
import { spawn } from "node:child_process"
import { rmSync } from "node:fs"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
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
}

export const runApart = (file: string, { args, errors, output }: RunOptions): Run => {
  const child = supervised(spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] }))
  child.stdout.on("data", (chunk: Buffer) => output(chunk.toString("latin1")))
  child.stderr.on("data", (chunk: Buffer) => errors(chunk.toString("latin1")))
  return {
    pid: child.pid ?? 0,
    kill: (signal) => {
      child.kill(signal)
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
export const runInside = ({ args, errors, output }: RunOptions): Run => {
  const listeners: Array<(signal: EndSignal) => void> = []
  const work = watchWork()
  const { gone } = countServer()
  const breakOff = (): void => fiber.interruptUnsafe()
  const program = runProgram({
    args,
    environment: {},
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
  const fiber = Effect.runFork(program.pipe(Effect.provide(work.layer), Effect.provide(NodeStdio.layer)))
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
