/**
 * Servers, Redix and redis-server behind one face, for tests of several servers at once. Each has a port and a directory
 * that outlive its run, so it can be killed and started again. Redix runs in this process, which costs a tenth, unless it is
 * told to run apart: then it can also be stopped (SIGSTOP) and continued, and killed in the middle of what it does.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { freePort } from "./OracleServer.js"
import { PATIENCE_MS } from "./Patience.js"
import { type Argument, RawClient } from "./RawClient.js"
import { checkItself } from "./children/CheckItself.js"
import { type Run, runApart, runInside, type RunOptions } from "./children/Runs.js"

export type NodeKind = "redix" | "redis"

/** Where a Redix runs: in the tests' process, or in one of its own as redis-server always does. */
export type Place = "inside" | "apart"

const projectRoot = (): string => {
  let dir = path.dirname(fileURLToPath(import.meta.url))
  while (!fs.existsSync(path.join(dir, "package.json"))) dir = path.dirname(dir)
  return dir
}

/** Another build of Redix to run. */
const otherBuild = process.env["REDIX_MAIN"]

const run = (kind: NodeKind, place: Place, options: RunOptions): Run => {
  if (kind === "redis") return runApart(process.env["REDIX_ORACLE"] ?? "redis-server", options)
  if (place === "inside" && otherBuild === undefined) return runInside(options)
  const main = otherBuild ?? path.join(projectRoot(), "dist/main.js")
  return runApart(process.execPath, { ...options, args: [main, ...options.args] })
}

const defaults: Readonly<Record<string, string>> = {
  bind: "127.0.0.1",
  save: "",
  "enable-debug-command": "yes",
  "repl-diskless-sync-delay": "0",
}

export const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The most between two questions: what is asked takes of the CPU that it waits for. */
const PAUSE_MS_MAX = 32

