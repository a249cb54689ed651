/**
 * A server on a simulated disk: writers who count, until the process or the power ends, and what the next process finds.
 *
 * Each writer has two lists to which it adds the same growing numbers in one transaction, and one to which it adds singly;
 * so what is lost, out of order or half there shows.
 */
import * as Layer from "effect/Layer"
import type { Overrides } from "../../src/config/index.js"
import { liveTurns, Turn } from "../../src/engine/world/Turn.js"
import type { Random } from "../support/Random.js"
import type { RawClient } from "../support/RawClient.js"
import { parseReply } from "../support/RespFrames.js"
import { startRedix, type TestRedix } from "../support/Redix.js"
import { SimulatedDisk, type Tearing } from "../support/SimulatedDisk.js"

export const DIRECTORY = "/disk"

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

export class CrashRun {
  readonly disk: SimulatedDisk
  readonly lines: Array<string> = []
  /** What must be there after the process has ended, and after the power has. */
  readonly acknowledged: ReadonlyArray<Told>
  private synced: ReadonlyArray<Told>
  /** Increments that this process has opened, which syncs them before anything goes there. */
  private readonly opened = new Set<string>()

  constructor(
    readonly random: Random,
    private readonly directives: Overrides,
    writers = 3,
  ) {
    this.disk = new SimulatedDisk(random, DIRECTORY)
    this.acknowledged = Array.from({ length: writers }, () => ({ single: 0, pair: 0 }))
    this.synced = this.copy()
    this.disk.onSync = (path) => {
      if (!path.endsWith(".incr.aof")) return undefined
      if (!this.opened.has(path)) {
        this.opened.add(path)
        return undefined
      }
      const before = this.copy()
      return () => void (this.synced = before)
    }
  }

  private copy(): ReadonlyArray<Told> {
    return this.acknowledged.map((told) => ({ ...told }))
  }

  async start(changes: Overrides = {}): Promise<TestRedix> {
    const directives = { dir: DIRECTORY, appendonly: true, ...this.directives, ...changes }
    this.opened.clear()
    return startRedix({}, directives, this.lines, hurried, this.disk.boot())
  }

  /** Writes with every writer, and does other things now and then, until the disk is dead. */
  async write(server: TestRedix, deed: (client: RawClient) => Promise<unknown>): Promise<void> {
    const clients = await Promise.all(this.acknowledged.map(() => server.connect()))
    const admin = await server.connect()
    const work = [
      ...clients.map((client, i) => this.writeAs(client, i)),
      this.whileAlive(() => deed(admin)),
    ].map((promise) => promise.catch(() => undefined))
    while (!this.disk.dead) await new Promise((resolve) => setImmediate(resolve))
    for (const client of [...clients, admin]) client.close()
    await Promise.all(work)
    await server.stop()
  }

  private async whileAlive(act: () => Promise<unknown>): Promise<void> {
    while (!this.disk.dead) await act()
  }

  private async writeAs(client: RawClient, i: number): Promise<void> {
    const told = this.acknowledged[i]
    if (told === undefined) throw new Error(`no writer ${i}`)
    // What was not acknowledged may be there all the same.
    told.single = await length(client, `single:${i}`)
    told.pair = await length(client, `left:${i}`)
    const text = (n: number): string => `${n}:${"x".repeat(this.random.pick([0, 3, 200, 1500]))}`
    await this.whileAlive(async () => {
      if (this.random.chance(0.5)) {
        const reply = await client.text("RPUSH", `single:${i}`, text(told.single))
        if (!this.disk.dead && reply.startsWith(":")) told.single++
        return
      }
      const words = [
        ["MULTI"],
        ["RPUSH", `left:${i}`, text(told.pair)],
        ["RPUSH", `right:${i}`, text(told.pair)],
        ["EXEC"],
      ]
      const replies = await Promise.all(words.map((command) => client.text(...command)))
      if (!this.disk.dead && replies.at(-1)?.startsWith("*2\r\n:") === true) told.pair++
    })
  }

  /** Ends the process at its `steps`th step on the disk from now on; a write may get half way before. */
  endAt(steps: number, how: "kill" | Tearing): void {
    let left = steps
    this.disk.disturb = ({ operation }) => {
      if (left-- > 0) return undefined
      if (left === -1 && operation === "write" && this.random.chance(0.5)) return this.random.between(1, 600)
      if (how === "kill") this.disk.kill()
      else this.disk.powerCut(how)
      return undefined
    }
  }

  /** Starts again; says what is not as it was promised. */
  async check(promise: "acknowledged" | "synced"): Promise<ReadonlyArray<string>> {
    const least = promise === "synced" ? this.synced : this.copy()
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
