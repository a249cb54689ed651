/**
 * Servers as processes, Redix and redis-server behind one face, for tests of several servers at once. Each has a port and
 * a directory that outlive its process, so it can be killed, started again, stopped (SIGSTOP) and continued.
 */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { freePort } from "./OracleServer.js"
import { PATIENCE_MS } from "./Patience.js"
import { type Argument, RawClient } from "./RawClient.js"
import { supervised } from "./children/Supervised.js"

export type NodeKind = "redix" | "redis"

const projectRoot = (): string => {
  let dir = path.dirname(fileURLToPath(import.meta.url))
  while (!fs.existsSync(path.join(dir, "package.json"))) dir = path.dirname(dir)
  return dir
}

/** The program; `REDIX_MAIN` names another build of Redix. */
const program = (kind: NodeKind): readonly [string, ReadonlyArray<string>] =>
  kind === "redis"
    ? [process.env["REDIX_ORACLE"] ?? "redis-server", []]
    : [process.execPath, [process.env["REDIX_MAIN"] ?? path.join(projectRoot(), "dist/main.js")]]

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
  private child: ChildProcess | undefined = undefined
  private client: RawClient | undefined = undefined
  private paused = false
  log = ""
  /** A configuration file to start with, "" = none. */
  file = ""

  private constructor(
    readonly kind: NodeKind,
    readonly port: number,
    readonly dir: string,
    readonly config: Record<string, string>,
  ) {}

  static async start(kind: NodeKind, config: Readonly<Record<string, string>> = {}): Promise<Node> {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), `redix-node-${kind}-`))
    const node = new Node(kind, await freePort(), dir, { ...defaults, ...config })
    await node.launch()
    return node
  }

  /** The other server, or the same, in this one's place; launch it when this one has ended. */
  as(kind: NodeKind): Node {
    return new Node(kind, this.port, this.dir, this.config)
  }

  get pid(): number {
    return this.child?.pid ?? 0
  }

  get alive(): boolean {
    return this.child !== undefined
  }

  /** Name for messages. */
  get name(): string {
    return `${this.kind}:${this.port}`
  }

  /** Starts the process, on the same port and directory as before. */
  async launch(): Promise<void> {
    const [binary, first] = program(this.kind)
    const args = [...first, ...(this.file === "" ? [] : [this.file])]
    args.push("--port", String(this.port), "--dir", this.dir)
    for (const [name, value] of Object.entries(this.config)) {
      args.push(
        `--${name}`,
        ...(name === "replicaof" || (name === "save" && value !== "") ? value.split(" ") : [value]),
      )
    }
    const child = supervised(spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] }))
    this.child = child
    this.paused = false
    const keep = (chunk: Buffer): void => {
      this.log = (this.log + chunk.toString("latin1")).slice(-65_536)
    }
    child.stdout.on("data", keep)
    child.stderr.on("data", keep)
    child.once("exit", () => {
      if (this.child === child) this.child = undefined
    })
    await until(
      async () => {
        if (this.child === undefined) throw new Error(`${this.name} ended at its start\n${this.log}`)
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

  /** Has a Redix that runs check its data, its memory and its clients; where DEBUG is allowed. */
  async checkInvariants(): Promise<void> {
    if (this.kind !== "redix" || !this.alive || this.paused) return
    const reply = await this.ask("DEBUG", "CHECK-INVARIANTS")
    if (reply !== "OK" && !/^-(?:NOAUTH|LOADING|ERR DEBUG command not allowed)/.test(reply))
      throw new Error(`${this.name}: ${reply}`)
  }

  pause(): void {
    this.paused = true
    this.child?.kill("SIGSTOP")
  }

  resume(): void {
    this.paused = false
    this.child?.kill("SIGCONT")
  }

  /** Ends the process and waits for its end. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const { child } = this
    this.client?.close()
    this.client = undefined
    if (child === undefined) return
    // Not "exit": what it wrote last may still be on its way.
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
    child.kill(signal)
    if (signal === "SIGKILL") child.kill("SIGCONT")
    await ended
    this.child = undefined
  }

  /** Ends the process and removes the directory. */
  async remove(): Promise<void> {
    await this.kill()
    fs.rmSync(this.dir, { recursive: true, force: true })
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
  use: (start: (kind: NodeKind, config?: Readonly<Record<string, string>>) => Promise<Node>) => Promise<void>,
): Promise<void> => {
  const nodes: Node[] = []
  try {
    await use(async (kind, config) => {
      const node = await Node.start(kind, config)
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