/** Asks until the answer is true; fails with what `describe` says when the time is over. */
export const until = async (
  ask: () => Promise<boolean> | boolean,
  what: () => string | Promise<string>,
  timeoutMs = PATIENCE_MS,
): Promise<void> => {
  const end = performance.now() + timeoutMs
  for (let pause = 1; !(await ask()); pause = Math.min(2 * pause, PAUSE_MS_MAX)) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${await what()}`)
    await delay(pause)
  }
}

/** A reply's bytes as text: a bulk or simple string's content, an integer's digits, an error's "-...". */
export const plain = (reply: Buffer): string => {
  const text = reply.toString("latin1")
  if (text.startsWith("$")) return text.startsWith("$-1") ? "(nil)" : text.slice(text.indexOf("\n") + 1, -2)
  if (text.startsWith("*") || text.startsWith("-")) return text.trimEnd()
  return text.slice(1).trimEnd()
}

export class Node {
  private current: Run | undefined = undefined
  private client: RawClient | undefined = undefined
  private ended: Promise<unknown> = Promise.resolve()
  private paused = false
  log = ""
  /** A configuration file to start with, "" = none. */
  file = ""

  private constructor(
    readonly kind: NodeKind,
    readonly port: number,
    readonly dir: string,
    readonly config: Record<string, string>,
    readonly place: Place,
  ) {}

  static async start(
    kind: NodeKind,
    config: Readonly<Record<string, string>> = {},
    place: Place = "inside",
  ): Promise<Node> {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), `redix-node-${kind}-`))
    const node = new Node(kind, await freePort(), dir, { ...defaults, ...config }, place)
    await node.launch()
    return node
  }

  /** The other server, or the same, in this one's place; launch it when this one has ended. */
  as(kind: NodeKind): Node {
    return new Node(kind, this.port, this.dir, this.config, this.place)
  }

  get pid(): number {
    return this.current?.pid ?? 0
  }

  get alive(): boolean {
    return this.current !== undefined
  }

  /** Waits until its log has this: what a process writes may arrive later than its replies. */
  async says(what: string | RegExp): Promise<void> {
    const has = (): boolean => (typeof what === "string" ? this.log.includes(what) : what.test(this.log))
    await until(has, () => `${this.name} says ${String(what)}\n${this.log.slice(-3000)}`)
  }

  /** Name for messages. */
  get name(): string {
    return `${this.kind}:${this.port}`
  }

  /** Starts it, on the same port and directory as before. */
  async launch(): Promise<void> {
    const args = this.file === "" ? [] : [this.file]
    args.push("--port", String(this.port), "--dir", this.dir)
    for (const [name, value] of Object.entries(this.config)) {
      args.push(
        `--${name}`,
        ...(name === "replicaof" || (name === "save" && value !== "") ? value.split(" ") : [value]),
      )
    }
    const keep = (text: string): void => {
      this.log = (this.log + text).slice(-65_536)
    }
    const ours = run(this.kind, this.place, { args, output: keep, errors: keep })
    this.current = ours
    this.paused = false
    const over = (): void => {
      if (this.current === ours) this.current = undefined
    }
    this.ended = ours.ended.finally(over)
    // Whoever waits for the end hears of a failure.
    this.ended.catch(() => undefined)
    await until(
      async () => {
        if (!this.alive) throw new Error(`${this.name} ended at its start\n${this.log}`)
        return !(await this.ask("PING").catch(() => "-")).startsWith("-LOADING") && this.client !== undefined
      },
      () => `${this.name} is ready\n${this.log}`,
    )
  }

  /** A new connection. */
  connect(timeoutMs = PATIENCE_MS): Promise<RawClient> {
    return RawClient.connect({ port: this.port }, { timeoutMs })
  }

  /** Sends a command on the node's own connection, made anew when it broke. */
  async ask(...args: ReadonlyArray<Argument>): Promise<string> {
    if (this.client === undefined || this.client.isClosed) this.client = await this.connect()
    try {
      return plain(await this.client.command(...args))
    } catch (error) {
      this.client?.close()
      this.client = undefined
      throw error
    }
  }

  /** Fields of INFO; what is counted by command, only where it is asked for. */
  async info(section = "default"): Promise<Record<string, string>> {
    // A role change by a Sentinel kills the clients of a node, this one's too: it asks again.
    const text = await this.ask("INFO", section).catch(() => this.ask("INFO", section))
    const fields: Record<string, string> = {}
    for (const line of text.split("\r\n")) {
      const colon = line.indexOf(":")
      if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1)
    }
    return fields
  }

  async field(name: string): Promise<string> {
    return (await this.info())[name] ?? ""
  }

  follow(master: { readonly port: number }): Promise<string> {
    return this.ask("REPLICAOF", "127.0.0.1", master.port)
  }

  /** Waits until the link to the master is up. */
  untilUp(timeoutMs = PATIENCE_MS): Promise<void> {
    return until(
      async () =>
        ((await this.info("replication").catch(() => ({}))) as Record<string, string>)[
          "master_link_status"
        ] === "up",
      () => `${this.name} is up\n${this.log.slice(-3000)}`,
      timeoutMs,
    )
  }

  /** Has a Redix that runs check itself. */
  async checkInvariants(): Promise<void> {
    if (this.kind !== "redix" || !this.alive || this.paused) return
    await checkItself(this.name, (...words) => this.ask(...words))
  }

  /** Of a server that runs apart. */
  pause(): void {
    this.paused = true
    this.current?.kill("SIGSTOP")
  }

  resume(): void {
    this.paused = false
    this.current?.kill("SIGCONT")
  }

  /** Asks it to end, once it has checked itself, and waits for its end. */
  async end(): Promise<void> {
    await this.checkInvariants()
    await this.kill("SIGTERM")
  }

  /** Ends it and waits for its end. What would be lost by SIGKILL, is only where it runs apart. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const { appendfsync, appendonly = "no", save = "" } = this.config
    const hasUnwritten = save !== "" || (appendonly === "yes" && appendfsync !== "always")
    if (signal === "SIGKILL" && this.isInside && hasUnwritten)
      throw new Error(`${this.name} would write all it has: run it apart`)
    await this.breakOff(signal)
  }

  /** Ends it and removes the directory. */
  async remove(): Promise<void> {
    await this.breakOff("SIGKILL")
    fs.rmSync(this.dir, { recursive: true, force: true })
  }

  private get isInside(): boolean {
    return this.current?.pid === process.pid
  }

  private async breakOff(signal: NodeJS.Signals): Promise<void> {
    this.client?.close()
    this.client = undefined
    this.current?.kill(signal)
    await this.ended
    this.current = undefined
  }
}

/** Waits until all nodes are at the same offset with the same data, and has them check themselves. */
export const untilEqual = async (
  master: Node,
  replicas: ReadonlyArray<Node>,
  timeoutMs = PATIENCE_MS,
): Promise<void> => {
  const place = async (node: Node): Promise<string> => {
    const info = await node.info("replication")
    return `${info["master_replid"]} ${info["master_repl_offset"]}`
  }
  const look = async (node: Node): Promise<string> =>
    `${await place(node)} ${await node.ask("DEBUG", "DIGEST")}`
  const isOne = async (see: (node: Node) => Promise<string>): Promise<boolean> => {
    const expected = await see(master)
    for (const replica of replicas) if ((await see(replica)) !== expected) return false
    return true
  }
  await until(
    // A digest reads all the data: not before all are where the master is.
    async () => (await isOne(place)) && (await isOne(look)),
    async () => {
      const lines: string[] = []
      for (const node of [master, ...replicas])
        lines.push(`${node.name} ${await look(node)} keys ${await node.ask("INFO", "keyspace")}`)
      return `the same data everywhere\n${lines.join("\n")}`
    },
    timeoutMs,
  )
  await Promise.all([master, ...replicas].map((node) => node.checkInvariants()))
}

/** Runs `use` with a list to which it adds the nodes it starts; has them check themselves, and removes them, at the end. */
export const withNodes = async (
  use: (
    start: (kind: NodeKind, config?: Readonly<Record<string, string>>, place?: Place) => Promise<Node>,
  ) => Promise<void>,
): Promise<void> => {
  const nodes: Node[] = []
  try {
    await use(async (kind, config, place) => {
      const node = await Node.start(kind, config, place)
      nodes.push(node)
      return node
    })
    await Promise.all(nodes.map((node) => node.checkInvariants()))
  } catch (error) {
    const logs = nodes.map((node) => `--- ${node.name}\n${node.log.slice(-2500)}`)
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${logs.join("\n")}`, {
      cause: error,
    })
  } finally {
    await Promise.all(nodes.map((node) => node.remove()))
  }
}
