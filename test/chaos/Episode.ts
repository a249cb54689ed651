/**
 * One episode of the chaos run: three servers, two writers, and a few seconds of trouble, all drawn from one seed.
 *
 * Trouble: links cut, stalled, delayed; servers stopped and continued; replicas killed and started again empty; chains made
 * and unmade; the master killed, replaced by promotion, or by FAILOVER. At the end every server must hold the same data
 * (DEBUG DIGEST), and the master every write that WAIT 1 had confirmed.
 *
 * What WAIT promises is that a replica has the write; it is lost if that replica loses its data before the others have it.
 * So after a replica was killed the others get time to catch up before the next blow, and who is promoted is always the
 * replica that is furthest.
 */
import { MixedWrites, type Words } from "../support/MixedWrites.js"
import { delay, Node, type NodeKind, plain, until, untilEqual } from "../support/Nodes.js"
import { Proxy } from "../support/Proxy.js"
import { Random } from "../support/Random.js"
import type { RawClient } from "../support/RawClient.js"

/** Database of the writes confirmed by WAIT; the mixed writer uses 0 to 2. */
const CONFIRMED_DB = 5

interface Server {
  readonly node: Node
  /** Others reach it through this. */
  readonly proxy: Proxy
}

export interface EpisodeReport {
  readonly seed: number
  readonly kinds: string
  readonly events: ReadonlyArray<string>
  readonly confirmed: number
  readonly mixed: number
}

/**
 * PFCOUNT keeps its result in the value, on a replica too, as in redis-server: no matter, but for the digest. Behind a
 * write in the same transaction it runs only on a master.
 */
const countingOnMasters = (commands: ReadonlyArray<Words>): ReadonlyArray<Words> => {
  let open = false
  return commands.flatMap((command): ReadonlyArray<Words> => {
    const [name, key = ""] = command
    if (name === "MULTI") open = true
    if (name === "EXEC") open = false
    if (name !== "PFCOUNT") return [command]
    const counted: ReadonlyArray<Words> = [["PFADD", key, "counted"], command]
    return open ? counted : [["MULTI"], ...counted, ["EXEC"]]
  })
}

export class Episode {
  private readonly random: Random
  private readonly servers: Server[] = []
  private readonly events: string[] = []
  private master: Server | undefined
  private stopped = false
  private held = false
  /** A write is on its way that its master may still confirm. */
  private confirming = false
  private readonly confirmed: number[] = []
  private written = 0
  private mixed = 0

  constructor(private readonly seed: number) {
    this.random = new Random(seed)
  }

  async run(): Promise<EpisodeReport> {
    try {
      await this.start()
      const writers = [this.confirmingWriter(), this.mixedWriter()]
      for (let n = this.random.between(3, 7); n > 0; n--) {
        await this.trouble()
        await delay(this.random.below(300))
      }
      await this.settle()
      await until(
        () => this.confirmed.length > 0 && this.mixed > 0,
        () => `${this.confirmed.length} writes are confirmed, of ${this.mixed} mixed ones`,
      )
      this.stopped = true
      await Promise.all(writers)
      await this.verify()
      return {
        seed: this.seed,
        kinds: this.servers.map(({ node }) => node.kind).join(","),
        events: this.events,
        confirmed: this.confirmed.length,
        mixed: this.mixed,
      }
    } catch (error) {
      const logs = this.servers.map(({ node }) => `--- ${node.name}\n${node.log.slice(-4000)}`)
      const text = error instanceof Error ? error.message : String(error)
      throw new Error(`seed ${this.seed}: ${text}\n${this.events.join("\n")}\n${logs.join("\n")}`, {
        cause: error,
      })
    } finally {
      this.stopped = true
      await Promise.all(this.servers.map(({ node }) => node.remove()))
      await Promise.all(this.servers.map(({ proxy }) => proxy.stop()))
    }
  }

  private note(event: string): void {
    this.events.push(event)
  }

  private async start(): Promise<void> {
    const config = {
      "repl-timeout": "5",
      "repl-ping-replica-period": "1",
      "repl-diskless-sync": this.random.pick(["yes", "no"]),
      "repl-backlog-size": this.random.pick(["16384", "1048576"]),
    }
    for (let i = 0; i < 3; i++) {
      const kind: NodeKind = i > 0 && this.random.chance(0.25) ? "redis" : "redix"
      const node = await Node.start(kind, config, "apart")
      this.servers.push({ node, proxy: await Proxy.start(node) })
    }
    if (this.random.chance(0.5)) this.servers.reverse()
    const [master, ...replicas] = this.servers
    if (master === undefined) throw new Error("no servers")
    this.master = master
    await master.node.ask("DEBUG", "POPULATE", this.random.below(5000), "bulk", 100)
    for (const replica of replicas) await replica.node.follow(master.proxy)
    await this.settle()
  }

