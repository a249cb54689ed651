/**
 * Starts the program, dist/main.js, as a process of its own, or in this process: for tests of what only the program does
 * (arguments, signals, exit codes, its log). Waiting is for what the program says, never for a time.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { checkItself } from "./children/CheckItself.js"
import { type Run, runApart, runInside } from "./children/Runs.js"
import { RawClient } from "./RawClient.js"

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
  /** In this process, where neither the process nor what is built is under test: that costs a tenth. */
  readonly inside?: boolean
}

const WAIT_MS_MAX = 120_000

const DEBUG_ALLOWED = "REDIX_ENABLE_DEBUG_COMMAND"

/** The directory to work in goes before all that the test says of it, and behind a file. */
const insideOf = (dir: string, args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [first = "--"] = args
  const files = first === "-" || !first.startsWith("-") ? 1 : 0
  return [...args.slice(0, files), "--dir", dir, ...args.slice(files)]
}

export class Program {
  stdout = ""
  stderr = ""
  readonly ended: Promise<Ended>
  private readonly args: ReadonlyArray<string>
  /** Redix, and DEBUG is allowed: it can be asked to check itself. */
  private readonly checks: boolean
  private readonly cwd: string
  private readonly run: Run
  private running = true
  private watchers: Array<() => void> = []

  constructor(options: ProgramOptions = {}) {
    const { command, group, inside = false, stdin } = options
    const [file, ...first] = command ?? [process.execPath, mainFile]
    this.args = [...first, ...(options.args ?? [])]
    const env = { ...(command === undefined ? { [DEBUG_ALLOWED]: "yes" } : {}), ...options.env }
    this.checks =
      command === undefined && (this.given("enable-debug-command").at(-1) ?? env[DEBUG_ALLOWED]) === "yes"
    // The server writes its files where it is started; a command that is given runs in the project.
    const folder =
      options.cwd === undefined && command === undefined
        ? fs.mkdtempSync(path.join(os.tmpdir(), "redix-program-"))
        : undefined
    this.cwd = options.cwd ?? folder ?? root
    const hear = {
      output: (text: string): void => {
        this.stdout += text
        this.look()
      },
      errors: (text: string): void => {
        this.stderr += text
        this.look()
      },
      stdin,
    }
    this.run = inside
      ? runInside({ ...hear, args: insideOf(this.cwd, options.args ?? []), env })
      : runApart(file, {
          ...hear,
          args: this.args,
          env: { ...process.env, ...env },
          cwd: this.cwd,
          group: group === true,
        })
    this.ended = this.run.ended
      .finally(() => {
        this.running = false
        if (folder !== undefined) fs.rmSync(folder, { recursive: true, force: true })
        this.look()
      })
      .then(({ code, signal }) => ({ code, signal, stdout: this.stdout, stderr: this.stderr }))
  }

  get pid(): number {
    return this.run.pid
  }

  /** Waits until the program has written `words` on its standard output; fails if it ends before. */
  async says(words: string | RegExp): Promise<void> {
    const said = (): boolean => this.stdout.search(words) >= 0
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`${why}: ${words}\n${this.stdout}${this.stderr}`))
      const timer = setTimeout(() => fail("not said in time"), WAIT_MS_MAX)
      const look = (): void => {
        if (!said() && this.running) return
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
    if (!this.running) return
    this.run.kill(signal)
  }

  /** Sends a signal and waits for the end; a server that is to end in peace checks itself before. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    if (signal === "SIGTERM") await this.checkItself()
    this.signal(signal)
    return this.ended
  }

  /** What its arguments say of a directive, in order: the last counts, but each `dir` from the one before. */
  private given(directive: string): ReadonlyArray<string> {
    const pattern = new RegExp(` --${directive}[ =](\\S+)`, "g")
    return [...` ${this.args.join(" ")}`.matchAll(pattern)].map(([, value = ""]) => value)
  }

  /** Where its arguments say where it listens. */
  private async checkItself(): Promise<void> {
    const socket = this.given("unixsocket").at(-1)
    const port = this.given("port").at(-1) ?? "0"
    if (!this.checks || !this.running) return
    if (socket === undefined && port === "0") return
    const client = await RawClient.connect(
      socket === undefined
        ? { port: Number(port) }
        : { path: path.resolve(this.cwd, ...this.given("dir"), socket) },
    )
    try {
      await checkItself(`pid ${this.pid}`, (...words) => client.text(...words))
    } finally {
      client.close()
    }
  }

  private look(): void {
    for (const watcher of [...this.watchers]) watcher()
  }
}

/** Runs the program to its end. */
export const runProgram = (options: ProgramOptions): Promise<Ended> => new Program(options).ended
