/**
 * One episode of `npm run chaos -- --aof`: fifty writers, a server with an append-only file on the real disk, and SIGKILL.
 *
 * Each writer counts in two lists that grow in one transaction, and in one that grows by single commands. What was
 * acknowledged must be there when the server has started again, in order, and both lists of a transaction equal: a killed
 * process loses nothing that it has handed to the kernel, whatever `appendfsync` says. (Lost power is tried on a simulated
 * disk, test/aof/disk/powerCuts.test.ts.) Now and then the other server takes the files over, and must find the same data.
 */
import { Node, type NodeKind, plain, until } from "../support/Nodes.js"
import { Random } from "../support/Random.js"
import { encodeCommands, type RawClient } from "../support/RawClient.js"
import { parseReply } from "../support/RespFrames.js"

const WRITERS = 50
/** Most commands a writer has under way. */
const DEPTH_MAX = 8

interface Writer {
  readonly id: number
  readonly random: Random
  /** Members that were acknowledged, and that were sent. */
  single: Count
  pair: Count
}

interface Count {
  acknowledged: number
  sent: number
}

interface AofReport {
  readonly seed: number
  readonly appendfsync: string
  readonly events: ReadonlyArray<string>
  readonly acknowledged: number
}

const numbersOf = (reply: Buffer): ReadonlyArray<number> =>
  (parseReply(reply).items ?? []).map(({ payload }) => Number(payload.toString("latin1").split(":")[0]))

export class AofEpisode {
  private readonly random: Random
  private readonly events: string[] = []
  private readonly writers: ReadonlyArray<Writer>
  private acknowledged = 0

  constructor(private readonly seed: number) {
    this.random = new Random(seed)
    this.writers = Array.from({ length: WRITERS }, (_, id) => ({
      id,
      random: new Random(this.random.uint32()),
      single: { acknowledged: 0, sent: 0 },
      pair: { acknowledged: 0, sent: 0 },
    }))
  }

  async run(): Promise<AofReport> {
    const r = this.random
    const appendfsync = r.pick(["always", "everysec", "no"])
    const config = {
      appendonly: "yes",
      appendfsync,
      "aof-use-rdb-preamble": r.pick(["yes", "no"]),
      "auto-aof-rewrite-percentage": "0",
    }
    let node = await Node.start("redix", config, "apart")
    try {
      for (let kills = r.between(2, 4); kills > 0; kills--) {
        await this.writeUntilKilled(node)
        await node.launch()
        await this.verify(node)
        if (node.kind === "redis") node = await this.cross(node, "redix")
        else if (r.chance(0.4)) node = await this.cross(node, "redis")
        // While it waits for the disk, redis-server acknowledges what it has not yet handed to the kernel.
        if (node.kind === "redis" && appendfsync === "everysec") node = await this.cross(node, "redix")
      }
      if (node.kind === "redis") node = await this.cross(node, "redix")
      await node.checkInvariants()
      return { seed: this.seed, appendfsync, events: this.events, acknowledged: this.acknowledged }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      throw new Error(
        `seed ${this.seed}, ${appendfsync}: ${text}\n${this.events.join("\n")}\n${node.name}\n${node.log.slice(-4000)}`,
        { cause: error },
      )
    } finally {
      await node.remove()
    }
  }

  // ---- writers

  private async writeUntilKilled(node: Node): Promise<void> {
    const clients = await Promise.all(this.writers.map(() => node.connect()))
    const enough = this.acknowledged + this.random.between(100, 6000)
    const work = this.writers.map((writer, i) => this.write(writer, clients[i]))
    const rewrite = this.random.chance(0.6)
    const rewriteAt = enough - this.random.below(enough - this.acknowledged)
    let asked = !rewrite
    await until(
      async () => {
        if (!asked && this.acknowledged >= rewriteAt) {
          asked = true
          await node.ask("BGREWRITEAOF")
        }
        return this.acknowledged >= enough
      },
      () => `${enough} members are acknowledged, there are ${this.acknowledged}`,
      120_000,
    )
    this.events.push(`${node.kind} killed${rewrite ? " near a rewrite" : ""}`)
    await node.kill()
    await Promise.all(work)
    for (const client of clients) client.close()
  }

  /** Sends batches until the connection breaks. Each reply counts as it comes. */
  private async write(writer: Writer, client: RawClient | undefined): Promise<void> {
    if (client === undefined) throw new Error("no client")
    const { id, random, single, pair } = writer
    for (;;) {
      const commands: Array<ReadonlyArray<string>> = []
      const counts: Array<Count | undefined> = []
      for (let n = random.between(1, DEPTH_MAX); n > 0; n--) {
        const text = (count: Count): string => `${count.sent}:${"x".repeat(random.pick([0, 3, 200, 3000]))}`
        if (random.chance(0.5)) {
          commands.push(["RPUSH", `single:${id}`, text(single)])
          single.sent++
          counts.push(single)
          continue
        }
        const member = text(pair)
        commands.push(["MULTI"], ["RPUSH", `left:${id}`, member], ["RPUSH", `right:${id}`, member], ["EXEC"])
        pair.sent++
        counts.push(undefined, undefined, undefined, pair)
      }
      client.sendRaw(encodeCommands(commands))
      for (const count of counts) {
        const reply = await client.readReply(60_000).then(plain, () => undefined)
        if (reply === undefined) return
        if (reply.startsWith("-")) throw new Error(`writer ${id} is refused: ${reply}`)
        if (count === undefined) continue
        count.acknowledged++
        this.acknowledged++
      }
    }
  }

  // ---- what must be there

  private async verify(node: Node): Promise<void> {
    const client = await node.connect()
    const list = async (name: string): Promise<ReadonlyArray<number>> =>
      numbersOf(await client.command("LRANGE", name, 0, -1))
    for (const { id, single, pair } of this.writers) {
      this.verifyList(`single:${id}`, await list(`single:${id}`), single)
      const left = await list(`left:${id}`)
      const right = await list(`right:${id}`)
      if (left.length !== right.length)
        throw new Error(`half a transaction: left:${id} has ${left.length}, right:${id} ${right.length}`)
      this.verifyList(`right:${id}`, right, pair)
      this.verifyList(`left:${id}`, left, pair)
    }
    client.close()
  }

  private verifyList(name: string, there: ReadonlyArray<number>, count: Count): void {
    const stray = there.findIndex((n, at) => n !== at)
    if (stray >= 0) throw new Error(`${name} has ${there[stray]} at ${stray}`)
    if (there.length < count.acknowledged)
      throw new Error(`${name}: ${count.acknowledged} were acknowledged, ${there.length} are there`)
    if (there.length > count.sent)
      throw new Error(`${name}: ${count.sent} were sent, ${there.length} are there`)
    count.acknowledged = count.sent = there.length
  }

  /** Has the other server go on with the files; it must find what is there. */
  private async cross(node: Node, kind: NodeKind): Promise<Node> {
    this.events.push(`${kind} takes over`)
    const digest = await node.ask("DEBUG", "DIGEST")
    await node.kill()
    const next = node.as(kind)
    await next.launch()
    const found = await next.ask("DEBUG", "DIGEST")
    if (found !== digest) throw new Error(`${kind} finds ${found} where ${node.kind} had ${digest}`)
    return next
  }
}