  private get top(): Server {
    if (this.master === undefined) throw new Error("no master")
    return this.master
  }

  private get replicas(): ReadonlyArray<Server> {
    return this.servers.filter((server) => server !== this.master)
  }

  // ---- writers

  /** A client of the present master; undefined while there is none. */
  private async client(): Promise<RawClient | undefined> {
    try {
      return await this.top.node.connect(3000)
    } catch {
      return undefined
    }
  }

  private async confirmingWriter(): Promise<void> {
    while (!this.stopped) {
      const client = await this.client()
      try {
        if (client === undefined) throw new Error("no master")
        await client.command("SELECT", CONFIRMED_DB)
        while (!this.stopped) {
          if (this.held) {
            await delay(5)
            continue
          }
          const n = ++this.written
          this.confirming = true
          const [set, wait] = await client.pipeline([
            ["SET", `w:${n}`, n],
            ["WAIT", 1, 500],
          ])
          if (set === undefined || wait === undefined || plain(set) !== "OK")
            throw new Error("not the master")
          if (Number(plain(wait)) >= 1) this.confirmed.push(n)
          this.confirming = false
        }
      } catch {
        this.confirming = false
        await delay(20)
      } finally {
        client?.close()
      }
    }
  }

  private async mixedWriter(): Promise<void> {
    const writes = new MixedWrites(new Random(this.random.uint32()))
    while (!this.stopped) {
      const client = await this.client()
      try {
        if (client === undefined) throw new Error("no master")
        while (!this.stopped) {
          const commands = countingOnMasters(writes.batch(20))
          const [first] = await client.pipeline(commands)
          if (first !== undefined && String(first).startsWith("-READONLY")) throw new Error("not the master")
          this.mixed += commands.length
        }
      } catch {
        await delay(20)
      } finally {
        client?.close()
      }
    }
  }

  // ---- trouble

  private async trouble(): Promise<void> {
    const r = this.random
    const server = r.pick(this.servers)
    const kind = r.weighted([
      [3, "cut"],
      [2, "stall"],
      [2, "delay"],
      [2, "pause"],
      [1, "cut the transfer"],
      [2, "kill replica"],
      [2, "kill master"],
      [2, "promote"],
      [2, "failover"],
      [2, "chain"],
      [1, "save"],
    ] as const)
    switch (kind) {
      case "cut":
        this.note(`cut ${server.node.name}`)
        return server.proxy.cut()
      case "stall":
        this.note(`stall ${server.node.name}`)
        server.proxy.stall()
        await delay(r.between(20, 1200))
        return server.proxy.go()
      case "delay":
        this.note(`delay ${server.node.name}`)
        server.proxy.spoil.delayMs = r.between(1, 20)
        return
      case "pause":
        this.note(`pause ${server.node.name}`)
        server.node.pause()
        await delay(r.between(20, 1000))
        return server.node.resume()
      case "cut the transfer":
        return this.cutTransfer(r.pick(this.replicas))
      case "kill replica":
        return this.killReplica(r.pick(this.replicas))
      case "kill master":
        return this.killMaster()
      case "promote":
        return this.promote()
      case "failover":
        return this.failover()
      case "chain":
        return this.chain()
      case "save":
        this.note(`save ${server.node.name}`)
        await server.node.ask("BGSAVE")
    }
  }

  /** The next connections to the master break after so many bytes, in the handshake or in the snapshot. */
  private async cutTransfer(replica: Server): Promise<void> {
    const { proxy } = this.top
    const bytes = this.random.below(this.random.pick([200, 5000, 500_000]))
    this.note(`kill ${replica.node.name}; its links break after ${bytes} bytes`)
    await this.settle()
    await replica.node.kill()
    proxy.spoil.cutAfterBytes = bytes
    replica.node.config["replicaof"] = `127.0.0.1 ${proxy.port}`
    await replica.node.launch().catch(() => undefined)
    await delay(this.random.between(100, 1500))
    proxy.spoil.cutAfterBytes = Infinity
    await this.settle()
  }

