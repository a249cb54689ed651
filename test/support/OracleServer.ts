/**
 * The oracle: a real redis-server 7.0, started for one test and killed by its pid when the test is done.
 *
 * Each server has its own temporary directory (its `dir`, its socket) and listens on a unix socket, or also on a free
 * loopback port where a test asks for one. It never touches a server that the machine already runs. This module knows
 * nothing of the test runner, so benchmarks use it too.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { PATIENCE_MS } from "./Patience.js"
import { RawClient, type RawClientOptions } from "./RawClient.js"
import { supervised } from "./children/Supervised.js"

/** The series whose behaviour Redix promises. Another series would disagree for reasons that are no bugs. */
export const oracleSeries = "7.0"

export class OracleError extends Data.TaggedError("OracleError")<{
  readonly reason: string
  readonly log: string
}> {
  override get message(): string {
    return this.log === "" ? this.reason : `${this.reason}\n${this.log}`
  }
}

export type OracleStatus =
  | { readonly available: true; readonly binary: string; readonly version: string }
  | { readonly available: false; readonly reason: string }

let status: OracleStatus | undefined

/** Looks for redis-server once a process: `REDIX_ORACLE` names a binary, else the PATH is searched. */
export const oracleStatus = (): OracleStatus => (status ??= findOracle())

const findOracle = (): OracleStatus => {
  const binary = process.env["REDIX_ORACLE"] ?? "redis-server"
  const run = spawnSync(binary, ["--version"], { encoding: "utf8", timeout: PATIENCE_MS })
  if (run.error !== undefined || run.status !== 0)
    return { available: false, reason: "redis-server not found" }
  const version = /v=(\d+\.\d+\.\d+)/.exec(run.stdout)?.[1]
  if (version === undefined || !version.startsWith(`${oracleSeries}.`)) {
    return { available: false, reason: `redis-server is ${version ?? "unknown"}, ${oracleSeries} is needed` }
  }
  return { available: true, binary, version }
}

export interface OracleOptions {
  /** Directives by name, over the defaults: `{ maxmemory: "10mb", save: "900 1" }`. */
  readonly config?: Readonly<Record<string, string>>
  /** Further arguments, appended as they are. */
  readonly args?: ReadonlyArray<string>
  /** Also listen on a free loopback port. Default: the unix socket only. */
  readonly tcp?: boolean
  /** Directory to work in, kept at the end. Default: a temporary one, removed at the end. */
  readonly dir?: string
}

const defaults: Readonly<Record<string, string>> = {
  save: "",
  appendonly: "no",
  daemonize: "no",
  logfile: "",
  "enable-debug-command": "yes",
  "repl-diskless-sync-delay": "0",
}

const START_ATTEMPTS_MAX = 5

export class OracleServer {
  private readonly exited: Promise<void>
  private log = ""

  private constructor(
    readonly child: ChildProcess,
    readonly pid: number,
    readonly dir: string,
    readonly socketPath: string,
    /** 0 where the server listens on its unix socket only. */
    readonly port: number,
    private readonly removeDir: boolean,
  ) {
    const keep = (chunk: Buffer) => {
      this.log = (this.log + chunk.toString("latin1")).slice(-16_384)
    }
    child.stdout?.on("data", keep)
    child.stderr?.on("data", keep)
    this.exited = new Promise((resolve) => {
      child.once("exit", () => resolve())
    })
  }

  readonly host = "127.0.0.1"

  /** The last 16 KiB the server logged. */
  get logTail(): string {
    return this.log
  }

  static async start(options: OracleOptions = {}): Promise<OracleServer> {
    const found = oracleStatus()
    if (!found.available) throw new OracleError({ reason: found.reason, log: "" })
    for (let attempt = 1; ; attempt++) {
      const server = await OracleServer.spawn(found.binary, options)
      if (await server.becomesReady()) return server
      await server.stop()
      // A free port can be taken by another process between our look and the server's bind: look again.
      const retry = options.tcp === true && server.log.includes("Address already in use")
      if (!retry || attempt >= START_ATTEMPTS_MAX) {
        throw new OracleError({ reason: "redis-server did not become ready", log: server.log })
      }
    }
  }

