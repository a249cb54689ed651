/**
 * A server on a simulated disk: writers who count, until the process or the power ends, and what the next process finds.
 *
 * Each writer has two lists to which it adds the same growing numbers in one transaction, and one to which it adds singly;
 * so what is lost, out of order or half there shows.
 */
import * as Layer from "effect/Layer"
import type { Overrides } from "../../../src/config/index.js"
import { liveTurns, Turn } from "../../../src/engine/world/Turn.js"
import { PATIENCE_MS } from "../../support/Patience.js"
import type { Random } from "../../support/Random.js"
import { encodeCommand, type RawClient } from "../../support/RawClient.js"
import { parseReply } from "../../support/RespFrames.js"
import { startRedix, type TestRedix } from "../../support/Redix.js"
import { SimulatedDisk, type Tearing } from "../../support/SimulatedDisk.js"

export const DIRECTORY = "/disk"

export type End = "kill" | Tearing

const STUCK_MS = PATIENCE_MS

/** Time in which a second is a turn or two of the event loop. */
const hurried = Layer.succeed(Turn, {
  ...liveTurns,
  sleep: (ms) => liveTurns.sleep(ms / 500),
})

/** What a writer has been told is written. */
interface Told {
  single: number
  pair: number
}

/** How a process ends, and what happens before. */
export interface Ending {
  readonly how: End
  /** Steps on the disk before the end, those of the start included. */
  readonly steps: number
  /** So many of them fail, or do half of what they were to do. */
  readonly failures: number
}

const trouble = (random: Random, operation: string): string | number => {
  if (operation === "write" && random.chance(0.5)) return random.between(0, 600)
  return random.pick(["EIO", "ENOSPC"])
}

/** What happens to steps on the disk; a write may get half way before the end. */
export const disturbance = (
  disk: SimulatedDisk,
  random: Random,
  { steps, how, failures }: Ending,
): SimulatedDisk["disturb"] => {
  let left = steps
  let failing = failures
  const rate = random.pick([0.02, 0.1, 0.5])
  return ({ operation }) => {
    if (left-- > 0) {
      if (failing === 0 || !random.chance(rate)) return undefined
      failing--
      return trouble(random, operation)
    }
    if (left === -1 && operation === "write" && random.chance(0.5)) return random.between(1, 600)
    if (how === "kill") disk.kill()
    else disk.powerCut(how)
    return undefined
  }
}

/** The disk ends in so many steps, so there must be steps: a server that no longer makes any has got stuck. */
export const untilDead = async (
  disk: SimulatedDisk,
  { aof }: TestRedix,
  lines: ReadonlyArray<string>,
): Promise<void> => {
  let seen = { steps: disk.steps, atMs: Date.now() }
  while (!disk.dead) {
    await new Promise((resolve) => setImmediate(resolve))
    if (disk.steps !== seen.steps) seen = { steps: disk.steps, atMs: Date.now() }
    if (Date.now() - seen.atMs < STUCK_MS) continue
    const { failure, distrusted, written, synced } = aof.writer
    const { phase, failures } = aof.status
    const state = { phase, failures, failure, distrusted, written, synced, rewriting: aof.rewriting }
    throw new Error(
      `nothing has happened on the disk for long: ${JSON.stringify(state)}\n${lines.slice(-30).join("\n")}`,
    )
  }
}

export class CrashRun {
  readonly disk: SimulatedDisk
  readonly lines: Array<string> = []
  /** What the writers have been told, what of it was promised to outlast the process, and what the power. */
  private readonly acknowledged: ReadonlyArray<Told>
  private promised: ReadonlyArray<Told>
  private synced: ReadonlyArray<Told>
  /** Nothing is promised while the file is off, and of replies to what was under way when that changed. */
  private switches = 0
  /** Increments that this process has opened, which syncs them before anything goes there. */
  private readonly opened = new Set<string>()

  constructor(
    readonly random: Random,
    private readonly directives: Overrides,
    writers = 3,
  ) {
    this.disk = new SimulatedDisk(random, DIRECTORY)
    this.acknowledged = Array.from({ length: writers }, () => ({ single: 0, pair: 0 }))
    this.promised = this.copy()
    this.synced = this.copy()
    this.disk.onSync = (path) => {
      if (!path.endsWith(".incr.aof")) return undefined
      if (!this.opened.has(path)) {
        this.opened.add(path)
        return undefined
      }
      const before = this.promised.map((told) => ({ ...told }))
      return () => void (this.synced = before)
    }
  }

  private copy(): ReadonlyArray<Told> {
    return this.acknowledged.map((told) => ({ ...told }))
  }

  private async start(disturb: SimulatedDisk["disturb"] = () => undefined): Promise<TestRedix> {
    const directives = { dir: DIRECTORY, appendonly: true, ...this.directives }
    this.opened.clear()
    const files = this.disk.boot()
    this.disk.disturb = disturb
    return startRedix({}, directives, this.lines, hurried, files)
  }

