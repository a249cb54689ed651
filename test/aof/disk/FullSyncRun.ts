/**
 * A replica with a file of its own on a simulated disk: it has data of its own until a full resync brings its master's,
 * under writers on both, and the process or the power ends at some step. What starts again has the one data set or the
 * other, whole.
 */
import type { Overrides } from "../../../src/config/index.js"
import type { Random } from "../../support/Random.js"
import type { RawClient } from "../../support/RawClient.js"
import { parseReply } from "../../support/RespFrames.js"
import { startRedix, type TestRedix } from "../../support/Redix.js"
import { SimulatedDisk } from "../../support/SimulatedDisk.js"
import { DIRECTORY, type Ending, disturbance, untilDead } from "./CrashRun.js"

const WRITERS = 3

const numbers = async (client: RawClient, key: string): Promise<ReadonlyArray<number>> => {
  const reply = parseReply(await client.command("LRANGE", key, "0", "-1"))
  return (reply.items ?? []).map(({ payload }) => Number(payload.toString("latin1").split(":")[0]))
}

export class FullSyncRun {
  readonly lines: Array<string> = []
  private readonly disk: SimulatedDisk
  /** Members of its own that the replica has acknowledged, by writer. */
  private readonly told: Array<number> = Array.from({ length: WRITERS }, () => 0)

  constructor(
    private readonly random: Random,
    private readonly directives: Overrides,
  ) {
    this.disk = new SimulatedDisk(random, DIRECTORY)
  }

  private start(disturb: SimulatedDisk["disturb"]): Promise<TestRedix> {
    const directives = { dir: DIRECTORY, appendonly: true, ...this.directives }
    const files = this.disk.boot()
    this.disk.disturb = disturb
    return startRedix({}, directives, this.lines, undefined, files)
  }

  private get member(): string {
    return "x".repeat(this.random.pick([0, 3, 200, 1500]))
  }

  /** @param following steps on the disk before the replica is told to follow its master */
  async run(following: number, ending: Ending): Promise<void> {
    const master = await startRedix({}, { "repl-diskless-sync-delay": 0 })
    const [filling, client] = [await master.connect(), await master.connect()]
    await client.text("SET", "whose", "master")
    await client.text("DEBUG", "POPULATE", String(this.random.pick([1, 50, 2000])))
    const replica = await this.start(() => undefined)
    const from = this.disk.steps
    const clients = await Promise.all(this.told.map(() => replica.connect()))
    const admin = await replica.connect()
    const work = [
      ...clients.map((one, i) => this.writeOwn(one, i)),
      this.writeMasters(filling),
      this.follow(admin, from + following, master.port),
    ].map((promise) => promise.catch(() => undefined))
    this.disk.disturb = disturbance(this.disk, this.random, ending)
    await untilDead(this.disk, replica, this.lines)
    for (const one of [...clients, admin]) one.close()
    await Promise.all(work)
    await replica.stop()
    for (const one of [filling, client]) one.close()
    await master.stop()
  }

  private async follow(admin: RawClient, at: number, port: number): Promise<void> {
    while (this.disk.steps < at && !this.disk.dead) await admin.text("PING")
    await admin.text("REPLICAOF", "127.0.0.1", String(port))
  }

  private async writeOwn(client: RawClient, i: number): Promise<void> {
    for (let n = 0; !this.disk.dead;) {
      const reply = await client.text("RPUSH", `own:${i}`, `${n}:${this.member}`)
      if (reply.startsWith("-READONLY")) return
      if (!reply.startsWith(":")) continue
      n++
      if (!this.disk.dead) this.told[i] = n
    }
  }

  private async writeMasters(client: RawClient): Promise<void> {
    for (let n = 0; !this.disk.dead; n++) {
      const member = `${n}:${this.member}`
      const words = [["MULTI"], ["RPUSH", "left", member], ["RPUSH", "right", member], ["EXEC"]]
      await Promise.all(words.map((command) => client.text(...command)))
    }
  }

  /** Starts again; says what is not as it should be, and whose data there is. */
  async check(): Promise<{ readonly whose: string; readonly faults: ReadonlyArray<string> }> {
    const server = await this.start(() => undefined)
    const client = await server.connect()
    const whose = (await client.text("GET", "whose")).includes("master") ? "master's" : "own"
    const faults: Array<string> = []
    const isOwn = whose === "own"
    for (const [i, told] of this.told.entries()) {
      const own = await numbers(client, `own:${i}`)
      if (isOwn ? own.length < told : own.length > 0)
        faults.push(`${whose} data: own:${i} has ${own.length}, told were ${told}`)
      if (own.some((n, at) => n !== at)) faults.push(`own:${i}: out of order`)
    }
    const [left, right] = [await numbers(client, "left"), await numbers(client, "right")]
    if (left.length !== right.length) faults.push(`half a transaction: ${left.length}, ${right.length}`)
    if (isOwn && left.length > 0) faults.push("own data, and some of the master's")
    if (left.some((n, at) => n !== at)) faults.push(`left: out of order`)
    client.close()
    await server.stop()
    return { whose, faults }
  }
}