  private static async spawn(binary: string, options: OracleOptions): Promise<OracleServer> {
    const dir = options.dir ?? fs.mkdtempSync(path.join(os.tmpdir(), "redix-oracle-"))
    // Not in `dir`: a socket's path is limited to about 100 bytes and `dir` may be a long one of the caller's.
    const socketPath = path.join(os.tmpdir(), `redix-oracle-${process.pid}-${socketNumber++}.sock`)
    const port = options.tcp === true ? await freePort() : 0
    const config: Record<string, string> = {
      ...defaults,
      dir,
      port: String(port),
      bind: "127.0.0.1",
      unixsocket: socketPath,
      ...options.config,
    }
    const args: string[] = []
    for (const [name, value] of Object.entries(config)) args.push(`--${name}`, ...directive(name, value))
    args.push(...(options.args ?? []))
    const child = supervised(spawn(binary, args, { cwd: dir, stdio: ["ignore", "pipe", "pipe"] }))
    if (child.pid === undefined) throw new OracleError({ reason: `${binary} could not be started`, log: "" })
    return new OracleServer(child, child.pid, dir, socketPath, port, options.dir === undefined)
  }

  /** True once the server answers anything but LOADING; false if it exits or is too slow. */
  private async becomesReady(): Promise<boolean> {
    const until = performance.now() + PATIENCE_MS
    while (this.child.exitCode === null && this.child.signalCode === null && performance.now() < until) {
      const client = await this.connect({ timeoutMs: PATIENCE_MS }).catch(() => undefined)
      if (client !== undefined) {
        const reply = await client.command("PING").catch(() => undefined)
        client.close()
        if (reply !== undefined && !reply.toString("latin1").startsWith("-LOADING")) return true
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return false
  }

  /** A new raw connection over the unix socket. */
  connect(options: RawClientOptions = {}): Promise<RawClient> {
    return RawClient.connect({ path: this.socketPath }, options)
  }

  /** Sends a signal to the server's own pid and waits for its end; the directory is removed unless it was given. */
  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.child.kill(signal)
    await this.exited
    fs.rmSync(this.socketPath, { force: true })
    if (this.removeDir) fs.rmSync(this.dir, { recursive: true, force: true })
  }

  /** Waits for the server to end by itself (after SHUTDOWN, say). */
  waitForExit(): Promise<void> {
    return this.exited
  }
}

let socketNumber = 0

/** `save "900 1 60 10"` is several words to redis-server; every other value is one. */
const directive = (name: string, value: string): ReadonlyArray<string> =>
  name === "save" && value !== "" ? value.split(" ") : [value]

/** Below the ports that the system gives to whoever asks for any, so that nobody else has it meanwhile. */
const PORT_FIRST = 10_000
const PORT_COUNT = 20_000

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = net.createServer()
    probe.once("error", () => resolve(false))
    probe.listen(port, "127.0.0.1", () => void probe.close(() => resolve(true)))
  })

/** Names the folder in which the tests of a run note the ports that they have taken; GlobalSetup.ts makes it. */
export const PORTS_FOLDER = "TEST_PORTS_FOLDER"

/** Answers false for a port that a test of this run has had: its server may only be away for a moment. */
const isNew = (port: number): boolean => {
  const folder = process.env[PORTS_FOLDER]
  if (folder === undefined) return true
  try {
    fs.writeFileSync(path.join(folder, String(port)), "", { flag: "wx" })
    return true
  } catch {
    return false
  }
}

/** A loopback port that nobody listens on, and that no other test will be given, also where the system chooses. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = PORT_FIRST + Math.floor(Math.random() * PORT_COUNT)
    if ((await isFree(port)) && isNew(port)) return port
  }
}

/** Starts an oracle, gives it to `use`, and stops it whatever happens. */
export const withOracle = async <A>(
  options: OracleOptions,
  use: (oracle: OracleServer) => Promise<A>,
): Promise<A> => {
  const oracle = await OracleServer.start(options)
  try {
    return await use(oracle)
  } finally {
    await oracle.stop()
  }
}

/** An oracle that lives as long as the surrounding scope. */
export const oracleScoped = (
  options: OracleOptions = {},
): Effect.Effect<OracleServer, OracleError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () => OracleServer.start(options),
      catch: (cause) =>
        cause instanceof OracleError ? cause : new OracleError({ reason: String(cause), log: "" }),
    }),
    (oracle) => Effect.promise(() => oracle.stop()),
  )