  /** The single file of an older server, of which every writer was told. */
  putOldFile(): void {
    const commands = this.acknowledged.map((told, i) => {
      const n = this.random.between(1, 20)
      Object.assign(told, { single: n, pair: n })
      const members = Array.from({ length: n }, (_, at) => `${at}:`)
      return ["single", "left", "right"].map((list) => encodeCommand(["RPUSH", `${list}:${i}`, ...members]))
    })
    this.disk.put(`${DIRECTORY}/appendonly.aof`, Buffer.concat(commands.flat()))
    this.promised = this.copy()
    this.synced = this.copy()
  }

  /** Starts, and writes with every writer and does other things now and then until the end comes. */
  async run(ending: Ending, deed: (client: RawClient) => Promise<unknown>): Promise<void> {
    const server = await this.start(disturbance(this.disk, this.random, ending)).catch((error: unknown) => {
      if (!this.disk.dead && ending.failures === 0) throw error
      // As a start that fails ends.
      this.disk.kill()
    })
    if (server !== undefined) await this.write(server, deed)
  }

  /** Switches the file off or on. */
  async turn(client: RawClient, value: "yes" | "no"): Promise<void> {
    this.switches++
    await client.text("CONFIG", "SET", "appendonly", value)
    this.switches++
  }

  private async write(server: TestRedix, deed: (client: RawClient) => Promise<unknown>): Promise<void> {
    const clients = await Promise.all(this.acknowledged.map(() => server.connect()))
    const admin = await server.connect()
    const work = [
      ...clients.map((client, i) => this.writeAs(server, client, i)),
      this.whileAlive(() => deed(admin)),
    ].map((promise) => promise.catch(() => undefined))
    await untilDead(this.disk, server, this.lines)
    for (const client of [...clients, admin]) client.close()
    await Promise.all(work)
    await server.stop()
  }

  private async whileAlive(act: () => Promise<unknown>): Promise<void> {
    while (!this.disk.dead) await act()
  }

  private async writeAs(server: TestRedix, client: RawClient, i: number): Promise<void> {
    const told = this.acknowledged[i]
    if (told === undefined) throw new Error(`no writer ${i}`)
    // What was not acknowledged may be there all the same.
    told.single = await length(client, `single:${i}`)
    told.pair = await length(client, `left:${i}`)
    const text = (n: number): string => `${n}:${"x".repeat(this.random.pick([0, 3, 200, 1500]))}`
    const { status } = server.aof
    const logs = (): boolean => status.phase === "on" || status.phase === "mending"
    await this.whileAlive(async () => {
      const { switches } = this
      const logged = logs()
      const single = this.random.chance(0.5)
      const words = single
        ? [["RPUSH", `single:${i}`, text(told.single)]]
        : [
            ["MULTI"],
            ["RPUSH", `left:${i}`, text(told.pair)],
            ["RPUSH", `right:${i}`, text(told.pair)],
            ["EXEC"],
          ]
      const replies = await Promise.all(words.map((command) => client.text(...command)))
      if (this.disk.dead || !/^(?:\*2\r\n)?:/.test(replies.at(-1) ?? "")) return
      if (single) told.single++
      else told.pair++
      if (logged && logs() && switches === this.switches) Object.assign(this.promised[i] ?? {}, told)
    })
  }

  /** Starts again; says what is not as it was promised. */
  async check(promise: "acknowledged" | "synced"): Promise<ReadonlyArray<string>> {
    const least = promise === "synced" ? this.synced : this.promised
    const server = await this.start()
    const client = await server.connect()
    const faults: Array<string> = []
    for (const [i, told] of least.entries()) {
      const single = await numbers(client, `single:${i}`)
      const left = await numbers(client, `left:${i}`)
      const right = await numbers(client, `right:${i}`)
      if (single.length < told.single)
        faults.push(`single:${i}: ${told.single} promised, ${single.length} there`)
      if (left.length < told.pair) faults.push(`left:${i}: ${told.pair} promised, ${left.length} there`)
      if (left.length !== right.length)
        faults.push(`half a transaction: left:${i} ${left.length}, right ${right.length}`)
      for (const list of [single, left, right])
        if (list.some((n, at) => n !== at))
          faults.push(`writer ${i}: out of order: ${list.slice(-20).join(" ")}`)
      // From now on this is what there is.
      const now = this.acknowledged[i]
      if (now !== undefined) Object.assign(now, { single: single.length, pair: left.length })
    }
    this.promised = this.copy()
    this.synced = this.copy()
    client.close()
    await server.stop()
    return faults
  }
}

const length = async (client: RawClient, key: string): Promise<number> =>
  Number((await client.text("LLEN", key)).slice(1))

const numbers = async (client: RawClient, key: string): Promise<ReadonlyArray<number>> => {
  const reply = parseReply(await client.command("LRANGE", key, "0", "-1"))
  return (reply.items ?? []).map(({ payload }) => Number(payload.toString("latin1").split(":")[0]))
}
