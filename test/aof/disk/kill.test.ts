/** The program killed under writers: what it has acknowledged is there when it starts again. */
import { describe, expect, it } from "vitest"
import { effort } from "../../support/Effort.js"
import { type Node, withNodes } from "../../support/Nodes.js"
import { Random, runSeed } from "../../support/Random.js"
import type { RawClient } from "../../support/RawClient.js"

const WRITERS = 20
const KILLS = effort(2)

/** Counts up a counter of its own, in transactions of two keys; keeps what was acknowledged last. */
class Counter {
  acknowledged = 0
  tried = 0

  constructor(readonly name: string) {}

  async countUntilCut(client: RawClient): Promise<void> {
    try {
      for (;;) {
        const n = ++this.tried
        await client.pipeline([
          ["MULTI"],
          ["SET", `${this.name}:a`, n],
          ["SET", `${this.name}:b`, n],
          ["EXEC"],
        ])
        this.acknowledged = n
      }
    } catch {
      // The server was killed.
    }
  }

  async check(node: Node): Promise<void> {
    const read = async (key: string): Promise<number> => {
      const text = await node.ask("GET", `${this.name}:${key}`)
      return text === "(nil)" ? 0 : Number(text)
    }
    const a = await read("a")
    expect(await read("b")).toBe(a)
    expect(a).toBeGreaterThanOrEqual(this.acknowledged)
    expect(a).toBeLessThanOrEqual(this.tried)
    this.tried = this.acknowledged = a
  }
}

describe.each(["always", "everysec", "no"])("appendfsync %s", (appendfsync) => {
  it("keeps what was acknowledged when the process is killed", async () => {
    const random = new Random(runSeed())
    await withNodes(async (start) => {
      const node = await start("redix", { appendonly: "yes", appendfsync }, "apart")
      const counters = Array.from({ length: WRITERS }, (_, i) => new Counter(`c${i}`))
      for (let kill = 0; kill < KILLS; kill++) {
        const clients = await Promise.all(counters.map(() => node.connect()))
        const counting = counters.map((counter, i) => counter.countUntilCut(clients[i]))
        const enough = random.between(50, 500)
        const total = (): number => counters.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
        const from = total()
        if (random.chance(0.5)) await node.ask("BGREWRITEAOF")
        while (total() - from < enough) await node.ask("PING")
        await node.kill()
        await Promise.all(counting)
        await node.launch()
        for (const counter of counters) await counter.check(node)
      }
    })
  })
})