  private async killReplica(replica: Server): Promise<void> {
    await this.settle()
    this.note(`kill ${replica.node.name}`)
    await replica.node.kill()
    await delay(this.random.below(300))
    replica.node.config["replicaof"] = `127.0.0.1 ${this.top.proxy.port}`
    await replica.node.launch()
    await this.settle()
  }

  /** Of the replicas that share the master's history, the one that has most of it. */
  private async furthest(): Promise<Server> {
    let best: Server | undefined
    let most = -1
    for (const replica of this.replicas) {
      const info = await replica.node.info("replication")
      const offset = Number(info["master_repl_offset"])
      if (info["role"] === "slave" && info["master_sync_in_progress"] === "0" && offset > most) {
        best = replica
        most = offset
      }
    }
    if (best === undefined) throw new Error("no replica to promote")
    return best
  }

  private async killMaster(): Promise<void> {
    await this.settle()
    const old = this.top
    await delay(this.random.below(100))
    this.note(`kill the master ${old.node.name}`)
    this.held = true
    await old.node.kill()
    const next = await this.furthest()
    await next.node.ask("REPLICAOF", "NO", "ONE")
    this.master = next
    this.held = false
    this.note(`promoted ${next.node.name}`)
    old.node.config["replicaof"] = `127.0.0.1 ${next.proxy.port}`
    for (const replica of this.replicas) if (replica !== old) await replica.node.follow(next.proxy)
    await delay(this.random.below(300))
    await old.node.launch()
    await this.settle()
  }

  /** The old master still lives: writes it takes from now on are lost, so nobody waits for confirmations meanwhile. */
  private async promote(): Promise<void> {
    await this.settle()
    this.held = true
    await until(
      () => !this.confirming,
      () => "the last write is confirmed or not",
    )
    const old = this.top
    const next = await this.furthest()
    this.note(`promote ${next.node.name} over ${old.node.name}`)
    await next.node.ask("REPLICAOF", "NO", "ONE")
    this.master = next
    for (const replica of this.replicas) await replica.node.follow(next.proxy)
    this.held = false
    await this.settle()
  }

  private async failover(): Promise<void> {
    await this.settle()
    const old = this.top
    this.note(`failover from ${old.node.name}`)
    const reply = await old.node.ask("FAILOVER", "TIMEOUT", 3000)
    if (reply !== "OK") return this.note(reply)
    await until(
      async () => (await old.node.info("replication"))["master_failover_state"] === "no-failover",
      () => "the failover ends",
    )
    for (const replica of this.replicas) {
      if ((await replica.node.info("replication"))["role"] === "master") {
        this.note(`failed over to ${replica.node.name}`)
        this.master = replica
      }
    }
    for (const replica of this.replicas) await replica.node.follow(this.top.proxy)
    await this.settle()
  }

  private async chain(): Promise<void> {
    const [first, second] = this.random.chance(0.5) ? this.replicas : [...this.replicas].reverse()
    if (first === undefined || second === undefined) return
    this.note(`chain: ${second.node.name} follows ${first.node.name}`)
    await second.node.follow(first.proxy)
    await delay(this.random.below(500))
  }

  // ---- peace

  /** Ends what troubles, has all replicas follow the master directly, and waits until each has what the master had. */
  private async settle(): Promise<void> {
    for (const { node, proxy } of this.servers) {
      proxy.go()
      Object.assign(proxy.spoil, { delayMs: 0, cutAfterBytes: Infinity, refuse: false })
      node.resume()
    }
    const { node, proxy } = this.top
    for (const replica of this.replicas) {
      const info = await replica.node.info("replication")
      if (info["master_port"] !== String(proxy.port)) await replica.node.follow(proxy)
    }
    const offset = Number(await node.field("master_repl_offset"))
    for (const replica of this.replicas) {
      await replica.node.untilUp()
      await until(
        async () => Number(await replica.node.field("master_repl_offset")) >= offset,
        () => `${replica.node.name} reaches ${offset}`,
      )
    }
  }

  private async verify(): Promise<void> {
    await untilEqual(
      this.top.node,
      this.replicas.map(({ node }) => node),
    )
    const client = await this.top.node.connect()
    await client.command("SELECT", CONFIRMED_DB)
    const values = await client.pipeline(this.confirmed.map((n) => ["GET", `w:${n}`]))
    const lost = this.confirmed.filter((n, i) => plain(values[i] ?? Buffer.from("$-1\r\n")) !== String(n))
    client.close()
    if (lost.length > 0) throw new Error(`confirmed writes are lost: ${lost.slice(0, 20).join(" ")}`)
  }
}
