/**
 * Starts the program, dist/main.js, as a process of its own: for tests of what only the program does (arguments, signals,
 * exit codes, its log). Waiting is for what the program says, never for a time.
 */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { supervised } from "./children/Supervised.js"

export const root = fileURLToPath(new URL("../../", import.meta.url))

export const mainFile = path.join(root, "dist", "main.js")

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface ProgramOptions {
  readonly args?: ReadonlyArray<string>
  /** Sent to standard input, which is then closed. */
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  /** Default: an empty folder of its own. */
  readonly cwd?: string
  /** What to run instead of node dist/main.js. */
  readonly command?: readonly [string, ...ReadonlyArray<string>]
  /** Its own process group, so that `stop` reaches what it starts in turn. */
  readonly group?: boolean
}

const WAIT_MS_MAX = 120_000

const running = new Set<ChildProcess>()

export class Program {
  stdout = ""
  stderr = ""
  readonly ended: Promise<Ended>
  private readonly group: boolean
  private readonly child: ChildProcess
  private watchers: Array<() => void> = []

  constructor(options: ProgramOptions = {}) {
    const [file, ...first] = options.command ?? [process.execPath, mainFile]
    this.group = options.group === true
    // The server writes its files where it is started; a command that is given runs in the project.
    const folder =
      options.cwd === undefined && options.command === undefined
        ? fs.mkdtempSync(path.join(os.tmpdir(), "redix-program-"))
        : undefined
    this.child = supervised(
      spawn(file, [...first, ...(options.args ?? [])], {
        cwd: options.cwd ?? folder ?? root,
        env: { ...process.env, ...options.env },
        stdio: [options.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
        detached: this.group,
      }),
      this.group,
    )
    running.add(this.child)
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.stdout += chunk.toString()
      this.look()
    })
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString()
      this.look()
    })
    this.child.stdin?.end(options.stdin)
    this.ended = new Promise((resolve, reject) => {
      this.child.once("error", reject)
      this.child.once("close", (code, signal) => {
        running.delete(this.child)
        if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true })
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr })
        this.look()
      })
    })
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  /** Waits until the program has written `words` on its standard output; fails if it ends before. */
  async says(words: string | RegExp): Promise<void> {
    const said = (): boolean => this.stdout.search(words) >= 0
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`${why}: ${words}\n${this.stdout}${this.stderr}`))
      const timer = setTimeout(() => fail("not said in time"), WAIT_MS_MAX)
      const look = (): void => {
        if (!said() && running.has(this.child)) return
        clearTimeout(timer)
        this.watchers = this.watchers.filter((watcher) => watcher !== look)
        if (said()) resolve()
        else fail("ended without saying")
      }
      this.watchers.push(look)
      look()
    })
  }

  /** Waits until the server takes clients. */
  ready(): Promise<void> {
    return this.says(/Ready to accept connections|ready to accept connections at/)
  }

  signal(signal: NodeJS.Signals): void {
    if (!running.has(this.child)) return
    if (this.group) process.kill(-this.pid, signal)
    else this.child.kill(signal)
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.signal(signal)
    return this.ended
  }

  private look(): void {
    for (const watcher of [...this.watchers]) watcher()
  }
}

/** Runs the program to its end. */
export const runProgram = (options: ProgramOptions): Promise<Ended> => new Program(options).ended
